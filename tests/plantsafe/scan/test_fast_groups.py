"""Fast groups on the wire: real servers, the running service, and what the record holds of the time between scans."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from connectors.factory import make_source
from plantsafe.clock import NS_PER_S, Clock
from plantsafe.frame import BAD_NO_COMMUNICATION, BAD_NO_DATA, NO_FAST_SAMPLES, Frame, is_good
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.scan.metrics import Metrics
from plantsafe.scan.pace import Pace
from plantsafe.scan.reading import Reading
from plantsafe.scan.replay import replay
from plantsafe.scan.service import ScanService
from plantsafe.store.record import RecordReader
from simulation.servers import ModbusServer, OpcUaServer

RATE = 2.0  # a scan takes half a second of wall time
WAIT_S = 20.0
TEXT = {"en": "text", "zh": "文字"}
HB = {"kind": "count", "range": [0, 1e9]}


def document(**groups: list[dict[str, Any]]) -> dict[str, Any]:
    source = {"title": TEXT, "consequence": TEXT, "action": TEXT}
    points = [("C.HB", "DCS", HB), ("C.P", "DCS", {}), ("C.Q", "DCS", {}), ("S.HB", "SIS", HB), ("S.P", "SIS", {})]
    points += [("S.Q", "SIS", {})]
    return {
        "schema": 1,
        "author": "test",
        "site": {"name": "small", "title": TEXT},
        "workshops": [{"name": "W1", "title": TEXT, "head_count_max": 9}],
        "units": [{"name": "R1", "title": TEXT, "workshop": "W1", "process": "utility"}],
        "sources": [
            source
            | {"name": "DCS", "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:1", "namespace": "urn:x"}
            | {"heartbeat": "C.HB", "fast_groups": groups.get("DCS", [])},
            source
            | {"name": "SIS", "protocol": "modbus", "endpoint": "127.0.0.1:1", "heartbeat": "S.HB"}
            | {"fast_groups": groups.get("SIS", [])},
        ],
        "points": [
            {"name": name, "title": TEXT, "unit": "R1", "source": source, "range": [0.0, 200.0], **more}
            | (
                {"opcua": {"node": f"s={name}"}}
                if source == "DCS"
                else {"modbus": {"table": "input", "address": 2 * i, "type": "float32"}}
            )
            for i, (name, source, more) in enumerate(points)
        ],
        "alarms": [
            {
                "name": f"{point}.H", "point": point, "direction": "H", "limit": 80.0, "deadband": 1.0, "priority": 2,
                "class": "safety", "consequence": TEXT, "action": TEXT, "respond_min": 5,
            }
            for point in ("C.P", "S.P")
        ],
    }  # fmt: skip


def plant_with(**groups: list[dict[str, Any]]) -> Plant:
    return compile_plant(PlantFile.model_validate(document(**groups)))


BOTH = {
    "DCS": [{"name": "c", "period_s": 0.25, "points": ["C.P"]}],
    "SIS": [{"name": "s", "period_s": 0.2, "points": ["S.Q", "S.P"]}],
}


class Shown:
    """What the two servers show, by point name; `set` changes it at once. Heartbeats beat by `beat`."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.control, self.safety = OpcUaServer(plant, "DCS"), ModbusServer(plant, "SIS")
        self.servers = {"DCS": self.control, "SIS": self.safety}
        self.values = {"C.HB": 0.0, "C.P": 1.0, "C.Q": 2.0, "S.HB": 0.0, "S.P": 3.0, "S.Q": 4.0}

    async def set(self, **values: float) -> None:
        self.values |= {name.replace("_", "."): value for name, value in values.items()}
        for name, server in self.servers.items():
            names = [self.plant.points.names[row] for row in self.plant.sources.points[self.plant.sources.row[name]]]
            shown = np.array([self.values[point] for point in names])
            good, at = np.zeros(len(names), dtype=np.uint32), np.full(len(names), NS_PER_S, dtype=np.int64)
            await server.update(shown, good, at)

    def endpoints(self) -> dict[str, str]:
        return {name: server.endpoint for name, server in self.servers.items()}


async def requests_more(server: ModbusServer, n: int) -> None:
    """Return when the server was asked n times more."""
    asked = server.requests
    while server.requests < asked + n:  # noqa: ASYNC110  the server has no event for it
        await asyncio.sleep(0.002)


Show = Callable[[Plant], Awaitable[Shown]]


@pytest.fixture
async def show() -> AsyncIterator[Show]:
    running: list[Shown] = []

    async def start(plant: Plant) -> Shown:
        shown = Shown(plant)
        for server in shown.servers.values():
            await server.start()
        running.append(shown)
        await shown.set()
        return shown

    yield start
    for shown in running:
        for server in shown.servers.values():
            await server.stop()


async def frames_of(plant: Plant, shown: Shown, n: int, act: Callable[[int], Awaitable[None]]) -> list[Frame]:
    """n frames as the running service reads them; `act` is awaited beside the reading after each scan."""
    clock = Clock.simulated(rate=RATE)
    sources = [make_source(plant, name, endpoint) for name, endpoint in shown.endpoints().items()]
    reading = Reading(plant, sources, clock)
    await reading.open(WAIT_S)
    frames = []
    start_ns = clock.now_ns()
    try:
        for number in range(1, n + 1):
            instant_ns = start_ns + number * plant.period_ns
            await clock.sleep_until(instant_ns)
            frames.append(await reading.frame(number, instant_ns, instant_ns))
            await act(number)
    finally:
        await reading.close()
    return frames


async def nothing(_: int) -> None:
    return None


async def test_points_of_both_protocols_are_read_between_scans(show: Show) -> None:
    plant = plant_with(**BOTH)
    shown = await show(plant)
    first, second, third = await frames_of(plant, shown, 3, nothing)
    assert set(first.fast.status.ravel().tolist()) == {BAD_NO_DATA}
    for frame in (second, third):
        fast = frame.fast
        assert [plant.points.names[row] for row in fast.point] == ["C.P", "S.Q", "S.P"]
        assert fast.group.tolist() == [0, 1, 1]
        assert fast.value[:, :3].tolist() == [[1.0] * 3, [4.0] * 3, [3.0] * 3]
        assert bool(is_good(fast.status[:, :3]).all())
        assert fast.status[:, 3].tolist() == [BAD_NO_DATA, 0, 0]
        planned_ns = -NS_PER_S + np.array([250, 500, 750]) * 1_000_000
        late_ns = fast.begun_ns[0, :3] - planned_ns
        assert bool((late_ns >= 0).all())
        assert bool((late_ns < 250_000_000).all())
        assert bool((fast.ended_ns >= fast.begun_ns).all())


async def test_change_between_two_scans_is_told_from_one_before(show: Show) -> None:
    plant = plant_with(**BOTH)
    shown = await show(plant)
    server = shown.safety

    async def act(number: int) -> None:
        if number == 2:
            await requests_more(server, 2)
            await shown.set(S_P=9.0, C_P=8.0)

    third = (await frames_of(plant, shown, 3, act))[2]
    for row in (0, 2):
        samples = third.fast.value[row, : 3 + row // 2].tolist()
        assert samples[-1] > samples[0], samples
        assert samples == sorted(samples)


async def test_plant_without_fast_groups_reads_and_keeps_none(show: Show) -> None:
    plant = plant_with()
    shown = await show(plant)
    frames = await frames_of(plant, shown, 2, nothing)
    assert all(frame.fast is NO_FAST_SAMPLES for frame in frames)


async def test_silent_source_gives_bad_samples_and_the_other_goes_on(show: Show) -> None:
    plant = plant_with(**BOTH)
    shown = await show(plant)
    await shown.safety.stop()
    clock = Clock.simulated(rate=RATE)
    sources = [make_source(plant, name, endpoint) for name, endpoint in shown.endpoints().items()]
    pace = Pace(plant, sources, clock)
    for source in sources:
        await source.open()
    await pace.open()
    start_ns = clock.now_ns()
    pace.begin(start_ns)
    async with asyncio.timeout(WAIT_S):
        scan = 0
        while True:
            scan += 1
            await clock.sleep_until(start_ns + scan * plant.period_ns)
            fast = pace.samples(start_ns + scan * plant.period_ns)
            if bool(is_good(fast.status[0, :3]).all()):
                break
    assert set(fast.status[1:].ravel().tolist()) == {BAD_NO_COMMUNICATION}
    assert bool(np.isnan(fast.value[1:]).all())
    await pace.close()
    for source in sources:
        await source.close()


async def test_group_that_cannot_keep_its_pace_is_counted_and_does_not_hold_the_scan(show: Show) -> None:
    groups = {"SIS": [{"name": "s", "period_s": 0.1, "points": ["S.P"]}]}
    plant = compile_plant(PlantFile.model_validate(document(**groups) | {"scan_period_s": 1.0}))
    shown = await show(plant)
    entry = plant.file.sources[1].model_copy(
        update={"limits": plant.file.sources[1].limits.model_copy(update={"requests_per_s": 4.0})}
    )
    slow = compile_plant(plant.file.model_copy(update={"sources": (plant.file.sources[0], entry)}))
    clock = Clock.simulated(rate=RATE)
    sources = [make_source(slow, name, endpoint) for name, endpoint in shown.endpoints().items()]
    reading = Reading(slow, sources, clock)
    await reading.open(WAIT_S)
    start_ns = clock.now_ns()
    for number in range(1, 5):
        await clock.sleep_until(start_ns + number * slow.period_ns)
        frame = await reading.frame(number, 0, start_ns + number * slow.period_ns)
        assert frame.received.tolist() == [number, number, number]
    await reading.close()
    assert reading.work["DCS"].left_out == 0
    assert reading.work["SIS"].left_out >= 3


async def test_peak_that_no_scan_saw_raises_and_replays_bit_for_bit(show: Show, tmp_path: Path) -> None:
    plant = plant_with(**BOTH)
    shown = await show(plant)
    server = shown.safety
    stop = asyncio.Event()
    scans = 0
    pulses: list[asyncio.Task[None]] = []

    async def pulse() -> None:
        await shown.set(S_P=120.0)
        await requests_more(server, 1)
        await shown.set(S_P=3.0)

    def on_scan(_: object) -> None:
        nonlocal scans
        scans += 1
        if scans == 3:
            pulses.append(asyncio.create_task(pulse()))
        if scans == 6:
            stop.set()

    clock = Clock.simulated(rate=RATE)
    endpoints = shown.endpoints()

    def sources(of: Plant) -> list[Any]:
        return [make_source(of, name, endpoints[name]) for name in of.read_sources]

    service = ScanService(plant, tmp_path, sources, clock, Metrics(period_wall_s=0.5), on_scan=on_scan)
    async with asyncio.timeout(WAIT_S):
        await service.run(stop)
    with RecordReader(tmp_path) as reader:
        frames = list(reader.frames(1, reader.last_number()))
        raised = [event.scan for event in reader.events(kinds=("alarm_raised",), subject="S.P.H")]
    with HistoryReader(tmp_path) as history:
        replayed = replay(history)
    row = plant.points.row["S.P"]
    assert max(float(frame.value[row]) for frame in frames) == 3.0
    assert raised == [4]
    assert replayed.differences == ()
