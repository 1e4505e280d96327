"""What fast groups show of the safety functions between two scans: the moments of demand, trip and safe state.

Only functions whose file says `events: fast_group` are stamped this way; their inputs, their output bit and their
feedbacks are each in one group. What is not in the group that was read is not looked at; bypasses, faults and modes are
those of the scan, and where one of them changed since the scan before, votes are not looked at either: then the demand
is known by the scan alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from plantsafe.frame import BAD_NO_DATA, F8, Bool, Frame, is_bad, is_good
from plantsafe.plant import Plant
from plantsafe.protection.answer import ABSENT, U1, YES
from plantsafe.protection.channel import Sight, look
from plantsafe.protection.tables import FunctionTable, Index
from plantsafe.protection.vote import Votes, take_votes


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One read of a fast group. begun, ended: its moments in scans. vote, safe: ABSENT where it does not cover them."""

    begun: float
    ended: float
    frame: Frame
    sight: Sight
    votes: Votes
    vote: U1
    safe: U1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trips:
    """The outputs since the scan before. tripped: Answer, YES also for one that is off again.

    off_at: moment of the last read that certainly showed it off before it rose; rose_at: of the first that showed it
    on; 0 where no read did.
    """

    tripped: U1
    off_at: F8
    rose_at: F8


class Between:
    """The fast side of the functions of a plant."""

    def __init__(self, plant: Plant, table: FunctionTable) -> None:
        self._period_ns = plant.period_ns
        self._table = table
        fast = plant.fast
        group = dict(zip(fast.point.tolist(), fast.group.tolist(), strict=True))
        stamped = np.array([f.events == "fast_group" for f in plant.file.functions], dtype=np.bool_)
        self._vote = np.where(stamped, _one_group(table.input, group), -1)
        self._safe = np.where(stamped, _one_group(table.feedback, group), -1)
        trip = np.where(stamped, _one_group(table.tripped[:, None], group), -1)
        self.fine: Bool = (self._vote >= 0) | (self._safe >= 0) | (trip >= 0)
        self.any = bool(self.fine.any())
        place = {row: i for i, row in enumerate(fast.point.tolist())}
        self._trips: Index = np.flatnonzero(trip >= 0)
        self._trip_place = np.array([place[row] for row in table.tripped[self._trips].tolist()], dtype=np.intp)
        bits = np.concatenate([table.feedback[self._safe >= 0].ravel(), table.tripped[self._trips]])
        self._bits: Index = np.array(sorted({place[row] for row in bits.tolist() if row >= 0}), dtype=np.intp)
        inputs = np.argwhere((self._vote >= 0)[:, None] & table.present)
        self._inputs = np.array([place[int(table.input[i, j])] for i, j in inputs], dtype=np.intp)
        self._sign = table.sign[inputs[:, 0]][:, None]
        self._setpoint = table.setpoint[inputs[:, 0]][:, None]
        self._half_step = 0.5 * table.resolution[inputs[:, 0], inputs[:, 1]][:, None]

    def at_rest(self, frame: Frame) -> bool:
        """No read shows a bit other than the scan does, nor an input near its setpoint."""
        fast = frame.fast
        if not self.any or not fast.point.size:
            return True
        value, status = fast.value[self._bits], fast.status[self._bits]
        there = status != BAD_NO_DATA
        if (there & ((value != frame.value[fast.point[self._bits]][:, None]) | (status != 0))).any():
            return False
        value, status = fast.value[self._inputs], fast.status[self._inputs]
        near = (status != 0) | (self._sign * (value - self._setpoint) >= -self._half_step)
        return not ((status != BAD_NO_DATA) & near).any()

    def glances(self, frame: Frame, changed: Bool) -> Iterator[Glance]:
        """Every read since the scan before that ended before this scan, in their order; changed: (n_functions)."""
        fast, table = frame.fast, self._table
        if not self.any or not fast.point.size:
            return
        there = np.zeros(fast.begun_ns.shape, dtype=np.bool_)
        np.logical_or.at(there, fast.group, fast.status != BAD_NO_DATA)
        reads = np.argwhere(there & (fast.ended_ns <= 0))
        order = np.lexsort((reads[:, 0], fast.begun_ns[reads[:, 0], reads[:, 1]]))
        for group, column in reads[order].tolist():
            rows = fast.group == group
            value, status = frame.value.copy(), frame.status.copy()
            value[fast.point[rows]], status[fast.point[rows]] = fast.value[rows, column], fast.status[rows, column]
            shown = replace(frame, value=value, status=status)
            sight = look(table, shown)
            votes = take_votes(sight.state, sight.beyond, table.vote, table.on_fault, table.on_bypass)
            yield Glance(
                begun=frame.number + float(fast.begun_ns[group, column]) / self._period_ns,
                ended=frame.number + float(fast.ended_ns[group, column]) / self._period_ns,
                frame=shown,
                sight=sight,
                votes=votes,
                vote=np.where((self._vote == group) & ~changed, votes.result, ABSENT),
                safe=np.where(self._safe == group, sight.safe, ABSENT),
            )

    def trips(self, frame: Frame, tripped: U1) -> Trips:
        """tripped (n_functions): what the scan itself shows of the outputs."""
        off_at, rose_at = np.zeros((2, len(tripped)))
        fast = frame.fast
        if not self.any or not fast.point.size:
            return Trips(tripped=tripped, off_at=off_at, rose_at=rose_at)
        value, status = fast.value[self._trip_place], fast.status[self._trip_place]
        begun = frame.number + fast.begun_ns[fast.group[self._trip_place]] / self._period_ns
        ended = frame.number + fast.ended_ns[fast.group[self._trip_place]] / self._period_ns
        in_time = ended <= frame.number
        on = in_time & ~is_bad(status) & (value > 0.5)
        off = in_time & is_good(status) & (value <= 0.5) & (np.cumsum(on, axis=1) == 0)
        rows = self._trips
        off_at[rows] = np.where(off, begun, 0.0).max(axis=1, initial=0.0)
        first = np.where(on, ended, np.inf).min(axis=1, initial=np.inf)
        rose_at[rows] = np.where(np.isfinite(first), first, 0.0)
        held = tripped.copy()
        held[rows] = np.where(on.any(axis=1), YES, tripped[rows])
        return Trips(tripped=held, off_at=off_at, rose_at=rose_at)


def _one_group(rows: Index, group: dict[int, int]) -> Index:
    """(n) The fast group that has all points of each line of `rows` (n, m), -1 where there is no such group."""
    found = []
    for line in rows.tolist():
        groups = {group.get(row, -1) for row in line if row >= 0}
        found.append(groups.pop() if len(groups) == 1 else -1)
    return np.array(found, dtype=np.intp)
