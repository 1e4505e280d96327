"""What each safety function is worth: now, by its architecture and the age of its tests, and over twelve months.

The two figures are never merged. NOW is PFD(t) of what the vote has come to; beside it stands the PFDavg that this
architecture would have, which is what can be compared with 1/RRF. PERIOD is the mean of that PFDavg over the hours of
service; hours that could not be judged are in no mean, and a function with too many of them does not meet anything.
"""

import numpy as np

from plantsafe.clock import NS_PER_S
from plantsafe.frame import F8, I8, U4, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.reliability import SUBSYSTEMS
from plantsafe.plant.tables import Index
from plantsafe.protection.answer import NO, U1, YES
from plantsafe.protection.check import FunctionCheck
from plantsafe.protection.demand_mode import YEAR_H, is_high, limit_a_year
from plantsafe.protection.ledger import Ledger
from plantsafe.protection.period import Line, Period, Standing, period_pfd, standing
from plantsafe.protection.pfd_conditions import KINDS, TEST_DUE_DAYS, pfd_conditions
from plantsafe.protection.proof_tests import Answered, ProofTests
from plantsafe.protection.reliability import compile_reliability, worth
from plantsafe.protection.vote import BYPASSED, DEGRADED, NONE, NOT_VERIFIABLE, NOT_VISIBLE
from plantsafe.request import Request
from plantsafe.verdict import Arrays, Fact, Rows, Verdict

TURN_SCANS = 60  # each function's figures are computed anew at least every so many scans: tests age (site default)
CHUNK = 64  # functions whose figures are computed anew in one scan; the last scan of a turn takes what is left
TOLD_CHANGE = 0.01  # of the PFDavg: a smaller change is not a row of the journal (site default)
S_PER_H = 3600.0
_READ = ("status", "channel_counts", "effective_m", "effective_n", "needed", "elements_safe", "tripped")
"""Arrays of the check of the functions; it keeps the same array while nothing in it changes."""


class PfdCheck:
    """Four conditions a function, figures for pages, and the memory of proof tests.

    Reads what the check of the functions has just seen; figures are computed for functions whose architecture changed,
    and for all of them in turn. The figure of the period and the days of tests are renewed each turn, when the journal
    is told of a change, and after a request.
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
        shape = (n, len(KINDS))
        self._active: Bool = np.zeros(shape, dtype=np.bool_)
        self._unknown: Bool = np.zeros(shape, dtype=np.bool_)
        self._since: I8 = np.zeros(shape, dtype=np.int64)
        self._value: F8 = np.full(shape, np.nan)
        self._limit: F8 = np.full(shape, np.nan)
        self._told: F8 = np.full((n, 6), np.nan)
        self._elements_safe: U1 = np.full((n, 1), YES, dtype=np.uint8)
        self._period = Period(n)
        self._period_pfd: F8 = np.full(n, np.nan)
        self._standing: U4 = np.full(n, Standing.TOO_LITTLE, dtype=np.uint32)
        self._days_left: F8 = np.full(n, np.nan)
        self._status: U1 = np.full(n, NOT_VERIFIABLE, dtype=np.uint8)
        self._blind: Bool = np.ones(n, dtype=np.bool_)
        self._worth: F8 = self._average
        self._worse: Bool = np.zeros(n, dtype=np.bool_)
        with np.errstate(all="ignore"):
            self._demand_limit = limit_a_year(np.fmax.reduce(table.interval_h, axis=1))
        self._place = {name: i for i, name in enumerate(self._names)}
        self._demands: I8 = np.zeros(n, dtype=np.int64)  # of the whole record
        self._first_ns = np.zeros(1, dtype=np.int64)  # its beginning
        self._twelve_months: F8 = np.zeros(n)
        self._high: Bool = np.zeros(n, dtype=np.bool_)
        self._running: Bool = np.zeros(n, dtype=np.bool_)
        self._hours: F8 = np.zeros((n, len(Line)))
        self._shown: tuple[object, ...] = ()
        self._asked = False
        self._shared: Arrays = {}
        self._live: Arrays = {}

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Take in what the functions show, age the tests, add up the hours.

        While the functions show the same arrays as in the scan before, only the hours and clocks move.
        """
        if not self._names:
            return
        number, time_ns = frame.number, frame.time_ns
        elapsed = number - int(self._last[0]) if self._last[0] else 1
        self._last = np.array([number], dtype=np.int64)
        seen, turn = self._functions.live(), number % TURN_SCANS
        shown = tuple(seen[name] for name in _READ)
        rows = self._row[turn * CHUNK : (turn + 1) * CHUNK] if turn < TURN_SCANS - 1 else self._row[turn * CHUNK :]
        still = len(shown) == len(self._shown) and all(a is b for a, b in zip(shown, self._shown, strict=True))
        look = not still or elapsed != 1 or rows.size > 0 or self._asked
        changed = self._look(seen, rows, verdict, time_ns) if look else False
        self._shown = shown
        self._impaired_scans = np.where(self._running, self._impaired_scans + elapsed, 0)
        hours = self._hours
        if elapsed > 1:
            hours = hours.copy()
            hours[:, Line.NOT_VERIFIABLE] += seen["needed"] * ((elapsed - 1) * self._period_h)
        needed = [
            self._place[f.subject] for f in verdict.facts if f.kind == "demand_started" and not f.body.get("test")
        ]
        if needed:
            hours = hours.copy()
            np.add.at(hours, (needed, Line.DEMANDS), 1.0)
            np.add.at(self._demands, needed, 1)
        self._period.add(hours, time_ns)
        sums = self._period.sums(time_ns)
        renew = changed or self._asked or turn == 0 or bool(needed)
        if renew:
            self._period_pfd, self._standing = period_pfd(sums), standing(sums, self._table.required)
            self._days_left = self.tests.days_left(time_ns)
            self._first_ns[0] = self._first_ns[0] or time_ns
            years = (time_ns - int(self._first_ns[0])) / NS_PER_S / S_PER_H / YEAR_H
            self._twelve_months = sums[:, Line.DEMANDS]
            self._high = is_high(self._twelve_months, self._demands, years, self._demand_limit)
        if look or renew:
            self._judge(number)
        self._asked = False
        verdict.active[block], verdict.unknown[block] = self._active.ravel(), self._unknown.ravel()
        verdict.since[block], verdict.value[block] = self._since.ravel(), self._value.ravel()
        verdict.limit[block] = self._limit.ravel()
        self._live = self._shared | {"hours": sums, "impaired_h": self._impaired_scans * self._period_h}

    def _look(self, seen: Arrays, rows: Index, verdict: Verdict, time_ns: int) -> bool:
        """Take in votes and final elements; True where the journal was told something."""
        status, counts, needed = seen["status"], seen["channel_counts"], seen["needed"]
        self._status = status
        self._blind = status == NOT_VERIFIABLE
        known = (counts[:, NOT_VISIBLE] == 0) | (status == NONE)
        m = np.where(known, seen["effective_m"], self._m)
        n = np.where(known, seen["effective_n"], self._n)
        self._note_moves(seen["elements_safe"], seen["tripped"], verdict, time_ns)
        changed = (m != self._m) | (n != self._n) | (self._determined & np.isnan(self._average))
        changed[rows] = True
        self._m, self._n = m, n
        self._renew(np.flatnonzero(changed), time_ns)
        absent = status == NONE
        self._worth = average = np.where(absent, 1.0, self._average)
        self._worse = ~self._blind & (average > self._table.required)
        impaired = (status == DEGRADED) | absent | self._worse
        self._running = impaired | (self._blind & (self._impaired_scans > 0))
        self._hours = self._in_a_scan(needed, counts)
        return self._tell(verdict, needed, counts)

    def answer(self, request: Request, time_ns: int) -> Answered:
        """Decide a request about a proof test; the figures of the functions follow in the same scan."""
        answered = self.tests.answer(request, time_ns)
        if not answered.reason:
            self._renew(self._row, time_ns)
            self._asked = True
        return answered

    def retrace(self, ledger: Ledger, number: int, time_ns: int) -> None:
        """Begin after scan `number` with the tests and the hours that the journal holds, everything else anew."""
        self.tests = ledger.tests
        self._demands, self._first_ns[0] = ledger.demands(), ledger.first_ns
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

    def _in_a_scan(self, needed: Bool, counts: I8) -> F8:
        """Hours that a scan as this one adds to each line."""
        status, one_h = self._status, self._period_h
        judged = needed & ~self._blind
        hours = np.zeros((len(needed), len(Line)))
        hours[:, Line.SERVICE] = judged * one_h
        none = np.where(np.isnan(self._average), np.nan, 0.0)
        hours[:, Line.PFD] = np.where(judged, self._worth * one_h, none)
        hours[:, Line.NOT_VERIFIABLE] = (needed & self._blind) * one_h
        hours[:, Line.BYPASSED] = (needed & (counts[:, BYPASSED] > 0)) * one_h
        hours[:, Line.DEGRADED] = (needed & (status == DEGRADED)) * one_h
        hours[:, Line.NONE] = (needed & (status == NONE)) * one_h
        hours[:, Line.WORSE] = (needed & self._worse) * one_h
        return hours

    def _judge(self, number: int) -> None:
        """The conditions, and what pages show of figures that stay until the next look."""
        column: dict[str, int] = {kind: i for i, kind in enumerate(KINDS)}
        shape, required, blind = self._active.shape, self._table.required, self._blind
        before, active, unknown = self._active, np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
        value, limit = np.full(shape, np.nan), np.full(shape, np.nan)

        def say(kind: str, so: Bool, what: F8, bound: F8 | float) -> None:
            at = column[kind]
            active[:, at], value[:, at], limit[:, at] = so, what, bound

        is_worse, absent = column["worse_than_required"], self._status == NONE
        average = np.where(blind, np.nan, self._worth)
        say("worse_than_required", self._worse & ~absent, average, required)
        active[:, is_worse] |= blind & before[:, is_worse]
        unknown[:, is_worse] = blind
        say("period_worse", self._standing == Standing.NOT_MET, self._period_pfd, required)
        days = self._days_left
        say("test_due", (days >= 0) & (days <= TEST_DUE_DAYS), days, TEST_DUE_DAYS)
        say("test_overdue", days < 0, -days, 0.0)
        say("high_demand", self._high, self._twelve_months, self._demand_limit)
        self._since = np.where(active & ~before, number, np.where(active, self._since, 0))
        self._active, self._unknown, self._value, self._limit = active, unknown, value, limit
        self._shared = {
            "now": np.where(blind, np.nan, np.where(absent, 1.0, self._now)),
            "average": average,
            "required": required,
            "period": self._period_pfd,
            "standing": self._standing,
            "days_left": days,
            "tested_ns": self.tests.tested_ns,
            "due_ns": self.tests.due_ns(),
            "deferred_ns": self.tests.deferred_ns,
            "moved_ns": self.tests.moved_ns,
            "credited_ns": self.tests.credited_ns,
            "high_demand": self._high,
        }

    def _tell(self, verdict: Verdict, needed: Bool, counts: I8) -> bool:
        """One row of the journal with every function whose state changed: what the ledger adds its hours up from."""
        columns = (self._status, self._m, self._n, needed, counts[:, BYPASSED], self._worth)
        now = np.stack(columns, axis=1).astype(np.float64)
        told = self._told
        same = (now[:, :5] == told[:, :5]).all(axis=1)
        with np.errstate(invalid="ignore"):
            close = np.abs(now[:, 5] - told[:, 5]) <= TOLD_CHANGE * told[:, 5]
        changed = ~(same & (close | (np.isnan(now[:, 5]) & np.isnan(told[:, 5]))))
        if not changed.any():
            return False
        self._told = np.where(changed[:, None], now, told)
        states = {
            self._names[i]: [*(int(v) for v in now[i, :5]), None if np.isnan(now[i, 5]) else float(f"{now[i, 5]:.6g}")]
            for i in np.flatnonzero(changed).tolist()
        }
        verdict.facts.append(Fact(kind="protection_state", subject="functions", body={"functions": states}))
        return True

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
            "period_pfd": self._period_pfd,
            "standing": self._standing,
            "days_left": self._days_left,
            "demands": self._demands,
            "first_ns": self._first_ns,
            "twelve_months": self._twelve_months,
            "high": self._high,
        }
        own |= {f"period.{name}": array for name, array in self._period.state().items()}
        return own | {f"tests.{name}": array for name, array in self.tests.state().items()}

    def rows(self) -> Rows:
        """By the function's name; the numbers of scan and bucket as they are."""
        return {
            name: ("one",) if name in ("last", "period.bucket", "first_ns") else self._names for name in self.state()
        }

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave; a memory from before there were figures has none of it."""
        if "last" not in arrays:
            return
        self._last, self._m, self._n = arrays["last"], arrays["m"], arrays["n"]
        self._average, self._now = arrays["average"], arrays["now"]
        self._impaired_scans = arrays["impaired_scans"]
        self._active, self._since = arrays["active"].astype(np.bool_), arrays["since"]
        self._told, self._elements_safe = arrays["told"], arrays["elements_safe"]
        self._period_pfd, self._standing = arrays["period_pfd"], arrays["standing"]
        self._days_left, self._shown = arrays["days_left"], ()
        self._demands, self._first_ns = arrays["demands"].copy(), arrays["first_ns"].copy()
        self._twelve_months, self._high = arrays["twelve_months"], arrays["high"].astype(np.bool_)
        self._period.load({k.removeprefix("period."): a for k, a in arrays.items() if k.startswith("period.")})
        self.tests.load({k.removeprefix("tests."): a for k, a in arrays.items() if k.startswith("tests.")})

    def live(self) -> Arrays:
        """By function: PFD now, its average, the requirement, the period, hours by Line, clocks, tests."""
        return self._live
