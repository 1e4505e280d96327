"""First-out groups, floods and chattering of the running book, as traces."""

from collections.abc import Callable
from typing import Any

import pytest

from plantsafe.alarms.first_out import Mark
from plantsafe.request import RequestKind


@pytest.fixture
def group(make_trace: Callable[..., Any], small_document: dict[str, Any]) -> Any:
    alarms = [{**alarm, "on_delay_s": 0, "off_delay_s": 0, "first_out": "TRIP"} for alarm in small_document["alarms"]]
    trace = make_trace(alarms=alarms)
    trace.scan()
    return trace


def mark(trace: Any, name: str) -> Mark:
    return Mark(int(trace.engine.book.first_out.mark[trace.engine.book.row[name]]))


def test_the_first_of_a_group_is_marked_and_the_others_follow(group: Any) -> None:
    group.scan(F=5)
    assert group.last.facts[0].body["first_out"] == Mark.FIRST
    group.scan(P=60)
    assert (mark(group, "F.L"), mark(group, "P.H"), mark(group, "T.HH")) == (Mark.FIRST, Mark.SUBSEQUENT, Mark.NONE)


def test_in_the_same_scan_they_are_indistinguishable(group: Any) -> None:
    group.scan(F=5, P=60)
    assert (mark(group, "F.L"), mark(group, "P.H")) == (Mark.INDISTINGUISHABLE, Mark.INDISTINGUISHABLE)


def test_the_mark_stays_until_all_are_normal_and_somebody_resets(group: Any) -> None:
    group.scan(F=5)
    group.ask(RequestKind.RESET, "TRIP")
    assert group.scan() == ["request_refused TRIP"]
    assert "still hold" in group.reason()
    group.scan(F=20)
    assert mark(group, "F.L") is Mark.FIRST
    group.scan(P=60)
    assert mark(group, "P.H") is Mark.SUBSEQUENT  # nobody has reset
    group.scan(P=40)
    group.ask(RequestKind.RESET, "TRIP")
    assert group.scan() == ["first_out_reset TRIP"]
    assert mark(group, "F.L") is Mark.NONE
    group.scan(P=60)
    assert mark(group, "P.H") is Mark.FIRST


def test_nothing_to_reset_is_said(group: Any) -> None:
    group.ask(RequestKind.RESET, "TRIP")
    group.scan()
    assert "no alarm of the group TRIP is marked" in group.reason()


def test_three_activations_in_a_minute_chatter_until_a_minute_is_quiet(trace: Any) -> None:
    trace.scan()
    said = [line for value in (60, 5, 20, 5, 20, 5, 20) for line in trace.scan(F=value)]
    assert said.count("alarm_chattering F.L") == 1
    assert trace.engine.book.nuisance.chattering[trace.engine.book.row["F.L"]]
    said = [line for _ in range(62) for line in trace.scan()]
    assert said == ["alarm_chattering_over F.L"]


def test_ten_annunciations_in_ten_minutes_are_a_flood_that_names_its_first(trace: Any) -> None:
    trace.scan()
    told: dict[str, int] = {}
    for second in range(800):
        at = second % 30 == 0 and second <= 270
        for line in trace.scan(F=5.0 if at else 20.0):
            told.setdefault(line, trace.number)
            if line.startswith("flood_started"):
                body = next(fact.body for fact in trace.last.facts if fact.kind == "flood_started")
                assert (body["first"], body["count"], body["mode"]) == ("F.L", 10, "inclusive")
    first = told["alarm_raised F.L"]
    assert told["flood_started alarms"] - first == 270
    assert told["flood_ended alarms"] - first == 750


def test_shown_for_over_a_day_is_stale_once(trace: Any) -> None:
    trace.scan()
    trace.scan(F=5)
    trace.number = 86_400 + 120
    said = [line for _ in range(130) for line in trace.scan()]
    assert said.count("alarm_stale F.L") == 1
