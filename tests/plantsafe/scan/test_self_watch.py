"""The source `plantsafe`: its points are filled from the work of the others, and shown as metrics."""

import asyncio
from typing import Any

import numpy as np
from prometheus_client import generate_latest

from plantsafe.clock import Clock
from plantsafe.frame import BAD_NO_COMMUNICATION, GOOD, Frame, Origin, is_bad
from plantsafe.plant import Plant
from plantsafe.scan.assembly import Assembly
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.reading import Reading
from plantsafe.source import Columns, SourceCounts, silence

CLOCK = Clock.simulated(rate=1.0)


class Counting:
    """A source whose counts and answers the test sets; it answers when `gate` is open."""

    def __init__(self, plant: Plant, name: str) -> None:
        self.name = name
        self.points = plant.sources.points[plant.sources.row[name]]
        self.told = SourceCounts(clock_offset_s=0.25, writable_points=2)
        self.bad = 0
        self.reads = 0
        self.down = False
        self.gate = asyncio.Event()
        self.gate.set()

    def counts(self) -> SourceCounts:
        return self.told

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def read(self, clock: Clock) -> Columns:
        await self.gate.wait()
        self.reads += 1
        n = len(self.points)
        if self.down:
            return silence(n)
        status = np.where(np.arange(n) < self.bad, np.uint32(BAD_NO_COMMUNICATION), np.uint32(GOOD))
        return Columns(
            value=np.where(is_bad(status), np.nan, float(self.reads)), status=status,
            source_time_ns=np.zeros(n, dtype=np.int64), answered=True, origin=Origin.RECEIVE, resolution_ns=0,
        )  # fmt: skip


def shown(plant: Plant, frame: Frame, name: str) -> Any:
    """The value of a point, or its status in hexadecimal where it is bad."""
    row = plant.points.row[name]
    return f"{int(frame.status[row]):X}" if is_bad(frame.status[row : row + 1])[0] else float(frame.value[row])


async def test_figures_of_a_scan_are_what_happened_since_the_one_before(plant: Plant) -> None:
    source, assembly = Counting(plant, "DCS"), Assembly(plant)
    source.bad = 2
    for number, requests, reconnects in ((1, 10, 0), (2, 14, 0), (3, 14, 1)):
        source.told = SourceCounts(requests=requests, received_bytes=100 * requests, reconnects=reconnects)
        assembly.take(source, await source.read(CLOCK), number, 0.125)
        assembly.count(source)
        frame = assembly.frame(number, 0)
        seen = [shown(plant, frame, f"DCS.{name}") for name in ("requests", "received", "reconnects", "bad_points")]
        assert seen == {1: [10, 1000, 0, 2], 2: [4, 400, 0, 2], 3: [0, 0, 1, 2]}[number]
        assert shown(plant, frame, "DCS.read_time") == 0.125
        assert shown(plant, frame, "plantsafe.scan") == number
        assert frame.received[-1] == number
    assert shown(plant, frame, "DCS.clock_offset") == "80310000"  # this source does not know
    assert shown(plant, frame, "SIS.read_time") == "80310000"  # it was never read
    assert "SIS.clock_offset" not in plant.points.row


async def test_a_recorded_plantsafe_stands_in_the_place_of_ours(plant: Plant) -> None:
    recorded, assembly = Counting(plant, "plantsafe"), Assembly(plant)
    recorded.reads = 41
    assembly.take(recorded, await recorded.read(CLOCK), 1)
    frame = assembly.frame(1, 0)
    assert {shown(plant, frame, plant.points.names[row]) for row in recorded.points} == {42.0}


async def test_a_scan_that_goes_on_without_an_answer_is_an_overrun(plant: Plant) -> None:
    control, safety = Counting(plant, "DCS"), Counting(plant, "SIS")
    fast = Clock.simulated(rate=20.0)
    reading = Reading(plant, [control, safety], fast)
    safety.gate.clear()
    overruns = []
    for number in range(1, 4):
        if number == 3:
            safety.gate.set()
        frame = await reading.frame(number, 0, fast.now_ns())
        overruns.append((shown(plant, frame, "DCS.overruns"), shown(plant, frame, "SIS.overruns")))
    assert overruns == [(0, 1), (0, 1), (0, 0)]
    assert reading.work["SIS"].all_overruns == 2
    assert reading.work["DCS"].reads == 3
    await reading.close()


async def test_a_slow_source_is_read_every_nth_scan_and_keeps_its_answer(make_trace: Any, plant: Plant) -> None:
    entries = [entry.model_dump(exclude_defaults=True) for entry in plant.file.sources]
    entries[1]["scan_period_s"] = 3.0
    slow = make_trace(sources=entries).engine.plant
    control, safety = Counting(slow, "DCS"), Counting(slow, "SIS")
    fast = Clock.simulated(rate=100.0)
    reading = Reading(slow, [control, safety], fast)
    received = [(await reading.frame(number, 0, fast.now_ns())).received.tolist() for number in range(5, 12)]
    assert [two for _, two, _ in received] == [5, 5, 5, 8, 8, 8, 11]
    assert (control.reads, safety.reads) == (7, 3)
    await reading.close()


async def test_metrics_have_the_totals_by_source(plant: Plant) -> None:
    source, assembly, metrics = Counting(plant, "DCS"), Assembly(plant), Metrics(period_wall_s=1.0)
    source.told = SourceCounts(requests=7, sent_bytes=70, received_bytes=700, reconnects=1, clock_offset_s=-0.5)
    assembly.take(source, await source.read(CLOCK), 1, 0.25)
    assembly.count(source)
    metrics.sources.work = dict(zip(("DCS", "SIS"), assembly.watch.work, strict=True))
    page = generate_latest(metrics.registry).decode()
    for line in (
        'plantsafe_source_requests_total{source="DCS"} 7.0',
        'plantsafe_source_sent_bytes_total{source="DCS"} 70.0',
        'plantsafe_source_received_bytes_total{source="DCS"} 700.0',
        'plantsafe_source_reconnects_total{source="DCS"} 1.0',
        'plantsafe_source_read_seconds{source="DCS"} 0.25',
        'plantsafe_source_clock_offset_seconds{source="DCS"} -0.5',
        'plantsafe_source_reads_total{source="SIS"} 0.0',
    ):
        assert line in page
    assert 'plantsafe_source_read_seconds{source="SIS"}' not in page  # it was never read
    assert "certificate_days{" not in page  # there is none
