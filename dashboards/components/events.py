"""Rows of the journal in words."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from dashboards.components.glyph import priority_glyph
from dashboards.language import Tongue, n_
from dashboards.numbers import limit_text, local, number, reading, with_eu
from dashboards.picture import Picture
from plantsafe.plant.model import (
    Effect,
    ExpressionAlarm,
    Partition,
    SafetyFunction,
    Site,
    SourceEntry,
    Text,
    Unit,
    Workshop,
)
from plantsafe.store.record import EventRow, RecordReader
from plantsafe.verdict import Condition

EVENT_WORDS: Mapping[str, str] = {
    "alarm_raised": n_("alarm raised"),
    "alarm_cleared": n_("alarm cleared"),
    "alarm_acknowledged": n_("alarm acknowledged"),
    "alarm_came_back": n_("latched alarm came back"),
    "alarm_realarmed": n_("alarm sounded again"),
    "alarm_annunciated": n_("alarm announced after its source came back"),
    "alarm_reset": n_("alarm reset"),
    "alarm_confirmed": n_("alarm confirmed"),
    "alarm_shelved": n_("alarm shelved"),
    "alarm_unshelved": n_("alarm off the shelf"),
    "alarm_suppressed": n_("alarm suppressed by design"),
    "alarm_unsuppressed": n_("suppression by design over"),
    "alarm_out_of_service": n_("alarm out of service"),
    "alarm_returned_to_service": n_("alarm back in service"),
    "alarm_chattering": n_("alarm chatters"),
    "alarm_chattering_over": n_("alarm chatters no more"),
    "alarm_stale": n_("alarm stale: shown for over a day"),
    "first_out_reset": n_("first-out mark reset"),
    "flood_started": n_("alarm flood began"),
    "flood_ended": n_("alarm flood over"),
    "alarm_removed": n_("alarm removed with its point"),
    "alarm_not_available": n_("alarm not available"),
    "alarm_available": n_("alarm available again"),
    "finding_raised": n_("finding raised"),
    "finding_cleared": n_("finding cleared"),
    "finding_explained": n_("finding explained"),
    "demand_started": n_("demand on a safety function"),
    "tripped": n_("safety function tripped"),
    "trip_explained": n_("cause of a trip"),
    "spurious_trip": n_("spurious trip"),
    "safe_state_reached": n_("safe state reached"),
    "safe_state_lost": n_("safe state lost"),
    "failure_on_demand": n_("failure on demand"),
    "first_out": n_("first-out of a trip"),
    "device_response": n_("response by the device's clock"),
    "device_event": n_("event stamped by the device"),
    "device_events_lost": n_("events of a device lost"),
    "device_events_restarted": n_("event numbers of a device began anew"),
    "bypass_on": n_("bypass set"),
    "bypass_off": n_("bypass removed"),
    "bypass_began": n_("bypass began"),
    "bypass_ended": n_("bypass ended"),
    "bypass_reminder": n_("bypass reminder"),
    "bypass_approved": n_("bypass approved"),
    "bypass_record_cancelled": n_("bypass record cancelled"),
    "bypass_taken_over": n_("bypass taken over by the shift"),
    "bypass_handover_due": n_("shift begins with open bypasses"),
    "element_stroke": n_("stroke of a final element"),
    "element_failed": n_("final element failed"),
    "effect_not_ready": n_("effect lacks something"),
    "protection_state": n_("protection changed"),
    "elements_moved": n_("final elements moved in a trip"),
    "proof_test_recorded": n_("proof test on record"),
    "proof_test_deferred": n_("proof test deferred"),
    "trip_credited": n_("trip counted as a partial test"),
    "request_refused": n_("request refused"),
    "request_expired": n_("request expired"),
    "login": n_("sign-in or sign-out"),
    "export": n_("export"),
    "report": n_("report"),
    "comment": n_("comment"),
    "effect_state": n_("effect of the matrix"),
    "restart_locked": n_("locked against restart"),
    "restart_confirmed": n_("restart confirmed"),
    "window_left": n_("left its operating window"),
    "window_regained": n_("back in its operating window"),
    "window_account": n_("account of the operating windows"),
    "clock_step": n_("clock step"),
    "settings_audited": n_("settings compared with the approved ones"),
    "settings_audit_failed": n_("settings could not be compared"),
    "settings_differ": n_("setting differs from the approved one"),
    "scans_lost": n_("scans lost"),
    "scan_late": n_("scan began late"),
    "service_started": n_("scan service started"),
    "service_stopped": n_("scan service stopped"),
    "restart_difference": n_("difference after restart"),
    "record_failed": n_("record cannot be written"),
    "record_recovered": n_("record is written again"),
    "plant_loaded": n_("plant file taken up"),
    "plant_load_failed": n_("plant file not taken up"),
    "plant_load_accepted": n_("plant file will be taken up"),
    "plant_approved": n_("plant file approved"),
    "model_load_accepted": n_("model of what is normal will be taken up"),
    "model_loaded": n_("model of what is normal taken up"),
    "model_load_failed": n_("model of what is normal not taken up"),
    "finding_confirmed": n_("finding confirmed"),
    "finding_rejected": n_("finding rejected"),
    "archive": n_("journal moved out"),
    "archive_failed": n_("journal not moved out"),
}
KIND_WORDS: Mapping[str, str] = {
    "source_lost": n_("source lost"),
    "source_frozen": n_("source frozen"),
    "source_clock_differs": n_("clock of the source differs"),
    "source_clock_wrong": n_("clock of the source is wrong"),
    "source_certificate_ends": n_("certificate ends soon"),
    "source_writable": n_("source would let us write"),
    "source_overruns": n_("reads are not done in time"),
    "history_behind": n_("samples are not filed"),
    "historian_behind": n_("historian is behind"),
    "historian_refused": n_("historian refused samples"),
    "disk_low": n_("disk nearly full"),
    "seals_behind": n_("no new seal outside"),
    "not_recorded": n_("record cannot be written"),
    "settings_differ": n_("settings differ from the approved ones"),
    "clock_step": n_("clock step"),
    "expression": n_("condition of several values"),
    "unapproved": n_("plant file not approved"),
    "occupancy": n_("too many people"),
    "ewma": n_("slow drift (EWMA)"),
    "cusum": n_("lasting shift (CUSUM)"),
    "signal": n_("signal unlike itself"),
    "window": n_("outside its operating window"),
    "phase_over": n_("phase lasts too long"),
    "heat_balance": n_("heat balance does not close"),
    "mtsr": n_("live MTSR above the assessed"),
    "hazard_class": n_("hazard class worse than assessed"),
    "heat_transfer": n_("heat transfer has fallen"),
    "feed_ratio": n_("feed ratio off"),
    "mass_balance": n_("in and out differ"),
    "missing_mass": n_("mass is missing"),
    "pressure_drop": n_("pressure drop above the clean one"),
    "profile": n_("temperatures along the way are off"),
    "hold_up": n_("hold-up after the reactor"),
    "hold_up_differs": n_("vessel and flows disagree"),
    "reverse_flow": n_("reverse flow"),
    "conveyor_blocked": n_("conveyor blocked"),
    "conveyor_heat": n_("conveyor gets warm"),
    "multivariate": n_("unusual combination of values"),
    "demand": n_("demand"),
    "tripped": n_("tripped"),
    "failure_on_demand": n_("failure on demand"),
    "spurious_trip": n_("spurious trip"),
    "degraded": n_("degraded"),
    "none": n_("no protection"),
    "worse_than_required": n_("worth less than required"),
    "period_worse": n_("worth less than required over twelve months"),
    "test_due": n_("proof test due soon"),
    "test_overdue": n_("proof test overdue"),
    "high_demand": n_("more demands than PFD allows for"),
    "bypass": n_("bypassed"),
    "restart_locked": n_("locked against restart"),
    "restarted": n_("restarted unconfirmed"),
    "effect_missing": n_("effect did not come"),
    "effect_unexplained": n_("effect without a cause"),
    "effect_forbidden": n_("left without permit"),
    "repair_over": n_("degraded for longer than permitted"),
    "not_ready": n_("effect not ready"),
    "bypass_unauthorised": n_("bypass without a record"),
    "bypass_ending": n_("bypass nearly over its time"),
    "bypass_over_time": n_("bypass over its time"),
    "bypass_second_bypass": n_("second bypass of a function"),
    "bypass_bypasses": n_("bypasses of several functions of a unit"),
    "bypass_handover": n_("bypasses not taken over by the shift"),
    "failed": n_("not safe in time"),
    "stuck": n_("does not move"),
    "slow": n_("slow: maintenance"),
    "moved": n_("moved without a command"),
    "single_block": n_("double block: only one is shut"),
    "setpoint_changed": n_("set point changed in the safety system"),
    "differs": n_("differs"),
    "deviates": n_("far off"),
    "creeps": n_("drifts from day to day"),
    "frozen": n_("stands still"),
}


MOST_HIDDEN = 500  # alarms raised while suppressed that are passed over for one that was not (site default)
SMALL = 0.05
"""Values below it are shown by their digits, not by their places: a probability, say."""

IN_POINT_UNITS = frozenset(
    {"HH", "H", "L", "LL", "window", "ewma", "signal", "differs", "deviates", "creeps", "setpoint_changed"}
)
"""Kinds of conditions whose value and limit are in the unit of measure of their point."""


def event_word(kind: str, tongue: Tongue) -> str:
    """The kind of an event in words; its own name where there are none."""
    return tongue(EVENT_WORDS[kind]) if kind in EVENT_WORDS else kind.replace("_", " ")


def kind_word(kind: str, tongue: Tongue) -> str:
    """The kind of a condition in words: HH, H, L, LL stay as they are."""
    return tongue(KIND_WORDS[kind]) if kind in KIND_WORDS else kind


def _last_raised(folder: Path) -> EventRow | None:
    with RecordReader(folder) as reader:
        newest = reader.events(kinds=("alarm_raised",), newest=MOST_HIDDEN)
        return next((event for event in newest if not json.loads(event.body).get("suppression")), None)


def last_alarm_line(folder: Path, picture: Picture, tongue: Tongue) -> str:
    """The newest alarm that nothing hid, whatever became of it."""
    event = _last_raised(folder)
    if event is None:
        return f"<div class='ps-line ps-quiet'>{tongue('Last alarm')}: {tongue('none in this record')}</div>"
    body = json.loads(event.body)
    when = local(event.time_ns, picture.zone, "%Y-%m-%d %H:%M:%S")
    about = escape(subject_title(picture, str(body.get("about", "")), tongue))
    return (
        f"<div class='ps-line'><span class='ps-quiet'>{tongue('Last alarm')}:</span> {when} "
        f"{priority_glyph(int(body['priority']), filled=False)} {about} {escape(kind_word(body['kind'], tongue))} "
        f"{escape(against(picture, body, tongue))}</div>"
    )


def against(picture: Picture, body: Mapping[str, Any], tongue: Tongue) -> str:
    """Value and limit of an event, where it has them, in the unit of measure of its point."""
    value, limit = body.get("value"), body.get("limit")
    if value is None or limit is None:
        return ""
    row = picture.plant.points.row.get(str(body.get("about", "")))
    if row is None or body.get("kind") not in IN_POINT_UNITS:
        seen = f"{value:.2g}" if 0.0 < abs(value) < SMALL else number(value, 1)
        return f"{seen} ({tongue('limit')} {limit_text(limit)})"
    point = picture.plant.entries[row]
    seen = with_eu(reading(point, value, tongue), point.eu)
    return seen if point.kind == "state" else f"{seen} ({tongue('limit')} {with_eu(limit_text(limit), point.eu)})"


def condition_title(picture: Picture, condition: Condition, tongue: Tongue) -> str:
    """What a condition is about; one of several values has a title of its own."""
    return subject_title(picture, condition.name if condition.kind == "expression" else condition.subject, tongue)


def subject_title(picture: Picture, name: str, tongue: Tongue) -> str:
    """The name of a point, function or source with its title."""
    file = picture.plant.file
    if (row := picture.plant.points.row.get(name)) is not None:
        return f"{name} {tongue.text(picture.plant.entries[row].title)}"
    partitions = [partition for workshop in file.workshops for partition in workshop.partitions]
    entries: tuple[
        SafetyFunction | SourceEntry | Unit | ExpressionAlarm | Effect | Workshop | Partition | Site, ...
    ] = (
        file.site,
        *file.functions,
        *file.sources,
        *file.units,
        *file.expression_alarms,
        *file.effects,
        *file.workshops,
        *partitions,
    )
    titles: dict[str, Text] = {entry.name: entry.title for entry in entries}
    return f"{name} {tongue.text(titles[name])}" if name in titles else name
