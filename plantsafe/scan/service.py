"""The running scan service: reads every source at each instant, steps the engine, records, and goes on.

One transaction a scan. A source that is slow is not waited for; a scan that cannot start in its period is lost,
counted and named. When the record cannot be written the scans go on: they wait in a spool, loudly, and are appended in
their order when it can. A spool that is full stops the service with one clear message: nothing is judged that is not
kept.
"""

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from plantsafe import __version__
from plantsafe.checks.normal import NormalModel
from plantsafe.clock import Clock
from plantsafe.errors import PlantsafeError, StoreError
from plantsafe.journal.archive import MOVED_OUT
from plantsafe.journal.chain import chained
from plantsafe.plant import Plant, plant_of_document
from plantsafe.plant.diff import differences
from plantsafe.scan.audit import Audit, audit, day_of
from plantsafe.scan.engine import ENGINE_VERSION, Engine, ScanRecord
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.model import model_or_why, taken_up
from plantsafe.scan.reading import Reading
from plantsafe.scan.restart import Resumed, approved_in_journal, carried, resume
from plantsafe.scan.schedule import Schedule, after_downtime
from plantsafe.source import Source
from plantsafe.store.forward import forwarded_to
from plantsafe.store.inbox import InboxReader, ensure_inbox
from plantsafe.store.record import Archived, EventRow, RecordReader, Snapshot
from plantsafe.store.record_keeper import RecordKeeper
from plantsafe.store.rollup import compacted_to
from plantsafe.store.seals import outside_since_ns
from plantsafe.verdict import Fact

SNAPSHOT_SCANS = 60  # a restart steps at most this many scans (site default)
LATE_S = 0.2  # wall seconds; a scan that begins later than this is a row of the journal (site default)
FIRST_ANSWER_S = 5.0  # how long the first scan waits for sources to answer (site default)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Counts:
    """What the service has done since it started."""

    done: int = 0
    lost: int = 0
    late: int = 0
    worst_late_s: float = 0.0


@dataclass(slots=True)
class _Use:
    """A plant description in use: its engine and its open sources. `fresh` until its first scan is recorded."""

    engine: Engine
    reading: Reading
    fresh: bool = True


class ScanService:
    """Runs scans into one data folder until `stop` is set; `plant` may be replaced between two scans by a request.

    live: False for recorded values, whose frames say nothing of this machine: two runs give the same record.
    reserve_spool: take the spool's space at the start, so that it can be written when the disk is full.
    """

    def __init__(
        self,
        plant: Plant,
        folder: Path,
        make_sources: Callable[[Plant], Sequence[Source]],
        clock: Clock,
        metrics: Metrics,
        *,
        on_scan: Callable[[ScanRecord], None] | None = None,
        live: bool = True,
        reserve_spool: bool = False,
    ) -> None:
        self._plant, self._folder, self._clock, self._metrics = plant, folder, clock, metrics
        self._make_sources = make_sources
        self._on_scan, self._live, self._reserve_spool = on_scan, live, reserve_spool
        self._began_ns, self._unrecorded, self._spooled = 0, 0, 0
        self._seq, self._head, self._cursor, self._compacted = 0, "", 0, 0
        self._dropping = True  # an earlier run may have left something of what was moved out
        self._later: list[Fact] = []
        self._next: asyncio.Task[_Use | Fact] | None = None
        self._model: asyncio.Task[NormalModel | Fact | None] | None = None
        self._audit: asyncio.Task[Audit] | None = None
        self._audited_day, self._settings_differ = 0, 0
        self.counts = Counts()

    async def run(self, stop: asyncio.Event) -> None:
        """Scan until `stop`; raises StoreError when neither the record nor its spool can be written."""
        ensure_inbox(self._folder)
        writer = RecordKeeper(self._folder)
        inbox = InboxReader(self._folder)
        use: _Use | None = None
        try:
            left = writer.take_up()
            if self._reserve_spool:
                writer.spool.reserve()
            writer.add_plant(self._plant.hash, self._plant.document())
            with RecordReader(self._folder) as reader:
                engine, resumed = resume(self._plant, reader)
            self._seq, self._head, self._cursor = resumed.seq, resumed.head, resumed.cursor
            use = _Use(engine=engine, reading=self._read(self._plant))
            await use.reading.open(FIRST_ANSWER_S)
            await self._scan_all(writer, inbox, resumed, use, left, stop)
        finally:
            for task in (self._next, self._model, self._audit):
                if task is not None:
                    task.cancel()
            if use is not None:
                await use.reading.close()
            inbox.close()
            writer.close()

    async def _scan_all(
        self, writer: RecordKeeper, inbox: InboxReader, resumed: Resumed, use: _Use, left: int, stop: asyncio.Event
    ) -> None:
        clock, period_ns = self._clock, use.engine.plant.period_ns
        now_ns = clock.now_ns()
        skew_ns = clock.utc_ns() - now_ns
        number, first_utc_ns = after_downtime(resumed.last_number, resumed.last_time_ns, now_ns + skew_ns, period_ns)
        schedule = Schedule(first=number, start_ns=first_utc_ns - skew_ns, period_ns=period_ns)
        self._began_ns = schedule.instant_ns(number) + skew_ns
        facts = [_started(use.engine, resumed, number), *resumed.facts]
        if left:
            facts.append(_recovered(left, after_restart=True))
        while not stop.is_set():
            if await clock.wait_until(schedule.instant_ns(number), stop):
                break
            due = schedule.due(number, clock.now_ns())
            if due > number:
                self.counts.lost += due - number
                facts.append(_lost(number, due - 1, "overrun"))
                number = due
            facts += self._lateness(schedule.instant_ns(number))
            facts += [*self._recording(use.reading, writer), *self._later]
            self._later.clear()
            changed = [*await self._change(use, writer), *self._change_model(use), *self._audited()]
            await self._one(writer, inbox, use, number, schedule.instant_ns(number), [*facts, *changed])
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

    def _lateness(self, instant_ns: int) -> list[Fact]:
        """How late the scan of that instant begins; one that is worth a row says so in the journal."""
        late_s = self._clock.wall_s(self._clock.now_ns() - instant_ns)
        self.counts.worst_late_s = max(self.counts.worst_late_s, late_s)
        if late_s <= LATE_S:
            return []
        self.counts.late += 1
        return [Fact(kind="scan_late", subject="service", body={"late_ms": round(late_s * 1000)})]

    async def _one(
        self, writer: RecordKeeper, inbox: InboxReader, use: _Use, number: int, instant_ns: int, facts: list[Fact]
    ) -> None:
        """Read, judge and record scan `number`."""
        begun = time.perf_counter()
        clock = self._clock
        time_ns = instant_ns + (clock.utc_ns() - clock.now_ns())
        frame = await use.reading.frame(number, time_ns, instant_ns)
        read = time.perf_counter()
        taken = inbox.after(self._cursor)
        record = use.engine.step(frame, [entry.request for entry in taken])
        judged = time.perf_counter()
        rows = self._chain([*facts, *record.facts], number, time_ns)
        snapshot = None
        if number % SNAPSHOT_SCANS == 0:
            self._look_around(use, number, time_ns)
            self._audit_daily(use.engine, time_ns)
        if use.fresh or number % SNAPSHOT_SCANS == 0:
            snapshot = Snapshot(
                number=number, plant=record.frame.plant, engine=ENGINE_VERSION, data=use.engine.snapshot()
            )
        writer.write_scan(record.frame, rows, taken, record.live, snapshot, compacted=self._compacted)
        written = time.perf_counter()
        use.fresh = False
        if taken:
            self._cursor = taken[-1].inbox_row
        self.counts.done += 1
        self._metrics.sources.work = use.reading.work
        self._metrics.scanned(record, self.counts, read - begun, judged - read, written - judged)
        for fact in record.facts:
            if fact.kind == "plant_approved" and (approved := inbox.document(fact.subject)) is not None:
                writer.add_plant(fact.subject, approved)
            if fact.kind == "plant_load_accepted" and self._next is None:
                document = inbox.document(fact.subject)
                self._next = asyncio.create_task(self._prepared(fact.subject, document, use.engine.plant.period_ns))
            if fact.kind == "model_load_accepted" and self._model is None:
                self._model = asyncio.create_task(asyncio.to_thread(model_or_why, self._folder, fact.subject))
            if fact.kind == "archive":
                self._move_out(writer, fact)
        if self._dropping:
            self._dropping = writer.drop_archived(MOVED_OUT)
        if self._on_scan is not None:
            self._on_scan(record)

    def _read(self, plant: Plant) -> Reading:
        return Reading(plant, self._make_sources(plant), self._clock, live=self._live)

    def _recording(self, reading: Reading, writer: RecordKeeper) -> list[Fact]:
        """Whether the record takes what it gets: a point of the next scan, a metric, and a row when it changes."""
        waiting, before = writer.waiting, self._unrecorded
        self._unrecorded = waiting
        if waiting == before:
            return []
        reading.about_service({"unrecorded": float(waiting)})
        self._metrics.unrecorded(waiting)
        if not before:
            log.error("record_not_written", reason=writer.trouble, spool=str(writer.spool.path))
            return [Fact(kind="record_failed", subject="service", body={"reason": writer.trouble})]
        if not waiting:
            log.warning("record_written_again", scans=self._spooled)
            return [_recovered(self._spooled, after_restart=False)]
        self._spooled = max(self._spooled, waiting)
        return []

    def _look_around(self, use: _Use, number: int, time_ns: int) -> None:
        """How the processes beside this one get on, as points of the next scans and as metrics."""
        self._compacted = compacted_to(self._folder, self._compacted)
        sent, refused = forwarded_to(self._folder)
        free_gb = shutil.disk_usage(self._folder).free / 1e9
        own = {
            "compaction_lag": float(number - self._compacted),
            "forward_lag": float(number - sent) if sent is not None else 0.0,
            "dead_letters": float(refused),
            "disk_free": round(free_gb, 1),
            "seal_age": self._seal_age_min(use.engine.plant, time_ns),
            "settings_differ": float(self._settings_differ),
        }
        use.reading.about_service(own)
        self._metrics.about_service(own)

    def _seal_age_min(self, plant: Plant, time_ns: int) -> float:
        """Since when a place outside lacks the head of the journal; 0 where the plant file names no place."""
        if not plant.file.seal_places:
            return 0.0
        since_ns = outside_since_ns(self._folder) or self._began_ns
        return round(max(0.0, (time_ns - since_ns) / 60e9), 1)

    def _audit_daily(self, engine: Engine, time_ns: int) -> None:
        """Compare the settings in use with the approved ones on each day of the site, and after each start."""
        day = day_of(time_ns, engine.plant.file.site.timezone)
        if self._live and day != self._audited_day and self._audit is None:
            self._audited_day = day
            self._audit = asyncio.create_task(asyncio.to_thread(audit, engine, self._folder))

    def _audited(self) -> tuple[Fact, ...]:
        """What an audit that is done has to say."""
        if self._audit is None or not self._audit.done():
            return ()
        task, self._audit = self._audit, None
        try:
            done = task.result()
        except PlantsafeError as error:  # a record that cannot be read now is read tomorrow
            return (Fact(kind="settings_audit_failed", subject="service", body={"reason": str(error)}),)
        self._settings_differ = done.differ
        return done.facts

    def _move_out(self, writer: RecordKeeper, fact: Fact) -> None:
        """Events that were moved out go from the record, some a scan; those that are not as the request says stay."""
        try:
            about = fact.body
            writer.archive(Archived(seq=int(about["last"]), hash=str(about["hash"]), state=str(about["states"])))
            self._dropping = True
        except (StoreError, KeyError, TypeError, ValueError) as error:
            log.warning("journal_not_moved_out", reason=str(error))
            self._later.append(Fact(kind="archive_failed", subject=fact.subject, body={"reason": str(error)}))

    async def _prepared(self, plant_hash: str, document: str | None, period_ns: int) -> _Use | Fact:
        """Compile the new description beside the running scans, and open its sources."""
        try:
            if document is None:
                raise StoreError("no description came with the request")
            plant = await asyncio.to_thread(plant_of_document, document)
            if plant.hash != plant_hash:
                raise StoreError(f"the description has the hash {plant.hash[:12]}")
            if plant.period_ns != period_ns:
                raise StoreError("another scan period needs a restart of the scan service")
            with RecordReader(self._folder) as reader:
                approved = approved_in_journal(reader, plant.hash)
            reading = self._read(plant)
            await reading.open(FIRST_ANSWER_S)
        except (PlantsafeError, ValueError) as error:
            return Fact(kind="plant_load_failed", subject=plant_hash, body={"reason": str(error)})
        return _Use(engine=Engine(plant, approved=approved), reading=reading)

    async def _change(self, use: _Use, writer: RecordKeeper) -> list[Fact]:
        """Take up a prepared plant description between two scans; states go over by name."""
        if self._next is None or not self._next.done():
            return []
        prepared, self._next = self._next.result(), None
        if isinstance(prepared, Fact):
            return [prepared]
        before, after = use.engine, prepared.engine
        removed = carried(before, after)
        writer.add_plant(after.plant.hash, after.plant.document())
        await use.reading.close()
        use.engine, use.reading, use.fresh = after, prepared.reading, True
        self._audited_day = 0  # what runs now is compared at the next look
        body = {
            "plant": after.plant.hash,
            "before": before.plant.hash,
            "approved": after.approved,
            "changes": [change.en for change in differences(before.plant, after.plant)],
        }
        return [Fact(kind="plant_loaded", subject=after.plant.hash, body=body), *removed]

    def _change_model(self, use: _Use) -> list[Fact]:
        """Take what was learnt to be normal into use between two scans."""
        if self._model is None or not self._model.done():
            return []
        found, self._model = self._model.result(), None
        if isinstance(found, Fact):
            return [found]
        use.fresh = True
        return [taken_up(use.engine, found)]

    def _chain(self, facts: list[Fact], number: int, time_ns: int) -> list[EventRow]:
        rows = chained(facts, scan=number, time_ns=time_ns, seq=self._seq, previous=self._head)
        if rows:
            self._seq, self._head = rows[-1].seq, rows[-1].hash
        return rows


def _started(engine: Engine, resumed: Resumed, number: int) -> Fact:
    gap = number - resumed.last_number - 1 if resumed.last_number else 0
    reason = "first start" if not resumed.last_number else "stopped" if resumed.clean_stop else "interrupted"
    return Fact(
        kind="service_started",
        subject="service",
        body={
            "plant": engine.plant.hash,
            "approved": engine.approved,
            "engine": ENGINE_VERSION,
            "version": __version__,
            "after_scan": resumed.last_number,
            "scans_missed": gap,
            "reason": reason,
        },
    )


def _recovered(entries: int, *, after_restart: bool) -> Fact:
    body = {"entries": entries, "after_restart": after_restart}
    return Fact(kind="record_recovered", subject="service", body=body)


def _lost(first: int, last: int, reason: str) -> Fact:
    return Fact(kind="scans_lost", subject="service", body={"first": first, "last": last, "reason": reason})
