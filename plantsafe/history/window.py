"""Samples of some points over a range of scans, joined by name across changes of the plant description."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plantsafe.frame import BAD_NODE_ID_UNKNOWN, F8, I8, U4
from plantsafe.plant import plant_of_document
from plantsafe.store.record import RecordReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """n recorded scans of k points. number, time_ns (n,); value, status (n, k).

    A point that a plant description does not have is NaN and BadNodeIdUnknown in its scans. Lost scans have no row.
    """

    number: I8
    time_ns: I8
    value: F8
    status: U4


def read_window(reader: RecordReader, points: Sequence[str], first: int, last: int) -> Window:
    """Scans first..last of `points`, by name."""
    columns: dict[str, np.ndarray[tuple[int], np.dtype[np.intp]]] = {}
    number, time_ns, value, status = [], [], [], []
    for frame in reader.frames(first, last):
        if frame.plant not in columns:
            columns[frame.plant] = _rows(reader, frame.plant, points)
        rows = columns[frame.plant]
        there = rows >= 0
        number.append(frame.number)
        time_ns.append(frame.time_ns)
        value.append(np.where(there, frame.value[rows], np.nan))
        status.append(np.where(there, frame.status[rows], np.uint32(BAD_NODE_ID_UNKNOWN)))
    shape = (len(number), len(points))
    return Window(
        number=np.array(number, dtype=np.int64),
        time_ns=np.array(time_ns, dtype=np.int64),
        value=np.array(value, dtype=np.float64).reshape(shape),
        status=np.array(status, dtype=np.uint32).reshape(shape),
    )


def _rows(reader: RecordReader, plant_hash: str, points: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    document = reader.plant_document(plant_hash)
    known = plant_of_document(document).points.row if document is not None else {}
    return np.array([known.get(name, -1) for name in points], dtype=np.intp)
