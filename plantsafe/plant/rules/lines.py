"""Continuous units: the points of a `line` measure what they stand for, and its limits can be seen."""

from collections.abc import Iterator
from typing import Any

from plantsafe.plant.model.entry import Found
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.rules.view import View
from plantsafe.plant.yaml_tree import Where


def line_has_its_points(view: View, unit: Any) -> Iterator[Found]:
    """Every point of a line is in its unit of measure."""
    if unit.line is None:
        return
    for where, name, eu in _points(unit.line):
        try:
            point = view.point(name)
            if point.eu != eu:
                wrong = f"{point.name} is in {point.eu or 'no unit of measure'}, not in {eu}"
                yield Found(("line", *where), wrong, f"name a point in {eu}", "line")
        except NotKnownError:
            continue


def line_limits_can_be_seen(view: View, unit: Any) -> Iterator[Found]:
    """What is normal and what is too much lies in the ranges of the points; what runs back can be shown."""
    line = unit.line
    if line is None:
        return
    most = sum(view.point(name).range[1] for name in line.feeds)
    if line.normal_kg_h > most:
        wrong = f"{line.normal_kg_h:g} kg/h is more than the feeds can show, {most:g} kg/h"
        yield Found(("line", "normal_kg_h"), wrong, "correct it or the ranges", "line")
    for i, name in enumerate(line.direction):
        low = view.point(name).range[0]
        if low >= 0:
            wrong = f"the range of {name} begins at {low:g}: it cannot show that something runs back"
            yield Found(("line", "direction", i), wrong, "name a point whose range begins below zero", "line")
    if line.hold_up is not None:
        full = sum(view.point(one.point).range[1] * one.kg_per_unit for one in line.hold_up.inventories)
        if line.hold_up.limit_kg >= full:
            wrong = f"{line.hold_up.limit_kg:g} kg is not below the {full:g} kg that can be shown"
            yield Found(("line", "hold_up", "limit_kg"), wrong, "correct the limit or the inventories", "line")
    if line.profile is not None:
        for i, one in enumerate(line.profile.normal):
            for j, (place, t_c) in enumerate(zip(line.profile.points, one.temperatures_c, strict=False)):
                low, high = view.point(place.point).range
                if not low <= t_c <= high:
                    wrong = f"{t_c:g} °C is outside the range {low:g} to {high:g} of {place.point}"
                    where = ("line", "profile", "normal", i, "temperatures_c", j)
                    yield Found(where, wrong, "correct the temperature", "line")


def _points(line: Any) -> Iterator[tuple[Where, str, str]]:
    """Place in the line, name and unit of measure of each point."""
    for i, name in enumerate(line.feeds):
        yield ("feeds", i), name, "kg/h"
    if line.outlet is not None:
        yield ("outlet",), line.outlet, "kg/h"
    if line.pressure_drop is not None:
        yield ("pressure_drop", "point"), line.pressure_drop.point, "kPa"
    if line.profile is not None:
        for i, one in enumerate(line.profile.points):
            yield ("profile", "points", i, "point"), one.point, "°C"
        if line.profile.reference is not None:
            yield ("profile", "reference"), line.profile.reference, "°C"
    if line.hold_up is not None:
        yield ("hold_up", "inflow"), line.hold_up.inflow, "kg/h"
        yield ("hold_up", "outflow"), line.hold_up.outflow, "kg/h"
    if line.conveyor is not None:
        for key, eu in (("current", "A"), ("discharge", "kg/h"), ("temperature", "°C")):
            yield ("conveyor", key), getattr(line.conveyor, key), eu
