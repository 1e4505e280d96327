"""Nothing that writes leaves for a Modbus device: every way to the socket refuses it, and the wire sees none of it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from connectors.modbus import ModbusSource
from connectors.modbus.blocks import Block
from connectors.modbus.client import ALLOWED_FUNCTIONS, ReadOnlyConnection, refuse_writes
from plantsafe.clock import Clock
from plantsafe.errors import ReadOnlyError
from plantsafe.plant import Plant
from plantsafe.source import Columns
from simulation.servers import ModbusServer

ReadUntil = Callable[..., Awaitable[Columns]]


def modbus_functions(sent: bytes) -> Counter[int]:
    found: Counter[int] = Counter()
    while sent:
        found[sent[7]] += 1
        sent = sent[6 + int.from_bytes(sent[4:6], "big") :]
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Forged(Block):
    """A block whose request says something else than its table."""

    octets_sent: bytes = b""

    @property
    def request(self) -> bytes:
        return self.octets_sent


def forged(function: int, rest: bytes = b"\0\0\0\1") -> Forged:
    octets = b"\0\0\0\6\1" + bytes([function]) + rest
    return Forged(device=1, table="holding", start=0, count=1, at=0, points=None, octets_sent=octets)


def test_only_the_four_functions_that_read_are_allowed() -> None:
    assert set(ALLOWED_FUNCTIONS) == {1, 2, 3, 4}
    for function in set(range(256)) - {1, 2, 3, 4}:
        with pytest.raises(ReadOnlyError, match="only reads"):
            refuse_writes(function)


async def test_writes_raise_and_none_reaches_the_device(
    plant: Plant, listen_in: Callable[[int], Awaitable[object]], read_until: ReadUntil, clock: Clock
) -> None:
    server = ModbusServer(plant, "SIS")
    await server.start()
    proxy = await listen_in(server.port)
    source = ModbusSource(plant, "SIS", f"tcp://127.0.0.1:{proxy.port}")
    await source.open()
    await read_until(source, lambda columns: columns.answered)

    for function in (0, 5, 6, 8, 15, 16, 22, 23, 43, 90):
        connection = source._line.link.connection
        with pytest.raises(ReadOnlyError, match="only reads"):
            await connection.ask([forged(function)], depth=1, timeout_s=0.1, deadline_s=1e12)
        with pytest.raises(ReadOnlyError, match="only reads"):
            connection._send([b"\0\1" + forged(function).request])
    with pytest.raises(ReadOnlyError, match="octets"):
        source._line.link.connection._send([b"\0\1" + forged(3).request + b"\0\2\0\0\0\6\1\x06\0\0\0\1"])
    assert (await source.read(clock)).answered
    await source.close()
    await server.stop()

    functions = modbus_functions(bytes(proxy.sent))
    assert set(functions) <= set(ALLOWED_FUNCTIONS)
    assert functions[4] >= 2


async def test_write_is_refused_before_there_is_a_connection() -> None:
    connection = ReadOnlyConnection(print)
    with pytest.raises(ReadOnlyError):
        await connection.ask([forged(6)], depth=1, timeout_s=0.1, deadline_s=asyncio.get_running_loop().time() + 1)
