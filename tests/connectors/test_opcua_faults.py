"""Faults on the wire: while each lasts no point is wrongly Good, and after it the connector is back within 5 s.

The server shows, in each point, the time at which it set it (and which point it is), so a value tells its own age.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from clock_server import APART, delete_sessions
from wire_faults import (
    Saboteur,
    ServerProcess,
    Swap,
    endless,
    enormous,
    late,
    nonsense,
    shorter_with_old_size,
    shorter_with_right_size,
)

from connectors.opcua import OpcUaSource
from plantsafe.clock import Clock
from plantsafe.frame import is_good
from plantsafe.plant import Plant
from plantsafe.source import Columns
from simulation.servers import OpcUaServer

POINTS = 4  # of the small plant's control system
OLDEST_S = 1.5  # a Good value may be this old: the server's period, the source's timeout of 0.5 s, a busy machine
BACK_S = 5.0


@pytest.fixture
async def server(plant: Plant, tmp_path: Path) -> AsyncIterator[ServerProcess]:
    server = ServerProcess(tmp_path / "small.yaml")
    await server.start()
    yield server
    server.kill()


STEADY: list[ServerProcess] = []  # one for all tests that spoil the way and leave the server alone


@pytest.fixture(scope="module", autouse=True)
def _end_of_steady_server() -> Iterator[None]:
    yield
    while STEADY:
        STEADY.pop().kill()


@pytest.fixture
async def steady(plant: Plant, tmp_path: Path) -> ServerProcess:
    if not STEADY:
        server = ServerProcess(tmp_path / "small.yaml")
        await server.start()
        STEADY.append(server)
    return STEADY[0]


@dataclass
class Watcher:
    """Scans ten times a second and keeps what was wrong."""

    source: OpcUaSource
    clock: Clock
    scans: int = 0
    good: int = 0
    wrong: list[tuple[float, list[float]]] = field(default_factory=list)
    longest_s: float = 0.0

    async def scan(self) -> Columns:
        began_s = time.monotonic()
        columns = await self.source.read(self.clock)
        self.longest_s = max(self.longest_s, time.monotonic() - began_s)
        self.scans += 1
        good = is_good(columns.status)
        age_s = (time.time() - columns.value) % APART
        mine = np.floor(columns.value / APART) == np.arange(len(columns.value))
        if (good & ~(mine & (age_s < OLDEST_S))).any():
            self.wrong.append((time.time() % APART, columns.value.tolist()))
        self.good += int(good.sum())
        return columns

    async def scan_for(self, seconds: float) -> int:
        """How many points were Good meanwhile."""
        before, until_s = self.good, time.monotonic() + seconds
        while time.monotonic() < until_s:
            await self.scan()
            await asyncio.sleep(0.1)
        return self.good - before

    async def recovery_s(self, within_s: float = 30.0) -> float:
        """Seconds until all points are Good again."""
        began_s = time.monotonic()
        while time.monotonic() - began_s < within_s:
            if is_good((await self.scan()).status).all():
                return time.monotonic() - began_s
            await asyncio.sleep(0.05)
        return float("inf")


Watch = Callable[[int], Awaitable[Watcher]]


@pytest.fixture
async def watch(plant: Plant) -> AsyncIterator[Watch]:
    sources: list[OpcUaSource] = []

    async def watch(port: int) -> Watcher:
        source = OpcUaSource(plant, "DCS", f"opc.tcp://127.0.0.1:{port}/plantsafe")
        sources.append(source)
        await source.open()
        watcher = Watcher(source, Clock.system())
        assert await watcher.recovery_s() < 10.0
        return watcher

    yield watch
    for source in sources:
        await source.close()


def verdict(watcher: Watcher, back_s: float, name: str, record: Callable[[str, object], None]) -> None:
    record("fault", name)
    record("points_wrongly_good", len(watcher.wrong))
    record("recovery_s", round(back_s, 2))
    assert watcher.wrong == []
    assert back_s <= BACK_S
    assert watcher.longest_s < 2.0  # the timeout is 0.5 s; a busy machine


async def test_killed_server(server: ServerProcess, watch: Watch, record_property: Callable[..., None]) -> None:
    watcher = await watch(server.port)
    server.kill()
    assert await watcher.scan_for(1.5) == 0
    await server.start()
    verdict(watcher, await watcher.recovery_s(), "killed", record_property)


async def test_frozen_server(server: ServerProcess, watch: Watch, record_property: Callable[..., None]) -> None:
    watcher = await watch(server.port)
    server.signal(signal.SIGSTOP)
    assert await watcher.scan_for(4.0) == 0
    server.signal(signal.SIGCONT)
    verdict(watcher, await watcher.recovery_s(), "frozen", record_property)


async def test_server_restarted_with_its_namespaces_in_another_order(
    server: ServerProcess, watch: Watch, record_property: Callable[..., None]
) -> None:
    watcher = await watch(server.port)
    server.kill()
    await server.start("urn:new:first", "urn:other:vendor", "urn:new:third")
    verdict(watcher, await watcher.recovery_s(), "namespaces moved", record_property)


async def test_session_that_the_server_deletes(
    plant: Plant, watch: Watch, record_property: Callable[..., None]
) -> None:
    server = OpcUaServer(plant, "DCS")
    await server.start()

    async def show() -> None:
        while True:
            value = time.time() % APART + APART * np.arange(POINTS)
            await server.update(value, np.zeros(POINTS, dtype=np.uint32), np.zeros(POINTS, dtype=np.int64))
            await asyncio.sleep(0.1)

    showing = asyncio.get_running_loop().create_task(show())
    watcher = await watch(server.port)
    await delete_sessions(server)
    await watcher.scan_for(0.3)
    back_s = await watcher.recovery_s()
    assert watcher.source.counts().reconnects == 1
    verdict(watcher, back_s, "session deleted", record_property)
    showing.cancel()
    await watcher.source.close()
    await server.stop()


@pytest.fixture
async def saboteur(steady: ServerProcess) -> AsyncIterator[Saboteur]:
    saboteur = Saboteur(steady.port)
    await saboteur.start()
    yield saboteur
    await saboteur.stop()


@pytest.mark.parametrize(
    "spoil",
    [shorter_with_right_size, shorter_with_old_size, enormous, endless, late, nonsense, Swap()],
    ids=lambda spoil: getattr(spoil, "__name__", "reordered"),
)
async def test_spoilt_answers(
    saboteur: Saboteur,
    watch: Watch,
    spoil: Callable[[bytes], Awaitable[bytes]],
    record_property: Callable[..., None],
) -> None:
    watcher = await watch(saboteur.port)
    saboteur.spoil = spoil
    await watcher.scan_for(1.5)
    assert saboteur.spoiled
    saboteur.spoil = None
    verdict(watcher, await watcher.recovery_s(), getattr(spoil, "__name__", "reordered"), record_property)


async def test_network_cut_in_the_middle_of_an_answer(
    saboteur: Saboteur, watch: Watch, record_property: Callable[..., None]
) -> None:
    watcher = await watch(saboteur.port)
    cut = asyncio.Event()

    async def half(message: bytes) -> bytes | None:
        if cut.is_set():
            return None
        cut.set()
        return message[: len(message) // 2]

    saboteur.spoil = half
    assert await watcher.scan_for(1.0) == 0
    saboteur.spoil = None
    verdict(watcher, await watcher.recovery_s(), "cut", record_property)
