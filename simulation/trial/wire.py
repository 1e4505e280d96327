"""A scenario on the wire: real servers in a process of their own, real connectors, the real scan service.

In lock step: the plant lives one scan period, then the service reads, judges and records, then the plant lives on. Only
windows around what matters are run so; before each, the engine of virtual time gives its memory and its journal to the
service by the way every restart takes. In a window both must say the same at the same scan numbers.
"""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from connectors.factory import make_source
from plantsafe.clock import Clock
from plantsafe.frame import Frame
from plantsafe.plant import Plant
from plantsafe.scan.engine import ENGINE_VERSION, ScanRecord
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.service import ScanService
from plantsafe.source import Columns, CountingSource, Source, SourceCounts, Stamped, StampingSource
from plantsafe.store.inbox import submit
from plantsafe.store.record import EventRow, RecordReader, RecordWriter, Snapshot
from plantsafe.verdict import Fact
from simulation.scenario import Scenario
from simulation.trial.lock_step import HandClock
from simulation.trial.variation import Drawn
from simulation.trial.virtual import VirtualScans, asked_for, simulated_plant
from simulation.trial.wire_process import SteppedServers, stepped_servers

BEFORE_S, AFTER_FAULT_S, AFTER_ACT_S = 5.0, 30.0, 8.0  # site default: how much of a run is repeated on the wire
ANSWER_S = 30.0  # site default: a server that is there answers in milliseconds; a loaded machine needs longer
AGAIN_S = 0.05
STAMPED = ("device_event", "device_response")

Transition = tuple[int, str, str]
Window = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRun:
    """What the wire showed: windows of scan numbers, how much was compared, and every difference in words.

    device_events: how many of the transitions the event buffers gave on the wire.
    """

    windows: tuple[Window, ...]
    scans: int
    transitions: int
    device_events: int
    other_frames: int
    differences: tuple[str, ...]
    cpu_s: float

    @property
    def same(self) -> bool:
        """True when the wire said what virtual time said."""
        return not self.differences and self.other_frames == 0 and self.scans > 0


def run_wire(scenario: Scenario, *, seed: int, drawn: Drawn, windows: Sequence[Window] | None = None) -> WireRun:
    """Run `scenario` on the wire in `windows` (scan numbers, both ends included), or around what matters in it."""
    return asyncio.run(_run(scenario, seed, drawn, windows))


def windows_around(scenario: Scenario, drawn: Drawn, matters: Iterable[Transition]) -> tuple[Window, ...]:
    """Around the faults, and around the first of each thing that the scenario expects."""
    file, period_s = scenario.file, scenario.plant.file.scan_period_s
    wanted = {("tripped", act.function) for act in file.act} | {
        ("safe_state_reached", act.function) for act in file.act
    }
    wanted |= {(kind, must.condition) for must in file.raises for kind in ("alarm_raised", "finding_raised")}
    spans = [(fault.at_s + drawn.delay_s, AFTER_FAULT_S) for fault in file.faults]
    for number, kind, subject in matters:
        if (kind, subject) in wanted:
            wanted.discard((kind, subject))
            spans.append((number * period_s, AFTER_ACT_S))
    merged: list[list[int]] = []
    for at_s, after_s in sorted(spans):
        first = max(2, int((at_s - BEFORE_S) / period_s))
        last = min(scenario.n_scans, int((at_s + after_s) / period_s))
        if merged and first <= merged[-1][1] + 2:
            merged[-1][1] = max(merged[-1][1], last)
        elif first <= last:
            merged.append([first, last])
    return tuple((first, last) for first, last in merged)


async def _run(scenario: Scenario, seed: int, drawn: Drawn, windows: Sequence[Window] | None) -> WireRun:
    began = time.process_time()
    if windows is None:
        windows = windows_around(scenario, drawn, await _what_happens(scenario, seed, drawn))
    virtual = VirtualScans(scenario, simulated_plant(scenario, seed, drawn, protected=True), fast=False)
    differences: list[str] = []
    scans = transitions = device_events = other_frames = 0
    with tempfile.TemporaryDirectory(prefix="ps-wire-") as name:
        room = Path(name)
        async with stepped_servers(scenario, seed, drawn, room) as servers:
            journal: list[EventRow] = []
            for first, last in windows:
                await servers.advance((first - 1 - virtual.engine.last_number) * virtual.seconds)
                record: ScanRecord | None = None
                while virtual.engine.last_number < first - 1:
                    record, rows = await virtual.next()
                    journal += rows
                assert record is not None  # noqa: S101  # windows begin after the first scan, with room between them
                folder = room / f"scan-{first}"
                folder.mkdir()
                _hand_over(scenario.plant, folder, virtual, record, journal)
                async with aclosing(_scan_on_wire(scenario, folder, servers, virtual, first, last)) as on_wire:
                    async for real in on_wire:
                        dreamt, rows = await virtual.next()
                        journal += rows
                        scans, transitions = scans + 1, transitions + len(dreamt.facts)
                        device_events += sum(fact.kind == "device_event" for fact in real.facts)
                        differences += _differences(dreamt, real)
                        other_frames += _bytes_of(scenario.plant, dreamt.frame) != _bytes_of(scenario.plant, real.frame)
                differences += _restart_differences(folder)
    return WireRun(
        windows=tuple(windows),
        scans=scans,
        transitions=transitions,
        device_events=device_events,
        other_frames=other_frames,
        differences=tuple(differences),
        cpu_s=time.process_time() - began,
    )


async def _what_happens(scenario: Scenario, seed: int, drawn: Drawn) -> list[Transition]:
    """The transitions of virtual time until all that is expected has come, or the end."""
    file = scenario.file
    virtual = VirtualScans(scenario, simulated_plant(scenario, seed, drawn, protected=True), fast=False)
    waiting = {act.function for act in file.act} | {must.condition for must in file.raises}
    found: list[Transition] = []
    while virtual.engine.last_number < scenario.n_scans and waiting:
        record, _ = await virtual.next()
        for number, kind, subject in _transitions(record):
            found.append((number, kind, subject))
            if kind in ("safe_state_reached", "alarm_raised", "finding_raised"):
                waiting.discard(subject)
    return found


def _hand_over(
    plant: Plant, folder: Path, virtual: VirtualScans, record: ScanRecord, journal: Sequence[EventRow]
) -> None:
    """Write what the engine of virtual time knows as a record that a service can take up."""
    engine, frame = virtual.engine, record.frame
    snapshot = Snapshot(number=frame.number, plant=plant.hash, engine=ENGINE_VERSION, data=engine.snapshot())
    writer = RecordWriter(folder)
    try:
        writer.add_plant(plant.hash, plant.document())
        writer.write_scan(frame, journal, (), record.live, snapshot)
    finally:
        writer.close()


async def _scan_on_wire(
    scenario: Scenario, folder: Path, servers: SteppedServers, virtual: VirtualScans, first: int, last: int
) -> AsyncGenerator[ScanRecord, None]:
    """The scans of the service, one a step of the plant, from number `first` up to `last`."""
    plant, asked = scenario.plant, asked_for(scenario)

    def ask(number: int) -> None:
        for request in asked.get(number, ()):
            submit(folder, request)

    ask(first)
    scanned: asyncio.Queue[ScanRecord] = asyncio.Queue()
    stop = asyncio.Event()
    clock = HandClock.at(await servers.advance(virtual.seconds))
    metrics = Metrics(period_wall_s=clock.wall_s(plant.period_ns))

    def sources(of: Plant) -> list[Source]:
        return [Patient(make_source(of, name, servers.endpoints[name]), servers) for name in of.read_sources]

    service = ScanService(plant, folder, sources, clock, metrics, on_scan=scanned.put_nowait)
    running = asyncio.create_task(service.run(stop))
    try:
        while True:
            waiting = asyncio.create_task(scanned.get())
            await asyncio.wait((waiting, running), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                waiting.cancel()
                running.result()
                return
            record = waiting.result()
            yield record
            if record.frame.number >= last:
                return
            ask(record.frame.number + 1)
            clock.hand.move(await servers.advance(virtual.seconds))
    finally:
        stop.set()
        await running


class Patient:
    """A source that is asked again until it answers, as long as its server is meant to: the plant waits for it."""

    def __init__(self, source: Source, servers: SteppedServers) -> None:
        self._source, self._servers = source, servers

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        return self._source.name

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        return self._source.points

    def counts(self) -> SourceCounts:
        """What the source says of its link."""
        return self._source.counts() if isinstance(self._source, CountingSource) else SourceCounts()

    async def open(self) -> None:
        """Begin to connect."""
        await self._source.open()

    async def read(self, clock: Clock) -> Columns:
        """All points, once they come."""
        deadline = time.monotonic() + ANSWER_S
        while True:
            columns = await self._source.read(clock)
            if columns.answered or self.name in self._servers.silent or time.monotonic() > deadline:
                return columns
            await asyncio.sleep(AGAIN_S)

    async def stamped(self) -> Stamped | None:
        """What is new in the event buffer, where the source has one."""
        return await self._source.stamped() if isinstance(self._source, StampingSource) else None

    async def close(self) -> None:
        """End the connection."""
        await self._source.close()


def _transitions(record: ScanRecord) -> list[Transition]:
    return [(record.frame.number, fact.kind, fact.subject) for fact in record.facts]


def _differences(virtual: ScanRecord, wire: ScanRecord) -> Iterator[str]:
    if virtual.frame.number != wire.frame.number:
        yield f"scan {virtual.frame.number} in virtual time is scan {wire.frame.number} on the wire"
        return
    dreamt, real = _told(virtual.facts), _told(wire.facts)
    for fact in sorted(dreamt - real):
        yield f"scan {virtual.frame.number}: {fact} in virtual time only"
    for fact in sorted(real - dreamt):
        yield f"scan {virtual.frame.number}: {fact} on the wire only"


def _told(facts: Iterable[Fact]) -> set[str]:
    """Kind and subject of each; of what a device stamped, all that it said."""
    return {f"{fact.kind} {fact.subject}" + (f" {fact.body}" if fact.kind in STAMPED else "") for fact in facts}


def _restart_differences(folder: Path) -> Iterator[str]:
    with RecordReader(folder) as reader:
        for event in reader.events(kinds=("restart_difference", "scans_lost")):
            yield f"scan {event.scan}: {event.kind} {event.subject} {event.body}"


def _bytes_of(plant: Plant, frame: Frame) -> bytes:
    """All that was read from the plant; how long the reads took is another matter."""
    digest = hashlib.sha256()
    for of_points in (frame.value, frame.status, frame.source_time_ns):
        digest.update(of_points[: plant.n_read].tobytes())
    for of_sources in (frame.received, frame.origin, frame.resolution_ns):
        digest.update(of_sources[: len(plant.read_sources)].tobytes())
    digest.update(f"{frame.number} {frame.time_ns} {frame.plant}".encode())
    return digest.digest()
