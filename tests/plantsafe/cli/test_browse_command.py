"""A first plant file from the simulated control system, and one from a server that tells little of itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.server.server import Server
from typer.testing import CliRunner, Result

from connectors.opcua import OpcUaSource
from connectors.opcua.first_points import names_of
from plantsafe.cli import app
from plantsafe.clock import Clock
from plantsafe.errors import RequestError, SourceError, StoreError
from plantsafe.plant import load_plant
from plantsafe.plant.load import check_plant
from simulation.servers import OpcUaServer
from simulation.servers.standard_space import QuickServer

DEMO = Path(__file__).resolve().parents[3] / "simulation" / "plants" / "demo.yaml"


async def browse(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["browse", *words])


@pytest.fixture
async def sparse() -> AsyncIterator[str]:
    """A server without ranges, with an alarm's limits, a text, an array and two variables of one name."""
    server = Server(iserver=QuickServer())
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0/sparse")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    home = await server.register_namespace("urn:vendor")
    area = await server.nodes.objects.add_folder(ua.NodeId("A1", home), ua.QualifiedName("区域 A1", home))
    for tag in ("TIC-1", "TIC-2"):
        block = await area.add_object(ua.NodeId(tag, home), ua.QualifiedName(tag, home))
        point = await block.add_variable(ua.NodeId(f"{tag}.PV", home), ua.QualifiedName("PV", home), 20.0)
        alarm = await point.add_object(ua.NodeId(f"{tag}.alarm", home), ua.QualifiedName("Alarm", home))
        await alarm.add_property(ua.NodeId(f"{tag}.high", home), ua.QualifiedName("HighLimit", 0), 80.0)
        await block.add_variable(ua.NodeId(f"{tag}.MODE", home), ua.QualifiedName("MODE", home), "AUTO")
    await area.add_variable(ua.NodeId("N", home), ua.QualifiedName("N", home), 7, ua.VariantType.UInt16)
    await area.add_variable(ua.NodeId("RUN", home), ua.QualifiedName("RUN", home), val=True)
    await area.add_variable(ua.NodeId("array", home), ua.QualifiedName("array", home), [1.0, 2.0])
    await server.start()
    yield f"opc.tcp://127.0.0.1:{server.bserver._server.sockets[0].getsockname()[1]}/sparse"
    await server.stop()
    await asyncio.sleep(0)  # transports close on the next turn of the loop


async def test_first_file_of_the_simulated_plant_is_good_and_reads_every_point(tmp_path: Path) -> None:
    demo = load_plant(DEMO)
    server = OpcUaServer(demo, "DCS")
    await server.start()
    out = tmp_path / "plant.yaml"
    result = await browse(server.endpoint, "--out", str(out), "--site", "shangyu")
    assert result.exit_code == 0, result.output
    assert "it can be used as it is" in result.output
    plant = check_plant(out)
    wanted = {p.name: p for p in demo.file.points if p.source == "DCS" and p.opcua and p.opcua.namespace is None}
    first = {p.name: p for p in plant.file.points}
    assert wanted.keys() <= first.keys()
    assert all(first[name].range == point.range for name, point in wanted.items() if point.kind == "analog")
    assert all(first[name].eu == point.eu for name, point in wanted.items())
    source = OpcUaSource(plant, "DCS")
    await source.open()
    async with asyncio.timeout(10):
        while not (await source.read(Clock.system())).answered:  # noqa: ASYNC110  a source is asked, it does not tell
            await asyncio.sleep(0.02)
    assert source.access is not None
    assert source.access.unknown == 0  # every address of the file is a node of the server
    await source.close()
    await server.stop()


async def test_what_a_server_does_not_tell_is_left_to_a_person_with_its_place(sparse: str, tmp_path: Path) -> None:
    out = tmp_path / "plant.yaml"
    result = await browse(sparse, "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "2 points without a range: TIC-1.PV, TIC-2.PV" in result.output
    assert "a text: as a state point it needs the texts that it may show: " in result.output
    assert "an array: 区域 A1/array" in result.output
    assert "before it can be used:" in result.output
    assert f"{tmp_path / 'plant.points.csv'}:" in result.output
    limits = (tmp_path / "plant.alarms.csv").read_text(encoding="utf-8-sig")
    assert "TIC-1.PV.H,TIC-1.PV,H,80" in limits


async def test_a_range_for_all_makes_the_file_good(sparse: str, tmp_path: Path) -> None:
    out = tmp_path / "plant.yaml"
    result = await browse(sparse, "--out", str(out), "--range", "0:150", "--unit", "R101")
    assert "it can be used as it is" in result.output
    points = {point.name: point for point in load_plant(out).file.points}
    assert points["TIC-1.PV"].range == (0.0, 150.0)
    assert points["N"].range == (0.0, 65535.0)
    assert (points["RUN"].kind, points["RUN"].unit) == ("state", "R101")
    again = await browse(sparse, "--out", str(out))
    assert isinstance(again.exception, StoreError)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--range", "9"], "no range"),
        (["--security", "Basic128"], "no security"),
        (["--user", "mon"], "needs --user and --password-env"),
        (["--user", "mon", "--password-env", "PLANTSAFE_TEST_NOT_SET"], "is not set"),
    ],
)
async def test_options_that_cannot_be_are_refused(tmp_path: Path, words: list[str], says: str) -> None:
    result = await browse("opc.tcp://127.0.0.1:1", "--out", str(tmp_path / "p.yaml"), *words)
    assert isinstance(result.exception, RequestError | SourceError)
    assert says in str(result.exception)
    assert not (tmp_path / "p.yaml").exists()


def test_names_are_as_short_as_they_can_be_and_no_two_alike() -> None:
    paths = [("A", "T1", "PV"), ("A", "T2", "PV"), ("A", "X"),
             ("釜", "温度"), ("釜", "压力"), ("A", "Y 1"), ("A", "Y/1")]  # fmt: skip
    assert names_of(paths) == ["T1.PV", "T2.PV", "X", "P", "P.2", "A.Y_1", "A.Y_1.2"]
