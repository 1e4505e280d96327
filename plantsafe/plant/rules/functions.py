"""Safety functions against their points, their sources and one another; causes and effects against functions."""

from collections.abc import Iterator
from typing import Any

from plantsafe.plant.model.entry import Found
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.reliability import specified_pfd
from plantsafe.plant.rules.view import View
from plantsafe.plant.yaml_tree import Where

FAST_RESPONSE_S = 5.0  # below it a scan of a second cannot tell early from late; site default
RESOLUTION_SHARE = 0.1  # of the required response, for a fast group; site default


def setpoint_is_in_range(view: View, function: Any) -> Iterator[Found]:
    """Every channel can reach the setpoint."""
    for channel in function.inputs:
        try:
            low, high = view.point(channel.point).range
            if function.setpoint < low or function.setpoint > high:
                wrong = f"setpoint {function.setpoint:g} is outside the range {low:g} to {high:g} of {channel.point}"
                yield Found(("setpoint",), wrong, "correct the setpoint or the range", "limit-range")
                return
        except NotKnownError:
            continue


def channels_are_apart(_: View, function: Any) -> Iterator[Found]:
    """No transmitter or bypass bit votes twice."""
    for key in ("point", "bypass", "fault"):
        seen: set[str] = set()
        for i, channel in enumerate(function.inputs):
            try:
                name = getattr(channel, key)
            except NotKnownError:
                continue
            if isinstance(name, str) and name in seen:
                wrong = f"{name} is in another channel of {function.name} already"
                yield Found(("inputs", i, key), wrong, "name the point of this channel", "vote")
            elif isinstance(name, str):
                seen.add(name)


def response_can_be_seen(view: View, function: Any) -> Iterator[Found]:
    """A response under 5 s needs a fast group of at most a tenth of it, or stamps of the SIS."""
    if function.events == "sis_buffer" or not function.response_s < FAST_RESPONSE_S:
        return
    need = function.response_s * RESOLUTION_SHARE
    if function.events == "scan" and view.head.scan_period_s > need:
        wrong = f"a response of {function.response_s:g} s cannot be told at a scan of {view.head.scan_period_s:g} s"
        mend = "write events: sis_buffer, or events: fast_group and its points in a fast group of the source"
        yield Found(("response_s",), wrong, mend, "response")


def fast_group_has_it(view: View, function: Any) -> Iterator[Found]:
    """With events: fast_group, inputs, trip bit and feedbacks are in a group that is fast enough."""
    if function.events != "fast_group":
        return
    period = {
        name: group.period_s
        for source in view.section("sources")
        for group in source.fast_groups
        for name in group.points
        if isinstance(name, str)
    }
    need = function.response_s * RESOLUTION_SHARE
    wanted = [channel.point for channel in function.inputs]
    for name in (*wanted, function.tripped, *(element.feedback for element in function.elements)):
        if name not in period:
            wrong = f"{name} is in no fast group"
            yield Found(("events",), wrong, f"add {name} to a fast group of its source", "fast-group")
        elif period[name] > need:
            wrong = f"{name} is read every {period[name]:g} s, for a response of {function.response_s:g} s"
            yield Found(("events",), wrong, f"read it every {need:g} s", "fast-group")


def buffer_has_it(view: View, function: Any) -> Iterator[Found]:
    """With events: sis_buffer, one event buffer has codes for the inputs, the trip bit and the feedbacks."""
    if function.events != "sis_buffer":
        return
    wanted = [channel.point for channel in function.inputs]
    wanted += [function.tripped, *(element.feedback for element in function.elements)]
    missing = [
        [name for name in wanted if name not in {one.point for one in source.event_buffer.codes}]
        for source in view.section("sources")
        if source.event_buffer is not None
    ]
    if not missing:
        mend = "declare the event_buffer of its source, or write events: fast_group"
        yield Found(("events",), "no source has an event buffer", mend, "event-buffer")
    elif all(missing):
        least = sorted(missing, key=len)[0]
        wrong = f"no event buffer has a code for {', '.join(least)}"
        yield Found(
            ("events",), wrong, "add it to the codes of the buffer, or write events: fast_group", "event-buffer"
        )


def fast_group_is_one(view: View, function: Any) -> Iterator[Found]:
    """A vote, and a state of final elements, is told from values of one read: their points are in one group."""
    if function.events != "fast_group":
        return
    group = {
        name: (source.name, group.name)
        for source in view.section("sources")
        for group in source.fast_groups
        for name in group.points
        if isinstance(name, str)
    }
    for key, names in (
        ("inputs", [channel.point for channel in function.inputs]),
        ("elements", [element.feedback for element in function.elements]),
    ):
        groups = sorted({"/".join(group[name]) for name in names if name in group})
        if len(groups) > 1:
            wrong = f"its {key} are spread over the fast groups {', '.join(groups)}"
            yield Found((key,), wrong, "put them into one group, or write events: scan", "fast-group")


def trip_bit_is_a_state(view: View, function: Any) -> Iterator[Found]:
    """The SIS output is a bit."""
    if view.point(function.tripped).kind != "state":
        yield Found(("tripped",), f"{function.tripped} is no state point", "name the output bit of the SIS", "kind")


def safe_values_can_be_seen(view: View, function: Any) -> Iterator[Found]:
    """The feedback can show the safe state."""
    for i, element in enumerate(function.elements):
        try:
            low, high = view.point(element.feedback).range
            if element.safe_value < low or element.safe_value > high:
                wrong = f"{element.safe_value:g} is outside the range {low:g} to {high:g} of {element.feedback}"
                yield Found(("elements", i, "safe_value"), wrong, "write the value in the safe state", "limit-range")
        except NotKnownError:
            continue


def modes_exist(view: View, function: Any) -> Iterator[Found]:
    """The hazardous values are codes of the mode's point."""
    if function.hazardous_mode is None:
        return
    states = view.point(function.hazardous_mode).states
    for i, value in enumerate(function.hazardous_values):
        if states and value not in states:
            wrong = f"{function.hazardous_mode} has no state {value:g}"
            yield Found(("hazardous_values", i), wrong, f"write one of {', '.join(map(str, states))}", "mode")


def elements_agree(view: View) -> Iterator[Found]:
    """One final element has one feedback and one safe value, whichever function drives it."""
    first: dict[str, tuple[str, float, str]] = {}
    for i, function in enumerate(view.section("functions")):
        try:
            elements = tuple(enumerate(function.elements))
        except NotKnownError:
            continue
        for j, element in elements:
            try:
                now = (element.feedback, element.safe_value, function.name)
                was = first.setdefault(element.name, now)
            except NotKnownError:
                continue
            if was[0] != now[0] or was[1] - now[1] > 0 or now[1] - was[1] > 0:
                wrong = f"{element.name} has feedback {was[0]}, safe at {was[1]:g}, in {was[2]}"
                yield Found(("functions", i, "elements", j, "feedback"), wrong, "write the same in both", "element")


def strokes_agree(view: View) -> Iterator[Found]:
    """One final element has one stroke and one partner, whichever function drives it; a pair is of two."""
    first: dict[tuple[str, str], tuple[Any, str]] = {}
    for i, function in enumerate(view.section("functions")):
        try:
            elements = tuple(enumerate(function.elements))
        except NotKnownError:
            continue
        for j, element in elements:
            for key in ("stroke_s", "pair"):
                try:
                    now = getattr(element, key)
                    if now is None:
                        continue
                    was, where = first.setdefault((element.name, key), (now, function.name))
                except NotKnownError:
                    continue
                if was != now:
                    wrong = f"{element.name} has {key} {was} in {where}, and {now} in {function.name}"
                    yield Found(("functions", i, "elements", j, key), wrong, "write the same in both", "element")
                elif key == "pair" and now == element.name:
                    mend = "name the other element of the double block"
                    yield Found(
                        ("functions", i, "elements", j, key), "an element is no pair by itself", mend, "element"
                    )


def shown_setpoint_is_analog(view: View, function: Any) -> Iterator[Found]:
    """What the SIS shows as its setpoint is a value in the unit of the inputs, and can show the setpoint."""
    if function.setpoint_readback is None:
        return
    shown, channel = view.point(function.setpoint_readback), view.point(function.inputs[0].point)
    if shown.eu != channel.eu:
        wrong = f"{shown.name} is in {shown.eu!r}, {channel.name} in {channel.eu!r}"
        yield Found(("setpoint_readback",), wrong, "name the setpoint in the unit of its inputs", "unit-of-measure")
    elif not shown.range[0] <= function.setpoint <= shown.range[1]:
        wrong = f"{shown.name} cannot show {function.setpoint:g}"
        yield Found(("setpoint_readback",), wrong, "correct its range", "limit-range")


def rows_cover_elements(view: View, row: Any) -> Iterator[Found]:
    """A row of a function has an effect that trips for each of its final elements."""
    if row.function is None:
        return
    function = next((one for one in view.section("functions") if one.name == row.function), None)
    if function is None:
        return
    effects = {effect.name: effect for effect in view.section("effects")}
    driven: set[str] = set()
    for cell in row.cells:
        if cell.effect not in effects:
            return
        if cell.action in ("X", "T"):
            driven.update(effects[cell.effect].elements)
    for element in function.elements:
        if element.name not in driven:
            wrong = f"{row.function} drives {element.name}, but no effect of this row does"
            yield Found(("cells",), wrong, f"add a cell with an effect that has {element.name}", "cause-effect")


def functions_have_rows(view: View) -> Iterator[Found]:
    """Where there is a matrix, each function is in it."""
    rows = view.assembled.entries[("causes_and_effects",)]
    if not rows:
        return
    covered = {row.get("function") for row in rows if isinstance(row, dict) and isinstance(row.get("function"), str)}
    for i, name in view.names(("functions",)):
        if name not in covered:
            wrong = f"{name} has no row in causes_and_effects"
            yield Found(("functions", i), wrong, f"add a row with function: {name}", "cause-effect")


def reduction_is_reached(_: View, function: Any) -> Iterator[Found]:
    """The specified data give the specified risk reduction."""
    if function.reliability is None:
        return
    pfd = specified_pfd(function)
    if pfd > 1.0 / function.rrf:
        wrong = f"its data give a PFDavg of {pfd:.2e}, more than 1/{function.rrf:g}"
        mend = "correct the data, test more often, or specify another architecture"
        yield Found(("reliability",), wrong, mend, "reliability")


def rows_agree(view: View) -> Iterator[Found]:
    """The same cause does the same to an effect, wherever the table says so; and it does not also hinder it."""
    first: dict[tuple[str, str, str], tuple[Where, str]] = {}
    for i, row in enumerate(view.section("causes_and_effects")):
        try:
            cause = _cause(row)
            cells = tuple(enumerate(row.cells))
        except NotKnownError:
            continue
        for j, cell in cells:
            where: Where = ("causes_and_effects", i, "cells", j, "action")
            try:
                says = _cell_in_words(cell)
                key = (*cause, cell.effect)
            except NotKnownError:
                continue
            other, said = first.setdefault(key, (where, says))
            if other == where:
                continue
            if said != says:
                wrong = f"{cause[1]} does {says} to {cell.effect}, and {said} at {view.assembled.line(other)}"
            else:
                wrong = f"{cause[1]} and {cell.effect} meet here and at {view.assembled.line(other)}"
            yield Found(where, wrong, "write what holds in one of the two and remove the other", "cause-effect")


def _cause(row: Any) -> tuple[str, str]:
    for kind in ("function", "alarm", "expression"):
        named = getattr(row, kind)
        if isinstance(named, str):
            return kind, " ".join(named.split()) if kind == "expression" else named
    raise NotKnownError("cause")


def _cell_in_words(cell: Any) -> str:
    delay = f"({cell.delay_s:g} s)" if cell.action == "T" else ""
    reset = "" if cell.reset else " without reset"
    return f"{cell.action}{delay}{reset}{' with start-up override' if cell.override != 'none' else ''}"
