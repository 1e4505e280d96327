"""What a person asks for: a row that the next scan takes up and answers with exactly one event."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who may ask for what; the write path checks it again, whatever the page showed."""

    VIEWER = "viewer"  # regulators and visitors: compliance summaries only
    OPERATOR = "operator"  # acknowledges
    ENGINEER = "engineer"  # acknowledges, records bypasses, plant safety engineers
    ADMIN = "admin"  # loads plant files, accounts


class RequestKind(StrEnum):
    """Everything that can be asked of the scan service."""

    ACKNOWLEDGE = "acknowledge"
    COMMENT = "comment"  # body: comment
    SHELVE = "shelve"  # body: minutes, one_shot, comment (why)
    UNSHELVE = "unshelve"
    OUT_OF_SERVICE = "out_of_service"  # body: permit, comment (why); needs a second person
    RETURN_TO_SERVICE = "return_to_service"
    RESET = "reset"  # subject: an alarm that latches, or (occurrence 0) a first-out group
    CONFIRM = "confirm"
    PROOF_TEST = "proof_test"  # subject: a function; body: subsystem, tested, result, failed, left_good, document
    DEFER_TEST = "defer_test"  # body: subsystem, until, comment (why); needs a second person
    CREDIT_TRIP = "credit_trip"  # body: elements; needs a second person
    BYPASS_APPROVE = "bypass_approve"  # subject: a bypass bit; body: type, minutes, why, hazard, measure
    BYPASS_WITHDRAW = "bypass_withdraw"
    BYPASS_TAKE_OVER = "bypass_take_over"  # the shift acknowledges a bypass that is on
    RESTART_CONFIRM = "restart_confirm"  # subject: a unit; body: temperature, sample; needs a second person
    LOGIN = "login"
    EXPORT = "export"
    REPORT = "report"
    APPROVE_PLANT = "approve_plant"  # subject: hash of the description; body: author, reason
    LOAD_PLANT = "load_plant"  # subject: hash of the description
    LOAD_MODEL = "load_model"  # subject: hash of a model of what is normal, or NO_MODEL; body: reason
    CONFIRM_FINDING = "confirm_finding"  # subject: a finding; body: cause, comment
    REJECT_FINDING = "reject_finding"  # body: comment (why)
    ARCHIVE = "archive"  # subject: the file; body: first, last, hash, sha256, states after the last event


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One act. `subject` and `occurrence` name what it is about: the same occurrence, or nothing.

    id: unique for ever, made by the asker (a retry has the same id and is taken once).
    made_ns, valid_until_ns: plant time, UTC nanoseconds; after the latter it is answered `expired`.
    second_actor: the other person where two are needed, else empty.
    """

    id: str
    kind: RequestKind
    subject: str
    occurrence: int
    actor: str
    role: Role
    second_actor: str
    made_ns: int
    valid_until_ns: int
    body: dict[str, Any] = field(default_factory=dict)


MAY: dict[RequestKind, frozenset[Role]] = {
    RequestKind.ACKNOWLEDGE: frozenset({Role.OPERATOR, Role.ENGINEER, Role.ADMIN}),
    RequestKind.COMMENT: frozenset({Role.OPERATOR, Role.ENGINEER, Role.ADMIN}),
    RequestKind.SHELVE: frozenset({Role.OPERATOR, Role.ENGINEER, Role.ADMIN}),
    RequestKind.UNSHELVE: frozenset({Role.OPERATOR, Role.ENGINEER, Role.ADMIN}),
    RequestKind.OUT_OF_SERVICE: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.RETURN_TO_SERVICE: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.RESET: frozenset({Role.OPERATOR, Role.ENGINEER, Role.ADMIN}),
    RequestKind.CONFIRM: frozenset({Role.OPERATOR, Role.ENGINEER, Role.ADMIN}),
    RequestKind.PROOF_TEST: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.DEFER_TEST: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.CREDIT_TRIP: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.BYPASS_APPROVE: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.BYPASS_WITHDRAW: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.BYPASS_TAKE_OVER: frozenset({Role.OPERATOR, Role.ENGINEER, Role.ADMIN}),
    RequestKind.RESTART_CONFIRM: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.LOGIN: frozenset(Role),
    RequestKind.EXPORT: frozenset({Role.ENGINEER, Role.ADMIN, Role.VIEWER}),
    RequestKind.REPORT: frozenset({Role.ENGINEER, Role.ADMIN, Role.VIEWER}),
    RequestKind.APPROVE_PLANT: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.LOAD_PLANT: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.LOAD_MODEL: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.CONFIRM_FINDING: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.REJECT_FINDING: frozenset({Role.ENGINEER, Role.ADMIN}),
    RequestKind.ARCHIVE: frozenset({Role.ADMIN}),
}
"""Which role may ask for which kind (site default)."""

NO_MODEL = "none"
"""Subject of LOAD_MODEL that asks for none: what is normal is learnt by the checks themselves."""

BYPASS_ACTS = frozenset({RequestKind.BYPASS_APPROVE, RequestKind.BYPASS_WITHDRAW, RequestKind.BYPASS_TAKE_OVER})
"""What people ask about bypasses."""
