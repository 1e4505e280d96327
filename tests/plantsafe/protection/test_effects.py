"""Causes and effects on a small plant, one scan a line: what the matrix expects against what valves show."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from plantsafe.frame import BAD
from plantsafe.protection import EffectCheck, EffectState
from plantsafe.verdict import Verdict

TEXT = {"en": "text", "zh": "文字"}
AIR = {"name": "air", "title": TEXT, "expression": '"D" > 1'}


def effect(name: str, *elements: str) -> dict[str, Any]:
    return {"name": name, "title": TEXT, "unit": "R1", "elements": list(elements), "preconditions": [AIR]}


def row(name: str, *cells: dict[str, Any], **cause: Any) -> dict[str, Any]:
    return {"name": name, "title": TEXT, "bypass_allowed": True, "cells": list(cells), **cause}


def cell(name: str, action: str, **more: Any) -> dict[str, Any]:
    return {"effect": name, "action": action, **more}


@dataclass
class Story:
    """Steps functions and effects of a plant; what is not named keeps its value."""

    watch: Any
    effects: EffectCheck

    def scan(self, *, scans: int = 1, status: dict[str, int] | None = None, **values: float) -> str:
        """After so many scans: the states of the effects in a word each, then the findings that hold."""
        for _ in range(scans):
            self.watch.scan(status=status, **values)
            verdict = Verdict(len(self.effects.conditions))
            self.effects.evaluate(self.watch.frame(status or {}), verdict, slice(None))
        states = [EffectState(int(code)).name.lower() for code in self.effects.live()["state"]]
        names = [condition.name for condition in self.effects.conditions]
        return " ".join([*states, *(names[i] for i in np.flatnonzero(verdict.active))])


@pytest.fixture
def story(watch_with: Callable[[dict[str, Any]], Any]) -> Callable[..., Story]:
    def make(rows: list[dict[str, Any]], effects: list[dict[str, Any]] | None = None) -> Story:
        watch = watch_with({"effects": effects or [effect("stop", "XV1", "XV2")], "causes_and_effects": rows})
        return Story(watch, EffectCheck(watch.plant, watch.check))

    return make


TRIP = row("C1", cell("stop", "X"), function="F1", reset_permit='"A" < 60')


def test_a_trip_is_waited_out_reset_and_over(story: Callable[..., Story]) -> None:
    s = story([TRIP])
    assert s.scan(scans=3) == "normal"
    assert s.scan(A=110, B=110) == "tripped"
    assert s.scan(TRIP=1, V1=0, V2=0) == "tripped"
    assert s.scan(A=80, B=50) == "waiting_reset_permit"
    assert s.scan(A=50) == "ready_to_reset"
    assert s.scan(scans=20) == "ready_to_reset"
    assert s.scan(TRIP=0) == "normal"
    assert s.scan(V1=1, V2=1) == "normal"


def test_an_effect_that_does_not_come_is_missing_when_its_time_is_over(story: Callable[..., Story]) -> None:
    s = story([TRIP])
    s.scan(scans=3)
    assert s.scan(A=110, B=110, TRIP=1, V1=0) == "tripped"
    assert s.scan(scans=5) == "tripped"  # 3 s of the function and 2 s to settle
    assert s.scan() == "tripped stop.missing"
    assert s.scan(V2=0) == "tripped"


def test_elements_that_move_by_themselves_are_unexplained_until_they_are_back(story: Callable[..., Story]) -> None:
    s = story([TRIP])
    s.scan(scans=3)
    assert s.scan(V1=0) == "normal"
    assert s.scan(V2=0) == "normal"
    assert s.scan(scans=2) == "normal stop.unexplained"
    assert s.scan(V1=1) == "normal"


def test_a_trip_that_is_told_a_scan_after_its_valves_explains_them(story: Callable[..., Story]) -> None:
    s = story([TRIP])
    s.scan(scans=3)
    assert s.scan(V1=0, V2=0) == "normal"
    assert s.scan(TRIP=1) == "ready_to_reset"
    assert s.scan(scans=10) == "ready_to_reset"


def test_valves_that_were_shut_from_the_beginning_are_no_difference(story: Callable[..., Story]) -> None:
    assert story([TRIP]).scan(scans=10, V1=0, V2=0) == "normal"


def test_positions_that_are_not_seen_leave_everything_as_it_was(story: Callable[..., Story]) -> None:
    s = story([TRIP])
    s.scan(scans=3)
    s.scan(A=110, B=110, TRIP=1, V1=0)
    assert s.scan(scans=6) == "tripped stop.missing"
    assert s.scan(scans=3, status={"V2": BAD}) == "tripped stop.missing"
    assert s.scan(V2=0) == "tripped"


def test_a_delayed_trip_waits_and_is_forgotten_when_its_cause_goes(story: Callable[..., Story]) -> None:
    s = story([row("C2", cell("stop", "T", delay_s=3), expression='"C" > 90')])
    s.scan(scans=2)
    assert s.scan(C=95) == "trip_delayed"
    assert s.scan(scans=2) == "trip_delayed"
    assert s.scan(C=50) == "normal"
    assert s.scan(C=95, scans=3) == "trip_delayed"
    assert s.scan() == "tripped"
    assert s.scan(V1=0, V2=0) == "tripped"
    assert s.scan(C=50) == "ready_to_reset"  # ours to remember: no function of the SIS shows a latch
    assert s.scan(V1=1) == "normal"


def test_a_permissive_holds_what_has_tripped_and_an_inhibit_what_is_safe(story: Callable[..., Story]) -> None:
    s = story([TRIP, row("C3", cell("stop", "P"), expression='"D" < 10')])
    s.scan(scans=3)
    assert s.scan(D=5) == "normal"
    s.scan(A=110, B=110, TRIP=1, V1=0, V2=0)
    assert s.scan(A=50, B=50, TRIP=0) == "waiting_start_permit"
    assert s.scan(V1=1, scans=3) == "waiting_start_permit stop.forbidden"
    assert s.scan(D=50) == "normal"
    s = story([row("C4", cell("stop", "I"), expression='"D" < 10')])
    assert s.scan(scans=3, V1=0, V2=0, D=5) == "normal"
    assert s.scan(V1=1, scans=3) == "normal stop.forbidden"


def test_a_start_up_override_is_seen_by_the_bypass_bits_of_the_function(story: Callable[..., Story]) -> None:
    s = story([row("C1", cell("stop", "X", override="start_up"), function="F1")])
    s.scan(scans=3)
    assert s.scan(A=110, B=110, C=110, A_byp=1) == "normal"
    assert s.scan(A_byp=0) == "tripped"


def test_an_element_of_two_effects_is_explained_by_either(story: Callable[..., Story]) -> None:
    rows = [row("C1", cell("both", "X"), function="F1"), row("C5", cell("one", "A"), expression='"D" < 1')]
    s = story(rows, [effect("both", "XV1", "XV2"), effect("one", "XV1")])
    s.scan(scans=3)
    assert s.scan(A=110, B=110, TRIP=1, V1=0, V2=0) == "tripped normal"
    assert s.scan(scans=10) == "tripped normal"


def test_a_restored_check_goes_on_as_if_it_had_not_stopped(story: Callable[..., Story]) -> None:
    s, again = story([TRIP]), story([TRIP])
    for one in (s, again):
        one.scan(scans=3)
        one.scan(A=110, B=110, TRIP=1, V1=0)
    fresh = EffectCheck(again.watch.plant, again.watch.check)
    fresh.load({name: array.copy() for name, array in again.effects.state().items()})
    again.effects = fresh
    assert [again.scan() for _ in range(8)] == [s.scan() for _ in range(8)]
