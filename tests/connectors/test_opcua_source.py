"""The OPC UA connector against the simulated control system, over a real socket."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC

import numpy as np
import pytest
import structlog
from asyncua import ua

from connectors.opcua import OpcUaSource
from plantsafe.clock import Clock
from plantsafe.errors import PortInUseError, SourceError
from plantsafe.frame import (
    BAD,
    BAD_NO_COMMUNICATION,
    BAD_NODE_ID_UNKNOWN,
    BAD_SENSOR_FAILURE,
    BAD_WAITING_FOR_INITIAL_DATA,
    GOOD,
    LIMIT_HIGH,
    UNCERTAIN_EU_EXCEEDED,
    Origin,
)
from plantsafe.plant import Plant
from plantsafe.plant.tables import compile_plant
from plantsafe.source import Columns
from simulation.servers import OpcUaServer

ReadUntil = Callable[..., Awaitable[Columns]]
T0 = 1_790_000_000_000_000_000
VALUE = np.array([61.5, 101.3, 450.0, 7.0])
STATUS = np.array([GOOD, GOOD, GOOD, GOOD], dtype=np.uint32)
TIME = T0 + np.array([0, 1_000_000, 2_000_000, 3_000_000])


def answered(columns: Columns) -> bool:
    return columns.answered


@pytest.fixture
async def server(plant: Plant) -> AsyncIterator[OpcUaServer]:
    server = OpcUaServer(plant, "DCS")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def source(plant: Plant, server: OpcUaServer) -> AsyncIterator[OpcUaSource]:
    source = OpcUaSource(plant, "DCS", server.endpoint)
    await source.open()
    yield source
    await source.close()


async def test_connector_reads_what_the_server_shows(
    server: OpcUaServer, source: OpcUaSource, read_until: ReadUntil
) -> None:
    await server.update(VALUE, STATUS, TIME)
    columns = await read_until(source, answered)
    assert columns.value.tolist() == VALUE.tolist()
    assert columns.status.tolist() == STATUS.tolist()
    assert columns.source_time_ns.tolist() == TIME.tolist()
    assert columns.origin is Origin.SERVER


async def test_points_without_a_value_yet_are_bad(source: OpcUaSource, read_until: ReadUntil) -> None:
    columns = await read_until(source, answered)
    assert np.isnan(columns.value).all()
    assert set(columns.status.tolist()) == {BAD_WAITING_FOR_INITIAL_DATA}


async def test_statuses_come_through_with_their_limit_bits(
    server: OpcUaServer, source: OpcUaSource, read_until: ReadUntil
) -> None:
    driven = UNCERTAIN_EU_EXCEEDED | LIMIT_HIGH
    status = np.array([BAD_SENSOR_FAILURE, driven, GOOD, GOOD], dtype=np.uint32)
    value = np.array([61.5, 400.0, np.nan, np.inf])
    await server.update(value, status, TIME)
    columns = await read_until(source, answered)
    assert columns.status.tolist() == [BAD_SENSOR_FAILURE, driven, BAD, BAD]
    assert np.isnan(columns.value).tolist() == [True, False, True, True]


async def test_source_time_is_of_the_last_change(
    server: OpcUaServer, source: OpcUaSource, read_until: ReadUntil
) -> None:
    await server.update(VALUE, STATUS, TIME)
    await read_until(source, answered)
    moved = VALUE + np.array([0.0, 0.5, 0.0, 1.0])
    await server.update(moved, STATUS, TIME + 1_000_000_000 * np.array([0, 1, 0, 1]))
    columns = await read_until(source, lambda columns: columns.value[3] == 8.0)
    assert ((columns.source_time_ns - TIME) // 1_000_000_000).tolist() == [0, 1, 0, 1]


async def test_unknown_node_and_wrong_type_turn_bad_and_are_named_once(
    plant: Plant, server: OpcUaServer, source: OpcUaSource, read_until: ReadUntil, clock: Clock
) -> None:
    await server.update(VALUE, STATUS, TIME)
    nodes = server._server.iserver.aspace
    gone, changed = server._nodes[1], server._nodes[2]
    del nodes[gone]
    nodes[changed].attributes[ua.AttributeIds.Value].value = ua.DataValue(ua.Variant("open", ua.VariantType.String))
    with structlog.testing.capture_logs() as logs:
        await read_until(source, answered)
        columns = await source.read(clock)
    assert columns.status.tolist() == [GOOD, BAD_NODE_ID_UNKNOWN, 0x80740000, GOOD]
    assert columns.value[[0, 3]].tolist() == [61.5, 7.0]
    named = [entry["points"] for entry in logs if entry["event"] == "points_do_not_fit"]
    assert named == [["PI-1"], ["FI-1"]]


async def test_booleans_integers_and_times_become_numbers(
    server: OpcUaServer, source: OpcUaSource, read_until: ReadUntil
) -> None:
    await server.update(VALUE, STATUS, TIME)
    nodes = server._server.iserver.aspace
    moment = ua.DateTime(2026, 9, 21, tzinfo=UTC)
    for i, variant in enumerate(
        [
            ua.Variant(True, ua.VariantType.Boolean),
            ua.Variant(-5, ua.VariantType.Int16),
            ua.Variant(moment, ua.VariantType.DateTime),
            ua.Variant([1.0, 2.0], ua.VariantType.Double),
        ]
    ):
        nodes[server._nodes[i]].attributes[ua.AttributeIds.Value].value = ua.DataValue(variant)
    columns = await read_until(source, answered)
    assert columns.value[:3].tolist() == [1.0, -5.0, moment.timestamp()]
    assert columns.status.tolist() == [GOOD, GOOD, GOOD, 0x80740000]
    assert columns.source_time_ns.tolist() == [0, 0, 0, 0]


async def test_restarted_server_with_other_namespace_indices_is_found_again(
    plant: Plant, read_until: ReadUntil
) -> None:
    first = OpcUaServer(plant, "DCS")
    await first.start()
    await first.update(VALUE, STATUS, TIME)
    source = OpcUaSource(plant, "DCS", first.endpoint)
    await source.open()
    assert (await read_until(source, answered)).value.tolist() == VALUE.tolist()
    await first.stop()
    assert not (await read_until(source, lambda columns: not columns.answered)).answered

    second = OpcUaServer(plant, "DCS", first.port, namespaces_before=("urn:new:module", "urn:other:vendor"))
    await second.start()
    await second.update(VALUE + 1.0, STATUS, TIME)
    assert (await read_until(source, answered)).value.tolist() == (VALUE + 1.0).tolist()
    await source.close()
    await second.stop()


async def test_nobody_there_is_silence_at_once(plant: Plant, clock: Clock, unused_tcp_port: int) -> None:
    source = OpcUaSource(plant, "DCS", f"opc.tcp://127.0.0.1:{unused_tcp_port}/x")
    await source.open()
    began_s = time.process_time()
    columns = await source.read(clock)
    assert not columns.answered
    assert set(columns.status.tolist()) == {BAD_NO_COMMUNICATION}
    assert time.process_time() - began_s < 0.1
    await source.close()


async def test_server_that_stops_answering_is_silence_within_the_timeout_and_comes_back(
    server: OpcUaServer, source: OpcUaSource, read_until: ReadUntil, clock: Clock
) -> None:
    await server.update(VALUE, STATUS, TIME)
    await read_until(source, answered)
    server.set_silent(silent=True)
    async with asyncio.timeout(5.0):
        columns = await source.read(clock)
    assert not columns.answered
    server.set_silent(silent=False)
    assert (await read_until(source, answered)).value.tolist() == VALUE.tolist()


async def test_at_most_one_session(server: OpcUaServer, source: OpcUaSource, read_until: ReadUntil) -> None:
    for _ in range(3):
        await read_until(source, answered)
        source._supervisor.link.fail("test")
        await read_until(source, lambda columns: not columns.answered)
    await read_until(source, answered)
    assert len(server._server.bserver.clients) == 1


async def test_namespace_that_the_server_lacks_makes_its_points_bad_and_no_others(
    plant: Plant, server: OpcUaServer, read_until: ReadUntil
) -> None:
    await server.update(VALUE, STATUS, TIME)
    uris = server._server.nodes.namespace_array
    await uris.write_value([uri for uri in await uris.read_value() if uri != "urn:other:vendor"])
    source = OpcUaSource(plant, "DCS", server.endpoint)
    await source.open()
    columns = await read_until(source, answered)
    assert columns.status.tolist() == [GOOD, GOOD, BAD_NODE_ID_UNKNOWN, GOOD]
    await source.close()


async def test_port_in_use_names_the_port_and_the_flag(plant: Plant, server: OpcUaServer) -> None:
    with pytest.raises(PortInUseError, match=rf"{server.port}[\s\S]*--opcua-port"):
        await OpcUaServer(plant, "DCS", server.port).start()


def test_source_without_a_namespace_is_refused(plant: Plant) -> None:
    entry = plant.file.sources[0].model_copy(update={"namespace": None})
    file = plant.file.model_copy(update={"sources": (entry, *plant.file.sources[1:])})
    with pytest.raises(SourceError, match="TI-1 names no namespace"):
        OpcUaSource(compile_plant(file), "DCS")
