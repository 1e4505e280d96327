"""Rows of the alarm page as HTML: an alarm with what it means and what to do, findings, what cannot be judged."""

from collections.abc import Iterable
from html import escape

import numpy as np

from dashboards.components.events import IN_POINT_UNITS, kind_word, subject_title
from dashboards.components.glyph import STATE_WORDS, alarm_glyph, mark
from dashboards.language import Tongue
from dashboards.numbers import NS_PER_S, duration, limit_text, reading, with_eu
from dashboards.picture import Picture
from plantsafe.alarms.life_cycle import State
from plantsafe.verdict import ConditionClass


def alarm(picture: Picture, i: int, tongue: Tongue, *, over: bool) -> str:
    """One alarm: sign, what, how far, since when, consequence and action. `over` is an occurrence that has ended."""
    condition, state = picture.conditions[i], int(picture.state[i])
    words = tongue("over") if over else tongue(STATE_WORDS[State(state)])
    sign = alarm_glyph(condition.priority, State.NORM if over else state, tongue)
    unit = f" <span class='ps-quiet'>{escape(condition.unit)}</span>" if condition.unit else ""
    return (
        f"<div class='ps ps-alarm{' ps-over' if over else ''}'>{sign} "
        f"<b>{escape(subject_title(picture, condition.subject, tongue))}</b> "
        f"{escape(kind_word(condition.kind, tongue))} {escape(_compared(picture, i, tongue))}{unit}"
        f" · {escape(words)} · {escape(_since(picture, i, tongue))}<br>"
        f"<span class='ps-quiet'>{escape(tongue('If nobody acts'))}:</span> "
        f"{escape(tongue.text(condition.consequence))}"
        f" <span class='ps-quiet'>{escape(tongue('Do'))}:</span> {escape(tongue.text(condition.action))}</div>"
    )


def _compared(picture: Picture, i: int, tongue: Tongue) -> str:
    """The value now and the limit, in the point's unit of measure."""
    condition, value, limit = picture.conditions[i], float(picture.live["value"][i]), float(picture.live["limit"][i])
    if not np.isfinite(limit):
        return ""
    if condition.point < 0 or condition.kind not in IN_POINT_UNITS:
        return f"{limit_text(round(value, 1))} ({tongue('limit')} {limit_text(round(limit, 1))})"
    point = picture.plant.entries[condition.point]
    if point.kind == "state":
        return reading(point, value, tongue)
    text = with_eu(reading(point, value, tongue), point.eu)
    return f"{text} ({tongue('limit')} {with_eu(limit_text(limit), point.eu)})"


def _since(picture: Picture, i: int, tongue: Tongue) -> str:
    scans = picture.frame.number - int(picture.live["since"][i])
    return tongue("for {time}").format(time=duration(scans * picture.plant.period_ns / NS_PER_S))


def findings(picture: Picture, tongue: Tongue) -> str:
    """Findings that hold: no sound, nothing to acknowledge."""
    rows = np.flatnonzero(~picture.is_alarm & (picture.state != State.NORM) & ~picture.live["suppressed"])
    lines = [_line(picture, i, tongue, detail=_compared(picture, i, tongue)) for i in rows.tolist()]
    return _list(lines, tongue)


def not_available(picture: Picture, tongue: Tongue) -> str:
    """Alarms that cannot be judged now, except those under a lost source."""
    rows = np.flatnonzero(picture.live["not_available"] & ~picture.live["suppressed"] & picture.is_alarm)
    return _list([_line(picture, i, tongue, detail=mark("?", "")) for i in rows.tolist()], tongue)


def suppressed(picture: Picture, tongue: Tongue) -> str:
    """Conditions suppressed by design, under the lost source that hides them; held ones first and by name."""
    parts = []
    for source, entry in enumerate(picture.plant.file.sources):
        rows = [
            i
            for i in np.flatnonzero(picture.live["suppressed"]).tolist()
            if picture.conditions[i].source == source and picture.conditions[i].klass is ConditionClass.ALARM
        ]
        if not rows:
            continue
        held = [i for i in rows if picture.state[i] != State.NORM]
        count = tongue("{count} alarms cannot be judged while {source} is lost; {held} of them were active").format(
            count=len(rows), source=entry.name, held=len(held)
        )
        lines = [_line(picture, i, tongue, detail=tongue(STATE_WORDS[State(int(picture.state[i]))])) for i in held]
        names = ", ".join(escape(picture.conditions[i].name) for i in rows if i not in held)
        parts.append(f"<div class='ps'>{mark('×', '')} {escape(count)}</div>{_list(lines, tongue) if held else ''}")
        parts.append(f"<div class='ps ps-quiet'>{names}</div>")
    return "".join(parts) or _list([], tongue)


def _line(picture: Picture, i: int, tongue: Tongue, *, detail: str) -> str:
    condition = picture.conditions[i]
    return (
        f"<tr><td>{escape(subject_title(picture, condition.subject, tongue))}</td>"
        f"<td>{escape(kind_word(condition.kind, tongue))}</td><td>{detail}</td></tr>"
    )


def _list(lines: Iterable[str], tongue: Tongue) -> str:
    body = "".join(lines)
    return f"<table class='ps'>{body}</table>" if body else f"<div class='ps ps-quiet'>{tongue('none')}</div>"
