"""Several units and several sources behind one address: a dead one delays no other, and answers find their requests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest
import structlog
from faulty_device import FaultyDevice, all_good, fault_of

from connectors.modbus import ModbusSource
from connectors.modbus.map import register_map
from plantsafe.clock import Clock
from plantsafe.frame import is_good
from plantsafe.plant import Plant
from plantsafe.plant.tables import compile_plant
from plantsafe.source import Columns

RECOVERY_S = 5.0
ReadUntil = Callable[..., Awaitable[Columns]]


@pytest.fixture
async def device() -> AsyncIterator[FaultyDevice]:
    device = FaultyDevice()
    yield device
    await device.stop()


def on_unit_2(plant: Plant, *names: str) -> Plant:
    points = [
        point.model_copy(update={"modbus": point.modbus.model_copy(update={"device": 2})})
        if point.name in names
        else point
        for point in plant.file.points
    ]
    return compile_plant(plant.file.model_copy(update={"points": tuple(points)}))


@pytest.mark.parametrize("kind", ["silent", "exception 11", "wrong unit"])
async def test_dead_unit_behind_a_gateway_delays_no_other_and_is_back_within_5_s(
    plant: Plant, device: FaultyDevice, read_until: ReadUntil, clock: Clock, kind: str
) -> None:
    plant = on_unit_2(plant, "N-1", "XS-2")
    mine = np.array([name in ("N-1", "XS-2") for name in register_map(plant, "SIS").names])
    source = ModbusSource(plant, "SIS", await device.start())
    await source.open()
    await read_until(source, all_good)
    dead = fault_of(kind)
    device.fault = lambda request, true: dead(request, true) if request[6] == 2 else true
    with structlog.testing.capture_logs() as logs:
        first = await source.read(clock)
        assert (is_good(first.status) == ~mine).all()  # even in the read in which the unit dies
        for _ in range(20):
            columns = await source.read(clock)
            assert (is_good(columns.status) == ~mine).all()
            await asyncio.sleep(0.1)
        device.fault = None
        await read_until(source, all_good, within_s=RECOVERY_S)
    assert [entry["event"] for entry in logs] == ["device_silent", "device_answers"]
    asked = sum(request[6] == 2 for request in device.requests[-100:])
    assert asked < 25
    await source.close()


async def test_two_sources_at_one_address_share_its_socket(
    plant: Plant, device: FaultyDevice, read_until: ReadUntil, clock: Clock
) -> None:
    endpoint = await device.start()
    other = plant.file.sources[1].model_copy(update={"name": "SIS-2", "heartbeat": "XS-1"})
    points = [
        point.model_copy(update={"source": "SIS-2"}) if point.name in ("XS-1", "XS-2") else point
        for point in plant.file.points
    ]
    plant = compile_plant(
        plant.file.model_copy(update={"sources": (*plant.file.sources, other), "points": tuple(points)})
    )
    first, second = ModbusSource(plant, "SIS", endpoint), ModbusSource(plant, "SIS-2", endpoint)
    await first.open()
    await second.open()
    await read_until(first, all_good)
    for _ in range(5):
        answers = await asyncio.gather(first.read(clock), second.read(clock))
        assert all(all_good(columns) for columns in answers)
    assert device.connections == 1
    await first.close()
    assert all_good(await second.read(clock))
    await second.close()


async def test_requests_under_way_are_matched_by_their_transaction(
    plant: Plant, device: FaultyDevice, read_until: ReadUntil, clock: Clock
) -> None:
    held: list[bytes] = []

    def reordered(request: bytes, true: bytes) -> bytes | None:
        held.append(true)
        return b"".join(held.pop() for _ in range(2)) if len(held) == 2 else None

    source = ModbusSource(plant, "SIS", await device.start(), depth=2)
    await source.open()
    true = await read_until(source, all_good)
    if len(source.blocks) % 2 == 0:
        device.fault = reordered
        assert (await source.read(clock)).value.tolist() == true.value.tolist()
    device.fault = None
    await source.close()
