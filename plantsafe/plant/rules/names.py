"""Names are unique in their kind, and every name of another entry is the name of one."""

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin

from plantsafe.plant.described import nearest
from plantsafe.plant.model.entry import Entry, Found, Refers
from plantsafe.plant.partial import NotKnownError, Partial, bare
from plantsafe.plant.rules.view import KINDS, View
from plantsafe.plant.watch import WATCH_SOURCE
from plantsafe.plant.yaml_tree import Where

OWN_PREFIXES = ("bypasses", "clock", "plant", WATCH_SOURCE)
OWN_WORDS: dict[str, tuple[str, ...]] = {
    "source": ("lost", "frozen", "clock_differs", "clock_wrong", "certificate_ends", "writable", "overruns"),
    "function": (
        *("tripped", "demand", "spurious_trip", "failure_on_demand", "degraded", "none", "bypass", "second_bypass"),
        *("repair_over", "setpoint_changed", "test_due", "test_overdue", "period_worse", "worse_than_required"),
        "high_demand",
    ),
    "final element": ("failed", "moved", "slow", "stuck"),
    "effect": ("forbidden", "missing", "not_ready", "unexplained"),
    "point": (
        *("cusum", "ewma", "creeps", "deviates", "differs", "frozen", "signal"),
        *("ending", "over_time", "unauthorised"),
    ),
    "unit": (
        *("multivariate", "phase_over", "bypasses", "hazard_class", "heat_balance", "heat_transfer", "mtsr"),
        *("feed_ratio", "mass_balance", "missing_mass", "pressure_drop", "profile", "reverse_flow", "hold_up"),
        "hold_up_differs",
        *("conveyor_blocked", "conveyor_heat"),
    ),
    "partition": ("occupancy",),
    "workshop": ("occupancy",),
}
"""What conditions of our own are called, behind the name of what they are about."""

_Step = tuple[str, str]  # "field" and its name, "each" entry of a list, "value" of a mapping


def unique(view: View) -> Iterator[Found]:
    """Each name once in its kind."""
    for kind, sections in KINDS.items():
        if kind in ("sample", "certificate"):
            continue  # they are register entries, too
        first: dict[str, Where] = {}
        for section in sections:
            for i, name in view.names(section):
                where: Where = (*section, i, "name")
                if name in first:
                    wrong = f"{name} is there already, at {view.assembled.line(first[name])}"
                    yield Found(where, wrong, "give it another name", "duplicate-name")
                first.setdefault(name, where)
    seen: dict[str, Where] = {}
    for i, shop in enumerate(view.assembled.entries[("workshops",)]):
        parts = shop.get("partitions") if isinstance(shop, dict) else None
        for j, part in enumerate(parts if isinstance(parts, list) else []):
            own = part.get("name") if isinstance(part, dict) else None
            where = ("workshops", i, "partitions", j, "name")
            if isinstance(own, str) and own in seen:
                wrong = f"partition {own} is there already, at {view.assembled.line(seen[own])}"
                yield Found(where, wrong, "give it another name", "duplicate-name")
            elif isinstance(own, str):
                seen[own] = where


def reserved(view: View) -> Iterator[Found]:
    """Names that the product gives itself: its own source, and the points of what sources say of their work."""
    for i, name in view.names(("sources",)):
        if name == WATCH_SOURCE:
            wrong = f"{name} is the name of our own source, of what the others say of their work"
            yield Found(("sources", i, "name"), wrong, "give it another name", "reserved-name")
    for i, name in view.names(("points",)):
        if name in view.watched:
            wrong = f"{name} is a point of our own: {view.watched[name].title.en}"
            yield Found(("points", i, "name"), wrong, "give it another name", "reserved-name")
    yield from _own_conditions(view)


def _own_conditions(view: View) -> Iterator[Found]:
    """An alarm that is called like a condition of our own would stand in its row."""
    for section in ("alarms", "expression_alarms"):
        for i, name in view.names((section,)):
            of, _, word = name.rpartition(".")
            owners = [kind for kind, words in OWN_WORDS.items() if word in words and of in view.known[kind]]
            window = word == "window" and any(
                unit in view.known["unit"] and point in view.known["point"] for unit, point in _splits(of)
            )
            if owners or window or name.partition(".")[0] in OWN_PREFIXES:
                what = f"the {owners[0]} {of}" if owners else f"the window {of}" if window else "the product"
                wrong = f"{name} is the name of a condition of our own, of {what}"
                yield Found((section, i, "name"), wrong, "give it another name", "reserved-name")


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """A name cut at each of its dots."""
    parts = name.split(".")
    for i in range(1, len(parts)):
        yield ".".join(parts[:i]), ".".join(parts[i:])


def refers(view: View, entry: Any) -> Iterator[Found]:
    """Every name of another entry is one."""
    known = view.known
    for where, kind, name in named(entry):
        if name not in known[kind]:
            yield _nothing(view, where, kind, name)


def named(entry: Any) -> Iterator[tuple[Where, str, str]]:
    """Where in the entry other entries are named: the place, the kind and the name, whether or not there is one."""
    model: type[Entry] = entry.__dict__["_model"] if isinstance(entry, Partial) else type(entry)
    for steps, kind in _references(model):
        if len(steps) == 1:
            try:
                name = getattr(entry, steps[0][1])
            except NotKnownError:
                continue
            if isinstance(name, str):
                yield (steps[0][1],), kind, name
        else:
            for where, name in _walk(entry, steps, ()):
                if isinstance(name, str):
                    yield where, kind, name


def _nothing(view: View, where: Where, kind: str, name: str) -> Found:
    return Found(where, f"there is no {kind} {name!r}", nearest(name, view.known[kind]), "reference")


def _walk(node: Any, steps: tuple[_Step, ...], where: Where) -> Iterator[tuple[Where, Any]]:
    if not steps:
        yield where, node
        return
    (how, name), rest = steps[0], steps[1:]
    if how == "field":
        try:
            inner = getattr(node, name)
        except (NotKnownError, AttributeError):
            return
        if inner is not None:
            yield from _walk(inner, rest, (*where, name))
    elif how == "each" and isinstance(node, tuple):
        for i, item in enumerate(node):
            yield from _walk(item, rest, (*where, i))
    elif how == "value" and isinstance(node, dict):
        for key, item in node.items():
            yield from _walk(item, rest, (*where, key))


@cache
def _references(model: type[Entry]) -> tuple[tuple[tuple[_Step, ...], str], ...]:
    """The ways to all names of other entries in a model, and their kinds."""
    found: list[tuple[tuple[_Step, ...], str]] = []
    for name, info in model.model_fields.items():
        for datum in info.metadata:
            if isinstance(datum, Refers):
                found.append(((("field", name),), datum.kind))
        found += [((("field", name), *steps), kind) for steps, kind in _inside(info.annotation)]
    return tuple(found)


def _inside(kind: Any) -> list[tuple[tuple[_Step, ...], str]]:
    if hasattr(kind, "__metadata__"):
        here = [((), datum.kind) for datum in kind.__metadata__ if isinstance(datum, Refers)]
        return [*here, *_inside(get_args(kind)[0])]
    plain = bare(kind, keep_annotated=True)
    if plain is not kind:
        return _inside(plain)
    if isinstance(kind, type) and issubclass(kind, Entry):
        return list(_references(kind))
    if get_origin(kind) is tuple:
        return [((("each", ""), *steps), inner) for steps, inner in _inside(get_args(kind)[0])]
    if get_origin(kind) is dict:
        return [((("value", ""), *steps), inner) for steps, inner in _inside(get_args(kind)[1])]
    return []
