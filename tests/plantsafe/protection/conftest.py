"""One safety function on a small plant, and a watch: frames given by point name, one line a scan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from plantsafe.frame import NO_FAST_SAMPLES, FastSamples, Frame, is_bad
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.protection import FunctionCheck
from plantsafe.protection.conditions import KINDS
from plantsafe.verdict import Fact, Verdict

TEXT = {"en": "text", "zh": "文字"}
BITS = [f"{letter}_{kind}" for kind in ("byp", "flt") for letter in "ABCD"]


def point(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "title": TEXT, "unit": "R1", "source": "SIS", "range": [0.0, 200.0],
        "modbus": {"table": "input", "address": 0}, **more,
    }  # fmt: skip


def function(**changes: Any) -> dict[str, Any]:
    """2oo3 on A, B, C trips at 100 upwards; either of two valves, closed at 0, within 3 s."""
    channels = changes.pop("channels", "ABC")
    return {
        "name": "F1", "title": TEXT, "unit": "R1",
        "inputs": [{"point": letter, "bypass": f"{letter}_byp", "fault": f"{letter}_flt"} for letter in channels],
        "direction": "H", "setpoint": 100.0, "vote": 2, "on_fault": "vote_trip", "on_bypass": "remove",
        "tripped": "TRIP",
        "elements": [{"name": "XV1", "feedback": "V1", "safe_value": 0.0}, {"name": "XV2", "feedback": "V2",
                                                                         "safe_value": 0.0}],
        "element_vote": 1, "response_s": 3.0, "sil": 2, "rrf": 200.0, "consequence": TEXT, "action": TEXT, **changes,
    }  # fmt: skip


def function_plant(
    functions: list[dict[str, Any]],
    points: dict[str, dict[str, Any]] | None = None,
    fast_groups: Sequence[dict[str, Any]] = (),
    more: dict[str, Any] | None = None,
) -> Plant:
    states = [point(name, kind="state", range=[0.0, 10.0]) for name in [*BITS, "TRIP", "V1", "V2", "MODE"]]
    analog = [point(name, **(points or {}).get(name, {})) for name in "ABCD"]
    return compile_plant(
        PlantFile.model_validate(
            {
                "schema": 1,
                "author": "test",
                "site": {"name": "small", "title": TEXT},
                "workshops": [{"name": "W1", "title": TEXT, "head_count_max": 9}],
                "units": [{"name": "R1", "title": TEXT, "workshop": "W1", "process": "nitration_semibatch"}],
                "sources": [
                    {
                        "name": "SIS", "title": TEXT, "protocol": "modbus", "endpoint": "127.0.0.1:1",
                        "heartbeat": "HB", "consequence": TEXT, "action": TEXT, "fast_groups": list(fast_groups),
                    }
                ],
                "points": [point("HB", kind="count", range=[0.0, 1e9]), point("SP"), *analog, *states],
                "functions": functions,
                **(more or {}),
            }
        )
    )  # fmt: skip


def normal() -> dict[str, float]:
    """Inputs at 50, valves open, nothing bypassed, faulted or tripped."""
    return dict.fromkeys("ABCD", 50.0) | dict.fromkeys(BITS, 0.0) | {"TRIP": 0.0, "V1": 1.0, "V2": 1.0, "MODE": 0.0}


@dataclass
class Watch:
    """Steps a check by point names; what is not named keeps its value. `status` holds for its scan only."""

    plant: Plant
    check: FunctionCheck
    number: int = 0
    values: dict[str, float] = field(default_factory=normal)
    verdict: Verdict = field(default_factory=lambda: Verdict(0))
    facts: list[Fact] = field(default_factory=list)
    between: Callable[..., FastSamples] = lambda *_: NO_FAST_SAMPLES
    fast: FastSamples = NO_FAST_SAMPLES

    def scan(
        self,
        *,
        skip: int = 0,
        status: dict[str, int] | None = None,
        between: Mapping[str, Sequence[Any]] | None = None,
        **values: float,
    ) -> list[str]:
        """One scan after `skip` lost ones, and what fast points showed before it; returns the kinds of the facts."""
        self.number += 1 + skip
        self.fast = self.between(self.plant, self.values, between or {})
        self.values |= values
        self.verdict = Verdict(len(self.check.conditions), skip)
        self.check.evaluate(self.frame(status or {}), self.verdict, slice(None))
        self.facts = self.verdict.facts
        return [fact.kind for fact in self.facts]

    def frame(self, status: dict[str, int]) -> Frame:
        row, n = self.plant.points.row, self.plant.n_points
        value, code = np.zeros(n), np.zeros(n, dtype=np.uint32)
        for name, number in self.values.items():
            value[row[name]] = number
        for name, bits in status.items():
            code[row[name]] = bits
        value[is_bad(code)] = np.nan
        return Frame(
            number=self.number, plant=self.plant.hash, time_ns=self.number * self.plant.period_ns, value=value,
            status=code, source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(1, self.number),
            origin=np.zeros(1, dtype=np.uint8), resolution_ns=np.zeros(1, dtype=np.int64),
            fast=self.fast,
        )  # fmt: skip

    def says(self) -> str:
        """The conditions of the first function: those that hold, then those unknown with a question mark."""
        n = len(KINDS)
        active, unknown = self.verdict.active[:n].tolist(), self.verdict.unknown[:n].tolist()
        holds = [kind for kind, yes in zip(KINDS, active, strict=True) if yes]
        doubts = [f"{kind}?" for kind, doubt in zip(KINDS, unknown, strict=True) if doubt]
        return " ".join(holds + doubts)

    def live(self, name: str) -> Any:
        """A live array's first row."""
        return self.check.live()[name][0].tolist()


@pytest.fixture(scope="session")
def make_watch(between: Callable[..., FastSamples]) -> Callable[..., Watch]:
    def make(
        points: dict[str, dict[str, Any]] | None = None, fast_groups: Sequence[dict[str, Any]] = (), **changes: Any
    ) -> Watch:
        plant = function_plant([function(**changes)], points, fast_groups)
        return Watch(plant, FunctionCheck(plant), between=between)

    return make


@pytest.fixture(scope="session")
def make_function_plant() -> Callable[..., Plant]:
    """One function, or two; with `bypass_allowed` a matrix that says so."""

    air = {"name": "air", "title": TEXT, "expression": '"D" > 10'}

    def make(
        *,
        and_another: str = "",
        bypass_allowed: bool | None = None,
        needs: Sequence[dict[str, Any]] = (air,),
        ups: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Plant:
        functions = [function(**changes)]
        if and_another:
            functions.append(function(name="F2", channels=and_another, vote=1))
        effect = {
            "name": "stop", "title": TEXT, "unit": "R1", "elements": ["XV1", "XV2"],
            "preconditions": list(needs),
        }  # fmt: skip
        row = {
            "name": "row", "title": TEXT, "function": "F1", "bypass_allowed": bypass_allowed,
            "cells": [{"effect": "stop", "action": "X"}],
        }  # fmt: skip
        more: dict[str, Any] = {}
        if bypass_allowed is not None:
            more = {"effects": [effect], "causes_and_effects": [row]}
        if ups is not None:
            more["registers"] = {"power_supplies": [ups]}
        return function_plant(functions, more=more)

    return make


@pytest.fixture
def watch(make_watch: Callable[..., Watch]) -> Watch:
    return make_watch()


@pytest.fixture
def bare_plant() -> Plant:
    """One function, no fast groups, no event buffer."""
    return function_plant([function()])


@pytest.fixture(scope="session")
def watch_with() -> Callable[[dict[str, Any]], Watch]:
    """One function, and further lists of the plant file."""

    def make(more: dict[str, Any]) -> Watch:
        plant = function_plant([function(on_fault="vote_healthy")], more=more)
        return Watch(plant, FunctionCheck(plant))

    return make
