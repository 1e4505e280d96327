"""When a unit was not normal, as the journal has it: its alarms, demands on its safety functions, confirmed findings.

Ten minutes before and after go with it: a fault is there before its alarm, and its traces are there after. A finding
that an engineer rejected was normal operation, and stays in; one that nobody judged stays in too, and is told.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from plantsafe.clock import NS_PER_S
from plantsafe.frame import I8, Bool
from plantsafe.store.record import EventRow, RecordReader

AROUND_NS = 600 * NS_PER_S  # site default
KINDS = (
    "alarm_raised", "alarm_cleared", "alarm_removed", "demand_started", "tripped", "spurious_trip",
    "finding_raised", "finding_cleared", "finding_confirmed", "finding_rejected",
)  # fmt: skip
_POINTS = ("demand_started", "tripped", "spurious_trip")  # events that have no end of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwell:
    """By unit: stretches (n, 2) of UTC nanoseconds that are no example, and what they were, counted.

    unjudged: findings in the span that nobody confirmed or rejected, by unit.
    """

    stretches: Mapping[str, I8]
    why: Mapping[str, Counter[str]]
    unjudged: Counter[str]

    def inside(self, unit: str, time_ns: I8) -> Bool:
        """(n,) True at the instants that are no example."""
        answer = np.zeros(len(time_ns), dtype=np.bool_)
        for begin, end in self.stretches.get(unit, np.zeros((0, 2), dtype=np.int64)).tolist():
            answer |= (time_ns >= begin) & (time_ns < end)
        return answer


NOTHING = Unwell(stretches={}, why={}, unjudged=Counter())


def unwell(reader: RecordReader, unit_of: Mapping[str, str], from_ns: int, to_ns: int) -> Unwell:
    """What the journal says of [from_ns, to_ns). unit_of: the unit of each condition and safety function, by name."""
    return told(reader.events(kinds=KINDS), unit_of, from_ns, to_ns)


def told(events: Iterable[EventRow], unit_of: Mapping[str, str], from_ns: int, to_ns: int) -> Unwell:
    """The same of some events, oldest first."""
    opened: dict[str, int] = {}
    findings: dict[tuple[str, int], tuple[int, int]] = {}
    judged: dict[tuple[str, int], str] = {}
    found: list[tuple[str, str, int, int]] = []  # unit, what, from, to
    for event in events:
        name, unit = event.subject, unit_of.get(event.subject, "")
        if event.kind == "alarm_raised":
            opened.setdefault(name, event.time_ns)
        elif event.kind in ("alarm_cleared", "alarm_removed"):
            if (begun := opened.pop(name, None)) is not None:
                found.append((unit, name, begun, event.time_ns))
        elif event.kind in _POINTS:
            found.append((unit, name, event.time_ns, event.time_ns))
        else:
            occurrence = (name, int(json.loads(event.body).get("occurrence", 0)))
            if event.kind == "finding_raised":
                findings[occurrence] = (event.time_ns, to_ns)
            elif event.kind == "finding_cleared" and occurrence in findings:
                findings[occurrence] = (findings[occurrence][0], event.time_ns)
            else:
                judged[occurrence] = event.kind
    found += [(unit_of.get(name, ""), name, begun, to_ns) for name, begun in opened.items()]
    for (name, nth), (begun, ended) in findings.items():
        if judged.get((name, nth)) == "finding_confirmed":
            found.append((unit_of.get(name, ""), name, begun, ended))
    stretches: dict[str, list[tuple[int, int]]] = {}
    why: dict[str, Counter[str]] = {}
    for unit, name, begun, ended in found:
        begin, end = begun - AROUND_NS, ended + AROUND_NS
        if unit and end > from_ns and begin < to_ns:
            stretches.setdefault(unit, []).append((begin, end))
            why.setdefault(unit, Counter())[name] += 1
    unjudged = Counter(
        unit_of.get(name, "")
        for (name, nth), (begun, _) in findings.items()
        if (name, nth) not in judged and from_ns <= begun < to_ns and unit_of.get(name)
    )
    return Unwell(
        stretches={unit: np.array(sorted(some), dtype=np.int64) for unit, some in stretches.items()},
        why=why,
        unjudged=unjudged,
    )
