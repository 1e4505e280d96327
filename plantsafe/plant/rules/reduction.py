"""Points whose history is reduced: nothing may judge them, now or later from what is kept."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from plantsafe.plant.assemble import SECTIONS
from plantsafe.plant.expression import ExpressionMistakeError, points_of
from plantsafe.plant.model.entry import Found
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.rules.names import named
from plantsafe.plant.rules.view import View

_SHOWN_ONLY = ("units", "display")
_EXPRESSIONS = ("expression", "suppress", "reset_permit", "stopped", "dosing")


def reduced_are_under_no_check(view: View) -> Iterator[Found]:
    """An alarm, a function, a heartbeat, a parameter, a count, a fast group, an expression: each needs every value."""
    reduced: dict[str, int] = {}
    for i, point in enumerate(view.section("points")):
        with suppress(NotKnownError):
            if point.reduce_deadband:
                reduced[point.name] = i
    if not reduced:
        return
    for section in SECTIONS:
        for entry in view.section(*section):
            for name, what in _used(section, entry):
                if name in reduced:
                    wrong = f"{name} is used by {what}, which needs every value as it was read"
                    mend = "leave reduce_deadband out; only a point that nothing judges can be reduced"
                    yield Found(("points", reduced.pop(name), "reduce_deadband"), wrong, mend, "reduction")


def stamps_are_not_judged(view: View, point: Any) -> Iterator[Found]:
    """With a value its time is held, too."""
    if point.reduce_deadband and view.source(point.source).max_source_age_s:
        wrong = f"source {point.source} is judged by the age of its stamps (max_source_age_s)"
        yield Found(("reduce_deadband",), wrong, "leave reduce_deadband out", "reduction")


def _used(section: tuple[str, ...], entry: Any) -> Iterator[tuple[str, str]]:
    """Points that an entry names, with the words for it."""
    for where, kind, name in named(entry):
        if kind == "point" and (section[0], where[0]) != _SHOWN_ONLY:
            yield name, f"{_called(entry)} ({'.'.join(str(step) for step in (*section, *where))})"
    parts = [entry]
    with suppress(NotKnownError, AttributeError):
        parts += entry.preconditions
    with suppress(NotKnownError, AttributeError):
        parts.append(entry.restart_lock)
    for part in parts:
        for key in _EXPRESSIONS:
            with suppress(NotKnownError, AttributeError, ExpressionMistakeError):
                text = getattr(part, key)
                if isinstance(text, str):
                    for name in points_of(text):
                        yield name, f"the {key} of {_called(entry)}"


def _called(entry: Any) -> str:
    try:
        return str(entry.name)
    except (NotKnownError, AttributeError):
        return "an entry"
