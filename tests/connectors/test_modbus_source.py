"""The Modbus connector against the simulated safety system and against devices that misbehave, over a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest
import structlog

from connectors.modbus import ModbusSource
from connectors.modbus.map import register_map
from plantsafe.clock import Clock
from plantsafe.errors import PortInUseError, SourceError
from plantsafe.frame import BAD, BAD_NO_COMMUNICATION, BAD_NODE_ID_UNKNOWN, BAD_SENSOR_FAILURE, GOOD
from plantsafe.plant import Plant
from plantsafe.plant.tables import compile_plant
from plantsafe.source import Columns
from simulation.servers import ModbusServer

ReadUntil = Callable[..., Awaitable[Columns]]
#                  TT-1A  TT-1B  LT-1   PT-1   N-1           N-2     B-3  B-15 XS-1 XS-2 WD
VALUE = np.array([61.25, -3.5, 55.55, -12.3, 4294967295.0, -70000.0, 1.0, 0.0, 1.0, 0.0, 1.0])
STATUS = np.zeros(11, dtype=np.uint32)


def answered(columns: Columns) -> bool:
    return columns.answered


@pytest.fixture
async def server(plant: Plant) -> AsyncIterator[ModbusServer]:
    server = ModbusServer(plant, "SIS")
    await server.start()
    await server.update(VALUE, STATUS)
    yield server
    await server.stop()


@pytest.fixture
async def source(plant: Plant, server: ModbusServer) -> AsyncIterator[ModbusSource]:
    source = ModbusSource(plant, "SIS", server.endpoint)
    await source.open()
    yield source
    await source.close()


class Device:
    """A Modbus device by hand: answers each request with what `answer` makes of (transaction, unit, function, data)."""

    def __init__(self, answer: Callable[[int, int, int, bytes], bytes | None]) -> None:
        self._answer = answer
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = 0
        self.requests: list[tuple[int, int, bytes]] = []

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(7)
                body = await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
                self.requests.append((head[6], body[0], body[1:]))
                answer = self._answer(int.from_bytes(head[:2], "big"), head[6], body[0], body[1:])
                if answer is not None:
                    writer.write(answer)
        writer.close()


def frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    return transaction.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu


def zeros(transaction: int, unit: int, function: int, data: bytes) -> bytes:
    count = int.from_bytes(data[2:4], "big")
    size = (count + 7) // 8 if function <= 2 else 2 * count
    return frame(transaction, unit, bytes([function, size]) + bytes(size))


async def test_connector_reads_what_the_server_shows_in_every_type(
    server: ModbusServer, source: ModbusSource, read_until: ReadUntil
) -> None:
    columns = await read_until(source, answered)
    assert columns.value == pytest.approx(VALUE, abs=1e-9)
    assert set(columns.status.tolist()) == {GOOD}
    assert set(columns.source_time_ns.tolist()) == {0}


async def test_values_follow_the_server(server: ModbusServer, source: ModbusSource, read_until: ReadUntil) -> None:
    await read_until(source, answered)
    for step in range(1, 6):
        await server.update(np.append(61.25 + step, VALUE[1:]), STATUS)
        columns = await read_until(source, answered)
        assert columns.value[0] == 61.25 + step


async def test_failed_float_is_bad_and_failed_integer_keeps_its_last_value(
    server: ModbusServer, source: ModbusSource, read_until: ReadUntil
) -> None:
    failed = STATUS.copy()
    failed[[0, 2]] = BAD_SENSOR_FAILURE
    await server.update(np.where(failed, np.nan, VALUE), failed)
    columns = await read_until(source, answered)
    assert columns.status[0] == BAD
    assert np.isnan(columns.value[0])
    assert columns.value[2] == pytest.approx(55.55)


async def test_hole_that_the_device_refuses_is_split_and_the_split_remembered(
    server: ModbusServer, source: ModbusSource, read_until: ReadUntil, clock: Clock
) -> None:
    planned = source.blocks
    columns = await read_until(source, answered)
    assert set(columns.status.tolist()) == {GOOD}
    first = server.requests
    await source.read(clock)
    second = server.requests - first
    assert len(source.blocks) > len(planned)
    assert second == len(source.blocks) < first


async def test_address_that_the_device_lacks_makes_its_point_bad_and_no_other(
    plant: Plant, read_until: ReadUntil, clock: Clock
) -> None:
    def answer(transaction: int, unit: int, function: int, data: bytes) -> bytes:
        start, count = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
        if function == 3 and start <= 102 < start + count:  # N-1
            return frame(transaction, unit, b"\x83\x02")
        return zeros(transaction, unit, function, data)

    device = Device(answer)
    source = ModbusSource(plant, "SIS", await device.start())
    await source.open()
    with structlog.testing.capture_logs() as logs:
        columns = await read_until(source, answered)
        await source.read(clock)
    assert columns.status.tolist() == [0, 0, 0, 0, BAD_NODE_ID_UNKNOWN, 0, 0, 0, 0, 0, 0]
    assert [entry["points"] for entry in logs if entry["event"] == "points_do_not_fit"] == [["N-1"]]
    await source.close()
    await device.stop()


async def test_device_exception_makes_its_block_bad_and_no_other(plant: Plant, read_until: ReadUntil) -> None:
    def busy_inputs(transaction: int, unit: int, function: int, data: bytes) -> bytes:
        return frame(transaction, unit, b"\x84\x06") if function == 4 else zeros(transaction, unit, function, data)

    device = Device(busy_inputs)
    source = ModbusSource(plant, "SIS", await device.start())
    await source.open()
    columns = await read_until(source, answered)
    assert (columns.status != GOOD).tolist() == [True] * 3 + [False] * 8
    await source.close()
    await device.stop()


@pytest.mark.parametrize("fault", ["transaction", "unit", "no transaction", "function", "length", "late"])
async def test_answer_that_does_not_belong_to_the_request_is_never_taken(
    plant: Plant, read_until: ReadUntil, clock: Clock, fault: str
) -> None:
    late: list[bytes] = []

    def answer(transaction: int, unit: int, function: int, data: bytes) -> bytes | None:
        start, count = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
        ones = frame(transaction, unit, bytes([4, 2 * count]) + b"\x43\x21" * count)
        if function != 4:
            return zeros(transaction, unit, function, data)
        match fault:
            case "transaction":
                return (transaction + 1).to_bytes(2, "big") + ones[2:]
            case "no transaction":
                return b"\0\0" + ones[2:]
            case "unit":
                return frame(transaction, unit + 1, ones[7:])
            case "function":
                return frame(transaction, unit, b"\x03" + ones[8:])
            case "length":
                return frame(transaction, unit, bytes([4, 2 * count - 2]) + ones[9:-2])
            case _:
                late.append(ones)
                return None if len(late) < 2 or start else late[-2]

    device = Device(answer)
    source = ModbusSource(plant, "SIS", await device.start())
    await source.open()

    def never_taken_until_connected_anew(columns: Columns) -> bool:
        assert np.isnan(columns.value[:3]).all()
        return device.connections >= 3

    await read_until(source, never_taken_until_connected_anew)
    await source.close()
    await device.stop()


async def test_one_silent_device_does_not_cost_the_others_their_scan(
    plant: Plant, read_until: ReadUntil, clock: Clock
) -> None:
    points = list(plant.file.points)
    row = plant.points.row["N-1"]
    points[row] = points[row].model_copy(update={"modbus": points[row].modbus.model_copy(update={"device": 2})})
    plant = compile_plant(plant.file.model_copy(update={"points": tuple(points)}))

    def deaf_unit_2(transaction: int, unit: int, function: int, data: bytes) -> bytes | None:
        return None if unit == 2 else zeros(transaction, unit, function, data)

    device = Device(deaf_unit_2)
    source = ModbusSource(plant, "SIS", await device.start())
    await source.open()
    await read_until(source, answered)
    for _ in range(5):
        columns = await read_until(source, answered)
        assert (columns.status != GOOD).tolist() == [name == "N-1" for name in register_map(plant, "SIS").names]
    asked = sum(unit == 2 for unit, _, _ in device.requests)
    assert asked < sum(unit == 1 for unit, _, _ in device.requests) / 3
    await source.close()
    await device.stop()


async def test_nobody_there_is_silence_at_once(plant: Plant, clock: Clock, unused_tcp_port: int) -> None:
    source = ModbusSource(plant, "SIS", f"tcp://127.0.0.1:{unused_tcp_port}")
    await source.open()
    columns = await source.read(clock)
    assert not columns.answered
    assert set(columns.status.tolist()) == {BAD_NO_COMMUNICATION}
    await source.close()


async def test_server_that_stops_answering_is_silence_within_the_timeout_and_comes_back(
    server: ModbusServer, source: ModbusSource, read_until: ReadUntil, clock: Clock
) -> None:
    await read_until(source, answered)
    server.set_silent(silent=True)
    async with asyncio.timeout(2.0):
        assert not (await source.read(clock)).answered
    server.set_silent(silent=False)
    assert (await read_until(source, answered)).value == pytest.approx(VALUE)


async def test_restarted_server_is_found_again(plant: Plant, read_until: ReadUntil) -> None:
    first = ModbusServer(plant, "SIS")
    await first.start()
    source = ModbusSource(plant, "SIS", first.endpoint)
    await source.open()
    await read_until(source, answered)
    await first.stop()
    await read_until(source, lambda columns: not columns.answered)
    second = ModbusServer(plant, "SIS", first.port)
    await second.start()
    await second.update(VALUE, STATUS)
    assert (await read_until(source, answered)).value == pytest.approx(VALUE)
    await source.close()
    await second.stop()


async def test_port_in_use_names_the_port_and_the_flag(plant: Plant, server: ModbusServer) -> None:
    with pytest.raises(PortInUseError, match=rf"{server.port}[\s\S]*--modbus-port"):
        await ModbusServer(plant, "SIS", server.port).start()


@pytest.mark.parametrize("endpoint", ["opc.tcp://host:1", "tcp://", "tcp://host:port", ""])
def test_address_that_is_no_modbus_address_is_refused(plant: Plant, endpoint: str) -> None:
    entry = plant.file.sources[1].model_copy(update={"endpoint": endpoint})
    file = plant.file.model_copy(update={"sources": (plant.file.sources[0], entry)})
    with pytest.raises(SourceError, match="no Modbus TCP address"):
        ModbusSource(compile_plant(file), "SIS")


def test_map_keeps_the_columns_in_the_order_of_the_points(plant: Plant) -> None:
    names = register_map(plant, "SIS").names
    assert names == tuple(plant.points.names[i] for i in plant.sources.points[1])


def test_requests_in_flight_are_those_of_the_plant_file(plant: Plant) -> None:
    entry = plant.file.sources[1]
    entry = entry.model_copy(update={"limits": entry.limits.model_copy(update={"requests_in_flight": 8})})
    many = compile_plant(plant.file.model_copy(update={"sources": (plant.file.sources[0], entry)}))
    assert ModbusSource(many, "SIS")._depth == 8
    assert ModbusSource(many, "SIS", depth=2)._depth == 2
    assert ModbusSource(plant, "SIS")._depth == 1
