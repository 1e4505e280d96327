"""Reads all sources of one plant for each scan, and waits for none of them longer than the scan allows."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plantsafe.clock import Clock
from plantsafe.frame import Frame
from plantsafe.plant.tables import Plant
from plantsafe.scan.assembly import Assembly
from plantsafe.scan.pace import Pace
from plantsafe.source import Columns, Source

READ_SHARE = 0.8  # share of the period in which sources may answer for this scan (site default)


class Reading:
    """The sources of one plant description, open between `open` and `close`."""

    def __init__(self, plant: Plant, sources: Sequence[Source], clock: Clock) -> None:
        self._clock = clock
        self._sources = sorted(sources, key=lambda source: plant.sources.row[source.name])
        self._assembly = Assembly(plant)
        self._pace = Pace(plant, self._sources, clock)
        self._reads: list[asyncio.Task[Columns] | None] = [None] * len(self._sources)
        self._begun = [0] * len(self._sources)
        self._allowed_s = clock.wall_s(round(plant.period_ns * READ_SHARE))

    @property
    def fast_overruns(self) -> NDArray[np.int64]:
        """(n_sources,) reads of fast groups that were left out because there was no time for them."""
        return self._pace.overruns

    async def open(self, wait_s: float) -> None:
        """Open all sources and wait, for at most `wait_s`, until each has answered: connecting is not silence."""
        for source in self._sources:
            await source.open()
        await self._pace.open()
        deadline = time.monotonic() + wait_s
        waiting = set(range(len(self._sources)))
        while waiting and time.monotonic() < deadline:
            for i in sorted(waiting):
                columns = await self._sources[i].read(self._clock)
                if columns.answered:
                    waiting.discard(i)
            if waiting:
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Give up reads that are under way, and close."""
        pending = [task for task in self._reads if task is not None]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        await self._pace.close()
        for source in self._sources:
            await source.close()

    async def frame(self, number: int, time_ns: int, instant_ns: int) -> Frame:
        """Begin a read of every source that is not still answering, wait as long as this scan allows, assemble.

        time_ns: UTC of the scan. instant_ns: the same on the steady clock, which fast groups keep pace with.
        """
        self._pace.begin(instant_ns)
        for i, source in enumerate(self._sources):
            self._take_if_done(i)
            if self._reads[i] is None:
                self._reads[i] = asyncio.create_task(source.read(self._clock))
                self._begun[i] = number
        await asyncio.wait([task for task in self._reads if task is not None], timeout=self._allowed_s)
        for i in range(len(self._sources)):
            self._take_if_done(i)
        return self._assembly.frame(number, time_ns, self._pace.samples(instant_ns))

    def _take_if_done(self, i: int) -> None:
        task = self._reads[i]
        if task is not None and task.done():
            self._assembly.take(i, task.result(), self._begun[i])
            self._reads[i] = None
