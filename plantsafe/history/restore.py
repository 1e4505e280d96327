"""What a repaired day's file lacks, taken from the same day in a backup: scans, and rows of single points."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path

import numpy as np

from plantsafe.errors import RequestError
from plantsafe.frame import BAD_NO_DATA, F8, I8, U4, Frame
from plantsafe.history.backup import changed_since_backup
from plantsafe.history.stretch import Scans, decoded, encoded, frames_of, gathered
from plantsafe.store.column import decode_samples, decode_times
from plantsafe.store.day_file import DayHole, DayReader, DayWriter, Stretch

PointsOf = Callable[[str], Sequence[str]]


def checked(backup: Path, name: str) -> Path:
    """The day's file `name` of a backup, which must be as it was copied."""
    if not (backup / name).is_file():
        raise RequestError(f"there is no {name} in {backup}", mend="give the folder of a backup that has the day")
    for words in changed_since_backup(backup):
        if words.startswith(f"{name}:"):
            raise RequestError(f"{backup}: {words}", mend="give another backup")
    return backup / name


def restore(new: Path, backup: Path, first: int, last: int, names_of: PointsOf) -> tuple[int, int]:
    """Put into the day's file `new` what it lacks of scans first..last; how many scans and rows of points that were."""
    with closing(DayWriter(new)) as kept, closing(DayReader(backup)) as old:
        there = kept.stretches()
        _same_record(there, old, backup)
        rows = _rows(kept, old)
        have = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *(stretch.number for stretch in there)]))
        scans = 0
        for stretch in old.stretches(first, last):
            missing = ~np.isin(stretch.number, have) & (stretch.number >= first) & (stretch.number <= last)
            if not missing.any():
                continue
            wanted = set(stretch.number[missing].tolist())
            names = names_of(stretch.plant)
            for frames in _runs([f for f in frames_of(_scans(old, stretch, names)) if f.number in wanted], have):
                made, about, chunks = encoded(gathered(frames), kept.ids(names))
                kept.put(made, about, chunks)
                scans += len(frames)
        whole = [hole for hole in kept.holes() if not hole.point]
        kept.fill(0, [], whole)  # what is still missing of them is named anew
    return scans, rows


def _same_record(there: Sequence[Stretch], old: DayReader, backup: Path) -> None:
    """The same numbers must be the same instants."""
    for stretch in there:
        for other in old.stretches(stretch.first, stretch.last):
            _, here, copied = np.intersect1d(stretch.number, other.number, return_indices=True)
            if (stretch.time_ns[here] != other.time_ns[copied]).any():
                raise RequestError(f"{backup} is not of this record", mend="give a backup of this data folder")


def _rows(kept: DayWriter, old: DayReader) -> int:
    """Rows of points that stretches are without, where the backup has all of their scans."""
    filled = 0
    stretches = {stretch.first: stretch for stretch in kept.stretches()}
    holes = [hole for hole in kept.holes() if hole.point and hole.first in stretches]
    for first, group in groupby(sorted(holes, key=lambda hole: hole.first), key=lambda hole: hole.first):
        stretch, found = stretches[first], list[tuple[DayHole, F8, U4, I8]]()
        for hole in group:
            column = _column(old, stretch, hole.point)
            if column is not None:
                found.append((hole, *column))
        if not found:
            continue
        lacked, value, status, times = zip(*found, strict=True)
        scans = Scans(
            plant=stretch.plant,
            number=stretch.number,
            time_ns=stretch.time_ns,
            value=np.stack(value, axis=1),
            status=np.stack(status, axis=1),
            source_time_ns=np.stack(times, axis=1),
            about={},
        )
        _, _, chunks = encoded(scans, kept.ids([hole.point for hole in lacked]))
        kept.fill(first, chunks, lacked)
        filled += len(chunks)
    return filled


def _column(old: DayReader, stretch: Stretch, point: str) -> tuple[F8, U4, I8] | None:
    """A point over the scans of a stretch, None where the backup does not have them all."""
    n = len(stretch.number)
    value, times, done = np.full(n, np.nan), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    status = np.full(n, BAD_NO_DATA, dtype=np.uint32)
    (row,) = old.ids((point,))
    for part in old.stretches(stretch.first, stretch.last) if row is not None else ():
        chunk = old.chunk(part.first, row) if row is not None else None
        if chunk is None:
            continue
        _, here, copied = np.intersect1d(stretch.number, part.number, return_indices=True)
        values, states = decode_samples(chunk.samples, len(part.number))
        stamps = decode_times(chunk.times, values, states, part.time_ns)
        value[here], status[here], times[here], done[here] = values[copied], states[copied], stamps[copied], True
    return (value, status, times) if done.all() else None


def _scans(old: DayReader, stretch: Stretch, names: Sequence[str]) -> Scans:
    ids = [-1 if row is None else row for row in old.ids(tuple(names))]
    return decoded(stretch, old.about(stretch.first), old.chunks(stretch.first), ids)


def _runs(frames: Sequence[Frame], have: I8) -> Iterator[list[Frame]]:
    """Frames in runs that no scan of `have` lies inside."""
    for _, run in groupby(frames, key=lambda frame: int(np.searchsorted(have, frame.number))):
        yield list(run)
