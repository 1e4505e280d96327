"""What the whole scan service costs: connectors, a limit on every point, drift findings, frame and journal stored.

    python benchmarks/scan_service.py [--peer FOLDER] [--scans 120] [--only 10000|50000]

FOLDER has node-opcua installed (its server.js gives static doubles). The service is a process of its own, read and
measured from outside: CPU (user and system) and memory from /proc, scans from its journal and its metrics. Beside it
a bare loop does the same reads in the same run and nothing with them: what no service over this connector can beat.
"""

import argparse
import asyncio
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from acquisition import free_port
from asyncua.client.client import Client

from connectors.factory import make_source
from plantsafe.cli.children import Child
from plantsafe.clock import Clock
from plantsafe.frame import is_good
from plantsafe.plant import load_plant
from plantsafe.store.record import RecordReader

HERE = Path(__file__).resolve().parent
WARM_SCANS = 10  # before the measurement begins
PEER_CPU, PEER_MB = 0.134, 229.0  # Node-RED, tuned by hand, 10,000 points at 1 Hz, without quality, alarms or journal
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PARTS = ("read", "judge", "write")

HEAD = """schema: 1
author: benchmark
site: {name: large, title: {en: Large plant, zh: 大厂}}
workshops: [{name: W1, title: {en: Workshop, zh: 车间}, head_count_max: 9}]
units: [{name: U1, title: {en: Unit, zh: 单元}, workshop: W1, process: utility}]
sources:
SOURCES
points: {table: points.csv}
alarms: {table: alarms.csv}
"""
SOURCE = """  - {name: NAME, title: {en: DCS, zh: 分散控制系统}, protocol: opcua, endpoint: "ENDPOINT",
     namespace: "NAMESPACE", timeout_s: 1.9, heartbeat: NAME-CLOCK, consequence: {en: Blind, zh: 不可见},
     action: {en: Restore, zh: 恢复}}"""
UA = "http://opcfoundation.org/UA/"
POINT_FIELDS = "name title.en title.zh unit source kind eu range.low range.high resolution opcua.node opcua.namespace"
ALARM_FIELDS = (
    "name point direction limit deadband on_delay_s priority class respond_min "
    "consequence.en consequence.zh action.en action.zh"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """So many points on so many servers, and what the service may take of one core and of memory."""

    points: int
    servers: int
    changing: bool
    cpu: float
    peak_mb: float


CASES = (
    Case(points=10_000, servers=1, changing=True, cpu=0.08, peak_mb=220.0),
    Case(points=50_000, servers=3, changing=False, cpu=0.35, peak_mb=float("inf")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Of one process since its start: CPU seconds; memory now and at its highest, MB."""

    cpu_s: float
    now_mb: float
    peak_mb: float

    @classmethod
    def of(cls, pid: int) -> "Usage":
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return cls(
            cpu_s=(int(fields[11]) + int(fields[12])) / TICKS_A_SECOND,
            now_mb=int(status["VmRSS"].split()[0]) / 1024,
            peak_mb=int(status["VmHWM"].split()[0]) / 1024,
        )


@contextmanager
def servers(case: Case, peer: Path) -> Iterator[list[tuple[str, int]]]:
    """Node-opcua servers of the case: endpoint and number of doubles; ended afterwards."""
    counts = [len(part) for part in np.array_split(np.arange(case.points), case.servers)]
    started: list[subprocess.Popen[bytes]] = []
    found = []
    environment = os.environ | {"NODE_PATH": str(peer / "node_modules")}
    program = HERE / "changing_server.js" if case.changing else peer / "server.js"
    try:
        for count in counts:
            port = free_port()
            started.append(
                subprocess.Popen(
                    ["node", str(program), str(count), str(port)],
                    cwd=peer,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
            )
            found.append((f"opc.tcp://127.0.0.1:{port}", count))
        for process in started:
            assert process.stdout is not None
            if not any(line.startswith(b"READY") for line in process.stdout):
                raise SystemExit("node-opcua's server did not start")
        yield found
    finally:
        for process in started:
            process.terminate()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def own_namespace(endpoint: str) -> str:
    """URI of namespace 1 of a server."""

    async def ask() -> str:
        async with Client(endpoint, timeout=20) as client:
            return str((await client.get_namespace_array())[1])

    return asyncio.run(ask())


def write_plant(folder: Path, found: list[tuple[str, int]]) -> Path:
    """Each double a point with a high alarm; each server's clock is its heartbeat."""
    sources = []
    with (
        (folder / "points.csv").open("w", encoding="utf-8", newline="") as points_file,
        (folder / "alarms.csv").open("w", encoding="utf-8", newline="") as alarms_file,
    ):
        points, alarms = csv.writer(points_file), csv.writer(alarms_file)
        points.writerow(POINT_FIELDS.split())
        alarms.writerow(ALARM_FIELDS.split())
        for number, (endpoint, count) in enumerate(found, 1):
            name = f"DCS{number}"
            filled = SOURCE.replace("NAMESPACE", own_namespace(endpoint)).replace("NAME", name)
            sources.append(filled.replace("ENDPOINT", endpoint))
            points.writerow([f"{name}-CLOCK", "Clock", "时钟", "U1", name, "count", "s", 0, 1e10, "", "i=2258", UA])
            for i in range(1, count + 1):
                point = f"{name}-{i}"
                points.writerow(
                    [point, f"Point {i}", f"测点{i}", "U1", name, "analog", "kPa", 0, 500, 0.1, f"i={i}", ""]
                )
                told = ["Too much", "过高", "Close the valve", "关阀"]
                alarms.writerow([f"{point}.H", point, "H", 480, 5, 5, 1 + i % 4, "process", 10, *told])
    path = folder / "plant.yaml"
    path.write_text(HEAD.replace("SOURCES", "\n".join(sources)), encoding="utf-8")
    return path


def metrics_of(health: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{health}/metrics", timeout=10.0) as answer:  # noqa: S310  our own service
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one run showed. cpu: share of a core, in total and in the warmest stretch; ms: wall time a scan by part."""

    scans: int
    unnamed: int
    lost: int
    late: int
    not_good: int
    cpu: float
    steady_mb: float
    peak_mb: float
    ms: dict[str, float]
    bytes_a_scan: float


def run_service(plant: Path, data: Path, scans: int) -> Found:
    """Start the service, let it warm up, measure, stop it, and ask its record."""
    child = Child("scan service", ["-m", "plantsafe", "run", "--plant", str(plant), "--data", str(data)], data / "log")
    try:
        health = child.ready()["health"]
        sizes: list[float] = []

        def wait_for(done: float) -> dict[str, float]:
            deadline = time.monotonic() + 60.0 + 2 * scans
            while (now := metrics_of(health)).get("plantsafe_scans_total", 0.0) < done:
                child.check()
                if time.monotonic() > deadline:
                    raise SystemExit("the service does not scan")
                time.sleep(0.5)
            return now

        start = wait_for(WARM_SCANS)
        began, began_s = Usage.of(child.process.pid), time.monotonic()
        for done in range(10, scans + 1, 10):
            end = wait_for(start["plantsafe_scans_total"] + done)
            sizes.append(Usage.of(child.process.pid).now_mb)
        ended, ended_s = Usage.of(child.process.pid), time.monotonic()
    finally:
        child.end()

    def spent(part: str) -> float:
        key = f'plantsafe_scan_seconds_sum{{part="{part}"}}'
        return (end[key] - start[key]) / scans * 1e3

    with RecordReader(data) as reader:
        numbers = np.array(reader.frame_numbers(1, reader.last_number()))
        bodies = [json.loads(event.body) for event in reader.events(kinds=["service_stopped"])]
        not_good = sum(int((~is_good(frame.status)).sum()) for frame in reader.frames(WARM_SCANS, int(numbers[-1])))
    return Found(
        scans=len(numbers),
        unnamed=int(numbers[-1] - numbers[0] + 1 - len(numbers)) - bodies[-1]["lost"],
        lost=bodies[-1]["lost"],
        late=bodies[-1]["late"],
        not_good=not_good,
        cpu=(ended.cpu_s - began.cpu_s) / (ended_s - began_s),
        steady_mb=statistics.median(sizes),
        peak_mb=ended.peak_mb,
        ms={part: spent(part) for part in PARTS},
        bytes_a_scan=(data / "record.db").stat().st_size / len(numbers),
    )


def bare(plant_file: Path, scans: int) -> None:
    """The same reads once a second and nothing else; prints the share of a core."""

    async def loop() -> float:
        plant, clock = load_plant(plant_file), Clock.system()
        sources = [make_source(plant, name) for name in plant.read_sources]
        for source in sources:
            await source.open()
        for _ in range(200):
            if all([(await source.read(clock)).answered for source in sources]):
                break
            await asyncio.sleep(0.1)
        began_cpu, began_s = time.process_time(), time.monotonic()
        for scan in range(scans):
            await asyncio.sleep(began_s + scan - time.monotonic())
            await asyncio.gather(*(source.read(clock) for source in sources))
        await asyncio.sleep(began_s + scans - time.monotonic())
        share = (time.process_time() - began_cpu) / (time.monotonic() - began_s)
        for source in sources:
            await source.close()
        return share

    print(json.dumps(asyncio.run(loop())))


def told(what: str, figure: str, target: str, *, met: bool) -> bool:
    print(f"  {what:<34} {figure:>14}   target {target:<14} {'met' if met else 'missed'}")
    return met


def run(case: Case, peer: Path, scans: int, bare_scans: int) -> bool:
    kind = "changing" if case.changing else "static"
    print(f"{case.points} OPC UA points at 1 Hz, {case.servers} node-opcua server(s), {kind} values, {scans} scans")
    with tempfile.TemporaryDirectory() as name, servers(case, peer) as found:
        folder = Path(name)
        plant = write_plant(folder, found)
        (folder / "data").mkdir()
        got = run_service(plant, folder / "data", scans)
        command = [sys.executable, __file__, "--bare", str(plant), "--scans", str(bare_scans)]
        floor = float(subprocess.run(command, capture_output=True, check=True).stdout.splitlines()[-1])
    met = [
        told("scans lost", f"{got.lost}", "0", met=got.lost == 0),
        told("scans missing without a name", f"{got.unnamed}", "0", met=got.unnamed == 0),
        told("values not good", f"{got.not_good}", "0", met=got.not_good == 0),
        told("CPU, share of a core", f"{got.cpu:.1%}", f"{case.cpu:.0%}", met=got.cpu <= case.cpu),
    ]
    if case.peak_mb < float("inf"):
        mb = f"{case.peak_mb:.0f} MB"
        met.append(told("memory, steady", f"{got.steady_mb:.0f} MB", mb, met=got.steady_mb <= case.peak_mb))
        met.append(told("memory, peak with loading", f"{got.peak_mb:.0f} MB", mb, met=got.peak_mb <= case.peak_mb))
        print(f"  the best peer                      {PEER_CPU:.1%} of a core, {PEER_MB:.0f} MB, no alarms, no journal")
    else:
        print(f"  memory                             {got.steady_mb:.0f} MB steady, {got.peak_mb:.0f} MB peak")
    print(f"  late scans                         {got.late} of {got.scans}")
    print(f"  the same reads alone               {floor:.1%} of a core; all the rest {got.cpu - floor:.1%}")
    spent = ", ".join(f"{part} {ms:.1f} ms" for part, ms in got.ms.items())
    print(f"  wall a scan                        {spent}; record {got.bytes_a_scan / 1e3:.0f} kB")
    return all(met)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peer", type=Path, default=os.environ.get("PLANTSAFE_NODE_OPCUA"))
    parser.add_argument("--scans", type=int, default=120)
    parser.add_argument("--only", type=int, choices=[case.points for case in CASES])
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.bare is not None:
        bare(wanted.bare, wanted.scans)
        return 0
    if wanted.peer is None or not (Path(wanted.peer) / "node_modules").is_dir() or shutil.which("node") is None:
        print("needs node and a folder with node-opcua installed: --peer FOLDER or PLANTSAFE_NODE_OPCUA")
        return 2
    chosen = [case for case in CASES if wanted.only in (None, case.points)]
    missed = sum(not run(case, Path(wanted.peer).resolve(), wanted.scans, wanted.scans // 3) for case in chosen)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
