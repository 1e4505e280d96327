"""What loading and checking a large plant description costs: a generated plant of points with an alarm each, in CSV.

    python benchmarks/plant.py [--points 100000]

Each step runs in a process of its own; its peak memory is that of the process, interpreter and libraries included.
"""

import argparse
import csv
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS = {"load": (10.0, 1000.0), "check": (10.0, 1000.0), "diff": (10.0, 1000.0)}  # seconds, MB
STEPS = ("load", "check", "check with a mistake", "diff")  # diff: what `plantsafe check --diff` does, both files loaded

HEAD = """schema: 1
author: benchmark
site: {name: large, title: {en: Large plant, zh: 大厂}}
workshops: [{name: W1, title: {en: Workshop, zh: 车间}, head_count_max: 9}]
units:
UNITS
sources:
  - {name: DCS, title: {en: DCS, zh: 分散控制系统}, protocol: opcua, endpoint: "opc.tcp://10.0.0.1:4840", heartbeat: P-000000,
     consequence: {en: Blind, zh: 不可见}, action: {en: Restore, zh: 恢复}}
points: {table: points.csv}
alarms: {table: alarms.csv}
"""  # noqa: E501  # YAML reads better unbroken


def write(folder: Path, points: int) -> Path:
    """A plant of so many points in a hundred units, each with a high alarm."""
    units = "\n".join(
        f"  - {{name: U{i:02d}, title: {{en: Unit {i}, zh: 单元{i}}}, workshop: W1, process: utility}}"
        for i in range(100)
    )
    path = folder / "plant.yaml"
    path.write_text(HEAD.replace("UNITS", units), encoding="utf-8")
    with (folder / "points.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            [
                "name",
                "title.en",
                "title.zh",
                "unit",
                "source",
                "eu",
                "range.low",
                "range.high",
                "resolution",
                "opcua.node",
            ]
        )
        for i in range(points):
            name = f"P-{i:06d}"
            eu = ("°C", "kPa", "kg/h", "%")[i % 4]
            table.writerow([name, f"Point {i}", f"测点{i}", f"U{i % 100:02d}", "DCS", eu, 0, 500, 0.1, f"s={name}"])
    with (folder / "alarms.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        words = [f"{field}.{tongue}" for field in ("consequence", "action") for tongue in ("en", "zh")]
        table.writerow(
            [
                "name",
                "point",
                "direction",
                "limit",
                "deadband",
                "on_delay_s",
                "priority",
                "class",
                "respond_min",
                *words,
            ]
        )
        for i in range(points):
            row = [f"P-{i:06d}.H", f"P-{i:06d}", "H", 400 + i % 50, 5, 5, 1 + i % 4, "process", 10]
            table.writerow([*row, "The product is lost", "产品报废", "Lower the feed", "减少进料"])
    return path


def step(name: str, path: Path) -> None:
    """One step in this process; prints seconds of the processor (what it takes on an idle one) and peak MB."""
    from plantsafe.errors import PlantFileError
    from plantsafe.plant import load_plant
    from plantsafe.plant.diff import differences
    from plantsafe.plant.load import check_plant
    from plantsafe.plant.slim import Shared

    if name == "diff":
        other = path.parent / "new" / path.name
        shutil.copytree(path.parent, other.parent)
        table = other.with_name("alarms.csv")
        table.write_text(table.read_text(encoding="utf-8").replace(",H,410,", ",H,411,"), encoding="utf-8")
        shared = Shared(two_files=True)
        began = time.process_time()
        found = differences(load_plant(path, shared), check_plant(other, shared))
        note = f"{len(found)} changes"
    elif name == "check with a mistake":
        table = path.with_name("points.csv")
        table.write_text(table.read_text(encoding="utf-8").replace("U42,DCS", "U4Z,DCS"), encoding="utf-8")
        began = time.process_time()
        try:
            check_plant(path)
            note = "no mistake"
        except PlantFileError as error:
            note = f"{len(error.mistakes)} mistakes"
    else:
        began = time.process_time()
        plant = (load_plant if name == "load" else check_plant)(path)
        note = f"{plant.n_read} points, {len(plant.file.alarms)} alarms"
    seconds = time.process_time() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(f"{seconds:.2f} {peak_mb:.0f} {note}")


def main() -> None:
    """Measure all steps and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--plant", type=Path)
    asked = parser.parse_args()
    if asked.step:
        step(asked.step, asked.plant)
        return
    missed = False
    for name in STEPS:
        with tempfile.TemporaryDirectory() as folder:
            path = write(Path(folder), asked.points)
            command = [sys.executable, __file__, "--step", name, "--plant", str(path)]
            answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split(maxsplit=2)
        seconds, peak_mb, note = float(answer[0]), float(answer[1]), answer[2].strip()
        most_s, most_mb = TARGETS.get(name, (float("inf"), float("inf")))
        over = seconds > most_s or peak_mb > most_mb
        missed |= over
        target = f"  (target {most_s:g} s, {most_mb:g} MB{': missed' if over else ''})" if name in TARGETS else ""
        print(f"{name:22s} {seconds:7.2f} s {peak_mb:7.0f} MB  {note}{target}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
