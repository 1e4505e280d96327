"""What the plant file alone says of its alarms. Mistakes of `check` about alarms are told with them."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal

from plantsafe.alarms.rationalise.remark import Remark, Rule, Share
from plantsafe.alarms.rationalise.signal import signal_of
from plantsafe.errors import Mistake
from plantsafe.plant.model.entry import Entry
from plantsafe.plant.partial import NotKnownError
from plantsafe.plant.rules import View
from plantsafe.plant.rules.alarms import trips

SECTIONS = ("alarms", "expression_alarms")
RESPONSE_MIN = 3.0  # minutes under which nobody can be counted upon to act (site default: the matrix's shortest band)
EMPTY = ("", "-", "?", "tbd", "todo", "n/a", "none", "待定", "无", "暂无")
TARGETS = {1: 0.01, 2: 0.05, 3: 0.15, 4: 0.80}  # ISA-18.2 / EEMUA 191, shares of configured alarms (reference 1.5)
GREEN, AMBER = 0.05, 0.15  # points off the target (SignalForge, reference 1.5)
SEVERITY = {  # worst consequence that a class of alarm may have (site default)
    "diagnostic": "minor",
    "process": "major",
    **dict.fromkeys(("safety", "environment", "SIS", "GDS", "occupancy"), "severe"),
}
MATRIX = {  # consequence by time to respond: over 30 min, to 30, to 10, under 3 (reference 1.5)
    "minor": (4, 4, 4, 3),
    "major": (4, 4, 3, 2),
    "severe": (4, 3, 2, 1),
}
_RULES: dict[str, Rule] = {
    "missing": "missing",
    "limit-range": "unreachable",
    "limit-order": "order",
    "alarm-beyond-trip": "beyond-trip",
    "deadband": "dead-band",
    "delay": "delay",
    "duplicate-name": "duplicate",
}


def of_mistakes(view: View, mistakes: tuple[Mistake, ...]) -> Iterator[Remark]:
    """What `check` refuses, by alarm; mistakes elsewhere in the file belong to no alarm."""
    for mistake in mistakes:
        section, _, inside = mistake.field.partition(".")
        alarm = ""
        if section in SECTIONS:
            names = (name for _, name in view.names((section,)))
            alarm = max((n for n in names if inside == n or inside.startswith(f"{n}.")), key=len, default="")
        yield Remark(
            rule=_RULES.get(mistake.rule, "file") if section in SECTIONS else "file",
            alarm=alarm,
            file=mistake.file,
            line=mistake.line,
            wrong=mistake.wrong if alarm else f"{mistake.field}: {mistake.wrong}",
            mend=mistake.mend,
        )


def of_alarms(view: View, response_min: float = RESPONSE_MIN) -> Iterator[Remark]:
    """What is well-formed and still not a good alarm."""
    for section, i, alarm in entries(view):
        for rule, wrong, mend in _of_one(view, alarm, response_min):
            yield at(view, section, i, alarm.name, rule, wrong, mend)
    yield from _duplicates(view)


def entries(view: View) -> Iterator[tuple[str, int, Any]]:
    """Section, number and entry of every alarm that could be read whole."""
    for section in SECTIONS:
        for i, alarm in enumerate(view.section(section)):
            if isinstance(alarm, Entry):
                yield section, i, alarm


def at(view: View, section: str, i: int, name: str, rule: Rule, wrong: str, mend: str) -> Remark:
    """A remark at the place of an alarm."""
    path, line, _ = view.assembled.entries[(section,)].place(i, ())
    return Remark(rule=rule, alarm=name, file=str(path), line=line, wrong=wrong, mend=mend)


_Told = tuple[Rule, str, str]


def _of_one(view: View, alarm: Any, response_min: float) -> Iterator[_Told]:
    for field, what in (("consequence", "what happens if nobody acts"), ("action", "what the operator does")):
        text = getattr(alarm, field)
        if any(word.strip().casefold() in EMPTY for word in (text.en, text.zh)):
            yield "missing", f"{field} says nothing in one language", f"write {what}, or let it be a finding"
    if alarm.respond_min < response_min:
        wrong = f"{alarm.respond_min:g} min to respond; a person needs {response_min:g}"
        yield "too-late", wrong, "set the limit earlier, or give the task to a safety function"
    yield from _priority(alarm)
    if hasattr(alarm, "point"):
        try:
            point = view.point(alarm.point)
        except NotKnownError:
            return
        yield from _reach(alarm, point)
        yield from _step(alarm, point)


def _priority(alarm: Any) -> Iterator[_Told]:
    severity = SEVERITY[alarm.klass]
    band = sum(alarm.respond_min <= edge for edge in (30.0, 10.0)) + (alarm.respond_min < 3.0)
    matrix = MATRIX[severity][band]
    said = f"priority {alarm.priority}; {alarm.klass} with {alarm.respond_min:g} min to respond gives {matrix}"
    if alarm.priority < matrix:
        yield "priority", said, f"write {matrix}, or the time to respond that is meant"
    elif alarm.priority > matrix + 1:
        yield "priority", said, "see whether the consequence is as the class says"


def _reach(alarm: Any, point: Any) -> Iterator[_Told]:
    low, high = point.range
    if point.kind == "state" and point.states:
        codes = point.states.keys()
        reached = max(codes) >= alarm.limit if alarm.direction in ("H", "HH") else min(codes) <= alarm.limit
        if not reached:
            wrong = f"no state of {point.name} is beyond {alarm.limit:g}"
            yield "unreachable", wrong, f"its codes are {min(codes)} to {max(codes)}"
    elif alarm.limit == (high if alarm.direction in ("H", "HH") else low):
        wrong = f"limit {alarm.limit:g} is the end of the range of {point.name}"
        yield "unreachable", wrong, "only an instrument driven to its end would raise it: set it inside the range"


def _step(alarm: Any, point: Any) -> Iterator[_Told]:
    if signal_of(point) == "discrete":
        return
    if alarm.deadband == 0.0:
        yield "dead-band", "no dead band on a measured value", "write three times the noise (--history works it out)"
    elif alarm.deadband < point.resolution:
        wrong = f"dead band {alarm.deadband:g} is under the instrument's step of {point.resolution:g}"
        yield "dead-band", wrong, f"write at least {point.resolution:g}"


def _duplicates(view: View) -> Iterator[Remark]:
    """Two alarms on the same limit of the same thing, or on the same expression."""
    seen: dict[Any, list[str]] = defaultdict(list)
    for section, i, alarm in entries(view):
        if section == "expression_alarms":
            keys: list[Any] = ["".join(alarm.expression.split())]
        else:
            try:
                twin = view.point(alarm.point).same_as
            except NotKnownError:
                twin = None
            names = sorted({alarm.point, twin or alarm.point})
            keys = [(name, alarm.direction[0], alarm.limit) for name in names] + [(alarm.point, alarm.direction)]
        for other in dict.fromkeys(name for key in keys for name in seen[key]):
            wrong = f"says the same as {other}"
            yield at(view, section, i, alarm.name, "duplicate", wrong, "keep one of the two; an alarm has one task")
        for key in keys:
            seen[key].append(alarm.name)


def leads(view: View, alarm: Any) -> Iterator[tuple[str, float]]:
    """Function and setpoint of the trips that come after an alarm, on its point or one that measures the same."""
    sign = 1.0 if alarm.direction in ("H", "HH") else -1.0
    for side, setpoint, function in trips(view).get(alarm.point, ()):
        if (side == "H") == (sign > 0) and sign * (setpoint - alarm.limit) > 0:
            yield function, setpoint


def shares(view: View) -> tuple[Share, ...]:
    """How the configured alarms are spread over the priorities."""
    found = [alarm.priority for _, _, alarm in entries(view)]
    made = []
    for priority, target in TARGETS.items():
        count = found.count(priority)
        share = count / len(found) if found else 0.0
        off = abs(share - target)
        band: Literal["green", "amber", "red"] = "green" if off <= GREEN else "amber" if off <= AMBER else "red"
        made.append(Share(priority=priority, count=count, share=share, target=target, band=band))
    return tuple(made)
