"""Signs: priority as colour, shape and number at once; marks for data that must not be trusted; small curves."""

from html import escape
from urllib.parse import quote

import numpy as np

from dashboards.language import Tongue, n_
from dashboards.settings import QUIET, TEXT
from plantsafe.alarms.life_cycle import WAITING, State
from plantsafe.frame import F8, SEVERITY_MASK, UNCERTAIN, Bool

COLOURS = {1: "#d3222a", 2: "#ef8a17", 3: "#f2cb1d", 4: "#b5459f"}
_INK = {1: "#ffffff", 2: TEXT, 3: TEXT, 4: "#ffffff"}
_SHAPES = {
    1: '<rect x="2" y="2" width="16" height="16" {look}/>',
    2: '<polygon points="10,1.5 19,18 1,18" {look}/>',
    3: '<polygon points="1,2 19,2 10,18.5" {look}/>',
    4: '<circle cx="10" cy="10" r="8.3" {look}/>',
}
_TEXT_Y = {1: 14.4, 2: 16.2, 3: 12.2, 4: 14.4}
PRIORITY_WORDS = {1: n_("critical"), 2: n_("high"), 3: n_("medium"), 4: n_("low")}
STATE_WORDS = {
    State.NORM: n_("normal"),
    State.UNACK: n_("active, not acknowledged"),
    State.ACKED: n_("active, acknowledged"),
    State.RTNUN: n_("back to normal, not acknowledged"),
    State.LTUNK: n_("latched, not acknowledged"),
    State.LTACK: n_("latched, acknowledged, waits for its reset"),
}


def priority_glyph(priority: int, *, filled: bool, title: str = "") -> str:
    """The sign of a priority: filled while it waits for acknowledgement, outline afterwards."""
    colour = COLOURS[priority]
    look = f'fill="{colour}" stroke="{colour}"' if filled else f'fill="#ffffff" stroke="{colour}" stroke-width="2.6"'
    ink = _INK[priority] if filled else TEXT
    drawing = (
        f"{_SHAPES[priority].format(look=look)}"
        f'<text x="10" y="{_TEXT_Y[priority]}" font-size="11.5" font-weight="700" font-family="sans-serif" '
        f'text-anchor="middle" fill="{ink}">{priority}</text>'
    )
    return _image(drawing, width=18, height=18, view="0 0 20 20", title=title)


def _image(drawing: str, *, width: int, height: int, view: str, title: str = "") -> str:
    """A drawing as an image: Streamlit takes svg elements out of HTML, and leaves images alone."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="{view}">{drawing}</svg>'
    said = f' title="{escape(title)}" alt="{escape(title)}"' if title else ' alt=""'
    return f'<img class="ps-glyph" width="{width}" height="{height}" src="data:image/svg+xml,{quote(svg)}"{said}>'


def alarm_glyph(priority: int, state: int, tongue: Tongue) -> str:
    """The sign of an alarm in its state."""
    title = f"{tongue(PRIORITY_WORDS[priority])}, {tongue(STATE_WORDS[State(state)])}"
    return priority_glyph(priority, filled=bool(WAITING[state]), title=title)


def mark(sign: str, title: str) -> str:
    """A hatched mark: what it stands beside is not to be trusted, or not known."""
    return f'<span class="ps-mark" title="{escape(title)}">{escape(sign)}</span>'


def quality_mark(status: int, tongue: Tongue) -> str:
    """Nothing for good data; `?` for a value that is doubtful, `×` for none."""
    severity = status & SEVERITY_MASK
    if severity == 0:
        return ""
    if severity == UNCERTAIN:
        return mark("?", tongue("doubtful: last usable value or out of range"))
    return mark("×", tongue("bad: no usable value"))


def spark(values: F8, low: float, high: float, *, width: int = 66, height: int = 18) -> str:
    """The last values as a small curve between `low` and `high` (alarm limits, NaN for none) drawn as thin lines."""
    good: Bool = np.isfinite(values)
    if good.sum() < 2:
        return ""
    bounds = [*values[good][[values[good].argmin(), values[good].argmax()]].tolist(), low, high]
    finite = [b for b in bounds if np.isfinite(b)]
    bottom, top = min(finite), max(finite)
    span = (top - bottom) or 1.0

    def y(value: float) -> float:
        return round(float(height - 1.5 - (value - bottom) / span * (height - 3)), 1)

    x = np.linspace(1, width - 1, len(values))
    step = max(1, len(values) // width)
    points = " ".join(f"{x[i]:.1f},{y(values[i])}" for i in range(0, len(values), step) if good[i])
    lines = "".join(
        f'<line x1="0" x2="{width}" y1="{y(b)}" y2="{y(b)}" stroke="{QUIET}" stroke-width=".7" stroke-dasharray="2,2"/>'
        for b in (low, high)
        if np.isfinite(b)
    )
    curve = f'<polyline points="{points}" fill="none" stroke="{TEXT}" stroke-width="1.1"/>'
    return _image(lines + curve, width=width, height=height, view=f"0 0 {width} {height}")
