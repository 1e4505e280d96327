"""One connection: a new client, the nodes resolved against this server's namespaces, the reads prepared."""

import asyncio
from collections.abc import Sequence

from asyncua import ua
from asyncua.client.ua_client import UaClientState
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from connectors.opcua.client import ReadOnlyClient, read_parameters
from connectors.opcua.map import NodeMap, resolve
from connectors.supervision import Ending
from plantsafe.frame import BAD_NODE_ID_UNKNOWN

CHUNK_NODES = 1000  # measured: larger reads block the loop for longer without costing less
CHUNKS_IN_FLIGHT = 2  # site default: hides one round trip and keeps the load on the server low
CONNECT_TIMEOUT_S = 4.0  # site default: per request while connecting; never delays a scan
TIMEOUTS_TO_GIVE_UP = 3  # site default: a server that owes three answers in a row is connected to anew
_CAPACITY = (StatusCodes.BadTooManyOperations, StatusCodes.BadResponseTooLarge, StatusCodes.BadRequestTooLarge)


class OpcUaLink:
    """A session with its prepared reads. `read` is for one caller at a time."""

    def __init__(self, client: ReadOnlyClient, nodes: Sequence[ua.NodeId | None], chunk: int) -> None:
        self._client = client
        self._known = [i for i, node in enumerate(nodes) if node is not None]
        self._nodes = [node for node in nodes if node is not None]
        self._unknown = [ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(BAD_NODE_ID_UNKNOWN))) for _ in nodes]
        self._ending = Ending()
        self._timeouts = 0
        self._prepare(chunk)

    def _prepare(self, chunk: int) -> None:
        self.chunk = chunk
        self._reads = [read_parameters(self._nodes[i : i + chunk]) for i in range(0, len(self._nodes), chunk)]

    async def read(self, timeout_s: float) -> list[ua.DataValue]:
        """All points once, in the order of the map; raises when the server does not answer all of them in time."""
        try:
            async with asyncio.timeout(timeout_s):
                answers = await self._read_chunks()
        except TimeoutError:
            self._timeouts += 1
            if self._timeouts >= TIMEOUTS_TO_GIVE_UP:
                self.fail(f"no answer within {timeout_s} s, {self._timeouts} times in a row")
            raise
        except UaStatusCodeError as error:
            if error.code in _CAPACITY and self.chunk > 1:
                self._prepare(self.chunk // 2)
            else:
                self.fail(f"Read refused: {error}")
            raise
        self._timeouts = 0
        results = self._unknown.copy()
        for i, answer in zip(self._known, answers, strict=True):
            results[i] = answer
        return results

    async def _read_chunks(self) -> list[ua.DataValue]:
        if len(self._reads) == 1:
            return await self._client.read(self._reads[0])
        turn = asyncio.Semaphore(CHUNKS_IN_FLIGHT)

        async def one(parameters: ua.ReadParameters) -> list[ua.DataValue]:
            async with turn:
                return await self._client.read(parameters)

        parts = await asyncio.gather(*(one(parameters) for parameters in self._reads))
        return [answer for part in parts for answer in part]

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
            self._client.disconnect_socket()


async def connect(endpoint: str, nodes: NodeMap) -> OpcUaLink:
    """A new session with everything resolved anew; raises what asyncua raises when the server cannot be used."""
    client = ReadOnlyClient(endpoint, CONNECT_TIMEOUT_S)
    await client.open()
    try:
        namespaces, limit = await client.values_of(
            [
                ua.NodeId(ua.Int32(ObjectIds.Server_NamespaceArray)),
                ua.NodeId(ua.Int32(ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead)),
            ]
        )
        uris = namespaces.Value.Value if namespaces.Value is not None else None
        resolved = resolve(nodes, uris or [])
        return OpcUaLink(client, resolved, _chunk(limit))
    except BaseException:
        await client.disconnect()
        raise


def _chunk(limit: ua.DataValue) -> int:
    """Nodes a Read: what the server allows (0 and no answer mean no limit), at most CHUNK_NODES."""
    allowed = limit.Value.Value if limit.Value is not None else None
    return min(CHUNK_NODES, allowed) if isinstance(allowed, int) and allowed > 0 else CHUNK_NODES
