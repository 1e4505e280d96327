"""A safety system's Modbus TCP server as a Source."""

import asyncio
from dataclasses import replace
from functools import partial

import numpy as np
import structlog
from numpy.typing import NDArray

from connectors.misfits import Misfits
from connectors.modbus.blocks import MAX_BITS, MAX_WORDS, Block, BlockLimits
from connectors.modbus.client import REQUEST_OCTETS, Exchange
from connectors.modbus.decode import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Image, decode, status_of, words_of
from connectors.modbus.map import RegisterMap, register_map
from connectors.modbus.plan import ReadPlan
from connectors.modbus.stamps import BufferPoll
from connectors.modbus.supervisor import (
    REQUEST_TIMEOUT_S,
    Line,
    ModbusLink,
    User,
    host_and_port,
    leave_line,
    shared_line,
)
from plantsafe.clock import Clock
from plantsafe.errors import SourceError
from plantsafe.frame import BAD_NO_COMMUNICATION, GOOD, U4, Origin
from plantsafe.plant import Plant
from plantsafe.source import Columns, SourceCounts, Stamped, silence

RENEW_LEAST_S = 0.05  # site default: a new socket is tried for even when a read has no time left
REQUEST_SHARE = 0.6  # site default: of a source's timeout; what is left serves the other devices
MAX_DEPTH = 16  # Modbus messaging on TCP/IP V1.0b, 4.2.2: a server may hold up to 16 transactions

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class ModbusSource:
    """Reads all points of one source block by block; what a device does wrong becomes a status, never an exception.

    Modbus carries no times and no statuses: source times are 0, a value that came is Good. Sources at the same
    address share its socket.
    """

    def __init__(
        self,
        plant: Plant,
        source_name: str,
        endpoint: str | None = None,
        *,
        depth: int | None = None,
        group: str | None = None,
    ) -> None:
        """`endpoint` replaces the one of the plant file (a simulated plant finds its port when it starts).

        With `group`, only the points of that fast group are read, over the same socket as the rest of the source.
        `depth` is how many requests may be under way, if not as many as the plant file says. Several devices answer
        only the first of several, so it is 1 unless the device is known to answer all.
        """
        entry = plant.file.sources[plant.sources.row[source_name]]
        depth = depth or entry.limits.requests_in_flight or 1
        if not 1 <= depth <= MAX_DEPTH:
            raise SourceError(f"source {source_name}: {depth} requests under way", mend=f"give 1 to {MAX_DEPTH}")
        self._name = source_name
        self._make_group = partial(ModbusSource, plant, source_name, endpoint, depth=depth)
        self._groups: list[ModbusSource] = []
        self._depth = depth
        self._timeout_s = entry.timeout_s
        self._map: RegisterMap = register_map(plant, source_name, group)
        bears = entry.limits
        self._pause_s = 1.0 / bears.requests_per_s if bears.requests_per_s else 0.0
        self._plan = ReadPlan(
            self._map, BlockLimits(words=bears.registers_per_read or MAX_WORDS, bits=bears.bits_per_read or MAX_BITS)
        )
        self._buffer: BufferPoll | None = None
        if entry.event_buffer is not None and group is None:
            most = bears.registers_per_read or MAX_WORDS
            self._buffer = BufferPoll(source_name, entry.event_buffer, self._timeout_s, most)
        self._misfits = Misfits(source_name, self._map.names)
        self._host, self._port = host_and_port(endpoint or entry.endpoint, source_name)
        self._line: Line | None = None
        self._counts = SourceCounts()
        self._overrun = False
        self._log = log.bind(source=source_name)

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        return self._name

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        return self._map.rows

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The requests of one read, as learned so far."""
        return self._plan.blocks

    def group(self, name: str) -> "ModbusSource":
        """The points of a fast group, over the same socket."""
        group = self._make_group(group=name)
        self._groups.append(group)
        return group

    def counts(self) -> SourceCounts:
        """What the source did so far, its fast groups included; the reconnections are those of its line."""
        reconnects = 0 if self._line is None else max(0, self._line.connections - 1)
        parts = [self._counts, *(group.counts() for group in self._groups)]
        parts += [self._buffer.counts] if self._buffer is not None else []
        return replace(
            self._counts,
            reconnects=max(self._counts.reconnects, reconnects),
            requests=sum(part.requests for part in parts),
            sent_bytes=sum(part.sent_bytes for part in parts),
            received_bytes=sum(part.received_bytes for part in parts),
            overruns=sum(part.overruns for part in parts),
        )

    async def open(self) -> None:
        """Begin to connect; returns at once."""
        if self._line is None:
            smallest: dict[int, Block] = {}
            for block in sorted(self._plan.blocks, key=lambda block: -block.count):
                smallest[block.device] = block
            if self._buffer is not None:
                smallest.setdefault(self._buffer.newest.device, self._buffer.newest)
            self._line = shared_line(self._host, self._port, self._name)
            self._line.join(self, User(depth=self._depth, pause_s=self._pause_s, knocks=smallest))

    async def close(self) -> None:
        """Close the socket, unless another source reads over it."""
        if self._line is not None:
            self._counts = replace(self._counts, reconnects=self.counts().reconnects)
            line, self._line = self._line, None
            await leave_line(line, self)

    async def stamped(self) -> Stamped | None:
        """What the device's event buffer has that is new."""
        if self._buffer is None or self._line is None:
            return None
        return await self._buffer.poll(self._line)

    async def read(self, clock: Clock) -> Columns:  # noqa: ARG002  Modbus carries no times
        """All points, once, within the source's timeout; blocks that were not answered in it are Bad."""
        line, n_points = self._line, len(self._map.rows)
        if line is None or not line.up:
            return silence(n_points)
        deadline_s = asyncio.get_running_loop().time() + self._timeout_s
        image: Image = np.zeros(self._map.size, dtype=np.uint16)
        status: U4 = np.full(n_points, BAD_NO_COMMUNICATION, dtype=np.uint32)
        try:
            async with line.turn(self._timeout_s):
                link = line.link
                answered = link is not None and await self._ask_all(line, link, deadline_s, image, status)
        except TimeoutError:  # other sources kept the line for all of this one's time
            answered = False
        line.knock_at_resting()
        if not answered:
            return silence(n_points)
        value, status = decode(self._map, image, status)
        self._misfits.look(status)
        return Columns(
            value=value,
            status=status,
            source_time_ns=np.zeros(n_points, dtype=np.int64),
            answered=True,
            origin=Origin.RECEIVE,
            resolution_ns=0,
        )

    async def _ask_all(self, line: Line, link: ModbusLink, deadline_s: float, image: Image, status: U4) -> bool:
        """Fill `image` and `status` as far as time and link allow; True when any device answered at all."""
        loop, units = asyncio.get_running_loop(), line.units
        timeout_s = min(REQUEST_TIMEOUT_S, REQUEST_SHARE * self._timeout_s)
        answered = False
        waiting = self._plan.begin()
        for block, exception in self._plan.resting:
            status[block.points] = status_of(exception)
        unreached: list[Block] = []
        while waiting := [block for block in waiting if not units.rests(block.device)]:
            within_s = deadline_s - loop.time()
            if within_s <= 0.0:
                unreached = waiting
                break
            exchange = await link.ask(
                waiting, depth=line.depth, timeout_s=timeout_s, within_s=within_s, pause_s=line.pause_s
            )
            parts, left = self._take(waiting, exchange, image, status)
            answered = answered or len(left) < len(waiting)
            for unit in exchange.unreachable:
                units.silent(unit, "the gateway says that it does not answer", loop.time())
            if not exchange.failure:
                unreached = [block for block in left if block.device not in exchange.unreachable]
                waiting = parts
                if unreached:
                    break
                continue
            if exchange.blamed >= 0:
                units.silent(waiting[exchange.blamed].device, exchange.failure, loop.time())
            if units.all_rest():
                link.fail(exchange.failure)
                break
            if not await line.renewed(link, max(RENEW_LEAST_S, deadline_s - loop.time())):
                break
            waiting = left + parts
        self._say_overrun(unreached)
        self._plan.end(unreached)
        return answered

    def _take(
        self, asked: list[Block], exchange: Exchange, image: Image, status: U4
    ) -> tuple[list[Block], list[Block]]:
        """Put the answers in their places; what to ask instead of what was refused, and what was not answered."""
        parts: list[Block] = []
        left: list[Block] = []
        for block, answer in zip(asked, exchange.answers, strict=True):
            match answer:
                case None:
                    left.append(block)
                case bytes():
                    image[block.at : block.at + block.count] = words_of(block.table, answer, block.count)
                    status[block.points] = GOOD
                    self._plan.answered(block)
                case int():
                    instead = self._plan.refused(block, answer) if answer in (ILLEGAL_ADDRESS, ILLEGAL_VALUE) else ()
                    parts.extend(instead)
                    if not instead:
                        status[block.points] = status_of(answer)
        self._counts = replace(
            self._counts,
            requests=self._counts.requests + exchange.requests,
            sent_bytes=self._counts.sent_bytes + REQUEST_OCTETS * exchange.requests,
            received_bytes=self._counts.received_bytes + exchange.received_bytes,
        )
        return parts, left

    def _say_overrun(self, unreached: list[Block]) -> None:
        if unreached:
            self._counts = replace(self._counts, overruns=self._counts.overruns + 1)
        if unreached and not self._overrun:
            self._log.warning("read_overrun", blocks_left=len(unreached), timeout_s=self._timeout_s)
        self._overrun = bool(unreached)
