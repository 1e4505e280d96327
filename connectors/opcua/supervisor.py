"""One connection: a new client, the nodes resolved against this server's namespaces, the reads prepared."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from asyncua import ua
from asyncua.client.ua_client import UaClientState
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from numpy.typing import NDArray

from connectors.opcua.access import WriteAccess, write_access
from connectors.opcua.bulk import CHUNKS_IN_FLIGHT, Reads, prepare
from connectors.opcua.client import ReadOnlyClient
from connectors.opcua.decode import RESOLUTION_NS, Answers
from connectors.opcua.map import NodeMap, resolve
from connectors.opcua.security import OPEN, Security
from connectors.opcua.server_clock import ClockLook
from connectors.pace import Pace
from connectors.supervision import Ending
from plantsafe.errors import SourceError
from plantsafe.frame import BAD_NODE_ID_UNKNOWN
from plantsafe.plant.model import SourceLimits

CHUNK_NODES = 1000  # measured: larger reads block the loop for longer without costing less
CONNECT_TIMEOUT_S = 3.0  # site default: per request while connecting; a server that returns is found within 5 s
PREPARE_TIMEOUT_S = 20.0  # site default: for all nodes of a server that answers
TIMEOUTS_TO_GIVE_UP = 3  # site default: a server that owes three answers in a row is connected to anew
PATHS_A_REQUEST = 200  # site default: TranslateBrowsePaths walks the address space, so it is asked for less at once
SERVER_CLOCK = ua.NodeId(ua.Int32(ObjectIds.Server_ServerStatus_CurrentTime))
Places = NDArray[np.intp]
NO_LIMITS = SourceLimits()
_CAPACITY = (StatusCodes.BadTooManyOperations, StatusCodes.BadResponseTooLarge, StatusCodes.BadRequestTooLarge)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One answer for every point, and the look at the server's clock that came with it, if any."""

    answers: Answers
    resolution_ns: int
    look: ClockLook | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The prepared reads of some of the points, None where the server has none of them; `rows` are those it has."""

    rows: Places
    reads: Reads | None


class OpcUaLink:
    """A session with its prepared reads. `read` is for one caller at a time, and so is `read_part` for each part."""

    def __init__(
        self, client: ReadOnlyClient, nodes: Sequence[ua.NodeId | None], chunk: int, access: WriteAccess | None = None
    ) -> None:
        self._client = client
        self._nodes = tuple(nodes)
        self._rows = _known(nodes)
        self._wanted = [*(node for node in nodes if node is not None), SERVER_CLOCK]
        self._ending = Ending()
        self._timeouts = 0
        self._reads: Reads | None = None
        self._parts: dict[str, _Part] = {}
        self.chunk = chunk
        self.access = access

    async def prepare(self) -> None:
        """Make the request bytes, `chunk` nodes a request."""
        self._reads = await prepare(self._client, self._wanted, self.chunk)

    @property
    def requests(self) -> int:
        """Requests sent in this connection."""
        return self._client.requests

    @property
    def sent_bytes(self) -> int:
        """Bytes that went out over this connection."""
        return self._client.sent_bytes

    @property
    def received_bytes(self) -> int:
        """Bytes that came in over this connection."""
        return self._client.received_bytes

    @property
    def certificates_end(self) -> datetime | None:
        """When the first certificate of this connection ends; None without certificates."""
        return self._client.certificates_end

    async def read(self, timeout_s: float) -> Reading:
        """All points once, in the order of the map; raises when the server does not answer all of them in time."""
        if self._reads is None:
            await self.prepare()
        assert self._reads is not None  # noqa: S101  made in the line above
        reads = self._reads
        before_s = time.time()
        try:
            got = await self._answer(reads, timeout_s)
        except TimeoutError:
            self._timeouts += 1
            if self._timeouts >= TIMEOUTS_TO_GIVE_UP:
                self.fail(f"no answer within {timeout_s} s, {self._timeouts} times in a row")
            raise
        self._timeouts = 0
        look = reads.look
        if look is None or math.isnan(look.server_s):
            look = ClockLook(server_s=float(got.value[-1]), before_s=before_s, after_s=time.time())
        answers = _placed(got, self._rows, len(self._nodes))
        return Reading(answers=answers, look=look, resolution_ns=reads.resolution_ns)

    async def read_part(self, name: str, places: Places, timeout_s: float) -> Reading:
        """The points at `places` of the map alone, while `read` may be under way; `name` is the part's for good.

        A part that is not answered in time says nothing about the connection; `read` judges that.
        """
        if name not in self._parts:
            nodes = [self._nodes[place] for place in places]
            wanted = [node for node in nodes if node is not None]
            reads = await prepare(self._client, wanted, self.chunk) if wanted else None
            self._parts[name] = _Part(rows=_known(nodes), reads=reads)
        part = self._parts[name]
        if part.reads is None:
            return Reading(answers=Answers.blank(len(places), BAD_NODE_ID_UNKNOWN), resolution_ns=RESOLUTION_NS)
        got = await self._answer(part.reads, timeout_s)
        answers = _placed(got, part.rows, len(places))
        return Reading(answers=answers, resolution_ns=part.reads.resolution_ns)

    async def _answer(self, reads: Reads, timeout_s: float) -> Answers:
        try:
            return await reads.read(timeout_s)
        except UaStatusCodeError as error:
            if error.code in _CAPACITY and self.chunk > 1:
                self.chunk, self._reads = self.chunk // 2, None
                self._parts.clear()
            else:
                self.fail(f"Read refused: {error}")
            raise
        except SourceError as error:
            self.fail(f"damaged answer: {error}")
            raise

    def fail(self, reason: str) -> None:
        """Give the connection up; the supervisor makes a new one."""
        self._ending.say(reason)

    async def ended(self) -> str:
        """Return when the transport is gone or someone gave the connection up."""
        async with self._client.subscribe_state() as states:
            lost = asyncio.create_task(states.wait_for_state(UaClientState.DISCONNECTED))
            said = asyncio.create_task(self._ending.wait())
            try:
                await asyncio.wait({lost, said}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                lost.cancel()
                said.cancel()
        self._ending.say("the connection was lost")
        return await self._ending.wait()

    async def close(self) -> None:
        """End the session so that the server keeps none of ours."""
        try:
            await self._client.disconnect()
        finally:
            await self._client.drop()


def _known(nodes: Sequence[ua.NodeId | None]) -> Places:
    return np.array([i for i, node in enumerate(nodes) if node is not None], dtype=np.intp)


def _placed(got: Answers, rows: Places, n_points: int) -> Answers:
    """The first answers in the `rows` of the points; points without a node are unknown to the server."""
    known = len(rows)
    if known == n_points:
        return Answers(
            value=got.value[:known],
            status=got.status[:known],
            source_time_ns=got.source_time_ns[:known],
            texts=got.texts,
        )
    placed = Answers.blank(n_points, BAD_NODE_ID_UNKNOWN)
    placed.value[rows] = got.value[:known]
    placed.status[rows] = got.status[:known]
    placed.source_time_ns[rows] = got.source_time_ns[:known]
    placed.texts.update({int(rows[i]): text for i, text in got.texts.items() if i < known})
    return placed


async def connect(
    endpoint: str,
    nodes: NodeMap,
    security: Security = OPEN,
    *,
    limits: SourceLimits = NO_LIMITS,
    pace: Pace | None = None,
    ask_access: bool = False,
) -> OpcUaLink:
    """A new session with everything resolved anew; raises SourceError, or what asyncua raises.

    `limits` hold beside the server's own; `pace` is that of the source. `ask_access` also asks where the server would
    let us write.
    """
    in_flight = limits.requests_in_flight or CHUNKS_IN_FLIGHT
    client = ReadOnlyClient(endpoint, CONNECT_TIMEOUT_S, security, pace=pace, in_flight=in_flight)
    await client.open()
    try:
        async with asyncio.timeout(PREPARE_TIMEOUT_S):
            namespaces, limit = await client.values_of(
                [
                    ua.NodeId(ua.Int32(ObjectIds.Server_NamespaceArray)),
                    ua.NodeId(ua.Int32(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)),
                ]
            )
            uris = namespaces.Value.Value if namespaces.Value is not None else None
            resolved = await _with_paths(client, await resolve(nodes, uris or []))
            chunk = min(_chunk(limit), limits.nodes_per_read or CHUNK_NODES)
            access = await _asked(client, nodes.names, resolved, chunk) if ask_access else None
            link = OpcUaLink(client, resolved, chunk, access)
            await link.prepare()
        return link
    except BaseException:
        await _abandon(client)
        raise


async def _abandon(client: ReadOnlyClient) -> None:
    """End a session that will not be used, however that goes."""
    try:
        async with asyncio.timeout(1.0):
            await client.disconnect()
    except Exception:  # noqa: BLE001, S110  it is given up; how it ends does not matter
        pass
    finally:
        await client.drop()


async def _with_paths(
    client: ReadOnlyClient, nodes: Sequence[ua.NodeId | ua.RelativePath | None]
) -> list[ua.NodeId | None]:
    """Browse paths replaced by the node at their end; None where there is none or more than one."""
    found = [node if isinstance(node, ua.NodeId) else None for node in nodes]
    paths = [(i, node) for i, node in enumerate(nodes) if isinstance(node, ua.RelativePath)]
    for begin in range(0, len(paths), PATHS_A_REQUEST):
        part = paths[begin : begin + PATHS_A_REQUEST]
        asked = [ua.BrowsePath(ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder)), path) for _, path in part]
        results = await client.uaclient.session.translate_browsepaths_to_nodeids(asked)
        for (i, _), result in zip(part, results, strict=True):
            if result.StatusCode.is_good() and len(result.Targets) == 1:
                target = result.Targets[0].TargetId
                found[i] = ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
    return found


async def _asked(
    client: ReadOnlyClient, names: Sequence[str], nodes: Sequence[ua.NodeId | None], chunk: int
) -> WriteAccess | None:
    """The server's answer, or None when it would not say: that must not cost the connection."""
    there = [(name, node) for name, node in zip(names, nodes, strict=True) if node is not None]
    try:
        return await write_access(
            client, [name for name, _ in there], [node for _, node in there], chunk, PREPARE_TIMEOUT_S / 2
        )
    except (TimeoutError, UaError, SourceError):
        return None


def _chunk(limit: ua.DataValue) -> int:
    """Nodes a Read: what the server allows (0 and no answer mean no limit), at most CHUNK_NODES."""
    allowed = limit.Value.Value if limit.Value is not None else None
    return min(CHUNK_NODES, allowed) if isinstance(allowed, int) and allowed > 0 else CHUNK_NODES
