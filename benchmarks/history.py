"""The store against its bounds and against what one would reach for otherwise, in one run; prints ratios.

python benchmarks/history.py [--points 10000] [--folder DIR]
"""

import argparse
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from plantsafe.frame import Frame
from plantsafe.history.buckets import read_buckets
from plantsafe.history.compaction import Compaction
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.store.record import RecordReader, RecordWriter

SECOND_NS = 10**9
BEGIN_NS = 20_718 * 86_400 * SECOND_NS
TEXT = {"en": "text", "zh": "文字"}


def plant_of(n: int) -> Plant:
    """`n` analog points of one source."""
    points = [
        {"name": f"P{i}", "title": TEXT, "unit": "R1", "source": "DCS", "range": [0.0, 200.0],
         "opcua": {"node": f"s=P{i}"}, **({"kind": "count"} if i == 0 else {})}
        for i in range(n)
    ]  # fmt: skip
    partition = {"name": "A", "title": TEXT, "head_count": "P0", "head_count_max": 3}
    workshop = {"name": "W1", "title": TEXT, "head_count_max": 9, "partitions": [partition]}
    return compile_plant(
        PlantFile.model_validate(
            {
                "schema": 1, "author": "benchmark", "site": {"name": "bench", "title": TEXT},
                "workshops": [workshop],
                "units": [{"name": "R1", "title": TEXT, "workshop": "W1", "partition": "A", "process": "utility"}],
                "sources": [{"name": "DCS", "title": TEXT, "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:1",
                             "heartbeat": "P0", "consequence": TEXT, "action": TEXT}],
                "points": points, "alarms": [],
            }
        )
    )  # fmt: skip


def signals(plant: Plant, n: int, first: int, seed: int = 1) -> Iterator[Frame]:
    """12-bit instruments: a slow wave and noise of two steps; a quarter are switches that rarely move."""
    chance = np.random.default_rng(seed)
    p = plant.n_points
    switch = np.arange(p) % 4 == 3
    phase, step = chance.random(p) * 6.28, 200.0 / 4096
    state = np.zeros(p)
    for number in range(first, first + n):
        wave = 100.0 + 40.0 * np.sin(phase + number / 2000.0) + chance.normal(0.0, 2 * step, p)
        state = np.where(chance.random(p) < 0.001, 1.0 - state, state)
        value = np.where(switch, state, np.round(wave / step) * step)
        time_ns = BEGIN_NS + number * SECOND_NS + int(chance.integers(0, 2000))
        yield Frame(
            number=number,
            plant=plant.hash,
            time_ns=time_ns,
            value=value,
            status=np.zeros(p, dtype=np.uint32),
            source_time_ns=np.full(p, time_ns - 3_000_000),
            received=np.full(plant.n_sources, number, dtype=np.int64),
            origin=np.ones(plant.n_sources, dtype=np.uint8),
            resolution_ns=np.full(plant.n_sources, 1000, dtype=np.int64),
        )


def median_ms(work: Callable[[], Any], rounds: int) -> float:
    """Median wall time of `work`, after one round that does not count."""
    work()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return 1e3 * statistics.median(taken)


def say(what: str, got: float, unit: str, most: float | None = None, *, least: float | None = None) -> None:
    """One line: the figure, and its bound with the ratio."""
    bound = f"bound {most:g} {unit} ({got / most:.2f} of it)" if most else ""
    bound = f"at least {least:g} {unit} ({got / least:.2f} times)" if least else bound
    print(f"  {what:58s} {got:10.3f} {unit:6s} {bound}", flush=True)


def writing(folder: Path, points: int, most_ms: float) -> None:
    """Frames with full sync, against a row a point."""
    plant = plant_of(points)
    frames, n = list(signals(plant, 60, 1)), plant.n_points
    writer = RecordWriter(folder)
    writer.add_plant(plant.hash, plant.document())
    taken = []
    for frame in frames:
        begun = time.perf_counter()
        writer.write_scan(frame, [], [], {}, None)
        taken.append(time.perf_counter() - begun)
    writer.close()
    ours = 1e3 * statistics.median(taken)
    say(f"a frame of {points} points, full sync, median", ours, "ms", most_ms)
    rows = sqlite3.connect(folder / "rows.db", isolation_level=None)
    rows.execute("PRAGMA journal_mode=WAL")
    rows.execute("PRAGMA synchronous=FULL")
    rows.execute("CREATE TABLE s (point INTEGER, t INTEGER, v REAL, q INTEGER, PRIMARY KEY (point, t)) WITHOUT ROWID")
    taken = []
    for frame in frames[:10]:
        begun = time.perf_counter()
        rows.execute("BEGIN")
        cells = zip(range(n), [frame.time_ns] * n, frame.value.tolist(), frame.status.tolist(), strict=True)
        rows.executemany("INSERT INTO s VALUES (?, ?, ?, ?)", cells)
        rows.execute("COMMIT")
        taken.append(time.perf_counter() - begun)
    rows.close()
    theirs = 1e3 * statistics.median(taken)
    print(f"    SQLite with a row a point: {theirs:.1f} ms, {theirs / ours:.0f} times ours")


def compacting(folder: Path, points: int) -> None:
    """Samples a second into the day's file, and bytes a sample in it."""
    plant = plant_of(points)
    writer = RecordWriter(folder)
    writer.add_plant(plant.hash, plant.document())
    writer._connection.execute("PRAGMA synchronous=OFF")  # filling is not what is measured
    n = 1201
    for frame in signals(plant, n, 600):
        writer.write_scan(frame, [], [], {}, None)
    writer.close()
    compaction = Compaction(folder)
    with RecordReader(folder) as reader:
        begun, cpu = time.perf_counter(), time.process_time()
        taken = compaction.step(reader)
        wall, used = time.perf_counter() - begun, time.process_time() - cpu
    compaction.close()
    size = sum(path.stat().st_size for path in folder.glob("2*.db"))
    say(f"compaction of {taken} scans of {points} points", taken * points / wall / 1e6, "M/s", least=1.5)
    print(f"    CPU {used:.1f} s, {size / taken / points:.2f} bytes a sample with source time and status")


def reading(folder: Path) -> None:
    """A day of some points and the newest minutes of all."""
    few = plant_of(200)
    writer = RecordWriter(folder)
    writer.add_plant(few.hash, few.document())
    writer._connection.execute("PRAGMA synchronous=OFF")
    for frame in signals(few, 86_400, 1):
        writer.write_scan(frame, [], [], {}, None)
    writer.close()
    compaction = Compaction(folder)
    with RecordReader(folder) as reader:
        compaction.step(reader)
    compaction.close()
    size = sum(path.stat().st_size for path in folder.glob("2*.db"))
    print(f"    a day of 200 points: {size / 86_400 / 200:.2f} bytes a sample")
    with HistoryReader(folder) as history:
        end = BEGIN_NS + 86_401 * SECOND_NS
        day = median_ms(lambda: read_buckets(history, ("P17",), end - 86_400 * SECOND_NS, end, 1000), 15)
        say("one point, 24 h, 1,000 buckets", day, "ms", 5.0)


def newest(folder: Path, points: int) -> None:
    """The last ten minutes of 50 points and the latest of all, while the compactor follows."""
    plant = plant_of(points)
    writer = RecordWriter(folder)
    writer.add_plant(plant.hash, plant.document())
    writer._connection.execute("PRAGMA synchronous=OFF")
    compaction = Compaction(folder)
    for i, frame in enumerate(signals(plant, 700, 30)):
        writer.write_scan(frame, [], [], {}, None, compacted=frame.number - 70)
        if i % 60 == 59:
            with RecordReader(folder) as reader:
                compaction.step(reader)
    compaction.close()
    writer.close()
    names = [f"P{i}" for i in np.random.default_rng(2).choice(points, 50, replace=False)]
    with HistoryReader(folder) as history:
        last = history.last_number()
        history.window(names, last - 599, last)
        say(
            "50 points, last 10 min, all samples",
            median_ms(lambda: history.window(names, last - 599, last), 9),
            "ms",
            20.0,
        )
        everything = list(plant.points.names)
        say(f"latest of {points} points", median_ms(lambda: history.latest(everything), 15), "ms", 1.0)


def years(folder: Path) -> None:
    """A year of hourly figures of one point."""
    from plantsafe.history.hours import nothing
    from plantsafe.store.rollup import RollupWriter
    from plantsafe.store.zstd import compress

    plant = plant_of(2)
    writer = RecordWriter(folder)
    writer.add_plant(plant.hash, plant.document())
    for frame in signals(plant, 2, 1):
        writer.write_scan(frame, [], [], {}, None)
    writer.close()
    rollup, chance = RollupWriter(folder), np.random.default_rng(3)
    first = BEGIN_NS // (86_400 * SECOND_NS) - 365
    for day in range(first, first + 365):
        hours = nothing(24)
        hours["count"] = hours["good"] = 3600
        hours["low"], hours["high"] = chance.random(24), 1.0 + chance.random(24)
        hours["total"], hours["last"] = 3600.0, 1.0
        rollup.roll(f"{day}.db", day, [("P1", compress(hours.tobytes(), 3))])
    rollup.close()
    with HistoryReader(folder) as history:
        year = median_ms(lambda: read_buckets(history, ("P1",), first * 86_400 * SECOND_NS, BEGIN_NS, 1000), 15)
    say("one point, one year, 1,000 buckets", year, "ms", 50.0)


def forwarding(folder: Path, points: int) -> None:
    """Samples a second to a real InfluxDB, against plain HTTP with the same bodies to the same server."""
    influxd, nginx = shutil.which("influxd"), shutil.which("nginx")
    if influxd is None or nginx is None:
        print("  (no influxd or nginx here: forwarding is not measured)")
        return
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plantsafe" / "history"))
    from historian_server import BUCKET, Historian

    from plantsafe.history import forward
    from plantsafe.history.forwarder import sink_of
    from plantsafe.history.lines import LineMaker
    from plantsafe.store.forward import ForwardWriter

    plant, rounds = plant_of(points), 30
    frames = list(signals(plant, 2 * rounds + 1, 1))
    bodies = [
        "\n".join(line for frame in frames[i : i + 2] for line in LineMaker(plant).of_frame(frame)).encode()
        for i in range(0, 2 * rounds, 2)
    ]
    rows = 2 * rounds * points
    ratios = []
    for turn in range(3):
        room = folder / f"server{turn}"
        room.mkdir()
        server = Historian(room, influxd, nginx)
        try:
            address = f"{server.url}/api/v2/write?org=plant&bucket={BUCKET}&precision=ns"
            pool = urllib.request.build_opener()
            begun = time.perf_counter()
            for body in bodies:
                pool.open(urllib.request.Request(address, data=body)).close()  # noqa: S310  # our own address
            plain = rows / (time.perf_counter() - begun)
            server.ask('DROP MEASUREMENT "pv"')
            data = folder / f"data{turn}"
            data.mkdir()
            writer = RecordWriter(data)
            writer.add_plant(plant.hash, plant.document())
            for frame in frames[: 2 * rounds]:
                writer.write_scan(frame, [], [], {}, None)
            writer.close()
            own, sink = ForwardWriter(data), sink_of(server.where)
            with HistoryReader(data) as history:
                forwarder = forward.Forwarder(history, own, sink, time.time_ns)
                begun = time.perf_counter()
                while forwarder.step():
                    pass
                ours = rows / (time.perf_counter() - begun)
                forwarder.close()
            own.close()
            sink.close()
        finally:
            server.close()
        ratios.append(ours / plain)
        print(f"    forwarder {ours:,.0f} rows a second, plain HTTP {plain:,.0f}")
    say("forwarder against plain HTTP to the same server", statistics.median(ratios), "", least=0.9)


def backlog(folder: Path, points: int) -> None:
    """Scans of a second while the forwarder, a process of its own, carries what an outage left behind."""
    influxd, nginx = shutil.which("influxd"), shutil.which("nginx")
    if influxd is None or nginx is None:
        print("  (no influxd or nginx here: a backlog is not measured)")
        return
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "plantsafe" / "history"))
    from historian_server import Historian

    from plantsafe.store.forward import forwarded_to

    plant, left, live = plant_of(points), 150, 30
    room, data = folder / "server", folder / "data"
    room.mkdir()
    writer = RecordWriter(data)
    writer.add_plant(plant.hash, plant.document())
    frames = list(signals(plant, left + 2 * live, 1))
    for frame in frames[:left]:
        writer.write_scan(frame, [], [], {}, None)

    def scans(some: list[Frame]) -> list[float]:
        """How late each scan was on disk after its instant, in seconds."""
        begun, late = time.monotonic(), []
        for i, frame in enumerate(some):
            time.sleep(max(0.0, begun + i - time.monotonic()))
            writer.write_scan(frame, [], [], {}, None)
            late.append(time.monotonic() - begun - i)
        return late

    alone = scans(frames[left : left + live])
    server = Historian(room, influxd, nginx)
    words = [sys.executable, "-m", "plantsafe", "forward", "run", "--data", str(data), "--to", server.where]
    process = subprocess.Popen(words)
    try:
        deadline = time.monotonic() + 60
        while not (forwarded_to(data)[0] or 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        first, begun = forwarded_to(data)[0] or 0, time.monotonic()
        beside = scans(frames[left + live :])
        sent = ((forwarded_to(data)[0] or 0) - first) * points / (time.monotonic() - begun)
    finally:
        process.terminate()
        process.wait()
        server.close()
        writer.close()
    say("worst scan beside a backlog, on disk after its instant", max(beside), "s", 1.0)
    print(f"    median {1e3 * statistics.median(beside):.0f} ms; without: worst {1e3 * max(alone):.0f} ms, median "
          f"{1e3 * statistics.median(alone):.0f} ms")  # fmt: skip
    spare = sent - points
    drained = f"an outage of 8 h is carried in {8 * points / spare:.1f} h" if spare > 0 else "the backlog grows"
    print(f"    {sent:,.0f} rows a second carried, {points:,} of them new: {drained}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--points", type=int, default=10_000)
    arguments.add_argument("--only", default="", help="words of the parts to run, as 'forward'")
    given = arguments.parse_args()
    points = given.points
    parts: dict[str, Callable[[Path], None]] = {
        "write": lambda folder: writing(folder, points, 2.0),
        "write ten times": lambda folder: writing(folder, 10 * points, 20.0),
        "compact": lambda folder: compacting(folder, points // 4),
        "newest": lambda folder: newest(folder, points),
        "day": reading,
        "year": years,
        "forward": lambda folder: forwarding(folder, points),
        "backlog": lambda folder: backlog(folder, points),
    }
    for name, part in parts.items():
        if given.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            part(Path(folder))
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
