"""A function stamped by a fast group of 0.2 s at a scan of 1 s: moments between two scans. Reads take 10 ms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsafe.frame import BAD_NO_COMMUNICATION
from plantsafe.store.arrays import pack, unpack

POINTS = ["A", "B", "C", "TRIP", "V1", "V2"]
GROUP = {"name": "f1", "period_s": 0.2, "points": POINTS}
S = 1_000_000_000


def rise(low: float, high: float, after: int) -> list[float]:
    """Four reads, the first `after` of them low."""
    return [low] * after + [high] * (4 - after)


@pytest.fixture
def watch(make_watch: Callable[..., Any]) -> Any:
    """Required: 2 s."""
    watch = make_watch(fast_groups=[GROUP], events="fast_group", response_s=2.0)
    for _ in range(3):
        assert watch.scan() == []
    return watch


def fact(watch: Any, kind: str) -> dict[str, Any]:
    (found,) = [fact.body for fact in watch.facts if fact.kind == kind]
    return found


def test_response_is_told_within_two_reads_of_the_group(watch: Any) -> None:
    """Crossed between the reads at -0.6 and -0.4 s, tripped with it, closed 1.2 s later."""
    over = {name: rise(50, 120, 2) for name in "ABC"}
    assert watch.scan(between=over | {"TRIP": rise(0, 1, 2)}, A=120, B=120, C=120, TRIP=1) == [
        "demand_started",
        "tripped",
    ]
    assert fact(watch, "demand_started")["between_ns"] == [int(3.4 * S), int(3.61 * S)]
    assert fact(watch, "tripped")["between_ns"] == [int(3.4 * S), int(3.61 * S)]
    assert watch.scan(between={"V1": rise(1, 0, 3)}, V1=0) == ["safe_state_reached"]
    reached = fact(watch, "safe_state_reached")
    assert reached["response_s"] == [pytest.approx(4.6 - 3.61), pytest.approx(4.81 - 3.4)]
    assert reached["outcome"] == "in_time"
    assert (reached["scan_before"], reached["scan"], reached["demand_scan"]) == (5, 5, 4)
    assert reached["between_ns"] == [int(4.6 * S), int(4.81 * S)]


def test_the_same_by_scans_alone_is_not_resolved(make_watch: Callable[..., Any]) -> None:
    watch = make_watch(response_s=2.0)
    for _ in range(3):
        watch.scan()
    watch.scan(A=120, B=120, C=120, TRIP=1)
    watch.scan(V1=1)
    watch.scan(V1=0)
    assert fact(watch, "safe_state_reached")["outcome"] == "not_resolved"


@pytest.mark.parametrize(("reads", "told"), [(0, "in_time"), (2, "not_resolved"), (4, "late")])
def test_late_and_in_time_are_told_apart_two_reads_around_the_limit(watch: Any, reads: int, told: str) -> None:
    """Demand within (3.4, 3.61], so 2 s end within (5.4, 5.61]; the reads of scan 6 begin at 5.2, 5.4, 5.6 and 5.8."""
    over = {name: rise(50, 120, 2) for name in "ABC"}
    watch.scan(between=over, A=120, B=120, C=120, TRIP=1)
    watch.scan()
    watch.scan(between={"V1": rise(1, 0, reads)}, V1=0)
    assert fact(watch, "safe_state_reached")["outcome"] == told


def test_peak_of_the_vote_between_two_scans_is_a_demand(watch: Any) -> None:
    assert watch.scan(between={name: [50, 120, 50, 50] for name in "AB"}) == ["demand_started"]
    assert "demand" in watch.says()
    assert fact(watch, "demand_started")["beyond"] == {"A": 120.0, "B": 120.0}
    assert [kind for _ in range(3) for kind in watch.scan()] == ["failure_on_demand"]


def test_demand_and_safe_state_between_two_scans_are_both_told(watch: Any) -> None:
    said = watch.scan(between={name: [50, 120, 50, 50] for name in "AB"} | {"V1": [1, 1, 0, 0]}, V1=0, TRIP=1)
    assert said == ["demand_started", "safe_state_reached", "tripped"]
    assert fact(watch, "tripped")["cause"] == "demand"


def test_pulse_of_the_output_is_a_trip(watch: Any) -> None:
    assert watch.scan(between={"TRIP": [0, 1, 1, 0]}) == ["tripped"]
    assert fact(watch, "tripped")["between_ns"] == [int(3.2 * S), int(3.41 * S)]
    assert "tripped" in watch.says()
    assert watch.scan() == ["spurious_trip"]


def test_change_that_only_the_scan_saw_is_after_the_last_read(watch: Any) -> None:
    assert watch.scan(A=120, B=120) == ["demand_started"]
    assert fact(watch, "demand_started")["between_ns"] == [int(3.8 * S), 4 * S]


def test_reads_left_out_and_bad_ones_only_widen(watch: Any) -> None:
    none = [None] * 4
    bad = [(0.0, BAD_NO_COMMUNICATION)] * 4
    gone = dict.fromkeys(POINTS, none) | {"A": bad, "B": bad}
    assert watch.scan(between=gone, A=120, B=120) == ["demand_started"]
    assert fact(watch, "demand_started")["between_ns"] == [3 * S, 4 * S]


def test_bypass_that_changed_meanwhile_leaves_the_demand_to_the_scan(watch: Any) -> None:
    over = {name: rise(50, 120, 2) for name in "ABC"}
    assert watch.scan(between=over, A=120, B=120, C=120, A_byp=1) == ["demand_started", "bypass_on"]
    assert fact(watch, "demand_started")["between_ns"] == [3 * S, 4 * S]


def test_function_by_scans_is_not_moved_by_the_group_of_another(make_watch: Callable[..., Any]) -> None:
    watch = make_watch(fast_groups=[GROUP], response_s=5.0)
    watch.scan()
    assert watch.scan(between={name: [50, 120, 50, 50] for name in "ABC"}) == []
    assert watch.scan(between={name: rise(50, 120, 1) for name in "ABC"}, A=120, B=120) == ["demand_started"]
    assert "between_ns" not in fact(watch, "demand_started")


READS = st.lists(st.sampled_from([50.0, 120.0, None]), min_size=4, max_size=4)
VALVE = st.lists(st.sampled_from([0.0, 1.0, None]), min_size=4, max_size=4)
SCAN = st.fixed_dictionaries(
    {
        "skip": st.sampled_from([0, 0, 0, 0, 2]),
        "between": st.fixed_dictionaries({"A": READS, "B": READS, "V1": VALVE, "TRIP": VALVE}),
        "A": st.sampled_from([50.0, 120.0]),
        "B": st.sampled_from([50.0, 120.0]),
        "V1": st.sampled_from([0.0, 1.0]),
        "TRIP": st.sampled_from([0.0, 1.0]),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.just({}), SCAN), min_size=1, max_size=12))
def test_short_way_and_snapshots_change_nothing(make_watch: Callable[..., Any], scans: list[dict[str, Any]]) -> None:
    short, whole = (make_watch(fast_groups=[GROUP], events="fast_group", response_s=2.0) for _ in range(2))
    for scan in scans:
        whole.check.load(unpack(pack(whole.check.state())))
        for watch in (short, whole):
            watch.scan(**scan)
        assert short.facts == whole.facts
        assert pack(short.check.state()) == pack(whole.check.state())


@settings(max_examples=300, deadline=None)
@given(
    crossing=st.floats(3.0, 5.99),
    response=st.floats(0.05, 4.0),
    read_s=st.sampled_from([0.01]),
    lost=st.sets(st.integers(0, 39)),
)
def test_the_true_response_lies_in_the_interval(
    make_watch: Callable[..., Any], crossing: float, response: float, read_s: float, lost: set[int]
) -> None:
    """The process crosses at one instant and the valve is shut at another; some reads are left out."""
    watch = make_watch(fast_groups=[GROUP], events="fast_group", response_s=4.0, vote=1, channels="A")
    shut, told = crossing + response, []

    def shows(at: float, since: float, before: float, after: float) -> float:
        return after if at >= since else before

    for number in range(1, 12):
        reads = [(number - 1) + 0.2 * (j + 1) for j in range(4)]
        there = [None if 4 * number + j in lost else at for j, at in enumerate(reads)]
        watch.scan(
            between={
                "A": [at and shows(at + read_s / 2, crossing, 50.0, 120.0) for at in there],
                "V1": [at and shows(at + read_s / 2, shut, 1.0, 0.0) for at in there],
                "TRIP": [at and shows(at + read_s / 2, crossing, 0.0, 1.0) for at in there],
            },
            A=shows(number, crossing, 50.0, 120.0),
            V1=shows(number, shut, 1.0, 0.0),
            TRIP=shows(number, crossing, 0.0, 1.0),
        )
        told += [fact.body["response_s"] for fact in watch.facts if fact.kind == "safe_state_reached"]
    ((low_s, high_s),) = told
    assert low_s <= response + 1e-6
    assert high_s >= response - 1e-6
    if not lost:
        assert high_s - low_s <= 2 * (0.2 + read_s) + 1e-6
    assert np.isfinite(high_s)
