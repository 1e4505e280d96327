"""All samples of a data folder, whether still in the record or in a day's file: readers need not know which.

What is in a day's file is deleted from the record later, never before. So the record is read after the mark, and what
was read counts only if the mark did not pass it meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plantsafe.errors import EmptyFileError, StoreError
from plantsafe.frame import BAD_NO_DATA, BAD_NODE_ID_UNKNOWN, F8, U4, Frame
from plantsafe.history.stretch import Scans, decoded, frames_of
from plantsafe.history.window import Window, cut, during, one_of
from plantsafe.plant import plant_of_document
from plantsafe.store.column import decode_samples as decode_column
from plantsafe.store.day_file import DayHole, DayReader, Stretch
from plantsafe.store.frames import decode_samples
from plantsafe.store.record import RecordReader, Samples
from plantsafe.store.rollup import ROLLUP, DayFile, RollupReader

T = TypeVar("T")

EARLIEST_NS, LATEST_NS = -(1 << 62), 1 << 62
_SLICE = 300  # scans that are read from the record at once (site default)
_FILES_OPEN = 8  # days' files kept open (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Scans that should be there and are not: `reason` is what the journal or the folder says."""

    first: int
    last: int
    reason: str


class HistoryReader:
    """Read-only view of a data folder's samples; `record` has the journal and the newest picture."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = RecordReader(folder)
        self._rollup: RollupReader | None = None
        self._days: dict[str, tuple[int, DayReader]] = {}  # with the number of the file on its disk
        self._points: dict[str, dict[str, int]] = {}
        self._last_rows: tuple[tuple[str, tuple[str, ...]], NDArray[np.intp]] = (("", ()), np.zeros(0, dtype=np.intp))

    def close(self) -> None:
        """Give all connections back."""
        for _, reader in self._days.values():
            reader.close()
        if self._rollup is not None:
            self._rollup.close()
        self.record.close()

    def __enter__(self) -> "HistoryReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def rollup(self) -> RollupReader | None:
        """The index of the days' files, None while nothing is compacted."""
        if self._rollup is None and (self.folder / ROLLUP).is_file():
            with suppress(EmptyFileError):
                self._rollup = RollupReader(self.folder)
        return self._rollup

    def mark(self) -> int:
        """Number of the last scan that is in a day's file, 0 while there is none."""
        return self.rollup.compacted() if self.rollup is not None else 0

    def files(self) -> list[DayFile]:
        """The days' files that should be there, oldest first."""
        return self.rollup.files() if self.rollup is not None else []

    def first_number(self) -> int:
        """Number of the oldest recorded scan, 0 in an empty record."""
        files = self.files()
        return files[0].first if files else self.record.first_number()

    def last_number(self) -> int:
        """Number of the newest recorded scan, 0 in an empty record."""
        return self.record.last_number()

    def number_at(self, time_ns: int) -> int:
        """Number of the first scan at or after a UTC time, or the one after the newest."""
        for file in self.files():
            if file.last_ns < time_ns or (day := self.day(file)) is None:
                continue
            for stretch in day.stretches(file.first, file.last):
                if stretch.last_ns < time_ns:
                    continue
                later = np.flatnonzero(stretch.time_ns >= time_ns)
                if len(later):
                    return int(stretch.number[later[0]])
        return self.record.number_at(time_ns, after=self.mark())

    def has(self, name: str) -> bool:
        """True while a day's file is in the folder."""
        return (self.folder / name).is_file()

    def day(self, file: DayFile) -> DayReader | None:
        """A day's file, None where it is gone from the folder."""
        try:
            there = (self.folder / file.name).stat().st_ino
        except FileNotFoundError:
            there = None
        known = self._days.get(file.name)
        if known is not None and known[0] != there:  # deleted or repaired under us
            self._days.pop(file.name)[1].close()
        if there is None:
            return None
        if file.name not in self._days:
            while len(self._days) >= _FILES_OPEN:
                self._days.pop(next(iter(self._days)))[1].close()
            self._days[file.name] = (there, DayReader(self.folder / file.name))
        return self._days[file.name][1]

    def stretches(
        self,
        first: int,
        last: int,
        read: Callable[[DayReader, Stretch], T],
        *,
        from_ns: int = EARLIEST_NS,
        to_ns: int = LATEST_NS,
    ) -> Iterator[T]:
        """What `read` finds in each compacted stretch with scans in first..last, oldest first.

        Files without an instant in [from_ns, to_ns) are left out. While it reads, the file holds still for it.
        """
        files = [f for f in self.files() if f.last >= first and f.first <= last]
        for together in _overlapping([f for f in files if f.last_ns >= from_ns and f.first_ns < to_ns]):
            parts = [self._of_file(file, first, last, read) for file in together]
            for _, found in parts[0] if len(parts) == 1 else merge(*parts, key=itemgetter(0)):
                yield found

    def _of_file(
        self, file: DayFile, first: int, last: int, read: Callable[[DayReader, Stretch], T]
    ) -> Iterator[tuple[int, T]]:
        number = max(first, file.first)
        while number <= last and (day := self.day(file)) is not None:
            with day.view():
                stretch = day.stretch_at(number, last)
                if stretch is None:
                    break
                found = read(day, stretch)
            yield stretch.first, found
            number = stretch.last + 1

    def frames(self, first: int, last: int) -> Iterator[Frame]:
        """Frames with numbers first..last, in order."""
        while first <= last:
            mark = self.mark()
            for scans in self.stretches(first, min(last, mark), self._scans):
                yield from (frame for frame in frames_of(scans) if first <= frame.number <= last)
            first = max(first, mark + 1)
            until = min(last, first + _SLICE - 1)
            hot = list(self.record.frames(first, until))
            if self.mark() < first:
                yield from hot
                first = until + 1 if hot or until == last else self.record.next_number(until) or last + 1

    def _scans(self, day: DayReader, stretch: Stretch) -> Scans:
        ids = [-1 if row is None else row for row in day.ids(tuple(self.points(stretch.plant)))]
        return decoded(stretch, day.about(stretch.first), day.chunks(stretch.first), ids)

    def window(self, points: Sequence[str], first: int, last: int) -> Window:
        """Scans first..last of `points`, by name, across every change of the plant description."""
        parts: list[Window] = []
        while first <= last:
            mark = self.mark()
            found = self.stretches(first, min(last, mark), partial(self._columns, points))
            parts += [cut(part, first, last) for part in found]
            first = max(first, mark + 1)
            hot = self.record.samples(first, last) if first <= last else []
            if self.mark() < first:
                parts += [self._row(samples, points) for samples in hot]
                break
        return one_of(parts, len(points))

    def between(self, points: Sequence[str], from_ns: int, to_ns: int) -> Window:
        """Scans of `points` from the first at or after `from_ns` up to the first at or after `to_ns`."""
        window = self.window(points, self.number_at(from_ns), self.number_at(to_ns) - 1)
        return during(window, from_ns, to_ns)

    def windows(self, points: Sequence[str], from_ns: int, to_ns: int) -> Iterator[Window]:
        """Scans whose instants are in [from_ns, to_ns), in the order of their numbers, a stretch at a time.

        So whatever the span, what is in memory stays small; a clock that was put back leaves nothing out.
        """

        def read(day: DayReader, stretch: Stretch) -> Window | None:
            inside = stretch.last_ns >= from_ns and stretch.first_ns < to_ns
            return self._columns(points, day, stretch) if inside else None

        number, end = 0, self.last_number()
        while number <= end:
            mark = self.mark()
            for part in self.stretches(number, min(end, mark), read, from_ns=from_ns, to_ns=to_ns):
                inside = during(cut(part, number, end), from_ns, to_ns) if part is not None else None
                if inside is not None and len(inside.number):
                    yield inside
            number = max(number, mark + 1)
            until = min(end, number + _SLICE - 1)
            hot = self.record.samples(number, until)
            if self.mark() < number:
                part = during(one_of([self._row(samples, points) for samples in hot], len(points)), from_ns, to_ns)
                if len(part.number):
                    yield part
                number = until + 1 if hot or until == end else self.record.next_number(until) or end + 1

    def latest(self, points: Sequence[str]) -> tuple[F8, U4]:
        """Newest value and status of each point."""
        last = self.last_number()
        newest = self.record.samples(last, last)
        if not newest:
            raise StoreError("the record holds no scan", mend="let the scan service run first")
        row = self._row(newest[0], points)
        return row.value[0], row.status[0]

    def plant_at(self, number: int) -> str:
        """Hash of the plant description of scan `number`, or of the newest scan."""
        for plant in self.stretches(number, number, lambda _day, stretch: stretch.plant):
            return plant
        found = self.record.samples(number, number) or self.record.samples(self.last_number(), self.last_number())
        return found[0].plant if found else ""

    def scan_count(self) -> int:
        """How many scans are recorded."""
        mark = self.mark()
        return sum(self.stretches(0, mark, lambda _day, stretch: len(stretch.number))) + self.record.scan_count(
            after=mark
        )

    def frame_numbers(self, first: int, last: int) -> list[int]:
        """Numbers of the recorded scans in first..last, in order."""
        mark = self.mark()
        numbers = self.stretches(first, min(last, mark), lambda _day, stretch: stretch.number)
        inside = [int(n) for part in numbers for n in part if first <= n <= last]
        return inside + self.record.frame_numbers(max(first, mark + 1), last)

    def missing_files(self) -> list[Hole]:
        """Scans whose day's file is gone from the folder."""
        return [
            Hole(first=file.first, last=file.last, reason=f"the file {file.name} is not in the folder")
            for file in self.files()
            if not (self.folder / file.name).is_file()
        ]

    def names(self) -> set[str]:
        """Names of all points of which samples may be here, those of older plant descriptions too."""
        found = set(self.points(self.plant_at(self.last_number())))
        for file in self.files():
            if (day := self.day(file)) is not None:
                found.update(day.names())
        return found

    def repaired(self, first: int = 0, last: int = 1 << 62) -> list[DayHole]:
        """What repairs could not keep of the files with scans first..last: scans, or points of scans."""
        found: list[DayHole] = []
        for file in self.files():
            inside = file.last >= first and file.first <= last
            if inside and (day := self.day(file)) is not None:  # open no longer than until the next ones are
                found += day.holes()
        return found

    def reduced(self, from_ns: int = EARLIEST_NS, to_ns: int = LATEST_NS) -> dict[str, float]:
        """Points whose samples in [from_ns, to_ns) are not all as they were read, and how far off they may be."""
        found: dict[str, float] = {}
        for file in self.files():
            if file.last_ns >= from_ns and file.first_ns < to_ns and (day := self.day(file)) is not None:
                for one in day.reduced():
                    found[one.point] = max(one.deadband, found.get(one.point, 0.0))
        return found

    def holes(self, first: int = 0, last: int = 1 << 62) -> list[Hole]:
        """Scans of first..last that were recorded and are gone: too old, with their file, or left out by a repair."""
        found = [Hole(first=h.first, last=h.last, reason=h.reason) for h in self.repaired(first, last) if not h.point]
        found += self.missing_files()
        if self.rollup is not None:
            reason = "older than the days that are kept"
            found += [Hole(first=a, last=b, reason=reason) for a, b in _joined(self.rollup.dropped())]
        return sorted((h for h in found if h.last >= first and h.first <= last), key=lambda hole: hole.first)

    def points(self, plant: str) -> dict[str, int]:
        """Rows of the points of a plant description, by name."""
        if plant not in self._points:
            document = self.record.plant_document(plant)
            self._points[plant] = plant_of_document(document).points.row if document is not None else {}
        return self._points[plant]

    def _rows(self, plant: str, points: Sequence[str]) -> NDArray[np.intp]:
        key = (plant, tuple(points))
        if key != self._last_rows[0]:
            known = self.points(plant)
            self._last_rows = (key, np.array([known.get(name, -1) for name in points], dtype=np.intp))
        return self._last_rows[1]

    def _columns(self, points: Sequence[str], day: DayReader, stretch: Stretch) -> Window:
        n = len(stretch.number)
        value = np.full((len(points), n), np.nan)
        status = np.full((len(points), n), BAD_NODE_ID_UNKNOWN, dtype=np.uint32)
        for i, point in enumerate(day.ids(points)):
            chunk = day.chunk(stretch.first, point) if point is not None else None
            if chunk is not None:
                value[i], status[i] = decode_column(chunk.samples, n)
            elif points[i] in self.points(stretch.plant):  # it was damaged, and left out by a repair
                status[i] = BAD_NO_DATA
        return Window(number=stretch.number, time_ns=stretch.time_ns, value=value.T, status=status.T)

    def _row(self, samples: Samples, points: Sequence[str]) -> Window:
        if not points:
            return Window(
                number=np.array([samples.number]),
                time_ns=np.array([samples.time_ns]),
                value=np.zeros((1, 0)),
                status=np.zeros((1, 0), dtype=np.uint32),
            )
        rows = self._rows(samples.plant, points)
        there = rows >= 0
        value, status = decode_samples(samples.packed, np.where(there, rows, 0))
        return Window(
            number=np.array([samples.number]),
            time_ns=np.array([samples.time_ns]),
            value=np.where(there, value, np.nan)[None, :],
            status=np.where(there, status, np.uint32(BAD_NODE_ID_UNKNOWN))[None, :],
        )


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that follow each other as one."""
    found: list[tuple[int, int]] = []
    for first, last in spans:
        if found and first == found[-1][1] + 1:
            first = found.pop()[0]
        found.append((first, last))
    return found


def _overlapping(files: Sequence[DayFile]) -> Iterator[list[DayFile]]:
    """Files whose numbers run through each other, because the clock was put back, go together."""
    together: list[DayFile] = []
    for file in files:
        if together and file.first > max(one.last for one in together):
            yield together
            together = []
        together.append(file)
    if together:
        yield together
