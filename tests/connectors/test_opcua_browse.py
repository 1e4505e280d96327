"""What a server tells of itself: variables, ranges, limits, browse paths, texts of states, where we could write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest
import structlog
from asyncua import ua
from asyncua.server.server import Server

from connectors.opcua import OpcUaSource
from connectors.opcua.browse import BrowsedNode, browse
from plantsafe.errors import SourceError
from plantsafe.frame import BAD_NODE_ID_UNKNOWN, BAD_TYPE_MISMATCH, GOOD
from plantsafe.plant import Plant
from plantsafe.plant.tables import compile_plant
from plantsafe.source import Columns
from simulation.servers import OpcUaServer
from simulation.servers.standard_space import QuickServer

ReadUntil = Callable[..., Awaitable[Columns]]
URI = "urn:plantsafe:simulation"


@pytest.fixture
async def vendor() -> AsyncIterator[Server]:
    """A server that a vendor might have set up: folders, an alarm with limits, an enumeration, writable nodes."""
    server = Server(iserver=QuickServer())
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0/vendor")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    await server.register_namespace("urn:moved")
    home = await server.register_namespace(URI)
    unit = await server.nodes.objects.add_folder(ua.NodeId("R1", home), ua.QualifiedName("R1", home))
    point = await unit.add_variable(ua.NodeId("TI-1", home), ua.QualifiedName("TI-1", home), 61.5)
    span = ua.Variant(ua.Range(0.0, 200.0), ua.VariantType.ExtensionObject)
    await point.add_property(ua.NodeId("TI-1/range", home), ua.QualifiedName("EURange", 0), span)
    alarm = await point.add_object(ua.NodeId("TI-1/alarm", home), ua.QualifiedName("Alarm", home))
    for name, limit in (("HighHighLimit", 150.0), ("HighLimit", 120.0)):
        await alarm.add_property(ua.NodeId(f"TI-1/{name}", home), ua.QualifiedName(name, 0), limit)
    await point.set_writable()
    state = await unit.add_variable(ua.NodeId("HB", home), ua.QualifiedName("HB", home), "Running")
    texts = ua.Variant([ua.LocalizedText("Off"), ua.LocalizedText("On")], ua.VariantType.LocalizedText)
    await state.add_property(ua.NodeId("HB/texts", home), ua.QualifiedName("EnumStrings", 0), texts)
    await unit.add_variable(ua.NodeId("array", home), ua.QualifiedName("array", home), [1, 2, 3])
    await server.start()
    yield server
    await server.stop()
    await asyncio.sleep(0)  # transports close on the next turn of the loop


def url_of(server: Server) -> str:
    return f"opc.tcp://127.0.0.1:{server.bserver._server.sockets[0].getsockname()[1]}/vendor"


async def test_browse_finds_variables_with_what_the_server_knows_of_them(vendor: Server) -> None:
    nodes = {node.name: node for node in await browse(url_of(vendor))}
    assert set(nodes) == {"TI-1", "HB", "array"}
    assert nodes["TI-1"] == BrowsedNode(
        name="TI-1",
        path=("R1", "TI-1"),
        node="s=TI-1",
        namespace=URI,
        title="TI-1",
        data_type="Double",
        writable=True,
        range=(0.0, 200.0),
        limits={"HighHighLimit": 150.0, "HighLimit": 120.0},
        description=nodes["TI-1"].description,
    )
    assert nodes["HB"].states == ("Off", "On")
    assert nodes["HB"].data_type == "String"
    assert not nodes["array"].scalar


async def test_browse_of_the_simulated_plant_gives_ranges_and_units(plant: Plant) -> None:
    server = OpcUaServer(plant, "DCS")
    await server.start()
    nodes = {node.name: node for node in await browse(server.endpoint)}
    await server.stop()
    assert {"TI-1", "PI-1", "FI-1", "HB"} <= set(nodes)
    assert (nodes["TI-1"].range, nodes["TI-1"].eu, nodes["TI-1"].writable) == ((0.0, 200.0), "°C", False)
    assert nodes["FI-1"].namespace == "urn:other:vendor"


async def test_nobody_there_is_one_clear_message() -> None:
    with pytest.raises(SourceError, match="cannot browse opc"):
        await browse("opc.tcp://127.0.0.1:1")


def changed(plant: Plant, **points: dict[str, object]) -> Plant:
    """The small plant with some points described otherwise."""
    made = tuple(p.model_copy(update=points.get(p.name.replace("-", "_"), {})) for p in plant.file.points)
    return compile_plant(plant.file.model_copy(update={"points": made}))


async def test_browse_paths_texts_of_states_and_write_access(
    plant: Plant, vendor: Server, read_until: ReadUntil
) -> None:
    address = plant.file.points[0].opcua
    states = {3: type(plant.file.points[0].title)(en="Running", zh="运行")}
    plant = changed(
        plant,
        TI_1={"opcua": address.model_copy(update={"node": "", "browse_path": "9:R1/9:TI-1"})},
        PI_1={"opcua": address.model_copy(update={"node": "", "browse_path": "2:R1/2:nothing"})},
        HB={"kind": "state", "states": states},
    )
    source = OpcUaSource(plant, "DCS", url_of(vendor))
    with structlog.testing.capture_logs() as logs:
        await source.open()
        columns = await read_until(source, lambda columns: columns.answered)
        again = await read_until(source, lambda columns: columns.answered)
        source._supervisor.link.fail("test")
        await read_until(source, lambda columns: not columns.answered)
        await read_until(source, lambda columns: columns.answered)
    assert columns.status.tolist() == [GOOD, BAD_NODE_ID_UNKNOWN, BAD_NODE_ID_UNKNOWN, GOOD]
    assert again.value.tolist()[::3] == [61.5, 3.0]
    assert source.access.writable == ("TI-1",)
    assert [event["points"] for event in logs if event["event"] == "server_would_let_us_write"] == [("TI-1",)]
    await source.close()


async def test_text_that_is_no_state_of_the_point_is_a_mismatch(
    plant: Plant, vendor: Server, read_until: ReadUntil
) -> None:
    source = OpcUaSource(plant, "DCS", url_of(vendor))
    await source.open()
    columns = await read_until(source, lambda columns: columns.answered)
    assert columns.status[3] == BAD_TYPE_MISMATCH
    assert np.isnan(columns.value[3])
    await source.close()


async def test_source_tells_of_its_own_work(plant: Plant, read_until: ReadUntil) -> None:
    server = OpcUaServer(plant, "DCS")
    await server.start()
    source = OpcUaSource(plant, "DCS", server.endpoint)
    await source.open()
    await read_until(source, lambda columns: columns.answered)
    first = source.counts()
    await read_until(source, lambda columns: columns.answered)
    then = source.counts()
    assert then.requests == first.requests + 1
    assert then.sent_bytes > first.sent_bytes > 0
    assert then.received_bytes > first.received_bytes > 0
    assert (then.reconnects, then.overruns, then.writable_points) == (0, 0, 0)
    assert abs(then.clock_offset_s) < 0.25
    assert np.isnan(then.certificate_days)  # there is none
    source._supervisor.link.fail("test")
    assert not (await read_until(source, lambda columns: not columns.answered)).answered
    assert np.isnan(source.counts().clock_offset_s)
    await read_until(source, lambda columns: columns.answered)
    assert source.counts().reconnects == 1
    assert source.counts().requests > then.requests + 1  # what went over the first connection is not forgotten
    await source.close()
    await server.stop()


async def test_unknown_version_of_asyncua_is_read_in_its_own_way(
    plant: Plant, vendor: Server, read_until: ReadUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    for known in (True, False):
        monkeypatch.setattr("connectors.opcua.bulk.KNOWN", known)
        monkeypatch.setattr("connectors.opcua.transport.KNOWN", known)
        source = OpcUaSource(plant, "DCS", url_of(vendor))
        await source.open()
        shown.append(await read_until(source, lambda columns: columns.answered))
        await source.close()
    fast, stock = shown
    assert (fast.resolution_ns, stock.resolution_ns) == (100, 1000)
    assert fast.status.tolist() == stock.status.tolist()
    np.testing.assert_array_equal(fast.value, stock.value)
    np.testing.assert_array_equal(fast.source_time_ns // 1000, stock.source_time_ns // 1000)


async def test_reads_keep_to_the_nodes_that_the_plant_file_allows(
    plant: Plant, vendor: Server, read_until: ReadUntil
) -> None:
    entry = plant.file.sources[0]
    entry = entry.model_copy(update={"limits": entry.limits.model_copy(update={"nodes_per_read": 2})})
    plant = compile_plant(plant.file.model_copy(update={"sources": (entry, *plant.file.sources[1:])}))
    source = OpcUaSource(plant, "DCS", url_of(vendor))
    await source.open()
    await read_until(source, lambda columns: columns.answered)
    before = source.counts().requests
    await read_until(source, lambda columns: columns.answered)
    assert source._supervisor.link.chunk == 2
    assert source.counts().requests - before == 2  # two points that this server has, and its clock
    await source.close()
