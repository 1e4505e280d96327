"""Faults on the wire: while each lasts no point is wrongly Good, and after it the connector is back within 5 s.

The server shows, in each point, the time at which it set it (and which point it is), so a value tells its own age.
"""

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from connectors.opcua import OpcUaSource
from plantsafe.clock import Clock
from plantsafe.frame import is_good
from plantsafe.plant import Plant, load_plant
from plantsafe.source import Columns
from simulation.servers import OpcUaServer

POINTS = 4  # of the small plant's control system
SOAK_POINTS = 5000
APART = 1e5  # what separates the values of two points; seconds modulo this are the rest
OLDEST_S = 1.5  # a Good value may be this old: the server's period, the source's timeout of 0.5 s, a busy machine
BACK_S = 5.0
THAW_S = 3.0  # a thawed server may answer before it sets new values; then the frame's source times must say how old

SERVER = f"""
import asyncio, sys, time
import numpy as np
from pathlib import Path
from plantsafe.plant import load_plant
from simulation.servers import OpcUaServer

async def main():
    period_s, points = (1.0, {SOAK_POINTS}) if "soak" in sys.argv else (0.1, {POINTS})
    server = OpcUaServer(load_plant(Path(sys.argv[1])), "DCS", int(sys.argv[2]), namespaces_before=tuple(sys.argv[3:]))
    await server.start()
    async def show():
        now_s = time.time()
        value = now_s % {APART} + {APART} * np.arange(points)
        time_ns = np.full(points, int(now_s * 1e6) * 1000)
        await server.update(value, np.zeros(points, dtype=np.uint32), time_ns)
    await show()
    print("ready", server.port, flush=True)
    while True:
        await asyncio.sleep(period_s)
        await show()
asyncio.run(main())
"""


class ServerProcess:
    """The simulated control system in a process of its own, which can be killed and frozen."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    async def start(self, *namespaces_before: str) -> None:
        command = [sys.executable, "-c", SERVER, str(self._file), str(self.port), *namespaces_before]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: ASYNC220  outlives the loop
        assert self._process.stdout is not None
        line = await asyncio.wait_for(asyncio.to_thread(self._process.stdout.readline), 60.0)
        self.port = int(line.split()[1])

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


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
    oldest_s: float = OLDEST_S
    thawed_s: float = float("-inf")
    old_after_thaw: list[float] = field(default_factory=list)

    async def scan(self) -> Columns:
        began_s = time.monotonic()
        columns = await self.source.read(self.clock)
        self.longest_s = max(self.longest_s, time.monotonic() - began_s)
        self.scans += 1
        good = is_good(columns.status)
        age_s = (time.time() - columns.value) % APART
        mine = np.floor(columns.value / APART) == np.arange(len(columns.value))
        wrong = good & ~(mine & (age_s < self.oldest_s))
        told = np.abs(columns.source_time_ns / 1e9 % APART - columns.value % APART) < 1e-3
        if wrong.any() and time.monotonic() - self.thawed_s < THAW_S and (mine & told)[good].all():
            self.old_after_thaw.append(float(age_s[good].max()))
            wrong[:] = False
        if wrong.any():
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
    for client in list(server._server.bserver.clients):
        await client.processor.session.close_session(True)
    await watcher.scan_for(0.3)
    back_s = await watcher.recovery_s()
    assert watcher.source.watch.connections == 2
    verdict(watcher, back_s, "session deleted", record_property)
    showing.cancel()
    await watcher.source.close()
    await server.stop()


_HEADER = struct.Struct("<4sI")
LONG = 150  # bytes: an answer with all points, and no keep-alive of the channel


class Saboteur:
    """A proxy that knows where the server's messages begin; `spoil` gets each long one and gives what is sent on."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.spoil: Callable[[bytes], Awaitable[bytes | None]] | None = None
        self.spoiled = 0
        self.open = self.most_open = 0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            theirs, to_server = await asyncio.open_connection("127.0.0.1", self._target)
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._forward(reader, to_server))
                    group.create_task(self._answers(theirs, writer))
            finally:
                self.open -= 1
                to_server.close()
        except (OSError, asyncio.CancelledError, ExceptionGroup, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    @staticmethod
    async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        raise ConnectionError

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readexactly(8)
            kind, size = _HEADER.unpack(head)
            message: bytes | None = head + await reader.readexactly(size - 8)
            if self.spoil is not None and kind == b"MSGF" and size > LONG:
                self.spoiled += 1
                message = await self.spoil(head + (message or b"")[8:])
            if message is None:
                raise ConnectionError
            writer.write(message)
            await writer.drain()


@pytest.fixture
async def saboteur(steady: ServerProcess) -> AsyncIterator[Saboteur]:
    saboteur = Saboteur(steady.port)
    await saboteur.start()
    yield saboteur
    await saboteur.stop()


async def resized(message: bytes, size: int) -> bytes:
    return message[:4] + struct.pack("<I", size) + message[8:]


async def shorter_with_right_size(message: bytes) -> bytes:
    return await resized(message[:-30], len(message) - 30)


async def shorter_with_old_size(message: bytes) -> bytes:
    return message[:-30]


async def enormous(message: bytes) -> bytes:
    return await resized(message, 0x7FFFFFF0)


async def endless(message: bytes) -> bytes:
    """Intermediate chunks for ever, each with the next sequence number."""
    (number,) = struct.unpack_from("<I", message, 16)
    parts = []
    for i in range(2000):
        body = message[:3] + b"C" + message[4:16] + struct.pack("<I", number + i) + message[20:24] + bytes(8000)
        parts.append(await resized(body, len(body)))
    return b"".join(parts)


async def late(message: bytes) -> bytes:
    await asyncio.sleep(0.8)  # the delay is the fault: longer than the source waits
    return message


async def nonsense(message: bytes) -> bytes:
    return message[:24] + bytes(255 - byte for byte in message[24:])


class Swap:
    """Holds each first answer back and sends it after the second."""

    def __init__(self) -> None:
        self.held = b""

    async def __call__(self, message: bytes) -> bytes:
        if not self.held:
            self.held = message
            return b""
        held, self.held = self.held, b""
        return message + held


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


def resident_kb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


@pytest.mark.long
async def test_soak_at_5000_points_with_a_fault_every_minute(
    plant: Plant, tmp_path: Path, record_property: Callable[..., None]
) -> None:
    minutes = int(os.environ.get("PLANTSAFE_SOAK_MIN", "60"))
    head, _, _ = (tmp_path / "small.yaml").read_text(encoding="utf-8").partition("\npoints:\n")
    named = [f"P{i}" for i in range(SOAK_POINTS - 1)]
    lines = [
        f"  - {{name: {name}, title: {{en: P, zh: P}}, unit: R1, source: DCS, range: [0, 1e9], "
        f"opcua: {{node: s={name}}}}}"
        for name in [*named, "HB"]
    ]
    sources, _, _ = head.partition("  - {name: SIS")
    file = tmp_path / "soak.yaml"
    file.write_text(sources.replace("timeout_s: 0.5", "timeout_s: 0.9") + "points:\n" + "\n".join(lines) + "\n")
    server = ServerProcess(file)
    await server.start("soak")
    saboteur = Saboteur(server.port)
    await saboteur.start()
    source = OpcUaSource(load_plant(file), "DCS", f"opc.tcp://127.0.0.1:{saboteur.port}/plantsafe")
    await source.open()
    watcher = Watcher(source, Clock.system(), oldest_s=3.5)
    assert await watcher.recovery_s() < 20.0
    recoveries, sizes = [], []
    spoils = [shorter_with_right_size, enormous, nonsense, late]
    for minute in range(minutes):
        match minute % 3:
            case 0:
                server.signal(signal.SIGSTOP)
                await watcher.scan_for(5.0)
                watcher.thawed_s = time.monotonic()
                server.signal(signal.SIGCONT)
            case 1:
                saboteur.spoil = spoils[minute // 3 % len(spoils)]
                await watcher.scan_for(5.0)
                saboteur.spoil = None
            case _:
                server.kill()
                await watcher.scan_for(2.0)
                await server.start("soak")
        recoveries.append(await watcher.recovery_s())
        for _ in range(45):
            await asyncio.sleep(max(0.0, 1.0 - await timed(watcher)))
        sizes.append(resident_kb())
    await source.close()
    await saboteur.stop()
    server.kill()
    record_property("recovery_s", max(recoveries))
    record_property("rss_kb", sizes)
    record_property("old_after_thaw_s", watcher.old_after_thaw)
    assert watcher.wrong == []
    assert max(recoveries) <= BACK_S
    assert saboteur.most_open <= 1
    if minutes >= 30:
        assert sizes[-1] <= 1.02 * sizes[len(sizes) // 6]


async def timed(watcher: Watcher) -> float:
    began_s = time.monotonic()
    await watcher.scan()
    return time.monotonic() - began_s
