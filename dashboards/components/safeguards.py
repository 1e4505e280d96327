"""What the safety functions stand on: bypasses, final elements, readiness of effects, redundant measurements."""

from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboards.components.glyph import mark, priority_glyph
from dashboards.language import Tongue, n_
from dashboards.numbers import NONE, decimals, duration, number, with_eu
from dashboards.picture import Picture
from plantsafe.protection import Answer
from plantsafe.protection.bypass import TYPES, Record, bypass_bits
from plantsafe.protection.elements import element_names

MOST_COMPARED = 12  # rows of redundant points, the widest apart first (site default)
TYPE_WORDS = {"maintenance": n_("maintenance"), "start_up": n_("start-up"), "process": n_("process")}
_ELEMENT_WORDS = {
    "failed": n_("not safe in time"),
    "stuck": n_("does not move"),
    "slow": n_("slow: maintenance"),
    "moved": n_("moved without a command"),
    "single_block": n_("double block: only one is shut"),
}
_COMPARED_WORDS = {
    "differs": n_("differs"),
    "deviates": n_("far off"),
    "creeps": n_("drifts from day to day"),
    "frozen": n_("stands still"),
}


def holding(picture: Picture, kinds: tuple[str, ...]) -> dict[str, list[str]]:
    """By subject, the kinds of its conditions that hold now."""
    found: dict[str, list[str]] = {}
    active = picture.live.get("active", np.zeros(0, dtype=np.bool_))
    for i in np.flatnonzero(active).tolist():
        condition = picture.conditions[i]
        if condition.kind in kinds:
            found.setdefault(condition.subject, []).append(condition.kind)
    return found


def bypasses(picture: Picture, told: dict[str, dict[str, Any]], tongue: Tongue) -> list[tuple[str, str]]:
    """Bits that are on or approved, with their line; told: by bit, the newest record (who, why, which measure)."""
    rows = []
    for i, bit in enumerate(bypass_bits(picture.plant)):
        on, record = _at(picture, "on", i), Record(int(_at(picture, "record", i)))
        if not on and record is Record.NONE:
            continue
        rows.append((bit, _bypass(picture, i, bit, record, bool(on), told.get(bit, {}), tongue)))
    return rows


def _bypass(picture: Picture, i: int, bit: str, record: Record, on: bool, told: dict[str, Any], tongue: Tongue) -> str:
    period_s = picture.plant.file.scan_period_s
    functions = [f.name for f in picture.plant.file.functions if any(c.bypass == bit for c in f.inputs)]
    head = f"<b>{escape(bit)}</b> <span class='ps-quiet'>{escape(', '.join(functions))}</span>"
    left = int(_at(picture, "left_scans", i))
    if not on:
        state = tongue("approved, not yet on")
    elif record is Record.NONE:
        state = f"{priority_glyph(1, filled=True)} <b>{tongue('ON WITHOUT A RECORD')}</b>"
    elif left <= 0:
        state = f"{priority_glyph(2, filled=True)} <b>{tongue('over its time')}</b>"
    else:
        state = tongue("{time} left").format(time=duration(left * period_s))
    lines = [f"{head} · {state}"]
    if on:
        lines.append(tongue("on for {time}").format(time=duration(int(_at(picture, "on_scans", i)) * period_s)))
    if record is not Record.NONE:
        kind = tongue(TYPE_WORDS[TYPES[int(_at(picture, "kind", i))]])
        granted = duration(int(_at(picture, "granted", i)) * period_s)
        people = f"{told.get('actor', '')} → {told.get('second_actor', '')}" if told else ""
        lines.append(" · ".join(escape(part) for part in (kind, granted, people, str(told.get("why", ""))) if part))
        for key, word in (("hazard", tongue("Hazard")), ("measure", tongue("Compensating measure"))):
            if told.get(key):
                lines.append(f"<span class='ps-quiet'>{escape(word)}:</span> {escape(str(told[key]))}")
    due = on and _handover_due(picture, i)
    if due:
        lines.append(f"{priority_glyph(2, filled=False)} {tongue('not yet taken over by this shift')}")
    return f"<div class='ps'>{'<br>'.join(lines)}</div>"


def _handover_due(picture: Picture, i: int) -> bool:
    shift = int(_at(picture, "shift_at", 0))
    on_at = picture.frame.number - int(_at(picture, "on_scans", i)) + 1
    return shift > 0 and on_at < shift and int(_at(picture, "taken_over_at", i)) < shift


def _at(picture: Picture, name: str, i: int) -> Any:
    array: NDArray[Any] | None = picture.live.get(f"bypasses.{name}")
    return 0 if array is None or i >= len(array) else array[i]


def elements(picture: Picture, tongue: Tongue) -> str:
    """Every final element: what it is told, where it is, its last stroke against its baseline, what is wrong."""
    live, names = picture.live, element_names(picture.plant)
    command, safe = live.get("elements.command"), live.get("elements.safe")
    if command is None or safe is None or len(command) != len(names):
        return f"<p class='ps ps-quiet'>{tongue('nothing seen yet')}</p>"
    wrong = holding(picture, tuple(_ELEMENT_WORDS))
    pairs = {name: kinds for subject, kinds in wrong.items() if "+" in subject for name in subject.split("+")}
    baseline = {e.name: e.stroke_s for f in picture.plant.file.functions for e in f.elements if e.stroke_s}
    low, high = live["elements.stroke_lo_s"], live["elements.stroke_hi_s"]
    rows = []
    for i, name in enumerate(names):
        words = [tongue(_ELEMENT_WORDS[kind]) for kind in (*wrong.get(name, []), *pairs.get(name, []))]
        bad = f"{priority_glyph(2, filled=True)} <b>{escape(', '.join(words))}</b>" if words else ""
        stroke = NONE
        if np.isfinite(high[i]):
            stroke = f"{number(float(low[i]), 1)} … {number(float(high[i]), 1)} s"
        base = f" <span class='ps-quiet'>({tongue('baseline')} {baseline[name]:g} s)</span>" if name in baseline else ""
        told = {Answer.YES: tongue("told to be safe"), Answer.NO: tongue("no command")}.get(
            Answer(int(command[i])), f"{mark('?', '')} {tongue('not visible')}"
        )
        place = {Answer.YES: tongue("safe state"), Answer.NO: tongue("in operation")}.get(
            Answer(int(safe[i])), f"{mark('?', '')} {tongue('not visible')}"
        )
        rows.append((not words, [f"<b>{escape(name)}</b>", told, place, f"{stroke}{base}", bad]))
    rows.sort(key=lambda row: row[0])
    heads = (tongue("Final element"), tongue("Command"), tongue("Position"), tongue("Last stroke"), "")
    return _table(heads, [cells for _, cells in rows])


def readiness(picture: Picture, tongue: Tongue) -> str:
    """Every effect that functions bring about, with what it lacks."""
    answers = picture.live.get("readiness.preconditions")
    subjects = [c.subject for c in picture.conditions if c.kind == "not_ready"]
    effects = {effect.name: effect for effect in picture.plant.file.effects}
    rows, at = [], 0
    for name in subjects:
        effect, parts, short = effects[name], [], False
        for need in effect.preconditions:
            said = Answer.UNKNOWN if answers is None or at >= len(answers) else Answer(int(answers[at]))
            at += 1
            title = escape(tongue.text(need.title))
            match said:
                case Answer.YES:
                    parts.append(title)
                case Answer.NO:
                    short = True
                    parts.append(f"{priority_glyph(2, filled=True)} <b>{title}: {tongue('missing')}</b>")
                case Answer.UNKNOWN:
                    parts.append(f"{mark('?', '')} {title}: {tongue('not visible')}")
                case _:
                    parts.append(f"<span class='ps-quiet'>{title}: {tongue('confirmed by people')}</span>")
        head = f"{escape(tongue.text(effect.title))} <span class='ps-quiet'>{escape(effect.unit)}</span>"
        rows.append((not short, [head, "<br>".join(parts)]))
    if not rows:
        return f"<p class='ps ps-quiet'>{tongue('The plant file has no effects.')}</p>"
    rows.sort(key=lambda row: row[0])
    return _table((tongue("Effect"), tongue("What it needs")), [cells for _, cells in rows])


def compared(picture: Picture, tongue: Tongue) -> str:
    """Points that measure the same: first what differs, then the widest apart by share of the span."""
    rows, groups = picture.live.get("redundant.rows"), picture.live.get("redundant.group")
    difference = picture.live.get("redundant.difference")
    if rows is None or groups is None or difference is None or not len(rows):
        return f"<p class='ps ps-quiet'>{tongue('No points are declared to measure the same.')}</p>"
    wrong = holding(picture, tuple(_COMPARED_WORDS))
    points, frame = picture.plant.points, picture.frame
    share = np.abs(difference) / (points.high - points.low)[rows]
    order = sorted(
        range(len(rows)), key=lambda i: (points.names[rows[i]] not in wrong, -np.nan_to_num(share[i], nan=-1.0))
    )
    lines = []
    for i in order[: max(MOST_COMPARED, len(wrong))]:
        row = int(rows[i])
        point = picture.plant.entries[row]
        digits = decimals(point.resolution)
        words = [tongue(_COMPARED_WORDS[kind]) for kind in wrong.get(point.name, [])]
        bad = f"{priority_glyph(2, filled=True)} <b>{escape(', '.join(words))}</b>" if words else ""
        others = [points.names[k] for k in rows[groups == groups[i]].tolist() if k != row]
        gap = NONE if np.isnan(difference[i]) else with_eu(number(float(difference[i]), digits), point.eu)
        value = with_eu(number(float(frame.value[row]), digits), point.eu)
        cells = (f"<b>{escape(point.name)}</b>", escape(value), escape(gap), escape(", ".join(others)), bad)
        lines.append(list(cells))
    heads = (tongue("Point"), tongue("Value"), tongue("Difference"), tongue("Compared with"), "")
    return _table(heads, lines)


def with_record(picture: Picture) -> set[str]:
    """Bits with a record, in use or still to come."""
    return {bit for i, bit in enumerate(bypass_bits(picture.plant)) if _at(picture, "record", i) != Record.NONE}


def waits_for_handover(picture: Picture) -> set[str]:
    """Bits that this shift has not taken over."""
    return {
        bit for i, bit in enumerate(bypass_bits(picture.plant)) if _at(picture, "on", i) and _handover_due(picture, i)
    }


def _table(heads: tuple[str, ...], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table class='ps'><tr>{head}</tr>{body}</table>"
