"""The ledger: what the journal alone says, against what the running check counted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsafe.frame import BAD_NO_DATA
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.protection import Ledger, PfdCheck
from plantsafe.protection.ledger import due_state
from plantsafe.store.record import EventRow
from plantsafe.verdict import Fact, Verdict

BEGIN_NS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
DEVICE = {
    "lambda_du_per_h": 2e-6, "proof_test_interval_h": 8760, "installed": "2025-01-01", "last_test": "2025-07-01",
    "trip_coverage": 0.6, "basis": "test",
}  # fmt: skip
RELIABILITY = {"sensors": DEVICE, "logic": DEVICE, "elements": DEVICE}
Make = Callable[..., Any]


class Story:
    """A watch with its PFD check, and the journal of what happens."""

    def __init__(self, watch: Any) -> None:
        self.watch, self.pfd = watch, PfdCheck(watch.plant, watch.check)
        self.events: list[EventRow] = []

    def scan(self, **values: Any) -> None:
        skip = values.get("skip", 0)
        if skip:
            body = {"first": self.watch.number + 1, "last": self.watch.number + skip}
            self.say(Fact(kind="scans_lost", subject="service", body=body), scan=self.watch.number + skip + 1)
        self.watch.scan(**values)
        frame = replace(self.watch.frame(values.get("status") or {}), time_ns=self.time_ns)
        verdict = Verdict(len(self.pfd.conditions))
        verdict.facts.extend(self.watch.facts)
        self.pfd.evaluate(frame, verdict, slice(None))
        self.say(*verdict.facts)

    def say(self, *facts: Fact, scan: int | None = None) -> None:
        seq = len(self.events)
        previous = self.events[-1].hash if self.events else GENESIS
        at = self.watch.number if scan is None else scan
        self.events += chained(facts, scan=at, time_ns=BEGIN_NS + at * 10**9, seq=seq, previous=previous)

    @property
    def time_ns(self) -> int:
        return BEGIN_NS + self.watch.number * 10**9

    def ledger(self) -> Ledger:
        ledger = Ledger(self.watch.plant)
        ledger.take(self.events)
        return ledger


@pytest.fixture(scope="session")
def make_story(make_watch: Make) -> Callable[[], Story]:
    return lambda: Story(make_watch(reliability=RELIABILITY, demands_per_year=0.1, hazardous_mode="MODE",
                                    hazardous_values=[0.0]))  # fmt: skip


_STEP = st.one_of(
    st.builds(lambda n: {"skip": n}, st.integers(1, 4000)),
    st.builds(lambda bit, on: {bit: float(on)}, st.sampled_from(["A_byp", "B_byp", "A_flt", "C_flt"]), st.booleans()),
    st.builds(lambda mode: {"MODE": float(mode)}, st.sampled_from([0, 1])),
    st.just({"status": {"B": BAD_NO_DATA}}),
    st.just({}),
)


@settings(max_examples=60)
@given(st.lists(_STEP, min_size=1, max_size=40))
def test_hours_read_back_from_the_journal_are_those_that_were_counted(
    make_story: Callable[[], Story], steps: list[dict[str, Any]]
) -> None:
    story = make_story()
    story.scan()
    lost_at_change = 0
    for step in steps:
        needed = story.watch.values["MODE"]
        story.scan(**step)
        lost_at_change += step.get("skip", 0) * (story.watch.values["MODE"] != needed)
    counted = story.pfd.live()["hours"][0]
    told = story.ledger().period(story.watch.number, story.time_ns).sums(story.time_ns)[0]
    assert told == pytest.approx(counted, rel=1e-5, abs=(1e-9 + lost_at_change) / 3600)


def test_a_service_of_another_version_goes_on_from_the_journal(make_story: Callable[[], Story]) -> None:
    story = make_story()
    story.scan()
    story.scan(A_byp=1.0)
    story.scan(A=120.0, B=120.0)
    story.scan(TRIP=1.0, V1=0.0)
    fresh = PfdCheck(story.watch.plant, story.watch.check)
    fresh.retrace(story.ledger(), story.watch.number, story.time_ns)
    assert fresh.tests.moved_ns.tolist() == story.pfd.tests.moved_ns.tolist()
    assert (fresh.tests.moved_ns > 0).tolist() == [[True, False]]
    story.watch.scan(skip=9)
    frame = replace(story.watch.frame({}), time_ns=story.time_ns)
    for check in (fresh, story.pfd):
        check.evaluate(frame, Verdict(len(check.conditions)), slice(None))
    assert fresh.live()["hours"] == pytest.approx(story.pfd.live()["hours"], rel=1e-5)


def test_two_demands_in_a_year_where_a_tenth_was_assumed_are_unlikely(make_story: Callable[[], Story]) -> None:
    story = make_story()
    story.scan()
    for _ in range(2):
        story.scan(A=120.0, B=120.0)
        story.scan(TRIP=1.0, V1=0.0)
        story.scan(A=50.0, B=50.0)
        story.scan(TRIP=0.0, V1=1.0)
        story.scan()
    entry = story.ledger().entries()[0]
    assert (entry.demands.count, entry.demands.expected) == (2, 0.1)
    assert entry.demands.probability == pytest.approx(0.00467884, rel=1e-5)
    assert entry.demands.is_unlikely
    assert (entry.spurious.count, entry.spurious.assumed, entry.spurious.is_unlikely) == (0, None, False)
    assert entry.proposed == ("XV1",)


def test_two_demands_in_a_year_are_high_demand_and_told_with_pfh(make_story: Callable[[], Story]) -> None:
    story = make_story()
    story.scan()
    assert not story.ledger().entries()[0].mode.is_high
    for _ in range(2):
        story.scan(A=120.0, B=120.0)
        story.scan(TRIP=1.0, V1=0.0)
        story.scan(A=50.0, B=50.0)
        story.scan(TRIP=0.0, V1=1.0)
    mode = story.ledger().entries()[0].mode
    assert (mode.twelve_months, mode.a_year, mode.limit, mode.is_high) == (2.0, 2.0, 1.0, True)
    alone = 0.9 * 2e-6
    sensors, elements = 3 * alone**2 * 8760 + 0.1 * 2e-6, alone**2 * 8760 + 0.1 * 2e-6
    assert mode.pfh_per_h == pytest.approx(sensors + 2e-6 + elements, rel=1e-9)  # 2oo3, one logic solver, 1oo2
    assert mode.required_pfh == pytest.approx(1e-6)  # SIL 2, IEC 61511-1, table 5


def test_open_bypasses_failures_and_found_failures_stand_in_the_entry(make_story: Callable[[], Story]) -> None:
    story = make_story()
    story.scan()
    story.scan(A_byp=1.0)
    story.scan(B_byp=1.0)
    story.scan(A_byp=0.0)
    tested_ns = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
    found = {"subsystem": "sensors", "tested_ns": tested_ns, "failed": 1, "functions": []}
    story.say(Fact(kind="proof_test_recorded", subject="F1", body=found))
    entry = story.ledger().entries()[0]
    assert (entry.bypasses, entry.open_bypasses) == (2, ("B",))
    sensors = entry.implied[0]
    assert (sensors.tests, sensors.failures.count) == (1, 1)
    assert sensors.device_h == pytest.approx(3 * 8760.0)
    assert sensors.bound_per_h == pytest.approx(2.4392 / (3 * 8760), rel=1e-4)
    assert not sensors.failures.is_unlikely  # one in 26,280 h where 0.05 were to be expected: 5.1 %
    assert entry.implied[1].bound_per_h is None, "the logic was not tested while the record ran"


@pytest.mark.parametrize(
    ("days", "state"),
    [(None, "unknown"), (-0.1, "overdue"), (0, "due_7"), (7, "due_7"), (8, "due_30"), (31, "due_90"), (91, "good")],
)
def test_reminders_come_at_ninety_thirty_and_seven_days(days: float | None, state: str) -> None:
    assert due_state(days) == state


def test_the_due_days_follow_the_tests(make_story: Callable[[], Story]) -> None:
    story = make_story()
    story.scan()
    due = story.ledger().entries()[0].due
    assert [d.subsystem for d in due] == ["sensors", "logic", "elements"]
    assert due[0].days_left == pytest.approx(181, abs=0.01)
    assert due[0].state == "good"
    assert np.datetime64(due[0].due_ns, "ns").astype("datetime64[D]") == np.datetime64("2026-07-01")
