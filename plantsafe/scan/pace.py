"""Reads the fast groups of all sources between two scans, each at its own pace.

The reads of a group are planned after each whole period that ends before the next scan, on the grid of the scans; the
scan itself reads the points, too. The groups of one source are read one after the other, so that the scan's own read
never waits for more than one of them. A read that cannot begin before the next one, or the scan, is due is left out and
counted: what it would have shown stays open, and no time is lost to catching up.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from plantsafe.clock import Clock
from plantsafe.frame import BAD_NO_DATA, F8, I8, NO_FAST_SAMPLES, U4, FastSamples
from plantsafe.plant.tables import Plant
from plantsafe.source import GroupedSource, Source

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Window:
    """What was read since the scan at `start_ns`; times are steady plant time until they are handed over."""

    value: F8
    status: U4
    begun_ns: I8
    ended_ns: I8


@dataclass(frozen=True, slots=True)
class _Planned:
    """One read of each window: after how long, of which group, for which column."""

    after_ns: int
    group: int
    column: int


class Pace:
    """The fast groups of one plant description, open between `open` and `close`. overruns (n_sources) only grow."""

    def __init__(self, plant: Plant, sources: Sequence[Source], clock: Clock) -> None:
        self._table = table = plant.fast
        self._period_ns = plant.period_ns
        self._clock = clock
        by_name = {source.name: source for source in sources}
        self._sources: dict[int, Source] = {}
        for i, (name, row) in enumerate(zip(table.names, table.source.tolist(), strict=True)):
            source = by_name[plant.sources.names[row]]
            if isinstance(source, GroupedSource):
                self._sources[i] = source.group(name)
        self._names = plant.sources.names
        self._rows = [np.flatnonzero(table.group == i) for i in range(len(table.names))]
        self._columns = int(table.reads.max(initial=0))
        self._windows: dict[int, _Window] = {}
        self._taken_ns = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._behind = np.zeros(len(table.names), dtype=np.bool_)
        self.overruns: I8 = np.zeros(plant.n_sources, dtype=np.int64)

    async def open(self) -> None:
        """Begin to connect; reads begin with the first scan."""
        for source in self._sources.values():
            await source.open()

    async def close(self) -> None:
        """Give up reads that are under way, and close."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for source in self._sources.values():
            await source.close()

    def begin(self, instant_ns: int) -> None:
        """Reads go on from the scan at `instant_ns` of steady plant time; once they run, its grid is kept."""
        if not self._tasks:
            rows = sorted({int(self._table.source[group]) for group in self._sources})
            self._tasks = [asyncio.create_task(self._keep(row, instant_ns)) for row in rows]

    def samples(self, instant_ns: int) -> FastSamples:
        """What was read in the period before the scan at `instant_ns`; raises what a broken read raised."""
        for task in self._tasks:
            if task.done():
                task.result()
        if not self._table.point.size:
            return NO_FAST_SAMPLES
        start_ns = instant_ns - self._period_ns
        window = self._windows.pop(start_ns, None) or self._blank(start_ns)
        self._taken_ns = instant_ns
        for old in [begin for begin in self._windows if begin < instant_ns]:
            del self._windows[old]
        return FastSamples(
            point=self._table.point,
            group=self._table.group,
            value=window.value,
            status=window.status,
            begun_ns=window.begun_ns - instant_ns,
            ended_ns=window.ended_ns - instant_ns,
        )

    async def _keep(self, source: int, start_ns: int) -> None:
        """Read all groups of one source, period after period."""
        table = self._table
        plan = sorted(
            (
                _Planned(int(table.period_ns[group]) * (column + 1), group, column)
                for group in self._sources
                if table.source[group] == source
                for column in range(int(table.reads[group]))
            ),
            key=lambda planned: (planned.after_ns, planned.group),
        )
        while plan:
            for planned in plan:
                due_ns = start_ns + planned.after_ns
                end_ns = min(due_ns + int(table.period_ns[planned.group]), start_ns + self._period_ns)
                if self._clock.now_ns() >= end_ns:
                    self._overran(planned.group)
                    continue
                await self._clock.sleep_until(due_ns)
                await self._read(start_ns, planned)
            start_ns += self._period_ns

    async def _read(self, start_ns: int, planned: _Planned) -> None:
        begun_ns = self._clock.now_ns()
        columns = await self._sources[planned.group].read(self._clock)
        ended_ns = self._clock.now_ns()
        if start_ns + self._period_ns <= self._taken_ns:
            self._overran(planned.group)
            return
        self._behind[planned.group] = False
        if start_ns not in self._windows:
            self._windows[start_ns] = self._blank(start_ns)
        window, rows = self._windows[start_ns], self._rows[planned.group]
        window.value[rows, planned.column] = columns.value
        window.status[rows, planned.column] = columns.status
        window.begun_ns[planned.group, planned.column] = begun_ns
        window.ended_ns[planned.group, planned.column] = ended_ns

    def _overran(self, group: int) -> None:
        source = int(self._table.source[group])
        self.overruns[source] += 1
        if not self._behind[group]:
            log.warning("fast_group_behind", source=self._names[source], group=self._table.names[group])
        self._behind[group] = True

    def _blank(self, start_ns: int) -> _Window:
        """A window in which nothing was read: its times are the planned ones."""
        table, shape = self._table, (self._table.point.size, self._columns)
        planned_ns = start_ns + table.period_ns[:, None] * (1 + np.arange(self._columns, dtype=np.int64))
        return _Window(
            np.full(shape, np.nan), np.full(shape, BAD_NO_DATA, dtype=np.uint32), planned_ns, planned_ns.copy()
        )
