"""From frames of the record to the files of the days: what is due, in which stretches, under which names.

Scans go over in stretches of a minute as soon as the minute is full, so that the newest samples are soon found by
point, and the stretches of ten minutes are then made one. Each stretch is one transaction in the day's file; only then
does the mark move. What a crash leaves behind the mark is dropped and done again.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import structlog

from plantsafe.errors import DamagedFileError
from plantsafe.frame import Frame
from plantsafe.history.hours import by_hour
from plantsafe.history.reduction import reduce_day
from plantsafe.history.retention import BEFORE_NS, remove, surrounded, thin
from plantsafe.history.stretch import decoded, encoded, gathered, joined
from plantsafe.plant import plant_of_document
from plantsafe.store.day_file import Chunk, DayReader, DayWriter, Stretch
from plantsafe.store.record import RecordReader
from plantsafe.store.rollup import DayFile, RollupWriter

SHORT_SCANS = 60  # scans of a stretch that is written first (site default)
LONG_SCANS = 600  # scans of a stretch that stays: 0.5 byte a sample against 1.4 of the short ones (measured)
_DAY_NS = 86_400_000_000_000
_POINTS = 2_000  # made one at a time: 25 MB of samples (site default)
_SAMPLES = 8_000_000  # of a long stretch taken at once: 160 MB (site default)

log = structlog.get_logger(__name__)


def day_file_name(time_ns: int) -> str:
    """Name of the file for the UTC day of an instant."""
    return f"{datetime.fromtimestamp(time_ns // 1_000_000_000, UTC):%Y%m%d}.db"


class Compaction:
    """Takes frames from the record of `folder` into its day files; one at a time a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rollup = RollupWriter(folder)
        self._day: DayWriter | None = None
        self._names: dict[str, tuple[str, ...]] = {}
        self._deadbands: dict[str, dict[str, float]] = {}

    def step(self, reader: RecordReader) -> int:
        """Take over every stretch that is full; how many scans that were."""
        mark, last = self._rollup.compacted(), reader.last_number()
        if (mark + 1) // SHORT_SCANS == last // SHORT_SCANS:
            return 0
        taken = 0
        frames: list[Frame] = []
        for frame in reader.frames(mark + 1, last):
            if frames and _turn(frames[-1], mark, last) != _turn(frame, mark, last):
                taken += self._take(frames, reader)
                frames = []
            frames.append(frame)
        self._roll(reader)
        self._put_down()
        return taken

    def reduce(self, reader: RecordReader, *, sent: int | None = None) -> list[str]:
        """Reduce what nothing judges of the days that are over, as the plant file asks; names of the files it changed.

        A day waits until no alarm can reach back into it. sent: as of `drop_older`; the historian gets what was read.
        """
        newest = reader.samples(last := reader.last_number(), last)
        due = [
            file
            for file in self._rollup.not_reduced()
            if newest and file.last_ns + BEFORE_NS < newest[0].time_ns and (sent is None or file.last <= sent)
        ]
        instants_ns = surrounded(reader) if due else []
        done = []
        for file in due:
            path = self._folder / file.name
            try:
                if path.is_file() and reduce_day(path, lambda plant: self._reducible(reader, plant), instants_ns):
                    done.append(file.name)
            except DamagedFileError as error:
                log.warning("a day is not reduced", file=file.name, reason=error.message, mend=error.mend)
                continue
            self._rollup.reduced(file.name)
        return done

    def drop_older(self, days: int, reader: RecordReader, *, sent: int | None = None) -> list[str]:
        """Drop what is older than `days` before the newest of all, but for the surroundings of alarms and trips.

        Returns the names of the files that were dropped or thinned. sent: the last scan that the historian has, where
        there is one; what it does not have yet stays.
        """
        files, thinned = sorted(self._rollup.files(), key=lambda file: file.last), self._rollup.thinned_files()
        newest_ns = max((file.last_ns for file in files), default=0)
        old = [
            file
            for file in files[: -days - 1]  # a clock that was once far ahead makes nothing old
            if file.last_ns < newest_ns - days * _DAY_NS
            and (sent is None or file.last <= sent)
            and file.name not in thinned
        ]
        instants_ns = surrounded(reader) if old else []
        done = []
        for file in old:
            path = self._folder / file.name
            try:
                left, gone = thin(path, instants_ns) if path.is_file() else (False, [(file.first, file.last)])
            except DamagedFileError as error:
                log.warning("an old day stays", file=file.name, reason=error.message, mend=error.mend)
                continue
            if not left:
                remove(path)
            self._rollup.drop(file.name, gone, whole=not left)
            done.append(file.name)
        return done

    def close(self) -> None:
        """Close the files."""
        self._put_down()
        self._rollup.close()

    def _put_down(self) -> None:
        """Close the day's file: a repair may put another in its place before the next step."""
        if self._day is not None:
            self._day.close()
            self._day = None

    def _take(self, frames: list[Frame], reader: RecordReader) -> int:
        scans = gathered(frames)
        day = self._open(day_file_name(frames[0].time_ns))
        before = [s for s in day.stretches() if _long(s.first) != _long(frames[0].number)]
        self._merge(day, before, reader)
        stretch, about, chunks = encoded(scans, day.ids(self._points(reader, scans.plant)))
        day.put(stretch, about, chunks)
        self._rollup.take(
            DayFile(
                name=day.path.name,
                first=stretch.first,
                last=stretch.last,
                first_ns=stretch.first_ns,
                last_ns=stretch.last_ns,
            )
        )
        return len(frames)

    def _open(self, name: str) -> DayWriter:
        if self._day is None or self._day.path.name != name:
            self._put_down()
            self._day = DayWriter(self._folder / name)
            self._day.drop_after(self._rollup.compacted())
        return self._day

    def _merge(self, day: DayWriter, stretches: Sequence[Stretch], reader: RecordReader) -> None:
        """Make one of the short stretches of each ten minutes that are over, some points at a time.

        Where one is damaged they stay as they are, for a repair.
        """
        others = [file for file in self._rollup.files() if file.name != day.path.name]
        for group in _mergeable(stretches, others):
            try:
                self._merge_group(day, group, reader)
            except DamagedFileError as error:
                log.warning("stretches stay short", file=day.path.name, first=group[0].first, reason=error.message)

    def _merge_group(self, day: DayWriter, group: Sequence[Stretch], reader: RecordReader) -> None:
        ids = sorted(day.ids(self._points(reader, group[0].plant)))
        rows: list[Chunk] = []
        abouts = [day.about(part.first) for part in group]
        for begin in range(0, len(ids), _POINTS):
            some = ids[begin : begin + _POINTS]
            parts = [
                decoded(part, about, day.chunks(part.first, some[0], some[-1]), some)
                for part, about in zip(group, abouts, strict=True)
            ]
            stretch, whole, chunks = encoded(joined(parts), some)
            rows += chunks
        day.put(stretch, whole, rows, instead_of=[part.first for part in group])

    def _roll(self, reader: RecordReader) -> None:
        """Days that are over: their last stretches become one, their hourly figures go to rollup.db."""
        current = self._day.path.name if self._day is not None else ""
        for name in self._rollup.not_rolled():
            if name == current or not (self._folder / name).is_file():
                continue
            try:
                with closing(DayWriter(self._folder / name)) as writer:
                    self._merge(writer, writer.stretches(), reader)
                with closing(DayReader(self._folder / name)) as past:
                    for day, hours in by_hour(past):
                        self._rollup.roll(name, day, hours)
            except DamagedFileError as error:
                log.warning("no hourly figures", file=name, reason=error.message, mend=error.mend)
                continue
            self._rollup.rolled(name)

    def _points(self, reader: RecordReader, plant: str) -> tuple[str, ...]:
        if plant not in self._names:
            self._names[plant] = point_names(reader, plant)
        return self._names[plant]

    def _reducible(self, reader: RecordReader, plant: str) -> dict[str, float]:
        """Points of a plant description whose history is reduced, by how much."""
        if plant not in self._deadbands:
            document = reader.plant_document(plant)
            points = plant_of_document(document).file.points if document is not None else ()
            self._deadbands[plant] = {point.name: point.reduce_deadband for point in points if point.reduce_deadband}
        return self._deadbands[plant]


def point_names(reader: RecordReader, plant: str) -> tuple[str, ...]:
    """Names of the points of a plant description, in the order of its frames."""
    document = reader.plant_document(plant)
    return plant_of_document(document).points.names if document is not None else ()


def _turn(frame: Frame, mark: int, last: int) -> tuple[str, bool, int]:
    """Which stretch a frame belongs to: a long one where all of it is there, and nothing of it taken."""
    begin = _long(frame.number) * LONG_SCANS
    small = len(frame.value) * LONG_SCANS <= _SAMPLES
    whole = small and mark < begin and begin + LONG_SCANS <= last
    return frame.plant, whole, frame.number // (LONG_SCANS if whole else SHORT_SCANS)


def _long(number: int) -> int:
    return number // LONG_SCANS


def _mergeable(stretches: Sequence[Stretch], others: Sequence[DayFile]) -> Iterator[list[Stretch]]:
    """Stretches that become one; not over scans that a clock that jumped put into another file."""
    group: list[Stretch] = []
    for stretch in stretches:
        if group and (
            _long(group[0].first) != _long(stretch.first)
            or group[0].plant != stretch.plant
            or (
                any(file.first < stretch.first and file.last > group[-1].last for file in others)
                and stretch.first > group[-1].last + 1
            )
        ):
            if len(group) > 1:
                yield group
            group = []
        group.append(stretch)
    if len(group) > 1:
        yield group
