"""What a simulated second costs: simulator and Engine on the demo plant, a scenario with its twin, 1,000 tanks at once.

    python benchmarks/simulation.py [--scans 6000] [--scenario sb_cooling_loss]

CPU times of this process, the best of three rounds: other work on the machine makes them longer, never shorter.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])  # this file would be found before the package of its name

import numpy as np  # noqa: E402

import simulation  # noqa: E402
from models.process.jacket import WATER_JACKET  # noqa: E402
from models.process.semibatch import N2, SemiBatchInputs  # noqa: E402
from models.process.semibatch_many import ManyTanks, ManyTanksInputs  # noqa: E402
from plantsafe.clock import NS_PER_S, Clock  # noqa: E402
from plantsafe.plant import load_plant  # noqa: E402
from plantsafe.scan.assembly import Assembly  # noqa: E402
from plantsafe.scan.engine import Engine  # noqa: E402
from simulation.plant import SimulatedPlant  # noqa: E402
from simulation.runner import run_file  # noqa: E402
from simulation.virtual_source import virtual_sources  # noqa: E402

FOLDER = Path(simulation.__file__).parent
EPOCH_NS = 1_767_225_600 * NS_PER_S
ROUNDS = 3
TANKS = 1_000
SCAN_US = 1_000.0  # simulator and Engine together
SHIFT_S = 30.0  # eight plant hours
SCENARIO_S = 16.0  # two plant hours with the unprotected twin
TANK_SPEED = 1_500.0  # simulated seconds a wall second


def a_scan(scans: int) -> dict[str, float]:
    """CPU microseconds a scan of each part, the best round."""
    plant = load_plant(FOLDER / "plants" / "demo.yaml")
    best = dict.fromkeys(("simulator", "sources", "engine"), float("inf"))
    for _ in range(ROUNDS):
        simulated = SimulatedPlant(plant, seed=1, epoch_ns=EPOCH_NS)
        engine, assembly = Engine(plant, approved=True), Assembly(plant)
        sources, clock = virtual_sources(simulated), Clock.simulated(rate=1.0, epoch_ns=EPOCH_NS)
        spent = dict.fromkeys(best, 0.0)

        async def live(spent: dict[str, float] = spent) -> None:
            for number in range(1, scans + 1):
                began = time.process_time()
                simulated.advance()  # noqa: B023  called within its round
                lived = time.process_time()
                for source in sources:  # noqa: B023
                    assembly.take(source, await source.read(clock), number)  # noqa: B023
                frame = assembly.frame(number, simulated.time_ns)  # noqa: B023
                read = time.process_time()
                engine.step(frame)  # noqa: B023
                judged = time.process_time()
                spent["simulator"] += lived - began
                spent["sources"] += read - lived
                spent["engine"] += judged - read

        asyncio.run(live())
        best = {part: min(best[part], spent[part] / scans * 1e6) for part in best}
    return best


def a_scenario(name: str) -> tuple[float, bool]:
    """CPU seconds of a scenario with its twin, and whether its verdict is green."""
    began = time.process_time()
    outcome = run_file(FOLDER / "scenarios" / f"{name}.yaml")
    return time.process_time() - began, outcome.green


def many_tanks(seconds: int) -> dict[str, float]:
    """Simulated seconds a CPU second of TANKS varied tanks, dosing, with and without a jacket of their own."""
    rng = np.random.default_rng(1)
    varied = [
        replace(N2, k0_m3_kmol_s=N2.k0_m3_kmol_s * k, ua_start_w_k=N2.ua_start_w_k * u)
        for k, u in rng.uniform(0.8, 1.2, (TANKS, 2)).tolist()
    ]
    dosing = SemiBatchInputs(dosing_m3_s=N2.dosing_flow_m3_s, t_jacket_k=325.15)
    cooled = replace(dosing, t_jacket_k=None, coolant_kg_s=3.0, t_coolant_in_k=325.15)
    found = {}
    for name, inputs, jacket in (("jacket held", dosing, None), ("jacket as a state", cooled, WATER_JACKET)):
        tanks, both = ManyTanks(varied, jacket), ManyTanksInputs.of([inputs] * TANKS)

        def live(tanks: ManyTanks = tanks, both: ManyTanksInputs = both) -> None:
            state = tanks.charged(np.full(TANKS, 335.15))
            for _ in range(seconds):
                state = tanks.step(state, both)

        found[name] = seconds / min(_cpu_s(live) for _ in range(ROUNDS))
    return found


def _cpu_s(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    """Print every figure beside its target; exit 1 when one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scans", type=int, default=6_000)
    parser.add_argument("--scenario", default="sb_cooling_loss")
    asked = parser.parse_args()
    missed = False

    def line(what: str, figure: float, unit: str, target: float | None = None, *, at_least: bool = False) -> None:
        nonlocal missed
        if target is None:
            print(f"{what:46s} {figure:9.2f} {unit}")
            return
        over = figure < target if at_least else figure > target
        missed |= over
        ratio = figure / target if at_least else target / figure
        word = "at least" if at_least else "at most"
        print(f"{what:46s} {figure:9.2f} {unit:10s} {word} {target:g}: {'missed' if over else f'{ratio:.1f} x better'}")

    parts = a_scan(asked.scans)
    for part, figure in parts.items():
        line(f"demo plant, {part}", figure, "us CPU a scan")
    together = sum(parts.values())
    line("demo plant, simulator and Engine", together, "us CPU", SCAN_US)
    line("eight plant hours at that cost", together * 28_800 / 1e6, "s CPU", SHIFT_S)
    seconds, green = a_scenario(asked.scenario)
    line(f"{asked.scenario}, 2 h with its twin ({'green' if green else 'RED'})", seconds, "s CPU", SCENARIO_S)
    for how, speed in many_tanks(1_000).items():
        line(f"{TANKS} tanks at once, {how}", speed, "s a s", TANK_SPEED, at_least=True)
    sys.exit(1 if missed or not green else 0)


if __name__ == "__main__":
    main()
