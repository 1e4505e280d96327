"""What happened to the safety functions in one scan, as facts for the journal."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from plantsafe.frame import F8, I8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.protection.answer import Answer
from plantsafe.protection.channel import Sight
from plantsafe.protection.demand import TIME_TOLERANCE_S, Happened, Memory, TripCause
from plantsafe.protection.vote import Votes
from plantsafe.verdict import Fact


def outcome(lo_s: float, hi_s: float, required_s: float) -> str:
    """in_time, late, or not_resolved when the interval (lo_s, hi_s] lies on both sides of the required response."""
    if hi_s <= required_s + TIME_TOLERANCE_S:
        return "in_time"
    return "late" if lo_s > required_s + TIME_TOLERANCE_S else "not_resolved"


def function_facts(
    plant: Plant, frame: Frame, sight: Sight, votes: Votes, memory: Memory, happened: Happened, fine: Bool
) -> Iterator[Fact]:
    """One fact an edge, in the order: demand, trip, its cause, safe state left or reached, failure.

    Moments are scans: `scan` is the first in which it was seen, `scan_before` the last in which it certainly was not
    so (null: never seen otherwise); `unseen_between` where more than a scan lies between them: lost scans, an outage of
    our own, doubtful data. Where a fast group stamps a function (`fine`), `between_ns` says the same in UTC.
    """
    functions = plant.file.functions
    number = frame.number

    def facts(kind: str, where: Bool, body: Any) -> Iterator[Fact]:
        for i in np.flatnonzero(where).tolist():
            yield Fact(kind=kind, subject=functions[i].name, body=body(i))

    def seen(i: int, before: F8, at: F8) -> dict[str, Any]:
        if not fine[i]:
            return {}
        ends = (float(moments[i]) for moments in (before, at))
        stamps = [frame.time_ns + round((end - number) * plant.period_ns) if end else None for end in ends]
        return {"between_ns": stamps}

    def demand(i: int) -> dict[str, Any]:
        channels = functions[i].inputs
        beyond = [channels[j].point for j in np.flatnonzero(sight.beyond[i] == Answer.YES).tolist()]
        return {
            "scan_before": _scan(memory.demand_before, i),
            "scan": number,
            "beyond": {name: _number(float(frame.value[plant.points.row[name]])) for name in beyond},
            "setpoint": functions[i].setpoint,
            "forced_votes": int(votes.forced[i]),
            "needed_votes": int(votes.needed[i]),
            "unseen_between": _unseen(memory.demand_before, memory.demand_at, i),
            **({"test": True} if sight.tested[i] else {}),
            **seen(i, memory.demand_before, memory.demand_at),
        }

    def trip(i: int) -> dict[str, Any]:
        return {
            "scan_before": _scan(memory.untripped_at, i),
            "scan": _scan(memory.tripped_at, i),
            "cause": TripCause(int(happened.cause[i])).name.lower(),
            "unseen_between": _unseen(memory.untripped_at, memory.tripped_at, i),
            **seen(i, memory.untripped_at, memory.tripped_at),
        }

    def spurious(i: int) -> dict[str, Any]:
        return {"scan": _scan(memory.tripped_at, i)}

    def told(i: int) -> dict[str, Any]:
        return {"scan": _scan(memory.tripped_at, i), "cause": TripCause(int(happened.cause[i])).name.lower()}

    def response(i: int) -> dict[str, Any]:
        lo_s, hi_s = float(memory.lo_s[i]), float(memory.hi_s[i])
        elements = functions[i].elements
        return {
            "scan_before": _scan(memory.unsafe_at, i),
            "scan": _scan(memory.safe_at, i),
            "demand_scan_before": _scan(memory.demand_before, i),
            "demand_scan": _scan(memory.demand_at, i),
            "response_s": [_number(lo_s), _number(hi_s)],
            "required_s": functions[i].response_s,
            "sensor_lag_s": functions[i].sensor_lag_s,
            "outcome": outcome(lo_s, hi_s, functions[i].response_s),
            "unseen_between": _unseen(memory.unsafe_at, memory.safe_at, i)
            or _unseen(memory.demand_before, memory.demand_at, i),
            "elements": [elements[j].name for j in np.flatnonzero(sight.element_safe[i] == Answer.YES).tolist()],
            **seen(i, memory.unsafe_at, memory.safe_at),
        }

    def failure(i: int) -> dict[str, Any]:
        elements = functions[i].elements
        return {
            "scan": number,
            "demand_scan_before": _scan(memory.demand_before, i),
            "demand_scan": _scan(memory.demand_at, i),
            "waited_s": _number(float(happened.waited_s[i])),
            "required_s": functions[i].response_s,
            "unseen_between": _unseen(memory.demand_before, memory.demand_at, i),
            "tripped": {Answer.YES: True, Answer.NO: False}.get(Answer(int(sight.tripped[i]))),
            "not_safe": [elements[j].name for j in np.flatnonzero(sight.element_safe[i] == Answer.NO).tolist()],
        }

    def left(i: int) -> dict[str, Any]:
        return {"scan_before": _scan(memory.demand_before, i), "scan": number}

    yield from facts("demand_started", happened.started, demand)
    yield from facts("tripped", happened.tripped, trip)
    unneeded = happened.cause == TripCause.SPURIOUS
    yield from facts("trip_explained", happened.judged & ~happened.tripped & ~unneeded, told)
    yield from facts("spurious_trip", happened.judged & unneeded, spurious)
    yield from facts("safe_state_lost", happened.lost, left)
    yield from facts("safe_state_reached", happened.reached, response)
    yield from facts("failure_on_demand", happened.failed, failure)


def bypass_facts(plant: Plant, number: int, turned_on: Bool, turned_off: Bool, seen_at: I8) -> Iterator[Fact]:
    """bypass_on and bypass_off by channel; seen_at (n_functions, n_channels): scan in which the bit was last seen."""
    for kind, where in (("bypass_on", turned_on), ("bypass_off", turned_off)):
        for i, j in np.argwhere(where).tolist():
            function = plant.file.functions[i]
            channel = function.inputs[j]
            body = {
                "channel": channel.point,
                "bit": channel.bypass,
                "scan_before": int(seen_at[i, j]) or None,
                "scan": number,
            }
            yield Fact(kind=kind, subject=function.name, body=body)


def _unseen(before: F8, at: F8, i: int) -> bool:
    return not before[i] or bool(at[i] - before[i] > 1.0)


def _scan(moments: F8, i: int) -> int | None:
    """The scan that brought a moment: what was read between two scans came with the second."""
    return math.ceil(moments[i]) or None


def _number(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
