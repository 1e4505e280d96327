"""The demo plant's servers on the wire and its sources in virtual time show the same, bit for bit."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

import simulation
from connectors.modbus import ModbusSource
from connectors.opcua import OpcUaSource
from plantsafe.clock import Clock
from plantsafe.plant import Plant, load_plant
from plantsafe.source import Columns, Source
from simulation.plant import SimulatedPlant
from simulation.servers import ModbusServer, OpcUaServer
from simulation.virtual_fast import VirtualFast
from simulation.virtual_source import virtual_sources

EPOCH_NS = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def demo() -> Plant:
    return load_plant(Path(simulation.__file__).parent / "plants" / "demo.yaml")


@pytest.fixture
def simulated(demo: Plant) -> SimulatedPlant:
    return SimulatedPlant(demo, seed=7, epoch_ns=EPOCH_NS, warm_s=60.0)


@pytest.fixture
async def wired(demo: Plant) -> AsyncIterator[tuple[dict[str, OpcUaServer | ModbusServer], tuple[Source, ...]]]:
    servers = {"DCS": OpcUaServer(demo, "DCS"), "SIS": ModbusServer(demo, "SIS")}
    for server in servers.values():
        await server.start()
    sources = (OpcUaSource(demo, "DCS", servers["DCS"].endpoint), ModbusSource(demo, "SIS", servers["SIS"].endpoint))
    for source in sources:
        await source.open()
    yield servers, sources
    for source in sources:
        await source.close()
    for server in servers.values():
        await server.stop()


async def answer_of(source: Source) -> Columns:
    async with asyncio.timeout(15.0):
        while True:
            columns = await source.read(Clock.system())
            if columns.answered:
                return columns
            await asyncio.sleep(0.02)


async def test_wire_and_virtual_time_give_the_same_columns(
    demo: Plant, simulated: SimulatedPlant, wired: tuple[dict[str, OpcUaServer | ModbusServer], tuple[Source, ...]]
) -> None:
    servers, sources = wired
    simulated.faults.inject(next(name for name in simulated.faults.catalogue if "burn" in name or "drift" in name))
    for _ in range(5):
        simulated.advance(20)
        readings = simulated.readings()
        for name, server in servers.items():
            at = demo.sources.points[demo.sources.row[name]]
            await server.update(readings.value[at], readings.status[at], readings.source_time_ns[at])
        for source, virtual in zip(sources, virtual_sources(simulated), strict=True):
            wire, dreamt = await answer_of(source), await virtual.read(Clock.system())
            assert source.points.tolist() == virtual.points.tolist()
            assert np.array_equal(wire.value, dreamt.value, equal_nan=True)
            assert wire.status.tolist() == dreamt.status.tolist()
            assert wire.source_time_ns.tolist() == dreamt.source_time_ns.tolist()
            assert (wire.origin, wire.resolution_ns) == (dreamt.origin, dreamt.resolution_ns)


async def test_virtual_source_falls_silent_with_its_fault_and_comes_back(simulated: SimulatedPlant) -> None:
    control, safety = virtual_sources(simulated)
    silent = next(
        name
        for name, fault in simulated.faults.catalogue.items()
        if any(effect.knob == "source.SIS.silent" for effect in fault.effects)
    )
    assert (await safety.read(Clock.system())).answered
    simulated.faults.inject(silent)
    simulated.advance(2)
    assert (await control.read(Clock.system())).answered
    assert not (await safety.read(Clock.system())).answered
    simulated.faults.clear(silent)
    simulated.advance(2)
    assert (await safety.read(Clock.system())).answered


async def test_range_and_unit_of_measure_stand_beside_each_variable(
    demo: Plant, wired: tuple[dict[str, OpcUaServer | ModbusServer], tuple[Source, ...]]
) -> None:
    server = wired[0]["DCS"]
    node = server._server.get_node(server._nodes[0])
    point = demo.file.points[int(demo.sources.points[0][0])]
    span = await (await node.get_child("0:EURange")).read_value()
    measure = await (await node.get_child("0:EngineeringUnits")).read_value()
    assert (span.Low, span.High) == point.range
    assert measure.DisplayName.Text == point.eu


async def test_fast_group_on_the_wire_shows_a_moving_valve_as_virtual_time_does(
    demo: Plant, simulated: SimulatedPlant, wired: tuple[dict[str, OpcUaServer | ModbusServer], tuple[Source, ...]]
) -> None:
    server, safety = wired[0]["SIS"], wired[1][1]
    assert isinstance(safety, ModbusSource)
    group = safety.group("r101")
    await group.open()
    virtual = VirtualFast(simulated)
    rows, at = group.points, demo.sources.points[demo.sources.row["SIS"]]
    simulated.faults.inject("instrument_air_loss")  # springs move the valves
    simulated.faults.inject("sif_valve_slow")  # XV-101A arrives after 11.76 s: between two reads, not after the last
    moved = 0
    for _ in range(900):
        samples = virtual.live(1)
        if simulated.within(0.2) is None:
            if moved:
                break
            continue
        moved += len(np.unique(samples.value, axis=1).T) > 1
        for column in range(4):
            shown = simulated.within(0.2 * (column + 1))
            assert shown is not None
            await server.update(shown[at], simulated.readings().status[at])
            wire = await answer_of(group)
            assert np.array_equal(wire.value, samples.value[:, column], equal_nan=True)
            assert wire.status.tolist() == samples.status[:, column].tolist()
    assert samples.point.tolist() == rows.tolist()
    assert moved > 0
    await group.close()
