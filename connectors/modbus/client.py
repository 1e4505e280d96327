"""One Modbus TCP connection, able to read only: any other function code is refused before a byte of it leaves.

pymodbus' client allows one request under way and spends 160 us of processor time on each (a task switch, a lock and
several objects a request). Here the next request is sent where the answer before it is parsed, up to `depth` are
under way, and a whole read wakes its task once.
"""

import asyncio
import itertools
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.modbus.blocks import Block
from plantsafe.errors import ReadOnlyError

ALLOWED_FUNCTIONS = {1: "read coils", 2: "read discrete inputs", 3: "read holding registers", 4: "read input registers"}
FUNCTION_AT = 7  # place of the function code behind the MBAP header (Modbus messaging on TCP/IP V1.0b, 3.1.3)
REQUEST_OCTETS, TRANSACTION_OCTETS = 12, 2
EXCEPTION_BIT = 0x80  # Modbus application protocol V1.1b3, 4.1
DEVICE_FAILURE = 4  # taken for an exception answer that names no code
GATEWAY_EXCEPTIONS = (10, 11)  # the gateway answers in the place of a device that does not
MAX_LENGTH = 254  # unit and PDU of the longest answer (Modbus application protocol V1.1b3, 4.1)
NOBODY = -1
FIRST_GUESS_S = 0.02  # site default: how long the first answer is expected to take
HEADROOM, FORGET = 2.0, 0.98  # site default: twice the slowest answer lately; what was slow fades over 50 answers
# Over all connections: a gateway that gives a late answer to the connection after its own is found out, too.
_transactions = itertools.count(random.randrange(0x10000))  # noqa: S311  no secret
_HEAD = struct.Struct(">HHHBB")

Answer = bytes | int | None  # data octets, an exception code, or not asked or not answered


def refuse_writes(function: int) -> None:
    """Raise ReadOnlyError unless the function code only reads."""
    if function not in ALLOWED_FUNCTIONS:
        raise ReadOnlyError(
            f"refused to send Modbus function {function}: plantsafe only reads",
            mend="read, or make the change with the safety system's own engineering tool",
        )


@dataclass(slots=True, kw_only=True)
class Exchange:
    """The answers to a sequence of blocks; `failure` says why the connection ended on it, `blamed` at which block.

    unreachable: units that a gateway answered for.
    """

    answers: list[Answer]
    requests: int = 0
    received_bytes: int = 0
    failure: str = ""
    blamed: int = NOBODY
    unreachable: set[int] = field(default_factory=set)


class ReadOnlyConnection(asyncio.Protocol):
    """One socket, made anew for every connection, never revived. It ends itself on the first answer that is late or
    does not fit its request, so that no answer can land on another point."""

    def __init__(self, on_lost: Callable[[str], None]) -> None:
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._held = b""
        self._blocks: Sequence[Block] = ()
        self._exchange: Exchange | None = None
        self._done: asyncio.Future[None] | None = None
        self._under_way: dict[int, tuple[int, float]] = {}
        self._next = 0
        self._depth = 1
        self._timeout_s = 0.0
        self._deadline_s = self._until_s = 0.0
        self._pause_s = self._sent_s = 0.0
        self._pausing: asyncio.TimerHandle | None = None
        self._heard_s = 0.0
        self._slowest_s = FIRST_GUESS_S
        self._timer: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        """True from the connection's beginning to its end."""
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  what create_connection makes
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio when the other side ends or the network breaks."""
        if self._transport is not None:
            self.end(f"the connection was lost{f': {exc}' if exc else ''}")

    async def ask(
        self, blocks: Sequence[Block], *, depth: int, timeout_s: float, deadline_s: float, pause_s: float = 0.0
    ) -> Exchange:
        """The answers to `blocks`: one a block, with at most `depth` requests under way.

        A device has `timeout_s` from the request, or from its answer before. At `deadline_s` (the loop's time) it is
        over; nothing is sent so late that the answer is not to be expected in time. Two requests are `pause_s` apart.
        A unit whose gateway says that it does not answer is not asked for the rest of its blocks.
        """
        for block in blocks:
            refuse_writes(block.request[FUNCTION_AT - TRANSACTION_OCTETS])
        self._exchange = exchange = Exchange(answers=[None] * len(blocks))
        if self._transport is None:
            exchange.failure = "the connection was lost"
            return exchange
        self._blocks, self._next, self._depth = blocks, 0, depth
        self._timeout_s, self._deadline_s, self._pause_s = timeout_s, deadline_s, pause_s
        self._until_s = deadline_s - min(timeout_s, HEADROOM * self._slowest_s)
        self._done = self._loop.create_future()
        try:
            self._send_more()
            self._look_at_time()
            await self._done
        except (asyncio.CancelledError, ReadOnlyError):
            self.end("the read was given up")
            raise
        finally:
            for timer in (self._timer, self._pausing):
                if timer is not None:
                    timer.cancel()
            self._timer = self._pausing = None
            self._exchange = self._done = None
        return exchange

    def end(self, reason: str, blamed: int | None = None) -> None:
        """Give the socket up at once; what has not been answered never will be.

        `blamed` is the block at fault, NOBODY for none; left out, it is the one that waits longest.
        """
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        oldest = next(iter(self._under_way.values()), (NOBODY, 0.0))[0]
        self._under_way.clear()
        self._held = b""
        if self._exchange is not None and self._done is not None and not self._done.done():
            self._exchange.failure = reason
            self._exchange.blamed = oldest if blamed is None else blamed
            self._done.set_result(None)
        elif transport is not None:
            self._on_lost(reason)

    def close(self) -> None:
        """Give the socket up because nobody wants it any more; that is no loss."""
        self._on_lost = _said_to_nobody
        self.end("closed", NOBODY)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio: take every whole answer, send as many requests more."""
        if self._transport is None:
            return
        if self._exchange is not None:
            self._exchange.received_bytes += len(data)
        held = self._held + data if self._held else data
        at, size = 0, len(held)
        now_s = self._loop.time()
        while size - at >= _HEAD.size:
            transaction, protocol, length, unit, function = _HEAD.unpack_from(held, at)
            if protocol != 0 or not 3 <= length <= MAX_LENGTH:
                self.end(f"what came is no Modbus answer: protocol {protocol}, length {length}")
                return
            after = at + 6 + length
            if after > size:
                break
            if not self._take(transaction, unit, function, held[at + _HEAD.size : after], now_s):
                return
            at = after
        self._held = held[at:]
        self._send_more()

    def _take(self, transaction: int, unit: int, function: int, rest: bytes, now_s: float) -> bool:
        """Keep one answer; False when it fits no request, and the connection is over."""
        index, sent_s = self._under_way.pop(transaction, (NOBODY, 0.0))
        if index < 0 or self._exchange is None:
            self.end(f"an answer {transaction} to no request")
            return False
        self._slowest_s = max(now_s - max(sent_s, self._heard_s), FORGET * self._slowest_s)
        self._heard_s = now_s
        block = self._blocks[index]
        if unit != block.device:
            self.end(f"an answer of unit {unit} to a request to unit {block.device}", index)
            return False
        if function == block.function and rest[0] == block.octets == len(rest) - 1:
            self._exchange.answers[index] = rest[1:]
            return True
        if function == block.function | EXCEPTION_BIT and len(rest) == 1:
            self._exchange.answers[index] = code = rest[0] or DEVICE_FAILURE
            if code in GATEWAY_EXCEPTIONS:
                self._exchange.unreachable.add(unit)
            return True
        self.end(
            f"an answer of function {function} and {len(rest)} octets to function {block.function} for {block.octets}",
            index,
        )
        return False

    def _send_more(self) -> None:
        """Fill up what may be under way; when nothing is, the exchange is over."""
        exchange, transport = self._exchange, self._transport
        if exchange is None or transport is None or self._done is None or self._done.done():
            return
        now_s = self._loop.time()
        packets = []
        while self._next < len(self._blocks) and len(self._under_way) < self._depth and now_s < self._until_s:
            index, block = self._next, self._blocks[self._next]
            if block.device in exchange.unreachable:
                self._next += 1
                continue
            if self._pause_s > 0.0 and now_s < self._sent_s + self._pause_s:
                self._send_later()
                break
            self._next, self._sent_s = self._next + 1, now_s
            transaction = next(_transactions) & 0xFFFF
            self._under_way[transaction] = (index, now_s)
            packets.append(transaction.to_bytes(2, "big") + block.request)
        if packets:
            exchange.requests += len(packets)
            self._send(packets)
        elif not self._under_way and self._pausing is None:
            self._done.set_result(None)

    def _send_later(self) -> None:
        if self._pausing is None:
            self._pausing = self._loop.call_at(self._sent_s + self._pause_s, self._pause_over)

    def _pause_over(self) -> None:
        self._pausing = None
        self._send_more()

    def _send(self, packets: list[bytes]) -> None:
        """The only place where bytes leave: every packet's own function code is looked at, whoever made it."""
        for packet in packets:
            if len(packet) != REQUEST_OCTETS:
                raise ReadOnlyError(f"refused to send {len(packet)} octets: a read request has {REQUEST_OCTETS}")
            refuse_writes(packet[FUNCTION_AT])
        if self._transport is not None:
            self._transport.write(packets[0] if len(packets) == 1 else b"".join(packets))

    def _look_at_time(self) -> None:
        """End the connection when the oldest request has had its time; else look again when it will have."""
        self._timer = None
        if self._exchange is None or self._done is None or self._done.done():
            return
        now_s = self._loop.time()
        index, sent_s = next(iter(self._under_way.values()), (NOBODY, now_s))
        due_s = max(sent_s, self._heard_s) + self._timeout_s
        if now_s >= due_s:
            self.end(f"no answer within {self._timeout_s:g} s", index)
        elif now_s >= self._deadline_s and not self._under_way:
            self._done.set_result(None)
        elif now_s >= self._deadline_s:
            self.end("the time of the read was over", NOBODY)
        else:
            self._timer = self._loop.call_at(min(due_s, self._deadline_s), self._look_at_time)


def _said_to_nobody(reason: str) -> None:
    """Takes the end of a connection that was closed on purpose."""
