"""A function through demand, trip and safe state: one scan a line, 1 s a scan, 3 s allowed, 2 of A, B, C at 100."""

from collections.abc import Callable
from typing import Any

import pytest

from plantsafe.frame import (
    BAD_NO_COMMUNICATION,
    BAD_SENSOR_FAILURE,
    LIMIT_HIGH,
    UNCERTAIN_EU_EXCEEDED,
    UNCERTAIN_LAST_USABLE_VALUE,
)
from plantsafe.protection import Answer, ChannelState, Phase, Protection

Make = Callable[..., Any]
ALL_UNKNOWN = "demand? tripped? failure_on_demand? spurious_trip? degraded? none? repair_over? bypass?"


def body(watch, kind):
    (fact,) = [fact for fact in watch.facts if fact.kind == kind]
    return fact.body


def test_a_demand_answered_in_time(watch):
    assert watch.scan() == []
    assert watch.says() == ""
    assert watch.live("margin") == 50.0
    assert watch.scan(A=101) == []  # one of three
    assert watch.says() == ""
    assert watch.live("margin") == -1.0
    assert watch.scan(B=102) == ["demand_started"]
    assert watch.says() == "demand"
    assert body(watch, "demand_started")["beyond"] == {"A": 101.0, "B": 102.0}
    assert watch.scan(TRIP=1) == ["tripped"]
    assert body(watch, "tripped") == {
        "scan_before": 3, "scan": 4, "cause": "demand", "unseen_between": False,
    }  # fmt: skip
    assert watch.says() == "demand tripped"
    assert watch.scan(V2=0) == ["safe_state_reached"]
    reached = body(watch, "safe_state_reached")
    assert reached["response_s"] == [1.0, 3.0]  # left open in scan 4, crossed in (2, 3], closed in (4, 5]
    assert reached["outcome"] == "in_time"
    assert reached["elements"] == ["XV2"]
    assert watch.scan(A=90, B=90) == []
    assert watch.says() == "tripped"
    assert watch.scan(TRIP=0, V2=1) == []
    assert watch.says() == ""
    assert watch.live("phase") == Phase.IDLE


def test_a_vote_that_flickers_under_a_latched_trip_is_one_demand(watch):
    watch.scan()
    assert watch.scan(A=101, B=101, TRIP=1, V1=0) == ["demand_started", "tripped", "safe_state_reached"]
    assert watch.scan(A=90, B=90) == []
    assert watch.scan(A=101, B=101) == []
    assert watch.scan(A=90, B=90, TRIP=0, V1=1) == []  # released
    assert watch.scan(A=101, B=101) == ["demand_started"]


def test_no_answer_is_a_failure_once_even_the_shortest_time_is_too_long(watch):
    watch.scan()
    watch.scan(A=101, B=101)  # demand at 2
    for _ in range(3):
        assert watch.scan() == []  # 3, 4, 5: not certainly over 3 s
        assert watch.says() == "demand"
    assert watch.scan() == ["failure_on_demand"]
    assert watch.says() == "demand failure_on_demand"
    assert body(watch, "failure_on_demand")["waited_s"] == 4.0
    assert body(watch, "failure_on_demand")["tripped"] is False
    assert body(watch, "failure_on_demand")["not_safe"] == ["XV1", "XV2"]
    assert watch.scan() == []  # said once, and stands
    assert watch.says() == "demand failure_on_demand"
    assert watch.scan(TRIP=1, V1=0) == ["tripped", "safe_state_reached"]
    assert body(watch, "safe_state_reached")["outcome"] == "late"
    assert body(watch, "safe_state_reached")["response_s"] == [5.0, 7.0]
    assert watch.says() == "demand tripped"


def test_an_answer_on_the_edge_is_not_resolved(watch):
    watch.scan()
    watch.scan(A=101, B=101)
    watch.scan()
    watch.scan(TRIP=1)
    assert watch.scan(V1=0) == ["safe_state_reached"]
    assert body(watch, "safe_state_reached")["response_s"] == [2.0, 4.0]
    assert body(watch, "safe_state_reached")["outcome"] == "not_resolved"
    assert "failure_on_demand" not in watch.says()


def test_the_declared_sensor_lag_counts_into_the_response(make_watch: Make):
    watch = make_watch(sensor_lag_s=1.5)
    watch.scan()
    watch.scan(A=101, B=101)
    assert watch.scan() == []
    assert watch.scan() == ["failure_on_demand"]  # 2 s seen and 1.5 s before that
    assert watch.scan(V1=0) == ["safe_state_reached"]
    assert body(watch, "safe_state_reached")["response_s"] == [3.5, 5.5]


def test_a_demand_that_goes_away_by_itself_is_still_owed_an_answer(watch):
    watch.scan()
    watch.scan(A=101, B=101)
    assert watch.scan(A=90, B=90) == []
    assert watch.says() == ""
    watch.scan()
    watch.scan()
    assert watch.scan() == ["failure_on_demand"]
    assert watch.says() == "failure_on_demand"
    assert watch.scan() == []
    assert watch.says() == ""


def test_elements_that_stand_safe_already_answer_at_once(watch):
    watch.scan(V1=0)
    watch.scan()
    assert watch.scan(A=101, B=101) == ["demand_started", "safe_state_reached"]
    assert body(watch, "safe_state_reached")["response_s"] == [0.0, 0.0]


def test_a_safe_state_left_under_a_standing_demand_is_a_new_wait(watch):
    watch.scan(V1=0)
    watch.scan(A=101, B=101)
    assert watch.scan(V1=1) == ["safe_state_lost"]
    for _ in range(3):
        assert watch.scan() == []
    assert watch.scan() == ["failure_on_demand"]


def test_two_valves_are_needed_where_the_file_says_so(make_watch: Make):
    watch = make_watch(element_vote=2)
    watch.scan()
    watch.scan(A=101, B=101, TRIP=1)
    assert watch.scan(V1=0) == []
    assert watch.live("elements_safe") == [Answer.YES, Answer.NO]
    assert watch.scan(V2=0) == ["safe_state_reached"]


def test_a_demand_across_lost_scans_has_a_wide_interval(watch):
    watch.scan()
    assert watch.scan(skip=2, A=101, B=101) == ["demand_started"]
    assert body(watch, "demand_started")["scan_before"] == 1
    assert body(watch, "demand_started")["scan"] == 4
    assert watch.scan(V1=0) == ["safe_state_reached"]
    assert body(watch, "safe_state_reached")["response_s"] == [0.0, 4.0]
    assert body(watch, "safe_state_reached")["outcome"] == "not_resolved"


def test_valves_seen_closed_before_and_after_lost_scans_were_not_seen_closed_between(watch):
    watch.scan(V1=0)
    watch.scan(skip=9, A=101, B=101)
    assert body(watch, "safe_state_reached")["response_s"] == [0.0, 10.0]


def test_a_demand_that_stands_at_the_first_scan_began_nobody_knows_when(watch):
    assert watch.scan(A=101, B=101, TRIP=1, V1=0) == ["demand_started", "tripped", "safe_state_reached"]
    assert body(watch, "demand_started")["scan_before"] is None
    assert body(watch, "safe_state_reached")["response_s"] == [0.0, None]
    assert body(watch, "safe_state_reached")["outcome"] == "not_resolved"


def test_a_trip_without_a_vote_is_spurious_one_scan_later(watch):
    watch.scan()
    assert watch.scan(TRIP=1, V1=0) == ["tripped"]
    assert body(watch, "tripped")["cause"] == "pending"
    assert watch.says() == "tripped"
    assert watch.scan() == ["spurious_trip"]
    assert body(watch, "spurious_trip") == {"scan": 2}
    assert watch.says() == "tripped spurious_trip"
    assert watch.scan(TRIP=0) == []
    assert watch.says() == ""


def test_a_trip_read_one_scan_before_its_inputs_is_not_spurious(watch):
    watch.scan()
    watch.scan(TRIP=1)
    assert watch.scan(A=101, B=101) == ["demand_started", "trip_explained"]
    assert body(watch, "trip_explained") == {"scan": 2, "cause": "demand"}
    watch.scan()
    assert watch.says() == "demand tripped"


def test_a_short_spurious_trip_is_noticed_although_it_is_over(watch):
    watch.scan()
    watch.scan(TRIP=1)
    assert watch.scan(TRIP=0) == ["spurious_trip"]
    assert watch.says() == "spurious_trip"
    assert watch.scan(TRIP=1) == ["tripped"]


@pytest.mark.parametrize(("before", "after"), [(3, 0), (0, 3)])
def test_a_trip_beside_lost_scans_is_not_called_spurious(watch, before, after):
    watch.scan()
    watch.scan(skip=before, TRIP=1)
    watch.scan(skip=after)
    assert "spurious_trip" not in [fact.kind for fact in watch.facts]
    assert watch.says() == "tripped"


def test_a_trip_with_an_input_in_doubt_is_not_called_spurious(watch):
    watch.scan(A=101)
    watch.scan(TRIP=1, status={"B": BAD_SENSOR_FAILURE})  # B might have voted
    watch.scan()
    assert watch.says() == "tripped"


def test_a_vote_outside_the_hazardous_mode_is_no_demand(make_watch: Make):
    watch = make_watch(hazardous_mode="MODE", hazardous_values=[2.0, 3.0])
    watch.scan()
    assert watch.scan(A=101, B=101) == []
    assert watch.says() == ""
    assert watch.scan(TRIP=1) == ["tripped"]
    watch.scan()
    assert watch.says() == "tripped"  # the vote explains it
    assert watch.scan(MODE=3) == ["demand_started"]


@pytest.mark.parametrize("status", [BAD_NO_COMMUNICATION, UNCERTAIN_LAST_USABLE_VALUE])
def test_an_unknown_mode_counts_as_hazardous(make_watch: Make, status):
    watch = make_watch(hazardous_mode="MODE", hazardous_values=[2.0])
    watch.scan(A=101, B=101)
    assert watch.scan(status={"MODE": status}) == ["demand_started"]


def test_a_faulted_channel_votes_and_degrades(watch):
    watch.scan(A_flt=1)
    assert watch.says() == "degraded"
    assert watch.live("channel_state") == [ChannelState.FAULTED, ChannelState.HEALTHY, ChannelState.HEALTHY]
    assert watch.scan(B=101) == ["demand_started"]
    assert body(watch, "demand_started")["forced_votes"] == 1


def test_bypass_of_every_channel_leaves_nothing(watch):
    watch.scan()
    assert watch.scan(A_byp=1) == ["bypass_on"]
    assert body(watch, "bypass_on") == {"channel": "A", "bit": "A_byp", "scan_before": 1, "scan": 2}
    assert watch.says() == "degraded bypass"
    watch.scan(B_byp=1, C_byp=1)
    assert watch.says() == "none bypass"
    assert watch.live("status") == Protection.NONE
    assert watch.scan(A=150, B=150, C=150) == []  # nothing votes
    assert watch.scan(skip=4, A=50, B=50, C=50, A_byp=0, B_byp=0, C_byp=0) == ["bypass_off"] * 3
    assert watch.facts[0].body["scan_before"] == 4
    assert watch.says() == ""
    assert watch.live("bypass_scans") == 3
    assert watch.live("in_service_scans") == 2
    assert watch.live("unseen_scans") == 4


@pytest.mark.parametrize("name", ["A", "A_byp", "A_flt", "TRIP", "V1"])
@pytest.mark.parametrize("status", [BAD_NO_COMMUNICATION, UNCERTAIN_LAST_USABLE_VALUE])
def test_one_thing_out_of_sight_makes_the_function_not_verifiable_after_two_scans(watch, name, status):
    watch.scan()
    assert watch.live("status") == Protection.PROTECTED
    for _ in range(2):
        watch.scan(status={name: status})
        assert watch.live("status") == Protection.PROTECTED
    watch.scan(status={name: status})
    assert watch.live("status") == Protection.NOT_VERIFIABLE
    assert watch.says() == ALL_UNKNOWN
    watch.scan()
    assert watch.says() == ""
    assert watch.live("unseen_scans") == 3


def test_what_holds_still_holds_while_it_cannot_be_seen(watch):
    watch.scan()
    watch.scan(A_byp=1)
    watch.scan(A=101, B=101, C=101, TRIP=1)
    assert watch.says() == "demand tripped degraded bypass"
    gone = dict.fromkeys(watch.plant.points.names, BAD_NO_COMMUNICATION)
    for _ in range(6):
        assert watch.scan(status=gone) == []
    assert watch.says() == f"demand tripped degraded bypass {ALL_UNKNOWN}"
    assert watch.scan() == ["failure_on_demand"]  # open when seen again, long after


def test_a_late_feedback_in_doubt_is_neither_success_nor_failure(watch):
    watch.scan()
    watch.scan(A=101, B=101)
    stale = {"V1": UNCERTAIN_LAST_USABLE_VALUE, "V2": UNCERTAIN_LAST_USABLE_VALUE}
    for _ in range(6):
        assert watch.scan(V1=0, status=stale) == []
    assert "failure_on_demand?" in watch.says()
    assert watch.scan() == ["safe_state_reached"]
    assert body(watch, "safe_state_reached")["outcome"] == "not_resolved"
    assert body(watch, "safe_state_reached")["response_s"] == [0.0, 8.0]


def test_a_certain_vote_is_a_demand_even_with_a_channel_out_of_sight(watch):
    watch.scan()
    assert watch.scan(A=101, B=101, status={"C": BAD_SENSOR_FAILURE}) == ["demand_started"]


def test_bad_and_stale_inputs_are_no_healthy_vote(watch):
    watch.scan(A=101, B=101)
    watch.scan(A=90, B=90, status={"A": UNCERTAIN_LAST_USABLE_VALUE, "B": BAD_SENSOR_FAILURE})
    assert watch.says().startswith("demand")
    assert watch.live("demand") == Answer.UNKNOWN


def test_doubtful_values_beyond_the_setpoint_do_raise(watch):
    watch.scan()
    doubt = {"A": UNCERTAIN_EU_EXCEEDED, "B": UNCERTAIN_LAST_USABLE_VALUE}
    assert watch.scan(A=150, B=150, status=doubt) == ["demand_started"]


def test_an_instrument_driven_over_its_range_is_beyond_unless_it_fails_that_way(make_watch: Make):
    driven = {"A": BAD_SENSOR_FAILURE | LIMIT_HIGH, "B": BAD_SENSOR_FAILURE | LIMIT_HIGH}
    watch = make_watch()
    watch.scan()
    assert watch.scan(status=driven) == ["demand_started"]
    failing_high = make_watch(points={"A": {"fail_direction": "high"}})
    failing_high.scan()
    assert failing_high.scan(status=driven) == []
    assert failing_high.live("channel_state")[0] == ChannelState.NOT_VISIBLE


def test_a_value_within_half_a_step_of_the_setpoint_neither_starts_nor_ends_a_demand(make_watch: Make):
    watch = make_watch(points={letter: {"resolution": 0.5} for letter in "ABC"})
    watch.scan()
    assert watch.scan(A=100, B=100) == []
    assert watch.says() == ""
    assert watch.scan(A=100.5, B=100.5) == ["demand_started"]
    assert body(watch, "demand_started")["scan_before"] == 1
    watch.scan(A=100, B=100)
    assert watch.says() == "demand"
    watch.scan(A=99.5, B=99.5)
    assert watch.says() == ""


def test_a_function_that_trips_low(make_watch: Make):
    watch = make_watch(direction="L", setpoint=20.0)
    watch.scan()
    assert watch.live("margin") == 30.0
    assert watch.scan(A=20, B=19) == ["demand_started"]  # at the setpoint is beyond, where no resolution is declared
    assert watch.live("margin") == -1.0


def test_every_condition_names_the_source_of_the_trip_bit(watch):
    for condition in watch.check.conditions:
        assert condition.source == watch.plant.sources.row["SIS"]
        assert set(condition.consequence) == set(condition.action) == {"en", "zh"}


def test_a_trip_with_the_inputs_at_the_setpoint_is_a_demand_that_is_waited_for(make_watch: Make):
    watch = make_watch({name: {"resolution": 1.0} for name in "ABC"})
    watch.scan(A=100, B=100, C=100)  # within half a step of the setpoint: nobody can tell
    assert watch.says() == ""
    assert watch.scan(TRIP=1) == ["demand_started", "tripped"]
    assert body(watch, "tripped")["cause"] == "demand"
    for _ in range(3):
        watch.scan()
    assert watch.scan() == ["failure_on_demand"]
