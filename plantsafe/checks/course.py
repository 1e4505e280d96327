"""What a recipe moves by design: the expected value of each analog point of a batch unit, along the running phase.

A level that fills and a cooling valve that closes as dosing goes on have no one normal value, but they have a course.
A pass through a phase that began and ended under our eyes is kept as means over bins of time in the phase, and later
passes are compared with the mean of the first few. The departure of a value is the value less what is expected.

Two sources of the expectation, chosen for each point when its phase begins:
learnt: the profile of earlier passes; past its end nothing is expected and the departure is NaN, hence unknown.
followed: no earlier pass yet (or the beginning was not seen): a line that follows the value, by double exponential
smoothing (Brown 1963) over 5 min. A step stands out against it, a slow drift does not.

Until two passes agreed, a pass with a finding on the point stands in place of the one before, since either may be the
odd one; from then on it is not learnt, and after MOST_PASSES the profile is left alone: what changes from batch to
batch cannot be learnt away. Points of other units have no course: departure is the value. Arrays are by point, whole:
a scan costs the same few operations for one batch unit's points or all.
"""

import numpy as np
from numpy.typing import NDArray

from plantsafe.checks.normal import NormalModel, Shelf
from plantsafe.checks.warm_up import PhaseWatch
from plantsafe.frame import F8, I8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.tables import Index
from plantsafe.verdict import Arrays, Rows

# Scans a bin and how many of them: a phase moves most where it begins (site default); together 25 h
BINS = ((16, 32), (64, 256), (256, 48), (1024, 60))
AGREEING = 2  # passes that agreed: from then on one with a finding is not learnt (site default)
MOST_PASSES = 4  # batches that make a profile (site default)
UNPROVEN = 2.0  # times the least spread, until two passes have shown what it is (site default)
FOLLOW_WEIGHT = 1.0 / 300.0  # of the line that follows: slower than every loop, faster than a phase (site default)

F4 = NDArray[np.float32]

_START = np.concatenate([[0], np.cumsum(np.concatenate([np.full(n, w) for w, n in BINS]))])
_CENTRE = (_START[:-1] + _START[1:] - 1) / 2.0
N_BINS = len(_CENTRE)


class Course:
    """Expected values of the analog points of batch units and of those that follow one.

    After each `step`: departure (n_points of the plant), NaN where a value is not good or nothing is expected; expected
    (n_rows) of the points in `rows`.
    """

    def __init__(self, plant: Plant, most_passes: int = MOST_PASSES) -> None:
        self._most = most_passes
        self.shelf = Shelf(plant)
        self._fresh = False
        self.renewed = False  # in the first scan with another model: what was learnt here gives way to it
        self._watch = PhaseWatch(plant)
        self._unit, self._names = plant.points.unit, plant.points.names
        file, n_units = plant.file.units, len(plant.file.units)
        self._unit_names = tuple(unit.name for unit in file)
        place = {unit.name: i for i, unit in enumerate(file)}
        leader = {i: place[unit.follows] if unit.follows else i for i, unit in enumerate(file)}
        led = {i: file[lead] for i, lead in leader.items() if file[lead].phase_point and file[lead].phases}
        by_unit = {i: np.flatnonzero(plant.points.monitored & (self._unit == i)) for i in led}
        self.rows = np.concatenate([np.zeros(0, dtype=np.intp), *by_unit.values()])
        ends = np.cumsum([0, *(len(rows) for rows in by_unit.values())]).tolist()
        self._slices = {i: slice(ends[k], ends[k + 1]) for k, i in enumerate(led)}
        self._follower = {i: leader[i] != i for i in led}
        self._codes = {i: [float(phase.code) for phase in unit.phases] for i, unit in led.items()}
        self._phase_rows = np.array([plant.points.row[str(unit.phase_point)] for unit in led.values()], dtype=np.intp)
        self._shown = b""  # of the scan before
        n, n_phases = len(self.rows), max((len(codes) for codes in self._codes.values()), default=0)
        self._profile = np.full((n, n_phases, N_BINS), np.nan, dtype=np.float32)
        self._passes = np.zeros((n, n_phases), dtype=np.int64)
        self._spread = np.zeros((n, n_phases), dtype=np.float32)  # of bins' means between passes, the largest RMS
        # of the running pass, by unit of the plant: code and index of the phase, number of its first scan (0: unseen)
        self._code: F8 = np.full(n_units, np.nan)
        self._phase: I8 = np.full(n_units, -1, dtype=np.int64)
        self._begun: I8 = np.zeros(n_units, dtype=np.int64)
        self._bin: I8 = np.zeros(n_units, dtype=np.int64)
        self._until: I8 = np.zeros(n_units, dtype=np.int64)  # age at which the expected line bends next
        self._turns: I8 = np.zeros(n_units, dtype=np.int64)  # phases that began so far
        # by row: means of the running pass, sum and count of its running bin, whether a finding spoke against it
        self._pass = np.full((n, N_BINS), np.nan, dtype=np.float32)
        self._sum, self._count = np.zeros(n), np.zeros(n)
        self._doubted: Bool = np.zeros(n, dtype=np.bool_)
        self._learnt: Bool = np.zeros(n, dtype=np.bool_)
        self._level, self._lag = np.full(n, np.nan), np.full(n, np.nan)
        self._base, self._slope = np.zeros(n), np.zeros(n)
        self._number = 0
        self.departure: F8 = np.zeros(0)
        self.restarted: Bool = np.zeros(plant.n_points, dtype=np.bool_)
        self.expected: F8 = np.zeros(n)

    def floor(self, least: F8) -> F8:
        """The least spread of the points in `rows`: as passes differ; more than `least` while fewer than two did."""
        answer = UNPROVEN * least
        for unit, rows in self._slices.items():
            phase = int(self._phase[unit])
            proven = self._learnt[rows] & (self._passes[rows, phase] >= AGREEING)
            answer[rows] = np.where(proven, np.maximum(least[rows], self._spread[rows, phase]), answer[rows])
        return answer

    def use(self, model: NormalModel | None) -> dict[str, str]:
        """Take a model into use from the next scan on, or none; units that it does not fit, and why."""
        before = {unit: rows for unit, _, rows in self.shelf.units()}
        why = self.shelf.hold(model)
        for unit, rows in before.items():
            if unit in self._slices:
                n, phases = len(rows), len(self._codes[unit])
                none = np.full((n, phases, N_BINS), np.nan, dtype=np.float32)
                no = np.zeros((n, phases))
                self.take(unit, rows, none, no.astype(np.int64), no.astype(np.float32))
        for unit, known, rows in self.shelf.units():
            if known.profile is not None and known.passes is not None and known.spread is not None:
                self.take(unit, rows, known.profile, known.passes, known.spread)
        self._fresh = True
        return why

    def learnt(self, points: Index) -> Bool:
        """(len(points),) True where the expectation of these points (rows of the plant) is learnt, or there is none."""
        answer = np.ones(len(points), dtype=np.bool_)
        led = np.isin(points, self.rows)
        order = np.argsort(self.rows)
        answer[led] = self._learnt[order[np.searchsorted(self.rows, points[led], sorter=order)]]
        return answer

    def regime(self, unit: int) -> tuple[float, ...] | None:
        """What the unit (row in the plant) runs now, as its phase and `running` show it; None where nothing is known.

        In a unit with a course also None while this pass is only followed: its departures are of another kind.
        """
        rows = self._slices.get(unit)
        if rows is not None and not self._learnt[rows].any():
            return None
        return self._watch.shows(unit)

    def cycle(self, unit: int) -> tuple[int, int]:
        """Of a unit that follows another: phases that began so far, and how many a batch has; zeros for any other."""
        return (int(self._turns[unit]), len(self._codes[unit])) if self._follower.get(unit) else (0, 0)

    def codes(self, unit: int) -> list[float]:
        """Codes of the phases that the unit's course goes through."""
        return self._codes.get(unit, [])

    def watched(self, unit: int) -> Index:
        """Rows of the points that `regime` tells, in its order."""
        return self._watch.rows(unit)

    def phase_rows(self, unit: int) -> Index:
        """Rows of the points that decide what the unit runs, those of the one that it follows among them."""
        own = self._watch.rows(unit)
        led = [row for other, row in zip(self._slices, self._phase_rows.tolist(), strict=True) if other == unit]
        return np.unique(np.append(own, led)).astype(np.intp)

    def profile(self, unit: int) -> tuple[F4, I8, F4] | None:
        """Means, number of passes and spread between them: (n, n_phases, N_BINS), (n, n_phases), (n, n_phases).

        n: the unit's monitored points in the order of the file. None for a unit without a course.
        """
        rows = self._slices.get(unit)
        if rows is None:
            return None
        phases = len(self._codes[unit])
        return self._profile[rows, :phases], self._passes[rows, :phases], self._spread[rows, :phases]

    def take(self, unit: int, points: Index, profile: F4, passes: I8, spread: F4) -> None:
        """A profile learnt elsewhere, of some of the unit's points (rows of the plant): left alone from now on.

        The running pass goes on against what it began with. No passes: it is learnt here again.
        """
        rows = self._slices[unit]
        place = rows.start + np.searchsorted(self.rows[rows], points)
        phases = len(self._codes[unit])
        self._profile[place, :phases] = profile
        self._passes[place, :phases] = np.where(passes > 0, max(self._most, AGREEING), 0)
        self._spread[place, :phases] = spread

    def step(self, frame: Frame) -> Bool:
        """Take in one scan; (n_points,) True where what is normal begins anew.

        That is where the unit's phase changes or it starts or stops; in a unit that follows, only where the source of
        the expectation changes.
        """
        self._number = frame.number
        self.renewed, self._fresh = self._fresh, False
        restarted: Bool = self._watch.step(frame)[self._unit] & (self._unit >= 0)
        self.restarted = restarted
        self.departure = frame.seen.copy()
        if not len(self.rows):
            return restarted
        self._turn_all(frame)
        age = frame.number - self._begun
        for unit in np.flatnonzero((self._begun > 0) & (age >= self._until)).tolist():
            self._move(unit, self._slices[unit], int(age[unit]))
        x = self.departure[self.rows]
        good = np.isfinite(x)
        seen = np.where(good, x, 0.0)
        self._sum += seen
        self._count += good
        fresh = good & np.isnan(self._level)
        if fresh.any():
            self._level, self._lag = np.where(fresh, x, self._level), np.where(fresh, x, self._lag)
        followed = 2.0 * self._level - self._lag
        self.expected = np.where(self._learnt, self._base + self._slope * frame.number, followed)
        self._level = self._level + FOLLOW_WEIGHT * np.where(good, x - self._level, 0.0)
        self._lag = self._lag + FOLLOW_WEIGHT * np.where(good, self._level - self._lag, 0.0)
        self.departure[self.rows] = x - self.expected
        return restarted

    def _turn_all(self, frame: Frame) -> None:
        """Take in what the phase points show; the same again changes nothing."""
        code, good = frame.value[self._phase_rows], frame.good[self._phase_rows]
        shown = code.tobytes() + good.tobytes()
        if shown == self._shown:
            return
        self._shown = shown
        turns = zip(self._slices.items(), code.tolist(), good.tolist(), strict=True)
        for (unit, rows), unit_code, unit_good in turns:
            before = self._learnt[rows].copy()
            if self._turn(unit, rows, unit_code, good=unit_good):
                renewed = self._learnt[rows] != before
                points = self.rows[rows]
                self.restarted[points] = renewed if self._follower[unit] else True
                anew = np.arange(rows.start, rows.stop)[self.restarted[points]]
                self._level[anew] = self._lag[anew] = np.nan

    def _turn(self, unit: int, rows: slice, code: float, *, good: bool) -> bool:
        """Take in what the phase point shows; True when another phase has begun."""
        if not good:
            self._code[unit] = np.nan
            return False
        before, self._code[unit] = self._code[unit], code
        if np.isnan(before):
            # the beginning was not seen: a phase that is another than the last one known is followed, not compared
            codes = self._codes[unit]
            phase = codes.index(code) if code in codes else -1
            if phase == self._phase[unit]:
                return False
            self._begin(unit, rows, code, seen=False)
            return True
        if code == before:
            return False
        self._end(unit, rows)
        self._begin(unit, rows, code, seen=True)
        return True

    @property
    def compared(self) -> F8:
        """`departure`, NaN also where the expectation only follows: relations of such residuals are no normal."""
        if not len(self.rows):
            return self.departure
        answer = self.departure.copy()
        answer[self.rows] = np.where(self._learnt, answer[self.rows], np.nan)
        return answer

    def doubt(self, points: Bool) -> None:
        """A finding holds on these `points` (n_points of the plant): this pass is not learnt for them."""
        self._doubted |= points[self.rows]

    def _begin(self, unit: int, rows: slice, code: float, *, seen: bool) -> None:
        codes = self._codes[unit]
        phase = codes.index(code) if code in codes else -1
        self._phase[unit] = phase
        self._begun[unit] = self._number if seen and phase >= 0 else 0
        self._turns[unit] += 1
        self._bin[unit], self._until[unit] = 0, 0
        self._pass[rows], self._doubted[rows] = np.nan, False
        self._sum[rows] = self._count[rows] = 0.0
        self._learnt[rows] = (self._passes[rows, phase] > 0) if self._begun[unit] else False

    def _move(self, unit: int, rows: slice, age: int) -> None:
        """Into the bin of `age`: close the one before; at each bin's start and centre draw the expected line anew."""
        now = min(int(np.searchsorted(_START, age, side="right")) - 1, N_BINS - 1)
        if now != self._bin[unit]:
            self._close(unit, rows)
            self._bin[unit] = now
        self._draw(unit, rows, age)
        centre = int(np.ceil(_CENTRE[now]))
        self._until[unit] = centre if age < centre else int(_START[now + 1])

    def _draw(self, unit: int, rows: slice, age: int) -> None:
        """Between the centres of the bins on either side of `age`; at both ends of the profile on its last value."""
        profile = self._profile[rows, self._phase[unit]].astype(np.float64)
        now = int(self._bin[unit])
        left = now if age >= _CENTRE[now] else max(now - 1, 0)
        right = min(left + 1, N_BINS - 1) if age >= _CENTRE[0] else left  # before the first centre: its value
        low, high = profile[:, left], profile[:, right]
        slope = (high - low) / max(float(_CENTRE[right] - _CENTRE[left]), 1.0)
        if left > 0:  # past the last bin learnt: half a bin further in the same direction, then nothing is expected
            further = (low - profile[:, left - 1]) / (_CENTRE[left] - _CENTRE[left - 1])
            slope = np.where(np.isnan(high), further, slope)
        slope = np.where(np.isnan(slope), 0.0, slope)
        self._slope[rows] = slope
        self._base[rows] = low - slope * (int(self._begun[unit]) + _CENTRE[left])

    def _close(self, unit: int, rows: slice) -> None:
        """Keep the mean of the running bin where at least half of it was good."""
        now = int(self._bin[unit])
        count = self._count[rows]
        enough = 2 * count >= _START[now + 1] - _START[now]
        self._pass[rows, now] = np.where(enough, self._sum[rows] / np.maximum(count, 1.0), np.nan)
        self._sum[rows] = self._count[rows] = 0.0

    def _end(self, unit: int, rows: slice) -> None:
        """The phase is over: what was quiet joins the profile."""
        if not self._begun[unit]:
            return
        self._close(unit, rows)
        phase = int(self._phase[unit])
        passes = self._passes[rows, phase]
        whole = np.isfinite(self._pass[rows, 0])
        doubted = self._doubted[rows]
        take = whole & np.where(doubted, passes < AGREEING, passes < self._most)
        passes = np.where(take & doubted, 0, passes)  # the one before may have been the odd one: begin with this
        old, new = self._profile[rows, phase], self._pass[rows]
        both = np.isfinite(old) & np.isfinite(new) & take[:, None]
        square = np.where(both, new - old, np.float32(0.0)) ** 2
        spread = np.sqrt(square.sum(axis=1) / np.maximum(both.sum(axis=1), 1))
        self._spread[rows, phase] = np.where(passes > 0, np.maximum(self._spread[rows, phase], spread), 0.0)
        mean = old + (new - old) / (passes[:, None] + 1).astype(np.float32)
        mean = np.where(np.isnan(old) | (passes == 0)[:, None], new, np.where(np.isnan(new), old, mean))
        self._profile[rows, phase] = np.where(take[:, None], mean, old)
        self._passes[rows, phase] = passes + take
        self._begun[unit] = 0

    def state(self) -> Arrays:
        """Profiles and the running pass."""
        arrays = {name: getattr(self, f"_{name}").copy() for name in (*_BY_ROW, *_BY_UNIT)}
        return {**arrays, **{f"watch.{name}": a for name, a in self._watch.state().items()}}

    def names_of_rows(self) -> Rows:
        """All goes over by the names of points and units, as long as the phases keep their codes."""
        points = tuple(self._names[row] for row in self.rows.tolist())
        codes = [f"@{self._codes[unit]}" for unit, rows in self._slices.items() for _ in range(rows.start, rows.stop)]
        by_row = tuple(point + code for point, code in zip(points, codes, strict=True))
        by_unit = tuple(f"{name}@{self._codes.get(i, ())}" for i, name in enumerate(self._unit_names))
        return dict.fromkeys(_BY_ROW, by_row) | dict.fromkeys(_BY_UNIT, by_unit)

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._shown = b""
        for name in (*_BY_ROW, *_BY_UNIT):
            setattr(self, f"_{name}", arrays[name].copy())
        self._watch.load({name.removeprefix("watch."): a for name, a in arrays.items() if name.startswith("watch.")})


_BY_ROW = ("profile", "passes", "spread", "pass", "sum", "count", "doubted", "learnt", "level", "lag", "base", "slope")
_BY_UNIT = ("code", "phase", "begun", "bin", "until", "turns")
