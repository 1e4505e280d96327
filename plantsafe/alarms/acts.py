"""What people ask of an alarm: decided against the book, done for the same occurrence or refused with a reason.

Guards: no shelf beyond the alarm's own maximum or more often in a shift than it allows, none for alarms that are never
shelved (critical ones, trips, gas, safety functions, those that the plant file does not describe); out of service only
with a permit and a second person.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from plantsafe.alarms.book import AlarmBook
from plantsafe.alarms.life_cycle import SUPPRESSING, State, Suppression, Trigger, waiting
from plantsafe.clock import NS_PER_S
from plantsafe.request import Request, RequestKind

SHIFT_S = 8 * 3600.0  # shelvings are counted from the first one of a shift of eight hours (site default)
TEXT_MAX = 1000  # characters of a comment or a permit (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Done: the kind and the body of the event. Refused: why."""

    reason: str = ""
    kind: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


def decide(book: AlarmBook, request: Request, number: int, period_ns: int) -> Decision:
    """Answer a request about an alarm in scan `number`; the book is moved where it is done."""
    if request.kind is RequestKind.RESET and request.occurrence == 0 and request.subject in book.first_out.groups:
        reason = book.first_out.reset(request.subject, book.active & book.eligible)
        return Decision(reason=reason, kind="first_out_reset")
    i = book.row.get(request.subject)
    if i is None:
        return Decision(reason=f"there is no condition {request.subject}")
    now = int(book.occurrence[i])
    if now != request.occurrence:
        return Decision(
            reason=f"occurrence {request.occurrence} of {request.subject} is over; the present one is {now}"
        )
    return _ACTS[request.kind](_Asked(book=book, i=i, request=request, number=number, period_ns=period_ns))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request about row `i` of the book, taken up in scan `number`."""

    book: AlarmBook
    i: int
    request: Request
    number: int
    period_ns: int

    @property
    def name(self) -> str:
        return self.book.conditions[self.i].name

    @property
    def state(self) -> str:
        return State(self.book.state_code[self.i]).name

    def text(self, key: str) -> str:
        value = self.request.body.get(key, "")
        return value.strip()[:TEXT_MAX] if isinstance(value, str) else ""

    def is_under(self, bit: Suppression) -> bool:
        return bool(self.book.suppression[self.i] & bit)


def _acknowledge(asked: _Asked) -> Decision:
    row = asked.book.act(asked.i, Trigger.ACK, asked.number)
    if row is None:
        return Decision(reason=f"{asked.name} is {asked.state}: nothing to acknowledge")
    return Decision(kind=row.event, body=asked.book.standing(asked.i, row.row))


def _confirm(asked: _Asked) -> Decision:
    book, i = asked.book, asked.i
    if not book.confirm_due[i]:
        return Decision(reason=f"{asked.name} waits for no confirmation")
    if waiting(book.state_code[i : i + 1])[0]:
        return Decision(reason=f"{asked.name} is {asked.state}: acknowledge it before you confirm")
    book.confirm_due[i] = False
    return Decision(kind="alarm_confirmed", body=book.standing(i, 0))


def _judge_finding(asked: _Asked) -> Decision:
    """Confirmed or rejected, once an occurrence, while it holds or after it; nothing that judges is changed by it."""
    book, i, rejects = asked.book, asked.i, asked.request.kind is RequestKind.REJECT_FINDING
    if not book.about.finding[i]:
        return Decision(reason=f"{asked.name} is an alarm, not a finding: acknowledge it, or comment on it")
    if not book.occurrence[i]:
        return Decision(reason=f"{asked.name} was never raised")
    if book.judged[i] == book.occurrence[i]:
        return Decision(reason=f"this occurrence of {asked.name} was judged already")
    if rejects and not asked.text("comment"):
        return Decision(reason="a rejection needs a reason: what was normal about it")
    book.judged[i] = book.occurrence[i]
    condition = book.conditions[i]
    body = {
        "about": condition.subject,
        "kind": condition.kind,
        "unit": condition.unit,
        "active": bool(book.active[i]),
        "cause": asked.text("cause"),
        "comment": asked.text("comment"),
    }
    return Decision(kind="finding_rejected" if rejects else "finding_confirmed", body=body)


def _comment(asked: _Asked) -> Decision:
    if not asked.text("comment"):
        return Decision(reason="a comment needs a text")
    return Decision(kind="comment")


def _reset(asked: _Asked) -> Decision:
    book, i = asked.book, asked.i
    if book.active[i]:  # row 14
        return Decision(reason=f"the condition of {asked.name} still holds")
    state = asked.state
    row = book.act(i, Trigger.RESET, asked.number)
    if row is None:
        wrong = "acknowledge it before the reset" if state == "LTUNK" else "nothing to reset"
        return Decision(reason=f"{asked.name} is {state}: {wrong}")
    return Decision(kind=row.event, body=book.standing(i, row.row))


def _shelve(asked: _Asked) -> Decision:
    book, i, number = asked.book, asked.i, asked.number
    scans = _scans_on_shelf(asked)
    if isinstance(scans, str):
        return Decision(reason=scans)
    shift = int(SHIFT_S * NS_PER_S // asked.period_ns)
    if not book.shelf_shift[i] or number - int(book.shelf_shift[i]) >= shift:
        book.shelf_shift[i], book.shelved_times[i] = number, 0
    if book.shelved_times[i] >= book.about.shelve_times_max[i]:
        times = int(book.about.shelve_times_max[i])
        return Decision(reason=f"{asked.name} may be shelved {times} times in a shift, and was")
    until, one_shot, priority = number + scans, asked.request.body.get("one_shot") is True, book.about.priority[i]
    book.shelved_times[i] += 1
    book.shelf_until[i], book.one_shot[i], book.shelf_priority[i] = until, one_shot, priority
    book.suppress(i, Suppression.SHELVED)
    book.wake(until)
    row, event, _ = SUPPRESSING[Suppression.SHELVED]
    more = {
        "until_scan": until,
        "one_shot": one_shot,
        "priority": int(priority),
        "times": int(book.shelved_times[i]),
        "shift_began": int(book.shelf_shift[i]),
    }
    return Decision(kind=event, body=book.standing(i, row) | more)


def _scans_on_shelf(asked: _Asked) -> int | str:
    """For how many scans, or why not."""
    most, body = int(asked.book.about.shelve_max_scans[asked.i]), asked.request.body
    if asked.book.about.finding[asked.i]:
        return f"{asked.name} is a finding: it makes no sound"
    if most <= 0:
        return f"{asked.name} is never shelved"
    if asked.is_under(Suppression.SHELVED):
        return f"{asked.name} is shelved already; take it off the shelf first"
    if not asked.text("comment"):
        return "shelving needs a reason"
    minutes = body.get("minutes")
    if minutes is None and body.get("one_shot") is True:
        return most
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 < minutes < float("inf"):
        return "shelving needs a time in minutes"
    scans = max(1, int(minutes * 60 * NS_PER_S // asked.period_ns))
    if scans > most:
        longest = most * asked.period_ns / NS_PER_S / 60
        return f"{minutes:g} min is longer than the {longest:g} min that {asked.name} allows"
    return scans


def _unshelve(asked: _Asked) -> Decision:
    return _taken_off(asked, Suppression.SHELVED, "not shelved")


def _out_of_service(asked: _Asked) -> Decision:
    book, i, request = asked.book, asked.i, asked.request
    second = request.second_actor.strip()
    reason = ""
    if book.about.finding[i]:
        reason = f"{asked.name} is a finding: it makes no sound"
    elif asked.is_under(Suppression.OUT_OF_SERVICE):
        reason = f"{asked.name} is out of service already"
    elif not asked.text("permit"):
        reason = "out of service needs the number of a permit"
    elif not asked.text("comment"):
        reason = "out of service needs a reason"
    elif not second:
        reason = "out of service needs a second person"
    elif second.casefold() == request.actor.strip().casefold():
        reason = f"{request.actor} asked for it; the second person must be another"
    if reason:
        return Decision(reason=reason)
    book.suppress(i, Suppression.OUT_OF_SERVICE)
    row, event, _ = SUPPRESSING[Suppression.OUT_OF_SERVICE]
    return Decision(kind=event, body=book.standing(i, row) | {"priority": int(book.about.priority[i])})


def _return_to_service(asked: _Asked) -> Decision:
    return _taken_off(asked, Suppression.OUT_OF_SERVICE, "not out of service")


def _taken_off(asked: _Asked, bit: Suppression, wrong: str) -> Decision:
    if not asked.is_under(bit):
        return Decision(reason=f"{asked.name} is {wrong}")
    fact = asked.book.release(asked.i, bit, asked.number, manual=bit is Suppression.SHELVED)
    assert fact is not None  # noqa: S101  # only the end of a lost source may have nothing to say
    return Decision(kind=fact.kind, body=fact.body)


_ACTS: dict[RequestKind, Callable[[_Asked], Decision]] = {
    RequestKind.ACKNOWLEDGE: _acknowledge,
    RequestKind.CONFIRM: _confirm,
    RequestKind.COMMENT: _comment,
    RequestKind.CONFIRM_FINDING: _judge_finding,
    RequestKind.REJECT_FINDING: _judge_finding,
    RequestKind.RESET: _reset,
    RequestKind.SHELVE: _shelve,
    RequestKind.UNSHELVE: _unshelve,
    RequestKind.OUT_OF_SERVICE: _out_of_service,
    RequestKind.RETURN_TO_SERVICE: _return_to_service,
}

ALARM_ACTS = frozenset(_ACTS)
"""The kinds of requests that `decide` answers."""
