"""The functions that are nearest to their trip: the distance, and when it comes at the present slope."""

from html import escape
from math import isinf

import numpy as np

from dashboards.language import Tongue
from dashboards.numbers import decimals, duration, limit_text, number, with_eu
from dashboards.picture import Picture
from plantsafe.plant import Plant
from plantsafe.protection.approach import Approach, approach, nearest_first
from plantsafe.protection.tables import FunctionTable, compile_functions

MOST = 5  # site default
_TABLES: dict[str, FunctionTable] = {}


def nearest_trips(picture: Picture, tongue: Tongue) -> str:
    """A table of the nearest few; functions that are not needed now are left out."""
    plant = picture.plant
    if not plant.file.functions:
        return ""
    table = _table_of(plant)
    found = approach(table, picture.tail, plant.file.scan_period_s)
    span = (plant.points.high - plant.points.low)[table.input[np.arange(len(table.names)), found.channel]]
    needed = picture.functions("needed")
    rows = [i for i in nearest_first(found, span).tolist() if needed is None or needed[i]][:MOST]
    heads = (tongue("Nearest trips"), tongue("Value"), tongue("Trip"), tongue("Distance"), tongue("At this slope"))
    head = "".join(f"<th{' class=ps-num' if i else ''}>{escape(text)}</th>" for i, text in enumerate(heads))
    body = "".join(_row(picture, i, found, tongue) for i in rows)
    return f"<table class='ps'><tr>{head}</tr>{body}</table>"


def _row(picture: Picture, i: int, found: Approach, tongue: Tongue) -> str:
    function = picture.plant.file.functions[i]
    row = picture.plant.points.row[function.inputs[int(found.channel[i])].point]
    point, value = picture.plant.entries[row], float(picture.frame.value[row])
    digits, time_s = decimals(point.resolution), float(found.time_s[i])
    when = tongue("not nearer") if isinf(time_s) else tongue("beyond") if time_s <= 0.0 else duration(time_s)
    cells = (
        with_eu(number(value, digits), point.eu),
        f"{'>' if function.direction == 'H' else '<'} {with_eu(limit_text(function.setpoint), point.eu)}",
        with_eu(number(float(found.distance_eu[i]), digits), point.eu),
        when,
    )
    name = f"<b>{escape(function.name)}</b> {escape(tongue.text(function.title))} <span class='ps-quiet'>"
    numbers = "".join(f"<td class='ps-num'>{escape(text)}</td>" for text in cells)
    return f"<tr><td>{name}{escape(point.name)}</span></td>{numbers}</tr>"


def _table_of(plant: Plant) -> FunctionTable:
    """Compiled once a plant description; few a process, kept for its life."""
    if plant.hash not in _TABLES:
        _TABLES[plant.hash] = compile_functions(plant)
    return _TABLES[plant.hash]
