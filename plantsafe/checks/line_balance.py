"""Balances of each continuous unit (`line` of the plant file): what comes in, leaves, stands behind it and gathers.

Findings `<unit>.<kind>`, of what the file describes:

feed_ratio: the ratio of the feeds, as a mean over a minute, is off by more than its tolerance.
mass_balance: in and out, as means over the residence (a minute at least), differ by more than the meters can.
missing_mass: what was missing beyond the meters' doubt adds up to more than is allowed: it leaked, or it gathers.
pressure_drop: above the clean one at the same feed by more than `fouled`: clogging, fouling.
profile: a temperature along the way is off the normal one at this feed.
hold_up_differs: what the vessels show is not what the flows leave in them, by more than the meters can be wrong.
reverse_flow: a flow or a pressure drop is below zero: something runs back.
hold_up: nitrated product after the reactor is over its limit, or will be within AHEAD_S at the present rate.
conveyor_blocked: the drive of the conveyor takes more current while less leaves it.
conveyor_heat: what is in the conveyor gets warmer than it may.

A unit that does not run, or is fed less than IDLE_SHARE of its normal feed, has no ratio, balance, pressure drop or
profile to judge; hold-up, direction and conveyor are judged all the time. With an input missing a finding is
`unknown`, and after a start until its means are SETTLED_S old and, for the profile, the unit is filled. A hold-up whose
vessels cannot be read lives on the flows for BLIND_S. An instrument driven to an end of its range counts with that end
where hold-up, direction and conveyor are judged; the others leave it out.
"""

from collections.abc import Callable, Sequence

import numpy as np

from models.hazard.line_balance import clean_share, held_kg, missing_kg, residual_doubt_kg_h, smoothed
from plantsafe.checks.axial import AxialProfiles, places
from plantsafe.checks.line_findings import (
    BALANCE,
    BLOCKED,
    DIFFERS,
    DROP,
    HEAT,
    HOLD_UP,
    KINDS,
    MISSING,
    PROFILE,
    RATIO,
    REVERSE,
    line_condition,
)  # fmt: skip
from plantsafe.delay import Delay
from plantsafe.frame import F8, SEVERITY_MASK, UNCERTAIN_EU_EXCEEDED, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.model import Unit
from plantsafe.plant.model.line import Line
from plantsafe.verdict import Arrays, Rows, Verdict

MEAN_S = 60.0  # of every mean, at least (site default)
SLOW_S = 900.0  # of the pressure drop that its trend is seen against (site default)
SETTLED_S = 60.0  # of samples after a start (site default)
FILLED = 2.0  # residences after a start until a profile is one (site default)
IDLE_SHARE = 0.2  # of the normal feed (site default)
DOUBTS = 3.0  # standard deviations of the meters before in and out differ (site default)
SLACK_DOUBTS = 1.0  # that a missing mass is without (site default)
ALLOWED_SHARE = 0.05  # of what is fed in an hour (site default)
BACK_SHARE = 0.02  # of the range, below zero, that counts as running back (site default)
DIFFERS_SHARE = 0.05  # of the hold-up's limit (site default)
HELD_S = 300.0  # in which a hold-up is drawn to what is measured (site default)
AHEAD_S = 900.0  # that a hold-up is seen ahead (site default)
BLIND_S = 600.0  # that a hold-up lives on flows alone (site default)
CURRENT_SHARE, DISCHARGE_SHARE = 1.2, 0.5  # of the normal ones, of a conveyor that is blocked (site defaults)

FED, LEFT, FED_RATIO, DP, DP_SLOW, HELD_IN, HELD_OUT = range(7)
_OF_RUNNING = 5  # so many means, and so many findings, are of a unit that runs
_CODE = np.uint32(0xFFFF0000)  # of a status, without its info bits


class LineBalanceCheck:
    """Findings in the order of the units, those of a unit in the order of `Line.findings`."""

    name = "line_balance"

    def __init__(self, plant: Plant) -> None:
        units, lines = balanced_lines(plant)
        self._names, n = tuple(unit.name for unit in units), len(units)
        self._gather(plant, units, lines)
        self._normal, self._accuracy = _each(lines, lambda a: a.normal_kg_h), _each(lines, lambda a: a.flow_accuracy)
        laws = [a.pressure_drop.fitted(a.normal_kg_h) if a.pressure_drop else (1.0, 1.0) for a in lines]
        self._clean_kpa, self._exponent = np.array(laws, dtype=np.float64).reshape(n, 2).T
        self._kg_per_unit = _padded(
            [[one.kg_per_unit for one in a.hold_up.inventories] if a.hold_up else [] for a in lines], 0.0
        )
        ends = [[plant.file.points[plant.points.row[p]].range[1] for p in a.direction] for a in lines]
        self._back = _padded([[-BACK_SHARE * end for end in each] for each in ends], -np.inf)
        self._ratio = _each(lines, lambda a: a.ratio.normal if a.ratio else 1.0)
        self._normal_a = _each(lines, lambda a: a.conveyor.normal_a if a.conveyor else 1.0)
        self._low_kg_h = _each(lines, lambda a: DISCHARGE_SHARE * a.conveyor.normal_kg_h if a.conveyor else 0.0)
        self._axial = AxialProfiles(lines)
        self._limits = np.stack(
            [
                _each(lines, lambda a: a.ratio.tolerance if a.ratio else np.inf),
                np.full(n, np.inf),
                _each(lines, lambda a: a.allowed_kg or ALLOWED_SHARE * a.normal_kg_h),
                _each(lines, lambda a: a.pressure_drop.fouled if a.pressure_drop else np.inf),
                _each(lines, lambda a: a.profile.tolerance_k if a.profile else np.inf),
                _each(lines, lambda a: a.hold_up.limit_kg if a.hold_up else np.inf),
                np.full(n, np.inf),
                np.zeros(n),
                np.full(n, CURRENT_SHARE),
                _each(lines, lambda a: a.conveyor.normal_c + a.conveyor.rise_k if a.conveyor else np.inf),
            ]
        )
        self._period_s = period_s = plant.file.scan_period_s
        residence = np.maximum(_each(lines, lambda a: a.residence_s), MEAN_S)
        mean, slow = np.full(n, MEAN_S), np.full(n, SLOW_S)
        self._weight = np.minimum(period_s / np.stack([residence, residence, mean, mean, slow, mean, mean]), 1.0)
        self._mean, self._seen = np.zeros_like(self._weight), np.zeros_like(self._weight)
        self._settled, self._filled_s = False, np.maximum(FILLED * residence, SETTLED_S)
        self._running_s = np.full(n, np.inf)  # since it was seen idle
        self._missing, self._held, self._blind_s = np.zeros((2, n)), np.full(n, np.nan), np.zeros(n)

        told = [(i, KINDS.index(kind)) for i, line in enumerate(lines) for kind in line.findings]
        self._pick = np.array([kind * n + i for i, kind in told], dtype=np.intp)
        self.conditions = tuple(line_condition(plant, units[i], KINDS[kind]) for i, kind in told)
        self._delay = Delay(
            np.array([one.on_delay_scans for one in self.conditions], dtype=np.int32),
            np.array([one.off_delay_scans for one in self.conditions], dtype=np.int32),
        )
        self._live: Arrays = {}

    def _gather(self, plant: Plant, units: Sequence[Unit], lines: Sequence[Line]) -> None:
        """One table of rows of the frame, (n_inputs, n_units), and what stands where a unit has no such input."""
        row = plant.points.row
        inputs: list[list[int]] = []
        pads: list[float] = []

        def take(names: Sequence[Sequence[str | None]], pad: float) -> slice:
            begin = len(inputs)
            for k in range(max((len(each) for each in names), default=0) or 1):
                named = [each[k] if k < len(each) else None for each in names]
                inputs.append([row[name] if name else -1 for name in named])
                pads.append(pad)
            return slice(begin, len(inputs))

        def one(of: Callable[[Line], str | None], pad: float = 0.0) -> int:
            return int(take([[of(a)] for a in lines], pad).start)

        self._feeds = take([[*a.feeds, *[None] * (2 - len(a.feeds))] for a in lines], 0.0)
        self._left = one(lambda a: a.outlet)
        self._running = take([[unit.running] for unit in units], 1.0).start
        self._dp = one(lambda a: a.pressure_drop.point if a.pressure_drop else None)
        self._held_in = one(lambda a: a.hold_up.inflow if a.hold_up else None)
        self._held_out = one(lambda a: a.hold_up.outflow if a.hold_up else None)
        self._reference = one(lambda a: a.profile.reference if a.profile else None)
        self._profile = take([[p.point for p in each] for each in places(lines)], 0.0)
        self._driven = len(inputs)  # from here on the end of a range counts as a value
        self._vessels = take([[v.point for v in a.hold_up.inventories] if a.hold_up else [] for a in lines], 0.0)
        self._direction = take([a.direction for a in lines], 0.0)
        self._current = one(lambda a: a.conveyor.current if a.conveyor else None)
        self._discharge = one(lambda a: a.conveyor.discharge if a.conveyor else None)
        self._temperature = one(lambda a: a.conveyor.temperature if a.conveyor else None)
        self._rows = np.array(inputs, dtype=np.intp).reshape(len(inputs), len(lines))
        self._absent = self._rows < 0
        self._rows[self._absent] = 0
        self._pads = np.broadcast_to(np.array(pads)[:, None], self._rows.shape)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Take in one scan; what flowed in a lost scan is not known."""
        if not self._names:
            return
        x, whole = self._read(frame)
        feeds, left = x[self._feeds], x[self._left]
        fed = feeds.sum(axis=0)
        idle = (x[self._running] < 0.5) | (fed < IDLE_SHARE * self._normal)
        idles = bool(idle.any())
        now = np.empty_like(self._mean)
        now[FED], now[LEFT] = fed, left
        now[FED_RATIO] = feeds[1] / np.maximum(feeds[0], IDLE_SHARE)
        now[DP] = now[DP_SLOW] = clean_share(x[self._dp], fed, self._normal, self._clean_kpa, self._exponent)
        now[HELD_IN], now[HELD_OUT] = x[self._held_in], x[self._held_out]
        if idles:
            self._seen[:_OF_RUNNING] *= ~idle
            now[:_OF_RUNNING, idle] = np.nan
            self._running_s[idle] = 0.0
        self._running_s += self._period_s
        self._mean, self._seen = smoothed(self._mean, self._seen, now, self._weight)
        mean = self._mean
        early = self._seen * self._period_s < SETTLED_S if idles or not self._settled else None
        self._settled = early is None or not early.any()
        filling = self._running_s < self._filled_s
        plain = whole and early is None and not filling.any()  # nothing is missing: most scans are

        residual = mean[FED] - mean[LEFT]
        doubt = residual_doubt_kg_h(mean[FED], mean[LEFT], self._accuracy)
        if plain:
            judged = residual
        else:
            judged = np.where(np.isnan(now[FED] + now[LEFT]), np.nan, residual)
            if early is not None:
                judged[early[FED] | early[LEFT]] = np.nan
        self._missing = missing_kg(self._missing, judged, SLACK_DOUBTS * doubt, self._period_s)
        measured = (x[self._vessels] * self._kg_per_unit).sum(axis=0)
        net = x[self._held_in] - x[self._held_out]
        self._held = held_kg(self._held, measured, net, self._period_s / HELD_S, self._period_s)
        gathers = mean[HELD_IN] - mean[HELD_OUT]

        values = np.empty_like(self._limits)
        values[RATIO] = mean[FED_RATIO] / self._ratio - 1.0
        values[BALANCE] = residual
        values[MISSING] = self._missing.max(axis=0)
        values[DROP] = mean[DP]
        values[PROFILE] = self._axial.deviation(x[self._profile], x[self._reference], fed)
        values[HOLD_UP] = self._held + np.maximum(gathers, 0.0) * (AHEAD_S / 3600.0)
        values[DIFFERS] = measured - self._held
        values[REVERSE] = (x[self._direction] - self._back).min(axis=0)
        values[BLOCKED] = x[self._current] / self._normal_a
        values[HEAT] = x[self._temperature]
        limits = self._limits.copy()
        limits[BALANCE] = DOUBTS * doubt
        drift = residual_doubt_kg_h(mean[HELD_IN], mean[HELD_OUT], self._accuracy)
        limits[DIFFERS] = DIFFERS_SHARE * limits[HOLD_UP] + drift * (DOUBTS * HELD_S / 3600.0)
        if plain:
            self._blind_s[:] = 0.0
        else:
            self._mark(values, now, early, filling, measured, net, verdict.gap, x[self._discharge])
        beyond = np.abs(values) > limits
        beyond[REVERSE] = values[REVERSE] < 0.0
        beyond[BLOCKED] &= x[self._discharge] < self._low_kg_h
        unknown = np.isnan(values)
        if idles:
            unknown[:_OF_RUNNING] &= ~idle
        pick = self._pick
        unknown_now = unknown.ravel()[pick]
        self._delay.step(beyond.ravel()[pick], unknown_now, number=frame.number, gap=verdict.gap)
        verdict.active[block], verdict.since[block] = self._delay.active, self._delay.since
        verdict.unknown[block] = unknown_now
        verdict.value[block], verdict.limit[block] = values.ravel()[pick], limits.ravel()[pick]
        self._live = {
            "idle": idle, "mean": mean, "values": values, "limits": limits, "unknown": unknown,
            "held_kg": self._held, "missing_kg": self._missing,
        }  # fmt: skip

    def _read(self, frame: Frame) -> tuple[F8, bool]:
        """Inputs (n_inputs, n_units), NaN where one is missing; whether none is."""
        x, status = frame.value[self._rows], frame.status[self._rows]
        not_good = (status & np.uint32(SEVERITY_MASK)) != 0
        not_good &= ~self._absent
        whole = not not_good.any()
        if not whole:
            driven = (status[self._driven :] & _CODE) == UNCERTAIN_EU_EXCEEDED
            not_good[self._driven :] &= ~driven
            x[not_good] = np.nan
        np.copyto(x, self._pads, where=self._absent)
        return x, whole

    def _mark(
        self, values: F8, now: F8, early: Bool | None, filling: Bool, measured: F8, net: F8, gap: int, discharge: F8
    ) -> None:
        """NaN in `values` where the finding cannot be judged: an input is missing, or the mean is too young."""
        lost = np.isnan(now)
        if early is not None:
            lost |= early
        values[RATIO, lost[FED_RATIO]] = np.nan
        values[BALANCE : MISSING + 1, lost[FED] | lost[LEFT]] = np.nan
        values[DROP, lost[DP]] = np.nan
        self._blind_s = np.where(np.isnan(measured), self._blind_s + (1 + gap) * self._period_s, 0.0)
        blind = (self._blind_s > 0.0) & (np.isnan(net) | (self._blind_s > BLIND_S))
        values[HOLD_UP, blind] = np.nan
        values[DIFFERS, np.isnan(net)] = np.nan
        values[BLOCKED, np.isnan(discharge)] = np.nan
        values[PROFILE, filling] = np.nan

    def state(self) -> Arrays:
        """Means, what is missing and held up, and timers."""
        own: Arrays = {
            "mean": self._mean.T,
            "seen": self._seen.T,
            "missing": self._missing.T,
            "held": self._held,
            "blind_s": self._blind_s,
            "running_s": self._running_s,
        }
        return own | {f"delay.{name}": array for name, array in self._delay.state().items()}

    def rows(self) -> Rows:
        """By the unit's name, timers by the finding's."""
        findings = tuple(condition.name for condition in self.conditions)
        return {k: findings if k.startswith("delay.") else self._names for k in self.state()}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._mean, self._seen = arrays["mean"].T.copy(), arrays["seen"].T.copy()
        self._missing = arrays["missing"].T.copy()
        self._held, self._blind_s = arrays["held"].copy(), arrays["blind_s"].copy()
        self._running_s, self._settled = arrays["running_s"].copy(), False
        self._delay.load({k.removeprefix("delay."): a for k, a in arrays.items() if k.startswith("delay.")})

    def live(self) -> Arrays:
        """By unit on the last axis: idle, means, values, limits, unknowns by kind, kg held and missing."""
        return self._live


def balanced_lines(plant: Plant) -> tuple[tuple[Unit, ...], tuple[Line, ...]]:
    """The units with a line, in the order of the arrays, and their lines."""
    found = [(unit, unit.line) for unit in plant.file.units if unit.line is not None]
    return tuple(unit for unit, _ in found), tuple(line for _, line in found)


def _each(lines: Sequence[Line], of: Callable[[Line], float]) -> F8:
    return np.array([of(line) for line in lines], dtype=np.float64)


def _padded(values: Sequence[Sequence[float]], pad: float) -> F8:
    """(k, n) of n lists of different length."""
    table = np.full((max((len(each) for each in values), default=0) or 1, len(values)), pad)
    for i, each in enumerate(values):
        table[: len(each), i] = each
    return table
