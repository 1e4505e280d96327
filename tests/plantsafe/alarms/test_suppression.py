"""Shelving, suppression by design and out of service: every row and every guard, as traces."""

from collections.abc import Callable
from typing import Any

import pytest

from plantsafe.request import RequestKind, Role
from plantsafe.scan.engine import Engine

SHELVE, UNSHELVE = RequestKind.SHELVE, RequestKind.UNSHELVE
OUT, BACK = RequestKind.OUT_OF_SERVICE, RequestKind.RETURN_TO_SERVICE


@pytest.fixture
def watched(make_trace: Callable[..., Any], small_document: dict[str, Any]) -> Any:
    """F.L is hidden while T is over 100; P.H latches; T.H sounds again after a minute and wants a confirmation."""
    alarms = [dict(alarm) for alarm in small_document["alarms"]]
    by_name = {alarm["name"]: alarm for alarm in alarms}
    by_name["F.L"] |= {"suppress": '"T" > 100', "shelve_max_min": 1}
    by_name["P.H"] |= {"latching": True}
    by_name["T.H"] |= {"on_delay_s": 0, "off_delay_s": 0, "realarm_min": 1, "confirm": True}
    trace = make_trace(alarms=alarms)
    trace.scan()
    return trace


def standing(trace: Any, name: str) -> tuple[str, tuple[str, ...]]:
    entry = trace.engine.book.open().get(name)
    return (trace.state(name), entry.suppression if entry else ())


def annunciated(trace: Any) -> list[str]:
    return [fact.subject for fact in trace.last.facts if fact.body.get("annunciates")]


def rows(trace: Any) -> list[int]:
    return [fact.body["row"] for fact in trace.last.facts if "row" in fact.body]


def shelve(trace: Any, name: str = "F.L", minutes: float | None = 0.5, **more: Any) -> list[str]:
    trace.ask(SHELVE, name, minutes=minutes, comment="repair of FI-1", **more)
    said: list[str] = trace.scan()
    return said


def test_rows_16_18_a_shelf_ends_by_itself_and_the_alarm_sounds_again(watched: Any) -> None:
    watched.scan(F=5)
    watched.ack("F.L")
    watched.scan()
    assert shelve(watched) == ["alarm_shelved F.L"]
    assert standing(watched, "F.L") == ("ACKED", ("shelved",))
    for _ in range(29):
        assert watched.scan() == []
    assert watched.scan() == ["alarm_unshelved F.L"]
    assert (standing(watched, "F.L"), annunciated(watched), rows(watched)) == (("UNACK", ()), ["F.L"], [18])


def test_row_17_taken_off_by_a_person_it_is_acknowledged(watched: Any) -> None:
    watched.scan(F=5)
    shelve(watched)
    watched.ask(UNSHELVE, "F.L")
    assert watched.scan() == ["alarm_unshelved F.L"]
    assert (standing(watched, "F.L"), annunciated(watched), rows(watched)) == (("ACKED", ()), [], [17])


def test_row_19_a_shelf_that_ends_over_a_normal_condition_leaves_it_normal(watched: Any) -> None:
    watched.scan(F=5)
    shelve(watched)
    assert watched.scan(F=20) == ["alarm_cleared F.L"]
    assert watched.state("F.L") == "RTNUN"
    watched.ask(UNSHELVE, "F.L")
    watched.scan()
    assert (standing(watched, "F.L"), annunciated(watched), rows(watched)) == (("NORM", ()), [], [19])


def test_a_condition_that_comes_on_the_shelf_is_recorded_and_makes_no_sound(watched: Any) -> None:
    shelve(watched)
    assert watched.scan(F=5) == ["alarm_raised F.L"]
    assert annunciated(watched) == []
    assert watched.last.facts[0].body["suppression"] == ["shelved"]
    for _ in range(28):
        watched.scan()
    assert watched.scan() == ["alarm_unshelved F.L"]
    assert annunciated(watched) == ["F.L"]


def test_row_20_one_shot_ends_when_the_alarm_returns(watched: Any) -> None:
    watched.scan(F=5)
    shelve(watched, one_shot=True)
    assert watched.scan(F=20) == ["alarm_cleared F.L", "alarm_unshelved F.L"]
    assert (standing(watched, "F.L"), rows(watched)[-1]) == (("NORM", ()), 20)


def test_one_shot_without_a_time_ends_at_the_maximum_too(watched: Any) -> None:
    watched.scan(F=5)
    shelve(watched, minutes=None, one_shot=True)
    for _ in range(59):
        assert watched.scan() == []
    assert watched.scan() == ["alarm_unshelved F.L"]
    assert annunciated(watched) == ["F.L"]


@pytest.mark.parametrize(
    ("name", "minutes", "comment", "reason"),
    [
        ("F.L", 1.1, "x", "1.1 min is longer than the 1 min that F.L allows"),
        ("F.L", 0, "x", "needs a time"),
        ("F.L", -3, "x", "needs a time"),
        ("F.L", float("nan"), "x", "needs a time"),
        ("F.L", float("inf"), "x", "needs a time"),
        ("F.L", "10", "x", "needs a time"),
        ("F.L", True, "x", "needs a time"),
        ("F.L", 1, "  ", "needs a reason"),
        ("T.HH", 1, "x", "T.HH is never shelved"),
        ("DCS.lost", 1, "x", "DCS.lost is never shelved"),
        ("nothing", 1, "x", "there is no condition nothing"),
    ],
)
def test_shelving_that_is_refused(watched: Any, name: str, minutes: Any, comment: str, reason: str) -> None:
    watched.ask(SHELVE, name, minutes=minutes, comment=comment)
    assert watched.scan() == [f"request_refused {name}"]
    assert reason in watched.reason()


@pytest.mark.parametrize("klass", ["SIS", "GDS"])
def test_trips_and_gas_are_never_shelved_and_latch(
    make_trace: Callable[..., Any], small_document: dict[str, Any], klass: str
) -> None:
    alarms = [{**alarm, "class": klass, "on_delay_s": 0, "off_delay_s": 0} for alarm in small_document["alarms"]]
    trace = make_trace(alarms=alarms)
    trace.scan()
    trace.scan(F=5)
    assert trace.state("F.L") == "LTUNK"
    assert shelve(trace) == ["request_refused F.L"]
    assert trace.reason() == "F.L is never shelved"


def test_shelved_twice_in_a_shift_and_no_more_until_the_next(watched: Any) -> None:
    for _ in range(2):
        assert shelve(watched) == ["alarm_shelved F.L"]
        watched.ask(UNSHELVE, "F.L")
        watched.scan()
    assert shelve(watched) == ["request_refused F.L"]
    assert watched.reason() == "F.L may be shelved 2 times in a shift, and was"
    watched.number += 8 * 3600
    watched.scan()
    assert shelve(watched) == ["alarm_shelved F.L"]


def test_a_shelved_alarm_is_not_shelved_again_and_a_free_one_is_not_taken_off(watched: Any) -> None:
    shelve(watched)
    assert shelve(watched) == ["request_refused F.L"]
    assert "already" in watched.reason()
    watched.ask(UNSHELVE, "P.H")
    watched.scan()
    assert watched.reason() == "P.H is not shelved"


def test_a_shelf_is_for_the_occurrence_that_was_seen(watched: Any) -> None:
    watched.scan(F=5)
    watched.scan(F=20)
    watched.scan(F=5)
    watched.ask(SHELVE, "F.L", occurrence=1, minutes=1, comment="x")
    watched.scan()
    assert "occurrence 1 of F.L is over" in watched.reason()


def test_rows_21_22_suppressed_by_design_and_announced_when_that_ends(watched: Any) -> None:
    assert watched.scan(T=120, F=5)[-2:] != []
    said = [fact for fact in watched.last.facts if fact.subject == "F.L"]
    assert [fact.kind for fact in said] == ["alarm_suppressed", "alarm_raised"]
    assert said[0].body["rule"] == '"T" > 100'
    assert said[0].body["inputs"] == {"T": 120.0}
    assert "F.L" not in annunciated(watched)
    assert "alarm_unsuppressed F.L" in watched.scan(T=60)
    assert annunciated(watched) == ["F.L"]
    assert standing(watched, "F.L") == ("UNACK", ())


def test_row_23_suppression_that_ends_over_a_normal_condition(watched: Any) -> None:
    watched.scan(T=120)
    watched.scan(F=5)
    watched.scan(F=20)
    watched.scan(T=60)
    assert standing(watched, "F.L") == ("NORM", ())
    assert annunciated(watched) == []


def test_a_reading_that_is_not_good_suppresses_nothing(watched: Any) -> None:
    watched.scan(T=120)
    assert standing(watched, "F.L")[1] == ("by_design",)
    assert "alarm_unsuppressed F.L" in watched.scan(T=120, status={"T": 0x80000000})


def test_rows_24_25_26_out_of_service_with_a_permit_and_two_people(watched: Any) -> None:
    watched.scan(F=5)
    watched.ask(OUT, "F.L", second="Wang Wei", permit="MOC-12", comment="cell removed")
    assert watched.scan() == ["alarm_out_of_service F.L"]
    assert watched.last.facts[0].body["second_actor"] == "Wang Wei"
    assert watched.last.facts[0].body["permit"] == "MOC-12"
    watched.ask(BACK, "F.L")
    assert watched.scan() == ["alarm_returned_to_service F.L"]
    assert (standing(watched, "F.L"), annunciated(watched), rows(watched)) == (("UNACK", ()), ["F.L"], [25])
    watched.ask(OUT, "F.L", second="Wang Wei", permit="MOC-12", comment="cell removed")
    watched.scan(F=20)
    watched.ask(BACK, "F.L")
    watched.scan()
    assert (standing(watched, "F.L"), rows(watched)) == (("NORM", ()), [26])


@pytest.mark.parametrize(
    ("body", "second", "role", "reason"),
    [
        ({"permit": "", "comment": "x"}, "Wang Wei", Role.ENGINEER, "permit"),
        ({"permit": "M1", "comment": ""}, "Wang Wei", Role.ENGINEER, "a reason"),
        ({"permit": "M1", "comment": "x"}, "", Role.ENGINEER, "a second person"),
        ({"permit": "M1", "comment": "x"}, "li na ", Role.ENGINEER, "must be another"),
        ({"permit": "M1", "comment": "x"}, "Wang Wei", Role.OPERATOR, "may not"),
    ],
)
def test_out_of_service_that_is_refused(
    watched: Any, body: dict[str, Any], second: str, role: Role, reason: str
) -> None:
    watched.ask(OUT, "F.L", second=second, role=role, **body)
    assert watched.scan() == ["request_refused F.L"]
    assert reason in watched.reason()


def test_suppressions_overlap_and_the_last_to_end_decides(watched: Any) -> None:
    watched.scan(F=5)
    shelve(watched)
    watched.ask(OUT, "F.L", second="Wang Wei", permit="M1", comment="x")
    watched.scan(T=120)
    assert standing(watched, "F.L") == ("UNACK", ("shelved", "by_design", "out_of_service"))
    for _ in range(40):
        watched.scan()
    assert standing(watched, "F.L") == ("UNACK", ("by_design", "out_of_service"))
    watched.ask(BACK, "F.L")
    watched.scan()
    assert annunciated(watched) == []
    assert "alarm_unsuppressed F.L" in watched.scan(T=60)
    assert annunciated(watched) == ["F.L"]


def test_a_lost_source_over_a_shelf_that_ended_announces_when_it_returns(watched: Any) -> None:
    watched.scan(F=5)
    watched.ack("F.L")
    watched.scan()
    shelve(watched)
    watched.silent.add("DCS")
    for _ in range(40):
        watched.scan()
    assert standing(watched, "F.L") == ("ACKED", ())
    watched.silent.clear()
    assert "alarm_annunciated F.L" in watched.scan()
    assert watched.state("F.L") == "UNACK"


def test_rows_2_11_12_13_15_a_latch_is_acknowledged_and_reset(watched: Any) -> None:
    watched.scan(P=60)
    assert (watched.state("P.H"), rows(watched)) == ("LTUNK", [2])
    watched.scan(P=40)
    assert (watched.state("P.H"), rows(watched)) == ("LTUNK", [12])
    watched.ask(RequestKind.RESET, "P.H")
    watched.scan()
    assert "acknowledge it before the reset" in watched.reason()
    watched.ack("P.H")
    watched.scan()
    assert (watched.state("P.H"), rows(watched)) == ("LTACK", [11])
    watched.scan(P=60)
    assert (watched.state("P.H"), rows(watched)) == ("LTUNK", [15])
    watched.ack("P.H")
    watched.scan()
    watched.ask(RequestKind.RESET, "P.H")
    watched.scan()
    assert watched.reason() == "the condition of P.H still holds"  # row 14
    watched.scan(P=40)
    watched.ask(RequestKind.RESET, "P.H")
    assert watched.scan() == ["alarm_reset P.H"]
    assert (watched.state("P.H"), rows(watched)) == ("NORM", [13])


def test_a_latch_that_closed_on_the_shelf_is_not_lost(watched: Any) -> None:
    shelve(watched, "P.H")
    watched.scan(P=60)
    watched.scan(P=40)
    for _ in range(28):
        watched.scan()
    assert standing(watched, "P.H") == ("LTUNK", ())
    assert annunciated(watched) == ["P.H"]


def test_row_8_sounds_again_while_it_holds(watched: Any) -> None:
    watched.scan(T=75)
    watched.ack("T.H")
    watched.scan()
    for _ in range(59):
        assert watched.scan() == []
    assert watched.scan() == ["alarm_realarmed T.H"]
    assert (watched.state("T.H"), annunciated(watched)) == ("UNACK", [])  # counted apart


def test_confirmed_after_the_acknowledgement_only(watched: Any) -> None:
    watched.scan(T=75)
    watched.ask(RequestKind.CONFIRM, "T.H")
    watched.scan()
    assert "acknowledge it before you confirm" in watched.reason()
    watched.ack("T.H")
    watched.scan(T=60)
    assert watched.state("T.H") == "NORM"
    assert watched.engine.book.open()["T.H"].confirm_due
    watched.ask(RequestKind.CONFIRM, "T.H")
    assert watched.scan() == ["alarm_confirmed T.H"]
    assert watched.engine.book.open() == {}


def test_a_comment_has_a_text_and_is_about_an_occurrence(watched: Any) -> None:
    watched.scan(F=5)
    watched.ask(RequestKind.COMMENT, "F.L", comment="valve is being opened")
    assert watched.scan() == ["comment F.L"]
    assert watched.last.facts[0].body["comment"] == "valve is being opened"
    watched.ask(RequestKind.COMMENT, "F.L", comment=" ")
    watched.scan()
    assert watched.reason() == "a comment needs a text"


def test_an_engine_from_a_snapshot_keeps_the_shelf_with_its_remaining_time(watched: Any) -> None:
    watched.scan(F=5)
    shelve(watched)
    for _ in range(10):
        watched.scan()
    again = Engine(watched.engine.plant, approved=True)
    again.restore(watched.engine.snapshot())
    watched.engine = again
    for _ in range(19):
        assert watched.scan() == []
    assert watched.scan() == ["alarm_unshelved F.L"]


def test_a_gap_over_the_end_of_a_shelf_ends_it_in_the_first_scan_after_it(watched: Any) -> None:
    watched.scan(F=5)
    shelve(watched)
    assert watched.scan(skip=100) == ["alarm_unshelved F.L"]
