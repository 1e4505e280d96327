"""The safe operating windows of a unit: the phase that runs, each value against its window, and the minutes outside."""

from html import escape

import numpy as np

from dashboards.components.glyph import mark, priority_glyph, quality_mark
from dashboards.language import Tongue, n_
from dashboards.numbers import NONE, duration, limit_text, local, reading, with_eu
from dashboards.picture import Picture
from plantsafe.checks.operating_window import (
    ABOVE,
    BATCH,
    BELOW,
    DAY,
    INSIDE,
    NO_WINDOW,
    NOT_JUDGED,
    PHASE,
    UNKNOWN_PHASE,
    windowed_points,
    windowed_units,
)
from plantsafe.plant.model import Phase, Unit

NOW_WORDS = {
    INSIDE: n_("inside"),
    BELOW: n_("below the window"),
    ABOVE: n_("above the window"),
    NOT_JUDGED: n_("not judged"),
    NO_WINDOW: n_("no window in this phase"),
}
PHASE_NOT_KNOWN = n_("The phase is not known: no value is judged against its window, and none counts as inside.")
COUNTED = n_(
    "Time outside, then time that could not be judged (bad value, unknown phase, lost scans): never counted as inside."
)


def section(picture: Picture, unit: Unit, tongue: Tongue, *, stale: bool) -> str:
    """HTML of the section; empty for a unit without windows, or a record without their arrays."""
    units = windowed_units(picture.plant)
    live = {key.removeprefix("windows."): a for key, a in picture.live.items() if key.startswith("windows.")}
    if unit not in units or not live:
        return ""
    u = units.index(unit)
    first = sum(len(windowed_points(one)) for one in units[:u])
    place = int(live["phase"][u])
    phase = None if place == UNKNOWN_PHASE else unit.phases[place]
    judged = phase is not None and not stale
    spans = (
        _since(picture, tongue("phase"), int(live["phase_at"][u]), tongue, whole=bool(live["phase_whole"][u])),
        _since(picture, tongue("batch"), int(live["batch_at"][u]), tongue, whole=bool(live["batch_whole"][u])),
    )
    title = f"<b>{escape(tongue.text(phase.title))}</b>" if phase is not None else f"<b>{mark('×', '')}</b>"
    heads = ("", tongue("Point"), tongue("Value"), "", tongue("Safe window"), tongue("Recipe"), tongue("Now"),
             tongue("Outside in this phase"), tongue("in this batch"), tongue("today"))  # fmt: skip
    numeric = {2, 7, 8, 9}
    head = "".join(f"<th{' class=ps-num' if i in numeric else ''}>{escape(h)}</th>" for i, h in enumerate(heads))
    rows = "".join(
        _row(picture, name, phase, tongue, int(live["now"][first + k]) if judged else NOT_JUDGED,
             live["outside_scans"][first + k], live["unjudged_scans"][first + k])
        for k, name in enumerate(windowed_points(unit))
    )  # fmt: skip
    said = "" if phase is not None else f"<p class='ps'>{escape(tongue(PHASE_NOT_KNOWN))}</p>"
    return (
        f"<h2>{escape(tongue('Safe operating windows'))}</h2>"
        f"<p class='ps'>{escape(tongue('Phase'))}: {title} <span class='ps-quiet'>{' · '.join(spans)}</span></p>{said}"
        f"<table class='ps'><tr>{head}</tr>{rows}</table><p class='ps ps-quiet'>{escape(tongue(COUNTED))}</p>"
    )


def _since(picture: Picture, what: str, scan: int, tongue: Tongue, *, whole: bool) -> str:
    """From when the time of a phase or batch is counted, and whether that is all of it."""
    if not scan:
        return ""
    at_ns = picture.frame.time_ns - (picture.frame.number - scan) * picture.plant.period_ns
    unseen = "" if whole else f", {tongue('its beginning was not seen')}"
    return escape(f"{what} {tongue('since')} {local(at_ns, picture.zone, '%m-%d %H:%M')}{unseen}")


def _row(
    picture: Picture,
    name: str,
    phase: Phase | None,
    tongue: Tongue,
    now: int,
    outside: np.ndarray,
    unjudged: np.ndarray,
) -> str:
    row = picture.plant.points.row[name]
    point = picture.plant.entries[row]
    window = next((one for one in phase.windows if one.point == name), None) if phase is not None else None
    safe = "" if window is None else _span(window.low, window.high, point.eu)
    recipe = "" if window is None else _span(window.normal_low, window.normal_high, point.eu)
    out = now in (BELOW, ABOVE)
    sign = priority_glyph(3, filled=True, title=tongue(NOW_WORDS[now])) if out else ""
    words = escape(tongue(NOW_WORDS[now]))
    if now == NOT_JUDGED:
        words = f"{mark('?', '')} {words}"
    value = escape(reading(point, float(picture.frame.value[row]), tongue))
    cells = "".join(
        f"<td class='ps-num'>{_minutes(picture, int(outside[k]), int(unjudged[k]), tongue)}</td>"
        for k in (PHASE, BATCH, DAY)
    )
    return (
        f"<tr><td style='width:1.4rem'>{sign}</td><td class='ps-name'>{escape(name)} "
        f"<span class='ps-quiet'>{escape(tongue.text(point.title))}</span></td>"
        f"<td class='ps-num'>{value} {quality_mark(int(picture.frame.status[row]), tongue)}</td>"
        f"<td class='ps-quiet'>{escape(point.eu)}</td><td class='ps-keep'>{escape(safe)}</td>"
        f"<td class='ps-keep ps-quiet'>{escape(recipe)}</td>"
        f"<td class='{'ps-keep' if out or now == NOT_JUDGED else 'ps-quiet ps-keep'}'>"
        f"{f'<b>{words}</b>' if out else words}</td>{cells}</tr>"
    )


def _span(low: float | None, high: float | None, eu: str) -> str:
    """`53–67 °C`, `≥ 100 rpm`, `≤ 90 %`."""
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return with_eu(f"≥ {limit_text(low)}" if low is not None else f"≤ {limit_text(high or 0.0)}", eu)
    return with_eu(f"{limit_text(low)} … {limit_text(high)}", eu)


def _minutes(picture: Picture, outside: int, unjudged: int, tongue: Tongue) -> str:
    period_s = picture.plant.file.scan_period_s
    text = duration(outside * period_s) if outside else NONE
    if unjudged:
        title = tongue("could not be judged")
        text += f" <span class='ps-quiet' title='{escape(title)}'>(? {duration(unjudged * period_s)})</span>"
    return f"<b>{text}</b>" if outside else text
