"""What each safety function is worth: now, by its architecture and the age of its tests, and over twelve months.

The two figures are never merged. NOW is PFD(t) of what the vote has come to; beside it stands the PFDavg that this
architecture would have, which is what can be compared with 1/RRF. PERIOD is the mean of that PFDavg over the hours of
service; hours that could not be judged are in no mean, and a function with too many of them does not meet anything.
"""

from typing import Any

import numpy as np

from plantsafe.clock import NS_PER_S
from plantsafe.frame import F8, I8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.reliability import SUBSYSTEMS
from plantsafe.plant.tables import Index
from plantsafe.protection.answer import NO, U1, YES
from plantsafe.protection.check import FunctionCheck
from plantsafe.protection.ledger import Ledger
from plantsafe.protection.period import Line, Period, Standing, period_pfd, standing
from plantsafe.protection.pfd_conditions import KINDS, TEST_DUE_DAYS, pfd_conditions
from plantsafe.protection.proof_tests import Answered, ProofTests
from plantsafe.protection.reliability import compile_reliability, worth
from plantsafe.protection.vote import BYPASSED, DEGRADED, NONE, NOT_VERIFIABLE, NOT_VISIBLE
from plantsafe.request import Request
from plantsafe.verdict import Arrays, Fact, Rows, Verdict

TURN_SCANS = 60  # each function's figures are computed anew at least every so many scans: tests age (site default)
TOLD_CHANGE = 0.01  # of the PFDavg: a smaller change is not a row of the journal (site default)
S_PER_H = 3600.0


class PfdCheck:
    """Four conditions a function, figures for pages, and the memory of proof tests.

    Reads what the check of the functions has just seen; figures are computed for functions whose architecture changed,
    and for a sixtieth of the others in each scan.
    """

    name = "pfd"

    def __init__(self, plant: Plant, functions: FunctionCheck) -> None:
        self._functions = functions
        self._names = tuple(f.name for f in plant.file.functions)
        self._elements = tuple(tuple(e.name for e in f.elements) for f in plant.file.functions)
        self._table = table = compile_reliability(plant)
        self._period_h = plant.period_ns / NS_PER_S / S_PER_H
        self.conditions = pfd_conditions(plant)
        self.tests = ProofTests(plant, table)
        n = len(self._names)
        self._row = np.arange(n)
        self._creditable = ~np.isnan(table.trip_coverage[:, SUBSYSTEMS.index("elements")])
        self._determined: Bool = np.logical_not(np.isnan(table.interval_h).any(axis=1))
        self._last = np.zeros(1, dtype=np.int64)
        self._m: I8 = table.specified_m[:, 0].copy()
        self._n: I8 = table.specified_n[:, 0].copy()
        self._average: F8 = np.full(n, np.nan)
        self._now: F8 = np.full(n, np.nan)
        self._impaired_scans: I8 = np.zeros(n, dtype=np.int64)
        self._active: Bool = np.zeros((n, len(KINDS)), dtype=np.bool_)
        self._since: I8 = np.zeros((n, len(KINDS)), dtype=np.int64)
        self._told: F8 = np.full((n, 6), np.nan)
        self._elements_safe: U1 = np.full((n, 1), YES, dtype=np.uint8)
        self._period = Period(n)
        self._live: Arrays = {}

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Take in what the functions show, age the tests, add up the hours."""
        if not self._names:
            return
        number, time_ns = frame.number, frame.time_ns
        elapsed = number - int(self._last[0]) if self._last[0] else 1
        self._last = np.array([number], dtype=np.int64)
        seen = self._functions.live()
        status, counts = seen["status"], seen["channel_counts"]
        blind = status == NOT_VERIFIABLE
        known = (counts[:, NOT_VISIBLE] == 0) | (status == NONE)
        m = np.where(known, seen["effective_m"], self._m)
        n = np.where(known, seen["effective_n"], self._n)
        self._note_moves(seen["elements_safe"], seen["tripped"], verdict, time_ns)
        changed = (m != self._m) | (n != self._n) | (self._row % TURN_SCANS == number % TURN_SCANS)
        changed |= self._determined & np.isnan(self._average)
        self._m, self._n = m, n
        self._renew(np.flatnonzero(changed), time_ns)
        absent = status == NONE
        average, now = np.where(absent, 1.0, self._average), np.where(absent, 1.0, self._now)

        worse = ~blind & (average > self._table.required)
        self._clock(blind, (status == DEGRADED) | absent | worse, elapsed)
        sums = self._count(seen["needed"], status, counts, average, worse, elapsed, time_ns)
        standing_ = standing(sums, self._table.required)
        days_left = self.tests.days_left(time_ns)
        impaired_h: F8 = self._impaired_scans.astype(np.float64) * self._period_h
        self._write(verdict, block, number, status, average, worse, sums, standing_, days_left)
        self._tell(verdict, status, seen["needed"], counts, average)
        self._live = {
            "now": np.where(blind, np.nan, now),
            "average": np.where(blind, np.nan, average),
            "required": self._table.required,
            "period": period_pfd(sums),
            "standing": standing_,
            "hours": sums,
            "impaired_h": impaired_h,
            "days_left": days_left,
            "tested_ns": self.tests.tested_ns,
            "due_ns": self.tests.due_ns(),
            "deferred_ns": self.tests.deferred_ns,
            "moved_ns": self.tests.moved_ns,
            "credited_ns": self.tests.credited_ns,
        }

    def answer(self, request: Request, time_ns: int) -> Answered:
        """Decide a request about a proof test; the figures of the functions follow in the same scan."""
        answered = self.tests.answer(request, time_ns)
        if not answered.reason:
            self._renew(self._row, time_ns)
        return answered

    def retrace(self, ledger: Ledger, number: int, time_ns: int) -> None:
        """Begin after scan `number` with the tests and the hours that the journal holds, everything else anew."""
        self.tests = ledger.tests
        self._period = ledger.period(number, time_ns)
        self._last = np.array([number], dtype=np.int64)

    def _renew(self, rows: Index, time_ns: int) -> None:
        if rows.size:
            tests = self.tests
            found = worth(
                self._table, rows, self._m[rows], self._n[rows], tests.tested_ns, tests.credited(), time_ns
            )  # fmt: skip
            self._average, self._now = self._average.copy(), self._now.copy()
            self._average[rows], self._now[rows] = found.average, found.now

    def _note_moves(self, safe: U1, tripped: U1, verdict: Verdict, time_ns: int) -> None:
        """Final elements that went to their safe state while their function was tripped."""
        before, self._elements_safe = self._elements_safe, safe
        if before is safe or before.shape != safe.shape:
            return
        moved = (before == NO) & (safe == YES) & (tripped == YES)[:, None]
        for i in np.flatnonzero(moved.any(axis=1)).tolist():
            at = np.flatnonzero(moved[i])
            self.tests.moved_ns[i, at] = time_ns
            if self._creditable[i]:
                names = [self._elements[i][j] for j in at.tolist()]
                body = {"elements": names, "moved_ns": [time_ns] * len(names)}
                verdict.facts.append(Fact(kind="elements_moved", subject=self._names[i], body=body))

    def _clock(self, blind: Bool, impaired: Bool, elapsed: int) -> None:
        """Scans without a break in which the function was less than specified; not to be seen is no end of it."""
        running = impaired | (blind & (self._impaired_scans > 0))
        self._impaired_scans = np.where(running, self._impaired_scans + elapsed, 0)

    def _count(self, needed: Bool, status: U1, counts: I8, average: F8, worse: Bool, elapsed: int, time_ns: int) -> F8:
        """Hours of this scan, and of those lost before it; the sums of twelve months."""
        blind, one_h = status == NOT_VERIFIABLE, self._period_h
        judged = needed & ~blind
        hours = np.zeros((len(needed), len(Line)))
        hours[:, Line.SERVICE] = judged * one_h
        hours[:, Line.PFD] = np.where(judged, average * one_h, np.where(np.isnan(self._average), np.nan, 0.0))
        hours[:, Line.NOT_VERIFIABLE] = (needed & blind) * one_h + needed * ((elapsed - 1) * one_h)
        hours[:, Line.BYPASSED] = (needed & (counts[:, BYPASSED] > 0)) * one_h
        hours[:, Line.DEGRADED] = (needed & (status == DEGRADED)) * one_h
        hours[:, Line.NONE] = (needed & (status == NONE)) * one_h
        hours[:, Line.WORSE] = (needed & worse) * one_h
        self._period.add(hours, time_ns)
        return self._period.sums(time_ns)

    def _write(
        self,
        verdict: Verdict,
        block: slice,
        number: int,
        status: U1,
        average: F8,
        worse: Bool,
        sums: F8,
        standing_: Any,
        days_left: F8,
    ) -> None:
        column: dict[str, int] = {kind: i for i, kind in enumerate(KINDS)}
        shape, required, blind = self._active.shape, self._table.required, status == NOT_VERIFIABLE
        before, active, unknown = self._active, np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
        value, limit = np.full(shape, np.nan), np.full(shape, np.nan)

        def say(kind: str, so: Bool, what: F8, bound: F8) -> None:
            at = column[kind]
            active[:, at], value[:, at], limit[:, at] = so, what, bound

        is_worse = column["worse_than_required"]
        say("worse_than_required", worse & (status != NONE), np.where(blind, np.nan, average), required)
        active[:, is_worse] |= blind & before[:, is_worse]
        unknown[:, is_worse] = blind
        say("period_worse", standing_ == Standing.NOT_MET, period_pfd(sums), required)
        soon = np.full(len(days_left), TEST_DUE_DAYS)
        say("test_due", (days_left >= 0) & (days_left <= TEST_DUE_DAYS), days_left, soon)
        say("test_overdue", days_left < 0, -days_left, np.zeros(len(days_left)))
        self._active = active
        self._since = np.where(active & ~before, number, np.where(active, self._since, 0))
        verdict.active[block], verdict.unknown[block] = active.ravel(), unknown.ravel()
        verdict.since[block] = self._since.ravel()
        verdict.value[block], verdict.limit[block] = value.ravel(), limit.ravel()

    def _tell(self, verdict: Verdict, status: U1, needed: Bool, counts: I8, average: F8) -> None:
        """One row of the journal with every function whose state changed: what the ledger adds its hours up from."""
        now = np.stack([status, self._m, self._n, needed, counts[:, BYPASSED], average], axis=1).astype(np.float64)
        told = self._told
        same = (now[:, :5] == told[:, :5]).all(axis=1)
        with np.errstate(invalid="ignore"):
            close = np.abs(now[:, 5] - told[:, 5]) <= TOLD_CHANGE * told[:, 5]
        changed = ~(same & (close | (np.isnan(now[:, 5]) & np.isnan(told[:, 5]))))
        if not changed.any():
            return
        self._told = np.where(changed[:, None], now, told)
        states = {
            self._names[i]: [*(int(v) for v in now[i, :5]), None if np.isnan(now[i, 5]) else float(f"{now[i, 5]:.6g}")]
            for i in np.flatnonzero(changed).tolist()
        }
        verdict.facts.append(Fact(kind="protection_state", subject="functions", body={"functions": states}))

    def state(self) -> Arrays:
        """Everything that the next scan needs of the scans before."""
        own: Arrays = {
            "last": self._last,
            "m": self._m,
            "n": self._n,
            "average": self._average,
            "now": self._now,
            "impaired_scans": self._impaired_scans,
            "active": self._active,
            "since": self._since,
            "told": self._told,
            "elements_safe": self._elements_safe,
        }
        own |= {f"period.{name}": array for name, array in self._period.state().items()}
        return own | {f"tests.{name}": array for name, array in self.tests.state().items()}

    def rows(self) -> Rows:
        """By the function's name; the numbers of scan and bucket as they are."""
        return {name: ("one",) if name in ("last", "period.bucket") else self._names for name in self.state()}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave; a memory from before there were figures has none of it."""
        if "last" not in arrays:
            return
        self._last, self._m, self._n = arrays["last"], arrays["m"], arrays["n"]
        self._average, self._now = arrays["average"], arrays["now"]
        self._impaired_scans = arrays["impaired_scans"]
        self._active, self._since = arrays["active"].astype(np.bool_), arrays["since"]
        self._told, self._elements_safe = arrays["told"], arrays["elements_safe"]
        self._period.load({k.removeprefix("period."): a for k, a in arrays.items() if k.startswith("period.")})
        self.tests.load({k.removeprefix("tests."): a for k, a in arrays.items() if k.startswith("tests.")})

    def live(self) -> Arrays:
        """By function: PFD now, its average, the requirement, the period, hours by Line, clocks, tests."""
        return self._live
