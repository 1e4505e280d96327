"""Every row of the transition table and every refusal, as traces."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plantsafe.alarms.life_cycle import TRANSITIONS, State, Trigger, next_states
from plantsafe.request import Role


def test_the_array_says_what_the_rows_say() -> None:
    table = next_states()
    rows = {(row.trigger, row.state): row.to for row in TRANSITIONS}
    for trigger in Trigger:
        for state in State:
            assert table[trigger, state] == rows.get((trigger, state), state)


def test_rows_1_4_7_raise_acknowledge_clear(trace: Any) -> None:
    trace.scan()
    assert trace.scan(T=81) == ["alarm_raised T.HH"]
    trace.ack("T.HH")
    assert "alarm_acknowledged T.HH" in trace.scan()
    assert trace.state("T.HH") == "ACKED"
    trace.scan(T=60)
    assert trace.state("T.HH") == "NORM"


def test_rows_5_9_clear_then_acknowledge(trace: Any) -> None:
    trace.scan()
    trace.scan(T=81)
    trace.scan(T=60)
    assert trace.state("T.HH") == "RTNUN"
    trace.ack("T.HH")
    assert trace.scan() == ["alarm_acknowledged T.HH"]
    assert trace.state("T.HH") == "NORM"


def test_row_10_comes_again_as_a_new_occurrence(trace: Any) -> None:
    trace.scan()
    trace.scan(T=81)
    first = int(trace.engine.book.occurrence[trace.engine.book.row["T.HH"]])
    trace.scan(T=60)
    assert trace.scan(T=81) == ["alarm_raised T.HH"]
    assert trace.engine.book.occurrence[trace.engine.book.row["T.HH"]] > first


def test_an_acknowledgement_of_a_past_occurrence_is_refused_with_the_reason(trace: Any) -> None:
    trace.scan()
    trace.scan(T=81)
    past = int(trace.engine.book.occurrence[trace.engine.book.row["T.HH"]])
    trace.scan(T=60)
    trace.scan(T=81)
    trace.ack("T.HH", occurrence=past)
    assert trace.scan() == ["request_refused T.HH"]
    assert "is over" in trace.last.facts[0].body["reason"]
    assert trace.state("T.HH") == "UNACK"


def test_who_and_when_are_in_the_event(trace: Any) -> None:
    trace.scan()
    trace.scan(T=81)
    trace.ack("T.HH", actor="Wang Wei")
    trace.scan()
    fact = trace.last.facts[0]
    assert fact.actor == "Wang Wei"
    assert fact.body["role"] == "operator"
    assert fact.body["state"] == "ACKED"


def test_a_viewer_may_not_acknowledge(trace: Any) -> None:
    trace.scan()
    trace.scan(T=81)
    trace.ack("T.HH", role=Role.VIEWER)
    assert trace.scan() == ["request_refused T.HH"]


def test_two_acknowledgements_of_one_occurrence_are_answered_once_done_once_refused(trace: Any) -> None:
    trace.scan()
    trace.scan(T=81)
    trace.ack("T.HH", actor="first")
    trace.ack("T.HH", actor="second")
    assert trace.scan() == ["alarm_acknowledged T.HH", "request_refused T.HH"]


def _reference(state: str, active: bool, ack: bool) -> str:
    """The life cycle in plain words: an acknowledgement first, then the condition."""
    if ack:
        state = {"UNACK": "ACKED", "RTNUN": "NORM"}.get(state, state)
    if active and state in ("NORM", "RTNUN"):
        return "UNACK"
    if not active and state == "UNACK":
        return "RTNUN"
    if not active and state == "ACKED":
        return "NORM"
    return state


@given(steps=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_the_book_follows_the_written_reference(make_trace: Any, steps: list[tuple[bool, bool]]) -> None:
    trace, state = make_trace(), "NORM"
    trace.scan()
    for active, ack in steps:
        if ack:
            trace.ack("T.HH")
        trace.scan(T=90.0 if active else 50.0)
        state = _reference(state, active, ack)
        assert trace.state("T.HH") == state


@given(steps=st.lists(st.tuples(st.sampled_from([50.0, 75.0, 90.0]), st.booleans()), max_size=40))
def test_occurrence_numbers_never_come_twice(make_trace: Any, steps: list[tuple[float, bool]]) -> None:
    trace, given_out = make_trace(), []
    for value, ack in steps:
        if ack:
            trace.ack("T.HH")
        trace.scan(T=value)
        given_out += [f.body["occurrence"] for f in trace.last.facts if f.kind == "alarm_raised"]
    assert len(given_out) == len(set(given_out))
