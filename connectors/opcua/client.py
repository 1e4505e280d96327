"""asyncua's client, able to read only: any other service is refused before a byte of it leaves."""

import logging
from collections.abc import Sequence
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.common.connection import SecureConnection
from asyncua.common.shortcuts import Shortcuts
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIdNames, ObjectIds

from plantsafe.errors import ReadOnlyError

# The supervisor says each change of state once; asyncua would say it again on every attempt, with tracebacks.
logging.getLogger("asyncua.client").setLevel(logging.CRITICAL)

ALLOWED_SERVICES: dict[int, str] = {  # OPC UA Part 4: services that change nothing on the server but our own session
    ObjectIds.GetEndpointsRequest_Encoding_DefaultBinary: "GetEndpoints",
    ObjectIds.OpenSecureChannelRequest_Encoding_DefaultBinary: "OpenSecureChannel",
    ObjectIds.CloseSecureChannelRequest_Encoding_DefaultBinary: "CloseSecureChannel",
    ObjectIds.CreateSessionRequest_Encoding_DefaultBinary: "CreateSession",
    ObjectIds.ActivateSessionRequest_Encoding_DefaultBinary: "ActivateSession",
    ObjectIds.CloseSessionRequest_Encoding_DefaultBinary: "CloseSession",
    ObjectIds.ReadRequest_Encoding_DefaultBinary: "Read",
    ObjectIds.BrowseRequest_Encoding_DefaultBinary: "Browse",
    ObjectIds.BrowseNextRequest_Encoding_DefaultBinary: "BrowseNext",
    ObjectIds.TranslateBrowsePathsToNodeIdsRequest_Encoding_DefaultBinary: "TranslateBrowsePathsToNodeIds",
}

WATCHDOG_S = 10.0  # asyncua's own probe; its default of 1 s cuts long reads
SESSION_TIMEOUT_MS = 60_000  # site default: a killed scan service leaves its session behind for no longer
FOUR_BYTE_NODE_ID = 1  # OPC UA Part 6, 5.2.2.9


def refuse_writes(message: bytes) -> None:
    """Raise ReadOnlyError unless the encoded request is of an allowed service; an unknown encoding is refused too."""
    plain = len(message) >= 4 and message[0] == FOUR_BYTE_NODE_ID and message[1] == 0
    service = int.from_bytes(message[2:4], "little") if plain else -1
    if service not in ALLOWED_SERVICES:
        name = ObjectIdNames.get(service, "unknown").removesuffix("_Encoding_DefaultBinary")
        raise ReadOnlyError(
            f"refused to send the OPC UA request {name}: plantsafe only reads",
            mend="read, or make the change with the control system's own engineering tool",
        )


class _ReadOnlyConnection(SecureConnection):
    """Everything that asyncua sends in a secure channel passes here, whoever encoded it."""

    def message_to_binary(
        self, message: bytes, message_type: Any = ua.MessageType.SecureMessage, request_id: int = 0
    ) -> bytes:
        refuse_writes(message)
        return super().message_to_binary(message, message_type, request_id)


class _ReadOnlyTransport(UaClient):
    def _make_protocol(self) -> UASocketProtocol:
        protocol = super()._make_protocol()
        protocol._connection = _ReadOnlyConnection(self.security_policy, protocol._connection._limits)
        return protocol


class ReadOnlyClient(Client):
    """One connection to one server; made anew for every connection, never revived."""

    def __init__(self, url: str, timeout_s: float) -> None:
        super().__init__(url, timeout=timeout_s, watchdog_intervall=WATCHDOG_S, auto_reconnect=False)
        self.uaclient = _ReadOnlyTransport(timeout_s)
        self.uaclient.pre_request_hook = self._wait_until_ready
        self.nodes = Shortcuts(self.uaclient.session)
        self.name = self.description = "plantsafe"
        self.application_uri = "urn:plantsafe:client"
        self.session_timeout = SESSION_TIMEOUT_MS

    async def open(self) -> None:
        """Connect and activate a session; leaves no socket behind when that fails or is cancelled."""
        try:
            await self.connect()
        except BaseException:
            self.disconnect_socket()
            raise

    async def values_of(self, nodes: Sequence[ua.NodeId]) -> list[ua.DataValue]:
        """The Value attribute of each node."""
        return await self.read(read_parameters(nodes))

    async def read(self, parameters: ua.ReadParameters) -> list[ua.DataValue]:
        """One Read service call; the results in the order of the nodes asked for."""
        return await self.uaclient.session.read(parameters)


def read_parameters(nodes: Sequence[ua.NodeId]) -> ua.ReadParameters:
    """A Read of the Value of each node with source timestamps; may be sent many times."""
    parameters = ua.ReadParameters()
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Source
    for node in nodes:
        wanted = ua.ReadValueId()
        wanted.NodeId = node
        wanted.AttributeId = AttributeIds.Value
        parameters.NodesToRead.append(wanted)
    return parameters
