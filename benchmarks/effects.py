"""Cost of the cause-and-effect check a scan: 500 rows by 200 effects, at rest, with a cause, and all moving.

    python benchmarks/effects.py [--scans N]

Prints one JSON object; times are process CPU.
"""

import argparse
import json
import time
import tracemalloc
from typing import Any

import numpy as np

from plantsafe.frame import NO_FAST_SAMPLES, Frame
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.protection import EffectCheck, FunctionCheck
from plantsafe.verdict import Verdict

ROWS, EFFECTS, CELLS = 500, 200, 6
TEXT = {"en": "text", "zh": "文字"}


def point(name: str, **more: Any) -> dict[str, Any]:
    """A register of the safety system."""
    return {
        "name": name, "title": TEXT, "unit": "R1", "source": "SIS", "range": [0.0, 200.0],
        "modbus": {"table": "input", "address": 0}, **more,
    }  # fmt: skip


def wide() -> Plant:
    """A function a row, each with two elements of its own effect, and cells in five other effects."""
    functions, rows, effects, points = [], [], [], [point("HB", kind="count", range=[0.0, 1e9])]
    for k in range(EFFECTS):
        names = (f"XV{k}A", f"XV{k}B")
        points += [point(name, kind="state", range=[0.0, 1.0]) for name in names]
        effects.append(
            {
                "name": f"E{k}",
                "title": TEXT,
                "unit": "R1",
                "elements": list(names),
                "preconditions": [{"name": "air", "title": TEXT, "expression": '"I0" >= 0'}],
            }
        )
    for i in range(ROWS):
        own = i % EFFECTS
        points += [point(f"I{i}"), point(f"T{i}", kind="state", range=[0.0, 1.0])]
        functions.append(
            {
                "name": f"F{i}",
                "title": TEXT,
                "unit": "R1",
                "inputs": [{"point": f"I{i}"}],
                "direction": "H",
                "setpoint": 100.0,
                "vote": 1,
                "on_fault": "vote_trip",
                "on_bypass": "remove",
                "tripped": f"T{i}",
                "elements": [{"name": f"XV{own}{x}", "feedback": f"XV{own}{x}", "safe_value": 0.0} for x in "AB"],
                "element_vote": 2,
                "response_s": 8.0,
                "sil": 1,
                "rrf": 50.0,
                "consequence": TEXT,
                "action": TEXT,
            }
        )
        cells = [{"effect": f"E{(own + 7 * j) % EFFECTS}", "action": "X"} for j in range(CELLS)]
        rows.append({"name": f"C{i}", "title": TEXT, "function": f"F{i}", "bypass_allowed": True, "cells": cells})
    file = {
        "schema": 1, "author": "benchmark", "site": {"name": "wide", "title": TEXT},
        "workshops": [{"name": "W1", "title": TEXT, "head_count_max": 9}],
        "units": [{"name": "R1", "title": TEXT, "workshop": "W1", "process": "nitration_semibatch"}],
        "sources": [
            {
                "name": "SIS", "title": TEXT, "protocol": "modbus", "endpoint": "127.0.0.1:1", "heartbeat": "HB",
                "consequence": TEXT, "action": TEXT,
            }
        ],
        "points": points, "functions": functions, "effects": effects, "causes_and_effects": rows,
    }  # fmt: skip
    return compile_plant(PlantFile.model_validate(file))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scans", type=int, default=1_000)
    scans = parser.parse_args().scans
    plant = wide()
    functions = FunctionCheck(plant)
    check = EffectCheck(plant, functions)
    check.place(())
    row, n = plant.points.row, plant.n_points
    value = np.zeros(n)
    value[[row[f"XV{k}{x}"] for k in range(EFFECTS) for x in "AB"]] = 1.0
    verdict, whole = Verdict(len(check.conditions)), Verdict(len(functions.conditions))
    number = 0

    def scan() -> float:
        nonlocal number
        number += 1
        frame = Frame(
            number=number, plant=plant.hash, time_ns=number * plant.period_ns, value=value,
            status=np.zeros(n, dtype=np.uint32), source_time_ns=np.zeros(n, dtype=np.int64),
            received=np.full(1, number), origin=np.zeros(1, dtype=np.uint8),
            resolution_ns=np.zeros(1, dtype=np.int64), fast=NO_FAST_SAMPLES,
        )  # fmt: skip
        functions.evaluate(frame, whole, slice(None))
        verdict.facts.clear()
        whole.facts.clear()
        began = time.process_time()
        check.evaluate(frame, verdict, slice(None))
        return (time.process_time() - began) * 1e3

    def measured(change: str) -> dict[str, float]:
        took = []
        for i in range(scans):
            if change == "one":
                value[row["I3"]], value[row["T3"]] = (150.0, 1.0) if i % 2 else (0.0, 0.0)
            elif change == "all":
                value[[row[f"T{k}"] for k in range(0, ROWS, 2)]] = i % 2
                value[row["XV0A"]] = i % 2
            took.append(scan())
        return {"mean_ms": round(float(np.mean(took)), 3), "p99_ms": round(float(np.percentile(took, 99)), 3)}

    for _ in range(50):
        scan()
    found = {name: measured(name) for name in ("rest", "one", "all")}
    tracemalloc.start()
    for _ in range(50):
        scan()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        scan()
    grown = tracemalloc.get_traced_memory()[0] - before
    print(json.dumps({"rows": ROWS, "effects": EFFECTS, "cells": ROWS * CELLS, **found, "grown_bytes": grown}))


if __name__ == "__main__":
    main()
