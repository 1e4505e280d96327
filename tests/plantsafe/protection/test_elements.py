"""Final elements: command against feedback, one line a scan, and random traces against a model in words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.frame import BAD_NO_COMMUNICATION, Frame
from plantsafe.plant import Plant
from plantsafe.protection import ElementCheck
from plantsafe.store.arrays import pack, unpack
from plantsafe.verdict import Verdict

STROKE_S, ALLOWED_S = 4.0, 7.0
ELEMENTS = [
    {"name": "XV1", "feedback": "V1", "safe_value": 0.0, "stroke_s": STROKE_S, "pair": "XV2"},
    {"name": "XV2", "feedback": "V2", "safe_value": 0.0, "stroke_s": STROKE_S},
]


@dataclass
class Bench:
    """Steps a check by the trip bit and the feedbacks of two valves, closed at 0; a question mark is a bad value."""

    plant: Plant
    check: ElementCheck
    number: int = 0
    values: dict[str, float] = field(default_factory=lambda: {"TRIP": 0.0, "V1": 1.0, "V2": 1.0})
    verdict: Verdict = field(default_factory=lambda: Verdict(0))

    def scan(self, *, skip: int = 0, unseen: tuple[str, ...] = (), **values: float) -> list[str]:
        self.number += 1 + skip
        self.values |= values
        n = self.plant.n_points
        value, status = np.zeros(n), np.zeros(n, dtype=np.uint32)
        for name, number in self.values.items():
            row = self.plant.points.row[name]
            value[row], status[row] = (np.nan, BAD_NO_COMMUNICATION) if name in unseen else (number, 0)
        frame = Frame(
            number=self.number, plant=self.plant.hash, time_ns=self.number * self.plant.period_ns, value=value,
            status=status, source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(1, self.number),
            origin=np.zeros(1, dtype=np.uint8), resolution_ns=np.zeros(1, dtype=np.int64),
        )  # fmt: skip
        self.verdict = Verdict(len(self.check.conditions), skip)
        self.check.evaluate(frame, self.verdict, slice(None))
        return [fact.kind for fact in self.verdict.facts]

    def holds(self) -> set[str]:
        return {c.name for c, on in zip(self.check.conditions, self.verdict.active.tolist(), strict=True) if on}

    def scans(self, n: int, **values: float) -> set[str]:
        """All that held in `n` scans of the same."""
        held: set[str] = set()
        for _ in range(n):
            self.scan(**values)
            held |= self.holds()
        return held


@pytest.fixture(scope="session")
def make_bench(make_function_plant: Callable[..., Plant]) -> Callable[..., Bench]:
    def make(**changes: Any) -> Bench:
        given_ = {"elements": ELEMENTS, "element_vote": 2, "response_s": ALLOWED_S + 1, "sensor_lag_s": 1.0, **changes}
        plant = make_function_plant(**given_)
        return Bench(plant, ElementCheck(plant))

    return make


def test_a_stroke_in_time_is_told_as_an_interval_and_nothing_holds(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    held = bench.scans(2) | bench.scans(1, TRIP=1.0) | bench.scans(3)
    assert bench.scan(V1=0.0, V2=0.0) == ["element_stroke", "element_stroke"]
    body = bench.verdict.facts[0].body
    assert body["stroke_s"] == [3.0, 5.0]
    assert body["outcome"] == "in_time"
    assert held | bench.holds() | bench.scans(40) == set()


def test_a_slow_stroke_asks_for_maintenance_until_one_in_time(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.scans(2)
    bench.scans(6, TRIP=1.0)
    assert bench.scan(V1=0.0, V2=0.0).count("element_stroke") == 2
    assert bench.holds() == {"XV1.slow", "XV2.slow"}  # 5 s at least, and 4.8 s is the limit
    assert bench.scans(3, TRIP=0.0, V1=1.0, V2=1.0) == {"XV1.slow", "XV2.slow"}
    bench.scans(3, TRIP=1.0)
    bench.scan(V1=0.0, V2=0.0)
    assert bench.holds() == set()


def test_an_element_that_does_not_move_fails_and_is_stuck_and_the_other_blocks_alone(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    bench.scans(2)
    bench.scans(4, TRIP=1.0)
    bench.scan(V2=0.0)
    assert bench.holds() == set()
    assert bench.scans(3) == set()  # 7 s after the first look at the command
    assert bench.scan() == ["element_failed"]
    assert bench.holds() == {"XV1.failed"}
    bench.scans(3)
    assert bench.holds() == {"XV1.failed", "XV1+XV2.single_block"}  # 4.8 s and 2 s after the other was shut
    bench.scans(4)
    assert "XV1.stuck" not in bench.holds()
    bench.scans(2)
    assert bench.holds() == {"XV1.failed", "XV1.stuck", "XV1+XV2.single_block"}
    bench.scan(V1=0.0)
    assert bench.holds() == {"XV1.failed", "XV1.slow"}


def test_an_element_that_moves_without_a_command_is_told_after_command_and_feedback_may_have_met(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    bench.scans(2)
    assert bench.scans(3, V1=0.0) == set()
    assert bench.scans(1) == {"XV1.moved"}
    assert bench.scans(1, V1=1.0) == set()
    bench.scan(V1=0.0)  # the feedback of a trip may come a scan before its command
    assert bench.scans(10, TRIP=1.0, V2=0.0) == set()


def test_a_valve_that_stays_shut_after_the_reset_has_not_moved(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.scans(2)
    bench.scans(4, TRIP=1.0)
    bench.scan(V1=0.0, V2=0.0)
    assert bench.scans(20, TRIP=0.0) == set()


def test_lost_scans_only_widen_a_stroke(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.scans(2)
    bench.scan(TRIP=1.0)
    bench.scan(skip=9, V1=0.0, V2=0.0)
    assert bench.verdict.facts[0].body["stroke_s"] == [0.0, 11.0]
    assert bench.holds() == set()


def test_what_cannot_be_seen_holds_and_is_unknown(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    bench.scans(2)
    bench.scans(10, TRIP=1.0, V2=0.0)
    held = bench.holds()
    bench.scan(unseen=("V1",))
    assert bench.holds() == held
    unknown = {c.name for c, doubt in zip(bench.check.conditions, bench.verdict.unknown.tolist(), strict=True) if doubt}
    assert unknown == {"XV1.failed", "XV1.stuck", "XV1.slow", "XV1.moved", "XV1+XV2.single_block"}


def test_a_command_of_its_own_goes_before_the_trip_bit(make_bench: Callable[..., Bench]) -> None:
    own = [{"name": "XV1", "feedback": "V1", "safe_value": 0.0, "command": "MODE", "stroke_s": STROKE_S}]
    bench = make_bench(elements=own, element_vote=1)
    bench.scans(2, MODE=0.0)
    assert bench.scans(30, TRIP=1.0) == set()
    bench.scans(8, MODE=1.0)
    assert bench.scans(1) == {"XV1.failed"}


SHOWN = st.tuples(st.booleans(), st.booleans(), st.sampled_from(["", "", "", "V1", "TRIP"]), st.sampled_from([0, 0, 4]))


@given(rows=st.lists(SHOWN, min_size=3, max_size=40), cut=st.integers(0, 40))
def test_strokes_of_random_traces_are_those_looked_up_in_the_history(
    make_bench: Callable[..., Bench], rows: list, cut: int
) -> None:
    bench = make_bench()
    seen: list[tuple[int, bool | None, bool | None]] = []
    for i, (told, shut, unseen, skip) in enumerate(rows):
        if i == cut:
            memory = unpack(pack(bench.check.state()))
            bench.check = ElementCheck(bench.plant)
            bench.check.load(memory)
        bench.scan(skip=skip, unseen=(unseen,), TRIP=float(told), V1=0.0 if shut else 1.0)
        seen.append((bench.number, None if unseen == "TRIP" else told, None if unseen == "V1" else shut))
        strokes = [f.body["stroke_s"] for f in bench.verdict.facts if f.kind == "element_stroke" and f.subject == "XV1"]
        assert strokes == stroke_by_history(seen), seen


def stroke_by_history(seen: list[tuple[int, bool | None, bool | None]]) -> list[list[float | None]]:
    """The stroke that ends with the last row, if one does."""
    number, told, shut = seen[-1]
    if told is False or not shut:
        return []
    begin = len(seen) - 1
    while begin > 0 and seen[begin - 1][1] is not False:
        begin -= 1
    while begin < len(seen) and seen[begin][1] is not True:
        begin += 1
    if begin in (0, len(seen)):  # the command was there when we came
        return []
    shown = [row[2] for row in seen[:begin] if row[2] is not None]
    during = [row[2] for row in seen[begin:-1] if row[2] is not None]
    open_before = bool(shown) and shown[-1] is False
    opens = open_before or seen[begin][2] is False
    if not opens or True in during:
        return []
    on = seen[begin][0]
    off = max((row[0] for row in seen[:begin] if row[1] is False), default=0)
    unsafe = max((row[0] for row in seen if row[2] is False), default=0)
    return [[float(max(unsafe - on, 0)), float(number - off) if off else None]]
