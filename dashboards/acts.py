"""What a person does here: requests in the inbox. The role is read anew from access.db before each write."""

import json
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.language import n_
from dashboards.visit import Visit
from plantsafe.clock import Clock
from plantsafe.errors import RequestError
from plantsafe.request import MAY, Request, RequestKind, Role
from plantsafe.store.access import proves, role_of
from plantsafe.store.inbox import submit
from plantsafe.store.record import RecordReader

VALID_WALL_S = 60.0  # an act that no scan takes up within a minute is answered `expired` (site default)
DONE_KINDS = (
    "alarm_acknowledged",
    "alarm_shelved",
    "alarm_unshelved",
    "alarm_out_of_service",
    "alarm_returned_to_service",
    "alarm_reset",
    "alarm_confirmed",
    "comment",
    "first_out_reset",
    "bypass_approved",
    "bypass_record_cancelled",
    "bypass_taken_over",
    "proof_test_recorded",
    "proof_test_deferred",
    "trip_credited",
    "restart_confirmed",
    "finding_confirmed",
    "finding_rejected",
)
ANSWER_KINDS = (*DONE_KINDS, "request_refused", "request_expired")
_SEARCHED = 400  # newest answers looked through for those that this page waits for (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of a request: the kind of its event, who asked, why it was refused."""

    kind: str
    actor: str
    reason: str
    time_ns: int


ANSWER_WORDS = {
    **dict.fromkeys(DONE_KINDS, n_("done")),
    "request_refused": n_("refused"),
    "request_expired": n_("expired: no scan took it up in time"),
}


def acknowledge(visit: Visit, condition: str, occurrence: int) -> str:
    """Ask for the acknowledgement of one occurrence, and of no other; returns the request's id."""
    return _ask(visit, RequestKind.ACKNOWLEDGE, condition, occurrence, {"console": "dashboard"})


def act(
    visit: Visit, kind: RequestKind, subject: str, occurrence: int, body: dict[str, Any], *, second: str = ""
) -> str:
    """Ask for an act on one occurrence of an alarm, or on a first-out group; returns the request's id.

    second: the other person, whose password the caller has looked at.
    """
    return _ask(visit, kind, subject, occurrence, {"console": "dashboard", **body}, second=second)


def second_person(visit: Visit, name: str, password: str) -> str:
    """The name of the other person, who must have an account with the right role, and prove it here and now."""
    role = role_of(visit.folder, name.strip())
    if role not in MAY[RequestKind.OUT_OF_SERVICE] or not proves(visit.folder, name.strip(), password):
        raise RequestError(
            "the second person's name or password is wrong, or the role may not do it",
            mend="let the second person enter both, here",
        )
    return name.strip()


def note_export(visit: Visit, what: str, rows: int) -> str:
    """Put into the record that somebody takes data away."""
    return _ask(visit, RequestKind.EXPORT, what, 0, {"rows": rows})


def note_report(visit: Visit, what: str, hours: int) -> str:
    """Put into the record that somebody made a report over so many hours."""
    return _ask(visit, RequestKind.REPORT, what, 0, {"hours": hours})


def _ask(
    visit: Visit, kind: RequestKind, subject: str, occurrence: int, body: dict[str, Any], *, second: str = ""
) -> str:
    role = role_of(visit.folder, visit.session.name)
    if role is None or role not in MAY[kind]:
        raise RequestError(
            f"{visit.session.name} may not {kind.value}", mend="sign in with an account whose role may do it"
        )
    return note(visit.folder, visit.clock, kind, subject, occurrence, visit.session.name, role, body, second=second)


def note_login(folder: Path, clock: Clock, name: str, role: Role, act: str) -> str:
    """Put a sign-in, a sign-out or a refused sign-in into the record."""
    return note(folder, clock, RequestKind.LOGIN, "dashboard", 0, name, role, {"act": act})


def note(
    folder: Path,
    clock: Clock,
    kind: RequestKind,
    subject: str,
    occurrence: int,
    actor: str,
    role: Role,
    body: dict[str, Any],
    *,
    second: str = "",
) -> str:
    """One row in the inbox, stamped with plant time; returns its id."""
    made_ns = clock.utc_ns()
    request = Request(
        id=uuid.uuid4().hex,
        kind=kind,
        subject=subject,
        occurrence=occurrence,
        actor=actor,
        role=role,
        second_actor=second,
        made_ns=made_ns,
        valid_until_ns=made_ns + int(VALID_WALL_S * 1e9 * clock.rate),
        body={**body, "wall_ns": time.time_ns()},
    )
    submit(folder, request)
    return request.id


def answers(folder: Path, ids: Collection[str]) -> dict[str, Answered]:
    """The answers so far to the requests with these ids."""
    if not ids:
        return {}
    found = {}
    with RecordReader(folder) as reader:
        for event in reader.events(kinds=ANSWER_KINDS, newest=_SEARCHED):
            body = json.loads(event.body)
            if (key := body.get("request")) in ids:
                found[key] = Answered(
                    kind=event.kind, actor=event.actor, reason=body.get("reason", ""), time_ns=event.time_ns
                )
    return found
