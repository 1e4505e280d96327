"""A unit with a phase, three analog points and two partitions, and a drive that steps one check through frames."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from plantsafe.frame import Frame, is_bad
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.verdict import Check, Verdict

TEXT = {"en": "text", "zh": "文字"}


def point(name: str, unit: str = "R1", **more: Any) -> dict[str, Any]:
    return {"name": name, "title": TEXT, "unit": unit, "source": "DCS", "range": [0.0, 200.0],
            "opcua": {"node": f"s={name}"}, **more}  # fmt: skip


def partition(name: str, count: str, most: int) -> dict[str, Any]:
    return {"name": name, "title": TEXT, "head_count": count, "head_count_max": most}


@dataclass
class Drive:
    """Steps a check by point names; what is not named keeps its value, `status` holds for its scan only."""

    plant: Plant
    check: Check
    number: int = 0
    values: dict[str, float] = field(default_factory=lambda: {"T": 60.0, "P": 40.0, "F": 20.0, "X": 50.0})
    verdict: Verdict = field(default_factory=lambda: Verdict(0))
    index: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index = {condition.name: i for i, condition in enumerate(self.check.conditions)}

    def scan(self, *, skip: int = 0, status: Mapping[str, int] | None = None, **values: float) -> None:
        self.number += 1 + skip
        self.values |= values
        row, n = self.plant.points.row, self.plant.n_points
        value, code = np.zeros(n), np.zeros(n, dtype=np.uint32)
        for name, number in self.values.items():
            value[row[name]] = number
        for name, bits in (status or {}).items():
            code[row[name]] = bits
        value[is_bad(code)] = np.nan
        frame = Frame(
            number=self.number, plant=self.plant.hash, time_ns=self.number * self.plant.period_ns, value=value,
            status=code, source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(1, self.number),
            origin=np.zeros(1, dtype=np.uint8), resolution_ns=np.zeros(1, dtype=np.int64),
        )  # fmt: skip
        self.verdict = Verdict(len(self.check.conditions), skip)
        self.check.evaluate(frame, self.verdict, slice(None))

    def says(self, name: str) -> str:
        """holds, clear or unknown; a condition may hold and be unknown."""
        i = self.index[name]
        words = ["holds"] * bool(self.verdict.active[i]) + ["unknown"] * bool(self.verdict.unknown[i])
        return " ".join(words) or "clear"


@pytest.fixture(scope="session")
def unit_plant() -> Plant:
    document = {
        "schema": 1,
        "author": "test",
        "site": {"name": "small", "title": TEXT},
        "workshops": [
            {
                "name": "W1", "title": TEXT, "head_count_max": 5,
                "partitions": [partition("W1-A", "HC-A", 3), partition("W1-B", "HC-B", 4)],
            }
        ],
        "units": [
            {"name": "R1", "title": TEXT, "workshop": "W1", "process": "nitration_semibatch"},
            {"name": "M1", "title": TEXT, "workshop": "W1", "process": "microchannel", "running": "RUN"},
        ],
        "sources": [
            {"name": "DCS", "title": TEXT, "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:1", "heartbeat": "HB",
             "consequence": TEXT, "action": TEXT}
        ],
        "points": [
            point("HB", kind="count", range=[0.0, 1e9]),
            point("PHASE", kind="state", range=[0.0, 7.0], states=dict.fromkeys(range(4), TEXT)),
            point("PUMP", kind="state", range=[0.0, 1.0], states={0: TEXT, 1: TEXT}),
            point("T"), point("P"), point("F"),
            point("RUN", "M1", kind="state", range=[0.0, 1.0]),
            point("X", "M1"),
            point("HC-A", kind="count", range=[0.0, 50.0]), point("HC-B", kind="count", range=[0.0, 50.0]),
        ],
    }  # fmt: skip
    return compile_plant(PlantFile.model_validate(document))


@pytest.fixture
def drive(unit_plant: Plant) -> Callable[..., Drive]:
    def start(check: type[Any], plant: Plant = unit_plant) -> Drive:
        return Drive(plant, check(plant))

    return start
