"""What is normal for each point, learnt once from its first good scans and then left alone.

The reference is not adapted afterwards: a slow drift cannot be learnt away. It starts anew only where the unit changes
its phase or starts or stops, because another phase has another normal. A point that trends all through its warm-up
(a totaliser, a level that is being filled) has no normal: it is learnt again and again, and stays unknown meanwhile.
"""

import numpy as np
from numpy.typing import NDArray

from models.statistical.reference import Reference
from plantsafe.delay import Delay
from plantsafe.frame import F8, Bool, Frame, is_good
from plantsafe.plant import Plant
from plantsafe.verdict import Arrays

WARM_UP_SCANS = 900  # site default: three times the slowest usual wander of a process (5 min)
SPREAD_FLOOR = 0.005  # of the span: below an instrument's accuracy nothing is to be found (site default)
NOISE_FLOOR = 0.0001  # of the span: less does not count as a trend either (site default)
MAX_TREND = 1.5  # the halves' means apart, in standard deviations within them; a ramp has 3.46 (site default)
STEADY = 0.25  # of the mean square of all steps: half of their size (site default)
_KEPT = ("count", "mean", "squares", "newest", "steps", "standing", "longest")


class WarmUp:
    """Counts, means, squares and steps of the values of n points; `known` where the reference stands.

    floor, noise (n): the least spread of a reference, and the least that counts as movement, in the points' units.
    """

    def __init__(self, floor: F8, noise: F8, scans: int = WARM_UP_SCANS) -> None:
        n = len(floor)
        self._floor, self._noise, self._scans = floor, noise, scans
        self._kept = np.zeros((len(_KEPT), n))
        self._count, self._mean, self._squares, self._newest, self._steps, self._standing, self._longest = self._kept
        self._newest[:] = np.nan
        self._half_mean, self._half_squares, self._half_steps = np.zeros(n), np.zeros(n), np.zeros(n)
        self._known: Bool = np.zeros(n, dtype=np.bool_)
        self._reference = self._make()

    @property
    def reference(self) -> Reference:
        """Mean and spread where known; elsewhere 0 and the floor."""
        return self._reference

    @property
    def step(self) -> F8:
        """Root mean square of the steps from scan to scan in the warm-up, in the points' units."""
        return np.sqrt(self._steps / max(self._scans - 1, 1))

    @property
    def steady(self) -> Bool:
        """The steps of the second half are not far smaller: what a phase begins with was no part of the noise."""
        later = (self._steps - self._half_steps) / max(self._scans - self._scans // 2, 1)
        answer: Bool = later >= STEADY * self._steps / max(self._scans - 1, 1)
        return answer

    @property
    def longest(self) -> F8:
        """How many scans in a row each stood still at most."""
        return self._longest

    def restart(self, where: Bool, floor: F8) -> None:
        """Forget these points; from now on `floor` (n) is the least spread."""
        if where.any():
            self._floor = np.where(where, floor, self._floor)
            self._count[where] = 0
            self._known = self._known & ~where
            self._reference = self._make()

    def take(self, where: Bool, reference: Reference, step: F8, longest: F8) -> None:
        """What is normal at `where` (n) is known from elsewhere; the floor given at the restart still holds."""
        n = float(self._scans - 1)
        self._count[where], self._mean[where] = self._scans, reference.mean[where]
        self._squares[where], self._steps[where] = n * reference.sigma[where] ** 2, n * step[where] ** 2
        self._half_steps[where] = 0.5 * self._steps[where]
        self._longest[where] = longest[where]
        self._known = self._known | where
        self._reference = self._make()

    def learn(self, x: F8) -> Bool:
        """Take in one scan (n_points), NaN where a value is not good; True where a reference is now complete."""
        full: Bool = np.zeros_like(self._known)
        rows = np.flatnonzero(~self._known & np.isfinite(x))
        if not len(rows):
            return full
        kept, x = self._kept[:, rows], x[rows]
        count, mean, squares, newest, steps, standing, longest = kept
        first = count == 0.0
        if first.any():
            kept[:, first] = 0.0
            newest[first] = np.nan
        count += 1.0
        off = x - mean
        mean += off / count
        squares += off * (x - mean)
        step = x - newest  # between neighbouring good values; NaN for the first
        steps += np.where(first, 0.0, step) ** 2
        standing += 1.0
        standing *= step == 0.0
        np.maximum(longest, standing, out=longest)
        newest[:] = x
        self._kept[:, rows] = kept
        half = rows[count == self._scans // 2]
        self._half_mean[half], self._half_squares[half] = self._mean[half], self._squares[half]
        self._half_steps[half] = self._steps[half]
        full[rows] = count == self._scans
        if full.any():
            trends = full & self._trends()
            self._count[trends] = 0
            full &= ~trends
            self._known = self._known | full
            self._reference = self._make()
        return full

    def _trends(self) -> Bool:
        """Welford's sums of the whole and of its first half give those of the second half."""
        n, first = self._scans, self._scans // 2
        second = n - first
        second_mean = (self._mean * n - self._half_mean * first) / second
        apart = second_mean - self._half_mean
        within = np.maximum(self._squares - apart**2 * first * second / n, 0.0)
        answer: Bool = np.abs(apart) > MAX_TREND * np.maximum(np.sqrt(within / (n - 2)), self._noise)
        return answer

    def _make(self) -> Reference:
        sigma = np.maximum(np.sqrt(np.maximum(self._squares, 0.0) / (self._scans - 1)), self._floor)
        return Reference(
            mean=np.where(self._known, self._mean, 0.0),
            sigma=np.where(self._known, sigma, self._floor),
            known=self._known,
        )

    def state(self) -> Arrays:
        """By name."""
        own: Arrays = {"floor": self._floor, "known": self._known}
        own |= {"half_mean": self._half_mean, "half_squares": self._half_squares, "half_steps": self._half_steps}
        return own | dict(zip(_KEPT, self._kept, strict=True))

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._floor, self._known = arrays["floor"], arrays["known"].astype(np.bool_)
        self._half_mean, self._half_squares = arrays["half_mean"].copy(), arrays["half_squares"].copy()
        self._half_steps = arrays["half_steps"].copy()
        for name, kept in zip(_KEPT, self._kept, strict=True):
            kept[:] = arrays[name]
        self._reference = self._make()


class PhaseWatch:
    """Notices in which units the phase, or running and standing, has changed.

    The phase of a unit is its phase point, or its first state point with more than two named states; on and off are no
    phases, except for the point that the file names as `running`.
    """

    def __init__(self, plant: Plant) -> None:
        row, rows, units = plant.points.row, [], []
        for i, unit in enumerate(plant.file.units):
            phases = [p.name for p in plant.file.points if p.unit == unit.name and len(p.states) > 2]
            if unit.phase_point is not None:
                phases = [unit.phase_point]
            for name in dict.fromkeys([*phases[:1], *([unit.running] if unit.running else [])]):
                rows.append(row[name])
                units.append(i)
        self._n_units = len(plant.file.units)
        self._rows: NDArray[np.intp] = np.array(rows, dtype=np.intp)
        self._units: NDArray[np.intp] = np.array(units, dtype=np.intp)
        self._seen: F8 = np.full(len(rows), np.nan)
        self._shown = b""  # of the scan before: the same again changes nothing

    def step(self, frame: Frame) -> Bool:
        """(n_units,) True where a good value differs from the last good one."""
        value, status = frame.value[self._rows], frame.status[self._rows]
        shown = value.tobytes() + status.tobytes()
        if shown == self._shown:
            return np.zeros(self._n_units, dtype=np.bool_)
        self._shown = shown
        good = is_good(status)
        changed = good & ~np.isnan(self._seen) & (value != self._seen)
        self._seen = np.where(good, value, self._seen)
        answer = np.zeros(self._n_units, dtype=np.bool_)
        answer[self._units[changed]] = True
        return answer

    def shows(self, unit: int) -> tuple[float, ...] | None:
        """What the unit's phase and `running` last showed; None while one of them was never good."""
        seen = self._seen[self._units == unit]
        return None if np.isnan(seen).any() else tuple(seen.tolist())

    def rows(self, unit: int) -> NDArray[np.intp]:
        """Rows of the points that say so."""
        answer: NDArray[np.intp] = self._rows[self._units == unit]
        return answer

    def state(self) -> Arrays:
        """Last good values."""
        return {"seen": self._seen}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._seen = arrays["seen"]
        self._shown = b""


def spread_floor(plant: Plant, rows: NDArray[np.intp], share: float = SPREAD_FLOOR) -> F8:
    """The smallest spread that a point can be said to have, in its unit: one resolution step, or the share of span."""
    points = plant.points
    return np.maximum(points.resolution[rows], share * (points.high[rows] - points.low[rows]))


def forget(delay: Delay, where: Bool) -> None:
    """End the findings at `where` and their timers: another phase is another question."""
    if where.any():
        delay.load({name: np.where(where, np.zeros_like(array), array) for name, array in delay.state().items()})
