"""A day of points that nothing judges, kept to within the deadband that the plant file gives them.

A value stands for those after it until one is over the deadband away, or has another status: so what is read back is
within the deadband at every scan. Minima, maxima, sums and hourly figures stay those of what was read, and the samples
around alarms and trips stay raw.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from plantsafe.frame import F8, I8, U4
from plantsafe.history.retention import near, rewrite
from plantsafe.store.column import decode_samples, decode_times, encode_column
from plantsafe.store.day_file import Chunk, DayReader, Reduced, Stretch


def reduce_day(path: Path, deadbands_of: Callable[[str], dict[str, float]], instants_ns: Sequence[int]) -> bool:
    """Reduce a day's file, but for the stretches around `instants_ns`; whether anything was changed.

    deadbands_of: points of a plant description that may be reduced, by how much. Readers of the file go on.
    """
    with closing(DayReader(path)) as old:
        stretches = old.stretches(0, 1 << 62)
        found: dict[str, float] = {}
        for plant in {stretch.plant for stretch in stretches if not near(stretch, instants_ns)}:
            for name, deadband in deadbands_of(plant).items():
                found[name] = max(deadband, found.get(name, 0.0))
        if not found or old.reduced():
            return False

        def chunks(stretch: Stretch) -> list[Chunk]:
            rows = old.chunks(stretch.first)
            if near(stretch, instants_ns):
                return rows
            own = deadbands_of(stretch.plant)
            by_row = dict(zip(old.ids(tuple(own)), own.values(), strict=True))
            return _reduced(stretch, rows, {row: width for row, width in by_row.items() if row is not None})

        rewrite(old, stretches, chunks, [Reduced(point=name, deadband=width) for name, width in found.items()])
    return True


def held(value: F8, status: U4, source_time_ns: I8, deadband: F8) -> tuple[F8, I8]:
    """Samples (n, p) of p points, each within its deadband (p) of what it was; a value keeps the time of its source."""
    value, source_time_ns = value.copy(), source_time_ns.copy()
    for i in range(1, len(value)):
        with np.errstate(invalid="ignore"):
            near_by = np.abs(value[i] - value[i - 1]) <= deadband
        stays = (near_by | (np.isnan(value[i]) & np.isnan(value[i - 1]))) & (status[i] == status[i - 1])
        value[i, stays], source_time_ns[i, stays] = value[i - 1, stays], source_time_ns[i - 1, stays]
    return value, source_time_ns


def _reduced(stretch: Stretch, rows: Sequence[Chunk], deadband: dict[int, float]) -> list[Chunk]:
    """The rows of a stretch, those of the points in `deadband` (by number) reduced."""
    chosen = [chunk for chunk in rows if chunk.point in deadband]
    if not chosen:
        return list(rows)
    samples = [decode_samples(chunk.samples, len(stretch.number)) for chunk in chosen]
    times = [decode_times(chunk.times, *sample, stretch.time_ns) for chunk, sample in zip(chosen, samples, strict=True)]
    status = np.stack([state for _, state in samples], axis=1)
    width = np.array([deadband[chunk.point] for chunk in chosen])
    value, stamp = held(np.stack([one for one, _ in samples], axis=1), status, np.stack(times, axis=1), width)
    new: dict[int, Chunk] = {}
    for i, chunk in enumerate(chosen):
        packed, stamps = encode_column(value[:, i].copy(), status[:, i].copy(), stamp[:, i].copy(), stretch.time_ns)
        if len(packed) + len(stamps) < len(chunk.samples) + len(chunk.times):
            new[chunk.point] = replace(chunk, samples=packed, times=stamps)
    return [new.get(chunk.point, chunk) for chunk in rows]
