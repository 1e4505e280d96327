"""From the answers of the sources to one frame, and what to do with a source that is still answering."""

import numpy as np

from plantsafe.frame import NO_DEVICE_EVENTS, NO_FAST_SAMPLES, DeviceEvents, FastSamples, Frame
from plantsafe.plant.tables import Plant
from plantsafe.plant.watch import WATCH_SOURCE
from plantsafe.scan.self_watch import SelfWatch
from plantsafe.source import Columns, CountingSource, Source, silence


class Assembly:
    """Keeps the last answer of each source; an answer that is late stands in the frame with its age.

    The source `plantsafe` is filled from the others, unless it is taken as an answer like theirs (of a recording).
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._columns = [silence(len(rows)) for rows in plant.sources.points]
        self._own = plant.sources.row[WATCH_SOURCE]
        self._taken = False
        self.watch = SelfWatch(plant)
        self.received = np.zeros(plant.n_sources, dtype=np.int64)

    def take(self, source: Source, columns: Columns, number: int, read_s: float = 0.0) -> None:
        """What `source` answered to the read begun in scan `number`, after `read_s` (0 in virtual time)."""
        row = self._plant.sources.row[source.name]
        self._columns[row] = columns
        if columns.answered:
            self.received[row] = number
        if row == self._own:
            self._taken = True
        else:
            self.watch.ended(row, columns, read_s)

    def overran(self, source: Source) -> None:
        """A scan goes on although `source` should have answered for it."""
        row = self._plant.sources.row[source.name]
        if row != self._own:
            self.watch.overran(row)

    def count(self, source: Source) -> None:
        """Ask the source what it says of its link, answered or not."""
        row = self._plant.sources.row[source.name]
        if row != self._own and isinstance(source, CountingSource):
            self.watch.counted(row, source.counts())

    def frame(
        self,
        number: int,
        time_ns: int,
        fast: FastSamples = NO_FAST_SAMPLES,
        events: DeviceEvents = NO_DEVICE_EVENTS,
    ) -> Frame:
        """The frame of scan `number`, in the plant's point order, with what fast groups showed since the one before
        and what event buffers gave."""
        if not self._taken:
            self._columns[self._own] = self.watch.columns(number)
            self.received[self._own] = number
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
            events=events,
        )
