"""What the journal says of the safe operating windows: excursions of a period, and what phases came to."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from plantsafe.store.record import EventRow

KINDS = ("window_left", "window_regained", "window_account")


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursion:
    """A value outside its window within one phase. ended_ns is None while it lasts, and then so is what it came to.

    batch_scan: the scan in which its batch began, None where that was not seen. low, high: the window, None for no
    limit. outside_s counts scans that certainly were outside, not_judged_s those that nobody could judge.
    """

    unit: str
    point: str
    phase: str
    batch_scan: int | None
    low: float | None
    high: float | None
    began_ns: int
    ended_ns: int | None
    outside_s: float | None
    not_judged_s: float | None
    worst: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a phase of a batch, or its part of a day, came to for one point. from_ns, to_ns: of that part."""

    unit: str
    phase: str
    batch_scan: int | None
    point: str
    from_ns: int
    to_ns: int
    outside_s: float
    not_judged_s: float


def excursions(events: Iterable[EventRow], period_ns: int, from_ns: int, to_ns: int) -> tuple[Excursion, ...]:
    """Those that touch [from_ns, to_ns), as they ended or as they stood when the events end, in the order of events."""
    told: dict[tuple[str, int], Excursion] = {}
    for event in events:
        if event.kind not in ("window_left", "window_regained"):
            continue
        body = json.loads(event.body)
        over = event.kind == "window_regained"
        low, high = body["window"]
        began_ns = event.time_ns - (int(body["scan"]) - int(body["first_scan"] or body["scan"])) * period_ns
        key = (event.subject, int(body["first_scan"]))
        told[key] = Excursion(
            unit=body["unit"],
            point=body["point"],
            phase=body["phase"],
            batch_scan=body["batch_scan"],
            low=low,
            high=high,
            began_ns=told[key].began_ns if key in told else began_ns,
            ended_ns=event.time_ns if over else None,
            outside_s=body["outside_s"] if over else None,
            not_judged_s=body["not_judged_s"] if over else None,
            worst=body["worst"] if over else body["value"],
        )
    return tuple(
        one for one in told.values() if one.began_ns < to_ns and (one.ended_ns is None or one.ended_ns >= from_ns)
    )


def accounts(events: Iterable[EventRow], period_ns: int, from_ns: int, to_ns: int) -> tuple[Account, ...]:
    """Those that end in [from_ns, to_ns): phases, and the parts of them that midnight ended."""
    found = []
    for event in events:
        if event.kind != "window_account":
            continue
        body = json.loads(event.body)
        ends_ns = body["ends_ns"] or event.time_ns
        if not from_ns <= ends_ns <= to_ns or (ends_ns == to_ns and not body["ends_ns"]):
            continue
        begins_ns = event.time_ns - (int(body["scan"]) - int(body["first_scan"])) * period_ns
        found += [
            Account(
                unit=event.subject,
                phase=body["phase"],
                batch_scan=body["batch_scan"],
                point=point,
                from_ns=begins_ns,
                to_ns=ends_ns,
                outside_s=came_to["outside_s"],
                not_judged_s=came_to["not_judged_s"],
            )
            for point, came_to in body["points"].items()
        ]
    return tuple(found)
