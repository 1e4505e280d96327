"""Rows of the alarm page as HTML: an alarm with what it means and what to do, findings, what cannot be judged."""

from collections.abc import Iterable
from html import escape

import numpy as np
from numpy.typing import NDArray

from dashboards.components.events import IN_POINT_UNITS, condition_title, kind_word
from dashboards.components.glyph import STATE_WORDS, alarm_glyph, mark
from dashboards.components.guidance import guidance
from dashboards.language import Tongue, n_
from dashboards.numbers import NS_PER_S, duration, limit_text, reading, with_eu
from dashboards.picture import Picture
from plantsafe.alarms.console import consoles
from plantsafe.alarms.first_out import Mark
from plantsafe.alarms.life_cycle import State, Suppression
from plantsafe.verdict import ConditionClass

FIRST_OUT_WORDS = {
    Mark.FIRST: n_("first in its group"),
    Mark.INDISTINGUISHABLE: n_("first in its group, with others in the same scan"),
    Mark.SUBSEQUENT: n_("came after the first of its group"),
}


def bits(picture: Picture) -> NDArray[np.uint8]:
    """(n_conditions,) what suppresses each; a record from before had lost sources alone."""
    older = np.where(picture.live["suppressed"], np.uint8(Suppression.SOURCE_LOST), np.uint8(0))
    return picture.live.get("suppression", older)


def alarm(picture: Picture, i: int, tongue: Tongue, *, over: bool) -> str:
    """One alarm: sign, what, how far, since when, consequence and action. `over` is an occurrence that has ended."""
    condition, state = picture.conditions[i], int(picture.state[i])
    words = tongue("over") if over else tongue(STATE_WORDS[State(state)])
    sign = alarm_glyph(condition.priority, State.NORM if over else state, tongue)
    unit = f" <span class='ps-quiet'>{escape(condition.unit)}</span>" if condition.unit else ""
    return (
        f"<div class='ps ps-alarm{' ps-over' if over else ''}'>{sign} "
        f"<b>{escape(condition_title(picture, condition, tongue))}</b> "
        f"{escape(kind_word(condition.kind, tongue))} {escape(_compared(picture, i, tongue))}{unit}"
        f" · {escape(words)} · {escape(_since(picture, i, tongue))}{_more(picture, i, tongue)}<br>"
        f"<span class='ps-quiet'>{escape(tongue('If nobody acts'))}:</span> "
        f"{escape(tongue.text(condition.consequence))}"
        f" <span class='ps-quiet'>{escape(tongue('Do'))}:</span> {escape(tongue.text(condition.action))}"
        f"{_in_phase(picture, condition.name, tongue)}{_explains(picture, i, tongue)}</div>"
    )


def _explains(picture: Picture, i: int, tongue: Tongue) -> str:
    """What follows from the same bypass and is hidden under this alarm, by what it is about."""
    rows = picture.live.get("consequences.row", np.zeros(0, dtype=np.intp))
    mine = rows[picture.live["consequences.cause"] == i].tolist() if len(rows) else []
    words: dict[str, list[str]] = {}
    for row in mine:
        condition = picture.conditions[row]
        words.setdefault(condition.subject, []).append(kind_word(condition.kind, tongue))
    if not words:
        return ""
    listed = "; ".join(f"{subject} {', '.join(kinds)}" for subject, kinds in words.items())
    return f"<br><span class='ps-quiet'>{escape(tongue('With it, not announced apart'))}:</span> {escape(listed)}"


def _in_phase(picture: Picture, name: str, tongue: Tongue) -> str:
    """What to do in the present phase of the unit."""
    found = guidance(picture, name)
    if found is None:
        return ""
    phase, text = found
    title = tongue("In phase {phase}").format(phase=tongue.text(phase.title))
    words = tongue.text(text)
    return f" <span class='ps-quiet'>{escape(title)}:</span> <b>{escape(words)}</b>"


def _more(picture: Picture, i: int, tongue: Tongue) -> str:
    """First-out mark, missing confirmation, chattering."""
    words = []
    mark_ = int(picture.live["first_out"][i]) if "first_out" in picture.live else 0
    if mark_:
        words.append(f"{tongue(FIRST_OUT_WORDS[Mark(mark_)])} ({picture.conditions[i].first_out})")
    if "confirm_due" in picture.live and picture.live["confirm_due"][i]:
        words.append(tongue("waits for confirmation"))
    if i in picture.live.get("chattering.row", ()):
        words.append(tongue("chattering"))
    return "".join(f" · <b>{escape(word)}</b>" for word in words)


def by_design(picture: Picture, tongue: Tongue) -> str:
    """Alarms that the plant file's expressions suppress now, and those that another alarm tells of."""
    rows = np.flatnonzero(bits(picture) & Suppression.BY_DESIGN)
    live = picture.live
    told_by = dict(zip(live.get("consequences.row", ()), live.get("consequences.cause", ()), strict=True))
    lines = []
    for i in rows.tolist():
        words = tongue(STATE_WORDS[State(int(picture.state[i]))])
        if i in told_by:
            words += f" · {tongue('told by {alarm}').format(alarm=picture.conditions[told_by[i]].name)}"
        lines.append(_line(picture, i, tongue, detail=escape(words)))
    return _list(lines, tongue)


def shelf_line(picture: Picture, i: int, tongue: Tongue) -> str:
    """One alarm on the shelf or out of service: what it would be, and how long it stays there."""
    condition, live = picture.conditions[i], picture.live
    words = [tongue(STATE_WORDS[State(int(picture.state[i]))])]
    for place in np.flatnonzero(live["shelf.row"] == i).tolist():
        left_s = (int(live["shelf.until"][place]) - picture.frame.number) * picture.plant.period_ns / NS_PER_S
        words.append(tongue("on the shelf for another {time}").format(time=duration(max(0.0, left_s))))
        if live["shelf.one_shot"][place]:
            words.append(tongue("or until it returns"))
        if live["shelf.raised_since"][place]:
            words.append(tongue("its priority was raised since"))
    if bits(picture)[i] & Suppression.OUT_OF_SERVICE:
        words.append(tongue("out of service"))
    return (
        f"<div class='ps'><b>{escape(condition_title(picture, condition, tongue))}</b> "
        f"{escape(kind_word(condition.kind, tongue))} · {escape(' · '.join(words))}</div>"
    )


def first_out_group(picture: Picture, group: str, rows: Iterable[int], tongue: Tongue) -> str:
    """The marked alarms of a first-out group, first ones first."""
    order = sorted(rows, key=lambda i: (int(picture.live["first_out"][i]), int(picture.live["occurrence"][i])))
    words = {i: tongue(FIRST_OUT_WORDS[Mark(int(picture.live["first_out"][i]))]) for i in order}
    lines = "".join(_line(picture, i, tongue, detail=escape(words[i])) for i in order)
    return f"<div class='ps'><b>{escape(group)}</b></div><table class='ps'>{lines}</table>"


def flood_line(picture: Picture, tongue: Tongue) -> str:
    """How many annunciations the last ten minutes had, and whether that is a flood."""
    if "flood" not in picture.live:
        return ""
    stale = len(picture.live["stale.row"])
    more = f" · {tongue('{count} shown for over a day').format(count=stale)}" if stale else ""
    names = consoles(picture.plant) or ("",)
    lines = []
    for name, (detected, count) in zip(names, picture.live["flood"].reshape(-1, 2).tolist(), strict=False):
        text = tongue("{count} alarms announced in the last 10 min").format(count=count)
        at = f"{tongue('Console')} {name} · " if name else ""
        if not detected:
            lines.append(f"<div class='ps ps-line ps-quiet'>{escape(at)}{escape(text)}{escape(more)}</div>")
            continue
        since = duration((picture.frame.number - detected) * picture.plant.period_ns / NS_PER_S)
        words = tongue("ALARM FLOOD for {time}").format(time=since)
        lines.append(f"<div class='ps ps-banner'>{escape(at)}{escape(words)} · {escape(text)}{escape(more)}</div>")
    return "".join(lines)


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
            for i in np.flatnonzero(bits(picture) & Suppression.SOURCE_LOST).tolist()
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
        f"<tr><td>{escape(condition_title(picture, condition, tongue))}</td>"
        f"<td>{escape(kind_word(condition.kind, tongue))}</td><td>{detail}</td></tr>"
    )


def _list(lines: Iterable[str], tongue: Tongue) -> str:
    body = "".join(lines)
    return f"<table class='ps'>{body}</table>" if body else f"<div class='ps ps-quiet'>{tongue('none')}</div>"
