"""The control system of the stand-in plant: asyncua's server over the points of one source, read only."""

import asyncio
import logging
from datetime import UTC, timedelta
from typing import Any

import numpy as np
from asyncua import ua
from asyncua.crypto.permission_rules import SimpleRoleRuleset
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from connectors.opcua.client import ALLOWED_SERVICES
from connectors.opcua.map import NodeMap, node_map
from plantsafe.frame import F8, I8, U4, is_bad
from plantsafe.plant import Plant
from simulation.servers.address_space import folder, no_value_yet, variable
from simulation.servers.gate import Gate
from simulation.servers.port import HOST, claim, in_use
from simulation.servers.security import POLICIES, SERVER_URI, Doorman, ServerSecurity
from simulation.servers.standard_space import QuickServer

FLAG = "--opcua-port"
PATH = "plantsafe"
EPOCH = ua.DateTime(1970, 1, 1, tzinfo=UTC)
UA_NAMESPACE = "http://opcfoundation.org/UA/"
SUBSCRIBING = (  # a stand-in for a real server lets its clients subscribe
    ObjectIds.CreateSubscriptionRequest_Encoding_DefaultBinary,
    ObjectIds.ModifySubscriptionRequest_Encoding_DefaultBinary,
    ObjectIds.DeleteSubscriptionsRequest_Encoding_DefaultBinary,
    ObjectIds.CreateMonitoredItemsRequest_Encoding_DefaultBinary,
    ObjectIds.DeleteMonitoredItemsRequest_Encoding_DefaultBinary,
    ObjectIds.PublishRequest_Encoding_DefaultBinary,
    ObjectIds.FindServersRequest_Encoding_DefaultBinary,
)

logging.getLogger("asyncua.server").setLevel(logging.CRITICAL)  # refused writes are answered, not logged


class _ReadOnlyRules(SimpleRoleRuleset):
    """Nobody may write, call or change the address space, whatever role a client has."""

    def __init__(self) -> None:
        self._allowed = {ua.NodeId(ua.Int32(i)) for i in (*ALLOWED_SERVICES, *SUBSCRIBING)}

    def check_validity(self, user: object, action_type_id: ua.NodeId, body: object) -> bool:  # noqa: ARG002
        return action_type_id in self._allowed


class _Protocol(OPCUAProtocol):
    gate: Gate

    async def _process_one_msg(self, header: Any, buf: Any) -> bool:
        await self.gate.passed()
        return await super()._process_one_msg(header, buf)


class _Listener(BinaryServer):
    gate: Gate

    def _make_protocol(self) -> OPCUAProtocol:
        protocol = _Protocol(self.iserver, self._policies, self.clients, self.closing_tasks, self.limits)
        protocol.gate = self.gate
        return protocol


class OpcUaServer:
    """Serves one source of the plant: a folder a unit, a variable a point with its range and unit of measure."""

    def __init__(
        self,
        plant: Plant,
        source: str,
        port: int = 0,
        *,
        namespaces_before: tuple[str, ...] = (),
        security: ServerSecurity | None = None,
    ) -> None:
        """`namespaces_before` are registered first, so that the plant's own indices move (servers do that).

        With `security` the server offers signed and enciphered connections beside plain ones.
        """
        self._map: NodeMap = node_map(plant, source)
        self._plant = plant
        self._wanted = port
        self._before = namespaces_before
        self._security = security
        self._server: Server | None = None
        self._gate = Gate()
        self._nodes: list[ua.NodeId] = []
        self._shown: tuple[F8, U4, I8] | None = None
        self.port = 0

    @property
    def endpoint(self) -> str:
        """Where a client finds the server."""
        return f"opc.tcp://{HOST}:{self.port}/{PATH}"

    async def start(self) -> None:
        """Build the address space and listen; raises PortInUseError."""
        self.port = claim(self._wanted, FLAG)
        secured = self._security
        server = Server(iserver=QuickServer(user_manager=Doorman(secured) if secured is not None else None))
        await server.init()
        server.set_endpoint(self.endpoint)
        server.set_server_name("plantsafe simulated control system")
        await server.set_application_uri(SERVER_URI)
        server.set_security_policy(POLICIES if secured is not None else POLICIES[:1], _ReadOnlyRules())
        server.set_identity_tokens(secured.tokens if secured is not None else [ua.AnonymousIdentityToken])
        if secured is not None:
            await secured.apply(server)
        server.iserver.aspace.force_server_timestamp = False
        for uri in (*self._before, *dict.fromkeys(self._map.namespaces)):
            await server.register_namespace(uri)
        await self._build(server)
        await self._listen(server)
        self._server = server

    async def _listen(self, server: Server) -> None:
        """What Server.start does, with a listener that can fall silent."""
        await server._setup_server_nodes()
        await server.iserver.start()
        listener = _Listener(server.iserver, HOST, self.port, server.limits)
        listener.gate = self._gate
        listener.set_policies(server._policies)
        server.bserver = listener
        try:
            await listener.start()
        except OSError as error:
            await server.iserver.stop()
            raise in_use(self.port, FLAG) from error

    async def stop(self) -> None:
        """Close the port and all sessions."""
        if self._server is not None:
            self._gate.set_silent(silent=False)
            await self._server.stop()
            self._server = None
            await asyncio.sleep(0)  # transports close on the next turn of the loop

    def set_silent(self, *, silent: bool) -> None:
        """Stop answering, or answer again."""
        self._gate.set_silent(silent=silent)

    async def update(self, value: F8, status: U4, source_time_ns: I8) -> None:
        """Show these values (n points of the source, in its order); writes only the points that changed."""
        if self._server is None:
            return
        changed = np.ones(len(value), dtype=np.bool_)
        if self._shown is not None:
            was_value, was_status, was_time = self._shown
            same = (value == was_value) | (np.isnan(value) & np.isnan(was_value))
            changed = ~same | (status != was_status) | (source_time_ns != was_time)
        bad = is_bad(status)
        for i in np.flatnonzero(changed).tolist():
            if self._map.namespaces[i] == UA_NAMESPACE:
                continue  # the server writes its own nodes
            kind = ua.VariantType.Null if bad[i] else ua.VariantType.Double
            shown = ua.DataValue(
                ua.Variant(None if bad[i] else float(value[i]), kind),
                ua.StatusCode(ua.UInt32(int(status[i]))),
                SourceTimestamp=_moment(int(source_time_ns[i])),
                ServerTimestamp=_moment(int(source_time_ns[i])),
            )
            await self._server.iserver.aspace.write_attribute_value(self._nodes[i], AttributeIds.Value, shown)
        self._shown = (value.copy(), status.copy(), source_time_ns.copy())

    async def _build(self, server: Server) -> None:
        """All nodes in one call of the service: the comfortable way takes several calls a node."""
        index = {uri: i for i, uri in enumerate(await server.get_namespace_array())}
        home = index[next((uri for uri in self._map.namespaces if uri != UA_NAMESPACE), UA_NAMESPACE)]
        points = [self._plant.file.points[int(row)] for row in self._map.rows]
        items: list[ua.AddNodesItem] = []
        mine: list[ua.NodeId] = []
        folders: dict[str, ua.NodeId] = {}
        for unit in self._plant.file.units:
            if any(point.unit == unit.name for point in points):
                folders[unit.name] = ua.NodeId(ua.String(f"unit/{unit.name}"), ua.Int16(home))
                items.append(folder(folders[unit.name], unit))
        for point, node, uri in zip(points, self._map.nodes, self._map.namespaces, strict=True):
            node_id = ua.NodeId.from_string(f"ns={index[uri]};{node}")
            self._nodes.append(node_id)
            if uri == UA_NAMESPACE:
                continue  # a node of the server itself, such as its clock
            items.extend(variable(node_id, folders[point.unit], point))
            mine.append(node_id)
        for result in await server.iserver.isession.add_nodes(items):
            result.StatusCode.check()
        for node_id in mine:
            await server.iserver.aspace.write_attribute_value(node_id, AttributeIds.Value, no_value_yet())


def _moment(time_ns: int) -> ua.DateTime | None:
    """The time as asyncua keeps it, to the microsecond; None for 0."""
    return EPOCH + timedelta(microseconds=time_ns // 1000) if time_ns > 0 else None
