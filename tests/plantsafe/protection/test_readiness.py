"""Preconditions of effects, and trip set points read back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from plantsafe.clock import NS_PER_S
from plantsafe.frame import BAD_NO_COMMUNICATION, Frame
from plantsafe.plant import Plant
from plantsafe.protection import FunctionCheck, ReadinessCheck, SetpointCheck
from plantsafe.protection.vote import Protection
from plantsafe.verdict import Verdict

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = {"en": "text", "zh": "文字"}
AIR = {"name": "air", "title": TEXT, "expression": '"D" > 10'}
UPS = {"name": "ups", "title": TEXT, "register_entry": "UPS-1"}


@dataclass
class Room:
    """Readiness and functions of a small plant, stepped together."""

    plant: Plant
    number: int = 0
    values: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.readiness = ReadinessCheck(self.plant)
        self.functions = FunctionCheck(self.plant, self.readiness)
        self.setpoints = SetpointCheck(self.plant)

    def scan(self, scans: int = 1, *, at: datetime = START, unseen: str = "", **values: float) -> list[str]:
        kinds: list[str] = []
        self.values |= values
        n = self.plant.n_points
        for _ in range(scans):
            self.number += 1
            value, status = np.zeros(n), np.zeros(n, dtype=np.uint32)
            for name, number in self.values.items():
                value[self.plant.points.row[name]] = number
            if unseen:
                status[self.plant.points.row[unseen]] = BAD_NO_COMMUNICATION
                value[self.plant.points.row[unseen]] = np.nan
            time_ns = int(at.timestamp()) * NS_PER_S + self.number * NS_PER_S
            frame = Frame(
                number=self.number, plant=self.plant.hash, time_ns=time_ns, value=value, status=status,
                source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(1, self.number),
                origin=np.zeros(1, dtype=np.uint8), resolution_ns=np.zeros(1, dtype=np.int64),
            )  # fmt: skip
            self.held: set[str] = set()
            for check in (self.readiness, self.functions, self.setpoints):
                verdict = Verdict(len(check.conditions))
                check.evaluate(frame, verdict, slice(None))
                holds = zip(check.conditions, verdict.active.tolist(), strict=True)
                self.held |= {c.name for c, on in holds if on}
                kinds += [fact.kind for fact in verdict.facts]
                if check is self.readiness:
                    self.facts = verdict.facts or getattr(self, "facts", [])
        return kinds

    @property
    def status(self) -> Protection:
        return Protection(int(self.functions.live()["status"][0]))


@pytest.fixture
def make_room(make_function_plant: Callable[..., Plant]) -> Callable[..., Room]:
    def make(*needs: dict[str, Any], last: str | None = "2025-12-01", **changes: Any) -> Room:
        kept = {"name": "UPS-1", "title": TEXT, "unit": "R1", "autonomy_min": 60, "every_days": 31, "last": last}
        plant = make_function_plant(bypass_allowed=True, needs=needs or (AIR, UPS), ups=kept, **changes)
        normal = dict.fromkeys("ABC", 50.0) | {"D": 50.0, "V1": 1.0, "V2": 1.0}
        return Room(plant, values=normal)

    return make


def test_all_preconditions_there_is_ready_and_protected(make_room: Callable[..., Room]) -> None:
    room = make_room()
    room.scan(20)
    assert room.held == set()
    assert room.status is Protection.PROTECTED


def test_a_missing_precondition_degrades_the_function_that_uses_the_effect(make_room: Callable[..., Room]) -> None:
    room = make_room()
    room.scan(3)
    kinds = room.scan(7, D=5.0)
    assert kinds.count("effect_not_ready") == 1
    assert room.facts[0].body == {"missing": ["air"], "functions": ["F1"]}
    assert room.held == {"stop.not_ready", "F1.degraded"}
    assert room.status is Protection.DEGRADED
    room.scan(40, D=50.0)
    assert room.held == set()
    assert room.status is Protection.PROTECTED


def test_a_test_past_its_term_is_a_missing_precondition_from_midnight_of_the_site(
    make_room: Callable[..., Room],
) -> None:
    room = make_room()
    last_day = datetime(2026, 1, 1, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai, the 31st day after the first of December
    room.scan(10, at=last_day)
    assert room.held == set()
    room.scan(10, at=datetime(2026, 1, 1, 16, 1, tzinfo=UTC))
    assert room.held == {"stop.not_ready", "F1.degraded"}


def test_a_device_that_was_never_tested_is_not_in_its_term(make_room: Callable[..., Room]) -> None:
    room = make_room(last=None)
    room.scan(10)
    assert room.held == {"stop.not_ready", "F1.degraded"}


def test_what_cannot_be_judged_changes_nothing(make_room: Callable[..., Room]) -> None:
    room = make_room()
    room.scan(3)
    room.scan(20, unseen="D")
    assert room.held == set()
    assert room.readiness.live()["unknown"].tolist() == [True]


def test_a_repair_that_takes_too_long_has_its_own_condition(make_room: Callable[..., Room]) -> None:
    room = make_room(repair_h=0.01)  # 36 s
    room.scan(3)
    room.scan(6, D=5.0)
    room.scan(36)
    assert "F1.repair_over" not in room.held
    room.scan(1)
    assert "F1.repair_over" in room.held
    room.scan(40, D=50.0)
    assert room.held == set()


def test_a_setpoint_that_the_safety_system_shows_differently_is_a_change(make_room: Callable[..., Room]) -> None:
    room = make_room(setpoint_readback="SP")
    room.scan(10, SP=100.0)
    assert room.held == set()
    room.scan(2, SP=100.01)
    assert room.held == set()
    room.scan(1)
    assert room.held == {"F1.setpoint_changed"}
    room.scan(1, unseen="SP")
    assert room.held == {"F1.setpoint_changed"}
    room.scan(1, SP=100.0)
    assert room.held == set()


def test_many_expressions_take_turns_and_none_is_forgotten(make_room: Callable[..., Room]) -> None:
    needs = [{"name": f"n{i}", "title": TEXT, "expression": f'"D" > {i / 100}'} for i in range(100)]
    room = make_room(*needs)
    room.scan(3)
    kinds = room.scan(9, D=0.985)  # only the last is missing
    assert kinds.count("effect_not_ready") == 1
    assert room.facts[0].body["missing"] == ["n99"]
