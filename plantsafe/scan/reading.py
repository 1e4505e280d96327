"""Reads all sources of one plant for each scan, and waits for none of them longer than the scan allows."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from plantsafe.clock import Clock
from plantsafe.frame import Frame
from plantsafe.plant.tables import Plant
from plantsafe.scan.assembly import Assembly
from plantsafe.scan.pace import Pace
from plantsafe.scan.self_watch import SourceWork
from plantsafe.scan.stamps import EventWatch
from plantsafe.source import Columns, Source

READ_SHARE = 0.8  # share of the period in which sources may answer for this scan (site default)


class Reading:
    """The sources of one plant description, open between `open` and `close`.

    A source that the file reads every n-th scan keeps its answer in between; it may take that long to give it.
    """

    def __init__(self, plant: Plant, sources: Sequence[Source], clock: Clock, *, live: bool = True) -> None:
        self._clock, self._live = clock, live
        self._sources = sorted(sources, key=lambda source: plant.sources.row[source.name])
        self._every = [int(plant.sources.every_scans[plant.sources.row[source.name]]) for source in self._sources]
        self._assembly = Assembly(plant)
        self._names = tuple(entry.name for entry in plant.file.sources)
        self._pace = Pace(plant, self._sources, clock)
        self._events = EventWatch(plant, self._sources)
        self._reads: list[asyncio.Task[tuple[Columns, float]] | None] = [None] * len(self._sources)
        self._begun = [-every for every in self._every]
        self._allowed_s = clock.wall_s(round(plant.period_ns * READ_SHARE))

    @property
    def work(self) -> dict[str, SourceWork]:
        """What each source of the file did since it was opened."""
        return dict(zip(self._names, self._assembly.watch.work, strict=True))

    def about_service(self, own: Mapping[str, float]) -> None:
        """What the service says of itself from the next scan on; nothing over recorded values."""
        if not self._live:
            return
        self._assembly.watch.own.update(own)

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
        await self._events.close()
        for source in self._sources:
            await source.close()

    async def frame(self, number: int, time_ns: int, instant_ns: int) -> Frame:
        """Begin a read of every source that is due and not still answering, wait as long as this scan allows, assemble.

        time_ns: UTC of the scan. instant_ns: the same on the steady clock, which fast groups keep pace with.
        """
        self._pace.begin(instant_ns)
        for i in range(len(self._sources)):
            self._take_if_done(i)
            if self._reads[i] is None and number >= self._begun[i] + self._every[i]:
                self._reads[i] = asyncio.create_task(self._timed(self._sources[i]))
                self._begun[i] = number
        self._events.begin()
        under_way = [task for task in self._reads if task is not None]
        if under_way:
            await asyncio.wait(under_way, timeout=self._allowed_s)
        for i, source in enumerate(self._sources):
            self._take_if_done(i)
            if self._reads[i] is not None and number + 1 >= self._begun[i] + self._every[i]:
                self._assembly.overran(source)
            self._assembly.count(source)
        events = await self._events.events(self._allowed_s)
        samples = self._pace.samples(instant_ns)
        self._assembly.watch.left_out(self._pace.overruns)
        return self._assembly.frame(number, time_ns, samples, events)

    async def _timed(self, source: Source) -> tuple[Columns, float]:
        """The source's answer, and how long it took on the wall's clock; no time where values are recorded ones."""
        began_s = time.monotonic()
        columns = await source.read(self._clock)
        return columns, time.monotonic() - began_s if self._live else 0.0

    def _take_if_done(self, i: int) -> None:
        task = self._reads[i]
        if task is not None and task.done():
            columns, read_s = task.result()
            self._assembly.take(self._sources[i], columns, self._begun[i], read_s)
            self._reads[i] = None
