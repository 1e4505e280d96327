"""Curves of a unit's points: read from the record, thinned so that every peak stays, drawn with their limits."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.components.glyph import COLOURS
from dashboards.language import Tongue
from dashboards.settings import BACKGROUND, LINE, PANEL, QUIET, TEXT
from plantsafe.frame import F8, I8, is_good
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant

BUCKETS = 600  # two values each: about 2 points a pixel on a chart 600 pixels wide (site default)
_GAP_SCANS = 3  # more scans than this missing: the line is broken (site default)


@dataclass(frozen=True, slots=True)
class Curves:
    """times_ns (n,), value and doubtful (n, n_points): good values and others; NaN where there is none."""

    times_ns: I8
    value: F8
    doubtful: F8


def read_curves(folder: Path, plant_hash: str, rows: tuple[int, ...], first: int, last: int) -> Curves:
    """Values of points `rows` in scans first..last of one plant, at most 2 a bucket and point."""
    step = max(1, -(-(last - first + 1) // BUCKETS))
    columns = list(rows)
    nothing = np.full(len(columns), np.nan)
    thin = _Thinned([], [], [])
    times: list[int] = []
    values: list[F8] = []
    doubts: list[F8] = []
    before = 0
    with HistoryReader(folder) as history:
        for frame in history.frames(first, last):
            if frame.plant != plant_hash:
                continue
            number = frame.number
            if times and ((number - first) // step != (before - first) // step or number - before > _GAP_SCANS):
                thin.add(times, values, doubts)
                if number - before > _GAP_SCANS:
                    thin.add([times[-1] + 1], [nothing], [nothing])
                times, values, doubts = [], [], []
            before = number
            value, good = frame.value[columns], is_good(frame.status[columns])
            times.append(frame.time_ns)
            values.append(np.where(good, value, np.nan))
            doubts.append(np.where(good, np.nan, value))
    if times:
        thin.add(times, values, doubts)
    shape = (len(thin.times), len(columns))
    return Curves(
        np.array(thin.times, dtype=np.int64),
        np.array(thin.values).reshape(shape),
        np.array(thin.doubts).reshape(shape),
    )


@dataclass(frozen=True, slots=True)
class _Thinned:
    """What stays of the buckets so far."""

    times: list[int]
    values: list[F8]
    doubts: list[F8]

    def add(self, times: list[int], values: list[F8], doubts: list[F8]) -> None:
        """One bucket: its smallest and largest values, in their order, at its ends."""
        if len(times) == 1:
            ends = [0]
            kept, kept_doubts = [values[0]], [doubts[0]]
        else:
            ends = [0, -1]
            kept, kept_doubts = [*_low_high(np.array(values))], [*_low_high(np.array(doubts))]
        self.times.extend(times[i] for i in ends)
        self.values.extend(kept)
        self.doubts.extend(kept_doubts)


def _low_high(block: F8) -> tuple[F8, F8]:
    """Smallest and largest of each column (n_scans, n_points), in the order in which they came; NaN for none."""
    empty = np.isnan(block).all(axis=0)
    down = np.where(np.isnan(block), np.inf, block).argmin(axis=0)
    up = np.where(np.isnan(block), -np.inf, block).argmax(axis=0)
    column = np.arange(block.shape[1])
    low, high = block[down, column], block[up, column]
    first, second = np.where(down <= up, low, high), np.where(down <= up, high, low)
    return np.where(empty, np.nan, first), np.where(empty, np.nan, second)


def figure(plant: Plant, rows: tuple[int, ...], curves: Curves, zone: ZoneInfo, tongue: Tongue) -> go.Figure:
    """One small chart a point, one time axis; a limit that was passed takes the colour of its priority."""
    chart = make_subplots(rows=max(1, len(rows)), cols=1, shared_xaxes=True, vertical_spacing=0.05)
    shift_ns = _offset_ns(int(curves.times_ns[-1]), zone) if len(curves.times_ns) else 0
    x = (curves.times_ns + shift_ns).astype("datetime64[ns]")
    for i, row in enumerate(rows, start=1):
        point = plant.file.points[row]
        for values, style in ((curves.value, "solid"), (curves.doubtful, "dot")):
            if not np.isnan(values[:, i - 1]).all():
                chart.add_trace(
                    go.Scatter(
                        x=x,
                        y=values[:, i - 1],
                        mode="lines",
                        connectgaps=False,
                        line={"color": TEXT if style == "solid" else QUIET, "width": 1.3, "dash": style},
                        showlegend=False,
                        name=point.name,
                    ),
                    row=i,
                    col=1,
                )
        for alarm in plant.file.alarms:
            if alarm.point == point.name:
                high = alarm.direction in ("H", "HH")
                seen = curves.value[:, i - 1]
                beyond = bool((seen >= alarm.limit).any() if high else (seen <= alarm.limit).any())
                chart.add_hline(
                    y=alarm.limit,
                    line={"color": COLOURS[alarm.priority] if beyond else QUIET, "width": 1.4, "dash": "dash"},
                    annotation={"text": f"{alarm.direction} {alarm.limit:g}", "font": {"size": 11, "color": TEXT}},
                    annotation_position="top left" if alarm.direction in ("H", "L") else "top right",
                    row=i,
                    col=1,
                )
        title = f"{point.name} {tongue.text(point.title)}" + (f", {point.eu}" if point.eu else "")
        chart.add_annotation(
            text=title,
            xref="x domain",
            yref="y domain",
            x=0,
            y=1.16,
            showarrow=False,
            row=i,
            col=1,
            font={"size": 12, "color": TEXT},
            xanchor="left",
        )
    chart.update_xaxes(gridcolor=LINE, linecolor=LINE, tickfont={"color": TEXT}, tickformat="%H:%M:%S")
    chart.update_yaxes(gridcolor=LINE, zeroline=False, tickfont={"color": TEXT}, nticks=5)
    chart.update_layout(
        height=60 + 165 * len(rows),
        margin={"l": 55, "r": 15, "t": 30, "b": 30},
        paper_bgcolor=BACKGROUND,
        plot_bgcolor=PANEL,
        hovermode="x",
        font={"family": "Noto Sans, Noto Sans CJK SC, sans-serif"},
    )
    return chart


def _offset_ns(time_ns: int, zone: ZoneInfo) -> int:
    """What the site's time is ahead of UTC: charts know no time zones."""
    delta = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).astimezone(zone).utcoffset()
    return round(delta.total_seconds() * 1e9) if delta is not None else 0
