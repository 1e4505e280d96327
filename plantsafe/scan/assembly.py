"""From the answers of the sources to one frame, and what to do with a source that is still answering."""

import numpy as np

from plantsafe.frame import NO_FAST_SAMPLES, FastSamples, Frame
from plantsafe.plant.tables import Plant
from plantsafe.source import Columns, silence


class Assembly:
    """Keeps the last answer of each source; an answer that is late stands in the frame with its age."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._columns = [silence(len(rows)) for rows in plant.sources.points]
        self.received = np.zeros(plant.n_sources, dtype=np.int64)

    def take(self, source: int, columns: Columns, number: int) -> None:
        """The answer that source row `source` gave to the read begun in scan `number`."""
        self._columns[source] = columns
        if columns.answered:
            self.received[source] = number

    def frame(self, number: int, time_ns: int, fast: FastSamples = NO_FAST_SAMPLES) -> Frame:
        """The frame of scan `number`, in the plant's point order, with what fast groups showed since the one before."""
        n = self._plant.n_points
        value, status = np.full(n, np.nan), np.zeros(n, dtype=np.uint32)
        source_time_ns = np.zeros(n, dtype=np.int64)
        for rows, columns in zip(self._plant.sources.points, self._columns, strict=True):
            value[rows], status[rows] = columns.value, columns.status
            source_time_ns[rows] = columns.source_time_ns
        return Frame(
            number=number,
            plant=self._plant.hash,
            time_ns=time_ns,
            value=value,
            status=status,
            source_time_ns=source_time_ns,
            received=self.received.copy(),
            origin=np.array([columns.origin for columns in self._columns], dtype=np.uint8),
            resolution_ns=np.array([columns.resolution_ns for columns in self._columns], dtype=np.int64),
            fast=fast,
        )
