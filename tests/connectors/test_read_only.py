"""Nothing that writes leaves for the plant: the client refuses it, and a proxy on the wire sees none of it."""

import ast
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.client.client import Client
from pymodbus.client import AsyncModbusTcpClient

import connectors
from connectors.opcua import OpcUaSource
from connectors.opcua.client import ALLOWED_SERVICES, refuse_writes
from plantsafe.errors import ReadOnlyError
from plantsafe.plant import Plant
from plantsafe.source import Columns
from simulation.servers import ModbusServer, OpcUaServer

ReadUntil = Callable[..., Awaitable[Columns]]


def opcua_services(sent: bytes) -> Counter[int]:
    """How often each service was asked for: the type id of each message's body (security None)."""
    found: Counter[int] = Counter()
    while sent:
        kind, size = sent[:3], int.from_bytes(sent[4:8], "little")
        if kind in (b"MSG", b"CLO"):
            body = sent[24:size]
            assert body[0] == 1
            found[int.from_bytes(body[2:4], "little")] += 1
        sent = sent[size:]
    return found


async def test_opcua_writes_raise_and_none_reaches_the_server(
    plant: Plant, listen_in: Callable[[int], Awaitable[object]], read_until: ReadUntil
) -> None:
    server = OpcUaServer(plant, "DCS")
    await server.start()
    proxy = await listen_in(server.port)
    source = OpcUaSource(plant, "DCS", f"opc.tcp://127.0.0.1:{proxy.port}/plantsafe")
    await source.open()
    await read_until(source, lambda columns: columns.answered)

    client = source._supervisor.link._client
    node = client.get_node(server._nodes[0])
    for attempt in (
        lambda: node.write_value(ua.Variant(1.0, ua.VariantType.Double)),
        lambda: node.call_method(ua.NodeId(1, 1)),
        lambda: client.nodes.objects.add_object(2, "new"),
        lambda: client.delete_nodes([node]),
        lambda: client.nodes.server.call_method(ua.NodeId(11492), 1),
        lambda: client.create_subscription(1000, None),
        lambda: client.register_nodes([node]),
    ):
        with pytest.raises(ReadOnlyError, match="only reads"):
            await attempt()
    await read_until(source, lambda columns: columns.answered)
    await source.close()
    await server.stop()

    services = opcua_services(bytes(proxy.sent))
    assert services[ua.ObjectIds.ReadRequest_Encoding_DefaultBinary] >= 3
    assert set(services) <= set(ALLOWED_SERVICES)


@pytest.mark.parametrize(
    "message", [b"", b"\x01\x00", b"\x02\x00\x00\x77\x02\x00\x00", b"\x00\x77", b"\x01\x01\x77\x02"]
)
def test_request_in_an_unknown_encoding_is_refused(message: bytes) -> None:
    with pytest.raises(ReadOnlyError):
        refuse_writes(message)


def test_every_service_that_is_not_allowed_is_refused() -> None:
    ids = [value for name, value in vars(ua.ObjectIds).items() if name.endswith("Request_Encoding_DefaultBinary")]
    refused = [number for number in ids if number not in ALLOWED_SERVICES]
    assert len(refused) > 20
    for number in refused:
        with pytest.raises(ReadOnlyError):
            refuse_writes(b"\x01\x00" + number.to_bytes(2, "little"))
    for number in ALLOWED_SERVICES:
        refuse_writes(b"\x01\x00" + number.to_bytes(2, "little"))


async def test_simulated_servers_refuse_writes_of_any_client(plant: Plant) -> None:
    control, safety = OpcUaServer(plant, "DCS"), ModbusServer(plant, "SIS")
    await control.start()
    await safety.start()
    async with Client(control.endpoint, watchdog_intervall=10) as client:
        with pytest.raises(ua.uaerrors.BadUserAccessDenied):
            await client.get_node(control._nodes[0]).write_value(ua.Variant(1.0, ua.VariantType.Double))
        with pytest.raises(ua.uaerrors.BadUserAccessDenied):
            await client.nodes.server.call_method(ua.NodeId(11492), ua.Variant(1, ua.VariantType.UInt32))
    other = AsyncModbusTcpClient("127.0.0.1", port=safety.port, retries=0)
    await other.connect()
    assert (await other.write_register(100, 7, device_id=1)).exception_code == 1
    assert (await other.write_coil(0, True, device_id=1)).exception_code == 1
    assert (await other.read_holding_registers(100, count=1, device_id=1)).registers == [0]
    other.close()
    await control.stop()
    await safety.stop()


def test_no_connector_calls_anything_that_writes() -> None:
    for path in Path(connectors.__file__).parent.rglob("*.py"):
        calls = {node.func.attr for node in ast.walk(ast.parse(path.read_text())) if _is_method_call(node)}
        writing = {name for name in calls if name.startswith(("write_", "set_value", "call_method", "mask_write"))}
        assert not writing, f"{path.name} calls {writing}"


def _is_method_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
