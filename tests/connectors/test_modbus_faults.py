"""Faults on the wire of a Modbus device: no point is ever wrongly Good, and all are right again within 5 s."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import structlog
from faulty_device import FAULTS, FaultyDevice, all_good, fault_of, lying, wrongly_good

from connectors.modbus import ModbusSource
from plantsafe.clock import Clock
from plantsafe.frame import is_good
from plantsafe.plant import Plant
from plantsafe.source import Columns

RECOVERY_S = 5.0
ReadUntil = Callable[..., Awaitable[Columns]]


@pytest.fixture
async def device() -> AsyncIterator[FaultyDevice]:
    device = FaultyDevice()
    yield device
    await device.stop()


@pytest.fixture
async def source(plant: Plant, device: FaultyDevice) -> AsyncIterator[ModbusSource]:
    source = ModbusSource(plant, "SIS", await device.start())
    await source.open()
    yield source
    await source.close()


@pytest.mark.parametrize("name", FAULTS)
async def test_no_point_is_wrongly_good_and_all_are_right_again_within_5_s(
    device: FaultyDevice, source: ModbusSource, read_until: ReadUntil, clock: Clock, name: str
) -> None:
    true = await read_until(source, all_good)
    device.fault = fault_of(name)
    loop = asyncio.get_running_loop()
    end_s = loop.time() + 0.5
    while loop.time() < end_s:
        columns = await source.read(clock)
        assert wrongly_good(columns, true) == 0
        assert name == "twice" or not is_good(columns.status).any()
        await asyncio.sleep(0.05)
    device.fault = None
    columns = await read_until(source, all_good, within_s=RECOVERY_S)
    assert columns.value.tolist() == true.value.tolist()


async def test_damaged_answers_never_give_a_value_that_the_device_does_not_have_unless_they_are_whole(
    device: FaultyDevice, source: ModbusSource, read_until: ReadUntil, clock: Clock
) -> None:
    true = await read_until(source, all_good)
    places = itertools.cycle(range(9))  # the header, the function and the byte count of every answer in turn

    def flip(request: bytes, answer: bytes) -> bytes:
        place = next(places)
        return lying(answer[:place] + bytes([answer[place] ^ 0x10]) + answer[place + 1 :])

    device.fault = flip
    loop = asyncio.get_running_loop()
    end_s = loop.time() + 1.0
    while loop.time() < end_s:
        assert wrongly_good(await source.read(clock), true) == 0
        await asyncio.sleep(0.01)
    device.fault = None
    await read_until(source, all_good, within_s=RECOVERY_S)


async def test_answer_kept_from_the_connection_before_is_never_taken(
    device: FaultyDevice, source: ModbusSource, read_until: ReadUntil, clock: Clock
) -> None:
    true = await read_until(source, all_good)
    kept: dict[bytes, bytes] = {}

    def answer_of_before(request: bytes, answer: bytes) -> bytes | None:
        before = kept.get(request[6:])  # the same request on an earlier connection
        kept[request[6:]] = lying(answer)
        return before

    device.fault = answer_of_before
    seen = device.connections
    while device.connections < seen + 4:
        columns = await source.read(clock)
        assert wrongly_good(columns, true) == 0
        await asyncio.sleep(0.02)
    device.fault = None
    await read_until(source, all_good, within_s=RECOVERY_S)


async def test_silent_device_is_logged_once_however_long_it_stays_silent(
    device: FaultyDevice, source: ModbusSource, read_until: ReadUntil, clock: Clock
) -> None:
    await read_until(source, all_good)
    with structlog.testing.capture_logs() as logs:
        device.fault = fault_of("silent")
        seen = device.connections
        while device.connections < seen + 4:
            assert not is_good((await source.read(clock)).status).any()
            await asyncio.sleep(0.02)
        device.fault = None
        await read_until(source, all_good)
    assert [entry["event"] for entry in logs if entry["event"].startswith("link")] == [
        "link_lost",
        "link_down",
        "link_up",
    ]


async def test_counts_say_what_a_source_did(
    device: FaultyDevice, source: ModbusSource, read_until: ReadUntil, clock: Clock
) -> None:
    await read_until(source, all_good)
    before = source.counts()
    await source.read(clock)
    after = source.counts()
    n_blocks = len(source.blocks)
    assert after.requests == before.requests + n_blocks
    assert after.sent_bytes == before.sent_bytes + 12 * n_blocks
    assert after.received_bytes == before.received_bytes + sum(9 + block.octets for block in source.blocks)
    assert (after.overruns, after.reconnects) == (0, 0)
    device.fault = fault_of("silent")
    assert not (await source.read(clock)).answered
    device.fault = None
    await read_until(source, all_good)
    assert source.counts().reconnects >= 1


SERVER = """
import asyncio, sys
from pathlib import Path
import numpy as np
from plantsafe.plant import load_plant
from simulation.servers import ModbusServer

async def main():
    server = ModbusServer(load_plant(Path(sys.argv[1])), "SIS", int(sys.argv[2]))
    await server.start()
    await server.update(np.array([61.25, -3.5, 55.55, -12.3, 7.0, -70000.0, 1, 0, 1, 0, 1]), np.zeros(11, np.uint32))
    print(server.port, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def serve(plant_file: Path, port: int) -> tuple[asyncio.subprocess.Process, int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(plant_file), str(port), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return process, int(await asyncio.wait_for(process.stdout.readline(), 30.0))


async def test_server_that_is_frozen_or_killed_is_silence_and_is_back_within_5_s(
    plant: Plant, tmp_path: Path, read_until: ReadUntil, clock: Clock
) -> None:
    process, port = await serve(tmp_path / "small.yaml", 0)
    source = ModbusSource(plant, "SIS", f"tcp://127.0.0.1:{port}")
    await source.open()
    true = await read_until(source, all_good)

    os.kill(process.pid, signal.SIGSTOP)
    end_s = asyncio.get_running_loop().time() + 2.0
    while asyncio.get_running_loop().time() < end_s:
        columns = await source.read(clock)
        assert not is_good(columns.status).any()
        await asyncio.sleep(0.1)
    os.kill(process.pid, signal.SIGCONT)
    assert (await read_until(source, all_good, within_s=RECOVERY_S)).value.tolist() == true.value.tolist()

    process.kill()
    await process.wait()
    for _ in range(10):
        assert not is_good((await source.read(clock)).status).any()
        await asyncio.sleep(0.1)
    process, _ = await serve(tmp_path / "small.yaml", port)
    assert (await read_until(source, all_good, within_s=RECOVERY_S)).value.tolist() == true.value.tolist()
    await source.close()
    process.kill()
    await process.wait()
