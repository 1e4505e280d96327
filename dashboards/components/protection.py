"""Is it protected now? The answer for a unit, and the table of its safety functions."""

from html import escape

import numpy as np

from dashboards.components.glyph import mark, priority_glyph, quality_mark
from dashboards.language import Tongue, n_
from dashboards.numbers import NONE, decimals, duration, limit_text, number, reading, with_eu
from dashboards.picture import Picture
from plantsafe.plant.model import SafetyFunction
from plantsafe.protection import Answer, ChannelState, Phase, Protection

WORDS = {
    Protection.PROTECTED: n_("protected"),
    Protection.DEGRADED: n_("degraded"),
    Protection.NONE: n_("no protection"),
    Protection.NOT_VERIFIABLE: n_("not verifiable"),
}
_CHANNEL = {
    ChannelState.HEALTHY: n_("healthy"),
    ChannelState.FAULTED: n_("faulted"),
    ChannelState.BYPASSED: n_("bypassed"),
    ChannelState.NOT_VISIBLE: n_("not visible"),
}
_PHASE = {
    Phase.WAITING: n_("demand: waiting for the safe state"),
    Phase.SETTLED: n_("demand: safe state reached"),
    Phase.FAILED: n_("demand: FAILED"),
}
_WORST_FIRST = (Protection.NONE, Protection.NOT_VERIFIABLE, Protection.DEGRADED, Protection.PROTECTED)


def status_of(picture: Picture, row: int, *, stale: bool) -> Protection:
    """What function `row` gives now; not verifiable on a stale page or in a record without the function check."""
    status = picture.functions("status")
    if stale or status is None or row >= len(status):
        return Protection.NOT_VERIFIABLE
    return Protection(int(status[row]))


def unit_status(picture: Picture, unit: str, *, stale: bool) -> Protection | None:
    """The worst of the unit's functions, None for a unit without one."""
    found = {
        status_of(picture, row, stale=stale)
        for row, function in enumerate(picture.plant.file.functions)
        if function.unit == unit
    }
    return next((status for status in _WORST_FIRST if status in found), None)


def status_sign(status: Protection) -> str:
    """The sign before the word: none while all is well."""
    match status:
        case Protection.PROTECTED:
            return ""
        case Protection.DEGRADED:
            return priority_glyph(3, filled=True)
        case Protection.NONE:
            return priority_glyph(1, filled=True)
        case Protection.NOT_VERIFIABLE:
            return mark("?", "")


def answer(status: Protection | None, tongue: Tongue) -> str:
    """The answer in one or two words."""
    if status is None:
        return f"<span class='ps-quiet ps-keep'>{tongue('no safety function')}</span>"
    return f"<span class='ps-answer'>{status_sign(status)} {tongue(WORDS[status])}</span>"


def table(picture: Picture, tongue: Tongue, *, stale: bool, unit: str | None = None) -> str:
    """All functions, or those of one unit: status, channels, trip, elements, margin, last response, bypass."""
    heads = (
        tongue("Function"),
        tongue("Now"),
        tongue("Channels"),
        tongue("Trip output"),
        tongue("Final elements"),
        tongue("Margin to trip"),
        tongue("Last response"),
        tongue("Bypassed so far"),
    )
    rows = [
        _row(picture, i, function, tongue, stale=stale)
        for i, function in enumerate(picture.plant.file.functions)
        if unit is None or function.unit == unit
    ]
    if not rows:
        return f"<p class='ps ps-quiet'>{tongue('This unit has no safety function in the plant file.')}</p>"
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    return f"<table class='ps'><tr>{head}</tr>{''.join(rows)}</table>"


def _row(picture: Picture, i: int, function: SafetyFunction, tongue: Tongue, *, stale: bool) -> str:
    status = status_of(picture, i, stale=stale)
    cells = (
        f"<b>{escape(function.name)}</b> <span class='ps-quiet'>{escape(function.unit)}</span><br>"
        f"{escape(tongue.text(function.title))}",
        f"{status_sign(status)} {tongue(WORDS[status])}"
        f"{_not_ready(picture, i, tongue)}{_needed(picture, function, tongue)}",
        _channels(picture, i, function, tongue),
        _trip(picture, i, tongue),
        _elements(picture, i, function, tongue),
        _margin(picture, i, function, tongue),
        _response(picture, i, function, tongue),
        _bypassed(picture, i),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _not_ready(picture: Picture, i: int, tongue: Tongue) -> str:
    """A line where an effect of the function lacks something."""
    lacking = picture.functions("functions_not_ready")
    if lacking is None or i >= len(lacking) or not lacking[i]:
        return ""
    return f"<br>{tongue('an effect is not ready')}"


def _needed(picture: Picture, function: SafetyFunction, tongue: Tongue) -> str:
    """A line where a good mode says that the function is not needed now."""
    if function.hazardous_mode is None or not function.hazardous_values:
        return ""
    row = picture.plant.points.row[function.hazardous_mode]
    value, good = picture.frame.value[row], int(picture.frame.status[row]) >> 30 == 0
    if not good or any(abs(value - v) <= 0.5 for v in function.hazardous_values):
        return ""
    phase = reading(picture.plant.entries[row], float(value), tongue)
    text = tongue("not needed now: {mode}").format(mode=phase)
    return f"<br><span class='ps-quiet'>{escape(text)}</span>"


def _channels(picture: Picture, i: int, function: SafetyFunction, tongue: Tongue) -> str:
    states = picture.functions("channel_state")
    lines = []
    for j, channel in enumerate(function.inputs):
        row = picture.plant.points.row[channel.point]
        point, frame = picture.plant.entries[row], picture.frame
        value = with_eu(reading(point, float(frame.value[row]), tongue), point.eu)
        state = ChannelState.NOT_VISIBLE if states is None else ChannelState(int(states[i, j]))
        word = "" if state is ChannelState.HEALTHY else f" {_channel_sign(state)} {tongue(_CHANNEL[state])}"
        mark_ = quality_mark(int(frame.status[row]), tongue) if state is not ChannelState.NOT_VISIBLE else ""
        lines.append(f"{escape(channel.point)} {escape(value)} {mark_}{word}")
    vote = f"<span class='ps-quiet'>{function.vote}oo{len(function.inputs)}</span>{_votes_as(picture, i, tongue)}"
    return f"{vote}<br>" + "<br>".join(lines)


def _votes_as(picture: Picture, i: int, tongue: Tongue) -> str:
    """What faults and bypasses have made of the vote, where they have."""
    m, n, counts = (picture.functions(name) for name in ("effective_m", "effective_n", "channel_counts"))
    if m is None or n is None or counts is None or not counts[i, 1:].any():
        return ""
    if m[i] == 0:
        text = tongue("votes for the trip already")
    elif m[i] > n[i]:
        text = tongue("cannot trip by the channels in sight")
    else:
        text = tongue("now {vote}").format(vote=f"{m[i]}oo{n[i]}")
    return f" → <b>{text}</b>"


def _channel_sign(state: ChannelState) -> str:
    if state is ChannelState.NOT_VISIBLE:
        return mark("?", "")
    return priority_glyph(2 if state is ChannelState.BYPASSED else 3, filled=False)


def _trip(picture: Picture, i: int, tongue: Tongue) -> str:
    tripped, phase = picture.functions("tripped"), picture.functions("phase")
    state = Answer.UNKNOWN if tripped is None else Answer(int(tripped[i]))
    match state:
        case Answer.YES:
            text = f"{priority_glyph(2, filled=True)} {tongue('TRIPPED')}"
        case Answer.NO:
            text = tongue("not tripped")
        case _:
            text = f"{mark('?', '')} {tongue('not visible')}"
    if phase is not None and (word := _PHASE.get(Phase(int(phase[i])))):
        text += f"<br>{escape(tongue(word))}"
    return text


def _elements(picture: Picture, i: int, function: SafetyFunction, tongue: Tongue) -> str:
    safe = picture.functions("elements_safe")
    lines = [f"<span class='ps-quiet'>{function.element_vote}oo{len(function.elements)}</span>"]
    for j, element in enumerate(function.elements):
        row = picture.plant.points.row[element.feedback]
        point = picture.plant.entries[row]
        value = with_eu(reading(point, float(picture.frame.value[row]), tongue), point.eu)
        match Answer.UNKNOWN if safe is None else Answer(int(safe[i, j])):
            case Answer.YES:
                word = tongue("safe state")
            case Answer.NO:
                word = tongue("in operation")
            case _:
                word = f"{mark('?', '')} {tongue('not visible')}"
        lines.append(f"{escape(element.name)} {escape(value)} · {word}")
    return "<br>".join(lines)


def _margin(picture: Picture, i: int, function: SafetyFunction, tongue: Tongue) -> str:
    margin = picture.functions("margin")
    row = picture.plant.points.row[function.inputs[0].point]
    point = picture.plant.entries[row]
    digits = decimals(point.resolution)
    value = NONE if margin is None else with_eu(number(float(margin[i]), digits), point.eu)
    sign = ">" if function.direction == "H" else "<"
    setpoint = with_eu(limit_text(function.setpoint), point.eu)
    line = f"<b>{escape(value)}</b><br><span class='ps-quiet'>{sign} {escape(setpoint)}</span>"
    return line + _changed_setpoint(picture, function, tongue)


def _changed_setpoint(picture: Picture, function: SafetyFunction, tongue: Tongue) -> str:
    """A line where the safety system shows another set point than the plant file."""
    changed = f"{function.name}.setpoint_changed"
    active = picture.live.get("active")
    row = next((i for i, condition in enumerate(picture.conditions) if condition.name == changed), None)
    if active is None or row is None or not active[row] or function.setpoint_readback is None:
        return ""
    shown = picture.plant.points.row[function.setpoint_readback]
    point = picture.plant.entries[shown]
    value = with_eu(number(float(picture.frame.value[shown]), decimals(point.resolution)), point.eu)
    return f"<br>{priority_glyph(1, filled=True)} <b>{escape(tongue('in the SIS: {value}').format(value=value))}</b>"


def _response(picture: Picture, i: int, function: SafetyFunction, tongue: Tongue) -> str:
    low, high = picture.functions("response_lo_s"), picture.functions("response_hi_s")
    required = f"<br><span class='ps-quiet'>{escape(tongue('required'))} ≤ {function.response_s:g} s</span>"
    if low is None or high is None or not np.isfinite(high[i]):
        return f"{tongue('no demand seen')}{required}"
    return f"{number(float(low[i]), 1)} … {number(float(high[i]), 1)} s{required}"


def _bypassed(picture: Picture, i: int) -> str:
    scans = picture.functions("bypass_scans")
    return NONE if scans is None else duration(float(scans[i]) * picture.plant.file.scan_period_s)
