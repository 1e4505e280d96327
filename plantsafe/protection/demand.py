"""From demand to trip to safe state: what each safety function was asked for, what it did, and within what time.

A function is IDLE until its vote is certainly true in its hazardous mode: a demand. Where the vote cannot be told, as
with an input that stands at its setpoint, the safety system's own trip says so. It is then WAITING for the final
elements to reach their safe state. Reached: SETTLED until the demand ends and the trip is released; a vote that
flickers at the setpoint under a latched trip is one demand. Not reached when even the shortest time that agrees with
the scans is longer than the required response: FAILED on demand, until the demand ends or the safe state is reached
late. A demand that ends before its function acted is still owed an answer. An element vote that is
lost again under a standing demand is a new wait.

Moments are known as intervals, (last look before, first look at or after]; lost scans and doubtful data only widen
them. They are counted in scans: a whole number is a scan, the fractions between are reads of a fast group, which begin
not before and end not after their moments. 0 means never. The response runs from the true crossing of the setpoint, so
the declared sensor lag is added to what is seen.
"""

from dataclasses import dataclass, fields, replace
from enum import IntEnum

import numpy as np

from plantsafe.frame import F8, Bool
from plantsafe.protection.answer import ABSENT, NO, U1, UNKNOWN, YES
from plantsafe.protection.tables import FunctionTable
from plantsafe.verdict import Arrays

TIME_TOLERANCE_S = 1e-6  # far below a scan: room for the sums of decimal fractions


class Phase(IntEnum):
    """Where a function stands with its demand."""

    IDLE = 0
    WAITING = 1
    SETTLED = 2
    FAILED = 3


class TripCause(IntEnum):
    """Why the safety system's output tripped, as far as the scans around it tell."""

    NOT_TRIPPED = 0
    PENDING = 1  # one scan more is awaited: inputs and output are not read at the same instant
    DEMAND = 2
    SPURIOUS = 3
    NOT_RESOLVED = 4
    TEST = 5
    BY_HAND = 6


IDLE, WAITING, SETTLED, FAILED = (np.uint8(code) for code in Phase)
NOT_TRIPPED, PENDING, DEMAND, SPURIOUS, NOT_RESOLVED, TEST, BY_HAND = (np.uint8(code) for code in TripCause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One row a function; `*_at`, `*_before` are moments in scans.

    no_demand_at: last look with certainly no demand. demand_before, demand_at: the interval of the demand's start.
    unsafe_at: last look with certainly no safe state. safe_at: first look of the present unbroken run of looks with a
    safe state, 0 in none; safe_seen_at: last look with it. untripped_at, tripped_at: the same for the output.
    quiet_at: last scan with certainly no vote. lo_s, hi_s: the last response. excuse: TEST or BY_HAND where the last
    scan showed a test or a trip by hand, else NOT_TRIPPED.
    """

    phase: U1
    no_demand_at: F8
    demand_before: F8
    demand_at: F8
    unsafe_at: F8
    safe_at: F8
    safe_seen_at: F8
    untripped_at: F8
    tripped_at: F8
    cause: U1
    excuse: U1
    quiet_at: F8
    lo_s: F8
    hi_s: F8

    @classmethod
    def fresh(cls, n: int) -> "Memory":
        """Nothing seen yet."""
        codes, scans, times = np.zeros(n, np.uint8), np.zeros(n), np.full(n, np.nan)
        whole = {"phase": codes, "cause": codes, "excuse": codes, "lo_s": times, "hi_s": times}
        return cls(**{field.name: whole.get(field.name, scans) for field in fields(cls)})

    def arrays(self) -> Arrays:
        """By name, for a snapshot."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, arrays: Arrays) -> "Memory":
        """What `arrays` gave; moments may be whole numbers, as they were before there were fast groups."""
        own: Arrays = {f.name: arrays[f.name] for f in fields(cls)}
        moments: Arrays = {n: a.astype(np.float64) for n, a in own.items() if n not in ("phase", "cause", "excuse")}
        return cls(**(own | moments))


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What the frame brought, one row a function.

    failing: on demand and certainly too late, in this scan or since. doubtful: the required response is over and the
    safe state cannot be seen. reached: the safe state was reached under a demand, within (lo_s, hi_s] of memory.
    lost: it was left again. waited_s: the shortest time the demand can have lasted, NaN when none is open.
    tripped: the output rose. judged: the cause of a rise is now told; cause: TripCause, also where the output has
    fallen again meanwhile.
    """

    started: Bool
    reached: Bool
    failed: Bool
    lost: Bool
    failing: Bool
    doubtful: Bool
    waited_s: F8
    tripped: Bool
    judged: Bool
    cause: U1


@dataclass(frozen=True, slots=True)
class _Answered:
    """How far the machine came with one look, before the output is judged."""

    memory: Memory
    started: Bool
    reached: Bool
    failed: Bool
    lost: Bool
    failing: Bool
    doubtful: Bool
    waited_s: F8


def step(
    memory: Memory,
    table: FunctionTable,
    *,
    number: int,
    last: int,
    vote: U1,
    needed: Bool,
    safe: U1,
    tripped: U1,
    unbroken: Bool | None = None,
    off_at: F8 | None = None,
    rose_at: F8 | None = None,
    excuse: U1 | None = None,
) -> tuple[Memory, Happened]:
    """Take in scan `number`, the one before it being `last` (0: none). vote, safe, tripped: Answers (n_functions).

    unbroken (n_functions): nothing was missed since the look before; without it, no scan was lost. off_at, rose_at
    (n_functions): moments of the output from fast groups, 0 where there is none. excuse (n_functions): TEST or BY_HAND
    where the SIS says that the function is tested or tripped by people.
    """
    safe_yes = safe == YES
    now = np.full(len(safe), NOT_TRIPPED, dtype=np.uint8) if excuse is None else excuse
    vote = _as_tripped(memory, vote, needed, tripped, now)
    answered = _look(
        memory, table, begun=number, ended=number, vote=vote, needed=needed, safe=safe,
        unbroken=np.full(len(safe), number - last == 1) if unbroken is None else unbroken,
    )  # fmt: skip
    after = answered.memory.phase
    latched = (after == SETTLED) & (tripped == YES) & safe_yes
    none = (vote == NO) | ~needed
    after = np.where(none & (after != WAITING) & ~latched, IDLE, after)

    cause, rose, judged = _trip(memory, number, last, vote, tripped, after != IDLE, now)
    off = tripped == NO
    untripped_at = np.where(off, float(number), memory.untripped_at)
    tripped_at = np.where(rose, float(number), memory.tripped_at)
    if off_at is not None and rose_at is not None:
        untripped_at = np.where(~off & (off_at > 0), off_at, untripped_at)
        tripped_at = np.where(rose & (rose_at > 0), rose_at, tripped_at)
    return (
        replace(
            answered.memory,
            phase=after.astype(np.uint8),
            untripped_at=untripped_at,
            tripped_at=tripped_at,
            cause=np.where(off, NOT_TRIPPED, cause),
            excuse=now,
            quiet_at=np.where(vote == NO, float(number), memory.quiet_at),
        ),
        _happened(answered, tripped=rose, judged=judged, cause=cause),
    )


def step_between(
    memory: Memory,
    table: FunctionTable,
    *,
    begun: float,
    ended: float,
    vote: U1,
    needed: Bool,
    safe: U1,
    unbroken: Bool,
) -> tuple[Memory, Happened]:
    """Take in a read between two scans; ABSENT in vote and safe is not looked at. Nothing ends here, and no output is
    judged: the next scan does that."""
    answered = _look(
        memory, table, begun=begun, ended=ended, vote=vote, needed=needed, safe=safe, unbroken=unbroken
    )  # fmt: skip
    no = np.zeros(len(vote), dtype=np.bool_)
    return answered.memory, _happened(answered, tripped=no, judged=no, cause=memory.cause)


def _look(
    memory: Memory,
    table: FunctionTable,
    *,
    begun: float,
    ended: float,
    vote: U1,
    needed: Bool,
    safe: U1,
    unbroken: Bool,
) -> _Answered:
    demand = (vote == YES) & needed
    none = (vote == NO) | ((vote != ABSENT) & ~needed)
    safe_yes, safe_no = safe == YES, safe == NO

    phase = memory.phase
    started = (phase == IDLE) & demand
    lost = (phase == SETTLED) & demand & safe_no
    opened = started | lost
    before = np.where(started, memory.no_demand_at, np.where(lost, memory.safe_seen_at, memory.demand_before))
    at = np.where(opened, float(ended), memory.demand_at)
    unsafe_at = np.where(safe_no, float(begun), memory.unsafe_at)
    goes_on = (memory.safe_at > 0) & unbroken
    safe_at = np.where(safe == ABSENT, memory.safe_at, 0.0)
    safe_at = np.where(safe_yes, np.where(goes_on, memory.safe_at, float(ended)), safe_at)

    waiting = opened | (phase == WAITING)
    standing = phase == FAILED
    reached = (waiting | standing) & safe_yes
    lo_s, hi_s = _response(table, before, at, unsafe_at, safe_at)
    waited_s = np.where(waiting | standing, (begun - at) * table.period_s + table.sensor_lag_s, np.nan)
    over = waited_s > table.response_s + TIME_TOLERANCE_S
    failed = waiting & safe_no & over
    failing = failed | (standing & ~reached)
    after = np.where(reached, SETTLED, np.where(failing, FAILED, phase))
    after = np.where(waiting & ~reached & ~failed, WAITING, after)
    return _Answered(
        memory=replace(
            memory,
            phase=after.astype(np.uint8),
            no_demand_at=np.where(none, float(begun), memory.no_demand_at),
            demand_before=before,
            demand_at=at,
            unsafe_at=unsafe_at,
            safe_at=safe_at,
            safe_seen_at=np.where(safe_yes, float(begun), memory.safe_seen_at),
            lo_s=np.where(reached, lo_s, memory.lo_s),
            hi_s=np.where(reached, hi_s, memory.hi_s),
        ),
        started=started,
        reached=reached,
        failed=failed,
        lost=lost,
        failing=failing,
        doubtful=waiting & over & ~safe_yes & ~safe_no,
        waited_s=waited_s,
    )


def _happened(answered: _Answered, *, tripped: Bool, judged: Bool, cause: U1) -> Happened:
    return Happened(
        started=answered.started,
        reached=answered.reached,
        failed=answered.failed,
        lost=answered.lost,
        failing=answered.failing,
        doubtful=answered.doubtful,
        waited_s=answered.waited_s,
        tripped=tripped,
        judged=judged,
        cause=cause,
    )


@dataclass(frozen=True, slots=True)
class Standstill:
    """What a scan showed that may repeat itself, one row a function: no demand, safe or not, output off, no vote."""

    none: Bool
    safe: Bool
    unsafe: Bool
    off: Bool
    quiet: Bool

    @classmethod
    def of(cls, *, vote: U1, needed: Bool, safe: U1, tripped: U1) -> "Standstill":
        """From the answers that `step` took in."""
        quiet: Bool = np.equal(vote, NO)
        return cls(quiet | ~needed, np.equal(safe, YES), np.equal(safe, NO), np.equal(tripped, NO), quiet)


def at_rest(before: Memory, after: Memory) -> bool:
    """Every function idle, or settled under its latched trip, and a scan changed nothing: so will the same again."""
    codes_stay = np.array_equal(before.phase, after.phase) and np.array_equal(before.cause, after.cause)
    phase = after.phase
    return codes_stay and bool(((phase == IDLE) | (phase == SETTLED)).all()) and not (after.cause == PENDING).any()


def rest_step(memory: Memory, still: Standstill, *, number: int, last: int) -> Memory:
    """What `step` comes to while at rest: only moments move."""
    now = float(number)
    goes_on = (memory.safe_at > 0) & (number - last == 1)
    return replace(
        memory,
        no_demand_at=np.where(still.none, now, memory.no_demand_at),
        unsafe_at=np.where(still.unsafe, now, memory.unsafe_at),
        safe_at=np.where(still.safe, np.where(goes_on, memory.safe_at, now), 0.0),
        safe_seen_at=np.where(still.safe, now, memory.safe_seen_at),
        untripped_at=np.where(still.off, now, memory.untripped_at),
        quiet_at=np.where(still.quiet, now, memory.quiet_at),
    )


def _response(table: FunctionTable, before: F8, at: F8, unsafe_at: F8, safe_at: F8) -> tuple[F8, F8]:
    """Seconds from the true crossing to the safe state; a safe state older than the demand answers in no time."""
    period_s, lag_s = table.period_s, table.sensor_lag_s
    lo_s = np.maximum(unsafe_at - at, 0) * period_s + lag_s
    hi_s = np.where(before > 0, (safe_at - before) * period_s + lag_s, np.inf)
    already = (before > 0) & (safe_at > 0) & (safe_at <= before)
    return np.where(already, 0.0, lo_s), np.where(already, 0.0, hi_s)


def _as_tripped(memory: Memory, vote: U1, needed: Bool, tripped: U1, excuse: U1) -> U1:
    """The votes, and YES for one that cannot be told in the scan that shows the output's rise: the safety system saw
    it. Else nobody would wait for the safe state of a function that tripped with its inputs at the setpoint."""
    rose = (tripped == YES) & (memory.cause == NOT_TRIPPED) & (memory.untripped_at > 0)
    excused = (excuse != NOT_TRIPPED) | (memory.excuse != NOT_TRIPPED)
    return np.where((vote == UNKNOWN) & rose & needed & ~excused, YES, vote).astype(np.uint8)


def _trip(
    memory: Memory, number: int, last: int, vote: U1, tripped: U1, on_demand: Bool, excuse: U1
) -> tuple[U1, Bool, Bool]:
    """The cause of the output's state, whether it rose, and whether the cause of a rise is told in this scan.

    Spurious only if the vote was certainly false in the scan before, in the scan of the rise and in the one after, and
    none was lost. A demand in hand, or a vote in any of the three, explains the trip, and so does a test or a trip by
    hand; else it is not resolved.
    """
    rose = (tripped == YES) & (memory.cause == NOT_TRIPPED)
    demanded = on_demand | (vote == YES)
    excuse = np.where(excuse != NOT_TRIPPED, excuse, memory.excuse)
    explained = demanded | (excuse != NOT_TRIPPED)
    why = np.where(demanded, DEMAND, excuse)
    unbroken = (number - last == 1) and last > 0
    quiet = (memory.quiet_at == last) & (vote == NO) & unbroken
    at_rise = np.where(quiet & (memory.untripped_at == last), PENDING, NOT_RESOLVED)
    at_rise = np.where(explained, why, at_rise)
    awaited = memory.cause == PENDING
    next_scan = np.where(quiet, SPURIOUS, NOT_RESOLVED)
    next_scan = np.where(explained, why, next_scan)
    cause = np.where(rose, at_rise, np.where(awaited, next_scan, memory.cause))
    judged = awaited | (rose & (at_rise != PENDING))
    cause = np.where((tripped == NO) & ~awaited, NOT_TRIPPED, cause)
    return cause.astype(np.uint8), rose, judged
