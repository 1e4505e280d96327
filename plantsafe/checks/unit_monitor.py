"""Is the combination of a unit's values normal? One Mahalanobis monitor a unit: a finding, never an alarm.

Three stages a unit, begun anew where its phase changes or it starts or stops: LEARN mean, spread, correlation; TRIAL,
the highest distance of TRIAL_SCANS that were not learnt from; JUDGE, beyond a multiple of it. Theory limits are not
used alone: values of a process are serially correlated, and the rows of a warm-up are far fewer than their number.
Points that trend while being learnt, or are mostly not good, are left out. The model is not adapted afterwards: a slow
drift cannot be learnt away. Any value bad, uncertain or lost: the scan is unknown and the state holds.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum

import numpy as np

from models.statistical.mahalanobis import (
    MahalanobisModel,
    MahalanobisState,
    f_limit,
    learn_mahalanobis,
    start_mahalanobis,
)
from models.statistical.mahalanobis_bank import MahalanobisBank
from models.statistical.reference import Reference, learn_reference
from plantsafe.checks.course import Course
from plantsafe.checks.warm_up import MAX_TREND, NOISE_FLOOR, WARM_UP_SCANS, forget, spread_floor
from plantsafe.delay import Delay
from plantsafe.frame import F8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.tables import Index
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

EVERY_SCANS = 3  # rows are taken this far apart: neighbours say the same (site default)
ROWS = WARM_UP_SCANS // EVERY_SCANS
MIN_GOOD_ROWS = 2 * ROWS // 3  # a point with fewer good values is left out (site default)
MAX_POINTS = 60  # the first ones in the order of the file; more would need more rows (site default)
MIN_POINTS = 2
TRIAL_SCANS = 2700  # nine times the slowest usual wander (site default)
WEIGHT = 0.1  # MEWMA of about 10 scans (Lowry et al. 1992: 0.05 to 0.25)
SHRINKAGE = 0.3  # few independent rows: trust the correlations by seven tenths (site default)
MARGIN = 9.0  # of the highest distance squared in the trial: three times the distance (site default)
ALARM_RATE = 1e-4  # of the theory limit, which is the least that is used (site default)
ON_DELAY_SCANS = 30  # site default: six in a row at the least, and no spikes
OFF_DELAY_SCANS = 60  # site default
N_TOP = 3


class Stage(IntEnum):
    """What a monitor does with a scan."""

    LEARN = 0
    TRIAL = 1
    JUDGE = 2


LEARN = Stage.LEARN


class _Monitor:
    """One unit: its points, and what was learnt of them."""

    def __init__(self, rows: Index, floor: F8, noise: F8) -> None:
        self.rows = rows
        self._floor, self._noise = floor, noise
        self.restart()

    def restart(self) -> None:
        """Forget everything."""
        self.stage = Stage.LEARN
        self.highest, self.limit = 0.0, float("nan")
        self._count = 0
        self._taken: F8 = np.full((0, len(self.rows)), np.nan)
        self._use: Index = np.zeros(0, dtype=np.intp)
        self._model: MahalanobisModel | None = None
        self._smooth: MahalanobisState | None = None

    @property
    def learnt(self) -> tuple[MahalanobisModel, MahalanobisState] | None:
        """Model and state, once there are."""
        return None if self._model is None or self._smooth is None else (self._model, self._smooth)

    @property
    def used(self) -> Index:
        """Rows of the points that the model has."""
        return self.rows[self._use]

    def keep(self, state: MahalanobisState) -> None:
        """Take back the state that a bank has moved on."""
        self._smooth = state

    def tried(self, distance2: float) -> bool:
        """One scan of the trial; True when it was the last one and the limit stands."""
        self.highest = max(self.highest, distance2)
        self._count += 1
        if self._model is None or self._count < TRIAL_SCANS:
            return False
        least = f_limit(len(self._use), self._model.rows, ALARM_RATE)
        self.limit, self.stage = max(least, MARGIN * self.highest), Stage.JUDGE
        return True

    def learn(self, x: F8) -> None:
        """Take in one scan (n_points of the unit), NaN where not good."""
        if len(self.rows) < MIN_POINTS or not np.isfinite(x).any():
            return
        if self._count % EVERY_SCANS == 0:
            self._taken = np.vstack([self._taken, x])
        self._count += 1
        if len(self._taken) < ROWS:
            return
        rows, self._taken, self._count = self._taken, self._taken[:0], 0
        reference = learn_reference(rows, self._floor, MIN_GOOD_ROWS)
        use = np.flatnonzero(reference.known & ~_trends(rows, self._noise))
        complete = np.isfinite(rows[:, use]).all(axis=1).sum()
        if len(use) < MIN_POINTS or complete < len(use) + 2:
            return
        part = Reference(mean=reference.mean[use], sigma=reference.sigma[use], known=reference.known[use])
        self._use = use
        model = learn_mahalanobis(rows[:, use], part, SHRINKAGE, WEIGHT)
        # layout in memory decides the order of summing: keep the one that a restored snapshot has, bit for bit
        whitener = np.ascontiguousarray(model.whitener)
        self._model = replace(model, whitener=whitener, precision_diagonal=(whitener**2).sum(axis=0))
        self._smooth = start_mahalanobis(self._model)
        self.stage = Stage.TRIAL

    def state(self) -> Arrays:
        """By name; the arrays of the model are empty before there is one."""
        model, smooth, none = self._model, self._smooth, np.zeros(0)
        return {
            "scalars": np.array([self.highest, self.limit, smooth.fade if smooth else 1.0]),
            "counts": np.array([self.stage, self._count, model.rows if model else 0], dtype=np.int64),
            "taken": self._taken,
            "use": self._use,
            "smooth": smooth.smooth if smooth else none,
            "mean": model.reference.mean if model else none,
            "sigma": model.reference.sigma if model else none,
            "whitener": model.whitener if model else none.reshape(0, 0),
        }

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self.highest, self.limit, fade = (float(v) for v in arrays["scalars"])
        stage, self._count, rows = (int(v) for v in arrays["counts"])
        self.stage = Stage(stage)
        self._taken, self._use = arrays["taken"], arrays["use"]
        self._model, self._smooth = None, None
        if self.stage is not Stage.LEARN:
            known = np.ones(len(self._use), dtype=np.bool_)
            self._model = MahalanobisModel(
                reference=Reference(mean=arrays["mean"], sigma=arrays["sigma"], known=known),
                whitener=arrays["whitener"],
                precision_diagonal=(arrays["whitener"] ** 2).sum(axis=0),
                rows=rows,
                weight=WEIGHT,
            )
            self._smooth = MahalanobisState(smooth=arrays["smooth"], fade=fade)


class _Group:
    """The monitors that have a model, as one bank. Built anew whenever one begins or forgets its model.

    which (n_judged,): their numbers. rows, points (n_judged, n_widest): rows of the frame, and the same with -1 in the
    padding. judges (n_judged,): past the trial.
    """

    def __init__(self, monitors: Sequence[_Monitor]) -> None:
        found = [(i, monitor, *monitor.learnt) for i, monitor in enumerate(monitors) if monitor.learnt is not None]
        self.learning = [monitor for monitor in monitors if monitor.stage is LEARN]
        self.which: Index = np.array([i for i, *_ in found], dtype=np.intp)
        self.monitors = [monitor for _, monitor, *_ in found]
        self.bank = MahalanobisBank([model for *_, model, _ in found], [state for *_, state in found])
        self.points: Index = np.full(self.bank.valid.shape, -1, dtype=np.intp)
        for k, monitor in enumerate(self.monitors):
            self.points[k, : len(monitor.used)] = monitor.used
        self.rows: Index = np.maximum(self.points, 0)
        self.judges: Bool = np.array([monitor.stage is Stage.JUDGE for monitor in self.monitors], dtype=np.bool_)

    def settle(self) -> None:
        """Give the states back to the monitors."""
        for k, monitor in enumerate(self.monitors):
            monitor.keep(self.bank.state(k))


class UnitMonitorCheck:
    """One finding a unit with at least two analog points, `<unit>.multivariate`."""

    name = "units"

    def __init__(self, plant: Plant, course: Course | None = None) -> None:
        self._plant = plant
        points = plant.points
        self._course, self._owns_course = course or Course(plant), course is None
        by_unit = [
            np.flatnonzero(points.monitored & (points.unit == i))[:MAX_POINTS] for i in range(len(plant.file.units))
        ]
        self._units = np.array([i for i, rows in enumerate(by_unit) if len(rows) >= MIN_POINTS], dtype=np.intp)
        self._monitors = tuple(
            _Monitor(by_unit[i], spread_floor(plant, by_unit[i]), spread_floor(plant, by_unit[i], NOISE_FLOOR))
            for i in self._units
        )
        n = len(self._monitors)
        self._distance2: F8 = np.full(n, np.nan)
        self._limit: F8 = np.full(n, np.nan)
        self._top: Index = np.full((n, N_TOP), -1, dtype=np.intp)
        self._group = _Group(self._monitors)
        on = np.full(n, ON_DELAY_SCANS, dtype=np.int32)
        self._delay = Delay(on, np.full(n, OFF_DELAY_SCANS, dtype=np.int32))
        self.conditions = tuple(_condition(plant, plant.file.units[i].name, rows) for i, rows in self._pairs())

    def _pairs(self) -> list[tuple[int, Index]]:
        return [(int(i), m.rows) for i, m in zip(self._units, self._monitors, strict=True)]

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """One step of every unit's monitor; a finding that begins is explained to the journal."""
        if self._owns_course:
            self._course.step(frame)
        restarted = self._restarted()
        forget(self._delay, restarted)
        if restarted.any():
            self._restart(np.flatnonzero(restarted).tolist())
        x = self._course.compared
        beyond, unknown = self._judge(x)
        self._learn(x)
        before = self._delay.active
        self._delay.step(beyond, unknown, number=frame.number, gap=verdict.gap)
        for i in np.flatnonzero(self._delay.active & ~before).tolist():
            verdict.facts.append(self._explain(i))
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since
        verdict.unknown[block] = unknown
        verdict.value[block] = self._distance2
        verdict.limit[block] = self._limit

    def _restarted(self) -> Bool:
        """(n_monitors,) True where what is normal begins anew for a point of the unit."""
        points = self._course.restarted
        if not points.any():
            return np.zeros(len(self._monitors), dtype=np.bool_)
        return np.array([bool(points[m.rows].any()) for m in self._monitors], dtype=np.bool_)

    def _restart(self, which: list[int]) -> None:
        self._group.settle()
        for i in which:
            self._monitors[i].restart()
        self._distance2[which], self._limit[which], self._top[which] = np.nan, np.nan, -1
        self._group = _Group(self._monitors)

    def _judge(self, x: F8) -> tuple[Bool, Bool]:
        """One step of all monitors that have a model: beyond and unknown (n_monitors,)."""
        group = self._group
        beyond: Bool = np.zeros(len(self._monitors), dtype=np.bool_)
        unknown: Bool = np.ones(len(self._monitors), dtype=np.bool_)
        if not len(group.which):
            return beyond, unknown
        judged = group.bank.step(x[group.rows])
        seen = ~judged.unknown
        self._distance2[group.which[seen]] = judged.distance2[seen]
        for k in np.flatnonzero(seen & ~group.judges).tolist():
            monitor = group.monitors[k]
            if monitor.tried(float(judged.distance2[k])):
                self._limit[group.which[k]] = monitor.limit
                group.judges[k] = True
                seen[k] = False
        told = seen & group.judges
        which = group.which[told]
        order = np.argsort(-judged.contribution[told], axis=1, kind="stable")[:, :N_TOP]
        self._top[which, : order.shape[1]] = group.points[told][np.arange(len(which))[:, None], order]
        beyond[which] = self._distance2[which] > self._limit[which]
        unknown[which] = False
        return beyond, unknown

    def _learn(self, x: F8) -> None:
        learnt = False
        for monitor in self._group.learning:
            monitor.learn(x[monitor.rows])
            learnt |= monitor.stage is not LEARN
        if learnt:
            self._group.settle()
            self._group = _Group(self._monitors)

    def _explain(self, i: int) -> Fact:
        names = self._plant.points.names
        return Fact(
            kind="finding_explained",
            subject=self.conditions[i].name,
            body={
                "points": [names[row] for row in self._top[i].tolist() if row >= 0],
                "distance2": round(float(self._distance2[i]), 3),
                "limit": round(float(self._limit[i]), 3),
            },
        )

    def state(self) -> Arrays:
        """Phases, timers and the monitors, by unit."""
        arrays = {f"course.{name}": a for name, a in self._course.state().items()} if self._owns_course else {}
        arrays |= {f"delay.{name}": array for name, array in self._delay.state().items()}
        arrays |= {"distance2": self._distance2.copy(), "top": self._top.copy()}
        self._group.settle()
        for i, monitor in enumerate(self._monitors):
            arrays |= {f"{i}.{name}": array for name, array in monitor.state().items()}
        return arrays

    def rows(self) -> Rows:
        """Timers go over; the monitors learn anew, since a unit's points may be others."""
        names = tuple(condition.name for condition in self.conditions)
        return {f"delay.{name}": names for name in self._delay.state()}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""

        def part(name: str) -> Arrays:
            return {key.removeprefix(f"{name}."): a for key, a in arrays.items() if key.startswith(f"{name}.")}

        if self._owns_course:
            self._course.load(part("course"))
        self._delay.load(part("delay"))
        for i, monitor in enumerate(self._monitors):
            monitor.load(part(str(i)))
        self._distance2, self._top = arrays["distance2"].copy(), arrays["top"].copy()
        self._limit = np.array([monitor.limit for monitor in self._monitors], dtype=np.float64)
        self._group = _Group(self._monitors)

    def live(self) -> Arrays:
        """By monitored unit: its row, stage, and the point rows that speak most against it (-1 for none)."""
        return {
            "units": self._units,
            "stage": np.array([monitor.stage for monitor in self._monitors], dtype=np.uint8),
            "top": self._top.copy(),
        }


def _trends(rows: F8, noise: F8) -> Bool:
    """Halves further apart than their spread: a column without a normal. NaN cells are left out."""
    half = len(rows) // 2
    parts = (learn_reference(rows[:half], noise, 2), learn_reference(rows[half:], noise, 2))
    within = np.sqrt((parts[0].sigma ** 2 + parts[1].sigma ** 2) / 2.0)
    answer: Bool = np.abs(parts[1].mean - parts[0].mean) > MAX_TREND * within
    return answer | ~(parts[0].known & parts[1].known)


def _condition(plant: Plant, unit: str, rows: Index) -> Condition:
    sources = set(plant.points.source[rows].tolist())
    return Condition(
        name=f"{unit}.multivariate",
        subject=unit,
        kind="multivariate",
        klass=ConditionClass.FINDING,
        priority=4,
        on_delay_scans=ON_DELAY_SCANS,
        off_delay_scans=OFF_DELAY_SCANS,
        source=sources.pop() if len(sources) == 1 else -1,
        unit=unit,
        consequence={
            "en": "The values of this unit do not go together as they did when this phase began.",
            "zh": "本单元各参数之间的关系已偏离本阶段开始时的正常状态。",
        },
        action={
            "en": "Look at the points named by the finding: process change or instrument fault.",
            "zh": "检查该提示所列测点：判断是工艺变化还是仪表故障。",
        },
    )
