"""One bypass, one alarm: F1 takes two of A, B, C and F2 one of A, B; a scan a second; what is not told stays hidden."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from plantsafe.plant import Plant
from plantsafe.request import RequestKind
from plantsafe.scan.engine import Engine

AT_EASE = {
    **dict.fromkeys("ABCD", 50.0), "V1": 1.0, "V2": 1.0, "plantsafe.disk_free": 500.0,
}  # fmt: skip
RECORD = {"type": "maintenance", "minutes": 1.0, "why": "repair", "hazard": "two left", "measure": "operator"}
OWN = "A_byp.unauthorised"


@pytest.fixture
def plant(make_function_plant: Callable[..., Plant]) -> Plant:
    return make_function_plant(and_another="AB", bypass_max_min={"maintenance_min": 1.0})


@pytest.fixture
def run(make_trace: Callable[..., Any], plant: Plant) -> Any:
    """The whole engine, past its first scans."""
    trace = replace(make_trace(), engine=Engine(plant, approved=True), values=dict(AT_EASE))
    for _ in range(3):
        trace.scan()
    return trace


def shown(run: Any) -> set[str]:
    """Alarms that hold and that nothing hides."""
    book = run.engine.book
    return {c.name for c, on, off in zip(book.conditions, book.active, book.suppressed, strict=True)
            if on and not off and not c.name.endswith((".handover", "plant.unapproved"))}  # fmt: skip


def told_by(run: Any) -> dict[str, str]:
    """Hidden conditions and the one that tells of each, as a page reads them."""
    names, live = [c.name for c in run.engine.conditions], run.last.live
    pairs = zip(live["consequences.row"].tolist(), live["consequences.cause"].tolist(), strict=True)
    return {names[row]: names[cause] for row, cause in pairs}


def announced(run: Any) -> list[str]:
    """Alarms that sounded in the last scan."""
    return [fact.subject for fact in run.last.facts if fact.body.get("annunciates")]


def test_a_bypass_without_a_record_is_one_alarm(run):
    run.scan(A_byp=1.0)
    assert announced(run) == [OWN]
    assert shown(run) == {OWN}
    assert told_by(run) == dict.fromkeys(("F1.bypass", "F1.degraded", "F2.bypass", "F2.degraded"), OWN)
    hidden = [fact for fact in run.last.facts if fact.kind == "alarm_suppressed"]
    assert [fact.body["cause"] for fact in hidden] == [OWN] * 4
    raised = [fact for fact in run.last.facts if fact.kind == "alarm_raised"]
    assert len(raised) == 5  # all of them are in the journal


def test_what_is_hidden_ends_with_the_bypass_and_sounds_no_more(run):
    run.scan(A_byp=1.0)
    run.scan(A_byp=0.0)
    assert (shown(run), announced(run), told_by(run)) == (set(), [], {})
    assert not run.engine.book.suppression.any()
    assert run.state("F1.bypass") == run.state("F2.degraded") == "NORM"


def test_an_approved_bypass_is_told_by_the_first_function_that_uses_it(run):
    run.ask(RequestKind.BYPASS_APPROVE, "A_byp", second="Wang", **RECORD)
    run.scan()
    run.scan(A_byp=1.0)
    assert announced(run) == ["F1.bypass"]
    assert told_by(run) == dict.fromkeys(("F1.degraded", "F2.bypass", "F2.degraded"), "F1.bypass")
    for _ in range(60):
        run.scan()
    assert shown(run) == {"A_byp.over_time"}
    assert told_by(run)["F1.bypass"] == "A_byp.over_time"


def test_a_record_made_afterwards_leaves_one_alarm_too(run):
    run.scan(A_byp=1.0)
    run.ask(RequestKind.BYPASS_APPROVE, "A_byp", second="Wang", **RECORD)
    run.scan()
    assert shown(run) == {"F1.bypass"}
    assert announced(run) == ["F1.bypass"]


def test_a_fault_beside_the_bypass_is_not_hidden(run):
    run.scan(A_byp=1.0, C_flt=1.0)
    assert shown(run) == {OWN, "F1.degraded"}
    assert told_by(run) == dict.fromkeys(("F1.bypass", "F2.bypass", "F2.degraded"), OWN)
    run.scan(C_flt=0.0)
    assert shown(run) == {OWN}


def test_what_leaves_no_protection_is_never_hidden(run):
    run.scan(A_byp=1.0, B_byp=1.0)
    assert {"F2.none", "F1.second_bypass"} <= shown(run)
    assert told_by(run)["F2.second_bypass"] == "F1.second_bypass"
    assert told_by(run)["F2.bypass"] in (OWN, "B_byp.unauthorised")


def test_an_alarm_that_people_shelved_hides_nothing(run):
    run.ask(RequestKind.BYPASS_APPROVE, "A_byp", second="Wang", **RECORD)
    run.scan()
    run.scan(A_byp=1.0)
    book = run.engine.book
    book.suppression[book.row["F1.bypass"]] |= 1  # on the shelf
    run.scan()
    assert shown(run) == {"F1.degraded", "F2.bypass"}
    assert told_by(run) == {"F2.degraded": "F2.bypass"}


def test_after_a_restart_the_same_is_hidden(run, plant):
    run.scan(A_byp=1.0)
    again = replace(run, engine=Engine(plant, approved=True), values=dict(run.values), frames=[])
    again.engine.restore(run.engine.snapshot())
    for one in (run, again):
        one.scan()
    assert told_by(run) == told_by(again) != {}
    assert run.last.facts == again.last.facts
