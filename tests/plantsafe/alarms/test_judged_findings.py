"""Engineers confirm or reject findings, once an occurrence; with each finding stands what had moved."""

import pytest

from plantsafe.checks.warm_up import WARM_UP_SCANS
from plantsafe.request import RequestKind, Role

CONFIRM, REJECT = RequestKind.CONFIRM_FINDING, RequestKind.REJECT_FINDING


@pytest.fixture
def drifted(trace):
    """The warm-up is over, and T has left what was normal then."""
    for i in range(WARM_UP_SCANS + 5):
        trace.scan(T=60.0 + 0.1 * (i % 2), P=40.0 + 0.1 * (i % 3))
    said = []
    for i in range(200):
        said += [fact for line in [trace.scan(T=68.0 + 0.1 * (i % 2))] if line for fact in trace.last.facts]
        if any(fact.subject == "T.cusum" and fact.kind == "finding_raised" for fact in said):
            return trace, said
    raise AssertionError("nothing was found")


def test_a_finding_says_which_points_had_left_their_band_and_which_first(drifted):
    _, said = drifted
    explained = [fact for fact in said if fact.kind == "finding_explained" and fact.subject == "T.cusum"]
    (fact,) = explained
    assert fact.body["points"] == ["T"]
    assert fact.body["first"] == "T"
    assert fact.body["first_scan"] == pytest.approx(WARM_UP_SCANS + 5 + 10, abs=10)
    assert [name for name, _ in fact.body["moved"]] == ["T"]
    assert fact.body["moved"][0][1] > 4.0


def test_a_finding_is_rejected_once_with_a_reason_and_the_event_has_it(drifted):
    trace, _ = drifted
    trace.ask(REJECT, "T.cusum")
    assert trace.scan() == ["request_refused T.cusum"]
    assert trace.reason() == "a rejection needs a reason: what was normal about it"
    trace.ask(REJECT, "T.cusum", comment="another grade since the morning", cause="")
    assert trace.scan()[0] == "finding_rejected T.cusum"
    body = trace.last.facts[0].body
    assert (body["unit"], body["kind"], body["comment"]) == ("R1", "cusum", "another grade since the morning")
    trace.ask(CONFIRM, "T.cusum")
    assert trace.scan() == ["request_refused T.cusum"]
    assert "was judged already" in trace.reason()


def test_a_finding_that_is_over_can_still_be_confirmed_but_not_an_older_one(drifted):
    trace, _ = drifted
    for _ in range(400):
        trace.scan(T=60.0)
    assert trace.state("T.cusum") == "NORM"
    trace.ask(CONFIRM, "T.cusum", occurrence=10**6)
    trace.scan()
    assert "is over" in trace.reason()
    trace.ask(CONFIRM, "T.cusum", cause="coolant-flow-lost")
    assert trace.scan()[0] == "finding_confirmed T.cusum"
    assert trace.last.facts[0].body["cause"] == "coolant-flow-lost"


def test_alarms_findings_that_never_were_and_operators_are_refused(drifted):
    trace, _ = drifted
    for name, role, why in (
        ("T.H", Role.ENGINEER, "an alarm, not a finding"),
        ("F.cusum", Role.ENGINEER, "was never raised"),
        ("T.cusum", Role.OPERATOR, "may not confirm_finding"),
    ):
        trace.ask(CONFIRM, name, role=role)
        assert trace.scan()[0] == f"request_refused {name}"
        assert why in trace.reason()
