"""Bypasses: the bit against its record, on random traces against a model in words, and rule by rule."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.clock import NS_PER_S
from plantsafe.frame import BAD_NO_COMMUNICATION, Frame
from plantsafe.plant import Plant
from plantsafe.protection import BypassCheck
from plantsafe.request import Request, RequestKind, Role
from plantsafe.store.arrays import pack, unpack
from plantsafe.verdict import Verdict

LIMIT_SCANS = {"maintenance": 12, "start_up": 6, "process": 12}
LIMITS = {"maintenance_min": 0.2, "start_up_min": 0.1, "process_min": 0.2}
DAY = 24 * 3600
GOOD_RECORD = {"type": "maintenance", "minutes": 0.2, "why": "repair", "hazard": "two left", "measure": "operator"}


def request(kind: RequestKind, bit: str, **more: Any) -> Request:
    given_ = {"actor": "Li", "second_actor": "Wang", "role": Role.ENGINEER, "body": GOOD_RECORD, **more}
    return Request(id="r", kind=kind, subject=bit, occurrence=0, made_ns=0, valid_until_ns=10**18, **given_)


@dataclass
class Desk:
    """A check that is stepped by the bits of the channels; time runs a second a scan from `start_s` UTC."""

    plant: Plant
    check: BypassCheck
    start_s: int = 0
    number: int = 0
    bits: dict[str, float] = field(default_factory=lambda: dict.fromkeys("ABC", 0.0))
    verdict: Verdict = field(default_factory=lambda: Verdict(0))

    def scan(self, *, skip: int = 0, unseen: str = "", **bits: float) -> list[str]:
        self.number += 1 + skip
        self.bits |= bits
        n = self.plant.n_points
        value, status = np.zeros(n), np.zeros(n, dtype=np.uint32)
        for letter, on in self.bits.items():
            row = self.plant.points.row[f"{letter}_byp"]
            value[row], status[row] = (np.nan, BAD_NO_COMMUNICATION) if letter in unseen else (on, 0)
        frame = Frame(
            number=self.number, plant=self.plant.hash, time_ns=(self.start_s + self.number) * NS_PER_S, value=value,
            status=status, source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(1, self.number),
            origin=np.zeros(1, dtype=np.uint8), resolution_ns=np.zeros(1, dtype=np.int64),
        )  # fmt: skip
        self.verdict = Verdict(len(self.check.conditions), skip)
        self.check.evaluate(frame, self.verdict, slice(None))
        return [fact.kind for fact in self.verdict.facts]

    def ask(self, kind: RequestKind, letter: str = "A", **more: Any) -> str:
        """The kind of the event, or why it was refused."""
        reason, done, _ = self.check.decide(request(kind, f"{letter}_byp", **more), self.number + 1)
        return reason or done

    def holds(self) -> set[str]:
        return {c.name for c, on in zip(self.check.conditions, self.verdict.active.tolist(), strict=True) if on}


@pytest.fixture(scope="session")
def make_desk(make_function_plant: Callable[..., Plant]) -> Callable[..., Desk]:
    def make(start_s: int = 0, **changes: Any) -> Desk:
        plant = make_function_plant(**{"bypass_max_min": LIMITS, **changes})
        return Desk(plant, BypassCheck(plant), start_s=start_s)

    return make


@dataclass
class Paper:
    """What the rules say of one bit, in words."""

    on: bool | None = None  # None: never seen
    since: int = 0
    record: str = "none"
    clock: int = 0
    granted: int = 0

    def see(self, on: bool | None, number: int) -> set[str]:
        if on is not None:
            if on and not self.on:
                self.since = self.clock = number
                self.record = "in use" if self.record == "approved" else "none"
            if not on and self.on:
                self.record = "none"
            self.on = on
        if not self.on:
            return set()
        if self.record == "none":
            return {"unauthorised"}
        age = number - self.clock
        return {"over_time"} if age >= self.granted else {"ending"} if age >= 0.8 * self.granted else set()

    def approve(self, kind: str, scans: int, number: int) -> bool:
        if self.record == "approved" or not 0 < scans <= LIMIT_SCANS[kind]:
            return False
        self.clock = number if self.record == "in use" or not self.on else self.since
        self.record = "in use" if self.on else "approved"
        self.granted = scans
        return True


STEPS = st.one_of(
    st.sampled_from([True, False, None, "wait", "wait", "withdraw"]),
    st.tuples(st.sampled_from(sorted(LIMIT_SCANS)), st.integers(1, 14)),
)


@given(steps=st.lists(STEPS, min_size=1, max_size=40), cut=st.integers(0, 40))
def test_bits_and_records_go_as_the_model_in_words_says(make_desk: Callable[..., Desk], steps: list, cut: int) -> None:
    desk, paper, bit = make_desk(), Paper(), 0.0
    for i, step in enumerate(steps):
        if i == cut:  # a restart in between changes nothing
            memory = unpack(pack(desk.check.state()))
            desk.check = BypassCheck(desk.plant)
            desk.check.load(memory)
        seen: bool | None = bool(bit)
        if isinstance(step, tuple):
            body = GOOD_RECORD | {"type": step[0], "minutes": step[1] / 60}
            said = desk.ask(RequestKind.BYPASS_APPROVE, body=body)
            assert (said == "bypass_approved") == paper.approve(step[0], step[1], desk.number + 1), said
        elif step == "withdraw":
            said = desk.ask(RequestKind.BYPASS_WITHDRAW)
            assert (said == "bypass_record_cancelled") == (paper.record != "none")
            paper.record = "none"
        elif step is None:
            seen = None
        elif step != "wait":
            bit, seen = float(step), step
        desk.scan(A=bit, unseen="A" if seen is None else "")
        want = {f"A_byp.{kind}" for kind in paper.see(seen, desk.number)}
        assert desk.holds() == want, (i, step)


def test_a_bit_without_a_record_is_unauthorised_in_the_scan_that_shows_it(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.scan()
    assert desk.scan(A=1.0) == ["bypass_began"]
    assert desk.holds() == {"A_byp.unauthorised"}
    assert desk.ask(RequestKind.BYPASS_APPROVE) == "bypass_approved"
    desk.scan()
    assert desk.holds() == set()
    assert desk.scan(A=0.0) == ["bypass_ended"]
    assert desk.verdict.facts[0].body["authorised"] is True


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"second_actor": "li "}, "another person must approve it"),
        ({"second_actor": ""}, "a second person"),
        ({"body": GOOD_RECORD | {"hazard": " "}}, "a hazard assessment"),
        ({"body": GOOD_RECORD | {"measure": ""}}, "a compensating measure"),
        ({"body": GOOD_RECORD | {"type": "forced"}}, "one of maintenance"),
        ({"body": GOOD_RECORD | {"minutes": 0.21}}, "at most 0.2 min"),
        ({"body": GOOD_RECORD | {"type": "start_up", "minutes": 0.2}}, "at most 0.1 min"),
        ({"body": GOOD_RECORD | {"minutes": "5"}}, "at most 0.2 min"),
        ({"body": GOOD_RECORD | {"minutes": float("nan")}}, "at most 0.2 min"),
    ],
)
def test_a_record_that_lacks_something_is_refused_with_the_reason(
    make_desk: Callable[..., Desk], change: dict[str, Any], reason: str
) -> None:
    desk = make_desk()
    desk.scan()
    assert reason in desk.ask(RequestKind.BYPASS_APPROVE, **change)


def test_a_second_channel_of_a_function_is_refused_and_alarmed(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.scan()
    assert desk.ask(RequestKind.BYPASS_APPROVE) == "bypass_approved"
    desk.scan(A=1.0)
    assert "F1 has another bypassed" in desk.ask(RequestKind.BYPASS_APPROVE, "B")
    desk.scan(B=1.0)
    assert desk.holds() == {"B_byp.unauthorised", "F1.second_bypass"}


def test_one_function_of_a_unit_at_a_time(make_function_plant: Callable[..., Plant]) -> None:
    plant = make_function_plant(channels="AB", and_another="C")
    desk = Desk(plant, BypassCheck(plant))
    desk.scan()
    assert desk.ask(RequestKind.BYPASS_APPROVE) == "bypass_approved"
    assert "of the same unit" in desk.ask(RequestKind.BYPASS_APPROVE, "C")
    desk.scan(A=1.0, C=1.0)
    assert desk.holds() == {"C_byp.unauthorised", "R1.bypasses"}


def test_an_approval_whose_bit_never_came_ends_after_a_day(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.scan()
    desk.ask(RequestKind.BYPASS_APPROVE)
    assert desk.scan(skip=DAY - 1) == []
    assert desk.scan() == ["bypass_record_cancelled"]
    desk.scan(A=1.0)
    assert desk.holds() == {"A_byp.unauthorised"}


def test_reminders_come_at_four_fifths_at_the_end_and_every_half_hour(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.scan()
    desk.ask(RequestKind.BYPASS_APPROVE)
    desk.scan(A=1.0)
    began = desk.number
    told = []
    for _ in range(2 * 1800 + 20):
        told += [
            (desk.number - began, fact.body["reminder"])
            for fact in desk.verdict.facts
            if fact.kind == "bypass_reminder"
        ]
        desk.scan()
    assert told == [(10, 1), (12, 2), (12 + 1800, 3), (12 + 3600, 4)]


def test_after_a_day_only_the_plant_manager_goes_on_and_after_three_with_a_change_number(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk()
    desk.scan()
    desk.ask(RequestKind.BYPASS_APPROVE)
    desk.scan(A=1.0)
    desk.scan(skip=DAY + 10)
    assert "only the plant manager" in desk.ask(RequestKind.BYPASS_APPROVE)
    assert desk.ask(RequestKind.BYPASS_APPROVE, role=Role.ADMIN) == "bypass_approved"
    desk.scan(skip=2 * DAY)
    assert "management of change" in desk.ask(RequestKind.BYPASS_APPROVE, role=Role.ADMIN)
    body = GOOD_RECORD | {"moc": "MOC-7"}
    assert desk.ask(RequestKind.BYPASS_APPROVE, role=Role.ADMIN, body=body) == "bypass_approved"


def test_open_bypasses_are_taken_over_within_half_an_hour_of_the_shift(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(start_s=86_400 - 60)  # a minute before 1970-01-02 08:00 in Shanghai, when a shift begins
    desk.scan()
    desk.ask(RequestKind.BYPASS_APPROVE)
    desk.scan(A=1.0)
    kinds = [kind for _ in range(60) for kind in desk.scan()]
    assert "bypass_handover_due" in kinds
    desk.scan(skip=1790)
    assert "bypasses.handover" not in desk.holds()
    desk.scan(skip=20)
    assert "bypasses.handover" in desk.holds()
    assert desk.ask(RequestKind.BYPASS_TAKE_OVER) == "bypass_taken_over"
    desk.scan()
    assert "bypasses.handover" not in desk.holds()
    assert "nothing to take over" in desk.ask(RequestKind.BYPASS_TAKE_OVER, "B")


def test_a_function_that_may_not_be_bypassed_has_no_records(make_function_plant: Callable[..., Plant]) -> None:
    plant = make_function_plant(bypass_allowed=False)
    desk = Desk(plant, BypassCheck(plant))
    desk.scan()
    assert "does not allow" in desk.ask(RequestKind.BYPASS_APPROVE)
