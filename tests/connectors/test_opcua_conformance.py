"""The same assertions on every OPC UA server: node-opcua, asyncua's own, and the simulated control system."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from asyncua import ua

from connectors.opcua.client import ReadOnlyClient
from connectors.opcua.map import NodeMap
from connectors.opcua.security import Security
from connectors.opcua.supervisor import OpcUaLink, connect
from connectors.opcua.trust_list import kept, trust
from plantsafe.errors import SourceError
from plantsafe.frame import BAD_NODE_ID_UNKNOWN, is_good

N = 1500  # values of a server: two chunks of a read
SECURE = [("Basic256Sha256", "Sign"), ("Basic256Sha256", "SignAndEncrypt"), ("Aes256Sha256RsaPss", "Sign"),
          ("Aes256Sha256RsaPss", "SignAndEncrypt")]  # fmt: skip

ASYNCUA = f"""
import asyncio, sys
from pathlib import Path
from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from connectors.opcua.certificates import own_identity

class Doorman:
    def get_user(self, iserver, username=None, password=None, certificate=None):
        return User(role=UserRole.User) if username is None or (username, password) == ("mon", "pw") else None

async def main():
    server = Server(user_manager=Doorman())
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{{sys.argv[1]}}/")
    await server.set_application_uri("urn:test:server")
    identity = own_identity(Path(sys.argv[2]), "urn:test:server", server=True)
    kinds = ua.SecurityPolicyType
    server.set_security_policy([kinds.NoSecurity, kinds.Basic256Sha256_Sign, kinds.Basic256Sha256_SignAndEncrypt,
                                kinds.Aes256Sha256RsaPss_Sign, kinds.Aes256Sha256RsaPss_SignAndEncrypt])
    server.set_identity_tokens([ua.AnonymousIdentityToken, ua.UserNameIdentityToken])
    await server.load_certificate(identity.certificate)
    await server.load_private_key(identity.key)
    home = await server.register_namespace("urn:test:values")
    top = await server.nodes.objects.add_folder(ua.NodeId("F", home), ua.QualifiedName("F", home))
    for i in range({N}):
        if i % 250 == 0:
            group = await top.add_folder(ua.NodeId(f"G{{i}}", home), ua.QualifiedName(f"G{{i}}", home))
        await group.add_variable(ua.NodeId(i + 1, home), ua.QualifiedName(f"V{{i}}", home), float(i))
    async with server:
        print("READY", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""

OURS = f"""
import asyncio, sys, time
from pathlib import Path
import numpy as np
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from simulation.servers import OpcUaServer
from simulation.servers.security import ServerSecurity

TEXT = {{"en": "t", "zh": "t"}}
async def main():
    plant = compile_plant(PlantFile.model_validate({{
        "schema": 1, "author": "t", "site": {{"name": "s", "title": TEXT}},
        "workshops": [{{"name": "W", "title": TEXT, "head_count_max": 1}}],
        "units": [{{"name": "U", "title": TEXT, "workshop": "W", "process": "utility"}}],
        "sources": [{{"name": "DCS", "title": TEXT, "protocol": "opcua", "endpoint": "opc.tcp://h:1", "heartbeat": "V0",
                      "namespace": "urn:test:values", "consequence": TEXT, "action": TEXT}}],
        "points": [{{"name": f"V{{i}}", "title": TEXT, "unit": "U", "source": "DCS",
                     "opcua": {{"node": f"i={{i + 1}}"}}}}
                   for i in range({N})]}}))
    security = ServerSecurity(folder=Path(sys.argv[2]), passwords={{"mon": "pw"}})
    server = OpcUaServer(plant, "DCS", int(sys.argv[1]), security=security)
    await server.start()
    await server.update(np.arange(float({N})), np.zeros({N}, np.uint32), np.full({N}, time.time_ns()))
    print("READY", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@dataclass(frozen=True)
class Peer:
    """A server of N doubles i=1 to N that hold 0 to N - 1, with the user mon. `path` leads to the value 7."""

    url: str
    path: str
    lets_write: bool


def node_opcua(request: pytest.FixtureRequest, home: Path, port: int) -> Iterator[str]:
    """The node-opcua server; skips where node, the peer or its packages are not there."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm")
    installed = os.environ.get("PLANTSAFE_NODE_OPCUA")
    if installed is None:
        shared: Path = request.getfixturevalue("shared")
        if not (shared / "peers" / "node-opcua").is_dir():
            pytest.skip("needs the node-opcua peer of the shared folder")
        installed = str(home / "peer")
        shutil.copytree(shared / "peers" / "node-opcua", installed)
        try:
            subprocess.run(["npm", "install", "--silent"], cwd=installed, check=True, timeout=180, capture_output=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip("node-opcua cannot be installed here")
    process = subprocess.Popen(
        ["node", "server.js", str(N), str(port)],
        cwd=installed,
        env={**os.environ, "TMPDIR": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = next((line for line in process.stdout if line.startswith((b"READY", b"Error"))), b"")
    assert said.startswith(b"READY"), said
    yield f"opc.tcp://127.0.0.1:{port}"
    process.terminate()
    process.wait()
    process.stdout.close()


def python_server(code: str, home: Path, port: int, path: str) -> Iterator[str]:
    """A server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(port), str(home / "server")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"READY")
    yield f"opc.tcp://127.0.0.1:{port}/{path}"
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module", params=["node-opcua", "asyncua", "ours"])
def peer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, unused_tcp_port_factory: Callable[[], int]
) -> Iterator[Peer]:
    home, port = tmp_path_factory.mktemp("peer"), unused_tcp_port_factory()
    if request.param == "node-opcua":
        for url in node_opcua(request, home, port):
            yield Peer(url, "/F/G0/V7", lets_write=True)
    elif request.param == "asyncua":
        for url in python_server(ASYNCUA, home, port, ""):
            yield Peer(url, "/F/G0/V7", lets_write=False)
    else:
        for url in python_server(OURS, home, port, "plantsafe"):
            yield Peer(url, "/U/V7", lets_write=False)


async def nodes_of(peer: Peer) -> NodeMap:
    """All values, the one at the end of the path, and one that does not exist."""
    client = ReadOnlyClient(peer.url, 10.0)
    await client.open()
    (answer,) = await client.values_of([ua.NodeId(2255)])
    await client.disconnect()
    await client.drop()
    uris = list(answer.Value.Value)
    home = "urn:test:values" if "urn:test:values" in uris else uris[1]
    nodes = (*(f"i={i + 1}" for i in range(N)), peer.path, "i=99999")
    names = tuple(f"P{i}" for i in range(N + 2))
    return NodeMap(rows=np.arange(N + 2), names=names, nodes=nodes, namespaces=(home,) * (N + 2))


async def check_reads(link: OpcUaLink) -> None:
    """Two reads of everything: values, statuses, source times."""
    for _ in range(2):
        answers = (await link.read(10.0)).answers
        assert answers.value[:N].tolist() == list(range(N))
        assert is_good(answers.status[: N + 1]).all()
        assert answers.value[N] == 7.0  # found by its browse path
        assert answers.status[N + 1] == BAD_NODE_ID_UNKNOWN
        age_s = time.time() - answers.source_time_ns[:N] / 1e9
        assert (age_s > -1.0).all()
        assert (age_s < 600.0).all()


async def test_values_statuses_times_and_write_access_without_security(peer: Peer) -> None:
    link = await connect(peer.url, await nodes_of(peer), ask_access=True)
    await check_reads(link)
    assert link.access is not None
    assert len(link.access.writable) == (N + 1 if peer.lets_write else 0)
    assert link.access.unknown == 1
    await link.close()


@pytest.mark.parametrize(("policy", "mode"), SECURE)
async def test_each_policy_with_a_login_reads_the_same_once_the_server_is_trusted(
    peer: Peer, tmp_path: Path, policy: str, mode: str
) -> None:
    nodes = await nodes_of(peer)
    security = Security(policy=policy, mode=mode, folder=tmp_path, user="mon", password="pw")
    with pytest.raises(SourceError, match="nobody has trusted yet"):
        await connect(peer.url, nodes, security)
    (shown,) = kept(tmp_path, "rejected")
    trust(tmp_path, shown.fingerprint)
    link = await connect(peer.url, nodes, security)
    await check_reads(link)
    await link.close()
    with pytest.raises(ua.UaStatusCodeError):
        await connect(peer.url, nodes, replace(security, password="no"))
