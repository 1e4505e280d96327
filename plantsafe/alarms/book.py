"""The alarm book: the state of every condition as arrays, moved by verdicts, by time and by what people ask for.

In a scan, suppressions that begin come first, then the conditions that came and went, then what time is up for, then
the suppressions that end: so an alarm that its suppression hides in the same scan makes no sound, and one whose
suppression ends is judged by what holds now.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.alarms.attributes import attributes
from plantsafe.alarms.first_out import FirstOut, Mark
from plantsafe.alarms.flood import FloodWatch
from plantsafe.alarms.life_cycle import (
    RELEASES,
    SUPPRESSING,
    TABLE,
    State,
    Suppression,
    Transition,
    Trigger,
    next_states,
    suppression_names,
)
from plantsafe.alarms.nuisance import Nuisance
from plantsafe.frame import I8, Bool
from plantsafe.journal.project import OpenCondition
from plantsafe.verdict import Arrays, Condition, Fact, Rows, Verdict

NOT_AVAILABLE_SCANS = 2  # not judged for longer than this: listed as not available (site default)
NEVER = np.iinfo(np.int64).max
# an IntFlag beside an array costs six times as much as a plain number
SHELVED, BY_DESIGN = int(Suppression.SHELVED), int(Suppression.BY_DESIGN)
OUT_OF_SERVICE, SOURCE_LOST = int(Suppression.OUT_OF_SERVICE), int(Suppression.SOURCE_LOST)
Index = NDArray[np.intp]
_NO_ROWS: Index = np.zeros(0, dtype=np.intp)


class AlarmBook:
    """States, occurrences, suppressions and availability of n conditions.

    occurrence (n,): running number of the present (or last) occurrence, unique over all conditions, 0 for never.
    since (n,): scan in which the present state began. active (n,): the condition holds, or held when last judged.
    suppression (n,): bits of Suppression. shelf_until (n,): scan in which the shelf ends, 0 for none.
    by_design: names of the conditions that may be suppressed by design (an expression, a cause that tells of them).
    console: that of each condition, empty for all.
    floods: by console, or one under an empty name.
    """

    def __init__(
        self,
        conditions: Sequence[Condition],
        *,
        by_design: Sequence[str] = (),
        console: Sequence[str] = (),
        period_s: float = 1.0,
    ) -> None:
        n = len(conditions)
        self.conditions = conditions
        self.about = attributes(conditions)
        self.row = {condition.name: i for i, condition in enumerate(conditions)}
        self._next = next_states()
        self._design_rows: Index = np.array([self.row[name] for name in by_design], dtype=np.intp)
        self.state_code: NDArray[np.uint8] = np.zeros(n, dtype=np.uint8)
        self.occurrence: I8 = np.zeros(n, dtype=np.int64)
        self.since: I8 = np.zeros(n, dtype=np.int64)
        self.active: Bool = np.zeros(n, dtype=np.bool_)
        self.suppression: NDArray[np.uint8] = np.zeros(n, dtype=np.uint8)
        self.pending: Bool = np.zeros(n, dtype=np.bool_)  # to be announced when nothing suppresses it any more
        self.shelf_until: I8 = np.zeros(n, dtype=np.int64)
        self.one_shot: Bool = np.zeros(n, dtype=np.bool_)
        self.shelf_priority: NDArray[np.uint8] = np.zeros(n, dtype=np.uint8)
        self.shelved_times: I8 = np.zeros(n, dtype=np.int64)  # in the shift that began with scan shelf_shift
        self.shelf_shift: I8 = np.zeros(n, dtype=np.int64)
        self.realarm_at: I8 = np.zeros(n, dtype=np.int64)
        self.realarm_count: I8 = np.zeros(n, dtype=np.int64)
        self.confirm_due: Bool = np.zeros(n, dtype=np.bool_)
        self.judged: I8 = np.zeros(n, dtype=np.int64)  # the last occurrence that an engineer confirmed or rejected
        self._shown_since: I8 = np.zeros(n, dtype=np.int64)
        self._priority_seen = self.about.priority.copy()
        self._unknown_scans: I8 = np.zeros(n, dtype=np.int64)
        self._reported: Bool = np.zeros(n, dtype=np.bool_)
        self._last_occurrence: I8 = np.zeros(1, dtype=np.int64)
        self._lost = np.zeros(0, dtype=np.bool_)
        self._due = NEVER
        self._loaded = False
        self._counted: list[int] = []  # rows annunciated in this scan
        self.first_out = FirstOut(self.about.group, self.about.groups)
        self.nuisance = Nuisance(n, period_s)
        self._console = tuple(console) or ("",) * n
        consoles = dict.fromkeys(name for name in self._console if name) or {"": None}
        self.floods = {name: FloodWatch(period_s) for name in consoles}

    @property
    def not_available(self) -> Bool:
        """(n,) True where a condition could not be judged for too long."""
        answer: Bool = self._unknown_scans > NOT_AVAILABLE_SCANS
        return answer

    @property
    def eligible(self) -> Bool:
        """(n,) True where an alarm counts for first-out: a shelf hides it from people, not from the order of coming."""
        answer: Bool = (self.suppression & ~np.uint8(SHELVED)) == 0
        return answer

    def hidden_by_people(self) -> Bool:
        """(n,) True where a condition is on the shelf or out of service."""
        answer: Bool = (self.suppression & np.uint8(SHELVED | OUT_OF_SERVICE)) != 0
        return answer

    @property
    def suppressed(self) -> Bool:
        """(n,) True where anything suppresses the condition."""
        answer: Bool = self.suppression != 0
        return answer

    def step(
        self,
        verdict: Verdict,
        number: int,
        source_lost: Bool,
        by_design: Bool | None = None,
        why: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> list[Fact]:
        """Move every state by the verdict of scan `number`.

        by_design (k,): which of the conditions named `by_design` are suppressed so now; `why` has the particulars, by
        the place in it.
        """
        wanted = np.zeros(len(self._design_rows), dtype=np.bool_) if by_design is None else by_design
        facts, design_over = self._design(wanted, why or {})
        source_over = self._sources(source_lost)
        now = verdict.active | (self.active & verdict.unknown)  # what cannot be judged does not clear
        changed = np.flatnonzero(now != self.active)
        self.active = now
        shot = _NO_ROWS
        if changed.size:
            facts += self._changed(changed, verdict, number)
            shot = changed[~now[changed] & self.one_shot[changed]]
        timed_out = _NO_ROWS
        if number >= self._due or self._loaded:
            more, timed_out = self._time_is_up(number)
            facts += more
        facts += self._end(design_over, BY_DESIGN, number)
        facts += self._end(shot, SHELVED, number, by="one_shot")
        facts += self._end(np.setdiff1d(timed_out, shot), SHELVED, number, by="timeout")
        facts += self._end(source_over, SOURCE_LOST, number)
        return facts + self._availability(verdict) + self._watch(number)

    # what begins and ends by itself

    def _design(self, wanted: Bool, why: Mapping[int, Mapping[str, Any]]) -> tuple[list[Fact], Index]:
        """Suppression by design begins; the rows where it is over are returned, still suppressed."""
        has = (self.suppression[self._design_rows] & BY_DESIGN) != 0
        begun = np.flatnonzero(wanted & ~has).tolist()
        facts = []
        for k in begun:
            i = int(self._design_rows[k])
            self.suppress(i, Suppression.BY_DESIGN)
            facts.append(self.suppression_fact(i, Suppression.BY_DESIGN, dict(why.get(k, {}))))
        over = self._design_rows[has & ~wanted]
        if self._loaded:  # another plant description may have taken the expression away
            orphans = np.flatnonzero(self.suppression & BY_DESIGN)
            over = np.union1d(over, np.setdiff1d(orphans, self._design_rows))
        return facts, over

    def suppression_begins(self, wanted: Bool) -> list[int]:
        """Places in `wanted` (as `step` gets it) of the alarms that are not suppressed by design yet."""
        if not wanted.any():
            return []
        has = (self.suppression[self._design_rows] & BY_DESIGN) != 0
        return np.flatnonzero(wanted & ~has).tolist()

    def _sources(self, lost: Bool) -> Index:
        """Lost sources suppress without a word about each alarm; those that wait for its end are returned."""
        if not self._loaded and np.array_equal(lost, self._lost):
            return _NO_ROWS
        self._lost = lost.copy()
        hidden = (self.about.source >= 0) & lost[self.about.source] if lost.size else np.zeros_like(self.active)
        over = np.flatnonzero(((self.suppression & SOURCE_LOST) != 0) & ~hidden)
        self.suppression[hidden] |= SOURCE_LOST
        self.suppression[over] &= ~np.uint8(SOURCE_LOST)  # what this scan raises is announced as it comes
        return over[self.pending[over]]

    def _changed(self, rows: Index, verdict: Verdict, number: int) -> list[Fact]:
        """Conditions that came or went."""
        came = self.active[rows]
        trigger = np.where(came, self.about.raised_by[rows], self.about.cleared_by[rows])
        before = self.state_code[rows]
        hidden = self.suppression[rows] != 0
        opened = rows[came]
        self._open(rows, before, trigger, number)
        eligible = self.eligible
        if self.first_out.members and opened.size:
            self.first_out.came(opened[eligible[opened]], self.active & eligible)
        self.pending[rows] = np.where(came, hidden, self.pending[rows] & (self.state_code[rows] == State.LTUNK))
        self._shown_since[rows] = np.where(came & ~hidden, number, 0)
        facts = []
        for i, how, was, out in zip(rows.tolist(), trigger.tolist(), before.tolist(), hidden.tolist(), strict=True):
            row = TABLE.get((Trigger(how), State(was)))
            if row is not None:
                facts.append(self._move_fact(i, row, out, verdict))
        return facts

    def _open(self, rows: Index, before: NDArray[np.uint8], trigger: Index, number: int) -> None:
        """Core states after their triggers, and new occurrences in row order."""
        after = self._next[trigger, before]
        opens = _OPENS[trigger, before]
        mine = rows[opens]
        first = int(self._last_occurrence[0]) + 1
        self.occurrence[mine] = np.arange(first, first + len(mine))
        self._last_occurrence[0] += len(mine)
        self.realarm_count[mine], self.confirm_due[mine] = 0, self.about.confirm[mine]
        moved = rows[after != before]
        self.state_code[rows], self.since[moved], self.realarm_at[moved] = after, number, 0

    def _move_fact(self, i: int, row: Transition, hidden: bool, verdict: Verdict) -> Fact:
        finding = bool(self.about.finding[i])
        annunciates = row.annunciates and not hidden and not finding
        more: dict[str, Any] = {
            "value": _number(verdict.value[i]),
            "limit": _number(verdict.limit[i]),
            "condition_since": int(verdict.since[i]),
        }
        if (mark := int(self.first_out.mark[i])) and self.active[i]:
            more |= {"first_out": mark, "group": self.conditions[i].first_out}
        event = row.event.replace("alarm", "finding") if finding else row.event
        return self._fact(i, event, row.row, more, annunciates=annunciates)

    def _time_is_up(self, number: int) -> tuple[list[Fact], Index]:
        """Alarms that sound again; the rows whose shelf ends are returned."""
        again = (self.realarm_at > 0) & (self.realarm_at <= number)
        if self._loaded:  # another plant description may say that it is more urgent
            again |= (self.about.priority < self._priority_seen) & self.active & ~self.about.quiet
            self._priority_seen = self.about.priority.copy()
            self._loaded = False
        facts = []
        for i in np.flatnonzero(again).tolist():
            row = TABLE.get((Trigger.REALARM, State(self.state_code[i])))
            self.realarm_at[i] = 0
            if row is not None and self.active[i]:
                self.state_code[i], self.since[i] = row.to, number
                self.realarm_count[i] += 1
                facts.append(self._fact(i, row.event, row.row, {"realarm_count": int(self.realarm_count[i])}))
        over = np.flatnonzero((self.shelf_until > 0) & (self.shelf_until <= number))
        self._find_due(besides=over)
        return facts, over

    def _find_due(self, besides: Index = _NO_ROWS) -> None:
        until = self.shelf_until.copy()
        until[besides] = 0
        times = [until[until > 0], self.realarm_at[self.realarm_at > 0]]
        self._due = min((int(some.min()) for some in times if some.size), default=NEVER)

    def _end(self, rows: Index, bit: int, number: int, *, by: str = "") -> list[Fact]:
        found = (self.release(i, Suppression(bit), number, by=by) for i in rows.tolist())
        return [fact for fact in found if fact is not None]

    # what acts and time share

    def suppress(self, i: int, bit: Suppression) -> None:
        """A suppression begins; the core runs on beneath it."""
        self.suppression[i] |= int(bit)
        self._shown_since[i] = 0

    def suppression_fact(self, i: int, bit: Suppression, more: Mapping[str, Any]) -> Fact:
        """The event of a suppression that has begun."""
        row, event, _ = SUPPRESSING[bit]
        return self._fact(i, event, row, more)

    def release(self, i: int, bit: Suppression, number: int, *, by: str = "", manual: bool = False) -> Fact | None:
        """A suppression ends. With the last one the alarm is announced, if it still asks for attention.

        manual: a person took it off the shelf, who has seen the alarm. None where a lost source leaves nothing to say.
        """
        self.suppression[i] &= ~int(bit) & 0xFF
        if bit is Suppression.SHELVED:
            self.shelf_until[i], self.one_shot[i] = 0, False
        by_source = bit is Suppression.SOURCE_LOST
        active, last = bool(self.active[i]), self.suppression[i] == 0
        row = None
        if not last:
            self.pending[i] |= active and not manual and not by_source
        elif not by_source or self.pending[i]:
            # a latch that closed unseen is announced too, whatever its condition does now
            latched = self.state_code[i] == State.LTUNK and self.pending[i]
            trigger = Trigger.RELEASE_ACTIVE if active or latched else Trigger.RELEASE_NORMAL
            if manual and active:
                trigger = Trigger.UNSHELVE_ACTIVE
            row = None if self.about.quiet[i] else TABLE.get((trigger, State(self.state_code[i])))
            self.pending[i] = False
        if last and active:
            self._shown_since[i] = number
        if row is not None and row.to != self.state_code[i]:
            self.state_code[i], self.since[i], self.realarm_at[i] = row.to, number, 0
        if by_source:
            return None if row is None else self._fact(i, row.event, 22, {}, annunciates=row.annunciates)
        line = 17 if manual and active else 20 if by == "one_shot" else RELEASES[bit][0 if active else 1]
        body = {"by": by} if by else {}
        return self._fact(i, SUPPRESSING[bit][2], line, body, annunciates=row is not None and row.annunciates)

    def act(self, i: int, trigger: Trigger, number: int) -> Transition | None:
        """A person's trigger; None where the table has no row for it."""
        row = TABLE.get((trigger, State(self.state_code[i])))
        if row is None:
            return None
        self.state_code[i], self.since[i], self.realarm_at[i] = row.to, number, 0
        if row.to in (State.ACKED, State.LTACK) and self.active[i] and self.about.realarm_scans[i]:
            self.wake(number + int(self.about.realarm_scans[i]))
            self.realarm_at[i] = number + self.about.realarm_scans[i]
        return row

    def wake(self, number: int) -> None:
        """Something is due in scan `number`."""
        self._due = min(self._due, number)

    def _fact(self, i: int, event: str, row: int, more: Mapping[str, Any], *, annunciates: bool = False) -> Fact:
        condition = self.conditions[i]
        if annunciates:
            self._counted.append(i)
        body: dict[str, Any] = {
            "kind": condition.kind,
            "about": condition.subject,
            "priority": condition.priority,
            **more,
            **self.standing(i, row, annunciates=annunciates),
        }
        return Fact(kind=event, subject=condition.name, body=body)

    def standing(self, i: int, row: int, *, annunciates: bool = False) -> dict[str, Any]:
        """Where a condition stands, for the body of an event by row `row` of the table."""
        body: dict[str, Any] = {
            "state": State(self.state_code[i]).name,
            "occurrence": int(self.occurrence[i]),
            "active": bool(self.active[i]),
            "row": row,
        }
        if not self.about.finding[i]:
            body["annunciates"] = annunciates
        if names := suppression_names(int(self.suppression[i]) & ~SOURCE_LOST):
            body["suppression"] = names
        if self.confirm_due[i]:
            body["confirm_due"] = True
        return body

    # what is watched over all of them

    def _availability(self, verdict: Verdict) -> list[Fact]:
        """Alarms that can no longer be judged, once each; those under a lost source are counted in one fact."""
        if not (verdict.unknown.any() or self._unknown_scans.any()):
            return []
        self._unknown_scans = np.where(verdict.unknown, self._unknown_scans + 1 + verdict.gap, 0)
        bad = self.not_available & ((self.suppression & SOURCE_LOST) == 0) & ~self.about.finding
        gone = np.flatnonzero(bad & ~self._reported).tolist()
        back = np.flatnonzero(self._reported & ~verdict.unknown).tolist()
        self._reported[gone], self._reported[back] = True, False
        facts = [Fact(kind="alarm_not_available", subject=self.conditions[i].name) for i in gone]
        return facts + [Fact(kind="alarm_available", subject=self.conditions[i].name) for i in back]

    def _watch(self, number: int) -> list[Fact]:
        """Floods, chattering and stale alarms, each told when it begins."""
        facts = []
        counted, self._counted = self._counted, []
        rows = np.array(counted, dtype=np.intp)
        begun, over = self.nuisance.chatter(rows, number)
        stale = self.nuisance.look_for_stale(np.where(self.about.finding, 0, self._shown_since), number)
        for kind, some in (("alarm_chattering", begun), ("alarm_chattering_over", over), ("alarm_stale", stale)):
            facts += [self._told(kind, i) for i in some.tolist()]
        for name, flood in self.floods.items():
            facts += self._flood(name, flood, number, [i for i in counted if self._console[i] in ("", name)])
        return facts

    def _flood(self, console: str, flood: FloodWatch, number: int, counted: list[int]) -> list[Fact]:
        """A flood that begins or ends at a console."""
        at: dict[str, Any] = {"console": console} if console else {}
        match flood.step(number, counted):
            case ("started", first, scan):
                mode = "strict" if flood.strict else "inclusive"
                body = {"first": self.conditions[first].name, "first_scan": scan, "mode": mode, "count": flood.count}
                return [Fact(kind="flood_started", subject="alarms", body=at | body)]
            case ("ended", total, _):
                return [Fact(kind="flood_ended", subject="alarms", body=at | {"alarms": total})]
        return []

    def _told(self, kind: str, i: int) -> Fact:
        condition = self.conditions[i]
        body = {"about": condition.subject, "kind": condition.kind, "priority": condition.priority}
        return Fact(kind=kind, subject=condition.name, body=body | {"of_occurrence": int(self.occurrence[i])})

    def live(self) -> Arrays:
        """What pages show of the shelf, of floods and of alarms that say nothing, by rows."""
        shelf = np.flatnonzero(self.suppression & SHELVED)
        return {
            "shelf.row": shelf,
            "shelf.until": self.shelf_until[shelf],
            "shelf.one_shot": self.one_shot[shelf],
            "shelf.raised_since": self.about.priority[shelf] < self.shelf_priority[shelf],
            "chattering.row": np.flatnonzero(self.nuisance.chattering),
            "stale.row": np.flatnonzero(self.nuisance.stale),
            "flood": np.array([[flood.detected, flood.count] for flood in self.floods.values()], dtype=np.int64),
        }

    # what outlives a scan

    def state_name(self, name: str) -> str:
        """The state of one condition in words."""
        return State(self.state_code[self.row[name]]).name

    def open(self) -> dict[str, OpenCondition]:
        """Every condition that is not normal, or not free, by name; suppression by a lost source does not count."""
        kept = self.suppression & ~np.uint8(SOURCE_LOST)
        some = (self.state_code != State.NORM) | (kept != 0) | (self.first_out.mark != Mark.NONE) | self.confirm_due
        return {self.conditions[i].name: self._open_condition(i) for i in np.flatnonzero(some).tolist()}

    def _open_condition(self, i: int) -> OpenCondition:
        return OpenCondition(
            name=self.conditions[i].name,
            state=State(self.state_code[i]).name,
            occurrence=int(self.occurrence[i]),
            scan=int(self.since[i]),
            active=bool(self.active[i]),
            suppression=tuple(suppression_names(int(self.suppression[i]) & ~SOURCE_LOST)),
            shelf_until=int(self.shelf_until[i]),
            one_shot=bool(self.one_shot[i]),
            first_out=int(self.first_out.mark[i]),
            group=self.conditions[i].first_out,
            confirm_due=bool(self.confirm_due[i]),
        )

    def adopt(self, opened: Iterable[OpenCondition]) -> list[str]:
        """Take over what the journal says by name; the names that this plant does not have are returned."""
        unknown, last = [], 0
        for entry in opened:
            last = max(last, entry.occurrence)
            i = self.row.get(entry.name)
            if i is None:
                unknown.append(entry.name)
                continue
            self.state_code[i], self.occurrence[i] = State[entry.state], entry.occurrence
            self.since[i], self.active[i] = entry.scan, entry.active
            self.suppression[i] = sum(Suppression[name.upper()] for name in entry.suppression)
            self.shelf_until[i], self.one_shot[i] = entry.shelf_until, entry.one_shot
            self.shelf_priority[i] = self.about.priority[i]
            self.first_out.mark[i], self.confirm_due[i] = entry.first_out, entry.confirm_due
            self._shown_since[i] = entry.scan if entry.active and not entry.suppression else 0
        self.reserve(last)
        self._loaded = True
        return unknown

    def reserve(self, occurrence: int) -> None:
        """Never give out an occurrence number up to `occurrence` again."""
        self._last_occurrence[0] = max(int(self._last_occurrence[0]), occurrence)

    def _own(self) -> Arrays:
        return {name: getattr(self, attribute) for name, attribute in _ARRAYS.items()}

    def state(self) -> Arrays:
        """The whole book by name."""
        whole = self._own() | {"last_occurrence": self._last_occurrence}
        for console, flood in self.floods.items():
            whole |= {f"{console}{name}": array for name, array in flood.state().items()}
        return whole | self.first_out.state() | self.nuisance.state()

    def rows(self) -> Rows:
        """By the condition's name; occurrence numbers go on; the window of the floods starts anew."""
        names = tuple(self.row)
        own = dict.fromkeys(_ARRAYS, names) | {"last_occurrence": ("number",)}
        return own | self.first_out.rows(names) | self.nuisance.rows(names)

    def load(self, arrays: Arrays) -> None:
        """Take over a book that `state` gave."""
        for name, attribute in _ARRAYS.items():
            setattr(self, attribute, arrays[name])
        self._last_occurrence = arrays["last_occurrence"]
        self.first_out.load(arrays)
        self.nuisance.load(arrays)
        for console, flood in self.floods.items():
            flood.load({name: arrays[f"{console}{name}"] for name in flood.state()})
        self._loaded = True


_ARRAYS = {
    "state": "state_code",
    "occurrence": "occurrence",
    "since": "since",
    "active": "active",
    "suppression": "suppression",
    "pending": "pending",
    "shelf_until": "shelf_until",
    "one_shot": "one_shot",
    "shelf_priority": "shelf_priority",
    "shelved_times": "shelved_times",
    "shelf_shift": "shelf_shift",
    "realarm_at": "realarm_at",
    "realarm_count": "realarm_count",
    "confirm_due": "confirm_due",
    "judged": "judged",
    "shown_since": "_shown_since",
    "priority_seen": "_priority_seen",
    "unknown_scans": "_unknown_scans",
    "reported": "_reported",
}
"""The arrays of a book, one row a condition: their name in a snapshot, and the attribute."""

_OPENS = np.zeros((len(Trigger), len(State)), dtype=np.bool_)
for _transition in TABLE.values():
    _OPENS[_transition.trigger, _transition.state] = _transition.opens


def _number(value: np.float64) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
