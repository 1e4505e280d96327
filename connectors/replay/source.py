"""Recorded values as a Source."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from connectors.replay.decode import read_csv
from plantsafe.clock import Clock
from plantsafe.errors import SourceError
from plantsafe.frame import Frame, Origin
from plantsafe.plant import Plant
from plantsafe.source import Columns, silence


class ReplaySource:
    """Gives one row a read, in order, whatever the clock says; past the last row it is silent."""

    def __init__(self, plant: Plant, source_name: str, columns: Sequence[Columns]) -> None:
        self._name = source_name
        self._points = plant.sources.points[plant.sources.row[source_name]]
        for i, answer in enumerate(columns):
            if len(answer.value) != len(self._points):
                raise SourceError(
                    f"row {i} has {len(answer.value)} values, source {source_name} has {len(self._points)} points"
                )
        self._columns = columns
        self._next = 0

    @classmethod
    def from_csv(cls, plant: Plant, source_name: str, path: Path) -> Self:
        """The rows of a file; raises SourceError where it cannot be read."""
        return cls(plant, source_name, read_csv(plant, source_name, path))

    @classmethod
    def from_frames(cls, plant: Plant, source_name: str, frames: Iterable[Frame]) -> Self:
        """The source's part of recorded frames of the same plant; silent where it had not answered."""
        row = plant.sources.row[source_name]
        points = plant.sources.points[row]
        columns = []
        for frame in frames:
            if frame.plant != plant.hash:
                raise SourceError(f"frame {frame.number} belongs to another state of the plant description")
            columns.append(
                Columns(
                    value=frame.value[points],
                    status=frame.status[points],
                    source_time_ns=frame.source_time_ns[points],
                    answered=bool(frame.received[row] == frame.number),
                    origin=Origin(int(frame.origin[row])),
                    resolution_ns=int(frame.resolution_ns[row]),
                )
            )
        return cls(plant, source_name, columns)

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        return self._name

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        return self._points

    @property
    def left(self) -> int:
        """How many rows have not been given yet."""
        return len(self._columns) - self._next

    async def open(self) -> None:
        """Begin at the first row."""
        self._next = 0

    async def read(self, clock: Clock) -> Columns:  # noqa: ARG002  the recording has its own times
        """The next row."""
        if self.left <= 0:
            return silence(len(self._points))
        self._next += 1
        return self._columns[self._next - 1]

    async def close(self) -> None:
        """Nothing is held open."""
