"""From what a server tells of its variables to the rows of a first point table, and of its limits to rationalise."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.opcua.browse import BrowsedNode

UA_NAMESPACE = "http://opcfoundation.org/UA/"  # OPC UA Part 6: the standard's own nodes
UNIT = "U1"  # of points that lie in no folder
NAME_MAX = 80  # of a name in the plant file
NOT_A_NAME = re.compile(r"[^A-Za-z0-9_.\-]+")
SIGNS = re.compile(r"[;=|]")  # of a cell of states
REALS = ("Float", "Double", "Number", "Decimal")
INTEGERS = {
    "SByte": (-128, 127), "Byte": (0, 255), "Int16": (-32768, 32767), "UInt16": (0, 65535),
    "Int32": (-(2**31), 2**31 - 1), "UInt32": (0, 2**32 - 1), "Int64": (-(2**63), 2**63 - 1),
    "UInt64": (0, 2**64 - 1), "Integer": (-(2**31), 2**31 - 1), "UInteger": (0, 2**32 - 1),
}  # fmt: skip
DIRECTIONS = {"HighHighLimit": "HH", "HighLimit": "H", "LowLimit": "L", "LowLowLimit": "LL"}

Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPoints:
    """Rows of the tables `points` and `alarms`, the units they name, and what a person has to look at.

    namespace: the URI that most points have. without_range: analog points for which the server tells no range; their
    cells hold `fill`. left_out: variables that are no points, with the reason.
    """

    points: tuple[Row, ...]
    limits: tuple[Row, ...]
    units: tuple[str, ...]
    namespace: str
    without_range: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def first_points(
    nodes: Iterable[BrowsedNode], *, source: str, unit: str, fill: str, span: tuple[float, float] | None = None
) -> FirstPoints:
    """The variables as points of `source`.

    All belong to `unit`; where that is empty, to a unit called by their folder below Objects. `span` is the range of
    analog points for which the server tells none; without it their cells hold `fill`.
    """
    usable, left_out = _usable(nodes)
    names = names_of([node.path for node in usable])
    namespace = Counter(node.namespace for node in usable).most_common(1)[0][0] if usable else ""
    points: list[Row] = []
    limits: list[Row] = []
    without_range = []
    for node, name in zip(usable, names, strict=True):
        kind = _kind(node)
        row = {
            "name": name, "title.en": node.title or node.name, "title.zh": node.title or node.name,
            "unit": unit or (_clean(node.path[0]) if len(node.path) > 1 else UNIT), "source": source, "kind": kind,
            "eu": node.eu, "opcua.node": node.node,
        }  # fmt: skip
        if node.namespace != namespace:
            row["opcua.namespace"] = node.namespace
        if node.states:
            row["states"] = "; ".join(f"{code}={SIGNS.sub(' ', text)}" for code, text in enumerate(node.states) if text)
        ends = node.range or (INTEGERS.get(node.data_type) if kind == "count" else (0, 1) if kind == "state" else span)
        if kind == "state" and node.states:
            ends = (0, max(1, len(node.states) - 1))
        row["range.low"], row["range.high"] = (_number(ends[0]), _number(ends[1])) if ends else (fill, fill)
        if ends is None:
            without_range.append(name)
        points.append(row)
        limits += [
            {"name": f"{name}.{DIRECTIONS[which]}", "point": name, "direction": DIRECTIONS[which],
             "limit": _number(limit)}
            for which, limit in node.limits.items()
        ]  # fmt: skip
    return FirstPoints(
        points=tuple(points),
        limits=tuple(limits),
        units=tuple(dict.fromkeys(row["unit"] for row in points)),
        namespace=namespace,
        without_range=tuple(without_range),
        left_out=tuple(left_out),
    )


def names_of(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """A name for each path: its last step, with as many steps before it as make it the only one."""
    names = [""] * len(paths)
    open_, steps = list(range(len(paths))), 1
    while open_:
        groups: dict[str, list[int]] = defaultdict(list)
        for i in open_:
            groups[_clean(".".join(paths[i][-steps:]))].append(i)
        open_ = []
        for name, group in groups.items():
            if len(group) == 1:
                names[group[0]] = name
            elif all(steps >= len(paths[i]) for i in group):
                for i in group:
                    names[i] = name
            else:
                open_ += group
        open_.sort()
        steps += 1
    return _apart(names)


def _apart(names: list[str]) -> list[str]:
    """Names that were made alike by what a name may not hold, told apart by a number."""
    seen: set[str] = set()
    for i, name in enumerate(names):
        number, tried = 1, name
        while tried in seen:
            number += 1
            tried = f"{name[: NAME_MAX - 6]}.{number}"
        seen.add(tried)
        names[i] = tried
    return names


def _usable(nodes: Iterable[BrowsedNode]) -> tuple[list[BrowsedNode], list[tuple[str, str]]]:
    usable, left_out = [], []
    for node in nodes:
        if node.namespace == UA_NAMESPACE:
            continue
        if not node.scalar:
            left_out.append(("/".join(node.path), "an array"))
        elif _kind(node):
            usable.append(node)
        elif node.data_type in ("String", "LocalizedText"):
            left_out.append(("/".join(node.path), "a text: as a state point it needs the texts that it may show"))
        else:
            left_out.append(("/".join(node.path), f"of type {node.data_type or 'unknown'}"))
    return usable, left_out


def _kind(node: BrowsedNode) -> str:
    if node.states or node.data_type == "Boolean":
        return "state"
    if node.data_type in REALS or (node.data_type in INTEGERS and (node.range or node.eu)):
        return "analog"
    return "count" if node.data_type in INTEGERS else ""


def _clean(text: str) -> str:
    return NOT_A_NAME.sub("_", text).lstrip("_.-")[-NAME_MAX:].lstrip("_.-") or "P"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**64 else repr(value)
