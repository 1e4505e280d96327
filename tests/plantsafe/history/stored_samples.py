"""A folder with random samples in its record and its days' files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from plantsafe.frame import BAD_NO_COMMUNICATION, Frame
from plantsafe.history.compaction import Compaction
from plantsafe.plant.tables import Plant
from plantsafe.store.record import RecordReader, RecordWriter

SECOND_NS = 1_000_000_000
MIDNIGHT_NS = 20_718 * 86_400 * SECOND_NS


def frames_of(plant: Plant, numbers: Sequence[int], at_ns: Callable[[int], int]) -> list[Frame]:
    """Random values, some Bad; the instant of each is `at_ns` of its number and less than a microsecond."""
    chance, made = np.random.default_rng(numbers[0]), []
    for number in numbers:
        status = np.where(chance.random(plant.n_points) < 0.1, np.uint32(BAD_NO_COMMUNICATION), np.uint32(0))
        made.append(
            Frame(
                number=number,
                plant=plant.hash,
                time_ns=at_ns(number) + int(chance.integers(0, 1000)),
                value=np.where(status > 0, np.nan, chance.normal(60.0, 1.0, plant.n_points)),
                status=status,
                source_time_ns=np.zeros(plant.n_points, dtype=np.int64),
                received=np.full(plant.n_sources, number, dtype=np.int64),
                origin=np.zeros(plant.n_sources, dtype=np.uint8),
                resolution_ns=np.zeros(plant.n_sources, dtype=np.int64),
            )
        )
    return made


def record(folder: Path, plant: Plant, frames: Sequence[Frame], *, compacted: int = 0) -> None:
    """As the scan service does; without waiting for the disk, for these tests cut no power."""
    writer = RecordWriter(folder)
    writer._connection.execute("PRAGMA synchronous=OFF")
    writer.add_plant(plant.hash, plant.document())
    for frame in frames:
        writer.write_scan(frame, [], [], {}, None, compacted=compacted)
    writer.close()


def compact(folder: Path) -> int:
    """One step of the compactor."""
    compaction = Compaction(folder)
    try:
        with RecordReader(folder) as reader:
            return compaction.step(reader)
    finally:
        compaction.close()


def same(one: Frame, other: Frame) -> bool:
    """Bit for bit."""
    names = ("value", "status", "source_time_ns", "received", "origin", "resolution_ns")
    heads = (one.number, one.plant, one.time_ns) == (other.number, other.plant, other.time_ns)
    return heads and all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in names)
