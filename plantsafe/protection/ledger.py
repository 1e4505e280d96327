"""The ledger of the safety functions: what the journal alone says of demands, trips, failures, bypasses and tests.

Nothing here is counted while the plant runs: the ledger is read back from the events, and so it survives whatever the
memory of a running service does not. Hours of service are added up from the rows that say how a function's protection
changed; scans that were never made are not verifiable.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models.reliability.evidence import UNLIKELY, at_least, rate_upper_bound
from models.reliability.pfd import pfh_simplified
from plantsafe.frame import F8, I8
from plantsafe.plant import Plant
from plantsafe.plant.reliability import SUBSYSTEMS
from plantsafe.protection.demand_mode import DemandMode, allowed_pfh, is_high, limit_a_year
from plantsafe.protection.period import BUCKETS, Line, Period, bucket_of, spread
from plantsafe.protection.proof_tests import TEST_EVENTS, ProofTests
from plantsafe.protection.reliability import NOT_KNOWN, NS_PER_H, compile_reliability
from plantsafe.protection.vote import Protection
from plantsafe.store.record import EventRow

YEAR_H = 8766.0
ENTRY_KINDS = (
    "demand_started", "safe_state_reached", "tripped", "spurious_trip", "failure_on_demand", "bypass_on", "bypass_off",
    *TEST_EVENTS,
)  # fmt: skip
"""Events of one function, as its history shows them."""

LEDGER_KINDS = (*ENTRY_KINDS, "protection_state", "service_started", "scans_lost")
"""Everything that a ledger reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Events against the rate that is assumed: how many, how many were to be expected, how probable so many are.

    assumed is a rate a year (or an hour, for failures), None where the plant file has none.
    """

    count: int
    assumed: float | None
    expected: float | None
    probability: float | None

    @property
    def is_unlikely(self) -> bool:
        """More than the assumed rate explains."""
        return self.count > 0 and self.probability is not None and self.probability < UNLIKELY


@dataclass(frozen=True, slots=True, kw_only=True)
class Implied:
    """What the proof tests of a subsystem say of its failure rate: at most `bound_per_h`, with 70 % (chi-square)."""

    subsystem: str
    tests: int
    device_h: float
    failures: Count
    bound_per_h: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The next proof test of a subsystem. state: good, due_90, due_30, due_7, overdue, or unknown; deferred: to a day.

    days_left is negative when overdue; None where no test or no interval is known.
    """

    subsystem: str
    tested_ns: int
    due_ns: int
    deferred: bool
    days_left: float | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The ledger of one function. proposed: final elements that a trip moved and nobody has credited yet.

    hours: of the last twelve months, by Line. years: how long the record is.
    """

    name: str
    years: float
    demands: Count
    mode: DemandMode
    spurious: Count
    failures: int
    bypasses: int
    open_bypasses: tuple[str, ...]
    hours: tuple[float, ...]
    due: tuple[Due, ...]
    implied: tuple[Implied, ...]
    proposed: tuple[str, ...]


@dataclass(slots=True)
class _Stretch:
    """A state that lasts: [status, m, n, needed, bypassed, average], since that scan; lost scans up to it."""

    state: list[Any]
    scan: int
    time_ns: int
    lost: int


@dataclass(slots=True)
class _Told:
    demands: int = 0
    spurious: int = 0
    failures: int = 0
    bypasses: int = 0
    open: dict[str, int] = field(default_factory=dict)
    tests: list[dict[str, Any]] = field(default_factory=list)


class Ledger:
    """Takes the events of LEDGER_KINDS, oldest first, and may take more of them later."""

    def __init__(self, plant: Plant) -> None:
        self._plant, self._table = plant, compile_reliability(plant)
        self._functions = plant.file.functions
        self._row = {f.name: i for i, f in enumerate(self._functions)}
        self._required = {f.name: 1.0 / f.rrf for f in self._functions}
        self._period_h = plant.period_ns / NS_PER_H
        self.tests = ProofTests(plant, self._table)
        self._told = {f.name: _Told() for f in self._functions}
        self._open: dict[str, _Stretch] = {}
        self._hours: dict[int, F8] = {}
        self._lost = 0
        self._first_ns = 0
        self._scan, self._time_ns = 0, 0
        self.seq = 0

    def take(self, events: Iterable[EventRow]) -> None:
        """Go on with these events."""
        for event in events:
            body = json.loads(event.body)
            self.seq = event.seq
            self._first_ns = self._first_ns or event.time_ns
            if event.scan >= self._scan:
                self._scan, self._time_ns = event.scan, event.time_ns
            if event.kind == "service_started":
                self._lost += int(body.get("scans_missed", 0))
            elif event.kind == "scans_lost":
                self._lost += int(body["last"]) - int(body["first"]) + 1
            elif event.kind == "protection_state":
                for name, state in body["functions"].items():
                    if name in self._row:
                        self._close(name, event.scan, event.time_ns)
                        self._open[name] = _Stretch(state, event.scan, event.time_ns, self._lost)
            else:
                self._take_one(event, body)

    def _take_one(self, event: EventRow, body: dict[str, Any]) -> None:
        if event.kind in TEST_EVENTS:
            self.tests.retrace(event.kind, event.subject, body)
        if event.kind == "proof_test_recorded":
            for name in dict.fromkeys((event.subject, *body["functions"])):
                if name in self._told:
                    self._told[name].tests.append(body)
            return
        told = self._told.get(event.subject)
        if told is None:
            return
        match event.kind:
            case "demand_started" if not body.get("test"):
                told.demands += 1
                self._line_of(bucket_of(event.time_ns))[self._row[event.subject], Line.DEMANDS] += 1.0
            case "spurious_trip":
                told.spurious += 1
            case "failure_on_demand":
                told.failures += 1
            case "bypass_on":
                told.bypasses += 1
                told.open[str(body.get("channel", ""))] = event.time_ns
            case "bypass_off":
                told.open.pop(str(body.get("channel", "")), None)

    def _close(self, name: str, scan: int, time_ns: int) -> None:
        """Add the hours of the stretch that ends before `scan`."""
        stretch = self._open.pop(name, None)
        if stretch is None:
            return
        for bucket, hours in spread(self._lines(name, stretch, scan), stretch.time_ns, time_ns):
            self._line_of(bucket)[self._row[name]] += hours

    def _line_of(self, bucket: int) -> F8:
        return self._hours.setdefault(bucket, np.zeros((len(self._row), len(Line))))

    @property
    def first_ns(self) -> int:
        """When the record began, 0 before its first event."""
        return self._first_ns

    def demands(self) -> I8:
        """Demands of each function over the whole record (n_functions), those of tests left out."""
        return np.array([self._told[f.name].demands for f in self._functions], dtype=np.int64)

    def _lines(self, name: str, stretch: _Stretch, scan: int) -> F8:
        status, _, _, needed, bypassed, average = stretch.state
        hours = np.zeros(len(Line))
        if not needed:
            return hours
        lost = self._lost - stretch.lost
        seen_h = max(scan - stretch.scan - lost, 0) * self._period_h
        hours[Line.NOT_VERIFIABLE] = lost * self._period_h
        if status == Protection.NOT_VERIFIABLE:
            hours[Line.NOT_VERIFIABLE] += seen_h
            hours[Line.PFD] = np.nan if average is None else 0.0
        else:
            hours[Line.SERVICE] = seen_h
            hours[Line.PFD] = np.nan if average is None else seen_h * average
            hours[Line.DEGRADED] = seen_h * (status == Protection.DEGRADED)
            hours[Line.NONE] = seen_h * (status == Protection.NONE)
            hours[Line.WORSE] = seen_h * (average is not None and average > self._required[name])
        hours[Line.BYPASSED] = seen_h * (bypassed > 0)
        return hours

    def period(self, scan: int, time_ns: int) -> Period:
        """The hours up to and with `scan`, as a memory that goes on from there; what is open stays open here."""
        bucket = bucket_of(time_ns)
        period = Period(len(self._row))
        period.bucket[0] = bucket
        for when, hours in self._hours.items():
            self._put(period, bucket - when, hours)
        for name, stretch in self._open.items():
            for when, hours in spread(self._lines(name, stretch, scan + 1), stretch.time_ns, time_ns):
                one = np.zeros_like(period.current)
                one[self._row[name]] = hours
                self._put(period, bucket - when, one)
        return period

    @staticmethod
    def _put(period: Period, ago: int, hours: F8) -> None:
        if ago <= 0:
            period.current = period.current + hours
        elif ago <= BUCKETS:
            period.before[:, ago - 1] += hours

    def entries(self, scan: int | None = None, time_ns: int | None = None) -> tuple[Entry, ...]:
        """One a function, in the order of the plant file, as of a scan; without it, of the newest event."""
        scan = self._scan if scan is None else scan
        now_ns = self._time_ns if time_ns is None else time_ns
        hours = self.period(scan, now_ns).sums(now_ns)
        years = max(now_ns - self._first_ns, 0) / NS_PER_H / YEAR_H
        return tuple(self._entry(i, hours[i], years, now_ns) for i in range(len(self._functions)))

    def _entry(self, i: int, hours: F8, years: float, now_ns: int) -> Entry:
        function, told = self._functions[i], self._told[self._functions[i].name]
        exposed = max(years, 1.0)  # rates are a year's: a shorter record counts as one (site default)
        elements = [e.name for e in function.elements]
        last = np.maximum(self.tests.tested_ns[i, -1], self.tests.credited_ns[i])
        moved = self.tests.moved_ns[i] > last
        return Entry(
            name=function.name,
            years=years,
            demands=_count(told.demands, function.demands_per_year, exposed),
            mode=self._mode(i, float(hours[Line.DEMANDS]), years),
            spurious=_count(told.spurious, function.spurious_per_year, exposed),
            failures=told.failures,
            bypasses=told.bypasses,
            open_bypasses=tuple(sorted(told.open)),
            hours=tuple(float(h) for h in hours),
            due=tuple(self._due(i, k, now_ns) for k in range(len(SUBSYSTEMS))),
            implied=tuple(self._implied(i, k) for k in range(len(SUBSYSTEMS))),
            proposed=tuple(name for j, name in enumerate(elements) if moved[j]),
        )

    def _mode(self, i: int, twelve_months: float, years: float) -> DemandMode:
        total, of_function = self._told[self._functions[i].name].demands, slice(3 * i, 3 * i + 3)
        with np.errstate(all="ignore"):
            limit = limit_a_year(np.fmax.reduce(self._table.interval_h[i : i + 1], axis=1))
        high = bool(is_high(np.array([twelve_months]), np.array([total]), years, limit)[0])
        pfh = float("nan")
        if high:
            devices = self._table.devices.at(np.arange(of_function.start, of_function.stop))
            pfh = float(pfh_simplified(self._table.specified_m[i], self._table.specified_n[i], devices).sum())
        return DemandMode(
            twelve_months=twelve_months,
            a_year=total / max(years, 1.0),
            limit=float(limit[0]),
            is_high=high,
            pfh_per_h=pfh if np.isfinite(pfh) else None,
            required_pfh=allowed_pfh(self._functions[i].sil) if high else None,
        )

    def _due(self, i: int, k: int, now_ns: int) -> Due:
        tested, due = int(self.tests.tested_ns[i, k]), int(self.tests.due_ns()[i, k])
        days = None if due == NOT_KNOWN else (due - now_ns) / NS_PER_H / 24.0
        return Due(
            subsystem=SUBSYSTEMS[k],
            tested_ns=tested,
            due_ns=due,
            deferred=bool(self.tests.deferred_ns[i, k]),
            days_left=days,
            state=due_state(days),
        )

    def _implied(self, i: int, k: int) -> Implied:
        """Failures found by tests over the hours of the devices, from their installation to the last test."""
        function, key = self._functions[i], SUBSYSTEMS[k]
        data = None if function.reliability is None else getattr(function.reliability, key)
        tests = [t for t in self._told[function.name].tests if t["subsystem"] == key]
        begins = [int(ns) for ns in (self._table.installed_ns[i, k], self._table.tested_ns[i, k]) if ns]
        ends = [t["tested_ns"] for t in tests]
        begin = min(begins, default=min(ends, default=0))
        device_h = max(max(ends, default=begin) - begin, 0) / NS_PER_H * int(self._table.specified_n[i, k])
        failed = sum(int(t["failed"]) for t in tests)
        return Implied(
            subsystem=key,
            tests=len(tests),
            device_h=device_h,
            failures=_count(failed, None if data is None else data.lambda_du_per_h, device_h),
            bound_per_h=rate_upper_bound(failed, device_h) if device_h > 0 else None,
        )


def due_state(days_left: float | None) -> str:
    """How near a proof test is: reminders at 90, 30 and 7 days (site default)."""
    if days_left is None:
        return "unknown"
    if days_left < 0:
        return "overdue"
    return next((f"due_{days}" for days in (7, 30, 90) if days_left <= days), "good")


def _count(count: int, rate: float | None, exposed: float) -> Count:
    expected = None if rate is None else rate * exposed
    probability = None if expected is None else at_least(count, expected)
    return Count(count=count, assumed=rate, expected=expected, probability=probability)
