"""How much is stored, of what quality, and how large it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plantsafe.history.buckets import read_buckets
from plantsafe.history.reader import HistoryReader
from plantsafe.store.day_file import DayReader, Stretch
from plantsafe.store.record import RECORD
from plantsafe.store.rollup import ROLLUP


@dataclass(frozen=True, slots=True, kw_only=True)
class PointStats:
    """One point: usable values, the share of Good ones, extremes and mean (NaN without a value), bytes in day files.

    within: how far samples may be from what was read, where the plant file has their history reduced; else 0.
    """

    name: str
    count: int
    good_percent: float
    low: float
    high: float
    mean: float
    stored_bytes: int
    within: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStats:
    """One file: its size, and the scans in it; `there` is False for a day's file that is gone."""

    name: str
    size_bytes: int
    first: int
    last: int
    first_ns: int
    last_ns: int
    there: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Of the scans in [from_ns, to_ns): longer spans stand on whole hours."""

    from_ns: int
    to_ns: int
    scans: int
    points: tuple[PointStats, ...]
    files: tuple[FileStats, ...]


def stats_of(history: HistoryReader, points: Sequence[str], from_ns: int, to_ns: int) -> Stats:
    """Figures of `points` over a span, and of the files that hold it."""
    whole = read_buckets(history, points, from_ns, to_ns, 1)
    begin, end = int(whole.edges_ns[0]), int(whole.edges_ns[-1])
    scans = sum(len(window.number) for window in history.windows((), begin, end))
    stored = dict.fromkeys(points, 0)

    def add(day: DayReader, stretch: Stretch) -> None:
        if stretch.last_ns >= begin and stretch.first_ns < end:
            for name, row in zip(points, day.ids(points), strict=True):
                stored[name] += 0 if row is None else day.stored_bytes(stretch.first, row)

    for _ in history.stretches(0, history.mark(), add, from_ns=begin, to_ns=end):
        pass
    reduced = history.reduced(begin, end)
    return Stats(
        from_ns=begin,
        to_ns=end,
        scans=scans,
        points=tuple(
            PointStats(
                name=name,
                count=int(whole.count[0, i]),
                good_percent=100.0 * int(whole.good[0, i]) / scans if scans else 0.0,
                low=float(whole.low[0, i]),
                high=float(whole.high[0, i]),
                mean=float(whole.mean[0, i]),
                stored_bytes=stored[name],
                within=reduced.get(name, 0.0),
            )
            for i, name in enumerate(points)
        ),
        files=tuple(_files(history, begin, end)),
    )


def _files(history: HistoryReader, from_ns: int, to_ns: int) -> Iterator[FileStats]:
    for file in history.files():
        if file.last_ns >= from_ns and file.first_ns < to_ns:
            there = history.has(file.name)
            yield FileStats(
                name=file.name,
                size_bytes=(history.folder / file.name).stat().st_size if there else 0,
                first=file.first,
                last=file.last,
                first_ns=file.first_ns,
                last_ns=file.last_ns,
                there=there,
            )
    for name in (ROLLUP, RECORD):
        if history.has(name):
            first = history.record.first_number() if name == RECORD else 0
            last = history.last_number() if name == RECORD else history.mark()
            size = (history.folder / name).stat().st_size
            yield FileStats(name=name, size_bytes=size, first=first, last=last, first_ns=0, last_ns=0)
