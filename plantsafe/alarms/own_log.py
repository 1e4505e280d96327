"""Our own record as moves, read from typed columns."""

import numpy as np

from plantsafe.alarms.kpi import Moves
from plantsafe.store.record import RecordReader


def own_moves(reader: RecordReader, until_ns: int) -> Moves:
    """Everything that alarms of ours did before `until_ns`, in the order of time."""
    names = reader.alarm_names()
    place = np.zeros(max(names, default=0) + 1, dtype=np.int64)
    place[list(names)] = np.arange(len(names))
    slices = list(reader.alarm_moves(until_ns))
    table = np.concatenate(slices) if slices else np.zeros((0, 4), dtype=np.int64)
    table = table[np.argsort(table[:, 0], kind="stable")]  # the clock may have been set back
    return Moves(
        names=tuple(names.values()),
        time_ns=table[:, 0].copy(),
        alarm=place[table[:, 1]],
        what=table[:, 2].astype(np.uint8),
        priority=table[:, 3].astype(np.uint8),
    )
