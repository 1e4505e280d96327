"""States read back from the journal alone: what is open, as the record says it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from plantsafe.store.record import EventRow

ALARM_KINDS = (
    "alarm_raised",
    "alarm_acknowledged",
    "alarm_cleared",
    "alarm_came_back",
    "alarm_realarmed",
    "alarm_annunciated",
    "alarm_reset",
    "alarm_confirmed",
    "alarm_shelved",
    "alarm_unshelved",
    "alarm_suppressed",
    "alarm_unsuppressed",
    "alarm_out_of_service",
    "alarm_returned_to_service",
    "alarm_removed",
    "finding_raised",
    "finding_cleared",
)
"""Events that move a condition's state; each body carries `state` and `occurrence`."""

STATE_KINDS = (*ALARM_KINDS, "first_out_reset")
"""Everything that `open_conditions` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCondition:
    """A condition that is not normal, or not free: its core state, what suppresses it, what is still to be done.

    scan: of the event that gave the state. shelf_until: scan in which the shelf ends. first_out: its mark, by number.
    """

    name: str
    state: str
    occurrence: int
    scan: int
    active: bool = False
    suppression: tuple[str, ...] = ()
    shelf_until: int = 0
    one_shot: bool = False
    first_out: int = 0
    group: str = ""
    confirm_due: bool = False

    @property
    def is_plain(self) -> bool:
        """True where there is nothing to keep."""
        return self.state == "NORM" and not (self.suppression or self.first_out or self.confirm_due)

    def agrees(self, other: "OpenCondition") -> bool:
        """Whether both say the same; the scan is the event's, which a state that did not change does not have."""
        return replace(self, scan=0, group="") == replace(other, scan=0, group="")


def open_conditions(events: Iterable[EventRow]) -> dict[str, OpenCondition]:
    """What is open after `events` (of STATE_KINDS, oldest first), by name."""
    opened: dict[str, OpenCondition] = {}
    for event in events:
        body = json.loads(event.body)
        if event.kind == "first_out_reset":
            _without_marks(opened, event.subject)
            continue
        before, state = opened.get(event.subject), body["state"]
        shelved = "shelved" in body.get("suppression", ())
        fresh = event.kind == "alarm_shelved"
        entry = OpenCondition(
            name=event.subject,
            state=state,
            occurrence=body["occurrence"],
            scan=event.scan if before is None or before.state != state else before.scan,
            active=bool(body.get("active", state in ("UNACK", "ACKED"))),
            suppression=tuple(body.get("suppression", ())),
            shelf_until=int(body["until_scan"]) if fresh else before.shelf_until if before and shelved else 0,
            one_shot=bool(body["one_shot"]) if fresh else bool(before and before.one_shot and shelved),
            first_out=int(body.get("first_out", before.first_out if before else 0)),
            group=str(body.get("group", before.group if before else "")),
            confirm_due=bool(body.get("confirm_due", False)),
        )
        if entry.is_plain:
            opened.pop(event.subject, None)
        else:
            opened[event.subject] = entry
    return opened


def _without_marks(opened: dict[str, OpenCondition], group: str) -> None:
    for name, entry in list(opened.items()):
        if entry.first_out and entry.group == group:
            clean = replace(entry, first_out=0, group="")
            if clean.is_plain:
                del opened[name]
            else:
                opened[name] = clean
