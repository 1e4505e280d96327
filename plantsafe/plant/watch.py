"""What each source says of its own work, as points: those of a source `plantsafe`, which every plant has.

They stand behind the file's points, one figure after the other and in each the file's sources, so that a figure that is
added later moves no row. Which figures a source has follows from its protocol: none is there that could never be good.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.plant.model import Point, Text

WATCH_SOURCE = "plantsafe"
WATCH_BEAT = "plantsafe.scan"
_WIRED = ("opcua", "modbus")
_ALL = (*_WIRED, "replay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a source. range, resolution and eu are those of its points; `{}` in a title is the source.

    secured: only sources with a security policy have it.
    """

    name: str
    en: str
    zh: str
    eu: str
    range: tuple[float, float]
    resolution: float = 1.0
    protocols: tuple[str, ...] = _WIRED
    secured: bool = False

    def is_of(self, source: Any) -> bool:
        """True where `source`, an entry of the file, has the figure."""
        return source.protocol in self.protocols and not (self.secured and source.security == "None")


_MOST = 1e9  # site default: no figure gets there
_LAST_SCAN = 1e15  # a scan a second would take 30 million years
FIGURES = (
    Figure(name="read_time", en="Read time of {}", zh="{} 读取用时", eu="s", range=(0.0, 3600.0),
           resolution=0.001, protocols=_ALL),
    Figure(name="received", en="Bytes received from {} in a scan", zh="{} 每次扫描接收字节数", eu="B",
           range=(0.0, _MOST)),
    Figure(name="requests", en="Requests to {} in a scan", zh="{} 每次扫描请求数", eu="", range=(0.0, _MOST)),
    Figure(name="reconnects", en="Reconnections to {} in a scan", zh="{} 每次扫描重连次数", eu="", range=(0.0, _MOST)),
    Figure(name="overruns", en="Reads of {} that were not done in time", zh="{} 未按时完成的读取", eu="",
           range=(0.0, _MOST), protocols=_ALL),
    Figure(name="bad_points", en="Bad points of {}", zh="{} 坏值点数", eu="", range=(0.0, _MOST), protocols=_ALL),
    Figure(name="clock_offset", en="Clock of {} minus ours", zh="{} 时钟与本机之差", eu="s", range=(-_MOST, _MOST),
           resolution=0.001, protocols=("opcua",)),
    Figure(name="writable_points", en="Points that {} would let us write", zh="{} 允许写入的点数", eu="",
           range=(0.0, _MOST), protocols=("opcua",)),
    Figure(name="certificate_days", en="Days until a certificate of {} ends", zh="{} 证书剩余天数", eu="d",
           range=(-_MOST, _MOST), resolution=0.01, protocols=("opcua",), secured=True),
)  # fmt: skip
FIGURE = {figure.name: i for i, figure in enumerate(FIGURES)}
OWN_FIGURES = (
    Figure(name="compaction_lag", en="Scans not yet in a day's file", zh="尚未归档的扫描数", eu="", range=(0.0, _MOST)),
    Figure(name="forward_lag", en="Scans that the historian has not confirmed", zh="历史库尚未确认的扫描数", eu="",
           range=(0.0, _MOST)),
    Figure(name="dead_letters", en="Lines that the historian refused", zh="历史库拒收的数据行数", eu="",
           range=(0.0, _MOST)),
    Figure(name="disk_free", en="Free space for the record", zh="记录所在磁盘剩余空间", eu="GB", range=(0.0, _MOST),
           resolution=0.1),
    Figure(name="seal_age", en="Age of the last journal seal outside", zh="外部最近一次事件记录封印的时长", eu="min",
           range=(0.0, _MOST), resolution=0.1),
    Figure(name="unrecorded", en="Scans that the record has not taken", zh="尚未写入记录的扫描数", eu="",
           range=(0.0, _MOST)),
    Figure(name="settings_differ", en="Settings in use that differ from the approved ones",
           zh="与已批准值不同的在用设定数", eu="", range=(0.0, _MOST)),
)  # fmt: skip
"""Figures of the service itself; 0 scans behind and nothing refused where there is no historian."""


@dataclass(frozen=True, slots=True)
class WatchTable:
    """Where the figures stand in a frame. beat: the row of `plantsafe.scan`, the number of the scan.

    rows (n_figures, n_sources of the file): row of the frame, -1 where a source does not have the figure.
    own (n_own,): rows of the figures of the service itself.
    """

    beat: int
    rows: NDArray[np.intp]
    own: NDArray[np.intp]

    def of(self, figure: str) -> NDArray[np.intp]:
        """(n_sources of the file,) rows of a figure, -1 where a source does not have it."""
        rows: NDArray[np.intp] = self.rows[FIGURE[figure]]
        return rows


def watch_names(sources: tuple[Any, ...]) -> Iterator[tuple[str, Figure | None, int]]:
    """Name, figure and source of each watch point of these entries, in the frame's order.

    No figure for the scan itself, and -1 for the source of what the service says of itself.
    """
    yield WATCH_BEAT, None, -1
    for figure in FIGURES:
        for i, source in enumerate(sources):
            if figure.is_of(source):
                yield f"{source.name}.{figure.name}", figure, i
    for figure in OWN_FIGURES:
        yield f"{WATCH_SOURCE}.{figure.name}", figure, -1


def watch_points(sources: tuple[Any, ...]) -> tuple[Point, ...]:
    """Entries of the watch points, as if the file held them; they have no address and belong to no unit."""
    return tuple(_point(name, figure, "" if i < 0 else sources[i].name) for name, figure, i in watch_names(sources))


def watch_table(sources: tuple[Any, ...], first: int) -> WatchTable:
    """The table of a frame whose watch points begin at row `first`."""
    rows = np.full((len(FIGURES), len(sources)), -1, dtype=np.intp)
    own = []
    for at, (_, figure, i) in enumerate(watch_names(sources), start=first):
        if i >= 0 and figure is not None:
            rows[FIGURE[figure.name], i] = at
        elif figure is not None:
            own.append(at)
    return WatchTable(beat=first, rows=rows, own=np.array(own, dtype=np.intp))


def _point(name: str, figure: Figure | None, source: str) -> Point:
    if figure is None:
        title, span, eu, step = Text(en="Number of the scan", zh="扫描序号"), (0.0, _LAST_SCAN), "", 1.0
    else:
        title = Text(en=figure.en.format(source), zh=figure.zh.format(source))
        span, eu, step = figure.range, figure.eu, figure.resolution
    return Point.model_construct(
        name=name,
        title=title,
        unit="",
        source=WATCH_SOURCE,
        kind="count" if step == 1.0 else "analog",
        eu=eu,
        range=span,
        resolution=step,
        reduce_deadband=0.0,
        fail_direction="none",
        opcua=None,
        modbus=None,
        states={},
        same_as=None,
    )
