"""Alarms against their points, one another, the trips and the phases."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from plantsafe.plant.model.entry import Found
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.rules.view import View

_ORDER = ("LL", "L", "H", "HH")


def limit_is_in_range(view: View, alarm: Any) -> Iterator[Found]:
    """A limit that the instrument cannot reach never alarms."""
    low, high = view.point(alarm.point).range
    if alarm.limit < low or alarm.limit > high:
        wrong = f"limit {alarm.limit:g} is outside the range {low:g} to {high:g} of {alarm.point}"
        mend = "a limit that the instrument cannot reach never alarms: correct the limit or the range"
        yield Found(("limit",), wrong, mend, "limit-range")


def nitration_comes_at_once(view: View, alarm: Any) -> Iterator[Found]:
    """No delay on the high-high temperature of a nitration."""
    if alarm.direction != "HH" or not (alarm.on_delay_s > 0 or alarm.off_delay_s > 0):
        return
    unit = view.unit(view.point(alarm.point).unit)
    if unit.nitrates and alarm.point in unit.parameters.get("reactor_temperature", ()):
        for key in ("on_delay_s", "off_delay_s"):
            if getattr(alarm, key) > 0:
                wrong = "a delay on the high-high temperature of a nitration"
                yield Found((key,), wrong, "remove it: this alarm is shown at once", "delay")


def comes_before_the_trip(view: View, alarm: Any) -> Iterator[Found]:
    """An alarm beyond the trip of what it measures tells people too late."""
    high = alarm.direction in ("H", "HH")
    for side, setpoint, name in trips(view).get(alarm.point, ()):
        if side == ("H" if high else "L") and (alarm.limit > setpoint if high else alarm.limit < setpoint):
            wrong = f"{alarm.direction} at {alarm.limit:g} comes after the trip of {name} at {setpoint:g}"
            yield Found(("limit",), wrong, f"write a limit before {setpoint:g}", "alarm-beyond-trip")


def trips(view: View) -> dict[str, tuple[tuple[str, float, str], ...]]:
    """Direction, setpoint and function of the trips on a point, or on one that measures the same."""
    made: dict[str, tuple[tuple[str, float, str], ...]] | None = view.__dict__.get("_trips")
    if made is None:
        found: dict[str, dict[tuple[str, float, str], None]] = defaultdict(dict)
        same = _twins(view)
        for function in view.section("functions"):
            try:
                trip = (function.direction, function.setpoint, function.name)
                for channel in function.inputs:
                    for name in (channel.point, *same.get(channel.point, ())):
                        found[name][trip] = None
            except NotKnownError:
                continue
        made = {name: tuple(all_of) for name, all_of in found.items()}
        view.__dict__["_trips"] = made
    return made


def _twins(view: View) -> dict[str, set[str]]:
    """Points that measure the same: declared, or under one monitored parameter in one unit of measure."""
    same: dict[str, set[str]] = defaultdict(set)
    for point in view.section("points"):
        try:
            if point.same_as is not None and view.point(point.same_as).eu == point.eu:
                same[point.same_as].add(point.name)
                same[point.name].add(point.same_as)
        except NotKnownError:
            continue
    for unit in view.section("units"):
        try:
            groups = list(unit.parameters.values())
        except NotKnownError:
            continue
        for group in groups:
            known = [name for name in group if isinstance(name, str) and name in view.known["point"]]
            for one in known:
                for other in known:
                    try:
                        if one != other and view.point(one).eu == view.point(other).eu:
                            same[one].add(other)
                    except NotKnownError:
                        continue
    return same


_Limit = tuple[int, float, float, int]  # rank in _ORDER, limit, deadband, number of the alarm


def limits_are_in_order(view: View) -> Iterator[Found]:
    """LL < L < H < HH on each point."""
    for name, (rank, limit, _, i), (next_rank, next_limit, _, j) in _neighbours(view):
        if limit >= next_limit:
            wrong = f"{_ORDER[rank]} at {limit:g} is not below {_ORDER[next_rank]} at {next_limit:g} of {name}"
            yield Found(("alarms", max(i, j), "limit"), wrong, "write LL < L < H < HH", "limit-order")


def deadbands_leave_room(view: View) -> Iterator[Found]:
    """A deadband is at most half of the distance to the next limit."""
    for _, (_, limit, band, i), (_, next_limit, next_band, j) in _neighbours(view):
        room = (next_limit - limit) / 2.0
        for at, own in ((i, band), (j, next_band)):
            if own > room > 0:
                wrong = f"deadband {own:g} is over half of the distance from {limit:g} to {next_limit:g}"
                yield Found(("alarms", at, "deadband"), wrong, f"write at most {room:g}", "deadband")


def _neighbours(view: View) -> Iterator[tuple[str, _Limit, _Limit]]:
    """Neighbouring limits of different rank on the same point."""
    of_point: dict[str, list[_Limit]] = defaultdict(list)
    for i, alarm in enumerate(view.section("alarms")):
        try:
            of_point[alarm.point].append((_ORDER.index(alarm.direction), alarm.limit, alarm.deadband, i))
        except NotKnownError:
            continue
    for name, alarms in of_point.items():
        if len(alarms) > 1:
            alarms.sort(key=lambda one: one[0])
            yield from ((name, one, other) for one, other in pairwise(alarms) if one[0] != other[0])


def groups_have_members(view: View) -> Iterator[Found]:
    """A first-out group has at least two alarms."""
    members: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for section in ("alarms", "expression_alarms"):
        for i, alarm in enumerate(view.section(section)):
            try:
                if isinstance(alarm.first_out, str):
                    members[alarm.first_out].append((section, i))
            except NotKnownError:
                continue
    for group, places in members.items():
        if len(places) == 1:
            wrong = f"first-out group {group} has this alarm alone"
            yield Found((*places[0], "first_out"), wrong, "name the same group in another alarm", "first-out")


def guidance_names_phases(view: View, alarm: Any) -> Iterator[Found]:
    """Guidance by phase is for phases of the alarm's unit."""
    if not alarm.guidance_by_phase:
        return
    unit = view.unit(alarm.unit if hasattr(type(alarm), "unit") or "unit" in alarm.__dict__ else _unit(view, alarm))
    known = {phase.name for phase in unit.phases}
    for name in alarm.guidance_by_phase:
        if name not in known:
            mend = f"write one of {', '.join(sorted(known))}" if known else f"describe the phases of {unit.name}"
            yield Found(("guidance_by_phase", name), f"{unit.name} has no phase {name!r}", mend, "reference")


def _unit(view: View, alarm: Any) -> Any:
    return view.point(alarm.point).unit
