"""Small lasting shifts and slow drifts of every analog point, by EWMA and by CUSUM: findings, never alarms.

Values of a process are serially correlated, so the textbook limits (3 sigma of the mean, slack 0.5, decision 5) would
find something everywhere. These are for a healthy process with a wander of 5 min, whose own spread is underrated by a
warm-up of 15 min: 10 standard deviations of the value for its mean over 20 scans, and a sum that counts only what lies
beyond 7; a spread is never taken below half a percent of the span. Measured on such walks: under 0.1 false findings
a point and day; a drift of one standard deviation in 100 scans is found after 10 to 17 min. What a recipe moves by
design is taken away first (see `course`): the departure from earlier batches is judged, and the spread is at least that
between them. A finding must last ON_DELAY_SCANS. Bad, uncertain and lost values hold everything and are unknown.
"""

from typing import Literal

import numpy as np

from models.statistical.cusum import CusumSettings, CusumState, start_cusum, step_cusum
from models.statistical.ewma import EwmaSettings, EwmaState, start_ewma, step_ewma
from plantsafe.checks.course import Course
from plantsafe.checks.warm_up import NOISE_FLOOR, WarmUp, forget, spread_floor
from plantsafe.delay import Delay
from plantsafe.frame import F8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict

EWMA_WEIGHT = 0.05  # a mean over about 20 scans (Montgomery: 0.05 to 0.25)
EWMA_LIMIT_SIGMA = 10.0  # of the value itself, not of the mean (site default, see above)
CUSUM = CusumSettings(slack=7.0, decision=120.0, ceiling=240.0)  # site default, see above
ON_DELAY_SCANS = 30  # as of the unit monitors: no spikes, no corner of a batch that comes a little early (site default)
OFF_DELAY_SCANS = 60  # a finding that comes and goes is one finding (site default)
KINDS: tuple[Literal["ewma", "cusum"], ...] = ("ewma", "cusum")


class DriftCheck:
    """Two findings an analog point, `<name>.ewma` and `<name>.cusum`; all EWMA first."""

    name = "drift"

    def __init__(self, plant: Plant, course: Course | None = None) -> None:
        self._course = course or Course(plant)
        self._rows = np.flatnonzero(plant.points.monitored)
        self._n_points = plant.n_points
        self._led = np.searchsorted(self._rows, self._course.rows)
        self._floor = spread_floor(plant, self._rows)
        self._warm_up = WarmUp(self._floor.copy(), spread_floor(plant, self._rows, NOISE_FLOOR))
        # limits of the EWMA are given in sigmas of its mean: sqrt(lambda/(2 - lambda)) of those of the value
        width = EWMA_LIMIT_SIGMA / np.sqrt(EWMA_WEIGHT / (2.0 - EWMA_WEIGHT))
        self._settings = EwmaSettings(weight=EWMA_WEIGHT, width=float(width), variance_alarm_rate=None)
        self._ewma = start_ewma(self._warm_up.reference)
        self._cusum = start_cusum(self._warm_up.reference)
        n = 2 * len(self._rows)
        self._delay = Delay(np.full(n, ON_DELAY_SCANS, dtype=np.int32), np.full(n, OFF_DELAY_SCANS, dtype=np.int32))
        self.conditions = tuple(_condition(plant, int(row), kind) for kind in KINDS for row in self._rows)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Learn where no reference stands yet; judge where one does."""
        restarted = self._course.step(frame)[self._rows]
        if restarted.any():
            self._warm_up.restart(restarted, self._floors())
            forget(self._delay, np.tile(restarted, 2))
        x = self._course.departure[self._rows]
        judged = self._warm_up.reference.known
        learnt = self._warm_up.learn(x)
        self._begin(learnt)
        reference = self._warm_up.reference
        seen = np.where(judged, x, np.nan)
        self._ewma, ewma = step_ewma(self._ewma, self._settings, reference, seen)
        self._cusum, cusum = step_cusum(self._cusum, CUSUM, reference, seen)
        unknown = np.concatenate([ewma.unknown, cusum.unknown])
        beyond = np.concatenate([ewma.high | ewma.low, cusum.high | cusum.low])
        self._delay.step(beyond, unknown, number=frame.number, gap=verdict.gap)
        self._doubt(beyond)
        side = np.where(self._ewma.mean >= reference.mean, EWMA_LIMIT_SIGMA, -EWMA_LIMIT_SIGMA)
        expected = np.zeros(len(self._rows))
        expected[self._led] = self._course.expected
        limit = expected + reference.mean + side * reference.sigma
        known = reference.known
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since
        verdict.unknown[block] = unknown
        verdict.value[block] = np.concatenate(
            [np.where(known, expected + self._ewma.mean, np.nan), np.maximum(self._cusum.high, self._cusum.low)]
        )
        verdict.limit[block] = np.concatenate([np.where(known, limit, np.nan), np.full(len(limit), CUSUM.decision)])

    def _floors(self) -> F8:
        """The least spread of each point; along a batch it is that between batches."""
        floor = self._floor.copy()
        floor[self._led] = self._course.floor(floor[self._led])
        return floor

    def _doubt(self, beyond: Bool) -> None:
        """A pass is not learnt for a point that was found in it."""
        n = len(self._rows)
        found = beyond[:n] | beyond[n:]
        if found.any():
            points = np.zeros(self._n_points, dtype=np.bool_)
            points[self._rows[found]] = True
            self._course.doubt(points)

    def _begin(self, learnt: Bool) -> None:
        """Start both monitors of the points whose reference was completed in this scan."""
        if not learnt.any():
            return
        fresh, zero = start_ewma(self._warm_up.reference), start_cusum(self._warm_up.reference)
        self._ewma = EwmaState(
            **{name: np.where(learnt, getattr(fresh, name), getattr(self._ewma, name)) for name in EwmaState.__slots__}
        )
        self._cusum = CusumState(
            **{name: np.where(learnt, getattr(zero, name), getattr(self._cusum, name)) for name in CusumState.__slots__}
        )

    def state(self) -> Arrays:
        """References, monitors and timers."""
        parts = {
            "course": self._course.state(),
            "warm_up": self._warm_up.state(),
            "ewma": {name: getattr(self._ewma, name) for name in EwmaState.__slots__},
            "cusum": {name: getattr(self._cusum, name) for name in CusumState.__slots__},
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
        self._ewma, self._cusum = EwmaState(**part("ewma")), CusumState(**part("cusum"))
        self._delay.load(part("delay"))

    def live(self) -> Arrays:
        """By analog point: its row, the reference (0 where unknown), the moving mean."""
        reference = self._warm_up.reference
        return {
            "rows": self._rows,
            "known": reference.known,
            "reference_mean": reference.mean,
            "reference_sigma": reference.sigma,
            "mean": self._ewma.mean,
        }


def _condition(plant: Plant, row: int, kind: Literal["ewma", "cusum"]) -> Condition:
    points = plant.points
    name = points.names[row]
    return Condition(
        name=f"{name}.{kind}",
        subject=name,
        kind=kind,
        klass=ConditionClass.FINDING,
        priority=4,
        on_delay_scans=ON_DELAY_SCANS,
        off_delay_scans=OFF_DELAY_SCANS,
        point=row,
        source=int(points.source[row]),
        unit=plant.file.units[int(points.unit[row])].name,
        consequence={
            "en": "The value has left what was normal when this phase began, within its limits.",
            "zh": "数值在限值内，但已偏离本阶段开始时的正常水平。",
        },
        action={
            "en": "Compare with neighbouring instruments: the process or the instrument drifts.",
            "zh": "与相邻仪表对比：工艺或仪表发生漂移。",
        },
    )
