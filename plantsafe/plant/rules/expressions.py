"""Every expression of the file compiles, and names points that exist."""

from collections.abc import Iterator
from typing import Any

from plantsafe.plant.expression import ExpressionMistakeError, compile_expression
from plantsafe.plant.model.entry import Found
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.rules.view import View


def alarm_expressions(view: View, alarm: Any) -> Iterator[Found]:
    """What raises and what suppresses an alarm."""
    yield from _compiled(view, alarm, "suppress", ())


def raising_expressions(view: View, alarm: Any) -> Iterator[Found]:
    """What raises an expression alarm."""
    yield from _compiled(view, alarm, "expression", ())


def row_expressions(view: View, row: Any) -> Iterator[Found]:
    """A cause, and what permits its reset."""
    for key in ("expression", "reset_permit"):
        yield from _compiled(view, row, key, ())


def lock_expressions(view: View, unit: Any) -> Iterator[Found]:
    """When an agitator stands still, and when something is dosed."""
    if unit.restart_lock is not None:
        for key in ("stopped", "dosing"):
            yield from _compiled(view, unit.restart_lock, key, ("restart_lock",))


def preconditions(view: View, effect: Any) -> Iterator[Found]:
    """What an effect needs."""
    for i, condition in enumerate(effect.preconditions):
        yield from _compiled(view, condition, "expression", ("preconditions", i))


def _compiled(view: View, entry: Any, key: str, where: tuple[str | int, ...]) -> Iterator[Found]:
    try:
        text = getattr(entry, key, None)
    except NotKnownError:
        return
    if not isinstance(text, str):
        return
    try:
        compile_expression(text, view.point_row, "truth")
    except ExpressionMistakeError as error:
        wrong = error.wrong if error.column == 1 else f"{error.wrong} (at character {error.column})"
        yield Found((*where, key), wrong, error.mend, "expression")
