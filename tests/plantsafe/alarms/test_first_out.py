"""First-out groups, floods and chattering of the running book, as traces."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from plantsafe.alarms.first_out import Mark
from plantsafe.frame import DeviceEvents, Frame
from plantsafe.request import RequestKind

START_NS = 1_790_000_000_000_000_000


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


# by the device's own clock

STOPPED, HOT = 41, 42
BUFFER: dict[str, Any] = {
    "newest": 100, "address": 102, "records": 64, "words": 8, "sequence": {"at": 0},
    "seconds": {"at": 2, "type": "uint32"}, "fraction": {"at": 4}, "code": {"at": 5}, "state": {"at": 6},
    "resolution_s": 0.001, "codes": [{"code": STOPPED, "point": "XA"}, {"code": HOT, "point": "XB"}],
}  # fmt: skip


@pytest.fixture
def stamped(make_trace: Callable[..., Any], small_document: dict[str, Any]) -> Any:
    """Two running bits of the safety system; its buffer stamps both."""
    text = {"en": "text", "zh": "文字"}
    dcs, sis = small_document["sources"]
    bits = [
        {
            "name": name, "title": text, "unit": "R1", "source": "SIS", "kind": "state", "range": [0.0, 1.0],
            "modbus": {"table": "discrete", "address": i}, "states": {0: text, 1: text},
        }
        for i, name in enumerate(("XA", "XB"))
    ]  # fmt: skip
    alarms = [
        {
            "name": f"{name}.L", "point": name, "direction": "L", "limit": 0.5, "deadband": 0.0, "priority": 2,
            "class": "safety", "consequence": text, "action": text, "respond_min": 5, "first_out": "STOP",
        }
        for name in ("XA", "XB")
    ]  # fmt: skip
    trace = make_trace(
        sources=[dcs, sis | {"event_buffer": BUFFER}], points=[*small_document["points"], *bits], alarms=alarms
    )
    trace.scan(XA=1.0, XB=1.0)
    return trace


def both_stop(trace: Any, *, a_ms: int, b_ms: int) -> tuple[Mark, Mark]:
    """Both bits fall in one scan; the buffer has the one at a_ms and the other at b_ms of the second before."""
    from dataclasses import replace

    raw, second_ns = trace.raw, START_NS + trace.number * 10**9

    def with_events(status: dict[str, int] | None = None) -> Frame:
        events = DeviceEvents(
            source=np.array([1, 1]),
            sequence=np.array([1, 2]),
            time_ns=second_ns + np.array([a_ms, b_ms]) * 1_000_000,
            code=np.array([STOPPED, HOT]),
            state=np.array([0, 0]),
        )
        return replace(raw(status), events=events)

    trace.raw = with_events
    trace.scan(XA=0.0, XB=0.0)
    trace.raw = raw
    return mark(trace, "XA.L"), mark(trace, "XB.L")


def test_in_one_scan_the_device_says_which_was_first(stamped: Any) -> None:
    assert both_stop(stamped, a_ms=400, b_ms=380) == (Mark.SUBSEQUENT, Mark.FIRST)
    assert stamped.engine.book.open()["XB.L"].first_out == Mark.FIRST


def test_what_the_device_cannot_resolve_is_indistinguishable(stamped: Any) -> None:
    assert both_stop(stamped, a_ms=400, b_ms=401) == (Mark.INDISTINGUISHABLE, Mark.INDISTINGUISHABLE)


def test_a_stamp_of_another_time_tells_nothing(stamped: Any) -> None:
    assert both_stop(stamped, a_ms=-20_000, b_ms=-19_000) == (Mark.INDISTINGUISHABLE, Mark.INDISTINGUISHABLE)


def test_stamps_outlive_a_restart(stamped: Any) -> None:
    both_stop(stamped, a_ms=400, b_ms=380)
    again = type(stamped.engine)(stamped.engine.plant, approved=True)
    again.restore(stamped.engine.snapshot())
    assert again.snapshot() == stamped.engine.snapshot()
