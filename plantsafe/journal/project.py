"""States read back from the journal alone: what is open, as the record says it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from plantsafe.store.record import EventRow

ALARM_KINDS = (
    "alarm_raised",
    "alarm_acknowledged",
    "alarm_cleared",
    "alarm_removed",
    "finding_raised",
    "finding_cleared",
)
"""Events that move a condition's state; each body carries `state` and `occurrence`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCondition:
    """A condition that is not normal, as the journal has it."""

    name: str
    state: str
    occurrence: int
    scan: int


def open_conditions(events: Iterable[EventRow]) -> dict[str, OpenCondition]:
    """Conditions that are not normal after `events` (of ALARM_KINDS, oldest first), by name."""
    opened: dict[str, OpenCondition] = {}
    for event in events:
        body = json.loads(event.body)
        if body["state"] == "NORM":
            opened.pop(event.subject, None)
            continue
        opened[event.subject] = OpenCondition(
            name=event.subject, state=body["state"], occurrence=body["occurrence"], scan=event.scan
        )
    return opened
