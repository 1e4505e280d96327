"""Reads of a fixed list of nodes, again and again: request bytes made once, answers decoded to columns.

`FastReads` uses asyncua's transport from inside; `StockReads` asks asyncua in its own way. Both give the same.
"""

import asyncio
import struct
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import nodeid_to_binary, struct_to_binary

from connectors.opcua.decode import EPOCH_TICKS, RESOLUTION_NS, Answers, decode, server_time_s
from connectors.opcua.server_clock import ClockLook
from connectors.opcua.stock import RESOLUTION_NS as STOCK_RESOLUTION_NS
from connectors.opcua.stock import put_stock
from connectors.opcua.transport import KNOWN

if TYPE_CHECKING:
    from connectors.opcua.client import ReadOnlyClient

CHUNKS_IN_FLIGHT = 2  # site default: hides one round trip and keeps the load on the server low

_REQUEST_TYPE = nodeid_to_binary(ua.FourByteNodeId(ua.Int32(ObjectIds.ReadRequest_Encoding_DefaultBinary)))
_HEADER = struct.Struct("<qIIiI")  # time, handle, diagnostics wanted, no audit entry, time-out hint
_NO_EXTENSION = b"\x00\x00\x00"
_PARAMETERS = struct.Struct("<dIi")  # oldest value wanted, which times, number of nodes
_SHORT_ID = struct.Struct("<BBH")
_WANTED = struct.Struct("<IiHi")  # attribute, no index range, no data encoding


_SAMPLE = ua.NodeId(ua.String("sample"), ua.Int16(2))


class Reads(Protocol):
    """The prepared reads of a session; `read` is for one caller at a time.

    look: the server's clock as the last read saw it, None where answers do not tell it.
    """

    resolution_ns: int
    look: ClockLook | None

    async def read(self, timeout_s: float) -> Answers:
        """All nodes once; raises TimeoutError, UaStatusCodeError, SourceError, or what a lost connection raises."""
        ...


async def prepare(
    client: "ReadOnlyClient", nodes: Sequence[ua.NodeId], chunk: int, attribute: int = AttributeIds.Value
) -> Reads:
    """The reads of `nodes`, `chunk` nodes a request; gives the loop a turn between chunks."""
    parts = [nodes[i : i + chunk] for i in range(0, len(nodes), chunk)]
    if not KNOWN:
        return StockReads(client, [read_parameters(part, attribute) for part in parts], len(nodes))
    bodies = []
    for part in parts:
        bodies.append(_NO_EXTENSION + _encoded(part, attribute))
        await asyncio.sleep(0)
    reads = FastReads(client, bodies, [len(part) for part in parts])
    if not reads.encodes_as_asyncua(read_parameters([_SAMPLE], attribute)):
        return StockReads(client, [read_parameters(part, attribute) for part in parts], len(nodes))
    return reads


class FastReads:
    """Our bytes over asyncua's secure channel."""

    resolution_ns = RESOLUTION_NS

    def __init__(self, client: "ReadOnlyClient", bodies: list[bytes], counts: list[int]) -> None:
        self._protocol = cast(Any, client.uaclient.protocol)
        self._pace, self._in_flight = client.pace, client.in_flight
        self.look: ClockLook | None = None
        self._prefix = _REQUEST_TYPE + nodeid_to_binary(self._protocol.authentication_token)
        self._bodies = bodies
        self._counts = counts

    async def read(self, timeout_s: float) -> Answers:
        """All nodes once, with as many requests ahead of the answers as the client allows."""
        answers = Answers.blank(sum(self._counts))
        waiting: list[asyncio.Future[Any]] = []
        looks: list[ClockLook] = []
        begun_s: list[float] = []
        sent = row = 0
        try:
            async with asyncio.timeout(timeout_s):
                for done, count in enumerate(self._counts):
                    while sent < len(self._bodies) and sent - done < self._in_flight:
                        await self._pace.turn()
                        begun_s.append(time.time())
                        waiting.append(self._send(self._bodies[sent], timeout_s))
                        sent += 1
                    body = await waiting[done]
                    after_s = time.time()
                    answer = body.read(len(body))
                    decode(answer, answers, row, count)
                    looks.append(ClockLook(server_s=server_time_s(answer), before_s=begun_s[done], after_s=after_s))
                    row += count
        finally:
            for future in waiting:
                _forget(future)
        self.look = min(looks, key=lambda look: look.round_trip_s, default=None)
        return answers

    def encodes_as_asyncua(self, parameters: ua.ReadParameters) -> bool:
        """True when a small request has the bytes that asyncua gives it."""
        request = ua.ReadRequest()
        request.RequestHeader.AuthenticationToken = self._protocol.authentication_token
        request.RequestHeader.TimeoutHint = 1
        request.Parameters = parameters
        nodes = [wanted.NodeId for wanted in parameters.NodesToRead]
        attribute = parameters.NodesToRead[0].AttributeId
        ours = self._prefix + _HEADER.pack(0, 0, 0, -1, 1) + _NO_EXTENSION + _encoded(nodes, attribute)
        theirs: bytes = struct_to_binary(request)
        stamp = slice(len(self._prefix), len(self._prefix) + 8)
        return ours[: stamp.start] + ours[stamp.stop :] == theirs[: stamp.start] + theirs[stamp.stop :]

    def _send(self, body: bytes, timeout_s: float) -> "asyncio.Future[Any]":
        protocol = self._protocol
        if protocol.transport is None:
            raise ConnectionError("the connection is closed")
        protocol._request_handle += 1
        header = _HEADER.pack(_now_ticks(), protocol._request_handle & 0xFFFFFFFF, 0, -1, int(timeout_s * 1000))
        protocol.revolve_security_token()
        number = protocol._request_id + 1
        message = protocol._connection.message_to_binary(self._prefix + header + body, request_id=number)
        protocol._request_id = number
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        protocol._callbackmap[number] = future
        protocol.transport.write(message)
        return future


class StockReads:
    """asyncua's own Read, with its objects for every value."""

    resolution_ns = STOCK_RESOLUTION_NS

    def __init__(self, client: "ReadOnlyClient", requests: list[ua.ReadParameters], count: int) -> None:
        self._client = client
        self._requests = requests
        self._count = count
        self.look: ClockLook | None = None

    async def read(self, timeout_s: float) -> Answers:
        """All nodes once, one request after the other."""
        answers = Answers.blank(self._count)
        row = 0
        async with asyncio.timeout(timeout_s):
            for parameters in self._requests:
                await self._client.pace.turn()
                got = await self._answer(parameters)
                if len(got) != len(parameters.NodesToRead):
                    raise ConnectionError(f"asked for {len(parameters.NodesToRead)} values, got {len(got)}")
                put_stock(got, answers, row)
                row += len(got)
        return answers

    async def _answer(self, parameters: ua.ReadParameters) -> list[ua.DataValue]:
        try:
            return await self._client.read(parameters)
        except asyncio.CancelledError as error:
            # asyncua's own kind, when time ends as the answer comes; asyncio.timeout knows only the plain one
            raise asyncio.CancelledError from error


def read_parameters(nodes: Sequence[ua.NodeId], attribute: int = AttributeIds.Value) -> ua.ReadParameters:
    """A Read of an attribute of each node with source timestamps; may be sent many times."""
    parameters = ua.ReadParameters()
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
    for node in nodes:
        wanted = ua.ReadValueId()
        wanted.NodeId = node
        wanted.AttributeId = attribute
        parameters.NodesToRead.append(wanted)
    return parameters


def _encoded(nodes: Sequence[ua.NodeId], attribute: int) -> bytes:
    tail = _WANTED.pack(attribute, -1, 0, -1)
    head = _PARAMETERS.pack(0.0, ua.TimestampsToReturn.Source, len(nodes))
    return head + b"".join([_node_id(node) + tail for node in nodes])


def _node_id(node: ua.NodeId) -> bytes:
    """In the shortest encoding, which is also the quickest for the server to read: OPC UA Part 6, 5.2.2.9."""
    number, namespace = node.Identifier, node.NamespaceIndex
    if isinstance(number, int) and number < 1 << 16 and namespace < 1 << 8:
        return _SHORT_ID.pack(1, namespace, number)
    encoded: bytes = nodeid_to_binary(node)
    return encoded


def _forget(future: "asyncio.Future[Any]") -> None:
    """Nobody waits for this answer any more; a failure that it holds was said by another."""
    if not future.cancel() and not future.cancelled():
        future.exception()


def _now_ticks() -> int:
    """The time of a request as OPC UA counts it; informative only, nothing of ours depends on it."""
    return time.time_ns() // 100 + EPOCH_TICKS
