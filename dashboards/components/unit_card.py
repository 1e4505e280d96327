"""One process unit on the overview: is it protected, do its points keep their distance, how old are they."""

from html import escape

import numpy as np

from dashboards.components.glyph import alarm_glyph, quality_mark, spark
from dashboards.components.protection import answer, unit_status
from dashboards.language import Tongue
from dashboards.numbers import NONE, decimals, duration, limit_text, number, reading, with_eu
from dashboards.picture import Picture
from plantsafe.plant.model import Unit


def card(picture: Picture, unit: Unit, tongue: Tongue, *, stale: bool, age_s: float) -> str:
    """The whole card, with the unit's name as the link to its page. age_s: how old the newest scan is."""
    status = unit_status(picture, unit.name, stale=stale)
    rows = "".join(point_row(picture, name, tongue) for name in unit.display)
    foot = " · ".join(part for part in (_running(picture, unit, tongue), _age(picture, unit, tongue, age_s)) if part)
    return (
        "<div class='ps-card'><div class='ps-head'>"
        f"<span class='ps-title'><a href='/unit?unit={escape(unit.name)}' target='_self'>{escape(unit.name)}</a> "
        f"<span class='ps-quiet'>{escape(tongue.text(unit.title))}</span></span>{answer(status, tongue)}</div>"
        f"<table class='ps'>{rows}</table><div class='ps ps-quiet'>{foot}</div></div>"
    )


def point_row(picture: Picture, name: str, tongue: Tongue, *, with_title: bool = False) -> str:
    """A table row: point, value with its mark, small curve, distance to the nearest alarm limit."""
    row = picture.plant.points.row[name]
    point, frame = picture.plant.entries[row], picture.frame
    sign = ""
    if (condition := picture.worst_alarm_of_point(row)) is not None:
        sign = alarm_glyph(picture.conditions[condition].priority, int(picture.state[condition]), tongue)
    value = escape(reading(point, float(frame.value[row]), tongue))
    low, high = limits(picture, row)
    curve = spark(picture.tail[:, row], low, high) if point.kind == "analog" else ""
    title = escape(tongue.text(point.title))
    named = f"{escape(name)} <span class='ps-quiet'>{title}</span>" if with_title else escape(name)
    return (
        f"<tr title='{title}'><td style='width:1.4rem'>{sign}</td><td class='ps-name'>{named}</td>"
        f"<td class='ps-num'>{value} {quality_mark(int(frame.status[row]), tongue)}</td>"
        f"<td class='ps-quiet'>{escape(point.eu)}</td><td>{curve}</td>"
        f"<td class='ps-num'>{margin(picture, row)}</td></tr>"
    )


def margin(picture: Picture, row: int) -> str:
    """How far the point is from its nearest alarm limit, and which one; beyond it the distance is negative."""
    distance, which = picture.nearest
    if which[row] < 0:
        return ""
    point, alarm = picture.plant.entries[row], picture.plant.file.alarms[which[row]]
    if point.kind == "state":
        return ""
    far = float(distance[row])
    text = with_eu(number(far, decimals(point.resolution)) if point.kind == "analog" else limit_text(far), point.eu)
    if text == NONE:
        return ""
    return f"{escape(text)} <span class='ps-quiet'>→ {alarm.direction} {limit_text(alarm.limit)}</span>"


def limits(picture: Picture, row: int) -> tuple[float, float]:
    """The alarm limits on either side that come first, NaN for none: the normal band."""
    alarms = picture.plant.alarms
    mine = alarms.point == row
    low, high = alarms.limit[mine & (alarms.sign < 0)], alarms.limit[mine & (alarms.sign > 0)]
    return float(low.max()) if low.size else np.nan, float(high.min()) if high.size else np.nan


def _running(picture: Picture, unit: Unit, tongue: Tongue) -> str:
    if unit.running is None:
        return ""
    row = picture.plant.points.row[unit.running]
    mark = quality_mark(int(picture.frame.status[row]), tongue)
    state = reading(picture.plant.entries[row], float(picture.frame.value[row]), tongue)
    return f"{escape(unit.running)}: {escape(state)} {mark}"


def _age(picture: Picture, unit: Unit, tongue: Tongue, age_s: float) -> str:
    """Age of the oldest answer among the sources of the card's points."""
    points = [picture.plant.points.row[name] for name in unit.display]
    if not points:
        return ""
    scans = int(picture.source_age_scans[picture.plant.points.source[points]].max())
    return f"{tongue('data age')} {duration(scans * picture.plant.file.scan_period_s + max(0.0, age_s))}"
