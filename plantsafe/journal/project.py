"""States read back from the journal alone: what is open, shelved, bypassed and counted, as the record says it."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from plantsafe.store.record import EventRow, RecordReader

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

STATE_KINDS = (*ALARM_KINDS, "first_out_reset", "bypass_on", "bypass_off")
"""Everything that a `Projection` reads."""

_ALARM = frozenset(ALARM_KINDS)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """What a journal says after its last event.

    conditions: those that are not normal, or not free, by name. bypasses: scan in which each was seen, by function and
    channel. last_occurrence: the highest number given out. shelvings: scan of the first one of the shift and how many
    since, by name. realarms: how often the present occurrence sounded again, by name. counts: events by kind.
    """

    conditions: dict[str, OpenCondition]
    bypasses: dict[tuple[str, str], int]
    last_occurrence: int
    shelvings: dict[str, tuple[int, int]]
    realarms: dict[str, int]
    counts: dict[str, int]

    def shelf(self) -> dict[str, OpenCondition]:
        """What is on the shelf."""
        return self._under("shelved")

    def out_of_service(self) -> dict[str, OpenCondition]:
        """What is out of service."""
        return self._under("out_of_service")

    def _under(self, suppression: str) -> dict[str, OpenCondition]:
        return {name: entry for name, entry in self.conditions.items() if suppression in entry.suppression}


class Projection:
    """States that move on with each event; `document` and `of_document` carry them over where events are moved out."""

    def __init__(self) -> None:
        # by name: state, occurrence, scan, active, suppression, shelf_until, one_shot, first_out, group, confirm_due
        self._open: dict[str, tuple[Any, ...]] = {}
        self._bypasses: dict[tuple[str, str], int] = {}
        self._last_occurrence = 0
        self._shelvings: dict[str, tuple[int, int]] = {}
        self._realarms: dict[str, tuple[int, int]] = {}
        self._counts: Counter[str] = Counter()

    def take(self, kind: str, subject: str, scan: int, text: str) -> None:
        """One event more, of any kind; `text` is its body."""
        self._counts[kind] += 1
        if kind in _ALARM:
            self._condition(kind, subject, scan, json.loads(text))
        elif kind == "first_out_reset":
            self._without_marks(subject)
        elif kind == "bypass_on":
            self._bypasses[subject, str(json.loads(text)["channel"])] = scan
        elif kind == "bypass_off":
            self._bypasses.pop((subject, str(json.loads(text)["channel"])), None)

    def states(self) -> States:
        """As they are now."""
        conditions = {name: _open_condition(name, entry) for name, entry in self._open.items()}
        realarms = {
            name: count
            for name, (occurrence, count) in self._realarms.items()
            if name in conditions and conditions[name].occurrence == occurrence
        }
        return States(
            conditions=conditions,
            bypasses=dict(self._bypasses),
            last_occurrence=self._last_occurrence,
            shelvings=dict(self._shelvings),
            realarms=realarms,
            counts=dict(self._counts),
        )

    def document(self) -> dict[str, Any]:
        """Everything that is known, as JSON types."""
        return {
            "open": {name: list(entry) for name, entry in sorted(self._open.items())},
            "bypasses": [[function, channel, scan] for (function, channel), scan in sorted(self._bypasses.items())],
            "last_occurrence": self._last_occurrence,
            "shelvings": {name: list(entry) for name, entry in sorted(self._shelvings.items())},
            "realarms": {name: list(entry) for name, entry in sorted(self._realarms.items()) if name in self._open},
            "counts": dict(sorted(self._counts.items())),
        }

    @classmethod
    def of_document(cls, about: dict[str, Any]) -> "Projection":
        """What `document` gave."""
        made = cls()
        made._open = {name: (*entry[:4], tuple(entry[4]), *entry[5:]) for name, entry in about.get("open", {}).items()}
        made._bypasses = {(function, channel): scan for function, channel, scan in about.get("bypasses", ())}
        made._last_occurrence = about.get("last_occurrence", 0)
        made._shelvings = {name: (first, times) for name, (first, times) in about.get("shelvings", {}).items()}
        made._realarms = {name: (of, count) for name, (of, count) in about.get("realarms", {}).items()}
        made._counts = Counter(about.get("counts", {}))
        return made

    def _condition(self, kind: str, name: str, scan: int, body: dict[str, Any]) -> None:
        before = self._open.get(name)
        state, occurrence = body["state"], body["occurrence"]
        suppression = tuple(body.get("suppression", ()))
        shelf_until, one_shot = 0, False
        if kind == "alarm_shelved":
            shelf_until, one_shot = int(body["until_scan"]), bool(body["one_shot"])
            self._shelvings[name] = (body.get("shift_began", scan), body.get("times", 1))
        elif before is not None and "shelved" in suppression:
            shelf_until, one_shot = before[5], before[6]
        if kind == "alarm_realarmed":
            self._realarms[name] = (occurrence, body.get("realarm_count", 0))
        if occurrence > self._last_occurrence:
            self._last_occurrence = occurrence
        first_out = int(body.get("first_out", before[7] if before else 0))
        confirm_due = bool(body.get("confirm_due", False))
        if state == "NORM" and not (suppression or first_out or confirm_due):
            self._open.pop(name, None)
            return
        self._open[name] = (
            state,
            occurrence,
            scan if before is None or before[0] != state else before[2],
            bool(body.get("active", state in ("UNACK", "ACKED"))),
            suppression,
            shelf_until,
            one_shot,
            first_out,
            str(body.get("group", before[8] if before else "")),
            confirm_due,
        )

    def _without_marks(self, group: str) -> None:
        for name, entry in list(self._open.items()):
            if entry[7] and entry[8] == group:
                if entry[0] == "NORM" and not (entry[4] or entry[9]):
                    del self._open[name]
                else:
                    self._open[name] = (*entry[:7], 0, "", entry[9])


def open_conditions(events: Iterable[EventRow]) -> dict[str, OpenCondition]:
    """What is open after `events` (of STATE_KINDS, oldest first), by name."""
    projection = Projection()
    for event in events:
        projection.take(event.kind, event.subject, event.scan, event.body)
    return projection.states().conditions


def projection_at(record: RecordReader, *, until: int | None = None) -> Projection:
    """From the journal of a record, and from what it says of its years that were moved out, up to event `until`."""
    archived = record.archived()
    projection = Projection() if archived is None else Projection.of_document(json.loads(archived.state))
    for kind, subject, scan, text in record.told(STATE_KINDS, after=archived.seq if archived else 0, until=until):
        projection.take(kind, subject, scan, text)
    return projection


def projected(record: RecordReader) -> States:
    """The states after the newest event of a record."""
    return projection_at(record).states()


def _open_condition(name: str, entry: tuple[Any, ...]) -> OpenCondition:
    state, occurrence, scan, active, suppression, shelf_until, one_shot, first_out, group, confirm_due = entry
    return OpenCondition(
        name=name,
        state=state,
        occurrence=occurrence,
        scan=scan,
        active=active,
        suppression=suppression,
        shelf_until=shelf_until,
        one_shot=one_shot,
        first_out=first_out,
        group=group,
        confirm_due=confirm_due,
    )
