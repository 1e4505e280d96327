"""What spoils the way between a connector and a server: a server that can be killed and frozen, a proxy that lies."""

import asyncio
import os
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from proxies import Proxy

START_S = 300.0  # a server of thousands of points on a busy machine
PROGRAM = Path(__file__).with_name("clock_server.py")


class ServerProcess:
    """A server whose points show the time, in a process of its own, which can be killed and frozen."""

    def __init__(self, file: Path, source: str = "DCS", period_s: float = 0.1) -> None:
        self._file, self._source, self._period_s = file, source, period_s
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.most_sessions = 0

    async def start(self, *namespaces_before: str) -> None:
        command = [sys.executable, str(PROGRAM), str(self._file), self._source, str(self.port), str(self._period_s)]
        self._process = subprocess.Popen(  # noqa: ASYNC220  outlives the loop
            [*command, *namespaces_before], stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(asyncio.to_thread(self._process.stdout.readline), START_S)
        self.port = int(line.split()[1])

    def kill(self) -> None:
        if self._process is None:
            return
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        for line in self._process.stdout.read().splitlines():
            self.most_sessions = max(self.most_sessions, int(line.split()[1]))
        self._process.stdout.close()
        self._process = None

    def signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


_HEADER = struct.Struct("<4sI")
LONG = 150  # bytes: an answer with all points, and no keep-alive of the channel
Spoil = Callable[[bytes], Awaitable[bytes | None]]


async def opcua_message(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """The next message of a server, and whether it is an answer with values."""
    head = await reader.readexactly(_HEADER.size)
    kind, size = _HEADER.unpack(head)
    return head + await reader.readexactly(size - _HEADER.size), kind == b"MSGF" and size > LONG


async def modbus_message(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """The next message of a Modbus device; each is an answer."""
    head = await reader.readexactly(6)
    return head + await reader.readexactly(int.from_bytes(head[4:6], "big")), True


class Saboteur(Proxy):
    """A proxy that knows where the server's messages begin; `spoil` gets each long one and gives what is sent on."""

    def __init__(self, target: int, message: Callable[..., Awaitable[tuple[bytes, bool]]] = opcua_message) -> None:
        super().__init__(target)
        self._message = message
        self.spoil: Spoil | None = None
        self.spoiled = 0

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            message: bytes | None
            message, answers = await self._message(reader)
            if self.spoil is not None and answers:
                self.spoiled += 1
                message = await self.spoil(message)
            if message is None:
                raise ConnectionError
            writer.write(message)
            await writer.drain()


async def resized(message: bytes, size: int) -> bytes:
    return message[:4] + struct.pack("<I", size) + message[8:]


async def shorter_with_right_size(message: bytes) -> bytes:
    return await resized(message[:-30], len(message) - 30)


async def shorter_with_old_size(message: bytes) -> bytes:
    return message[:-30]


async def enormous(message: bytes) -> bytes:
    return await resized(message, 0x7FFFFFF0)


async def endless(message: bytes) -> bytes:
    """Intermediate chunks for ever, each with the next sequence number."""
    (number,) = struct.unpack_from("<I", message, 16)
    parts = []
    for i in range(2000):
        body = message[:3] + b"C" + message[4:16] + struct.pack("<I", number + i) + message[20:24] + bytes(8000)
        parts.append(await resized(body, len(body)))
    return b"".join(parts)


async def late(message: bytes) -> bytes:
    await asyncio.sleep(0.8)  # the delay is the fault: longer than the source waits
    return message


async def nonsense(message: bytes) -> bytes:
    return message[:24] + bytes(255 - byte for byte in message[24:])


class Swap:
    """Holds each first answer back and sends it after the second."""

    def __init__(self) -> None:
        self.held = b""

    async def __call__(self, message: bytes) -> bytes:
        if not self.held:
            self.held = message
            return b""
        held, self.held = self.held, b""
        return message + held
