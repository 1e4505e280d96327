"""The check of all safety functions: what protects now, what was demanded of it, and what it did."""

from dataclasses import dataclass, replace

import numpy as np

from plantsafe.frame import F8, I8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.protection.answer import ABSENT, NO, U1, UNKNOWN, YES
from plantsafe.protection.between import Between
from plantsafe.protection.channel import Bits, Inputs, Sight, bit_rows, read_bits, read_inputs, together
from plantsafe.protection.conditions import KINDS, function_conditions
from plantsafe.protection.demand import (
    BY_HAND,
    NOT_TRIPPED,
    SPURIOUS,
    TEST,
    Happened,
    Memory,
    Standstill,
    at_rest,
    rest_step,
    step,
    step_between,
)
from plantsafe.protection.facts import bypass_facts, function_facts
from plantsafe.protection.readiness import ReadinessCheck
from plantsafe.protection.tables import NO_REPAIR_LIMIT, compile_functions
from plantsafe.protection.vote import (
    DEGRADED,
    HEALTHY,
    NONE,
    NOT_VERIFIABLE,
    NOT_VISIBLE,
    PROTECTED,
    Votes,
    take_votes,
)
from plantsafe.verdict import Arrays, Rows, Verdict

MAX_BLIND_SCANS = 2  # not seen whole for longer than this: not verifiable (as alarms that cannot be judged)


class FunctionCheck:
    """Eight conditions a function. What cannot be judged is unknown and stays as it was; a certain yes raises.

    Most scans show what the scan before showed, but for the distances to the setpoints, while every function is idle or
    settled under a latched trip: those take a short way to the same answer.
    """

    name = "functions"

    def __init__(self, plant: Plant, readiness: ReadinessCheck | None = None) -> None:
        """readiness: judged before this check; an effect that is not ready degrades the functions that use it."""
        self._plant = plant
        self._readiness = readiness
        self._table = table = compile_functions(plant)
        self.conditions = function_conditions(plant)
        n, shape = len(table.names), table.input.shape
        self._last = np.zeros(1, dtype=np.int64)
        self._memory = Memory.fresh(n)
        self._active: Bool = np.zeros((n, len(KINDS)), dtype=np.bool_)
        self._since: I8 = np.zeros((n, len(KINDS)), dtype=np.int64)
        self._blind: I8 = np.zeros(n, dtype=np.int64)
        self._status: U1 = np.full(n, NOT_VERIFIABLE, dtype=np.uint8)
        self._bypassed: Bool = np.zeros(shape, dtype=np.bool_)
        self._bypass_seen_at: I8 = np.zeros(shape, dtype=np.int64)
        self._bypass_scans: I8 = np.zeros(n, dtype=np.int64)
        self._in_service_scans: I8 = np.zeros(n, dtype=np.int64)
        self._unseen_scans: I8 = np.zeros(n, dtype=np.int64)
        self._impaired_at: I8 = np.zeros(n, dtype=np.int64)
        self._not_ready: Bool = np.zeros(n, dtype=np.bool_)
        self._live: Arrays = {}
        self._bit_rows = bit_rows(table)
        self._bits_seen: tuple[bytes, Bits] | None = None
        self._rest: _Rest | None = None
        self._between = Between(plant, table)
        self._settings: U1 = np.zeros((n, 2 * shape[1] + 1), dtype=np.uint8)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge every function, and tell the journal what happened."""
        table, number, last = self._table, frame.number, int(self._last[0])
        elapsed = number - last if last else 1
        self._last = np.array([number], dtype=np.int64)
        bits, inputs = self._read_bits(frame), read_inputs(table, frame)
        rest = self._rest
        not_ready = self._not_ready if self._readiness is None else self._readiness.not_ready
        calm = rest is not None and elapsed == 1 and number < rest.until and not_ready is self._not_ready
        self._not_ready = not_ready
        if rest is not None and calm and rest.shows(bits, inputs) and self._between.at_rest(frame):
            self._stay(rest, inputs, verdict, block, number, last)
            return
        sight = together(table, bits, inputs)
        votes = take_votes(sight.state, sight.beyond, table.vote, table.on_fault, table.on_bypass)
        before, was_active = self._memory, self._active
        unbroken = np.full(len(table.names), number - last == 1)
        meanwhile = self._look_between(frame, bits, verdict, unbroken)
        trips = self._between.trips(frame, sight.tripped)
        sight = replace(sight, tripped=trips.tripped)
        self._memory, happened = step(
            self._memory,
            table,
            number=number,
            last=last,
            vote=votes.result,
            needed=sight.needed,
            safe=sight.safe,
            tripped=sight.tripped,
            unbroken=unbroken,
            off_at=trips.off_at,
            rose_at=trips.rose_at,
            excuse=np.where(sight.by_hand, BY_HAND, np.where(sight.tested, TEST, NOT_TRIPPED)).astype(np.uint8),
        )
        unseen = (sight.state == NOT_VISIBLE).any(axis=1)
        blind = unseen | (sight.tripped == UNKNOWN) | (sight.element_safe == UNKNOWN).any(axis=1)
        self._blind = np.where(blind, self._blind + elapsed, 0)
        self._status = self._protection(votes, blind)
        impaired = (self._status == DEGRADED) | (self._status == NONE)
        held = impaired | ((self._status == NOT_VERIFIABLE) & (self._impaired_at > 0))
        self._impaired_at = np.where(held, np.where(self._impaired_at > 0, self._impaired_at, number), 0)
        margin_eu = self._margin(sight.state == HEALTHY, sight.distance_eu)
        self._write(verdict, block, number, sight, votes, _with(happened, meanwhile), unseen, blind, margin_eu)
        self._count(sight, blind, votes.absent, elapsed)
        fine = self._between.fine
        verdict.facts.extend(function_facts(self._plant, frame, sight, votes, self._memory, happened, fine))
        self._note_bypasses(sight, verdict, number)
        self._live = {
            "status": self._status,
            "channel_state": sight.state,
            "impaired_at": self._impaired_at,
            "functions_not_ready": self._not_ready,
            "effective_m": votes.effective_m,
            "effective_n": votes.effective_n,
            "channel_counts": votes.counts,
            "margin": margin_eu,
            "vote": votes.result,
            "demand": np.where(sight.needed, votes.result, NO).astype(np.uint8),
            "needed": sight.needed,
            "tripped": sight.tripped,
            "elements_safe": sight.element_safe,
            "phase": self._memory.phase,
            "response_lo_s": self._memory.lo_s,
            "response_hi_s": self._memory.hi_s,
            "bypass_scans": self._bypass_scans,
            "in_service_scans": self._in_service_scans,
            "unseen_scans": self._unseen_scans,
        }
        resting = at_rest(before, self._memory) and not (blind.any() or verdict.unknown[block].any())
        resting = resting and np.array_equal(was_active, self._active) and self._between.at_rest(frame)
        self._rest = _Rest.of(bits, inputs, sight, votes, verdict, block, self._rest_until(number)) if resting else None

    def _rest_until(self, number: int) -> int:
        """The next scan in which a repair time is over."""
        over_at = np.where(self._impaired_at > 0, self._impaired_at + self._table.repair_scans + 1, NO_REPAIR_LIMIT)
        return int(over_at[over_at > number].min(initial=NO_REPAIR_LIMIT))

    def _look_between(self, frame: Frame, bits: Bits, verdict: Verdict, unbroken: Bool) -> list[Happened]:
        """Step through the reads of fast groups since the scan before; what happened in each.

        unbroken (n_functions): whether nothing was missed since the last look at the safe state; kept up to date.
        """
        if not self._between.any:
            return []
        settings = np.concatenate([bits.bypass, bits.fault, np.where(bits.needed, YES, NO)[:, None]], axis=1)
        changed: Bool = (settings != self._settings).any(axis=1)
        self._settings = settings
        meanwhile: list[Happened] = []
        for glance in self._between.glances(frame, changed):
            self._memory, happened = step_between(
                self._memory,
                self._table,
                begun=glance.begun,
                ended=glance.ended,
                vote=glance.vote,
                needed=bits.needed,
                safe=glance.safe,
                unbroken=unbroken,
            )
            unbroken |= glance.safe != ABSENT
            meanwhile.append(happened)
            if any(edge.any() for edge in (happened.started, happened.lost, happened.reached, happened.failed)):
                seen = (glance.sight, glance.votes, self._memory, happened, self._between.fine)
                verdict.facts.extend(function_facts(self._plant, glance.frame, *seen))
        return meanwhile

    def _read_bits(self, frame: Frame) -> Bits:
        rows = self._bit_rows
        seen = frame.value[rows].tobytes() + frame.status[rows].tobytes()
        if self._bits_seen is None or self._bits_seen[0] != seen:
            self._bits_seen = seen, read_bits(self._table, frame)
        return self._bits_seen[1]

    def _stay(self, rest: "_Rest", inputs: Inputs, verdict: Verdict, block: slice, number: int, last: int) -> None:
        """A scan at rest that shows the same again: distances and scan numbers move, nothing else."""
        memory = self._memory = rest_step(self._memory, rest.still, number=number, last=last)
        margin_eu = self._margin(rest.healthy, inputs.distance_eu)
        rest.value[:, KINDS.index("demand")] = self._table.setpoint - self._table.sign * margin_eu
        verdict.active[block], verdict.since[block] = self._active.ravel(), self._since.ravel()
        verdict.value[block], verdict.limit[block] = rest.value.ravel(), rest.limit
        self._bypass_scans = self._bypass_scans + rest.bypassed
        self._in_service_scans = self._in_service_scans + rest.in_service
        self._bypass_seen_at = np.full_like(self._bypass_seen_at, number)
        self._live = self._live | {
            "margin": margin_eu,
            "response_lo_s": memory.lo_s,
            "response_hi_s": memory.hi_s,
            "bypass_scans": self._bypass_scans,
            "in_service_scans": self._in_service_scans,
        }

    def _protection(self, votes: Votes, blind: Bool) -> U1:
        """Certainly nothing goes first; a short blindness keeps what was seen last."""
        seen = np.where(votes.whole & ~self._not_ready, PROTECTED, DEGRADED)
        status = np.where(blind, self._status, seen)
        status = np.where(self._blind > MAX_BLIND_SCANS, NOT_VERIFIABLE, status)
        return np.where(votes.absent, NONE, status).astype(np.uint8)

    @staticmethod
    def _margin(healthy: Bool, distance_eu: F8) -> F8:
        """Distance of the nearest healthy channel to the setpoint (n_functions), NaN with no such channel."""
        nearest = np.where(healthy & ~np.isnan(distance_eu), distance_eu, np.inf).min(axis=1)
        return np.where(np.isinf(nearest), np.nan, nearest)

    def _write(
        self,
        verdict: Verdict,
        block: slice,
        number: int,
        sight: Sight,
        votes: Votes,
        happened: Happened,
        unseen: Bool,
        blind: Bool,
        margin_eu: F8,
    ) -> None:
        """Three answers a condition: certainly so, certainly not, or unknown, which stays as it was."""
        table, before = self._table, self._active
        shape = before.shape
        column: dict[str, int] = {kind: i for i, kind in enumerate(KINDS)}
        yes, no = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)

        def say(kind: str, so: Bool, not_so: Bool) -> None:
            yes[:, column[kind]], no[:, column[kind]] = so, not_so

        at_setpoint = (votes.result == UNKNOWN) & ~unseen & before[:, column["demand"]]
        say(
            "demand",
            (sight.needed & ((votes.result == YES) | at_setpoint)) | happened.started,
            ~sight.needed | (votes.result == NO) | (~unseen & ~at_setpoint),
        )
        say("tripped", sight.tripped == YES, sight.tripped == NO)
        say("failure_on_demand", happened.failing, ~happened.doubtful)
        spurious = happened.cause == SPURIOUS
        say("spurious_trip", spurious, sight.tripped != UNKNOWN)
        say("degraded", ~blind & (self._status == DEGRADED), ~blind)
        say("none", votes.absent, ~blind)
        over = (self._impaired_at > 0) & (number - self._impaired_at > table.repair_scans)
        say("repair_over", over, ~over)
        say("bypass", (sight.bypass == YES).any(axis=1), (sight.bypass != UNKNOWN).all(axis=1))

        unknown = ~yes & ((self._blind > MAX_BLIND_SCANS)[:, None] | ~no)
        self._active = yes | (unknown & before)
        self._since = np.where(self._active & ~before, number, np.where(self._active, self._since, 0))
        value, limit = np.full(shape, np.nan), np.full(shape, np.nan)
        value[:, column["demand"]] = table.setpoint - table.sign * margin_eu
        limit[:, column["demand"]] = table.setpoint
        value[:, column["failure_on_demand"]] = happened.waited_s
        limit[:, column["failure_on_demand"]] = table.response_s
        limited = table.repair_scans < NO_REPAIR_LIMIT
        limit[:, column["repair_over"]] = np.where(limited, table.repair_scans * table.period_s / 3600.0, np.nan)
        verdict.active[block] = self._active.ravel()
        verdict.unknown[block] = unknown.ravel()
        verdict.since[block] = self._since.ravel()
        verdict.value[block] = value.ravel()
        verdict.limit[block] = limit.ravel()

    def _count(self, sight: Sight, blind: Bool, absent: Bool, elapsed: int) -> None:
        """Scans bypassed, in service, and unseen; lost scans are unseen. Absent by faults alone is none of them."""
        bypassed = (sight.bypass == YES).any(axis=1)
        self._bypass_scans = self._bypass_scans + bypassed
        self._in_service_scans = self._in_service_scans + (~bypassed & ~blind & ~absent)
        self._unseen_scans = self._unseen_scans + (~bypassed & blind) + (elapsed - 1)

    def _note_bypasses(self, sight: Sight, verdict: Verdict, number: int) -> None:
        on, off = sight.bypass == YES, sight.bypass == NO
        turned_on, turned_off = on & ~self._bypassed, off & self._bypassed
        if turned_on.any() or turned_off.any():
            verdict.facts.extend(bypass_facts(self._plant, number, turned_on, turned_off, self._bypass_seen_at))
        self._bypassed = (self._bypassed | on) & ~off
        self._bypass_seen_at = np.where(on | off, number, self._bypass_seen_at)

    def state(self) -> Arrays:
        """Everything that the next scan needs of the scans before."""
        own: Arrays = {
            "last": self._last,
            "active": self._active,
            "since": self._since,
            "blind": self._blind,
            "status": self._status,
            "bypassed": self._bypassed,
            "bypass_seen_at": self._bypass_seen_at,
            "bypass_scans": self._bypass_scans,
            "in_service_scans": self._in_service_scans,
            "unseen_scans": self._unseen_scans,
            "impaired_at": self._impaired_at,
            "settings": self._settings,
        }
        return own | {f"memory.{name}": array for name, array in self._memory.arrays().items()}

    def rows(self) -> Rows:
        """By the function's name; a function with another number of channels starts anew where that matters."""
        return {name: ("scan",) if name == "last" else self._table.names for name in self.state()}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._last, self._blind, self._status = arrays["last"], arrays["blind"], arrays["status"]
        self._active, self._since = arrays["active"].astype(np.bool_), arrays["since"]
        self._bypassed = arrays["bypassed"].astype(np.bool_)
        self._bypass_seen_at = arrays["bypass_seen_at"]
        self._bypass_scans, self._in_service_scans = arrays["bypass_scans"], arrays["in_service_scans"]
        self._unseen_scans = arrays["unseen_scans"]
        self._impaired_at = arrays["impaired_at"]
        self._settings = arrays.get("settings", self._settings)
        prefix = "memory."
        self._memory = Memory.of({k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)})
        self._rest = None

    def live(self) -> Arrays:
        """By function: Protection, Answers, Phase, margin in the point's unit, the last response, hours in scans.

        impaired_at: the scan since when it is degraded or none, 0 for not. functions_not_ready: an effect of it lacks
        something. effective_m, effective_n, channel_counts: the architecture as it is now, see Votes.
        """
        return self._live


def _with(happened: Happened, meanwhile: list[Happened]) -> Happened:
    """What the scan brought, and what happened before it since the last one."""
    if not meanwhile:
        return happened
    parts = (happened, *meanwhile)
    return replace(
        happened,
        started=np.any([part.started for part in parts], axis=0),
        failing=happened.failing | np.any([part.failed for part in meanwhile], axis=0),
    )


@dataclass(frozen=True, slots=True)
class _Rest:
    """A scan in which every function was at rest and seen whole, to be compared with the next one."""

    bits: Bits
    beyond: bytes
    judged: bytes
    healthy: Bool
    still: Standstill
    bypassed: Bool
    in_service: Bool
    value: F8  # (n_functions, n_kinds)
    limit: F8  # of the block
    until: int  # the first scan that must not be taken as this one

    @classmethod
    def of(
        cls, bits: Bits, inputs: Inputs, sight: Sight, votes: Votes, verdict: Verdict, block: slice, until: int
    ) -> "_Rest":
        """From what the whole way came to."""
        bypassed: Bool = (sight.bypass == YES).any(axis=1)
        return cls(
            bits=bits,
            beyond=inputs.beyond.tobytes(),
            judged=inputs.judged.tobytes(),
            healthy=sight.state == HEALTHY,
            still=Standstill.of(vote=votes.result, needed=sight.needed, safe=sight.safe, tripped=sight.tripped),
            bypassed=bypassed,
            in_service=~bypassed & ~votes.absent,
            value=verdict.value[block].reshape(-1, len(KINDS)).copy(),
            limit=verdict.limit[block].copy(),
            until=until,
        )

    def shows(self, bits: Bits, inputs: Inputs) -> bool:
        """Whether the next scan shows the same, but for the distances."""
        return bits is self.bits and inputs.beyond.tobytes() == self.beyond and inputs.judged.tobytes() == self.judged
