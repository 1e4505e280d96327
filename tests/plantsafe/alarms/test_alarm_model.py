"""The book against the written reference, act by act and scan by scan; the journal says the same at every point."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from alarm_reference import ReferenceAlarm
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.journal.chain import GENESIS, chained
from plantsafe.journal.project import STATE_KINDS, open_conditions
from plantsafe.request import RequestKind
from plantsafe.scan.engine import Engine

Step = tuple[str, bool, bool, int]
ACTS = ("", "", "", "ack", "reset", "shelve", "one_shot", "unshelve", "out", "back", "restart")
STEP = st.tuples(st.sampled_from(ACTS), st.booleans(), st.booleans(), st.integers(1, 70))


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "latching"])
def pair(request: Any, make_trace: Callable[..., Any], small_document: dict[str, Any]) -> Callable[[], tuple[Any, Any]]:
    """A trace whose F.L is hidden while T is over 100, and the reference of F.L."""
    alarms = [dict(alarm) for alarm in small_document["alarms"] if alarm["name"] in ("F.L", "P.H")]
    alarms[0] |= {"suppress": '"P" > 45', "shelve_max_min": 1, "latching": request.param}

    def make() -> tuple[Any, ReferenceAlarm]:
        trace = make_trace(alarms=alarms)
        trace.scan()
        return trace, ReferenceAlarm(latching=request.param)

    return make


def ask(trace: Any, reference: ReferenceAlarm, act: str, scans: int) -> str:
    """The act, of both; returns what the reference says."""
    now = trace.number + 1
    match act:
        case "ack":
            trace.ack("F.L")
            return reference.acknowledge()
        case "reset":
            trace.ask(RequestKind.RESET, "F.L")
            return reference.reset()
        case "shelve" | "one_shot":
            once = act == "one_shot"
            trace.ask(RequestKind.SHELVE, "F.L", minutes=(scans + 0.5) / 60, one_shot=once, comment="x")
            return reference.shelve(now, scans, once)
        case "unshelve":
            trace.ask(RequestKind.UNSHELVE, "F.L")
            return reference.take_off()
        case "out":
            trace.ask(RequestKind.OUT_OF_SERVICE, "F.L", second="Wang Wei", permit="M1", comment="x")
            return reference.out_of_service()
        case "back":
            trace.ask(RequestKind.RETURN_TO_SERVICE, "F.L")
            return reference.back()
        case _:
            return ""


class Follower:
    """Takes steps of both, and keeps the journal that the trace would have written."""

    def __init__(self, trace: Any, reference: ReferenceAlarm) -> None:
        self.trace, self.reference = trace, reference
        self.rows: list[Any] = []
        self.annunciations = 0

    def step(self, act: str, holds: bool, by_design: bool, scans: int) -> None:
        trace, reference = self.trace, self.reference
        if act == "restart":
            again = Engine(trace.engine.plant, approved=True)
            again.restore(trace.engine.snapshot())
            trace.engine = again
        refused = ask(trace, reference, act, scans)
        trace.scan(F=5.0 if holds else 20.0, P=48.0 if by_design else 40.0)
        reference.scan(trace.number, holds=holds, by_design=by_design)
        if refused:
            assert refused in trace.reason()
        else:
            assert not trace.reason()
        mine = [fact for fact in trace.last.facts if fact.subject == "F.L"]
        self.annunciations += sum(bool(fact.body.get("annunciates")) for fact in mine)
        book = trace.engine.book
        entry = book.open().get("F.L")
        assert trace.state("F.L") == reference.state
        assert set(entry.suppression if entry else ()) == reference.hidden
        assert self.annunciations == reference.annunciations
        if "shelved" in reference.hidden:
            assert entry is not None
            assert entry.shelf_until == reference.until
        self.rows += chained(
            [fact for fact in mine if fact.kind in STATE_KINDS], scan=trace.number, time_ns=0, seq=0, previous=GENESIS
        )

    def journal_agrees(self) -> None:
        said = open_conditions(self.rows).get("F.L")
        lives = self.trace.engine.book.open().get("F.L")
        assert (said is None) == (lives is None)
        assert said is None or said.agrees(lives)


@given(steps=st.lists(STEP, max_size=80))
def test_the_book_and_the_journal_follow_the_reference(pair: Any, steps: list[Step]) -> None:
    follower = Follower(*pair())
    for step in steps:
        follower.step(*step)
        follower.journal_agrees()


def _walk(pair: Any, n: int, seed: int) -> None:
    dice, follower = random.Random(seed), Follower(*pair())
    holds = by_design = False
    for i in range(n):
        holds ^= dice.random() < 0.25
        by_design ^= dice.random() < 0.1
        act = dice.choice(ACTS) if dice.random() < 0.7 else ""
        follower.step(act, holds, by_design, dice.randint(1, 70))
        if i % 500 == 0:
            follower.journal_agrees()
            follower.trace.frames.clear()
        if dice.random() < 0.02:
            follower.trace.number += 8 * 3600  # the next shift


def test_two_thousand_steps(pair: Any) -> None:
    _walk(pair, 2_000, 1)


@pytest.mark.long
def test_a_hundred_thousand_steps(pair: Any) -> None:
    _walk(pair, 100_000, 7)
