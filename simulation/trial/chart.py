"""The picture of a run as SVG: true quantities with and without protection, marks of what happened, safe positions.

Seconds count from the first fault. Texts stand twice, in class en and in class zh; the page shows one of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from plantsafe.frame import F8, Bool
from plantsafe.plant.model import SafetyFunction
from simulation.runner import Outcome
from simulation.trial.told import Told, told
from simulation.trial.trace import Trace

WIDTH, LEFT, RIGHT = 980.0, 64.0, 18.0
PANEL, GAP, LANE, FLAG, AXIS = 190.0, 34.0, 17.0, 16.0, 34.0
BUCKETS = 450  # two values each: about one a pixel (site default)
INK, QUIET, GRID, LOSS, SAFE = "#23282d", "#5b636b", "#e3e6e8", "#b3261e", "#1c7c3c"
MARKS = {"fault": INK, "detected": "#9a6200", "tripped": "#5b3a9e", "safe": SAFE, "lost": LOSS}
CLOSE_UP = 0.15  # share of the whole below which the close-up is drawn by itself (site default)
MOST_LANES = 10  # site default: final elements drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line of a panel: seconds from the first fault, values, how it looks; `key` names it in the legend, once."""

    at_s: F8
    value: F8
    colour: str
    dash: str = ""
    width: float = 1.8
    opacity: float = 1.0
    key: Told | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level across a panel."""

    value: float
    colour: str
    text: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One pair of axes."""

    title: Told
    curves: tuple[Curve, ...]
    levels: tuple[Level, ...]


def picture(outcomes: Sequence[Outcome]) -> str:
    """The charts of one scenario: of the first outcome, with the other seeds as faint lines behind it.

    Where the function acts in a small part of what is shown, its inputs and final elements get a close-up of their own.
    """
    first = outcomes[0]
    whole, close = _span(first), _close_up(first)
    quantities, inputs, lanes = _quantities(outcomes), _inputs(first), _lanes(first)
    if quantities and (inputs or lanes) and close[1] < CLOSE_UP * whole[1]:
        return _drawing(first, quantities, [], whole) + _drawing(first, inputs, lanes, close)
    return _drawing(first, [*quantities, *inputs], lanes, whole if quantities else close)


def _drawing(outcome: Outcome, panels: Sequence[Panel], lanes: "Sequence[_Lane]", span: tuple[float, float]) -> str:
    scale = _Scale(*span, LEFT, WIDTH - RIGHT)
    flags = _flags(outcome, scale)
    top = 6.0 + FLAG * (1 + max((row for *_, row in flags), default=0)) + 8.0
    bottom = top + len(panels) * (PANEL + GAP) + len(lanes) * LANE + (LANE + 4.0 if lanes else -GAP + 8.0)
    parts = [_marks(flags, scale, bottom), _time_axis(scale, top, bottom)]
    y = top
    for panel in panels:
        parts.append(_panel(panel, scale, y))
        y += PANEL + GAP
    if lanes:
        parts.append(_text(told("report", "lanes"), LEFT, y + 8.0))
        y += LANE
    for lane in lanes:
        parts.append(_lane(lane, scale, y))
        y += LANE
    height = bottom + AXIS
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:g}" role="img" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    name: str
    holds: Bool
    colour: str
    period_s: float
    onset_s: float


class _Scale:
    """From a value to its place."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def _span(outcome: Outcome) -> tuple[float, float]:
    """From a little before the fault to past the loss; to the end where there is none."""
    moments = outcome.moments
    end_s = float(outcome.protected.at_s[-1]) - moments.fault
    high_s = end_s if moments.lost is None else min(end_s, 1.06 * (moments.lost - moments.fault))
    high_s = max(high_s, min(end_s, _close_up(outcome)[1]))
    return -min(moments.fault, 0.07 * high_s), high_s


def _close_up(outcome: Outcome) -> tuple[float, float]:
    """From a little before the fault to past the safe state, or what came last before it."""
    moments = outcome.moments
    since = [at_s - moments.fault for at_s in (moments.safe, moments.tripped, moments.detected) if at_s is not None]
    last_s = max(since, default=math.inf)
    high_s = max(20.0, 4.0 * last_s if last_s < 120.0 else 1.4 * last_s)
    high_s = min(high_s, float(outcome.protected.at_s[-1]) - moments.fault)
    return -min(moments.fault, 0.12 * high_s), high_s


def _quantities(outcomes: Sequence[Outcome]) -> list[Panel]:
    """True quantities: that of the loss, those of safe states, those that the scenario wants shown."""
    return [_of_quantity(outcomes, name) for name in _drawn(outcomes[0])]


def _drawn(outcome: Outcome) -> list[str]:
    file = outcome.file
    names = [] if file.loss is None else [file.loss.quantity]
    names += [act.safe.quantity for act in file.act if act.safe is not None]
    return list(dict.fromkeys((*names, *file.show)))


def _inputs(outcome: Outcome) -> list[Panel]:
    """What each function read, unless its quantity is drawn already."""
    drawn = _drawn(outcome)
    return [
        _of_inputs(function, _points(function), outcome.protected, outcome)
        for function in outcome.functions
        if _quantity_of(outcome, _points(function)) not in drawn
    ]


def _points(function: SafetyFunction) -> list[str]:
    return [channel.point for channel in function.inputs]


def _quantity_of(outcome: Outcome, points: Sequence[str]) -> str:
    return outcome.measures[points[0]]


def _of_quantity(outcomes: Sequence[Outcome], name: str) -> Panel:
    first = outcomes[0]
    loss, label = first.file.loss, first.labels[name]
    curves = [_curve(o.protected, o.protected.truth[name], INK, width=0.8, opacity=0.25) for o in outcomes[1:]]
    twin = first.unprotected
    if twin is not None:
        curves += [
            _curve(o.unprotected, o.unprotected.truth[name], LOSS, width=0.8, opacity=0.2, dash="5 4")
            for o in outcomes[1:]
            if o.unprotected is not None
        ]
        key = told("report", "unprotected")
        curves.append(_curve(twin, twin.truth[name], LOSS, dash="7 5", key=key))
    curves.append(_curve(first.protected, first.protected.truth[name], INK, key=told("report", "protected"), width=2.0))
    levels = []
    if loss is not None and name == loss.quantity:
        levels.append(Level(value=loss.limit, colour=LOSS, text=told("report", "limit", value=loss.limit)))
    for function in first.functions:
        if _quantity_of(first, _points(function)) == name:
            text = _named(function, told("report", "setpoint", value=function.setpoint))
            levels.append(Level(value=function.setpoint, colour=MARKS["tripped"], text=text))
    eu = f", {label.eu}" if label.eu else ""
    title = Told(f"{label.title.en} ({name}){eu}", f"{label.title.zh}（{name}）{eu}")
    return Panel(title=title, curves=tuple(curves), levels=tuple(levels))


def _of_inputs(function: SafetyFunction, points: Sequence[str], run: Trace, outcome: Outcome) -> Panel:
    curves = [
        _curve(run, run.measured[point], colour, width=1.6, key=Told(point, point))
        for point, colour in zip(points, (INK, "#3b6ea5", "#8a6d3b", QUIET) * len(points), strict=False)
    ]
    text = told("report", "setpoint", value=function.setpoint)
    label = outcome.labels[points[0]]
    eu = f", {label.eu}" if label.eu else ""
    recorded = told("report", "measured")
    return Panel(
        title=_named(function, Told(f"{label.title.en}{eu} ({recorded.en})", f"{label.title.zh}{eu}（{recorded.zh}）")),
        curves=tuple(curves),
        levels=(Level(value=function.setpoint, colour=MARKS["tripped"], text=text),),
    )


def _named(function: SafetyFunction, text: Told) -> Told:
    return Told(f"{function.name}: {text.en}", f"{function.name}：{text.zh}")


def _curve(
    trace: Trace,
    value: F8,
    colour: str,
    *,
    dash: str = "",
    width: float = 1.8,
    opacity: float = 1.0,
    key: Told | None = None,
) -> Curve:
    at_s = trace.at_s[: len(value)] - trace.onset()
    return Curve(at_s=at_s, value=value, colour=colour, dash=dash, width=width, opacity=opacity, key=key)


def _lanes(outcome: Outcome) -> "list[_Lane]":
    """When each function truly was tripped and each of its final elements truly stood in its safe position."""
    run = outcome.protected
    lanes = [(function.name, run.tripped[function.name], MARKS["tripped"]) for function in outcome.functions]
    elements = dict.fromkeys(e.name for function in outcome.functions for e in function.elements)
    lanes += [(name, run.safe[name], SAFE) for name in elements]
    return [
        _Lane(name=name, holds=holds, colour=colour, period_s=run.period_s, onset_s=run.onset())
        for name, holds, colour in lanes[:MOST_LANES]
    ]


def _flags(outcome: Outcome, scale: _Scale) -> list[tuple[str, float, int]]:
    """What happened when, each in the first row where its words have room."""
    moments = outcome.moments
    faults = dict.fromkeys(at_s for _, at_s in outcome.protected.onset_s)
    at: list[tuple[str, float | None]] = [("fault", at_s) for at_s in sorted(faults)]
    at += [("detected", moments.detected), ("tripped", moments.tripped), ("safe", moments.safe), ("lost", moments.lost)]
    flags: list[tuple[str, float, int]] = []
    ends: list[float] = []
    for key, at_s in at:
        if at_s is None or not scale.low <= at_s - moments.fault <= scale.high:
            continue
        since_s = at_s - moments.fault
        start, end = _flag_box(key, since_s, scale)
        row = next((i for i, taken in enumerate(ends) if start > taken), len(ends))
        ends[row : row + 1] = [end]
        flags.append((key, since_s, row))
    return flags


def _flag_text(key: str, since_s: float) -> Told:
    word = told("moment", key)
    if key == "fault" and since_s == 0.0:
        return word
    return Told(f"{word.en} {_clock(since_s)}", f"{word.zh} {_clock(since_s)}")


def _flag_box(key: str, since_s: float, scale: _Scale) -> tuple[float, float]:
    width = 6.6 * len(_flag_text(key, since_s).en) + 14.0
    x = scale(since_s)
    return (x, x + width) if x + width < WIDTH else (x - width, x)


def _marks(flags: Sequence[tuple[str, float, int]], scale: _Scale, bottom: float) -> str:
    parts = []
    for key, since_s, row in flags:
        x, y, colour = scale(since_s), 6.0 + FLAG * row, MARKS[key]
        start, end = _flag_box(key, since_s, scale)
        right = start >= x
        anchor, text_x = ("start", x + 6.0) if right else ("end", x - 6.0)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{bottom:.1f}" stroke="{colour}" stroke-width="1.2"/>'
            f'<rect x="{start:.1f}" y="{y:.1f}" width="{end - start - 4:.1f}" height="{FLAG - 2:g}" fill="#fff"/>'
            f'<rect x="{x - (0 if right else 3):.1f}" y="{y:.1f}" width="3" height="{FLAG - 2:g}" fill="{colour}"/>'
            + _text(_flag_text(key, since_s), text_x, y + 11.0, anchor=anchor, colour=colour, weight=600)
        )
    return "".join(parts)


def _time_axis(scale: _Scale, top: float, bottom: float) -> str:
    unit_s = 60.0 if scale.high > 600.0 else 1.0
    parts = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom:.1f}" y2="{bottom:.1f}" stroke="{QUIET}"/>']
    for tick in _ticks(scale.low / unit_s, scale.high / unit_s, 9):
        x = scale(tick * unit_s)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" stroke="{GRID}"/>'
            f'<text x="{x:.1f}" y="{bottom + 14:.1f}" text-anchor="middle">{tick:g}</text>'
        )
    axis = told("report", "seconds_axis")
    unit = Told("min", "分") if unit_s == 60.0 else Told("s", "秒")
    words = Told(f"{unit.en}, {axis.en}", f"{unit.zh}，{axis.zh}")
    return "".join(parts) + _text(words, WIDTH - RIGHT, bottom + 29.0, anchor="end", colour=QUIET)


def _panel(panel: Panel, scale: _Scale, top: float) -> str:
    inside = [c.value[(c.at_s >= scale.low) & (c.at_s <= scale.high)] for c in panel.curves]
    values = np.concatenate([*(v[np.isfinite(v)] for v in inside), [level.value for level in panel.levels]])
    if not values.size:
        values = np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    room = 0.08 * (high - low) or 1.0
    y = _Scale(low - room, high + room, top + PANEL, top + 20.0)
    parts = []
    for tick in _ticks(y.low, y.high, 5):
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="{GRID}"/>'
            f'<text x="{LEFT - 7}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
        )
    parts.append(_text(panel.title, LEFT, top + 12.0, colour=INK, weight=600))
    x = WIDTH - RIGHT
    for curve in panel.curves:
        parts.append(_path(curve, scale, y))
    for curve in reversed([curve for curve in panel.curves if curve.key is not None]):
        assert curve.key is not None  # noqa: S101  # filtered in the line above
        parts.append(_text(curve.key, x, top + 12.0, anchor="end", colour=QUIET))
        x -= 6.3 * len(curve.key.en) + 8.0
        parts.append(
            f'<line x1="{x - 22:.1f}" x2="{x:.1f}" y1="{top + 8:.1f}" y2="{top + 8:.1f}" stroke="{curve.colour}" '
            f'stroke-width="2" stroke-dasharray="{curve.dash}"/>'
        )
        x -= 34.0
    for level in panel.levels:
        at = y(level.value)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="{level.colour}" '
            'stroke-width="1" stroke-dasharray="2 3"/>'
            + _text(level.text, LEFT + 0.14 * (WIDTH - LEFT - RIGHT), at - 4.0, colour=level.colour)
        )
    return "".join(parts)


def _path(curve: Curve, x: _Scale, y: _Scale) -> str:
    keep = (curve.at_s >= x.low) & (curve.at_s <= x.high)
    at_s, value = thinned(curve.at_s[keep], curve.value[keep])
    commands, pen = [], "M"
    for t, v in zip(at_s.tolist(), value.tolist(), strict=True):
        if not math.isfinite(v):
            pen = "M"
            continue
        commands.append(f"{pen}{x(t):.1f} {y(v):.1f}")
        pen = "L"
    return (
        f'<path d="{"".join(commands)}" fill="none" stroke="{curve.colour}" stroke-width="{curve.width}" '
        f'stroke-dasharray="{curve.dash}" opacity="{curve.opacity}" stroke-linejoin="round"/>'
    )


def thinned(at_s: F8, value: F8) -> tuple[F8, F8]:
    """At most two values a bucket, its smallest and its largest in their order, so that no peak is lost."""
    n = len(value)
    if n <= 2 * BUCKETS:
        return at_s, value
    size = -(-n // BUCKETS)
    rows: list[int] = []
    for start in range(0, n, size):
        block = value[start : start + size]
        if np.isnan(block).all():
            rows.append(start)
            continue
        rows += sorted({start + int(np.nanargmin(block)), start + int(np.nanargmax(block))})
    return at_s[rows], value[rows]


def _lane(lane: _Lane, scale: _Scale, top: float) -> str:
    """A bar where it holds."""
    middle = top + LANE / 2.0
    parts = [
        f'<text x="{LEFT - 7}" y="{middle + 4:.1f}" text-anchor="end">{escape(lane.name)}</text>'
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{middle:.1f}" y2="{middle:.1f}" stroke="{GRID}"/>'
    ]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lane.holds, [False]]).astype(np.int8)))
    for first, last in edges.reshape(-1, 2).tolist():
        start = max(scale.low, (first + 1) * lane.period_s - lane.onset_s)
        end = min(scale.high, last * lane.period_s - lane.onset_s)
        if end >= start:
            x = scale(start)
            parts.append(
                f'<rect x="{x:.1f}" y="{middle - 4:.1f}" width="{max(1.5, scale(end) - x):.1f}" height="8" rx="1.5" '
                f'fill="{lane.colour}"/>'
            )
    return "".join(parts)


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers between two ends."""
    raw = (high - low) / count
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * magnitude >= raw)
    first = math.ceil(low / step)
    return [round(i * step, 10) for i in range(first, math.floor(high / step) + 1)]


def _text(text: Told, x: float, y: float, *, anchor: str = "start", colour: str = QUIET, weight: int = 400) -> str:
    look = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}"'
    look += ' paint-order="stroke" stroke="#fff" stroke-width="4"'  # readable where lines cross
    return f'<text class="en" {look}>{escape(text.en)}</text><text class="zh" {look}>{escape(text.zh)}</text>'


def _clock(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds < 600.0 else f"{seconds / 60.0:.1f} min"
