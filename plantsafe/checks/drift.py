"""Every analog point by itself: drifts, lasting shifts, a signal that behaves unlike itself: findings, never alarms.

Values of a process are serially correlated, so the textbook limits (3 sigma of the mean, slack 0.5, decision 5) would
find something everywhere. These are for a healthy process with a wander of 5 min, whose own spread is underrated by a
warm-up of 15 min: 10 standard deviations of the value for its mean over 20 scans, and a sum that counts only what lies
beyond 7; a spread is never taken below half a percent of the span. Measured on such walks: under 0.1 false findings
a point and day; a drift of one standard deviation in 100 scans is found after 10 to 17 min. What a recipe moves by
design is taken away first (see `course`): the departure from earlier batches is judged, and the spread is at least that
between them. Bad, uncertain and lost values hold everything and are unknown.

The signal: runs away, stuck, noisier or stiller than in its warm-up, spikes, out of its physical range (see
models.statistical.points). A question is asked only of a point that showed in its warm-up what it asks about: stillness
of one that had noise, standing of one that did not stand; neither at an end of its range, where a shut valve, no flow
and a stopped motor rest.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from models.statistical.points import (
    KINDS as QUESTIONS,
)
from models.statistical.points import (
    MEAN,
    NOISY,
    PACE,
    RANGE,
    RATE,
    SHIFT,
    SPIKE,
    STILL,
    STUCK,
    Bits,
    PointLimits,
    PointMonitor,
    PointReference,
)
from models.statistical.reference import Reference
from plantsafe.checks.course import Course
from plantsafe.checks.warm_up import NOISE_FLOOR, SPREAD_FLOOR, WarmUp, forget, spread_floor
from plantsafe.delay import Delay
from plantsafe.frame import F8, I8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

LIMITS = PointLimits()
ON_DELAY_SCANS = 30  # as of the unit monitors: no spikes, no corner of a batch that comes a little early (site default)
SIGNAL_DELAY_SCANS = 10  # a signal is judged over 20 scans already (site default)
OFF_DELAY_SCANS = 60  # a finding that comes and goes is one finding (site default)
LIVELY = 0.0005  # of the span: steps of a point that has a noise of its own (site default)
STANDS_AT_MOST = 60  # scans in the warm-up, of a point that may be called stuck (site default)
AT_REST = 0.02  # of the span from either end of the range (site default)
SPIKES = 2.5  # more of them, each counting 1 and fading over SPIKE_MEMORY scans (site default)
SPIKE_MEMORY = 300.0
BAND, BACK = 4.0, 2.0  # spreads of the mean: a point has left its band, and is back in it (site default)
BELOW, ABOVE = 0.025, 0.0625  # of the span beyond its range: 3.6 and 21 mA are a failed transmitter (NAMUR NE 43)
Kind = Literal["ewma", "cusum", "signal"]
KINDS: tuple[Kind, ...] = ("ewma", "cusum", "signal")
_TEXT: dict[Kind, tuple[dict[str, str], dict[str, str]]] = {
    "ewma": (
        {
            "en": "The value has left what was normal when this phase began, within its limits.",
            "zh": "数值在限值内，但已偏离本阶段开始时的正常水平。",
        },
        {
            "en": "Compare with neighbouring instruments: the process or the instrument drifts.",
            "zh": "与相邻仪表对比：工艺或仪表发生漂移。",
        },
    ),
    "signal": (
        {
            "en": "The signal is unlike itself: it runs away, stands still, is noisier, spikes or is out of its range.",
            "zh": "信号表现异常：变化过快、停滞、噪声变大、出现尖峰或超出量程。",
        },
        {
            "en": "Look at the trend: instrument, cabling or valve first, then the process.",
            "zh": "查看趋势：先检查仪表、接线和阀门，再检查工艺。",
        },
    ),
}
_TEXT["cusum"] = _TEXT["ewma"]


class DriftCheck:
    """Three findings an analog point, `<name>.ewma`, `<name>.cusum` and `<name>.signal`; all EWMA first."""

    name = "drift"

    def __init__(self, plant: Plant, course: Course | None = None) -> None:
        self._course = course or Course(plant)
        self._rows = np.flatnonzero(plant.points.monitored)
        self._n_points = plant.n_points
        self._led = np.searchsorted(self._rows, self._course.rows)
        self._floor = spread_floor(plant, self._rows)
        self._noise = spread_floor(plant, self._rows, NOISE_FLOOR)
        self._warm_up = WarmUp(self._floor.copy(), self._noise)
        low, high = plant.points.low[self._rows], plant.points.high[self._rows]
        self._span, n = high - low, len(self._rows)
        self._low, self._high = low - BELOW * self._span, high + ABOVE * self._span
        self._rest_low, self._rest_high = low + AT_REST * self._span, high - AT_REST * self._span
        self._spikes = np.zeros(n)
        self._monitor = PointMonitor(self._normal(), LIMITS)
        self._permitted = np.full(n, 0xFFFF, dtype=np.uint16)  # questions that a model says can be asked
        self._asked = self._questions()
        self.row = {plant.points.names[row]: i for i, row in enumerate(self._rows.tolist())}
        self._unit = plant.points.unit[self._rows]
        self._out: Bool = np.zeros(n, dtype=np.bool_)
        self._left: I8 = np.zeros(n, dtype=np.int64)  # scan in which each left its band, 0 inside
        on = np.repeat(np.array([ON_DELAY_SCANS, ON_DELAY_SCANS, SIGNAL_DELAY_SCANS], dtype=np.int32), n)
        self._delay = Delay(on, np.full(3 * n, OFF_DELAY_SCANS, dtype=np.int32))
        self.conditions = tuple(_condition(plant, int(row), kind) for kind in KINDS for row in self._rows)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Learn where no reference stands yet; judge where one does."""
        restarted = self._course.step(frame)[self._rows]
        if restarted.any():
            self._warm_up.restart(restarted, self._floors())
            forget(self._delay, np.tile(restarted, 3))
            self._permitted[restarted] = 0xFFFF
            self._out = self._out & ~restarted
            self._begin(restarted)
        if restarted.any() or self._course.renewed:
            self._take(restarted)
        x, value = self._course.departure[self._rows], frame.value[self._rows]
        judged = self._warm_up.reference.known
        flags = self._monitor.step(np.where(judged, x, np.nan), value)
        beyond, why = self._beyond(flags, value)
        self._follow(frame.number)
        self._begin(self._warm_up.learn(x))
        before = self._delay.active
        unknown = np.empty_like(beyond)
        unknown[:] = self._monitor.unknown
        self._delay.step(beyond.ravel(), unknown.ravel(), number=frame.number, gap=verdict.gap)
        self._doubt(beyond)
        if self._delay.active is not before:
            for i in np.flatnonzero((self._delay.active & ~before)[2 * len(self._rows) :]).tolist():
                verdict.facts.append(self._explain(i, int(why[i])))
        verdict.active[block], verdict.since[block] = self._delay.active, self._delay.since
        verdict.unknown[block] = unknown.ravel()
        self._say(verdict.value[block].reshape(3, -1), verdict.limit[block].reshape(3, -1), value)

    def _take(self, restarted: Bool) -> None:
        """Begin with what the model knows of the present regimes: points that begin anew, all with a new model."""
        shelf, n = self._course.shelf, len(self._rows)
        known = np.zeros(n, dtype=np.bool_)
        mean, sigma, step, longest = np.zeros(n), np.ones(n), np.zeros(n), np.zeros(n)
        asked = np.zeros(n, dtype=np.uint16)
        for unit, _, points in shelf.units():
            normal = shelf.normal(unit, self._course.regime(unit))
            place = np.searchsorted(self._rows, points)
            if normal is None or not (self._course.renewed or restarted[place].any()):
                continue
            known[place] = normal.reference.known & self._course.learnt(points)
            asked[place] = normal.asked
            mean[place], sigma[place] = normal.reference.mean, normal.reference.sigma
            step[place], longest[place] = normal.step, normal.longest
        if not self._course.renewed:
            known &= restarted
        if known.any():
            self._warm_up.restart(known, self._floors())
            self._warm_up.take(known, Reference(mean=mean, sigma=sigma, known=known), step, longest)
            self._permitted[known] = asked[known]
            self._begin(known)

    def _beyond(self, flags: Bits, value: F8) -> tuple[Bool, Bits]:
        """All conditions (3, n), and what is wrong with each signal as bits."""
        self._spikes *= 1.0 - 1.0 / SPIKE_MEMORY
        self._spikes += (flags & SPIKE) > 0
        rests = (value <= self._rest_low) | (value >= self._rest_high)
        why = flags & self._asked
        why &= np.where(rests, ~np.uint16(STILL | STUCK), np.uint16(0xFFFF))
        spiking = self._spikes > SPIKES
        if spiking.any():
            why[spiking] |= self._asked[spiking] & SPIKE
        return np.stack([flags & MEAN, flags & SHIFT, why]) > 0, why

    def _say(self, shown: F8, limit: F8, value: F8) -> None:
        """Values and limits, (3, n) each."""
        reference, monitor = self._warm_up.reference, self._monitor.kept_by_name
        away = monitor["mean"] * reference.sigma
        middle = reference.mean.copy()
        middle[self._led] += self._course.expected
        both = np.stack([away, np.where(away >= 0.0, LIMITS.mean, -LIMITS.mean) * reference.sigma]) + middle
        shown[0], limit[0] = np.where(reference.known, both, np.nan)
        shown[1], limit[1] = np.maximum(monitor["high"], monitor["low"]), LIMITS.decision
        shown[2] = value

    def _normal(self) -> PointReference:
        """What the warm-up has found, in the terms of the monitor."""
        own = self._warm_up.reference
        change = np.maximum(self._warm_up.step, self._noise)
        return PointReference(
            mean=own.mean,
            sigma=own.sigma,
            change=change,
            pace=np.maximum(PACE * change, SPREAD_FLOOR * self._span),
            longest=self._warm_up.longest,
            low=self._low,
            high=self._high,
            known=own.known,
        )

    def _follow(self, number: int) -> None:
        """Which points have left their band, and when."""
        away = np.abs(self._monitor.kept_by_name["mean"])
        out: Bool = (away > BAND) | (self._out & (away > BACK))
        if (out != self._out).any():
            self._left = np.where(out, np.where(self._out, self._left, number), 0)
            self._out = out

    def moved(self, unit: int) -> list[tuple[str, float, int]]:
        """Points of a unit that have left their band: name, how far in spreads, since which scan; the first one first.

        Of those of one scan the one that is furthest away.
        """
        places = np.flatnonzero(self._out & (self._unit == unit)).tolist()
        found = [one for i in places for one in self.away([self.conditions[i].subject])]
        return sorted(found, key=lambda one: (one[2], -abs(one[1])))

    def away(self, points: Sequence[str]) -> list[tuple[str, float, int]]:
        """The same of these points, in or out of their band; those that cannot be judged are left out."""
        mean, known = self._monitor.kept_by_name["mean"], self._warm_up.reference.known
        places = [self.row[name] for name in points if name in self.row]
        return [(self.conditions[i].subject, round(float(mean[i]), 2), int(self._left[i])) for i in places if known[i]]

    def _questions(self) -> Bits:
        """Bits that are asked of each signal: see the head of this file."""
        lively = self._warm_up.step >= np.maximum(LIVELY * self._span, self._noise)
        moves = self._warm_up.longest <= STANDS_AT_MOST
        asked = np.full(len(self._rows), RATE | RANGE, dtype=np.uint16)
        asked |= np.where(lively, np.uint16(NOISY | STILL | SPIKE), np.uint16(0))
        asked |= np.where(lively & moves, np.uint16(STUCK), np.uint16(0))
        asked[~self._warm_up.steady] &= ~np.uint16(STILL)  # calm after how the phase began is no finding
        return asked & self._permitted

    def _explain(self, i: int, why: int) -> Fact:
        found = [name for bit, name in enumerate(QUESTIONS) if why >> bit & 1]
        return Fact(
            kind="finding_explained",
            subject=self.conditions[2 * len(self._rows) + i].name,
            body={"points": [self.conditions[i].subject], "by": ", ".join(found)},
        )

    def _floors(self) -> F8:
        """The least spread of each point; along a batch it is that between batches."""
        floor = self._floor.copy()
        floor[self._led] = self._course.floor(floor[self._led])
        return floor

    def _doubt(self, beyond: Bool) -> None:
        """A pass is not learnt for a point that was found in it."""
        found = beyond[0] | beyond[1]
        if found.any():
            points = np.zeros(self._n_points, dtype=np.bool_)
            points[self._rows[found]] = True
            self._course.doubt(points)

    def _begin(self, where: Bool) -> None:
        """Judge these points anew: their reference was completed or forgotten in this scan."""
        if not where.any():
            return
        self._monitor.begin(where, self._normal())
        self._asked = self._questions()
        self._spikes = np.where(where, 0.0, self._spikes)

    def state(self) -> Arrays:
        """References, monitors and timers."""
        parts: dict[str, Arrays] = {
            "course": self._course.state(),
            "warm_up": self._warm_up.state(),
            "monitor": {
                **self._monitor.state(),
                "spikes": self._spikes,
                "permitted": self._permitted,
                "out": self._out,
                "left": self._left,
            },
            "delay": self._delay.state(),
        }
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    def rows(self) -> Rows:
        """References go over by the point's name, timers by the finding's."""
        findings = tuple(condition.name for condition in self.conditions)
        points = tuple(condition.subject for condition in self.conditions[: len(self._rows)])
        kept = (name for name in self.state() if not name.startswith("course."))
        own = {name: findings if name.startswith("delay.") else points for name in kept}
        return own | {f"course.{name}": rows for name, rows in self._course.names_of_rows().items()}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""

        def part(name: str) -> Arrays:
            return {key.removeprefix(f"{name}."): a for key, a in arrays.items() if key.startswith(f"{name}.")}

        self._course.load(part("course"))
        self._warm_up.load(part("warm_up"))
        self._monitor.begin(np.ones(len(self._rows), dtype=np.bool_), self._normal())
        monitor = part("monitor")
        self._permitted = monitor.pop("permitted").astype(np.uint16)
        self._out, self._left = monitor.pop("out").astype(np.bool_), monitor.pop("left")
        self._spikes = monitor.pop("spikes").copy()
        self._monitor.load(monitor)
        self._asked = self._questions()
        self._delay.load(part("delay"))

    def live(self) -> Arrays:
        """By analog point: its row, the reference (0 where unknown), the moving mean."""
        reference = self._warm_up.reference
        return {
            "rows": self._rows,
            "known": reference.known,
            "reference_mean": reference.mean,
            "reference_sigma": reference.sigma,
            "mean": reference.mean + self._monitor.kept_by_name["mean"] * reference.sigma,
        }


def _condition(plant: Plant, row: int, kind: Kind) -> Condition:
    points = plant.points
    name = points.names[row]
    return Condition(
        name=f"{name}.{kind}",
        subject=name,
        kind=kind,
        klass=ConditionClass.FINDING,
        priority=4,
        on_delay_scans=SIGNAL_DELAY_SCANS if kind == "signal" else ON_DELAY_SCANS,
        off_delay_scans=OFF_DELAY_SCANS,
        point=row,
        source=int(points.source[row]),
        unit=plant.file.units[int(points.unit[row])].name,
        consequence=_TEXT[kind][0],
        action=_TEXT[kind][1],
    )
