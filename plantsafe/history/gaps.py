"""What is not there, with its name: scans that were lost or missed, files that are gone, and scans that came late."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plantsafe.history.reader import EARLIEST_NS, LATEST_NS, HistoryReader, Hole

_NO_REASON = "neither recorded nor named as lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A scan that began later than its instant."""

    number: int
    time_ns: int
    late_ms: int


def named_gaps(history: HistoryReader) -> list[Hole]:
    """Scans that are not there as the journal and the folder explain them, by their first."""
    found: list[Hole] = []
    for event in history.record.events(kinds=("scans_lost", "service_started")):
        body = json.loads(event.body)
        if event.kind == "scans_lost":
            found.append(Hole(first=body["first"], last=body["last"], reason=f"lost: {body['reason']}"))
        elif body["scans_missed"]:
            first = body["after_scan"] + 1
            reason = f"the scan service was {body['reason']}"
            found.append(Hole(first=first, last=body["after_scan"] + body["scans_missed"], reason=reason))
    return sorted([*found, *history.holes()], key=lambda hole: hole.first)


def late_scans(history: HistoryReader) -> Iterator[Late]:
    """Scans that began late, oldest first."""
    for event in history.record.events(kinds=("scan_late",)):
        yield Late(number=event.scan, time_ns=event.time_ns, late_ms=json.loads(event.body)["late_ms"])


def unexplained(history: HistoryReader, named: Sequence[Hole]) -> list[Hole]:
    """Scans after the first that are neither there nor named."""
    found: list[Hole] = []
    expected = history.first_number()
    for first, last in _runs(history):
        if expected and first > expected:
            found += _without(expected, first - 1, named)
        expected = max(expected, last + 1)
    return found


def _runs(history: HistoryReader) -> Iterator[tuple[int, int]]:
    """First and last of scans that are there without a gap."""
    begin, end = 0, -1
    for window in history.windows((), EARLIEST_NS, LATEST_NS):
        for number in window.number.tolist():
            if number != end + 1:
                if begin:
                    yield begin, end
                begin = number
            end = number
    if begin:
        yield begin, end


def _without(first: int, last: int, named: Sequence[Hole]) -> Iterator[Hole]:
    """What of first..last no named hole covers."""
    for hole in sorted(named, key=lambda each: each.first):
        if hole.last < first or hole.first > last:
            continue
        if hole.first > first:
            yield Hole(first=first, last=hole.first - 1, reason=_NO_REASON)
        first = max(first, hole.last + 1)
    if first <= last:
        yield Hole(first=first, last=last, reason=_NO_REASON)
