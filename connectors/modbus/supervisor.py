"""One line to one address, shared by all sources and units there: its socket, its supervisor, its turns."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlparse

from connectors.modbus.blocks import Block
from connectors.modbus.client import Exchange, ReadOnlyConnection
from connectors.modbus.units import Units
from connectors.supervision import Ending, Supervisor
from plantsafe.errors import SourceError

DEFAULT_PORT = 502  # IANA: mbap
CONNECT_TIMEOUT_S = 1.0  # site default; never delays a scan
REQUEST_TIMEOUT_S = 0.3  # site default: a safety system answers in a tenth of this
PROOF_UNITS = 8  # site default: how many units are asked before an address counts as silent
KNOCKS_S = 0.5  # site default: resting units are knocked at between two reads, for no longer than that


class ModbusLink:
    """An address that answers. Its socket is dropped after a timeout or a broken answer and made anew at once, so
    that the other units go on; the link is over when that fails, or when no unit answers."""

    def __init__(self, host: str, port: int, connected: Callable[[], None]) -> None:
        self._host, self._port = host, port
        self._connected = connected
        self._ending = Ending()
        self.connection: ReadOnlyConnection | None = None

    async def open(self, proofs: Sequence[Block]) -> "ModbusLink":
        """Connect, and have one of the blocks answered: a server that accepts and stays silent is not up."""
        try:
            reason = ""
            for block in proofs[:PROOF_UNITS]:
                await self.renew(CONNECT_TIMEOUT_S)
                exchange = await self.ask([block], depth=1, timeout_s=REQUEST_TIMEOUT_S, within_s=REQUEST_TIMEOUT_S)
                if exchange.answers[0] is not None:
                    return self
                reason = reason or exchange.failure
            raise ConnectionError(f"{self._host}:{self._port} accepts connections but does not answer: {reason}")
        except BaseException:
            self._drop()
            raise

    async def ask(
        self, blocks: Sequence[Block], *, depth: int, timeout_s: float, within_s: float, pause_s: float = 0.0
    ) -> Exchange:
        """The answers to the blocks as far as `within_s` allows."""
        if self.connection is None:
            return Exchange(answers=[None] * len(blocks), failure="the connection was lost")
        deadline_s = asyncio.get_running_loop().time() + within_s
        return await self.connection.ask(
            blocks, depth=depth, timeout_s=timeout_s, deadline_s=deadline_s, pause_s=pause_s
        )

    async def renew(self, within_s: float) -> None:
        """A new socket in the place of the old; raises OSError or TimeoutError."""
        self._drop()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(within_s):
            _, self.connection = await loop.create_connection(
                lambda: ReadOnlyConnection(self._ending.say), self._host, self._port
            )
        self._connected()

    def fail(self, reason: str) -> None:
        """The link is over; the supervisor makes a new one."""
        self._drop()
        self._ending.say(reason)

    async def ended(self) -> str:
        """Return when the link is over."""
        return await self._ending.wait()

    async def close(self) -> None:
        """Close the socket."""
        self._drop()

    def _drop(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """What one source asks of a line; `knocks` is the smallest block of each of its units."""

    depth: int
    pause_s: float
    knocks: dict[int, Block]


class Line:
    """All that goes to one address. One socket: several devices allow two to four in all, and a gateway's units
    share the wire behind it anyway."""

    def __init__(self, host: str, port: int, source: str) -> None:
        self._host, self._port = host, port
        self.units = Units(f"{host}:{port}")
        self.connections = 0
        self._users: dict[object, User] = {}
        self._turn = asyncio.Lock()
        self._knocking: asyncio.Task[None] | None = None
        self._supervisor: Supervisor[ModbusLink] = Supervisor(source, self._connect)

    @property
    def link(self) -> ModbusLink | None:
        """The link that holds, or None."""
        return self._supervisor.link

    @property
    def up(self) -> bool:
        """True while there is a link."""
        return self._supervisor.link is not None

    @property
    def depth(self) -> int:
        """How many requests may be under way: what the most careful user allows."""
        return min(user.depth for user in self._users.values())

    @property
    def pause_s(self) -> float:
        """How far apart requests are: what the most careful user asks for."""
        return max(user.pause_s for user in self._users.values())

    def join(self, source: object, user: "User") -> None:
        """A source reads here from now on."""
        self._users[source] = user
        self.units.known = frozenset(self._knocks)
        self._supervisor.start()

    def leave(self, source: object) -> bool:
        """A source reads here no more; True when it was the last."""
        self._users.pop(source, None)
        self.units.known = frozenset(self._knocks)
        return not self._users

    async def stop(self) -> None:
        """Close the socket."""
        if self._knocking is not None:
            self._knocking.cancel()
            await asyncio.gather(self._knocking, return_exceptions=True)
        await self._supervisor.stop()

    @asynccontextmanager
    async def turn(self, within_s: float) -> AsyncIterator[None]:
        """The line for one read alone; raises TimeoutError when others hold it for too long."""
        async with asyncio.timeout(within_s):
            await self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()

    def knock_at_resting(self) -> None:
        """After a read: see, in the background, whether units that rest are back."""
        now_s = asyncio.get_running_loop().time()
        if (self._knocking is None or self._knocking.done()) and (due := self.units.due(now_s)):
            self._knocking = asyncio.get_running_loop().create_task(self._knock(due))

    async def _knock(self, due: Sequence[int]) -> None:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + KNOCKS_S - REQUEST_TIMEOUT_S
        for unit in due:
            async with self._turn:
                block, link = self._knocks.get(unit), self.link
                if block is None or link is None or loop.time() > end_s:
                    return
                exchange = await link.ask([block], depth=1, timeout_s=REQUEST_TIMEOUT_S, within_s=KNOCKS_S)
                if exchange.answers[0] is not None and not exchange.unreachable:
                    self.units.answered(unit)
                    continue
                self.units.silent(unit, exchange.failure, loop.time())
                if exchange.failure and not await self.renewed(link, CONNECT_TIMEOUT_S):
                    return

    async def renewed(self, link: ModbusLink, within_s: float) -> bool:
        """A new socket for a link whose old one failed; False, and the link is over, when there is none to be had."""
        try:
            await link.renew(within_s)
        except (OSError, TimeoutError) as error:
            link.fail(f"{type(error).__name__}: {error}".rstrip(": "))
            return False
        return True

    @property
    def _knocks(self) -> dict[int, Block]:
        return {unit: block for user in self._users.values() for unit, block in user.knocks.items()}

    async def _connect(self) -> ModbusLink:
        link = ModbusLink(self._host, self._port, self._count)
        await link.open(tuple(self._knocks.values()))
        self.units.forget()
        return link

    def _count(self) -> None:
        self.connections += 1


_Lines = dict[tuple[str, int], Line]
_lines: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Lines] = weakref.WeakKeyDictionary()


def shared_line(host: str, port: int, source: str) -> Line:
    """The line of this event loop to an address; `source` names it in the log when it is new."""
    lines = _lines.setdefault(asyncio.get_running_loop(), {})
    if (host, port) not in lines:
        lines[host, port] = Line(host, port, source)
    return lines[host, port]


async def leave_line(line: Line, source: object) -> None:
    """Leave a shared line; the last one to leave closes it."""
    if line.leave(source):
        lines = _lines.get(asyncio.get_running_loop(), {})
        for address in [address for address, other in lines.items() if other is line]:
            del lines[address]
        await line.stop()


def host_and_port(endpoint: str, source: str) -> tuple[str, int]:
    """The address in `tcp://host:port` or `host:port`; raises SourceError."""
    parsed = urlparse(endpoint if "://" in endpoint else f"tcp://{endpoint}")
    try:
        host, port = parsed.hostname, parsed.port
    except ValueError:
        host, port = None, None
    if not host or parsed.scheme != "tcp":
        raise SourceError(
            f"source {source}: {endpoint!r} is no Modbus TCP address", mend="write tcp://HOST:PORT, for example"
        )
    return host, port or DEFAULT_PORT
