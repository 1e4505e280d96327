"""Do the values of a unit go on together as they did? One multivariate monitor a unit: a finding, never an alarm.

Three stages a unit where no trained model knows what it runs (see `normal`), begun anew where its phase changes or it
starts or stops: LEARN how the values go on from scan to scan; TRIAL, the highest of each statistic in TRIAL_SCANS that
were not learnt from, and in a whole batch where the unit follows another; JUDGE, beyond a multiple of it. The monitor
is the one that `plantsafe backtest` has (models.statistical.monitor); here its limits come from the trial, because the
rows of a warm-up are far fewer than their number. Points that trend while being learnt, or are mostly not good, are
left out. Values that are bad, uncertain or lost are imputed; with fewer than half of the unit's the scan is unknown and
the state holds.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from models.statistical.heldout import POWER, WEIGHTS
from models.statistical.innovation import learn_innovation
from models.statistical.monitor import STATISTICS, Monitor, MonitorModel, model_of
from models.statistical.reference import learn_reference
from plantsafe.checks.course import Course
from plantsafe.checks.warm_up import MAX_TREND, NOISE_FLOOR, WARM_UP_SCANS, forget, spread_floor
from plantsafe.delay import Delay
from plantsafe.frame import F8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.tables import Index
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

MIN_GOOD_ROWS = 2 * WARM_UP_SCANS // 3  # a point with fewer good values is left out (site default)
MAX_POINTS = 60  # the first ones in the order of the file; more would need more rows (site default)
MIN_POINTS = 2
TRIAL_SCANS = 2700  # nine times the slowest usual wander (site default)
MARGIN = 4.0  # of the highest in the trial, squared: twice the departure (site default)
LEVEL_MARGIN = 9.0  # the same of the level, which wanders: three times (site default)
LEAST_SIGMA = 4.0  # the least limit: that of independent values and one false alarm in 16,000 (site default)
ON_DELAY_SCANS = 30  # site default: six in a row at the least, and no spikes
OFF_DELAY_SCANS = 60  # site default
N_TOP = 3


class Stage(IntEnum):
    """What a monitor does with a scan."""

    LEARN = 0
    TRIAL = 1
    JUDGE = 2


LEARN = Stage.LEARN


class _Learner:
    """One unit: its points, what was learnt of them, and how far the trial is. given: by a trained model."""

    def __init__(self, rows: Index, floor: F8, noise: F8) -> None:
        self.rows = rows
        self._floor, self._noise = floor, noise
        self.restart()

    def restart(self) -> None:
        """Forget everything."""
        self.stage = Stage.LEARN
        self.highest = np.zeros(len(STATISTICS))
        self._count = self._turned = 0
        self._taken = np.full((0, len(self.rows)), np.nan, dtype=np.float32)
        self._use: Index = np.zeros(0, dtype=np.intp)
        self.model: MonitorModel | None = None
        self.given = False

    def take(self, points: Index, model: MonitorModel) -> None:
        """Judge at once by what was learnt elsewhere of these points (rows of the plant)."""
        place = {row: i for i, row in enumerate(self.rows.tolist())}
        if all(row in place for row in points.tolist()):
            self._use = np.array([place[row] for row in points.tolist()], dtype=np.intp)
            self.model, self.stage, self.given = model, Stage.JUDGE, True

    @property
    def used(self) -> Index:
        """Rows of the points that the model has."""
        return self.rows[self._use]

    def tried(self, quotient: F8, cycle: tuple[int, int]) -> bool:
        """One scan of the trial, in which all limits are 1; True when it was the last one and the limits stand.

        cycle: of a unit that follows another, whose trial lasts a whole batch: phases begun so far, phases of a batch.
        """
        self.highest = np.maximum(self.highest, quotient)
        if not self._count:
            self._turned = cycle[0]
        self._count += 1
        if self.model is None or self._count < TRIAL_SCANS or cycle[0] - self._turned < cycle[1]:
            return False
        self.model = MonitorModel(innovation=self.model.innovation, limit=limits(self.highest, len(self._use)))
        self.stage = Stage.JUDGE
        return True

    def learn(self, x: F8) -> None:
        """Take in one scan (n_points of the unit), NaN where not good."""
        if len(self.rows) < MIN_POINTS or not np.isfinite(x).any():
            return
        if not self._count:
            self._taken = np.full((WARM_UP_SCANS, len(self.rows)), np.nan, dtype=np.float32)
        self._taken[self._count] = x
        self._count += 1
        if self._count < WARM_UP_SCANS:
            return
        rows, self._taken, self._count = self._taken.astype(np.float64), self._taken[:0], 0
        known = np.isfinite(rows).sum(axis=0) >= MIN_GOOD_ROWS
        use = np.flatnonzero(known & ~trends(rows, self._noise))
        if len(use) < MIN_POINTS:
            return
        try:
            innovation = learn_innovation([rows[:, use]], self._floor[use])
        except ValueError:  # too few rows in which all are good: the next warm-up tries again
            return
        self._use, self.stage = use, Stage.TRIAL
        self.model = model_of(MonitorModel(innovation=innovation, limit=np.ones(len(STATISTICS))).arrays())

    def state(self) -> Arrays:
        """By name; no arrays of the model before there is one."""
        model = {} if self.model is None else {f"model.{name}": a for name, a in self.model.arrays().items()}
        counts = np.array([self.stage, self._count, self.given, self._turned], dtype=np.int64)
        own: Arrays = {"highest": self.highest, "counts": counts, "taken": self._taken, "use": self._use}
        return own | model

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self.stage, self._count = Stage(int(arrays["counts"][0])), int(arrays["counts"][1])
        self.highest, self._use = arrays["highest"].copy(), arrays["use"].astype(np.intp)
        self.given, self._turned = bool(arrays["counts"][2]), int(arrays["counts"][3])
        self._taken = arrays["taken"].copy()
        own = {key.removeprefix("model."): a for key, a in arrays.items() if key.startswith("model.")}
        self.model = model_of(own) if own else None


class _Group:
    """The units that have a model, side by side. Built anew whenever one begins or forgets its model.

    which (n_judged,): their numbers. points (n_judged, n_widest): rows of the frame, 0 in the padding. judges
    (n_judged,): past the trial.
    """

    def __init__(self, learners: Sequence[_Learner], before: "_Group | None" = None) -> None:
        found = [(i, learner, learner.model) for i, learner in enumerate(learners) if learner.model is not None]
        self.learning = [learner for learner in learners if learner.stage is Stage.LEARN]
        self.which: Index = np.array([i for i, *_ in found], dtype=np.intp)
        self.learners = [learner for _, learner, _ in found]
        self.monitor = Monitor([model for *_, model in found])
        self.points: Index = np.zeros(self.monitor.valid.shape, dtype=np.intp)
        for k, learner in enumerate(self.learners):
            self.points[k, : len(learner.used)] = learner.used
        self.judges: Bool = np.array([learner.stage is Stage.JUDGE for learner in self.learners], dtype=np.bool_)
        places = {} if before is None else {i: k for k, i in enumerate(before.which.tolist())}
        for k, (i, _, model) in enumerate(found):
            if before is not None and i in places and before.monitor.models[places[i]].innovation is model.innovation:
                self.monitor.put(k, before.monitor.part(places[i]))


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
        self._learners = tuple(
            _Learner(by_unit[i], spread_floor(plant, by_unit[i]), spread_floor(plant, by_unit[i], NOISE_FLOOR))
            for i in self._units
        )
        n = len(self._learners)
        self._statistic: F8 = np.full(n, np.nan)
        self._top: Index = np.full((n, N_TOP), -1, dtype=np.intp)
        self._group = _Group(self._learners)
        on = np.full(n, ON_DELAY_SCANS, dtype=np.int32)
        self._delay = Delay(on, np.full(n, OFF_DELAY_SCANS, dtype=np.int32))
        self.conditions = tuple(_condition(plant, plant.file.units[i].name, rows) for i, rows in self._pairs())

    def _pairs(self) -> list[tuple[int, Index]]:
        return [(int(i), m.rows) for i, m in zip(self._units, self._learners, strict=True)]

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """One step of every unit's monitor; a finding that begins is explained to the journal."""
        if self._owns_course:
            self._course.step(frame)
        restarted = self._restarted()
        forget(self._delay, restarted)
        if self._course.renewed:
            restarted = restarted | self._given()
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
        verdict.value[block] = self._statistic
        verdict.limit[block] = np.where(np.isnan(self._statistic), np.nan, 1.0)

    def _restarted(self) -> Bool:
        """(n_units,) True where what is normal begins anew for a point of the unit."""
        points = self._course.restarted
        if not points.any():
            return np.zeros(len(self._learners), dtype=np.bool_)
        return np.array([bool(points[m.rows].any()) for m in self._learners], dtype=np.bool_)

    def _given(self) -> Bool:
        """(n_units,) True where the model has a monitor for what the unit runs now, or where it had one before."""
        shelf, course = self._course.shelf, self._course
        found = np.array([learner.given for learner in self._learners], dtype=np.bool_)
        for k, unit in enumerate(self._units.tolist()):
            normal = shelf.normal(unit, course.regime(unit))
            found[k] |= normal is not None and normal.monitor is not None
        return found

    def _restart(self, which: list[int]) -> None:
        shelf = self._course.shelf
        for i in which:
            self._learners[i].restart()
            unit = int(self._units[i])
            normal = shelf.normal(unit, self._course.regime(unit))
            if normal is not None and normal.monitor is not None:
                self._learners[i].take(shelf.rows(unit)[normal.used], normal.monitor)
        self._statistic[which], self._top[which] = np.nan, -1
        self._group = _Group(self._learners, self._group)

    def _judge(self, x: F8) -> tuple[Bool, Bool]:
        """One step of all units that have a model: beyond and unknown (n_units,)."""
        group = self._group
        beyond: Bool = np.zeros(len(self._learners), dtype=np.bool_)
        unknown: Bool = np.ones(len(self._learners), dtype=np.bool_)
        if not len(group.which):
            return beyond, unknown
        judged = group.monitor.step(x[group.points])
        told = ~judged.unknown & group.judges
        which = group.which[told]
        self._statistic[which] = judged.statistic[told]
        beyond[which], unknown[which] = judged.beyond[told], False
        for k in np.flatnonzero(told & judged.beyond).tolist():
            top = [int(group.points[k, point]) for point in group.monitor.top(k, N_TOP)]
            self._top[group.which[k]] = top + [-1] * (N_TOP - len(top))
        trial = np.flatnonzero(~judged.unknown & ~group.judges).tolist()
        cycle = [self._course.cycle(int(self._units[group.which[k]])) for k in trial]
        # all of them: each counts the scan
        over = [group.learners[k].tried(judged.quotient[k], c) for k, c in zip(trial, cycle, strict=True)]
        if any(over):
            self._group = _Group(self._learners, group)
        return beyond, unknown

    def _learn(self, x: F8) -> None:
        learnt = False
        for learner in self._group.learning:
            learner.learn(x[learner.rows])
            learnt |= learner.stage is not Stage.LEARN
        if learnt:
            self._group = _Group(self._learners, self._group)

    def _explain(self, i: int) -> Fact:
        names = self._plant.points.names
        k = int(np.flatnonzero(self._group.which == i)[0])
        return Fact(
            kind="finding_explained",
            subject=self.conditions[i].name,
            body={
                "points": [names[row] for row in self._top[i].tolist() if row >= 0],
                "by": STATISTICS[int(self._group.monitor.quotient[k].argmax())],
                "statistic": round(float(self._statistic[i]), 3),
                "limit": 1.0,
            },
        )

    def state(self) -> Arrays:
        """Phases, timers and the units, by number."""
        arrays = {f"course.{name}": a for name, a in self._course.state().items()} if self._owns_course else {}
        arrays |= {f"delay.{name}": array for name, array in self._delay.state().items()}
        arrays |= {f"monitor.{name}": array for name, array in self._group.monitor.state().items()}
        arrays |= {"statistic": self._statistic.copy(), "top": self._top.copy()}
        for i, learner in enumerate(self._learners):
            arrays |= {f"{i}.{name}": array for name, array in learner.state().items()}
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
        for i, learner in enumerate(self._learners):
            learner.load(part(str(i)))
        self._statistic, self._top = arrays["statistic"].copy(), arrays["top"].copy()
        self._group = _Group(self._learners)
        self._group.monitor.load(part("monitor"))

    def live(self) -> Arrays:
        """By monitored unit: its row, stage, and the point rows that speak most against it (-1 for none)."""
        return {
            "units": self._units,
            "stage": np.array([learner.stage for learner in self._learners], dtype=np.uint8),
            "top": self._top.copy(),
        }


def limits(highest: F8, points: int, own: float = MARGIN, level: float = LEVEL_MARGIN) -> F8:
    """Of each statistic: a multiple of the highest that was normal, and no less than theory has for independent values.

    own, level: the multiple, squared; that of the level by itself.
    """
    margin = np.full(len(STATISTICS), own)
    margin[STATISTICS.index("level")] = level
    # chi-squared over its degrees of freedom, Wilson & Hilferty 1931
    part = 2.0 / (9.0 * points)
    chi2 = (1.0 - part + LEAST_SIGMA * np.sqrt(part)) ** 3
    scale = WEIGHTS / (2.0 - WEIGHTS)
    least = np.where(np.array(STATISTICS) == "unrest", LEAST_SIGMA + 1.0, chi2 * scale)
    least[STATISTICS.index("energy")] = 1.0 + LEAST_SIGMA * np.sqrt(2.0 / points * scale[STATISTICS.index("energy")])
    answer: F8 = np.maximum(least, highest * margin**POWER)
    return answer


def trends(rows: F8, noise: F8) -> Bool:
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
