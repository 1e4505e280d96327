"""The simulated control system, secured: who may connect, how, and that nobody may write."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from asyncua import Client, ua
from typer.testing import CliRunner

from connectors.opcua import OpcUaSource
from connectors.opcua.security import Security
from plantsafe.cli import app
from plantsafe.clock import Clock
from plantsafe.errors import SimulationError
from plantsafe.plant import Plant, load_plant
from plantsafe.source import Columns
from simulation.servers import OpcUaServer
from simulation.servers.security import ServerSecurity, server_security

DEMO = Path(__file__).resolve().parents[3] / "simulation" / "plants" / "demo.yaml"
CHANNELS = [("Basic256Sha256", "Sign"), ("Basic256Sha256", "SignAndEncrypt"), ("Aes256Sha256RsaPss", "SignAndEncrypt")]


@pytest.fixture(scope="module")
def demo() -> Plant:
    return load_plant(DEMO)


@pytest.fixture
async def server(demo: Plant, tmp_path: Path) -> AsyncIterator[OpcUaServer]:
    server = OpcUaServer(demo, "DCS", security=ServerSecurity(folder=tmp_path / "server", passwords={"mon": "pw"}))
    await server.start()
    n = len(demo.sources.points[demo.sources.row["DCS"]])
    await server.update(np.full(n, 7.0), np.zeros(n, dtype=np.uint32), np.zeros(n, dtype=np.int64))
    yield server
    await server.stop()


async def answer(source: OpcUaSource, *, answered: bool = True) -> Columns:
    async with asyncio.timeout(20):
        while (columns := await source.read(Clock.system())).answered is not answered:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return columns


async def trust_what_is_new(folder: Path) -> str:
    """What a person does at the command line after comparing fingerprints; the name of the file."""
    async with asyncio.timeout(20):
        while not (new := await asyncio.to_thread(lambda: list((folder / "rejected").glob("*.der")))):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    words = ["cert", "trust", new[0].name, "--certificates", str(folder)]
    result = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert result.exit_code == 0, result.exception
    return new[0].name


@pytest.mark.parametrize(("policy", "mode"), CHANNELS)
async def test_trust_given_while_the_source_runs_lets_it_read_without_a_restart(
    server: OpcUaServer, demo: Plant, tmp_path: Path, policy: str, mode: str
) -> None:
    folder = tmp_path / "ours"
    security = Security(policy=policy, mode=mode, folder=folder, user="mon", password="pw")
    source = OpcUaSource(demo, "DCS", server.endpoint, security)
    await source.open()
    name = await trust_what_is_new(folder)
    columns = await answer(source)
    assert np.count_nonzero(columns.value == 7.0) > 100
    assert source.access is not None
    assert source.access.writable == ()
    assert source.counts().reconnects == 0
    assert not (folder / "rejected" / name).exists()
    await source.close()


async def test_wrong_password_is_not_let_in_and_no_name_reads_only(
    server: OpcUaServer, demo: Plant, tmp_path: Path
) -> None:
    folder = tmp_path / "ours"
    wrong = OpcUaSource(demo, "DCS", server.endpoint, Security(policy="Basic256Sha256", folder=folder, user="mon",
                        password="no"))  # fmt: skip
    await wrong.open()
    await trust_what_is_new(folder)
    plain = OpcUaSource(demo, "DCS", server.endpoint)
    await plain.open()
    await answer(plain)
    for _ in range(10):
        assert not (await wrong.read(Clock.system())).answered
        await asyncio.sleep(0.1)
    await plain.close()
    await wrong.close()


async def test_who_signed_in_may_not_write_either(server: OpcUaServer, tmp_path: Path) -> None:
    client = Client(server.endpoint)
    client.application_uri = "urn:plantsafe:client"
    from connectors.opcua.certificates import own_identity

    identity = own_identity(tmp_path / "ours")
    await client.set_security_string(f"Basic256Sha256,SignAndEncrypt,{identity.certificate},{identity.key}")
    client.set_user("mon")
    client.set_password("pw")
    async with client:
        node = client.get_node(server._nodes[0])
        assert await node.read_value() == 7.0
        with pytest.raises(ua.UaStatusCodeError):
            await node.write_value(8.0)
        assert await node.read_value() == 7.0


def test_plant_file_says_how_its_server_is_secured(demo: Plant, tmp_path: Path) -> None:
    entry = demo.file.sources[0]
    assert server_security(entry, tmp_path) is None
    login = {"user": "mon", "password_env": "DCS_PASSWORD"}
    asks = type(entry).model_validate(
        entry.model_dump(by_alias=True) | {"security": "Basic256Sha256", "certificates": "c", "credentials": login}
    )
    found = server_security(asks, tmp_path, {"DCS_PASSWORD": "pw"})
    assert found is not None
    assert (found.passwords, found.anonymous) == ({"mon": "pw"}, False)
    with pytest.raises(SimulationError, match="DCS_PASSWORD"):
        server_security(asks, tmp_path, {})
