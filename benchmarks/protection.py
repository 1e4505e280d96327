"""Safety functions at size: 2,000 on 6,000 inputs, a matrix of 500 x 200, 100,000 points; a scan of all their checks.

`python benchmarks/protection.py [--functions N] [--points N] [--scans N]`: prints processor time of a scan, by
check, and how the memory of the process grows.
"""

import argparse
import gc
import resource
import time
from collections import defaultdict
from typing import Any

import numpy as np

from plantsafe.frame import Frame
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.scan.engine import Engine
from plantsafe.verdict import Check, Verdict

TEXT = {"en": "text", "zh": "文字"}
EPOCH_NS = 1_767_225_600 * 10**9
SUBSYSTEM = {
    "lambda_du_per_h": 2e-7, "lambda_dd_per_h": 2e-7, "lambda_s_per_h": 1e-6, "proof_test_interval_h": 8760,
    "proof_test_coverage": 0.9, "mission_time_h": 87600, "installed": "2024-01-01", "last_test": "2025-10-01",
    "trip_coverage": 0.6, "basis": "benchmark",
}  # fmt: skip
MOST_MS = 5.0
CAUSES, EFFECTS = 500, 200


def matrix(functions: list[dict[str, Any]]) -> dict[str, Any]:
    """Causes are functions; each cause has its own elements' effect, two more that trip, one delayed and one told."""
    effects = [
        {
            "name": f"E{k}", "title": TEXT, "unit": "U1",
            "elements": [e["name"] for f in functions[k :: EFFECTS][:3] for e in f["elements"]],
            "preconditions": [{"name": "sis", "title": TEXT, "expression": '"HB" >= 0'}],
        }
        for k in range(min(EFFECTS, len(functions)))
    ]  # fmt: skip
    actions = ("X", "X", "X", "T", "A")
    rows = [
        {
            "name": f"CE{i}", "title": TEXT, "function": function["name"], "bypass_allowed": True,
            "cells": [
                {"effect": f"E{(i + 7 * j) % len(effects)}", "action": action}
                | ({"delay_s": 2} if action == "T" else {})
                for j, action in enumerate(actions[: len(effects)])
            ],
        }
        for i, function in enumerate(functions[:CAUSES])
    ]  # fmt: skip
    return {"effects": effects, "causes_and_effects": rows}


def plant(n_functions: int, n_points: int) -> Plant:
    """Functions 2oo3 with bypass and fault bits and two final elements each; the other points are analog."""
    points: list[dict[str, Any]] = []

    def point(name: str, **more: Any) -> str:
        address = {"table": "input", "address": len(points) % 65536, "device": 1 + len(points) // 65536}
        points.append({"name": name, "title": TEXT, "unit": "U1", "source": "SIS", "modbus": address, **more})
        return name

    def bit(name: str) -> str:
        return point(name, kind="state", range=[0, 1])

    point("HB", kind="count", range=[0, 1e9])
    functions = [
        {
            "name": f"F{i}", "title": TEXT, "unit": "U1", "direction": "H", "setpoint": 100.0, "vote": 2,
            "inputs": [
                {
                    "point": point(f"F{i}.{c}", range=[0, 200], resolution=0.05),
                    "bypass": bit(f"F{i}.{c}.B"), "fault": bit(f"F{i}.{c}.F"),
                }
                for c in "ABC"
            ],
            "on_fault": "vote_trip", "on_bypass": "remove", "tripped": bit(f"F{i}.TRIP"),
            "elements": [{"name": f"F{i}.V{k}", "feedback": bit(f"F{i}.V{k}.C"), "safe_value": 1} for k in (1, 2)],
            "element_vote": 1, "response_s": 10.0, "sil": 2, "rrf": 100.0, "repair_h": 72, "demands_per_year": 0.1,
            "reliability": {"sensors": SUBSYSTEM, "logic": SUBSYSTEM, "elements": SUBSYSTEM},
            "consequence": TEXT, "action": TEXT,
        }
        for i in range(n_functions)
    ]  # fmt: skip
    while len(points) < n_points:
        point(f"P{len(points)}", range=[0, 200])
    document = {
        "schema": 1, "author": "benchmark", "site": {"name": "large", "title": TEXT},
        "workshops": [{"name": "W1", "title": TEXT, "head_count_max": 9}],
        "units": [{"name": "U1", "title": TEXT, "workshop": "W1", "process": "utility"}],
        "sources": [
            {
                "name": "SIS", "title": TEXT, "protocol": "modbus", "endpoint": "tcp://127.0.0.1:1", "heartbeat": "HB",
                "consequence": TEXT, "action": TEXT,
            }
        ],
        "points": points, "functions": functions, **matrix(functions),
    }  # fmt: skip
    return compile_plant(PlantFile.model_validate(document))


class Bench:
    """Frames of a large plant through the checks of its safety functions."""

    def __init__(self, large: Plant) -> None:
        self.plant, self.dice = large, np.random.default_rng(1)
        engine = Engine(large)
        self.checks: list[Check] = [c for c in engine.checks if type(c).__module__.startswith("plantsafe.protection")]
        self.value = np.zeros(large.n_points)
        self.number = 0
        self.inputs = np.array(
            [large.points.row[c.point] for f in large.file.functions for c in f.inputs], dtype=np.intp
        )
        self.faults = np.array([large.points.row[str(f.inputs[0].fault)] for f in large.file.functions], dtype=np.intp)
        self.spent: dict[str, list[float]] = defaultdict(list)

    def scan(self, *, faulted: int = 0, lost: bool = False) -> int:
        """One scan with noise on every input; processor time by check goes into `spent`; returns the facts."""
        self.number += 1
        self.value[self.inputs] = 50.0 + self.dice.normal(0.0, 0.5, len(self.inputs))
        if faulted:
            rows = self.dice.choice(self.faults, faulted, replace=False)
            self.value[rows] = 1.0 - self.value[rows]
        n, sources = self.plant.n_points, self.plant.n_sources
        status = np.full(n, 0x80310000 if lost else 0, dtype=np.uint32)
        frame = Frame(
            number=self.number, plant=self.plant.hash, time_ns=EPOCH_NS + self.number * 10**9,
            value=np.full(n, np.nan) if lost else self.value.copy(), status=status,
            source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(sources, self.number),
            origin=np.zeros(sources, dtype=np.uint8), resolution_ns=np.zeros(sources, dtype=np.int64),
        )  # fmt: skip
        verdict = Verdict(sum(len(check.conditions) for check in self.checks))
        start, whole = 0, 0.0
        for check in self.checks:
            block = slice(start, start + len(check.conditions))
            begun = time.process_time()
            check.evaluate(frame, verdict, block)
            took = time.process_time() - begun
            self.spent[check.name].append(took)
            start, whole = block.stop, whole + took
        self.spent["all"].append(whole)
        return len(verdict.facts)

    def report(self, what: str) -> float:
        """Print and forget what was spent; the median of all checks together, in milliseconds."""
        median = {name: float(np.median(spent)) * 1e3 for name, spent in self.spent.items()}
        worst = float(np.quantile(self.spent["all"], 0.99)) * 1e3
        parts = ", ".join(f"{name} {ms:.2f}" for name, ms in median.items() if name != "all")
        print(f"{what}: {median['all']:.2f} ms a scan (99 % within {worst:.2f}; {parts})")
        self.spent.clear()
        return median["all"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=2_000)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--scans", type=int, default=300)
    arguments = parser.parse_args()
    bench = Bench(plant(arguments.functions, arguments.points))
    n = len(bench.inputs)
    print(f"{arguments.functions} functions, {n} inputs, {bench.plant.n_points} points, checks: "
          + ", ".join(f"{c.name} ({len(c.conditions)} conditions)" for c in bench.checks))  # fmt: skip
    for _ in range(100):
        bench.scan()
    bench.spent.clear()
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(arguments.scans):
        bench.scan()
    quiet = bench.report(f"all at rest (at most {MOST_MS:g})")
    for _ in range(arguments.scans):
        bench.scan(faulted=2)
    busy = bench.report(f"two channels change in each scan (at most {MOST_MS:g})")
    for _ in range(20):
        bench.scan(lost=True)
    bench.report("the safety system lost")
    for _ in range(arguments.scans):
        bench.scan()
    bench.report("and seen again")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"peak memory grew by {grown:.1f} MB over {3 * arguments.scans + 20} scans")
    if max(quiet, busy) > MOST_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
