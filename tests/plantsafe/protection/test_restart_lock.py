"""Restart lock: a stop with something dosed locks the unit until two people confirmed, one line a scan."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from plantsafe.frame import BAD
from plantsafe.protection import RestartCheck
from plantsafe.request import Request, RequestKind, Role
from plantsafe.verdict import Verdict

TEXT = {"en": "text", "zh": "文字"}
COLD = {"name": "cold", "title": {"en": "Cold", "zh": "冷"}, "expression": '"A" < 60'}
SAMPLE = {"name": "sample", "title": TEXT, "register_entry": "LAB"}
MORE = {
    "units": [
        {
            "name": "R1", "title": TEXT, "workshop": "W1", "process": "nitration_semibatch",
            "restart_lock": {"stopped": '"B" < 20', "dosing": '"C" > 10', "after_s": 5, "effect": "restart"},
        }
    ],
    "effects": [{"name": "restart", "title": TEXT, "unit": "R1", "preconditions": [COLD, SAMPLE]}],
    "registers": {"samples": [{"name": "LAB", "title": TEXT, "unit": "R1", "every_h": 8, "eu": "%"}]},
}  # fmt: skip
GOOD = {"temperature": 58.0, "sample": "LAB 17: 0.4 %"}


class Story:
    def __init__(self, watch: Any) -> None:
        self.watch, self.check = watch, RestartCheck(watch.plant)
        self.kinds: list[str] = []

    def scan(self, *, scans: int = 1, status: dict[str, int] | None = None, **values: float) -> str:
        """A is the temperature, B the speed, C what is dosed. Returns what holds."""
        for _ in range(scans):
            self.watch.scan(status=status, **values)
            verdict = Verdict(len(self.check.conditions))
            self.check.evaluate(self.watch.frame(status or {}), verdict, slice(None))
            self.kinds += [fact.kind for fact in verdict.facts]
        names = [condition.name for condition in self.check.conditions]
        return " ".join(names[i].removeprefix("R1.") for i in np.flatnonzero(verdict.active))

    def confirm(self, *, actor: str = "Li Na", second: str = "Wang Fang", **changes: Any) -> str:
        request = Request(
            id="1", kind=RequestKind.RESTART_CONFIRM, subject="R1", occurrence=0, actor=actor, role=Role.ENGINEER,
            second_actor=second, made_ns=0, valid_until_ns=2**62, body={**GOOD, **changes},
        )  # fmt: skip
        reason, done, _ = self.check.decide(request, self.watch.number)
        return reason or done


@pytest.fixture
def story(watch_with: Callable[[dict[str, Any]], Any]) -> Story:
    s = Story(watch_with(MORE))
    s.scan(scans=3, A=55.0, B=120.0, C=50.0)
    return s


def test_a_stop_with_dosing_locks_after_its_time_and_stays_locked(story: Story) -> None:
    assert story.scan(B=0.0) == ""
    assert story.scan(scans=5, C=0.0) == ""
    assert story.scan() == "restart_locked"
    assert story.kinds == ["restart_locked"]
    assert story.scan(scans=500) == "restart_locked"


def test_a_stop_without_dosing_and_a_short_one_lock_nothing(story: Story) -> None:
    assert story.scan(B=0.0, C=0.0, scans=60) == ""
    assert story.scan(B=120.0, C=50.0) == ""
    assert story.scan(B=0.0, scans=5) == ""
    assert story.scan(B=120.0, scans=10) == ""


def test_what_is_dosed_late_in_a_stop_locks_too(story: Story) -> None:
    assert story.scan(B=0.0, C=0.0, scans=60) == ""
    assert story.scan(C=50.0) == "restart_locked"


def test_a_restart_before_the_confirmation_is_told_until_it_is_confirmed(story: Story) -> None:
    story.scan(B=0.0, scans=10)
    assert story.scan(B=120.0) == "restart_locked restarted"
    assert story.scan(scans=20) == "restart_locked restarted"
    assert story.confirm() == "restart_confirmed"
    assert story.scan(scans=20) == ""


def test_a_confirmation_needs_two_people_a_temperature_a_sample_and_the_preconditions(story: Story) -> None:
    assert story.confirm() == "R1 is not locked"
    story.scan(B=0.0, scans=10)
    assert story.confirm(second="") == "a restart needs a second person who confirms it too"
    assert story.confirm(second="li na ") == "Li Na confirmed it already; another person must do so too"
    assert story.confirm(temperature="58") == "a confirmation needs the temperature that was read"
    assert story.confirm(sample=" ") == "a confirmation needs the number and the result of the sample"
    story.scan(A=75.0)
    assert story.confirm() == "Cold: does not hold"
    story.scan(A=55.0, status={"A": BAD})
    assert story.confirm() == "Cold: cannot be judged now"
    story.scan(A=55.0)
    assert story.confirm() == "restart_confirmed"


def test_dosing_that_goes_on_locks_again_after_the_confirmation(story: Story) -> None:
    story.scan(B=0.0, scans=10)
    assert story.confirm() == "restart_confirmed"
    assert story.scan(scans=5) == ""
    assert story.scan(scans=2) == "restart_locked"


def test_values_that_are_not_seen_neither_lock_nor_unlock_but_unseen_dosing_counts(story: Story) -> None:
    assert story.scan(scans=60, status={"B": BAD}) == ""
    assert story.scan(B=0.0, C=0.0, scans=10, status={"C": BAD}) == "restart_locked"
    assert story.scan(scans=10, status={"B": BAD}) == "restart_locked"


def test_a_restored_lock_is_still_locked(story: Story) -> None:
    story.scan(B=0.0, scans=10)
    fresh = RestartCheck(story.watch.plant)
    fresh.load({name: array.copy() for name, array in story.check.state().items()})
    story.check = fresh
    assert story.scan() == "restart_locked"
