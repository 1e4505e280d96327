"""What reading OPC UA values costs us, against stock asyncua and the node-opcua client, on the same server.

    python benchmarks/acquisition.py [--peer FOLDER] [--nodes 10000] [--rounds 7]

FOLDER holds a node-opcua server.js and client.js with their packages installed; without it only asyncua's server is
read and the comparison with node-opcua is left out. Figures are medians of interleaved rounds; CPU is this process's.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asyncua import ua
from asyncua.client.client import Client

from connectors.opcua.bulk import prepare, read_parameters
from connectors.opcua.certificates import own_identity
from connectors.opcua.client import ReadOnlyClient
from connectors.opcua.decode import Answers
from connectors.opcua.security import OPEN, Security
from plantsafe.errors import SourceError

CHUNK = 1000
TARGETS = {  # ratio, at most
    "CPU, ours to stock asyncua": 0.15,
    "wall, ours to stock asyncua": 0.8,
    "CPU, ours to the node-opcua client": 0.5,
    "CPU a value, 50,000 to 10,000": 1.2,
    "CPU, SignAndEncrypt to None": 1.3,
    "longest hold-up of the loop, to 50 ms": 1.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Medians of one way to read, in milliseconds a read of all nodes."""

    cpu_ms: float
    wall_ms: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def node_server(peer: Path, nodes: int) -> Iterator[str]:
    """A node-opcua server of `nodes` doubles, ended afterwards."""
    port = free_port()
    process = subprocess.Popen(
        ["node", "server.js", str(nodes), str(port)], cwd=peer, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"READY"):
                break
        else:
            raise SystemExit("node-opcua's server did not start")
        yield f"opc.tcp://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def node_ids(count: int) -> list[ua.NodeId]:
    return [ua.NodeId(ua.Int32(i + 1), ua.Int16(1), ua.NodeIdType.Numeric) for i in range(count)]


class Holdup:
    """The longest time that the loop did not come round."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            before_s = time.thread_time()
            await asyncio.sleep(0.001)
            # CPU of this thread between two turns: what other processes take is not ours to answer for
            self.longest_s = max(self.longest_s, time.thread_time() - before_s)

    def stop(self) -> float:
        self._task.cancel()
        return self.longest_s


async def costs(ways: dict[str, Callable[[], Awaitable[object]]], rounds: int) -> dict[str, Cost]:
    """Each way in turn, `rounds` times after one to warm up; to and fro, so that none always comes after the same."""
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    wall: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, read in list(ways.items())[:: 1 if turn % 2 else -1]:
            began_cpu, began_wall = time.process_time(), time.perf_counter()
            await read()
            if turn:
                cpu[name].append((time.process_time() - began_cpu) * 1e3)
                wall[name].append((time.perf_counter() - began_wall) * 1e3)
    return {n: Cost(cpu_ms=statistics.median(cpu[n]), wall_ms=statistics.median(wall[n])) for n in ways}


async def reader(
    url: str, nodes: list[ua.NodeId], security: Security = OPEN
) -> tuple[ReadOnlyClient, Callable[[], Awaitable[Answers]]]:
    client = ReadOnlyClient(url, 30.0, security)
    await client.open()
    reads = await prepare(client, nodes, CHUNK)

    async def read() -> Answers:
        answers = await reads.read(60.0)
        assert not answers.status.any()
        return answers

    return client, read


async def measure(url: str, count: int, rounds: int, folder: Path | None) -> dict[str, Cost]:
    """Ours and stock asyncua, and ours under SignAndEncrypt where `folder` has certificates."""
    nodes = node_ids(count)
    ours_client, ours = await reader(url, nodes)
    stock_client = Client(url, timeout=60, watchdog_intervall=60)
    await stock_client.connect()
    requests = [read_parameters(nodes[i : i + CHUNK]) for i in range(0, count, CHUNK)]

    async def stock() -> None:
        for request in requests:
            await stock_client.uaclient.session.read(request)

    ways: dict[str, Callable[[], Awaitable[object]]] = {"ours": ours, "stock asyncua": stock}
    clients: list[Client] = [ours_client, stock_client]
    if folder is not None:
        security = Security(policy="Basic256Sha256", mode="SignAndEncrypt", folder=folder)
        client, ways["ours, SignAndEncrypt"] = await trusted(url, nodes, security, folder)
        clients.append(client)
    found = await costs(ways, rounds)
    for client in clients:
        await client.disconnect()
    return found


async def trusted(
    url: str, nodes: list[ua.NodeId], security: Security, folder: Path
) -> tuple[ReadOnlyClient, Callable[[], Awaitable[Answers]]]:
    """A reader after the person who looks at the server's certificate has moved it."""
    own_identity(folder)
    try:
        return await reader(url, nodes, security)
    except SourceError:
        for file in (folder / "rejected").iterdir():
            file.rename(folder / "trusted" / file.name)
        return await reader(url, nodes, security)


async def loop_holdup(url: str, count: int) -> float:
    """Milliseconds: preparing the reads of `count` nodes and reading them, while the loop is watched."""
    client = ReadOnlyClient(url, 30.0)
    await client.open()
    nodes = node_ids(count)
    watch = Holdup()
    reads = await prepare(client, nodes, CHUNK)
    for _ in range(3):
        await reads.read(60.0)
    longest_s = watch.stop()
    await client.disconnect()
    return longest_s * 1e3


def node_client(peer: Path, url: str, count: int, rounds: int) -> Cost:
    out = subprocess.run(
        ["node", "client.js", url, "1", str(count), str(rounds), str(CHUNK)], cwd=peer, capture_output=True, check=True
    ).stdout
    told = json.loads(out.splitlines()[-1])
    return Cost(cpu_ms=told["cpu_ms"], wall_ms=told["wall_ms"])


def show(name: str, cost: Cost, count: int) -> None:
    print(
        f"  {name:<28} {cost.cpu_ms:8.1f} ms CPU {cost.wall_ms:9.1f} ms wall {cost.cpu_ms * 1e3 / count:8.3f} us/value"
    )


def run(peer: Path, count: int, rounds: int) -> dict[str, float]:
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, node_server(peer, 50_000) as url:
        folder = Path(name)
        print(f"{count} doubles of a node-opcua server, {CHUNK} a request")
        small = asyncio.run(measure(url, count, rounds, folder))
        for way, cost in small.items():
            show(way, cost, count)
        theirs = node_client(peer, url, count, rounds)
        show("node-opcua client", theirs, count)
        print("50,000 doubles of the same server")
        large = asyncio.run(measure(url, 50_000, rounds, None))
        for way, cost in large.items():
            show(way, cost, 50_000)
        hold_ms = asyncio.run(loop_holdup(url, 50_000))
        print(f"  longest hold-up of the loop  {hold_ms:8.1f} ms CPU")
        mine, stock = small["ours"], small["stock asyncua"]
        ratios["CPU, ours to stock asyncua"] = mine.cpu_ms / stock.cpu_ms
        ratios["wall, ours to stock asyncua"] = mine.wall_ms / stock.wall_ms
        ratios["CPU, ours to the node-opcua client"] = mine.cpu_ms / theirs.cpu_ms
        ratios["CPU a value, 50,000 to 10,000"] = (large["ours"].cpu_ms / 50_000) / (mine.cpu_ms / count)
        ratios["CPU, SignAndEncrypt to None"] = small["ours, SignAndEncrypt"].cpu_ms / mine.cpu_ms
        ratios["longest hold-up of the loop, to 50 ms"] = hold_ms / 50.0
    return ratios


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peer", type=Path, default=os.environ.get("PLANTSAFE_NODE_OPCUA"))
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    wanted = parser.parse_args()
    if wanted.peer is None or not (Path(wanted.peer) / "node_modules").is_dir() or shutil.which("node") is None:
        print("needs node and a folder with node-opcua installed: --peer FOLDER or PLANTSAFE_NODE_OPCUA")
        return 2
    ratios = run(Path(wanted.peer), wanted.nodes, wanted.rounds)
    print("ratios")
    missed = 0
    for name, ratio in ratios.items():
        missed += ratio > TARGETS[name]
        print(f"  {name:<38} {ratio:6.3f}  target {TARGETS[name]:.2f}  {'missed' if ratio > TARGETS[name] else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
