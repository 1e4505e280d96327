"""A source for services in tests that run by themselves."""

import numpy as np

from plantsafe.clock import Clock
from plantsafe.frame import Origin
from plantsafe.plant import Plant
from plantsafe.source import Columns


class Steady:
    """A source whose heartbeat beats and whose other values move a little with each read, or are as `shown`."""

    def __init__(self, plant: Plant, name: str, shown: dict[str, float] | None = None) -> None:
        self.name, self.reads = name, 0
        self.shown = {} if shown is None else shown
        self.points = plant.sources.points[plant.sources.row[name]]
        self._names = [plant.points.names[row] for row in self.points]

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def read(self, clock: Clock) -> Columns:
        self.reads += 1
        n = len(self._names)
        moving = float(40 + self.reads % 7)
        value = [float(self.reads) if name.endswith("HB") else self.shown.get(name, moving) for name in self._names]
        return Columns(
            value=np.array(value), status=np.zeros(n, dtype=np.uint32), source_time_ns=np.zeros(n, dtype=np.int64),
            answered=True, origin=Origin.SERVER, resolution_ns=1,
        )  # fmt: skip
