"""What loading and checking a large plant description costs: a synthetic plant of points with an alarm each, in CSV.

    python benchmarks/plant.py [--points 100000]

Each step runs in a process of its own; its peak memory is that of the process, interpreter and libraries included.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # a benchmark has the name of the package that is meant

from simulation.synthetic import write_plant  # noqa: E402

TARGETS = {"load": (10.0, 1000.0), "check": (10.0, 1000.0), "diff": (10.0, 1000.0)}  # seconds, MB
STEPS = ("load", "check", "check with a mistake", "diff")  # diff: what `plantsafe check --diff` does, both files loaded


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
        table.write_text(
            table.read_text(encoding="utf-8").replace(",5,,1,process,", ",5,,2,process,"), encoding="utf-8"
        )
        shared = Shared(two_files=True)
        began = time.process_time()
        found = differences(load_plant(path, shared), check_plant(other, shared))
        note = f"{len(found)} changes"
    elif name == "check with a mistake":
        table = path.with_name("points.csv")
        table.write_text(table.read_text(encoding="utf-8").replace(",U0042,DCS", ",U004Z,DCS"), encoding="utf-8")
        began = time.process_time()
        try:
            check_plant(path)
            note = "no mistake"
        except PlantFileError as error:
            note = f"{len(error.mistakes)} mistakes"
    else:
        began = time.process_time()
        plant = (load_plant if name == "load" else check_plant)(path)
        note = f"{plant.n_points} points, {len(plant.file.alarms)} alarms"
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
            path = write_plant(Path(folder), points=asked.points, seed=1, alarms_a_point=1.0, state_share=0.0)
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
