"""Bypasses: the bit of the safety system is the truth, a record is what people said of it before.

A bit that is on without a record is unauthorised, in the scan that shows it. A record is a request with a hazard
assessment and a compensating measure, made by one person and approved by another; it waits for its bit at most a day
and is used up when the bit goes off. The clock of a bypass runs from the bit, not from the paper; only approving it
anew, while it lasts, starts it again. It reminds at 80 % of its time, at the end, and then every half an hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from scipy.sparse import csr_array

from plantsafe.clock import NS_PER_S
from plantsafe.frame import I8, Bool, Frame, is_good
from plantsafe.plant import Plant
from plantsafe.protection.answer import NO, U1, UNKNOWN, YES, answer
from plantsafe.protection.bypass_conditions import BIT_KINDS, bypass_conditions
from plantsafe.protection.tables import Index
from plantsafe.request import Request, RequestKind, Role
from plantsafe.verdict import Arrays, Condition, Fact, Rows, Verdict

TYPES = ("maintenance", "start_up", "process")
REMIND_SHARE = 0.8
REMIND_AGAIN_S = 1800.0
STALE_S = 24 * 3600.0  # an approval whose bit never came (site default)
HANDOVER_S = 1800.0  # from the start of the shift (site default)
LONG_H, LONGEST_H = 24, 72  # beyond: the plant manager; a management of change (site default)
CHANNELS_A_FUNCTION = 1  # site default
TEXT_MAX = 1000  # characters of a text in a record (site default)
_TEXTS = {"why": "the reason why", "hazard": "a hazard assessment", "measure": "a compensating measure"}


class Record(IntEnum):
    """What people said of a bypass."""

    NONE = 0
    APPROVED = 1  # the bit is still to come
    IN_USE = 2


NO_RECORD, APPROVED, IN_USE = (np.uint8(code) for code in Record)


@dataclass(slots=True, kw_only=True)
class Book:
    """One row a bypass bit; `*_at` are scans, 0 for never.

    seen: Answer, what the bit showed when it last could be seen. off_at: last scan certainly off. on_at: first scan of
    the bypass that is on. record: Record; kind: its type, a place in TYPES. clock_at, granted: from when, and for how
    many scans. approved_at: of a record. reminded: how many reminders were given. taken_over_at: when the shift last
    acknowledged it.
    """

    seen: U1
    off_at: I8
    on_at: I8
    record: U1
    kind: U1
    clock_at: I8
    granted: I8
    approved_at: I8
    reminded: I8
    taken_over_at: I8

    @classmethod
    def fresh(cls, n: int) -> "Book":
        """Nothing seen, nothing said."""
        own: Arrays = {field.name: np.zeros(n, dtype=np.int64) for field in fields(cls)}
        own |= {"seen": np.full(n, UNKNOWN), "record": np.zeros(n, np.uint8), "kind": np.zeros(n, np.uint8)}
        return cls(**own)

    def arrays(self) -> Arrays:
        """By name, for a snapshot."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class _Table:
    """bits (n_bits): point rows. has (n_functions, n_bits), within (n_units, n_bits). limit (n_bits, n_types): scans.
    allowed: whether it may be bypassed at all."""

    names: tuple[str, ...]
    bits: Index
    functions: tuple[str, ...]
    units: tuple[str, ...]
    has: csr_array
    within: csr_array
    unit_of: Index
    limit: I8
    allowed: Bool


class BypassCheck:
    """Three conditions a bypass bit, one a function, one a unit with functions, one for the shift handover."""

    name = "bypasses"

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._table = table = _compile(plant)
        self.book = Book.fresh(len(table.names))
        self._row = {name: i for i, name in enumerate(table.names)}
        self.conditions: tuple[Condition, ...] = bypass_conditions(plant, table.names, table.functions, table.units)
        self._n_kinds = len(self.conditions)
        self._active: Bool = np.zeros(self._n_kinds, dtype=np.bool_)
        self._since: I8 = np.zeros(self._n_kinds, dtype=np.int64)
        self._shift = np.zeros(2, dtype=np.int64)  # the scan in which the shift began, UTC ns of the next start
        self._zone = ZoneInfo(plant.file.site.timezone)
        self._starts = sorted({_minutes(text) for text in plant.file.site.shifts})
        self._live: Arrays = {}

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Follow the bits, the clocks and the shift."""
        table, book, number = self._table, self.book, frame.number
        if not table.names:
            return
        value, good = frame.value[table.bits], is_good(frame.status[table.bits])
        seen = answer(good & (value > 0.5), good & (value <= 0.5))
        new_shift = self._turn_shift(frame)
        quiet = not new_shift and not book.record.any() and not self._active.any()
        if quiet and (seen == NO).all() and (book.seen == NO).all():
            book.off_at[:] = number
            self._write(verdict, block, self._active, np.zeros(self._n_kinds, dtype=np.bool_), number)
            return
        verdict.facts.extend(self._follow(seen, number))
        verdict.facts.extend(self._remind(number))
        if new_shift and (book.on_at > 0).any():
            still_on = [table.names[i] for i in np.flatnonzero(book.on_at > 0).tolist()]
            verdict.facts.append(Fact(kind="bypass_handover_due", subject="bypasses", body={"open": still_on}))
        active, unknown = self._judge(number, seen)
        self._write(verdict, block, active, unknown, number)
        self._show(number)

    def _turn_shift(self, frame: Frame) -> bool:
        """Whether a shift begins with this scan."""
        next_ns = int(self._shift[1])
        if (next_ns and frame.time_ns < next_ns) or not self._starts:
            return False
        began = bool(next_ns)
        start_scan = frame.number if began else int(self._shift[0])
        self._shift = np.array([start_scan, self._next_start_ns(frame.time_ns)], dtype=np.int64)
        return began

    def _next_start_ns(self, time_ns: int) -> int:
        now = datetime.fromtimestamp(time_ns // NS_PER_S, tz=self._zone)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in (0, 1):
            for minutes in self._starts:
                start = midnight + timedelta(days=day, minutes=minutes)
                if start > now:
                    return int(start.timestamp()) * NS_PER_S
        raise AssertionError("a shift begins every day")

    def _follow(self, seen: U1, number: int) -> Iterator[Fact]:
        """Bits that turned on or off, and approvals that nobody used."""
        book, table = self.book, self._table
        turned_on, turned_off = (seen == YES) & (book.on_at == 0), (seen == NO) & (book.on_at > 0)
        for i in np.flatnonzero(turned_off).tolist():
            yield Fact(kind="bypass_ended", subject=table.names[i], body=self._story(i, number))
        unused = (book.record == APPROVED) & ~turned_on & (number - book.approved_at >= self._plant.scans(STALE_S))
        for i in np.flatnonzero(unused).tolist():
            body = {"reason": "its bit was not seen within 24 h", "approved_scan": int(book.approved_at[i])}
            yield Fact(kind="bypass_record_cancelled", subject=table.names[i], body=body)
        self._forget(turned_off | unused)
        book.on_at = np.where(turned_off, 0, np.where(turned_on, number, book.on_at))
        used = turned_on & (book.record == APPROVED)
        book.record = np.where(used, IN_USE, book.record).astype(np.uint8)
        book.clock_at = np.where(turned_on, number, book.clock_at)
        for i in np.flatnonzero(turned_on).tolist():
            yield Fact(kind="bypass_began", subject=table.names[i], body=self._story(i, number))
        book.off_at = np.where(seen == NO, number, book.off_at)
        book.seen = np.where(seen == UNKNOWN, book.seen, seen).astype(np.uint8)

    def _story(self, i: int, number: int) -> dict[str, Any]:
        """What a bypass came to: its interval, and whether there was a record."""
        book = self.book
        record = Record(int(book.record[i]))
        told: dict[str, Any] = {
            "functions": self._functions_of(i),
            "scan_before": int(book.off_at[i]) or None,
            "on_scan": int(book.on_at[i]),
            "scan": number,
            "authorised": record is Record.IN_USE,
        }
        if record is not Record.NONE:
            told |= {"type": TYPES[int(book.kind[i])], "granted_scans": int(book.granted[i])}
        return told

    def _functions_of(self, i: int) -> list[str]:
        return [self._table.functions[k] for k in self._table.has[:, [i]].tocoo().row.tolist()]

    def _forget(self, rows: Bool) -> None:
        book = self.book
        book.record = np.where(rows, NO_RECORD, book.record).astype(np.uint8)
        for name in ("clock_at", "granted", "approved_at", "reminded", "taken_over_at"):
            setattr(book, name, np.where(rows, 0, getattr(book, name)))

    def _remind(self, number: int) -> Iterator[Fact]:
        """At 80 % of the time granted, at its end, and every half an hour from then on."""
        book = self.book
        running = (book.on_at > 0) & (book.record == IN_USE)
        if not running.any():
            return
        age = number - book.clock_at
        again = self._plant.scans(REMIND_AGAIN_S)
        over = np.maximum(age - book.granted, 0) // again
        due = np.where(age >= book.granted, 2 + over, np.where(age >= REMIND_SHARE * book.granted, 1, 0))
        for i in np.flatnonzero(running & (due > book.reminded)).tolist():
            body = {
                "reminder": int(due[i]),
                "share": round(float(age[i] / book.granted[i]), 3),
                "on_for_s": round(float((number - book.on_at[i]) * self._plant.file.scan_period_s), 3),
            }
            yield Fact(kind="bypass_reminder", subject=self._table.names[i], body=body)
        book.reminded = np.where(running, np.maximum(book.reminded, due), book.reminded)

    def _judge(self, number: int, seen: U1) -> tuple[Bool, Bool]:
        book, table = self.book, self._table
        on, doubt = book.on_at > 0, seen == UNKNOWN
        recorded = book.record == IN_USE
        age = number - book.clock_at
        over = on & recorded & (age >= book.granted)
        ending = on & recorded & (age >= REMIND_SHARE * book.granted) & ~over
        one = on.astype(np.int32)
        a_function = table.has @ one
        in_unit = table.within @ one
        same = np.zeros(len(table.units), dtype=np.int64)
        np.maximum.at(same, table.unit_of, a_function)
        untold = on & (book.on_at < self._shift[0]) & (book.taken_over_at < self._shift[0])
        late = self._shift[0] > 0 and number - int(self._shift[0]) > self._plant.scans(HANDOVER_S)
        by_bit = {"unauthorised": on & ~recorded, "ending": ending, "over_time": over}
        active = np.concatenate(
            [
                np.stack([by_bit[kind] for kind in BIT_KINDS], axis=1).ravel(),
                a_function > CHANNELS_A_FUNCTION,
                in_unit > same,
                [late and bool(untold.any())],
            ]
        )
        unknown = np.zeros(self._n_kinds, dtype=np.bool_)
        unknown[: len(BIT_KINDS) * len(doubt)] = np.repeat(doubt & ~on, len(BIT_KINDS))
        return active, unknown

    def _write(self, verdict: Verdict, block: slice, active: Bool, unknown: Bool, number: int) -> None:
        if active is not self._active:
            self._since = np.where(active & ~self._active, number, np.where(active, self._since, 0))
            self._active = active
        verdict.active[block], verdict.since[block], verdict.unknown[block] = active, self._since, unknown

    def _show(self, number: int) -> None:
        book = self.book
        on = book.on_at > 0
        self._live = {
            "on": on,
            "on_scans": np.where(on, number - book.on_at + 1, 0),
            "left_scans": np.where(on & (book.record == IN_USE), book.granted - (number - book.clock_at), 0),
            **{name: getattr(book, name).copy() for name in ("record", "kind", "granted", "taken_over_at")},
            "shift_at": self._shift[:1].copy(),
        }

    def decide(self, request: Request, number: int) -> tuple[str, str, dict[str, Any]]:
        """Answer a request about a bypass: why not, else the kind of event and what it adds to the request's body."""
        i = self._row.get(request.subject)
        if i is None:
            return f"{request.subject} is no bypass bit of a safety function", "", {}
        match request.kind:
            case RequestKind.BYPASS_APPROVE:
                return self._approve(i, request, number)
            case RequestKind.BYPASS_WITHDRAW:
                if self.book.record[i] == NO_RECORD:
                    return f"there is no record for {request.subject}", "", {}
                row = np.arange(len(self._row)) == i
                was = Record(int(self.book.record[i])).name.lower()
                self._forget(row)
                return "", "bypass_record_cancelled", {"was": was, "withdrawn": True}
            case _:
                if self.book.on_at[i] == 0:
                    return f"{request.subject} is not on: nothing to take over", "", {}
                self.book.taken_over_at[i] = number
                return "", "bypass_taken_over", {"on_scan": int(self.book.on_at[i])}

    def _approve(self, i: int, request: Request, number: int) -> tuple[str, str, dict[str, Any]]:
        book, body = self.book, request.body
        kind, minutes = body.get("type"), body.get("minutes")
        if kind not in TYPES:
            return f"a bypass is one of {', '.join(TYPES)}", "", {}
        limit = int(self._table.limit[i, TYPES.index(kind)])
        if reason := self._why_not(i, request, kind, minutes, limit, number):
            return reason, "", {}
        assert isinstance(minutes, int | float)  # noqa: S101  # else there was a reason
        on = book.on_at[i] > 0
        renewed = book.record[i] == IN_USE
        book.clock_at[i] = number if renewed or not on else book.on_at[i]
        book.record[i] = IN_USE if on else APPROVED
        book.kind[i], book.approved_at[i], book.reminded[i] = TYPES.index(kind), number, 0
        book.granted[i] = min(limit, max(1, int(minutes * 60.0 / self._plant.file.scan_period_s)))
        told = {"functions": self._functions_of(i), "granted_scans": int(book.granted[i]), "renewed": bool(renewed)}
        return "", "bypass_approved", told

    def _why_not(self, i: int, request: Request, kind: str, minutes: Any, limit: int, number: int) -> str:
        book, table, period_s = self.book, self._table, self._plant.file.scan_period_s
        most_min = limit * period_s / 60.0
        missing = [word for key, word in _TEXTS.items() if not _text(request, key)]
        hours = (number - int(book.on_at[i])) * period_s / 3600.0 if book.on_at[i] else 0.0
        if not table.allowed[i]:
            return f"the plant file does not allow a bypass of {request.subject}"
        if missing:
            return f"a bypass needs {' and '.join(missing)}"
        if not request.second_actor.strip():
            return "a bypass needs a second person who approves it"
        if request.second_actor.strip().casefold() == request.actor.strip().casefold():
            return f"{request.actor} asked for it; another person must approve it"
        if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 < minutes <= most_min + 1e-9:
            return f"a {kind} bypass lasts more than 0 and at most {most_min:g} min"
        if book.record[i] == APPROVED:
            return f"{request.subject} is approved already; withdraw that record first"
        if hours > LONG_H and request.role is not Role.ADMIN:
            return f"after {LONG_H} h only the plant manager may go on"
        if hours > LONGEST_H and not _text(request, "moc"):
            return f"after {LONGEST_H} h a bypass needs the number of its management of change"
        return self._conflict(i)

    def _conflict(self, i: int) -> str:
        """Which other bypass, on or approved, stands against one more: of the same function, else of the same unit."""
        book, table = self.book, self._table
        others = (book.on_at > 0) | (book.record != NO_RECORD)
        others[i] = False
        if not others.any():
            return ""
        mine = table.has[:, [i]].toarray().ravel() > 0
        shared = (table.has @ others.astype(np.int32) > 0) & mine
        if shared.any():
            return f"{table.functions[int(np.flatnonzero(shared)[0])]} has another bypassed or approved channel"
        units = set(table.unit_of[mine].tolist())
        taken = table.has @ others.astype(np.int32) > 0
        for k in np.flatnonzero(taken).tolist():
            if int(table.unit_of[k]) in units:
                return f"{table.functions[k]} of the same unit has a bypassed or approved channel"
        return ""

    def state(self) -> Arrays:
        """The book, the conditions and the shift."""
        return {"active": self._active, "since": self._since, "shift": self._shift} | self.book.arrays()

    def rows(self) -> Rows:
        """By the name of the bit, conditions by theirs."""
        conditions = tuple(condition.name for condition in self.conditions)
        own = dict.fromkeys(self.book.arrays(), self._table.names)
        return own | {"active": conditions, "since": conditions, "shift": ("scan", "next")}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._active, self._since = arrays["active"].astype(np.bool_), arrays["since"]
        self._shift = arrays["shift"].copy()
        self.book = Book(**{field.name: arrays[field.name].copy() for field in fields(Book)})

    def live(self) -> Arrays:
        """By bypass bit, in the order of `bypass_bits`: on, for how long, how much is left, the record."""
        return self._live


def bypass_bits(plant: Plant) -> tuple[str, ...]:
    """The bypass bits of a plant, each once, in the order of the functions."""
    return tuple(dict.fromkeys(c.bypass for f in plant.file.functions for c in f.inputs if c.bypass is not None))


def _compile(plant: Plant) -> _Table:
    functions = plant.file.functions
    names = bypass_bits(plant)
    place = {name: i for i, name in enumerate(names)}
    links = [(k, place[c.bypass]) for k, f in enumerate(functions) for c in f.inputs if c.bypass is not None]
    units = tuple(dict.fromkeys(f.unit for f in functions))
    unit_row = {name: i for i, name in enumerate(units)}
    unit_of = np.array([unit_row[f.unit] for f in functions], dtype=np.intp)
    inside = sorted({(int(unit_of[k]), i) for k, i in links})
    limit = np.full((len(names), len(TYPES)), np.iinfo(np.int64).max, dtype=np.int64)
    allowed: Bool = np.ones(len(names), dtype=np.bool_)
    barred = {row.function for row in plant.file.causes_and_effects if not row.bypass_allowed}
    for k, i in links:
        longest = functions[k].bypass_max_min
        for t, kind in enumerate(TYPES):
            scans = int(getattr(longest, f"{kind}_min") * 60.0 / plant.file.scan_period_s + 1e-9)
            limit[i, t] = min(limit[i, t], max(1, scans))
        allowed[i] &= functions[k].name not in barred
    return _Table(
        names=names,
        bits=np.array([plant.points.row[name] for name in names], dtype=np.intp),
        functions=tuple(f.name for f in functions),
        units=units,
        has=_matrix(links, (len(functions), len(names))),
        within=_matrix(inside, (len(units), len(names))),
        unit_of=unit_of,
        limit=limit,
        allowed=allowed,
    )


def _matrix(pairs: list[tuple[int, int]], shape: tuple[int, int]) -> csr_array:
    rows = np.array([i for i, _ in pairs], dtype=np.intp)
    columns = np.array([j for _, j in pairs], dtype=np.intp)
    return csr_array((np.ones(len(pairs), dtype=np.int32), (rows, columns)), shape=shape)


def _text(request: Request, key: str) -> str:
    value = request.body.get(key, "")
    return value.strip()[:TEXT_MAX] if isinstance(value, str) else ""


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
