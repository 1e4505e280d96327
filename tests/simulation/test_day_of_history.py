"""A day of the demo plant through the running service, its record and its compactor: nothing is missing unnamed."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from plantsafe.clock import NS_PER_S, Clock, SteppedClock
from plantsafe.history.gaps import named_gaps
from plantsafe.history.reader import HistoryReader
from plantsafe.history.verify import faults
from plantsafe.plant import Plant
from plantsafe.scan.engine import ScanRecord
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.replay import replay
from plantsafe.scan.service import ScanService
from plantsafe.source import Columns, Source
from simulation.plant import SimulatedPlant
from simulation.virtual_source import virtual_sources

HOUR_S = 3600
BEGIN_NS = (1_767_225_600 + 6 * HOUR_S) * NS_PER_S  # 06:00, so that midnight is inside
TROUBLES = (
    "comms_loss_opcua", "tube_coolant_loss", "occupancy_breach", "micro_coolant_loss", "comms_loss_modbus",
    "separator_overheating", "heartbeat_frozen", "gas_leak_no2", "sb_cooling_loss",
)  # fmt: skip
TROUBLE_S = 240
JUMP_EVERY, JUMP_S = 7919, 5  # scans after which the machine is away for a while, and for how long
DOWN_S = 90


class FollowedSource:
    """A source of a simulated plant that lives up to the instant of each scan."""

    def __init__(self, source: Source, simulated: SimulatedPlant) -> None:
        self._source, self._simulated = source, simulated

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def points(self) -> NDArray[np.intp]:
        return self._source.points

    async def open(self) -> None:
        await self._source.open()

    async def read(self, clock: Clock) -> Columns:
        behind_s = (clock.now_ns() - self._simulated.time_ns) // NS_PER_S
        if behind_s > 0:
            self._simulated.advance(behind_s)
        return await self._source.read(clock)

    async def close(self) -> None:
        await self._source.close()


@contextmanager
def compactor(folder: Path) -> Iterator[None]:
    """As `plantsafe run` has it beside the scan service."""
    words = [sys.executable, "-m", "plantsafe", "compact", "--data", str(folder), "--follow"]
    process = subprocess.Popen(words)
    try:
        yield
        assert process.poll() is None, "the compactor ended by itself"
    finally:
        process.terminate()
        process.wait()


def serve(
    plant: Plant, simulated: SimulatedPlant, folder: Path, clock: SteppedClock, until_ns: int,
    scanned: Callable[[ScanRecord], None],
) -> int:  # fmt: skip
    """Scan until an instant; how many scans that were."""

    def sources(_: Plant) -> Sequence[Source]:
        return [FollowedSource(source, simulated) for source in virtual_sources(simulated)]

    async def run() -> int:
        stop = asyncio.Event()

        def on_scan(record: ScanRecord) -> None:
            scanned(record)
            if record.frame.time_ns >= until_ns:
                stop.set()

        service = ScanService(plant, folder, sources, clock, Metrics(period_wall_s=1.0), on_scan=on_scan, live=False)
        await service.run(stop)
        return service.counts.done

    return asyncio.run(run())


@pytest.mark.long
def test_every_scan_of_a_day_is_there_or_named_and_steps_to_the_same_transitions(demo: Plant, tmp_path: Path) -> None:
    """An hour, a trouble. Once the service is stopped for a while, and at times the machine is away for seconds."""
    simulated = SimulatedPlant(demo, seed=1, epoch_ns=BEGIN_NS)
    clock = SteppedClock.at(BEGIN_NS)
    end_ns = BEGIN_NS + 24 * HOUR_S * NS_PER_S

    def scanned(record: ScanRecord) -> None:
        number = record.frame.number
        if number % HOUR_S == HOUR_S // 2:
            simulated.faults.inject(TROUBLES[number // HOUR_S % len(TROUBLES)], duration_s=TROUBLE_S)
        if number % JUMP_EVERY == 0:
            clock._at[0] += JUMP_S * NS_PER_S

    began = time.monotonic()
    with compactor(tmp_path):
        done = serve(demo, simulated, tmp_path, clock, (BEGIN_NS + end_ns) // 2, scanned)
        clock._at[0] += DOWN_S * NS_PER_S
        done += serve(demo, simulated, tmp_path, clock, end_ns, scanned)
    ran_s = time.monotonic() - began

    with HistoryReader(tmp_path) as history:
        numbers = history.frame_numbers(1, 10**9)
        gaps = named_gaps(history)
        lost = {number for gap in gaps for number in range(gap.first, gap.last + 1)}
        assert len(numbers) == len(set(numbers)) == done
        assert set(numbers) | lost == set(range(1, numbers[-1] + 1))
        assert not set(numbers) & lost
        assert {gap.reason for gap in gaps} == {"lost: overrun", "the scan service was stopped"}
        assert history.mark() > numbers[-1] // 2
        assert len(history.files()) == 2
        again = replay(history)
        assert (again.scans, again.differences) == (done, ())
        kinds = Counter(event.kind for event in history.record.events())
        assert all(kinds[kind] > 10 for kind in ("alarm_raised", "alarm_cleared"))
        started = [json.loads(event.body) for event in history.record.events(kinds=("service_started",))]
        assert [body["scans_missed"] > 0 for body in started] == [False, True]
        mark, size = history.mark(), sum(path.stat().st_size for path in tmp_path.glob("*.db"))
        day_size = sum(path.stat().st_size for path in tmp_path.glob("2*.db"))
    assert list(faults(tmp_path)) == []
    print(
        f"{done} scans of {demo.n_points} points, {len(lost)} lost and named, {again.events} events of the engine "
        f"({kinds['alarm_raised']} alarms raised, {kinds['tripped']} trips); {mark} scans compacted, {day_size} bytes, "
        f"{day_size / mark / demo.n_points:.2f} a sample, {size} bytes in all; {ran_s:.0f} s to record, "
        f"{time.monotonic() - began - ran_s:.0f} s to read back and step"
    )
