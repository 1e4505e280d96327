"""The rules of judgement, each as a trace through the whole engine."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.errors import PlantFileError
from plantsafe.frame import (
    BAD_SENSOR_FAILURE,
    GOOD,
    LIMIT_HIGH,
    LIMIT_LOW,
    UNCERTAIN,
    UNCERTAIN_EU_EXCEEDED,
    UNCERTAIN_LAST_USABLE_VALUE,
)
from plantsafe.scan.engine import Engine


def test_a_value_beyond_its_limit_raises_in_the_same_scan_without_a_delay(trace: Any) -> None:
    assert trace.scan(T=60) == []
    assert trace.scan(T=80) == ["alarm_raised T.HH"]
    assert trace.state("T.HH") == "UNACK"


def test_an_on_delay_counts_scans_without_a_break(trace: Any) -> None:
    trace.scan(T=60)
    assert trace.scan(T=71) == []
    assert trace.scan(T=71) == []
    assert trace.scan(T=69) == []  # a break starts it anew
    assert trace.scan(T=71) == []
    assert trace.scan(T=71) == []
    assert trace.scan(T=71) == ["alarm_raised T.H"]


def test_an_alarm_clears_by_the_whole_deadband_and_after_the_off_delay(trace: Any) -> None:
    for _ in range(4):
        trace.scan(T=71)
    for _ in range(6):
        assert trace.scan(T=69.5) == []  # inside the deadband of 1
    assert [trace.scan(T=68.9) for _ in range(4)] == [[], [], [], ["alarm_cleared T.H"]]
    assert trace.state("T.H") == "RTNUN"


def test_bad_data_never_clears_an_alarm_and_holds_its_timers(trace: Any) -> None:
    trace.scan(T=60)
    trace.scan(T=81)
    for _ in range(10):
        assert "alarm_cleared T.HH" not in trace.scan(T=20, status={"T": BAD_SENSOR_FAILURE})
    assert trace.state("T.HH") == "UNACK"
    assert trace.scan(T=20) == ["alarm_available T.HH", "alarm_available T.H"] or trace.state("T.HH") == "RTNUN"


def test_an_uncertain_value_raises_but_does_not_clear(trace: Any) -> None:
    trace.scan(T=60)
    assert trace.scan(T=85, status={"T": UNCERTAIN}) == ["alarm_raised T.HH"]
    for _ in range(5):
        assert "alarm_cleared T.HH" not in trace.scan(T=20, status={"T": UNCERTAIN})
    assert "alarm_cleared T.HH" in trace.scan(T=20, status={"T": GOOD})


def test_a_transmitter_driven_over_its_range_counts_as_beyond_every_high_limit(trace: Any) -> None:
    trace.scan(T=60)
    raised = trace.scan(T=float("nan"), status={"T": BAD_SENSOR_FAILURE | LIMIT_HIGH})
    assert raised == ["alarm_raised T.HH"]
    assert trace.scan(status={"T": UNCERTAIN_EU_EXCEEDED | LIMIT_HIGH}, T=200) == []


def test_a_declared_fail_direction_makes_it_a_fault_instead(trace: Any) -> None:
    trace.scan(F=20)
    for _ in range(2):
        assert trace.scan(F=0, status={"F": BAD_SENSOR_FAILURE | LIMIT_LOW}) == []
    assert trace.scan(F=0, status={"F": BAD_SENSOR_FAILURE | LIMIT_LOW}) == ["alarm_not_available F.L"]
    assert not trace.available("F.L")
    assert trace.state("F.L") == "NORM"


def test_an_alarm_that_cannot_be_judged_for_over_two_scans_is_listed_as_not_available(trace: Any) -> None:
    trace.scan()
    bad = {"P": BAD_SENSOR_FAILURE}
    assert trace.scan(status=bad) == []
    assert trace.scan(status=bad) == []
    assert trace.scan(status=bad) == ["alarm_not_available P.H"]
    assert trace.scan() == ["alarm_available P.H"]
    assert trace.available("P.H")


def test_a_lost_source_is_one_alarm_and_its_points_are_suppressed_by_design(trace: Any) -> None:
    trace.scan()
    trace.silent.add("DCS")
    assert trace.scan() == []
    assert trace.scan() == []
    assert trace.scan() == ["alarm_raised DCS.lost"]
    for _ in range(5):
        assert trace.scan(T=150) == []
    rows = trace.engine.book.row
    suppressed = trace.engine.book.suppressed
    limits = ("T.HH", "T.H", "F.L", "P.H")
    assert [name for name in limits if suppressed[rows[name]]] == ["T.HH", "T.H", "F.L"]
    trace.silent.clear()
    assert set(trace.scan(T=150)) == {"alarm_cleared DCS.lost", "alarm_raised T.HH"}


def test_nothing_received_more_than_two_scans_ago_is_good(trace: Any) -> None:
    trace.scan()
    trace.silent.add("SIS")
    goods = []
    for _ in range(4):
        trace.scan()
        status = trace.last.frame.status[trace.engine.plant.points.row["P"]]
        goods.append(bool(status == GOOD))
    assert goods == [True, True, False, False]
    assert np.isnan(trace.last.frame.value[trace.engine.plant.points.row["P"]])


def test_a_heartbeat_that_stands_still_for_three_scans_makes_its_points_uncertain(trace: Any) -> None:
    trace.still.add("SIS")
    row = trace.engine.plant.points.row["P"]
    trace.scan()
    codes, kinds = [], []
    for _ in range(4):
        kinds += trace.scan()
        codes.append(int(trace.last.frame.status[row]))
    assert codes == [GOOD, GOOD, UNCERTAIN_LAST_USABLE_VALUE, UNCERTAIN_LAST_USABLE_VALUE]
    assert kinds == ["alarm_raised SIS.frozen"] or kinds == ["alarm_raised SIS.frozen", "alarm_not_available P.H"]


def test_a_frozen_source_still_raises_on_a_value_beyond_its_limit(trace: Any) -> None:
    trace.still.add("SIS")
    for _ in range(5):
        trace.scan()
    assert "alarm_raised P.H" in trace.scan(P=60)


def test_a_good_nan_is_bad(trace: Any) -> None:
    trace.scan()
    trace.scan(T=float("nan"))
    row = trace.engine.plant.points.row["T"]
    assert trace.last.frame.status[row] & 0x80000000


def test_a_lost_scan_counts_towards_raising_and_never_towards_clearing(trace: Any) -> None:
    trace.scan(T=60)
    assert trace.scan(T=71) == []
    assert trace.scan(T=71, skip=1) == ["alarm_raised T.H"]  # it may have held in the lost scan
    assert trace.scan(T=60) == []
    assert trace.scan(T=60, skip=5) == []  # off-delay of 3: two looks are not three
    assert trace.scan(T=60) == []
    assert trace.scan(T=60) == ["alarm_cleared T.H"]


def test_a_clock_step_is_an_event_and_a_condition_and_numbers_go_on(trace: Any) -> None:
    trace.scan()
    trace.step_ns = 700_000_000
    assert trace.scan() == ["clock_step clock", "alarm_raised clock.step"]
    for _ in range(58):
        assert trace.scan() == []
    assert [trace.scan(), trace.scan()].count(["alarm_cleared clock.step"]) == 1


def test_a_step_of_half_a_second_is_no_event(trace: Any) -> None:
    trace.scan()
    trace.step_ns = 500_000_000
    assert trace.scan() == []


@pytest.mark.parametrize("numbers", [(5, 5), (5, 4)])
def test_numbers_must_rise(trace: Any, numbers: tuple[int, int]) -> None:
    trace.number = numbers[0] - 1
    trace.scan()
    trace.number = numbers[1] - 1
    with pytest.raises(ValueError, match="numbers must rise"):
        trace.scan()


scans = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([20.0, 60.0, 69.5, 71.0, 81.0, float("nan")]),
        st.sampled_from([GOOD, GOOD, GOOD, UNCERTAIN, BAD_SENSOR_FAILURE, BAD_SENSOR_FAILURE | LIMIT_HIGH]),
        st.sampled_from(["", "", "", "silent", "still"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


def _run(make_trace: Callable[..., Any], steps: list[tuple[int, float, int, str, bool]]) -> tuple[Any, list[list[str]]]:
    trace, said = make_trace(), []
    for skip, value, status, dcs, ack in steps:
        trace.silent = {"DCS"} if dcs == "silent" else set()
        trace.still = {"DCS"} if dcs == "still" else set()
        if ack:
            trace.ack("T.HH")
        said.append(trace.scan(skip=skip, T=value, status={"T": status}))
    return trace, said


@given(steps=scans)
def test_the_same_frames_twice_give_the_same_record(make_trace: Callable[..., Any], steps: Any) -> None:
    first, said = _run(make_trace, steps)
    second, said_again = _run(make_trace, steps)
    assert said == said_again
    assert first.engine.snapshot() == second.engine.snapshot()


@given(steps=scans)
def test_a_stored_run_steps_to_the_same_transitions(make_trace: Callable[..., Any], steps: Any) -> None:
    """Recorded frames are qualified ones: judging them again must change nothing."""
    first, said = _run(make_trace, [(*step[:4], False) for step in steps])
    again = Engine(first.engine.plant, approved=True)
    replayed = [[f"{f.kind} {f.subject}" for f in again.step(frame).facts] for frame in first.frames]
    assert replayed == said
    assert again.snapshot() == first.engine.snapshot()


@given(steps=scans, cut=st.integers(0, 40))
def test_a_restored_engine_goes_on_as_if_never_stopped(make_trace: Callable[..., Any], steps: Any, cut: int) -> None:
    first, _ = _run(make_trace, [(*step[:4], False) for step in steps])
    half = Engine(first.engine.plant, approved=True)
    for frame in first.frames[:cut]:
        half.step(frame)
    restored = Engine(first.engine.plant, approved=True)
    restored.restore(half.snapshot())
    for frame in first.frames[cut:]:
        restored.step(frame)
    assert restored.snapshot() == first.engine.snapshot()


@given(steps=scans)
def test_nothing_but_a_good_value_ever_clears(make_trace: Callable[..., Any], steps: Any) -> None:
    trace = make_trace()
    row = trace.engine.plant.points.row["T"]
    for skip, value, status, dcs, _ in steps:
        trace.silent = {"DCS"} if dcs == "silent" else set()
        trace.still = {"DCS"} if dcs == "still" else set()
        said = trace.scan(skip=skip, T=value, status={"T": status})
        if {"alarm_cleared T.HH", "alarm_cleared T.H"} & set(said):
            assert trace.last.frame.status[row] == GOOD


def test_two_conditions_of_one_name_are_refused_whoever_gave_it(make_trace: Callable[..., Any]) -> None:
    text = {"en": "text", "zh": "文字"}
    entry = {
        "name": "plant.unapproved", "point": "T", "direction": "HH", "limit": 90.0, "deadband": 1.0, "priority": 2,
        "class": "safety", "consequence": text, "action": text, "respond_min": 5,
    }  # fmt: skip
    with pytest.raises(PlantFileError, match=r"two conditions are called plant\.unapproved"):
        make_trace(alarms=[entry])
