"""Multivariate monitor of one or many units: six statistics, one verdict a scan.

    jump      d of this scan                                                  a step, a lost relation
    energy    EWMA of d, lambda 0.1                                           more noise, many small things at once
    shift     MEWMA of e, lambda 0.3, in the metric P                         a small lasting shift
    slow      MEWMA of e, lambda 0.1, in the metric P                         a smaller one, a drift
    unrest    largest |standardised log EWMA of squared differences|, 0.1     a sticking or frozen point, a noisy one
    level     MEWMA of z, lambda 0.1, in the metric of its own relations      another level, however slowly it came

e, d, P: see `innovation`, unrest: see `unrest`. The level is judged only where it is known how it differs from day to
day (its limit is infinite otherwise). Each is divided by its limit (see `heldout`); `statistic` is the largest of the
six quotients, its limit is 1, and together they exceed it at the stated false-alarm rate. Sources: Lowry et al. 1992
(MEWMA), MacGregor & Harris 1993 (EWMA of squares), from memory; the joint limit is ours.

Missing values: e of the missing points is set to its mean given the present ones, -P_mm^-1 P_mo e_o, so that d is
exactly the distance of the present points (times n/n_present). With fewer than half of the points present nothing is
judged, and the state holds. Nor are the first `lags` scans after a start or a gap: the forecast needs its past.

Adaptation: the mean of e may follow slowly, only after QUIET_SCANS with every quotient below QUIET, and never further
than REACH from the frozen one that was learnt: a drift that goes on stands out in full.

Shapes: n monitors side by side, padded to the widest: (n, w). What stands in the padding does not matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.statistical.contributions import most_contributing
from models.statistical.innovation import Innovation
from models.statistical.reference import Array, Mask
from models.statistical.unrest import UNREST_FLOOR, step_unrest

Ints = NDArray[np.int64]

STATISTICS = ("jump", "energy", "shift", "slow", "unrest", "level")
WEIGHT_FAST, WEIGHT_SLOW = 0.3, 0.1  # lambda of the MEWMAs (Lowry et al. 1992: 0.05 to 0.3)
WEIGHT_ENERGY = WEIGHT_LEVEL = 0.1  # lambda of d and of z (site default)
CEILING = 20.0  # of d, where it is smoothed: one spike does not ring for long (site default)
CLIP = 10.0  # of e, where it is smoothed, in spreads (site default)
ADAPT_WEIGHT = 0.002  # lambda of the mean of e: 500 scans (site default)
QUIET, QUIET_SCANS = 0.8, 60  # largest quotient and duration of quiet (site default)
REACH = 0.02  # of m' P m / n_points: a third of what a MEWMA of 0.1 shows at rest (site default)
BAND = 4.0  # |z| beyond which a point has left its band (site default)
CALM_SCANS = 20  # an episode is over after so many scans below the limit (site default)
RECENT = 6  # scans whose innovations explain a finding: six in a row announce it


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorModel:
    """What is normal and what is too far: limit (6,), infinite where a statistic is not judged."""

    innovation: Innovation
    limit: Array

    @property
    def points(self) -> int:
        """Number of points."""
        return len(self.innovation.mean)

    def arrays(self) -> dict[str, Array]:
        """By name, for a file or a snapshot; `model_of` takes them back bit for bit."""
        own = self.innovation
        named = {name: getattr(own, name) for name in _INNOVATION}
        return {**named, "rows": np.array([own.rows], dtype=np.float64), "limit": self.limit}


_INNOVATION = (
    "mean", "sigma", "transition", "noise", "precision", "relation", "change", "unrest_mean", "unrest_spread",
)  # fmt: skip


def model_of(arrays: Mapping[str, Array]) -> MonitorModel:
    """The model whose `arrays` these are."""
    # layout in memory decides the order of summing: one layout, wherever the arrays come from
    own = {name: np.ascontiguousarray(arrays[name], dtype=np.float64) for name in _INNOVATION}
    return MonitorModel(innovation=Innovation(**own, rows=int(arrays["rows"][0])), limit=arrays["limit"].copy())


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorJudgement:
    """One scan of n monitors. Where `unknown` nothing is judged, the state holds and `statistic` is the one before.

    quotient (n, 6): each statistic over its limit, in the order of STATISTICS; statistic (n,): the largest; beyond
    (n,): it is above 1.
    """

    quotient: Array
    statistic: Array
    beyond: Mask
    unknown: Mask


_WIDE = {"smooth", "level", "unrest", "newest", "offset", "outside", "stood_out", "recent", "strain"}


class Monitor:
    """n monitors and their state. All of it is in `state()`: named arrays, which `load` takes back bit for bit."""

    _STATE = (
        "past", "passed", "smooth", "level", "energy", "unrest", "newest", "offset", "quiet", "calm", "outside",
        "stood_out", "quotient", "recent", "strain", "turn",
    )  # fmt: skip

    def __init__(self, models: Sequence[MonitorModel]) -> None:
        self.models = tuple(models)
        sizes = np.array([model.points for model in models], dtype=np.int64)
        n, w = len(models), int(sizes.max(initial=1))
        lags = max((model.innovation.lags for model in models), default=0)
        self.valid: Mask = np.arange(w) < sizes[:, None]
        self._size, self._cells = np.maximum(sizes, 1).astype(np.float64), int(sizes.sum())
        self._mean, self._per_sigma = np.zeros((n, w)), np.zeros((n, w))
        self._forecast = np.zeros((n, w, lags * w))  # of e: transition over noise
        self._per_noise, self._per_change = np.zeros((n, w)), np.zeros((n, w))
        self._precision, self._relation = np.zeros((n, w, w)), np.zeros((n, w, w))
        self._unrest_mean, self._per_unrest = np.zeros((n, w)), np.zeros((n, w))
        self._per_limit = np.ones((n, len(STATISTICS)))
        for i, model in enumerate(models):
            own, size = model.innovation, model.points
            self._mean[i, :size], self._per_sigma[i, :size] = own.mean, 1.0 / own.sigma
            for lag in range(own.lags):
                part = own.transition[:, lag * size : (lag + 1) * size] / own.noise[:, None]
                self._forecast[i, :size, lag * w : lag * w + size] = part
            self._per_noise[i, :size], self._per_change[i, :size] = 1.0 / own.noise, 1.0 / own.change
            self._precision[i, :size, :size] = own.precision
            self._relation[i, :size, :size] = own.relation
            self._unrest_mean[i, :size], self._per_unrest[i, :size] = own.unrest_mean, 1.0 / own.unrest_spread
            self._per_limit[i] = 1.0 / model.limit
        self._lags, self._w = lags, w
        self.past = np.zeros((n, max(lags, 1), w))
        self._needs = np.array([model.innovation.lags for model in models], dtype=np.int64)
        self.passed: Ints = np.zeros(n, dtype=np.int64)  # scans of the past that there are
        self.smooth, self.level = np.zeros((n, 2, w)), np.zeros((n, w))
        self.energy, self.unrest = np.ones(n), np.ones((n, w))
        self.newest = np.full((n, w), np.nan)
        self.offset = np.zeros((n, w))
        self.quiet: Ints = np.zeros(n, dtype=np.int64)
        self.calm: Ints = np.zeros(n, dtype=np.int64)
        self.outside: Ints = np.zeros((n, w), dtype=np.int64)
        self.stood_out: Mask = np.zeros((n, w), dtype=np.bool_)
        self.quotient = np.zeros((n, len(STATISTICS)))
        self.recent = np.zeros((n, RECENT, w))
        self.strain = np.zeros((n, w))
        self.turn: Ints = np.zeros(1, dtype=np.int64)
        self._weights = np.array([[[WEIGHT_FAST], [WEIGHT_SLOW]]])

    def forget_past(self) -> None:
        """After a gap: the forecast begins anew, what was smoothed stays."""
        self.passed = np.zeros_like(self.passed)
        self.newest = np.full_like(self.newest, np.nan)

    def step(self, x: Array) -> MonitorJudgement:
        """Take in one scan (n, w), NaN or infinite where a value is missing."""
        seen = np.isfinite(x)
        seen &= self.valid
        present = self._size if (whole := bool(seen.sum() == self._cells)) else seen.sum(axis=1)
        z = np.where(seen, x, self._mean) - self._mean
        z *= self._per_sigma
        usable: Mask = 2.0 * present >= self._size
        judged: Mask = usable & (self.passed >= self._needs)
        whole &= bool(judged.all())
        e = z * self._per_noise - self._told() - self.offset
        if not whole:
            self._impute(e, z, seen, judged)
        clipped = np.minimum(np.maximum(e, -CLIP), CLIP)
        smooth = self.smooth + self._weights * (clipped[:, None, :] - self.smooth)
        three = np.concatenate([e[:, None, :], smooth], axis=1)
        pulled = np.matmul(three, self._precision)
        distance = (three * pulled).sum(axis=2) / self._size[:, None]
        jump = distance[:, 0] if whole else distance[:, 0] * self._size / np.maximum(present, 1.0)
        energy = self.energy + WEIGHT_ENERGY * (np.minimum(jump, CEILING) - self.energy)
        level = self.level + WEIGHT_LEVEL * (z - self.level)
        away = (level * np.matmul(level[:, None, :], self._relation)[:, 0]).sum(axis=1) / self._size
        unrest = step_unrest(self.unrest, z, self.newest, self._per_change, seen)
        strain = (np.log(unrest + UNREST_FLOOR) - self._unrest_mean) * self._per_unrest
        worst = np.abs(strain).max(axis=1)
        quotient = np.stack([jump, energy, distance[:, 1], distance[:, 2], worst, away], axis=1)
        quotient *= self._per_limit
        if whole:
            self.smooth, self.energy, self.quotient, self.level = smooth, energy, quotient, level
            self.unrest, self.strain, self.newest = unrest, strain, z
            self.recent[:, self.turn[0] % RECENT] = e
        else:
            row = judged[:, None]
            self.smooth = np.where(row[:, :, None], smooth, self.smooth)
            self.energy, self.level = np.where(judged, energy, self.energy), np.where(row, level, self.level)
            self.quotient = np.where(row, quotient, self.quotient)
            self.unrest, self.strain = np.where(row, unrest, self.unrest), np.where(row, strain, self.strain)
            self.newest = np.where(seen & usable[:, None], z, self.newest)
            self.recent[:, self.turn[0] % RECENT] = np.where(row, e, 0.0)
        self.turn = self.turn + 1
        self._remember(z, usable)
        statistic = self.quotient.max(axis=1)
        beyond: Mask = (statistic > 1.0) & judged
        self._follow(z, e, statistic, judged)
        return MonitorJudgement(quotient=self.quotient, statistic=statistic, beyond=beyond, unknown=~judged)

    def _told(self) -> Array:
        """What the past foretells, in units of e."""
        if not self._lags:
            return np.zeros_like(self.offset)
        told: Array = np.matmul(self._forecast, self.past.reshape(len(self.past), -1, 1))[:, :, 0]
        return told

    def _impute(self, e: Array, z: Array, seen: Mask, judged: Mask) -> None:
        """Set e, and from it z, of the missing points to the mean given the present ones."""
        for i in np.flatnonzero(judged & (seen != self.valid).any(axis=1)).tolist():
            lost, here = np.flatnonzero(~seen[i] & self.valid[i]), np.flatnonzero(seen[i])
            p = self._precision[i]
            e[i, lost] = -np.linalg.solve(p[np.ix_(lost, lost)], p[np.ix_(lost, here)] @ e[i, here])
            own = e[i, lost] + self.offset[i, lost]
            told = (self._forecast[i, lost] @ self.past[i].ravel()) if self._lags else 0.0
            z[i, lost] = (own + told) / self._per_noise[i, lost]

    def _remember(self, z: Array, usable: Mask) -> None:
        if not self._lags:
            return
        moved = np.concatenate([z[:, None, :], self.past[:, :-1]], axis=1)
        self.past = np.where(usable[:, None, None], moved, self.past)
        self.passed = np.minimum(self.passed + usable, self._lags)

    def _follow(self, z: Array, e: Array, statistic: Array, judged: Mask) -> None:
        """Which points have left their band in this episode, and the slow mean of e while all is quiet."""
        self.calm = np.where(statistic > 1.0, 0, self.calm + judged)
        self.quiet = np.where(statistic > QUIET, 0, self.quiet + judged)
        out = np.abs(z) > BAND
        over = (self.calm >= CALM_SCANS)[:, None]
        left = (self.outside > 0) | (out & ~self.stood_out)
        self.outside = np.where(over, 0, self.outside + left)
        self.stood_out = np.where(over, out, self.stood_out & out)
        adapts = judged & (self.quiet >= QUIET_SCANS)
        if adapts.any():
            moved = self.offset + ADAPT_WEIGHT * np.where(adapts[:, None], e, 0.0)
            reach = (moved * np.matmul(moved[:, None, :], self._precision)[:, 0]).sum(axis=1) / self._size
            self.offset = moved * np.minimum(1.0, np.sqrt(REACH / np.maximum(reach, REACH)))[:, None]

    def top(self, i: int, count: int = 3) -> list[int]:
        """The points of monitor i that speak most against its last scans, see `contributions`."""
        model, size = self.models[i].innovation, self.models[i].points
        by = STATISTICS[int(self.quotient[i].argmax())]
        level = by == "level"
        return most_contributing(
            recent=self.level[[i], :size] if level else self.recent[i, :, :size],
            precision=model.relation if level else model.precision,
            outside=self.outside[i, :size],
            strain=np.abs(self.strain[i, :size]) if by == "unrest" else None,
            count=count,
        )

    def part(self, i: int) -> dict[str, Array | Mask | Ints]:
        """The state of monitor i alone, without padding; `put` takes it back, also into another group."""
        size, lags = self.models[i].points, max(self.models[i].innovation.lags, 1)
        own = {name: getattr(self, name)[i].copy() for name in self._STATE if name != "turn"}
        return {name: a[:lags, :size] if name == "past" else a[..., :size] if name in _WIDE else a
                for name, a in own.items()}  # fmt: skip

    def put(self, i: int, part: Mapping[str, Array | Mask | Ints]) -> None:
        """Go on with what `part` gave."""
        size, lags = self.models[i].points, max(self.models[i].innovation.lags, 1)
        for name, array in part.items():
            place = getattr(self, name)
            if name == "past":
                place[i, :lags, :size] = array
            elif name in _WIDE:
                place[i, ..., :size] = array
            else:
                place[i] = array

    def state(self) -> dict[str, Array | Mask | Ints]:
        """Copies of everything that a scan changes, by name."""
        return {name: getattr(self, name).copy() for name in self._STATE}

    def load(self, arrays: dict[str, Array | Mask | Ints]) -> None:
        """Take over what `state` gave, of the same models."""
        for name in self._STATE:
            setattr(self, name, arrays[name].copy())
