"""Finds the ranges that a Modbus device lets be read: slowly, read only, with an end to its requests."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from connectors.modbus.blocks import MAX_BITS, MAX_WORDS, Block
from connectors.modbus.client import GATEWAY_EXCEPTIONS, Answer, ReadOnlyConnection
from connectors.modbus.decode import ILLEGAL_ADDRESS, ILLEGAL_VALUE
from connectors.modbus.map import BIT_TABLES, LAST_ADDRESS, READ_FUNCTION
from plantsafe.errors import SourceError

CONNECT_TIMEOUT_S, TIMEOUT_S = 3.0, 1.0  # site default: nobody waits for a scan here
REQUESTS_PER_S = 10.0  # site default: a controller with a scan of 100 ms serves one in each
MAX_REQUESTS = 2000  # site default: ends after four minutes
GRAIN = 8  # site default: a readable range shorter than twice this may be overlooked
REFUSALS = (ILLEGAL_ADDRESS, ILLEGAL_VALUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableRange:
    """Addresses of one table of one device that could be read: `count` from `start`, zero-based."""

    device: int
    table: str
    start: int
    count: int


@dataclass(slots=True, kw_only=True)
class ProbeReport:
    """What was found. `complete` is False where requests ran out; `notes` say what was left out, and why."""

    ranges: list[ReadableRange] = field(default_factory=list)
    requests: int = 0
    complete: bool = True
    notes: list[str] = field(default_factory=list)


async def probe(
    host: str,
    port: int = 502,
    *,
    devices: Sequence[int] = (1,),
    tables: Sequence[str] = tuple(READ_FUNCTION),
    first: int = 0,
    last: int = 999,
    requests_per_s: float = REQUESTS_PER_S,
    max_requests: int = MAX_REQUESTS,
    timeout_s: float = TIMEOUT_S,
) -> ProbeReport:
    """Ask for the addresses `first` to `last` of each table of each device; raises SourceError when nobody answers.

    A stretch that is refused is halved down to GRAIN addresses; the borders of what can be read are then sought to
    the address. A device that does not answer, or a table that it does not know, is left at once.
    """
    wrong = [table for table in tables if table not in READ_FUNCTION]
    if wrong or not 0 <= first <= last <= LAST_ADDRESS or requests_per_s <= 0 or not devices:
        raise SourceError(
            f"cannot probe {', '.join(wrong) or f'addresses {first} to {last}'}",
            mend=f"give tables of {', '.join(READ_FUNCTION)}, addresses 0 to {LAST_ADDRESS}, a rate above 0",
        )
    asking = _Asking(host, port, 1.0 / requests_per_s, max_requests, timeout_s)
    report = ProbeReport()
    try:
        await asking.connect()
        for device in devices:
            for table in tables:
                goes_on = await _probe_table(asking, report, device, table, first, last)
                report.complete = report.complete and not asking.spent
                if not goes_on:
                    break
    finally:
        asking.close()
        report.requests = asking.requests
    if asking.spent:
        report.notes.append(f"ended after {asking.requests} requests; narrow the addresses, or allow more")
    return report


class _Asking:
    """One connection at a time, one request at a time, each a while after the one before."""

    def __init__(self, host: str, port: int, pause_s: float, max_requests: int, timeout_s: float) -> None:
        self._host, self._port = host, port
        self._pause_s, self._max_requests, self._timeout_s = pause_s, max_requests, timeout_s
        self._connection: ReadOnlyConnection | None = None
        self._next_s = 0.0
        self.requests = 0

    @property
    def spent(self) -> bool:
        """True when no request is left."""
        return self.requests >= self._max_requests

    async def connect(self) -> ReadOnlyConnection:
        """A connection, the old one or a new; raises SourceError."""
        if self._connection is None or not self._connection.open:
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    _, self._connection = await asyncio.get_running_loop().create_connection(
                        lambda: ReadOnlyConnection(lambda _: None), self._host, self._port
                    )
            except (OSError, TimeoutError) as error:
                raise SourceError(
                    f"nobody answers at {self._host}:{self._port}: {str(error) or 'no connection in time'}",
                    mend="see that host and port are right, and that no firewall stands between",
                ) from error
        return self._connection

    async def ask(self, device: int, table: str, start: int, count: int) -> Answer:
        """Data, an exception code, or None for no answer; the connection is then made anew."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._next_s - loop.time()))
        connection = await self.connect()
        block = Block(device=device, table=table, start=start, count=count, at=0, points=np.zeros(0, dtype=np.intp))
        self.requests += 1
        self._next_s = loop.time() + self._pause_s
        exchange = await connection.ask(
            [block], depth=1, timeout_s=self._timeout_s, deadline_s=loop.time() + 2.0 * self._timeout_s
        )
        return exchange.answers[0]

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


async def _probe_table(asking: _Asking, report: ProbeReport, device: int, table: str, first: int, last: int) -> bool:
    """Add the readable ranges of one table; False when the device is not worth asking for another."""
    step = MAX_BITS if table in BIT_TABLES else MAX_WORDS
    waiting = [(start, min(step, last + 1 - start)) for start in range(first, last + 1, step)][::-1]
    found: list[tuple[int, int]] = []
    goes_on = True
    while waiting and not asking.spent:
        start, count = waiting.pop()
        answer = await asking.ask(device, table, start, count)
        if answer is None or answer in GATEWAY_EXCEPTIONS:
            report.notes.append(f"device {device} does not answer ({table} {start}, {count} addresses)")
            goes_on = False
            break
        if isinstance(answer, bytes):
            found.append((start, count))
        elif answer not in REFUSALS:
            report.notes.append(f"device {device}, {table}: exception {answer} at {start}")
            break
        elif count > GRAIN:
            half = count // 2
            waiting += [(start + half, count - half), (start, half)]
    for start, count in _joined(found):
        low = high = 0
        if goes_on:
            low = await _more(asking, device, table, start, -1, min(GRAIN, start - first))
            high = await _more(asking, device, table, start + count, 1, min(GRAIN, last + 1 - start - count))
        report.ranges.append(ReadableRange(device=device, table=table, start=start - low, count=low + count + high))
    return goes_on


async def _more(asking: _Asking, device: int, table: str, border: int, way: int, most: int) -> int:
    """How many addresses before (way -1) or from (way 1) a border can be read, too: a row of them, so by halving."""
    least, most = 0, most + 1
    while most - least > 1 and not asking.spent:
        middle = (least + most) // 2
        answer = await asking.ask(device, table, border - middle if way < 0 else border, middle)
        least, most = (middle, most) if isinstance(answer, bytes) else (least, middle)
    return least


def _joined(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, count in sorted(set(found)):
        if joined and start <= joined[-1][0] + joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], start + count - joined[-1][0])
        else:
            joined.append((start, count))
    return joined
