"""The alarm book: the state of every condition as arrays, moved by verdicts and by acknowledgements."""

from collections.abc import Mapping, Sequence

import numpy as np

from plantsafe.alarms.life_cycle import TABLE, State, Trigger, next_states
from plantsafe.frame import I8, Bool
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

NORM, RTNUN = np.uint8(State.NORM), np.uint8(State.RTNUN)  # an IntEnum beside an array costs six times as much
NOT_AVAILABLE_SCANS = 2  # not judged for longer than this: listed as not available (site default)


class AlarmBook:
    """States, occurrences and availability of n conditions.

    occurrence (n,): running number of the present (or last) occurrence, unique over all conditions, 0 for never.
    since (n,): scan in which the present state began.
    """

    def __init__(self, conditions: Sequence[Condition]) -> None:
        n = len(conditions)
        self._conditions = conditions
        self._next = next_states()
        self._finding = np.array([c.klass is ConditionClass.FINDING for c in conditions], dtype=np.bool_)
        self._raise = np.where(self._finding, int(Trigger.RAISE_NO_ACK), int(Trigger.RAISE))
        self._source = np.array([c.source for c in conditions], dtype=np.intp)
        self.row = {condition.name: i for i, condition in enumerate(conditions)}
        self.state_code = np.zeros(n, dtype=np.uint8)
        self.occurrence: I8 = np.zeros(n, dtype=np.int64)
        self.since: I8 = np.zeros(n, dtype=np.int64)
        self.suppressed = np.zeros(n, dtype=np.bool_)
        self._unknown_scans: I8 = np.zeros(n, dtype=np.int64)
        self._reported = np.zeros(n, dtype=np.bool_)
        self._last_occurrence = np.zeros(1, dtype=np.int64)

    @property
    def not_available(self) -> Bool:
        """(n,) True where a condition could not be judged for too long."""
        answer: Bool = self._unknown_scans > NOT_AVAILABLE_SCANS
        return answer

    def step(
        self, verdict: Verdict, number: int, source_lost: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> list[Fact]:
        """Move every state by the verdict of scan `number`; the facts are in row order.

        A condition whose source is lost is suppressed by design: it holds, and is listed under the source's own alarm.
        """
        self.suppressed = (self._source >= 0) & source_lost[self._source]
        state, active = self.state_code, verdict.active
        quiet = (state == NORM) | (state == RTNUN)
        raised = active & quiet
        gone = ~active & ~verdict.unknown & ~quiet  # what cannot be judged does not clear
        facts = []
        if raised.any() or gone.any():
            after = np.where(raised, self._next[self._raise, state], state)
            after = np.where(gone, self._next[Trigger.CLEAR, state], after).astype(np.uint8)
            facts = [self._move(i, verdict, number) for i in np.flatnonzero(after != state).tolist()]
        return facts + self._availability(verdict)

    def _move(self, i: int, verdict: Verdict, number: int) -> Fact:
        came = bool(verdict.active[i])
        trigger = (Trigger.RAISE_NO_ACK if self._finding[i] else Trigger.RAISE) if came else Trigger.CLEAR
        row = TABLE[trigger, State(self.state_code[i])]
        if row.opens:
            self._last_occurrence[0] += 1
            self.occurrence[i] = self._last_occurrence[0]
        event = row.event.replace("alarm", "finding") if self._finding[i] else row.event
        self.state_code[i], self.since[i] = row.to, number
        return self._fact(i, event, verdict)

    def _fact(self, i: int, event: str, verdict: Verdict) -> Fact:
        condition = self._conditions[i]
        return Fact(
            kind=event,
            subject=condition.name,
            body={
                "state": State(self.state_code[i]).name,
                "occurrence": int(self.occurrence[i]),
                "kind": condition.kind,
                "about": condition.subject,
                "priority": condition.priority,
                "value": _number(verdict.value[i]),
                "limit": _number(verdict.limit[i]),
                "condition_since": int(verdict.since[i]),
            },
        )

    def _availability(self, verdict: Verdict) -> list[Fact]:
        """Alarms that can no longer be judged, once each; those under a lost source are counted in one fact."""
        self._unknown_scans = np.where(verdict.unknown, self._unknown_scans + 1 + verdict.gap, 0)
        bad = self.not_available & ~self.suppressed & ~self._finding
        gone = np.flatnonzero(bad & ~self._reported).tolist()
        back = np.flatnonzero(self._reported & ~verdict.unknown).tolist()
        self._reported[gone], self._reported[back] = True, False
        facts = [Fact(kind="alarm_not_available", subject=self._conditions[i].name) for i in gone]
        return facts + [Fact(kind="alarm_available", subject=self._conditions[i].name) for i in back]

    def acknowledge(self, name: str, occurrence: int, number: int) -> str:
        """Acknowledge one occurrence of a condition; returns an empty text, or why not."""
        i = self.row.get(name)
        if i is None:
            return f"there is no condition {name}"
        if self.occurrence[i] != occurrence:
            return f"occurrence {occurrence} of {name} is over; the present one is {int(self.occurrence[i])}"
        row = TABLE.get((Trigger.ACK, State(self.state_code[i])))
        if row is None:
            return f"{name} is {State(self.state_code[i]).name}: nothing to acknowledge"
        self.state_code[i], self.since[i] = row.to, number
        return ""

    def state_name(self, name: str) -> str:
        """The state of one condition in words."""
        return State(self.state_code[self.row[name]]).name

    def names_by_state(self) -> dict[str, tuple[str, int]]:
        """Every condition that is not normal: state's name and occurrence."""
        return {
            self._conditions[i].name: (State(self.state_code[i]).name, int(self.occurrence[i]))
            for i in np.flatnonzero(self.state_code != State.NORM).tolist()
        }

    def adopt(self, states: Mapping[str, tuple[str, int]], number: int) -> list[str]:
        """Take over states by name; the names that this plant does not have are returned."""
        unknown = []
        for name, (state, occurrence) in states.items():
            i = self.row.get(name)
            if i is None:
                unknown.append(name)
                continue
            self.state_code[i], self.occurrence[i], self.since[i] = State[state], occurrence, number
        last = max((occurrence for _, occurrence in states.values()), default=0)
        self._last_occurrence[0] = max(int(self._last_occurrence[0]), last)
        return unknown

    def reserve(self, occurrence: int) -> None:
        """Never give out an occurrence number up to `occurrence` again."""
        self._last_occurrence[0] = max(int(self._last_occurrence[0]), occurrence)

    def state(self) -> Arrays:
        """The whole book by name."""
        return {
            "state": self.state_code,
            "occurrence": self.occurrence,
            "since": self.since,
            "unknown_scans": self._unknown_scans,
            "reported": self._reported,
            "last_occurrence": self._last_occurrence,
        }

    def rows(self) -> Rows:
        """By the condition's name; occurrence numbers go on."""
        names = tuple(self.row)
        return {name: ("number",) if name == "last_occurrence" else names for name in self.state()}

    def load(self, arrays: Arrays) -> None:
        """Take over a book that `state` gave."""
        self.state_code, self.occurrence, self.since = arrays["state"], arrays["occurrence"], arrays["since"]
        self._unknown_scans, self._reported = arrays["unknown_scans"], arrays["reported"].astype(np.bool_)
        self._last_occurrence = arrays["last_occurrence"]


def _number(value: np.float64) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
