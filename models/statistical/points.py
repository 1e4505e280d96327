"""Every point by itself, each scan: eight questions to its value, for 100,000 points in a few milliseconds.

    rate     EWMA of (x_t - x_{t-1})/pace, each difference cut at +-rate_clip    runs away, faster than it ever wanders
    stuck    scans with the same value to the last bit                              transmitter or link is frozen
    noisy    EWMA of (x_t - x_{t-1})^2/s^2 above NOISY                              loose contact, hunting loop
    still    the same EWMA below STILL                                              sticking valve, plugged impulse line
    mean     EWMA of z = (x - mean)/sigma                                           another level
    shift    two-sided CUSUM of z                                                   a small lasting shift
    spike    two neighbouring differences, large and of opposite sign               interference
    range    x outside its physical range                                           instrument or wiring

s^2 is the mean squared difference of neighbouring scans while nothing is wrong. Cutting a difference makes the rate
robust: one wild value moves it by rate_weight rate_clip at most, and the return takes that back. Sources: Roberts 1959
(EWMA), Page 1954 (CUSUM), MacGregor & Harris 1993 (EWMA of squares), Huber 1981 (clipping), from memory; limits are
site defaults for a healthy wander of 5 min at a scan a second (see `PointLimits`).

Shapes (n_points,); x in each point's unit, everything inside in spreads and in float32: seven digits, and what is
judged is a departure of a few spreads. State is one array (n_kept, n_points), stepped in place in blocks that fit the
cache. A value that is NaN or infinite holds all state of its point, which is then unknown. No BLAS.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.statistical.reference import Array, Mask

F4 = NDArray[np.float32]
Bits = NDArray[np.uint16]

KINDS = ("rate", "stuck", "noisy", "still", "mean", "shift", "spike", "range")
RATE, STUCK, NOISY, STILL, MEAN, SHIFT, SPIKE, RANGE = (1 << i for i in range(len(KINDS)))
BLOCK = 32_768  # points: larger ones gain nothing more, smaller ones pay for each call (measured)
PACE = 1.2  # s a scan: no independent noise does that for long (site default)
_KEPT = ("z", "raw", "step", "rate", "noise", "mean", "high", "low", "same", "age")
_BIT = np.array([1 << i for i in range(len(KINDS))], dtype=np.uint8)[:, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointLimits:
    """Weights and limits; rates and means in spreads, counts in scans."""

    rate_weight: float = 0.2
    rate_clip: float = 2.5
    rate: float = 1.0  # paces a scan, lasting for half a dozen scans
    noise_weight: float = 0.05
    noisy: float = 9.0  # three times the usual differences
    still: float = 0.05  # less than a quarter of them
    mean_weight: float = 0.05  # Montgomery: 0.05 to 0.25
    mean: float = 10.0  # sigmas of the value itself
    slack: float = 7.0
    decision: float = 120.0
    ceiling: float = 240.0
    spike: float = 8.0  # s, there and back
    stuck: float = 300.0  # scans at least, and three times what it ever stood in normal operation
    stuck_times: float = 3.0
    settle: float = 60.0  # scans until rate and noise are judged


@dataclass(frozen=True, slots=True, kw_only=True)
class PointReference:
    """What is normal, (n_points,): mean, sigma and s in the point's unit, the longest stand in scans, physical range.

    pace: the fastest lasting change that is normal, in the point's unit a scan. Where not `known`, nothing but the
    range is judged. sigma, s and pace are above 0: give them their floor.
    """

    mean: Array
    sigma: Array
    change: Array
    pace: Array
    longest: Array
    low: Array
    high: Array
    known: Mask


class PointMonitor:
    """n points and their state. `state()` gives it as named arrays, `load` takes it back bit for bit."""

    def __init__(self, reference: PointReference, limits: PointLimits | None = None) -> None:
        self.limits = limits or PointLimits()
        n = len(reference.mean)
        self.kept: F4 = np.zeros((len(_KEPT), n), dtype=np.float32)
        self.unknown: Mask = np.ones(n, dtype=np.bool_)
        self.kept_by_name = dict(zip(_KEPT, self.kept, strict=True))
        self._flags: Bits = np.zeros(n, dtype=np.uint16)
        block = min(BLOCK, max(n, 1))
        self._scratch: F4 = np.zeros((9, block), dtype=np.float32)
        self._marks = np.zeros((len(KINDS), block), dtype=np.bool_)  # by bit
        self._coded = np.zeros((len(KINDS), block), dtype=np.uint8)
        own = self.limits
        weights, beyond = (own.rate_weight, own.noise_weight, own.mean_weight), (own.rate, own.noisy, own.mean)
        self._weights: F4 = np.array(weights, dtype=np.float32)[:, None]
        self._beyond: F4 = np.array(beyond, dtype=np.float32)[:, None]
        self._fill(np.ones(n, dtype=np.bool_), reference)

    def begin(self, where: Mask, reference: PointReference) -> None:
        """Judge the points at `where` against another reference, from this scan on."""
        self.kept[:, where] = 0.0
        self._fill(where, reference)

    def _fill(self, where: Mask, reference: PointReference) -> None:
        if not hasattr(self, "reference"):
            self.reference = reference
        else:
            self.reference = PointReference(
                **{
                    name: np.where(where, getattr(reference, name), getattr(self.reference, name))
                    for name in PointReference.__slots__
                }
            )
        own = self.reference
        self._known = own.known
        self._asked: Bits = np.where(own.known, 0xFF, RANGE).astype(np.uint16)
        # in float32 a point's own zero must be near: all is taken from the reference's mean in float64
        self._per_sigma = 1.0 / own.sigma
        self._per_step: F4 = (own.sigma / own.change).astype(np.float32)
        self._per_pace: F4 = (own.change / own.pace).astype(np.float32)
        self._stuck: F4 = np.maximum(self.limits.stuck, self.limits.stuck_times * own.longest).astype(np.float32)
        self.kept_by_name["noise"][where] = 1.0

    def step(self, x: Array, raw: Array | None = None) -> Bits:
        """Take in one scan; a bit for each of KINDS. `unknown` (n_points,) then says where only the range holds.

        raw (n_points,): the values as they came, where x is a departure from something that moves; range and stuck are
        judged on them.
        """
        raw = x if raw is None else raw
        lost = ~np.isfinite(x)
        bad = np.flatnonzero(lost)
        held = self.kept[:, bad] if len(bad) else None
        for start in range(0, len(x), BLOCK):
            self._block(slice(start, min(start + BLOCK, len(x))), x, raw)
        if held is not None:
            self.kept[:, bad] = held
            self._flags[bad] &= np.where(np.isfinite(raw[bad]), RANGE, 0).astype(np.uint16)
        np.logical_or(lost, ~self._known, out=self.unknown)
        self._flags &= self._asked
        return self._flags

    def _block(self, part: slice, x: Array, raw: Array) -> None:
        own, limits, kept = self.reference, self.limits, self.kept[:, part]
        size = part.stop - part.start
        new, away, signed = self._scratch[:3, :size], self._scratch[3:6, :size], self._scratch[6:8, :size]
        step, marks = self._scratch[8, :size], self._marks[:, :size]
        (z_before, raw_before, step_before), (same, age), smooth, sums = kept[:3], kept[8:], kept[3:6], kept[6:8]

        with np.errstate(invalid="ignore", over="ignore"):
            np.less(raw[part], own.low[part], out=marks[7])
            marks[7] |= raw[part] > own.high[part]

            np.multiply(x[part] - own.mean[part], self._per_sigma[part], out=new[2], casting="same_kind")
            z = new[2]
            np.subtract(z, z_before, out=step)
            step *= self._per_step[part]
            step *= age > 0.0  # the first value has none before it
            z_before[:] = z

            away[0] = raw[part]
            np.equal(away[0], raw_before, out=marks[1])
            raw_before[:] = away[0]
            same += 1.0
            same *= marks[1]
            np.greater_equal(same, self._stuck[part], out=marks[1])

            np.multiply(step, step_before, out=away[0])  # opposite signs, and the smaller of both beyond the limit
            np.maximum(np.abs(step), np.abs(step_before), out=away[1])
            away[1] *= np.float32(-limits.spike)
            np.less(away[0], away[1], out=marks[6])
            step_before[:] = step

            np.multiply(step, self._per_pace[part], out=new[0])
            np.minimum(np.maximum(new[0], -limits.rate_clip, out=new[0]), limits.rate_clip, out=new[0])
            np.multiply(step, step, out=new[1])
            np.minimum(new[1], 100.0, out=new[1])
            np.subtract(new, smooth, out=away)
            away *= self._weights
            smooth += away
            np.greater(np.abs(smooth, out=away), self._beyond, out=marks[0:5:2])
            np.less(smooth[1], limits.still, out=marks[3])
            settled = age >= limits.settle
            marks[0] &= settled
            marks[2:4] &= settled

            signed[0] = z
            np.negative(z, out=signed[1])
            sums += signed
            sums -= limits.slack
            np.minimum(np.maximum(sums, 0.0, out=sums), limits.ceiling, out=sums)
            np.greater(np.maximum(sums[0], sums[1], out=away[0]), limits.decision, out=marks[5])
            age += 1.0
            np.minimum(age, 1e6, out=age)
        coded = np.multiply(marks, _BIT, out=self._coded[:, :size])
        self._flags[part] = np.bitwise_or.reduce(coded, axis=0)

    def state(self) -> dict[str, F4]:
        """Copies of what a scan changes, by name."""
        return {name: array.copy() for name, array in self.kept_by_name.items()}

    def load(self, arrays: dict[str, F4]) -> None:
        """Take over what `state` gave, of the same points and references."""
        for name, array in self.kept_by_name.items():
            array[:] = arrays[name]


def learn_points(rows: Array, floor: Array, low: Array, high: Array) -> PointReference:
    """Reference from normal rows (n_rows, n_points), NaN where missing; floor, low and high (n_points,) in its unit.

    A point with fewer than 60 values is not known.
    """
    finite = np.isfinite(rows)
    count = finite.sum(axis=0)
    mean = np.where(finite, rows, 0.0).sum(axis=0) / np.maximum(count, 1)
    sigma = np.sqrt((np.where(finite, rows - mean, 0.0) ** 2).sum(axis=0) / np.maximum(count - 1, 1))
    steps = np.diff(rows, axis=0)
    there = np.isfinite(steps)
    change = np.sqrt((np.where(there, steps, 0.0) ** 2).sum(axis=0) / np.maximum(there.sum(axis=0), 1))
    change = np.maximum(change, floor)
    longest, run = np.zeros(len(mean)), np.zeros(len(mean))
    for step in steps:
        run = np.where(step == 0.0, run + 1.0, 0.0)
        longest = np.maximum(longest, run)
    return PointReference(
        mean=mean,
        sigma=np.maximum(sigma, floor),
        change=change,
        pace=PACE * change,
        longest=longest,
        low=low,
        high=high,
        known=count >= 60,
    )
