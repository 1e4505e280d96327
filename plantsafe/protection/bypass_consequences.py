"""One bypass, one alarm: what follows from the same bypass bit is hidden under the alarm that tells of the bit.

A bit that is on has an alarm of its own while nobody has approved it, or while it is over its time; an approved one is
told by the first function that uses it. Of every function that uses the bit, `bypass`, `degraded` (as long as no
channel is faulted or unseen and every effect is ready) and `worse_than_required` (if it came with the bypass, not
before) are its consequences: they are judged and recorded as ever, and suppressed by design. The same two bits bypassed
in several functions are one `second_bypass`. What leaves no protection, a demand, a failure, a repair time that is over
and the limits of a unit are never hidden; nor is anything under an alarm that people shelved or put out of service.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import Bool
from plantsafe.plant import Plant
from plantsafe.protection.bypass import BypassCheck, bypass_bits
from plantsafe.protection.check import FunctionCheck
from plantsafe.protection.vote import BYPASSED, HEALTHY, NO_CHANNEL
from plantsafe.verdict import Arrays, Condition, Verdict

KINDS = ("bypass", "degraded", "worse_than_required", "second_bypass")
OWN_ALARMS = ("unauthorised", "over_time")  # of a bit, the most urgent first
Index = NDArray[np.intp]


class BypassConsequences:
    """names (k,): of the conditions that may be hidden, by function with bypass bits in the order of KINDS."""

    def __init__(
        self, plant: Plant, conditions: Sequence[Condition], bypasses: BypassCheck, functions: FunctionCheck
    ) -> None:
        self._bypasses, self._functions = bypasses, functions
        row = {condition.name: i for i, condition in enumerate(conditions)}
        self._condition = [condition.name for condition in conditions]
        place = {name: b for b, name in enumerate(bypass_bits(plant))}
        self._own = [[row[f"{bit}.{kind}"] for kind in OWN_ALARMS] for bit in place]
        self._uses = {
            k: [place[c.bypass] for c in function.inputs if c.bypass is not None]
            for k, function in enumerate(plant.file.functions)
            if any(c.bypass is not None for c in function.inputs)
        }
        named = [plant.file.functions[k].name for k in self._uses]
        self.names = tuple(f"{name}.{kind}" for name in named for kind in KINDS)
        self._row: Index = np.array([row[name] for name in self.names], dtype=np.intp)
        watched = [*self._row.tolist(), *(one for own in self._own for one in own)]
        self._watched: Index = np.array(watched, dtype=np.intp)
        self._none: Bool = np.zeros(len(self.names), dtype=np.bool_)
        self._nothing: Index = np.full(len(self.names), -1, dtype=np.intp)
        self._cause = self._nothing
        self._seen: tuple[bytes, ...] = ()

    def now(self, verdict: Verdict, hidden_by_people: Callable[[], Bool]) -> Bool:
        """(k,) True where a condition that holds is told by another one; hidden_by_people: (n_conditions) if asked."""
        on_at = self._bypasses.book.on_at
        if not on_at.any():
            self._cause, self._seen = self._nothing, ()
            return self._none
        live, hidden = self._functions.live(), hidden_by_people()
        state, not_ready = live["channel_state"], live["functions_not_ready"]
        parts = (on_at, verdict.active[self._watched], hidden[self._watched], state, not_ready)
        seen = tuple(part.tobytes() for part in parts)
        if seen != self._seen:
            self._seen = seen
            whole = (state == HEALTHY) | (state == NO_CHANNEL) | (state == BYPASSED)
            by_bypass_alone = whole.all(axis=1) & ~not_ready
            self._cause = self._causes(verdict, verdict.active & ~hidden, by_bypass_alone)
        answer: Bool = self._cause >= 0
        return answer

    def _causes(self, verdict: Verdict, shown: Bool, by_bypass_alone: Bool) -> Index:
        """(k,) the row of the condition that tells of each hidden one, -1 for none."""
        on_at = self._bypasses.book.on_at
        own = [next((one for one in rows if shown[one]), -1) if on_at[b] else -1 for b, rows in enumerate(self._own)]
        cause = np.full(len(self.names), -1, dtype=np.intp)
        told: list[tuple[set[int], int]] = []  # bits that the alarm of a function tells of
        twice: dict[tuple[int, ...], int] = {}
        for j, (k, bits) in enumerate(self._uses.items()):
            on = [b for b in bits if on_at[b]]
            if not on:
                continue
            mine = {kind: j * len(KINDS) + i for i, kind in enumerate(KINDS)}
            lead = min((own[b] for b in on if own[b] >= 0), key=lambda one: self._rank(one), default=-1)
            if lead < 0:
                lead = next((row for tells, row in told if tells & {*on}), -1)
            itself = int(self._row[mine["bypass"]])
            if lead < 0 and shown[itself]:
                told.append(({*on}, itself))
                lead = itself
            if lead < 0:
                continue
            came_with_it = int(verdict.since[self._row[mine["worse_than_required"]]]) >= min(int(on_at[b]) for b in on)
            follows = {
                "bypass": lead != itself,
                "degraded": bool(by_bypass_alone[k]),
                "worse_than_required": bool(by_bypass_alone[k]) and came_with_it,
                "second_bypass": False,
            }
            for kind, so in follows.items():
                if so and verdict.active[self._row[mine[kind]]]:
                    cause[mine[kind]] = lead
            second = int(self._row[mine["second_bypass"]])
            first = twice.setdefault(tuple(sorted(on)), second) if shown[second] else second
            if first != second:
                cause[mine["second_bypass"]] = first
        return cause

    def _rank(self, row: int) -> tuple[int, int]:
        return (0 if self._condition[row].endswith(OWN_ALARMS[0]) else 1, row)

    def why(self, k: int) -> Mapping[str, Any]:
        """Under which condition the k-th one is hidden, for the journal."""
        return {"rule": "consequence of a bypass", "cause": self._condition[self._cause[k]]}

    def live(self) -> Arrays:
        """row, cause: the conditions that are hidden now and those that tell of them, by their rows."""
        hidden = np.flatnonzero(self._cause >= 0) if self._seen else np.zeros(0, dtype=np.intp)
        return {"consequences.row": self._row[hidden], "consequences.cause": self._cause[hidden]}
