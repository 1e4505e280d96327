"""Faults on the wire of a Modbus device: no point is ever wrongly Good, and all are right again within 5 s."""

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import structlog

from connectors.modbus import ModbusSource
from connectors.modbus.map import register_map
from plantsafe.clock import Clock
from plantsafe.frame import is_good
from plantsafe.plant import Plant
from plantsafe.plant.tables import compile_plant
from plantsafe.source import Columns

RECOVERY_S = 5.0
CUT = b"CUT"
ReadUntil = Callable[..., Awaitable[Columns]]
Fault = Callable[[bytes, bytes], bytes | None]


def mbap(transaction: int, unit: int, pdu: bytes) -> bytes:
    return transaction.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu


def truth(function: int, start: int, count: int) -> bytes:
    """What a healthy device answers: every register holds its address plus one, every bit is on."""
    if function <= 2:
        octets = bytes([0xFF]) * ((count + 7) // 8)
    else:
        octets = b"".join(((start + i + 1) & 0xFFFF).to_bytes(2, "big") for i in range(count))
    return bytes([function, len(octets)]) + octets


class FaultyDevice:
    """Answers truly until it is given a fault: a function of request and true answer that gives what is sent.

    None sends nothing; what begins with CUT is the last that the connection carries.
    """

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.connections = 0
        self.requests: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return f"tcp://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    request = await reader.readexactly(12)
                    self.requests.append(request)
                    start, count = int.from_bytes(request[8:10], "big"), int.from_bytes(request[10:12], "big")
                    true = mbap(int.from_bytes(request[:2], "big"), request[6], truth(request[7], start, count))
                    answer = true if self.fault is None else self.fault(request, true)
                    if answer is None:
                        continue
                    writer.write(answer.removeprefix(CUT))
                    if answer.startswith(CUT):
                        break
        finally:
            writer.close()
            self._tasks.discard(task)


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


def all_good(columns: Columns) -> bool:
    return columns.answered and bool(is_good(columns.status).all())


def wrongly_good(columns: Columns, true: Columns) -> int:
    """How many points are Good with a value that the device does not have."""
    return int((is_good(columns.status) & (columns.value != true.value)).sum())


def lying(true: bytes) -> bytes:
    """The same answer with other data: what would be stored if it were taken."""
    return true[:9] + bytes(octet ^ 0x55 for octet in true[9:])


EXCEPTIONS = (1, 2, 3, 4, 5, 6, 8, 10, 11, 99, 0)
FAULTS = [
    *(f"exception {code}" for code in EXCEPTIONS),
    "wrong unit", "wrong transaction", "wrong function", "wrong protocol", "too long", "too short",
    "byte count of another", "length without data", "oversized", "truncated", "cut in the middle", "late", "twice",
    "silent", "closes", "noise",
]  # fmt: skip


def fault_of(name: str) -> Fault:
    """The fault of that name; answers that must not be taken carry other data than the true one."""
    held: list[bytes] = []

    def fault(request: bytes, true: bytes) -> bytes | None:
        transaction, unit, function = int.from_bytes(request[:2], "big"), request[6], request[7]
        lie = lying(true)
        held.append(lie)
        match name.split():
            case ["exception", code]:
                return mbap(transaction, unit, bytes([function | 0x80, int(code)]))
            case ["wrong", "unit"]:
                return lie[:6] + bytes([unit + 1]) + lie[7:]
            case ["wrong", "transaction"]:
                return ((transaction + 1) & 0xFFFF).to_bytes(2, "big") + lie[2:]
            case ["wrong", "function"]:
                return lie[:7] + bytes([function % 4 + 1]) + lie[8:]
            case ["wrong", "protocol"]:
                return lie[:2] + b"\0\1" + lie[4:]
            case ["too", "long"]:
                return mbap(transaction, unit, lie[7:8] + bytes([lie[8] + 2]) + lie[9:] + b"\0\1")
            case ["too", "short"]:
                return mbap(transaction, unit, lie[7:8] + bytes([max(0, lie[8] - 1)]) + lie[9:-1])
            case ["byte", *_]:
                return lie[:8] + bytes([lie[8] ^ 2]) + lie[9:]
            case ["length", *_]:
                return lie[:4] + b"\0\0" + lie[6:]
            case ["oversized"]:
                return lie[:4] + b"\xff\xff" + lie[6:] + bytes(70000)
            case ["truncated"]:
                return lie[:-1]
            case ["cut", *_]:
                return CUT + lie[:9]
            case ["late"]:  # one behind: every answer comes with the request after its own
                return held[-2] if len(held) > 1 else None
            case ["twice"]:
                return true + lie
            case ["silent"]:
                return None
            case ["closes"]:
                return CUT
            case _:
                return bytes(range(1, 200))

    return fault


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
