"""The running scan service: reads every source at each instant, steps the engine, records, and goes on.

One transaction a scan. A source that is slow is not waited for; a scan that cannot start in its period is lost,
counted and named. Whatever stops the recording stops the service with one clear message: nothing is judged that is
not recorded.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from plantsafe import __version__
from plantsafe.clock import Clock
from plantsafe.journal.chain import chained
from plantsafe.scan.assembly import Assembly
from plantsafe.scan.engine import ENGINE_VERSION, Engine, ScanRecord
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.restart import Resumed, resume
from plantsafe.scan.schedule import Schedule, after_downtime
from plantsafe.source import Columns, Source
from plantsafe.store.inbox import InboxReader, ensure_inbox
from plantsafe.store.record import EventRow, RecordReader, RecordWriter, Snapshot
from plantsafe.verdict import Fact

READ_SHARE = 0.8  # share of the period in which sources may answer for this scan (site default)
SNAPSHOT_SCANS = 60  # a restart steps at most this many scans (site default)
LATE_S = 0.2  # a scan that begins later than this is counted as late (site default)
FIRST_ANSWER_S = 5.0  # how long the first scan waits for sources to answer (site default)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Counts:
    """What the service has done since it started."""

    done: int = 0
    lost: int = 0
    late: int = 0
    worst_late_s: float = 0.0


class ScanService:
    """Runs one plant's scans into one data folder until `stop` is set."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        sources: Sequence[Source],
        clock: Clock,
        metrics: Metrics,
        *,
        on_scan: Callable[[ScanRecord], None] | None = None,
    ) -> None:
        self._engine, self._folder, self._clock, self._metrics = engine, folder, clock, metrics
        plant = engine.plant
        self._sources = sorted(sources, key=lambda source: plant.sources.row[source.name])
        self._assembly = Assembly(plant)
        self._reads: list[asyncio.Task[Columns] | None] = [None] * len(self._sources)
        self._begun = [0] * len(self._sources)
        self._on_scan = on_scan
        self._seq, self._head, self._cursor = 0, "", 0
        self.counts = Counts()

    async def run(self, stop: asyncio.Event) -> None:
        """Scan until `stop`; raises StoreError when the record cannot be written."""
        ensure_inbox(self._folder)
        writer = RecordWriter(self._folder)
        inbox = InboxReader(self._folder)
        try:
            plant = self._engine.plant
            writer.add_plant(plant.hash, plant.document())
            with RecordReader(self._folder) as reader:
                resumed = resume(self._engine, reader)
            self._seq, self._head, self._cursor = resumed.seq, resumed.head, resumed.cursor
            for source in self._sources:
                await source.open()
            await self._first_answers()
            await self._scan_all(writer, inbox, resumed, stop)
        finally:
            for task in self._reads:
                if task is not None:
                    task.cancel()
            await asyncio.gather(*(task for task in self._reads if task), return_exceptions=True)
            for source in self._sources:
                await source.close()
            inbox.close()
            writer.close()

    async def _first_answers(self) -> None:
        """Wait, for a while, until each source has answered once: connecting is not silence."""
        deadline = time.monotonic() + FIRST_ANSWER_S
        waiting = set(range(len(self._sources)))
        while waiting and time.monotonic() < deadline:
            for i in sorted(waiting):
                columns = await self._sources[i].read(self._clock)
                if columns.answered:
                    waiting.discard(i)
            if waiting:
                await asyncio.sleep(0.05)

    async def _scan_all(self, writer: RecordWriter, inbox: InboxReader, resumed: Resumed, stop: asyncio.Event) -> None:
        clock, period_ns = self._clock, self._engine.plant.period_ns
        now_ns = clock.now_ns()
        skew_ns = clock.utc_ns() - now_ns
        number, first_utc_ns = after_downtime(resumed.last_number, resumed.last_time_ns, now_ns + skew_ns, period_ns)
        schedule = Schedule(first=number, start_ns=first_utc_ns - skew_ns, period_ns=period_ns)
        facts = [self._started(resumed, number), *resumed.facts]
        while not stop.is_set():
            if await self._stopped_before(stop, schedule.instant_ns(number)):
                break
            due = schedule.due(number, clock.now_ns())
            if due > number:
                self.counts.lost += due - number
                facts.append(_lost(number, due - 1, "overrun"))
                number = due
            self._count_lateness(schedule.instant_ns(number))
            await self._one(writer, inbox, number, schedule.instant_ns(number), facts)
            facts = []
            number += 1
        counts = self.counts
        body = {
            "done": counts.done,
            "lost": counts.lost,
            "late": counts.late,
            "worst_late_s": round(counts.worst_late_s, 3),
        }
        rows = self._chain([Fact(kind="service_stopped", subject="service", body=body)], number - 1, clock.utc_ns())
        writer.write_events(rows)

    async def _stopped_before(self, stop: asyncio.Event, instant_ns: int) -> bool:
        wait_s = self._clock.wall_s(instant_ns - self._clock.now_ns())
        if wait_s <= 0:
            await asyncio.sleep(0)
            return stop.is_set()
        try:
            await asyncio.wait_for(stop.wait(), wait_s)
        except TimeoutError:
            return False
        return True

    def _count_lateness(self, instant_ns: int) -> None:
        late_s = self._clock.wall_s(self._clock.now_ns() - instant_ns)
        self.counts.worst_late_s = max(self.counts.worst_late_s, late_s)
        if late_s > LATE_S:
            self.counts.late += 1

    async def _one(
        self, writer: RecordWriter, inbox: InboxReader, number: int, instant_ns: int, facts: list[Fact]
    ) -> None:
        """Read, judge and record scan `number`."""
        begun = time.perf_counter()
        clock = self._clock
        time_ns = instant_ns + (clock.utc_ns() - clock.now_ns())
        await self._read_sources(number)
        read = time.perf_counter()
        taken = inbox.after(self._cursor)
        record = self._engine.step(self._assembly.frame(number, time_ns), [entry.request for entry in taken])
        judged = time.perf_counter()
        rows = self._chain([*facts, *record.facts], number, time_ns)
        snapshot = None
        if number % SNAPSHOT_SCANS == 0:
            snapshot = Snapshot(
                number=number, plant=record.frame.plant, engine=ENGINE_VERSION, data=self._engine.snapshot()
            )
        writer.write_scan(record.frame, rows, taken, record.live, snapshot)
        written = time.perf_counter()
        if taken:
            self._cursor = taken[-1].inbox_row
        self.counts.done += 1
        self._metrics.scanned(record, self.counts, read - begun, judged - read, written - judged)
        if self._on_scan is not None:
            self._on_scan(record)

    async def _read_sources(self, number: int) -> None:
        """Begin a read of every source that is not still answering, and wait for as long as this scan allows."""
        for i, source in enumerate(self._sources):
            task = self._reads[i]
            if task is not None and task.done():
                self._take(i, task)
                task = None
            if task is None:
                self._reads[i] = asyncio.create_task(source.read(self._clock))
                self._begun[i] = number
        allowed_s = self._clock.wall_s(round(self._engine.plant.period_ns * READ_SHARE))
        pending = [task for task in self._reads if task is not None]
        await asyncio.wait(pending, timeout=allowed_s)
        for i, task in enumerate(self._reads):
            if task is not None and task.done():
                self._take(i, task)
                self._reads[i] = None

    def _take(self, i: int, task: asyncio.Task[Columns]) -> None:
        self._assembly.take(i, task.result(), self._begun[i])

    def _chain(self, facts: list[Fact], number: int, time_ns: int) -> list[EventRow]:
        rows = chained(facts, scan=number, time_ns=time_ns, seq=self._seq, previous=self._head)
        if rows:
            self._seq, self._head = rows[-1].seq, rows[-1].hash
        return rows

    def _started(self, resumed: Resumed, number: int) -> Fact:
        gap = number - resumed.last_number - 1 if resumed.last_number else 0
        reason = "first start" if not resumed.last_number else "stopped" if resumed.clean_stop else "interrupted"
        return Fact(
            kind="service_started",
            subject="service",
            body={
                "plant": self._engine.plant.hash,
                "engine": ENGINE_VERSION,
                "version": __version__,
                "after_scan": resumed.last_number,
                "scans_missed": gap,
                "reason": reason,
            },
        )


def _lost(first: int, last: int, reason: str) -> Fact:
    return Fact(kind="scans_lost", subject="service", body={"first": first, "last": last, "reason": reason})
