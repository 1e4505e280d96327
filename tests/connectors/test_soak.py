"""An hour of the whole scan service at 5,000 points with a fault every minute: what it keeps, and what it costs.

The record is judged as it grows (frames are compacted away after a while): each point shows the time at which its
server set it, so a frame tells the age of what it calls Good. PLANTSAFE_SOAK_MIN and PLANTSAFE_SOAK_FAULT_EVERY_S make
it shorter.
"""

import asyncio
import json
import os
import signal
import statistics
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from clock_server import APART
from wire_faults import (
    Saboteur,
    ServerProcess,
    Spoil,
    Swap,
    enormous,
    late,
    modbus_message,
    nonsense,
    shorter_with_old_size,
    shorter_with_right_size,
)

from plantsafe.cli.children import Child
from plantsafe.frame import Frame, is_good
from plantsafe.store.record import RecordReader

MINUTES = float(os.environ.get("PLANTSAFE_SOAK_MIN", "60"))
FAULT_EVERY_S = float(os.environ.get("PLANTSAFE_SOAK_FAULT_EVERY_S", "60"))
OPCUA_POINTS, MODBUS_POINTS = 4000, 1000
PERIOD_S = 1.0
LASTS_S = 5.0
BACK_S = 5.0
OLDEST_S = 4.0  # two scans that may pass without an answer, the server's period, a busy machine
THAW_S = 3.0  # a thawed server may answer before it sets new values
SETTLED = 1 / 6  # of the run: what comes before is start and warm-up
GROWTH = 1.02
AHEAD_S = 2.0  # a value is read up to this long after the instant of its frame

HEAD = """
schema: 1
author: test
site: {name: soak, title: {en: Soak, zh: 浸泡}}
workshops:
  - {name: W1, title: {en: Workshop, zh: 车间}, head_count_max: 9}
units:
  - {name: R1, title: {en: Reactor, zh: 反应釜}, workshop: W1, process: utility}
sources:
  - {name: DCS, title: {en: DCS, zh: DCS}, protocol: opcua, endpoint: "opc.tcp://127.0.0.1:1/plantsafe",
     namespace: "urn:plantsafe:simulation", timeout_s: 0.7, heartbeat: D0, consequence: {en: c, zh: c},
     action: {en: a, zh: a}}
  - {name: SIS, title: {en: SIS, zh: SIS}, protocol: modbus, endpoint: "tcp://127.0.0.1:1", timeout_s: 0.5,
     heartbeat: S0, consequence: {en: c, zh: c}, action: {en: a, zh: a}}
"""
POINT = "  - {name: %s, title: {en: P, zh: P}, unit: R1, source: %s, range: [0, 1e9], %s}\n"
ALARM = (
    "  - {name: %s.HH, point: %s, direction: HH, limit: 9e8, deadband: 1, on_delay_s: 2, priority: 3, class: process,\n"
    "     consequence: {en: c, zh: c}, action: {en: a, zh: a}, respond_min: 5}\n"
)


def plant_text(*, dcs: bool = True, sis: bool = True, alarms: bool = True) -> str:
    """Numbers of eight octets on both sides: the time to the microsecond, and which point it is."""
    names = {"DCS": [f"D{i}" for i in range(OPCUA_POINTS if dcs else 1)]}
    names["SIS"] = [f"S{i}" for i in range(MODBUS_POINTS if sis else 1)]
    points = [POINT % (name, "DCS", f"opcua: {{node: s={name}}}") for name in names["DCS"]]
    points += [
        POINT % (name, "SIS", f"modbus: {{table: holding, address: {4 * i}, type: float64}}")
        for i, name in enumerate(names["SIS"])
    ]
    limits = [ALARM % (name, name) for name in (*names["DCS"], *names["SIS"])] if alarms else []
    return HEAD + "points:\n" + "".join(points) + ("alarms:\n" + "".join(limits) if limits else "")


@dataclass
class Side:
    """One server, the way to it, and whether it was frozen and when."""

    server: ServerProcess
    way: Saboteur
    thawed_ns: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One that was made, until it was over (UTC ns)."""

    name: str
    began_ns: int
    over_ns: int


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    file = tmp_path / "soak.yaml"
    file.write_text(plant_text(), encoding="utf-8")
    return file


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[dict[str, Side]]:
    sides: dict[str, Side] = {}
    for source in ("DCS", "SIS"):
        file = tmp_path / f"{source}.yaml"
        file.write_text(plant_text(dcs=source == "DCS", sis=source == "SIS", alarms=False), encoding="utf-8")
        server = ServerProcess(file, source, PERIOD_S)
        await server.start()
        sides[source] = Side(
            server, Saboteur(server.port, modbus_message) if source == "SIS" else Saboteur(server.port)
        )
        await sides[source].way.start()
    yield sides
    for side in sides.values():
        side.server.kill()
        await side.way.stop()


async def cut(message: bytes) -> bytes | None:
    return None


async def slow(message: bytes) -> bytes:
    await asyncio.sleep(0.02)  # the delay is the fault: shorter than the source waits
    return message


async def wrong_transaction(message: bytes) -> bytes:
    return bytes([message[0] ^ 0xFF]) + message[1:]


async def other_data(message: bytes) -> bytes:
    """Another unit's answer, with other data."""
    return message[:6] + bytes([message[6] ^ 1]) + message[7:9] + bytes(255 - octet for octet in message[9:])


def exception(code: int) -> Spoil:
    async def refused(message: bytes) -> bytes:
        return message[:4] + b"\0\3" + message[6:7] + bytes([message[7] | 0x80, code])

    refused.__name__ = f"exception_{code}"
    return refused


async def frozen(side: Side) -> None:
    side.server.signal(signal.SIGSTOP)
    await asyncio.sleep(LASTS_S)
    side.thawed_ns.append(time.time_ns())
    side.server.signal(signal.SIGCONT)


async def killed(side: Side) -> None:
    side.server.kill()
    await asyncio.sleep(LASTS_S / 2)
    await side.server.start()


async def namespaces_moved(side: Side) -> None:
    side.server.kill()
    await side.server.start("urn:new:first", "urn:new:second")


async def session_deleted(side: Side) -> None:
    side.server.signal(signal.SIGUSR1)


def spoilt(spoil: Spoil) -> Callable[[Side], Awaitable[None]]:
    async def spoilt(side: Side) -> None:
        side.way.spoil = spoil
        await asyncio.sleep(LASTS_S)
        side.way.spoil = None

    spoilt.__name__ = getattr(spoil, "__name__", "reordered")
    return spoilt


PLAN: list[tuple[str, Callable[[Side], Awaitable[None]]]] = [
    ("DCS", frozen),
    ("SIS", killed),
    ("DCS", spoilt(shorter_with_right_size)),
    ("SIS", spoilt(other_data)),
    ("DCS", killed),
    ("SIS", frozen),
    ("DCS", session_deleted),
    ("SIS", spoilt(exception(6))),
    ("DCS", namespaces_moved),
    ("SIS", spoilt(late)),
    ("DCS", spoilt(cut)),
    ("SIS", spoilt(cut)),
    ("DCS", spoilt(late)),
    ("SIS", spoilt(wrong_transaction)),
    ("DCS", spoilt(nonsense)),
    ("SIS", spoilt(exception(4))),
    ("DCS", spoilt(enormous)),
    ("SIS", spoilt(exception(11))),
    ("DCS", spoilt(slow)),
    ("SIS", spoilt(slow)),
    ("DCS", spoilt(Swap())),
    ("SIS", spoilt(shorter_with_old_size)),
]


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def metrics_of(health: str) -> bytes:
    with urllib.request.urlopen(f"{health}/metrics", timeout=10.0) as answer:  # noqa: S310  our own service
        return bytes(answer.read())


async def make_faults(sides: dict[str, Side], log: Path) -> list[Fault]:
    made: list[Fault] = []
    began_s = time.monotonic()
    for turn, (source, fault) in enumerate(cycle(PLAN), 1):
        await asyncio.sleep(max(0.0, began_s + turn * FAULT_EVERY_S - time.monotonic()))
        if time.monotonic() - began_s + FAULT_EVERY_S > MINUTES * 60.0:
            break
        began_ns = time.time_ns()
        await fault(sides[source])
        made.append(Fault(name=f"{source} {fault.__name__}", began_ns=began_ns, over_ns=time.time_ns()))
        with log.open("a") as file:
            file.write(f"{made[-1].over_ns} fault {made[-1].name}\n")
    await asyncio.sleep(max(2 * BACK_S, began_s + MINUTES * 60.0 - time.monotonic()))
    return made


@dataclass
class Findings:
    """What the record says."""

    scans: int = 0
    good: int = 0
    foreign: int = 0  # Good with a value that is another point's, or whose time is not the one that the frame tells
    old: int = 0  # Good and older than it may be, with no server thawed just before
    old_after_thaw: int = 0
    whole_ns: list[int] = field(default_factory=list)  # instants of the frames in which all points are Good
    sides: dict[str, Side] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)  # resident kB of the service
    gaps: list[tuple[int, int]] = field(default_factory=list)  # first and last number of each run that is not there
    last: int = 0

    def follow(self, data: Path) -> None:
        """Judge the frames that are new in the record."""
        with RecordReader(data) as reader:
            for frame in reader.frames(self.last + 1, reader.last_number()):
                if frame.number > self.last + 1:
                    self.gaps.append((self.last + 1, frame.number - 1))
                self.last = frame.number
                self.take(frame)

    def take(self, frame: Frame) -> None:
        read = slice(OPCUA_POINTS + MODBUS_POINTS)  # behind them the service's own figures
        value, good = frame.value[read], is_good(frame.status[read])
        opcua = np.arange(len(good)) < OPCUA_POINTS
        expected = np.where(opcua, np.arange(len(good)), np.arange(len(good)) - OPCUA_POINTS)
        mine = np.floor(value / APART) == expected
        told = np.abs(frame.source_time_ns[read] / 1e9 % APART - value % APART) < 1e-3
        age_s = (frame.time_ns / 1e9 + AHEAD_S - value) % APART - AHEAD_S
        old = int((good & mine & (age_s > OLDEST_S)).sum())
        self.scans += 1
        self.good += int(good.sum())
        self.foreign += int((good & ~(mine & (told | ~opcua))).sum())
        if any(
            0 <= frame.time_ns - thaw_ns + 1e9 < THAW_S * 1e9
            for side in self.sides.values()
            for thaw_ns in side.thawed_ns
        ):
            self.old_after_thaw += old
        else:
            self.old += old
        if good.all():
            self.whole_ns.append(frame.time_ns)

    def recovery_s(self, fault: Fault) -> float:
        """From the end of the fault to the first instant at which all points are Good again."""
        return min((at - fault.over_ns for at in self.whole_ns if at >= fault.over_ns), default=int(1e12)) / 1e9


async def watch(pid: int, health: str, data: Path, seen: Findings, log: Path) -> None:
    """Ask for the metrics as a monitoring system does, keep the size, judge the new frames; a log says how it goes."""
    while True:
        await asyncio.sleep(10.0)
        await asyncio.to_thread(metrics_of, health)
        seen.sizes.append(resident_kb(pid))
        await asyncio.to_thread(seen.follow, data)
        with log.open("a") as file:
            file.write(f"{time.time_ns()} size {seen.sizes[-1]} scan {seen.last}\n")


@pytest.mark.long
async def test_an_hour_with_a_fault_every_minute(
    file: Path, sides: dict[str, Side], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    ways = [f"--source=DCS=opc.tcp://127.0.0.1:{sides['DCS'].way.port}/plantsafe"]
    ways += [f"--source=SIS=tcp://127.0.0.1:{sides['SIS'].way.port}"]
    child = Child(
        "scan service",
        ["-m", "plantsafe", "run", "--child", "--plant", str(file), "--data", str(data), *ways],
        tmp_path / "service.log",
    )
    log, findings = tmp_path / "soak.log", Findings(sides=sides)
    watching: asyncio.Task[None] | None = None
    try:
        health = (await asyncio.to_thread(child.ready))["health"]
        watching = asyncio.create_task(watch(child.process.pid, health, data, findings, log))
        faults = await make_faults(sides, log)
        child.check()
        assert not watching.done()
    finally:
        if watching is not None:
            watching.cancel()
        await asyncio.to_thread(child.end)
        for side in sides.values():
            side.server.kill()
    findings.follow(data)
    with RecordReader(data) as reader:
        named = [json.loads(event.body) for event in reader.events(kinds=["scans_lost"])]
    gaps, sizes = findings.gaps, findings.sizes
    recoveries = {f"{i} {fault.name}": round(findings.recovery_s(fault), 1) for i, fault in enumerate(faults)}
    settled = sizes[int(len(sizes) * SETTLED) :]
    share = max(1, len(settled) // 8)
    growth = statistics.median(settled[-share:]) / statistics.median(settled[:share])
    for name, figure in (
        ("scans", findings.scans),
        ("scans_lost", gaps),
        ("good_values", findings.good),
        ("foreign_values", findings.foreign),
        ("old_values", findings.old),
        ("old_values_after_thaw", findings.old_after_thaw),
        ("recovery_s", recoveries),
        ("rss_kb", sizes),
        ("rss_growth", growth),
        ("sessions", sides["DCS"].server.most_sessions),
        ("connections", {name: side.way.most_open for name, side in sides.items()}),
    ):
        record_property(name, figure)
    assert findings.foreign == 0
    assert findings.old == 0
    assert [(body["first"], body["last"]) for body in named] == gaps
    assert sides["DCS"].server.most_sessions == 1
    assert max(side.way.most_open for side in sides.values()) == 1
    assert max(recoveries.values()) <= BACK_S + PERIOD_S
    if MINUTES >= 30:
        assert growth <= GROWTH
