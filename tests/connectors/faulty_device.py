"""A Modbus device that can be told to do wrong, and what of its answers must never be taken."""

import asyncio
import contextlib
from collections.abc import Callable

from plantsafe.frame import is_good
from plantsafe.source import Columns

CUT = b"CUT"
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
