"""Alarm events with the names of OPC UA Part 9, for systems that speak of alarms in them.

One row an event of the journal: the fields of the condition as they stood after it. Findings are no alarms and are left
out. Acknowledgements are ours; none of this acknowledges anything in the control system.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from plantsafe.journal.project import ALARM_KINDS
from plantsafe.plant.tables import Plant
from plantsafe.store.record import EventRow

SEVERITY = {1: 900, 2: 700, 3: 500, 4: 300}  # reference 1.5: priority as OPC UA severity 1 to 1000, site default
LIMIT_STATES = {"HH": "HighHigh", "H": "High", "L": "Low", "LL": "LowLow"}  # ExclusiveLimitStateMachineType
EVENT_TYPES = {  # by the kind of the condition; limits are ExclusiveLimitAlarmType
    "tripped": "TripAlarmType",
    "source_lost": "SystemOffNormalAlarmType",
    "source_frozen": "SystemOffNormalAlarmType",
    "source_certificate_ends": "CertificateExpirationAlarmType",
    "disk_low": "SystemOffNormalAlarmType",
}
FIELDS = (
    "EventId", "EventType", "SourceName", "Time", "Severity", "Message", "ConditionName", "ConditionClassName",
    "Retain", "EnabledState", "ActiveState", "AckedState", "ConfirmedState", "SuppressedState", "OutOfServiceState",
    "ShelvingState", "SuppressedOrShelved", "LatchedState", "FirstInGroupFlag", "LimitState", "InputNode", "Comment",
    "ClientUserId",
)  # fmt: skip
KINDS = tuple(kind for kind in ALARM_KINDS if kind.startswith("alarm_"))

Row = dict[str, str | int | bool]


def part9_rows(events: Iterable[EventRow], plant: Plant) -> Iterator[Row]:
    """The rows of alarm events (of KINDS, oldest first)."""
    one_shot: set[str] = set()
    safety = {f"{function.name}.{word}" for function in plant.file.functions for word in ("tripped", "none")}
    safety |= {a.name for a in (*plant.file.alarms, *plant.file.expression_alarms) if a.klass in ("SIS", "safety")}
    system = {"plantsafe", *plant.read_sources}
    priority = {alarm.name: alarm.priority for alarm in (*plant.file.alarms, *plant.file.expression_alarms)}
    for event in events:
        body = json.loads(event.body)
        if event.kind == "alarm_shelved":
            (one_shot.add if body.get("one_shot") else one_shot.discard)(event.subject)
        about = str(body.get("about", event.subject.rpartition(".")[0] or event.subject))
        about = plant.file.alarms[plant.alarms.row[event.subject]].point if event.subject in plant.alarms.row else about
        klass = "SystemConditionClassType" if about in system else "ProcessConditionClassType"
        yield {
            "EventId": event.hash,
            "SourceName": about,
            "Time": datetime.fromtimestamp(event.time_ns / 1e9, UTC).isoformat(timespec="milliseconds"),
            "Severity": SEVERITY[int(body.get("priority") or priority.get(event.subject, 3))],
            "Message": event.kind.replace("_", " "),
            "ConditionName": event.subject,
            "ConditionClassName": "SafetyConditionClassType" if event.subject in safety else klass,
            "InputNode": _node(plant, about),
            "Comment": str(body.get("comment", "")),
            "ClientUserId": "" if event.actor == "system" else event.actor,
            **_states(event, body, plant, one_shot=event.subject in one_shot),
        }


def _states(event: EventRow, body: Mapping[str, Any], plant: Plant, *, one_shot: bool) -> Row:
    state, hidden = str(body.get("state", "NORM")), tuple(body.get("suppression", ()))
    active = bool(body.get("active", state in ("UNACK", "ACKED")))
    waits, due = state in ("UNACK", "RTNUN", "LTUNK"), bool(body.get("confirm_due"))
    shelved = "OneShotShelved" if one_shot else "TimedShelved"
    row = plant.alarms.row.get(event.subject)
    limit = LIMIT_STATES[plant.file.alarms[row].direction] if row is not None else ""
    kind = "tripped" if event.subject.endswith(".tripped") else str(body.get("kind", ""))
    return {
        "EventType": "ExclusiveLimitAlarmType" if limit else EVENT_TYPES.get(kind, "OffNormalAlarmType"),
        "Retain": active or waits or due or state != "NORM" or bool(hidden),
        "EnabledState": "Enabled",  # shelved, suppressed and out of service are not disabled (Part 9, 4.8)
        "ActiveState": "Active" if active else "Inactive",
        "AckedState": "Unacknowledged" if waits else "Acknowledged",
        "ConfirmedState": "Unconfirmed" if due else "Confirmed",
        "SuppressedState": "Suppressed" if {"by_design", "source_lost"} & set(hidden) else "Unsuppressed",
        "OutOfServiceState": "Out of Service" if "out_of_service" in hidden else "In Service",
        "ShelvingState": shelved if "shelved" in hidden else "Unshelved",
        "SuppressedOrShelved": bool(hidden),
        "LatchedState": "Latched" if state in ("LTUNK", "LTACK") else "Unlatched",
        "FirstInGroupFlag": int(body.get("first_out", 0)) in (1, 2),
        "LimitState": limit if active else "",
    }


def _node(plant: Plant, point: str) -> str:
    """The node of the point that raised it, where an OPC UA server has it."""
    row = plant.points.row.get(point)
    address = None if row is None else plant.entries[row].opcua
    return "" if address is None else address.node or address.browse_path


def as_json(rows: Iterable[Row]) -> str:
    """A list of conditions' events, fields in the order of FIELDS."""
    ordered = [{field: row[field] for field in FIELDS} for row in rows]
    return json.dumps(ordered, ensure_ascii=False, indent=1) + "\n"


def as_csv(rows: Iterable[Row]) -> str:
    """One line an event."""
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
