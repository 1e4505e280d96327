"""The safe operating window of each recipe phase: is every value inside the window of the phase that runs now?

A point outside `low` to `high` of its unit's present phase is a finding, `<unit>.<point>.window`. The scans outside are
counted a phase, a batch and a day, those that could not be judged beside them: a value that is not good and not beyond,
a phase that is not known, and scans that were never made are none of the minutes inside. A transmitter driven to an end
of its range is outside on that side, unless the file says that it drives there on its own fault.

A batch begins where the unit enters its first phase, or goes back by more than one (a repeated dosing goes back by one;
site default). A phase or batch whose beginning was not seen is counted from the first scan that showed it.

For the journal: window_left and window_regained, an excursion with its worst value and its time; window_account, what a
phase (or the part of it up to midnight) came to for each of its windows.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from plantsafe.checks.warm_up import forget
from plantsafe.clock import NS_PER_S
from plantsafe.delay import Delay
from plantsafe.frame import F8, I8, Bool, Frame, driven_high, driven_low, is_good
from plantsafe.plant import Plant
from plantsafe.plant.model import Unit
from plantsafe.plant.tables import FAIL_HIGH, FAIL_LOW
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

ON_DELAY_S, OFF_DELAY_S = 5.0, 60.0  # a value at its limit does not come and go (site default)
PHASE, BATCH, DAY, ACCOUNT = range(4)  # what scans are counted over; the last until the next account
INSIDE, BELOW, ABOVE, NOT_JUDGED, NO_WINDOW = range(5)
UNKNOWN_PHASE = -1


class OperatingWindowCheck:
    """One finding a point that has a window in some phase of a unit, in the order of units and points.

    live: now (n_windows) one of INSIDE ... NO_WINDOW; outside_scans, unjudged_scans (n_windows, 3) by PHASE, BATCH,
    DAY. By unit with windows: phase (its place, -1 for not known), phase_at, batch_at (scan from which it is counted),
    phase_whole, batch_whole (whether its beginning was seen).
    """

    name = "windows"

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._units = units = windowed_units(plant)
        named = [(u, point) for u, unit in enumerate(units) for point in windowed_points(unit)]
        self._names = [(units[u].name, point) for u, point in named]
        self._unit = np.array([u for u, _ in named], dtype=np.intp)
        self._point = np.array([plant.points.row[point] for _, point in named], dtype=np.intp)
        self._shows = np.array([plant.points.row[str(unit.phase_point)] for unit in units], dtype=np.intp)
        self._read = np.concatenate([self._shows, self._point])
        fail = plant.points.fail[self._point]
        self._fails_high, self._fails_low = fail == FAIL_HIGH, fail == FAIL_LOW
        self._codes = [{float(phase.code): k for k, phase in enumerate(unit.phases)} for unit in units]
        self._bounds = [_bounds(units[u], point) for u, point in named]  # (n_phases of the unit, 2)
        n, n_units = len(named), len(units)
        self._delay = Delay(
            np.full(n, plant.scans(ON_DELAY_S), dtype=np.int32), np.full(n, plant.scans(OFF_DELAY_S), dtype=np.int32)
        )
        self._phase: I8 = np.full(n_units, UNKNOWN_PHASE, dtype=np.int64)  # last known, for what comes next
        self._known: Bool = np.zeros(n_units, dtype=np.bool_)
        self._phase_at: I8 = np.zeros(n_units, dtype=np.int64)
        self._batch_at: I8 = np.zeros(n_units, dtype=np.int64)
        self._phase_whole: Bool = np.zeros(n_units, dtype=np.bool_)
        self._batch_whole: Bool = np.zeros(n_units, dtype=np.bool_)
        self._account_at: I8 = np.zeros(n_units, dtype=np.int64)
        self._outside: I8 = np.zeros((n, 4), dtype=np.int64)
        self._unjudged: I8 = np.zeros((n, 4), dtype=np.int64)
        # of the excursion that runs or may begin: its first scan, scans outside and not judged, the furthest value
        self._from: I8 = np.zeros(n, dtype=np.int64)
        self._run: I8 = np.zeros((n, 2), dtype=np.int64)
        self._worst: F8 = np.full(n, np.nan)
        self._day = np.zeros(2, dtype=np.int64)  # UTC ns: the running day of the site, the next
        self._zone = ZoneInfo(plant.file.site.timezone)
        self._now = np.full(n, NO_WINDOW, dtype=np.uint8)
        self.conditions = tuple(_condition(plant, units[u], point) for u, point in named)
        self._shown, self._calm = b"", False
        self._look_up()
        self._live = self._show()

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Follow the phases and judge every window; most scans show the same phases and all values inside."""
        if not self._names:
            return
        code = frame.value[self._shows]
        value, status = frame.value[self._point], frame.status[self._read]
        verdict.value[block] = value
        if self._calm and not verdict.gap and frame.time_ns < self._day[1] and code.tobytes() == self._shown:
            inside = (value >= self._low) & (value <= self._high)
            if not status.any() and inside.all():
                verdict.limit[block] = self._first_limit
                return
        self._lose(verdict.gap - self._turn_day(frame, verdict))
        self._follow(code, is_good(status[: len(code)]), frame, verdict)
        beyond, unknown = self._judge(value, status[len(code) :])
        before = self._delay.active
        self._delay.step(beyond, unknown, number=frame.number, gap=verdict.gap)
        self._count(value, beyond, unknown, before, frame.number)
        self._tell(before, value, frame.number, verdict)
        self._calm = bool(((self._now == INSIDE) | (self._now == NO_WINDOW)).all()) and not self._from.any()
        self._shown = code.tobytes()
        self._live = self._show()
        verdict.active[block], verdict.since[block] = self._delay.active, self._delay.since
        verdict.unknown[block] = unknown
        verdict.limit[block] = np.where(self._now == BELOW, self._low, self._first_limit)

    def _judge(self, value: F8, status: Any) -> tuple[Bool, Bool]:
        """Where a value is certainly outside, and where that cannot be told (n_windows)."""
        top, bottom = driven_high(status), driven_low(status)
        faulted = (top & self._fails_high) | (bottom & self._fails_low)
        above = ((value > self._high) | (top & np.isfinite(self._high))) & ~faulted
        below = ((value < self._low) | (bottom & np.isfinite(self._low))) & ~faulted
        known = self._known[self._unit]
        beyond = (above | below) & known
        unknown = ~known | (self._has & ~beyond & (faulted | ~is_good(status)))
        now = np.where(self._has, INSIDE, NO_WINDOW)
        now = np.where(unknown, NOT_JUDGED, np.where(beyond, np.where(above, ABOVE, BELOW), now))
        self._now = now.astype(np.uint8)
        return beyond, unknown

    def _count(self, value: F8, beyond: Bool, unknown: Bool, before: Bool, number: int) -> None:
        """One scan more of each count; what may become an excursion is counted from its first scan to its last."""
        self._outside[beyond] += 1
        self._unjudged[unknown] += 1
        runs = beyond | ((self._from > 0) & (self._delay.active | before | unknown))
        self._from = np.where(runs, np.where(self._from > 0, self._from, number), 0)
        self._run = np.where(runs[:, None], self._run + np.stack([beyond, unknown], axis=1), 0)
        furthest = np.where(self._now == ABOVE, np.fmax(self._worst, value), np.fmin(self._worst, value))
        self._worst = np.where(beyond, furthest, np.where(runs, self._worst, np.nan))

    def _tell(self, before: Bool, value: F8, number: int, verdict: Verdict) -> None:
        active = self._delay.active
        for i in np.flatnonzero(active & ~before).tolist():
            above = self._now[i] == ABOVE
            verdict.facts.append(
                self._fact(
                    "window_left", i, side="above" if above else "below", first_scan=int(self._from[i]), scan=number,
                    value=_number(float(value[i])),
                )
            )  # fmt: skip
        for i in np.flatnonzero(before & ~active).tolist():
            self._regained(i, "inside", number, verdict)

    def _regained(self, i: int, why: str, number: int, verdict: Verdict) -> None:
        outside, unjudged = self._run[i].tolist()
        verdict.facts.append(
            self._fact(
                "window_regained", i, why=why, first_scan=int(self._from[i]), scan=number,
                outside_s=self._seconds(outside), not_judged_s=self._seconds(unjudged),
                worst=_number(float(self._worst[i])),
            )
        )  # fmt: skip
        self._from[i], self._run[i], self._worst[i] = 0, 0, np.nan

    def _fact(self, kind: str, i: int, **body: Any) -> Fact:
        u, (unit, point) = int(self._unit[i]), self._names[i]
        whose = {
            "unit": unit, "point": point, "phase": self._units[u].phases[self._phase[u]].name,
            "batch_scan": self._batch(u), "window": [_number(float(self._low[i])), _number(float(self._high[i]))],
        }  # fmt: skip
        return Fact(kind=kind, subject=self.conditions[i].name, body=whose | body)

    def _batch(self, u: int) -> int | None:
        """The scan in which the batch began; None where that was not seen."""
        return int(self._batch_at[u]) if self._batch_whole[u] else None

    def _seconds(self, scans: int) -> float:
        return round(scans * self._plant.file.scan_period_s, 3)

    def _follow(self, code: F8, good: Bool, frame: Frame, verdict: Verdict) -> None:
        """Take in what the phase points show; a phase that ends leaves its account."""
        turned = False
        for u, (codes, one, seen) in enumerate(zip(self._codes, code.tolist(), good.tolist(), strict=True)):
            phase = codes.get(one, UNKNOWN_PHASE) if seen else UNKNOWN_PHASE
            self._known[u] = phase != UNKNOWN_PHASE
            if phase != UNKNOWN_PHASE and phase != self._phase[u]:
                self._turn(u, phase, frame.number, verdict)
                turned = True
        if turned:
            self._look_up()
            forget(self._delay, ~self._has)

    def _turn(self, u: int, phase: int, number: int, verdict: Verdict) -> None:
        """Another phase of a unit begins; an excursion of the one before ends with it and begins anew if it goes on."""
        mine, was = self._unit == u, int(self._phase[u])
        if was != UNKNOWN_PHASE:
            for i in np.flatnonzero(mine & self._delay.active).tolist():
                self._regained(i, "phase over", number, verdict)
            self._settle(u, "phase over", number, verdict)
            forget(self._delay, mine)
            self._from[mine], self._run[mine], self._worst[mine] = 0, 0, np.nan
        seen = was != UNKNOWN_PHASE
        if not seen or phase == 0 or phase < was - 1:
            self._batch_at[u], self._batch_whole[u] = number, seen
            self._outside[mine, BATCH] = self._unjudged[mine, BATCH] = 0
        self._outside[mine, PHASE] = self._unjudged[mine, PHASE] = 0
        self._phase[u], self._phase_at[u], self._phase_whole[u] = phase, number, seen

    def _settle(self, u: int, why: str, number: int, verdict: Verdict) -> None:
        """The account of a unit since its last one: what each window of the phase came to."""
        rows = np.flatnonzero((self._unit == u) & self._has)
        if len(rows) and self._phase[u] != UNKNOWN_PHASE:
            points = {
                self._names[i][1]: {
                    "outside_s": self._seconds(int(self._outside[i, ACCOUNT])),
                    "not_judged_s": self._seconds(int(self._unjudged[i, ACCOUNT])),
                }
                for i in rows.tolist()
            }
            unit = self._units[u]
            body = {
                "phase": unit.phases[self._phase[u]].name, "batch_scan": self._batch(u), "why": why,
                "first_scan": max(int(self._phase_at[u]), int(self._account_at[u])), "scan": number,
                "ends_ns": int(self._day[1]) if why == "day over" else None, "points": points,
            }  # fmt: skip
            verdict.facts.append(Fact(kind="window_account", subject=unit.name, body=body))
        mine = self._unit == u
        self._outside[mine, ACCOUNT] = self._unjudged[mine, ACCOUNT] = 0
        self._account_at[u] = number

    def _turn_day(self, frame: Frame, verdict: Verdict) -> int:
        """At the site's midnight the day's counts begin anew; the scans that were lost before it, counted there."""
        if frame.time_ns < self._day[1]:
            return 0
        now = datetime.fromtimestamp(frame.time_ns // NS_PER_S, tz=self._zone)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        starts = [int((today + timedelta(days=day)).timestamp()) * NS_PER_S for day in (0, 1)]
        earlier = 0
        if self._day[1]:
            earlier = max(0, verdict.gap - (frame.time_ns - starts[0]) // self._plant.period_ns)
            self._lose(earlier)
            for u in range(len(self._units)):
                self._settle(u, "day over", frame.number, verdict)
            self._outside[:, DAY] = self._unjudged[:, DAY] = 0
        self._day = np.array(starts, dtype=np.int64)
        return earlier

    def _lose(self, scans: int) -> None:
        """Scans that were never made: nobody knows where the values were."""
        if scans:
            self._unjudged[self._has] += scans
            self._run[self._from > 0, 1] += scans

    def _look_up(self) -> None:
        """The window of each point in the last known phase of its unit."""
        n = len(self._names)
        self._low, self._high = np.full(n, -np.inf), np.full(n, np.inf)
        for i, (u, bounds) in enumerate(zip(self._unit.tolist(), self._bounds, strict=True)):
            if self._phase[u] != UNKNOWN_PHASE:
                self._low[i], self._high[i] = bounds[self._phase[u]]
        self._has: Bool = np.isfinite(self._low) | np.isfinite(self._high)
        self._first_limit = np.where(np.isfinite(self._high), self._high, np.where(self._has, self._low, np.nan))
        self._calm = False

    def state(self) -> Arrays:
        """Timers, phases, counts, the excursions that run, and the day."""
        own = {f"delay.{name}": array for name, array in self._delay.state().items()}
        return own | self._by_window() | self._by_unit() | {"day": self._day}

    def _by_window(self) -> Arrays:
        return {
            "outside": self._outside, "unjudged": self._unjudged, "from": self._from, "run": self._run,
            "worst": self._worst,
        }  # fmt: skip

    def _by_unit(self) -> Arrays:
        return {
            "phase": self._phase, "known": self._known, "phase_at": self._phase_at, "batch_at": self._batch_at,
            "phase_whole": self._phase_whole, "batch_whole": self._batch_whole, "account_at": self._account_at,
        }  # fmt: skip

    def rows(self) -> Rows:
        """By the name of the condition and of the unit with its phases: another recipe begins anew."""
        windows = tuple(condition.name for condition in self.conditions)
        units = tuple(f"{unit.name}: {[(phase.code, phase.name) for phase in unit.phases]}" for unit in self._units)
        own = dict.fromkeys((*self._by_window(), *(f"delay.{name}" for name in self._delay.state())), windows)
        return own | dict.fromkeys(self._by_unit(), units) | {"day": ("running", "next")}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._delay.load({name: arrays[f"delay.{name}"] for name in self._delay.state()})
        self._outside, self._unjudged = arrays["outside"].copy(), arrays["unjudged"].copy()
        self._from, self._run, self._worst = arrays["from"].copy(), arrays["run"].copy(), arrays["worst"].copy()
        self._phase, self._account_at = arrays["phase"].copy(), arrays["account_at"].copy()
        self._phase_at, self._batch_at = arrays["phase_at"].copy(), arrays["batch_at"].copy()
        self._known, self._day = arrays["known"].astype(np.bool_), arrays["day"].copy()
        self._phase_whole = arrays["phase_whole"].astype(np.bool_)
        self._batch_whole = arrays["batch_whole"].astype(np.bool_)
        self._look_up()
        self._live = self._show()

    def live(self) -> Arrays:
        """What the unit page shows; empty without windows."""
        return self._live

    def _show(self) -> Arrays:
        if not self._names:
            return {}
        return {
            "now": self._now,
            "outside_scans": self._outside[:, :ACCOUNT].copy(),
            "unjudged_scans": self._unjudged[:, :ACCOUNT].copy(),
            "phase": np.where(self._known, self._phase, UNKNOWN_PHASE),
            **{key: self._by_unit()[key].copy() for key in ("phase_at", "batch_at", "phase_whole", "batch_whole")},
        }


def windowed_units(plant: Plant) -> tuple[Unit, ...]:
    """The units with a safe operating window in some phase."""
    return tuple(unit for unit in plant.file.units if unit.phase_point is not None and windowed_points(unit))


def windowed_points(unit: Unit) -> tuple[str, ...]:
    """The points of a unit that have a safe limit in some phase, each once."""
    windows = (window for phase in unit.phases for window in phase.windows)
    return tuple(dict.fromkeys(w.point for w in windows if w.low is not None or w.high is not None))


def _bounds(unit: Unit, point: str) -> list[tuple[float, float]]:
    """Low and high of a point in each phase, infinite where there is none."""
    found = []
    for phase in unit.phases:
        window = next((one for one in phase.windows if one.point == point), None)
        low = -np.inf if window is None or window.low is None else window.low
        found.append((low, np.inf if window is None or window.high is None else window.high))
    return found


def _number(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None


def _condition(plant: Plant, unit: Unit, point: str) -> Condition:
    row = plant.points.row[point]
    return Condition(
        name=f"{unit.name}.{point}.window",
        subject=point,
        kind="window",
        klass=ConditionClass.FINDING,
        priority=3,
        on_delay_scans=plant.scans(ON_DELAY_S),
        off_delay_scans=plant.scans(OFF_DELAY_S),
        point=row,
        source=int(plant.points.source[row]),
        unit=unit.name,
        consequence={
            "en": "The value is outside the safe window of the phase that runs: nobody has assessed it there.",
            "zh": "数值超出当前阶段的安全操作窗口：该工况未经风险评估。",
        },
        action={
            "en": "Bring it back into the window, or hold the recipe; write the excursion down with its cause.",
            "zh": "将参数调回窗口内，或暂停批次；记录超出原因。",
        },
    )
