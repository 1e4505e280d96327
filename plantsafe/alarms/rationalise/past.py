"""What a recorded span says of the points under alarms: noise, fastest changes, and how often an alarm would have come.

Noise is what is left of a minute when its straight line is taken out; a batch that heats up is no noise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8, Bool, is_good
from plantsafe.history.window import Window

BLOCK_SCANS = 60  # scans of a block; site default
BLOCKS_MAX = 256  # blocks a point that are kept; a longer span is thinned evenly (site default)
GOOD_SHARE = 0.9  # of a block's scans that must be Good (site default)
FASTEST_PERCENTILE = 99.0  # site default: a single jump of an instrument is no rate of the process


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """By point: sigma in its unit of measure, and the fastest rise and fall per minute; NaN where nothing was Good."""

    names: tuple[str, ...]
    sigma: F8
    rise_per_min: F8
    fall_per_min: F8
    scans: int


def noise_of(names: Sequence[str], windows: Iterable[Window], period_s: float) -> Noise:
    """From the Good samples of `windows`, whose columns are `names`."""
    kept = _Blocks(len(names), period_s)
    scans = 0
    for window in windows:
        scans += len(window.number)
        good = np.where(is_good(window.status), window.value, np.nan)
        for first in range(0, len(good) - BLOCK_SCANS + 1, BLOCK_SCANS):
            kept.take(good[first : first + BLOCK_SCANS])
    sigma, slope = kept.series()
    with np.errstate(all="ignore"):
        moving = np.where(sigma > 0, sigma, np.nan)  # an instrument that rests on one step says nothing of noise
        return Noise(
            names=tuple(names),
            sigma=_over(moving, 50.0),
            rise_per_min=np.maximum(_over(slope, FASTEST_PERCENTILE), 0.0),
            fall_per_min=np.maximum(_over(-slope, FASTEST_PERCENTILE), 0.0),
            scans=scans,
        )


class _Blocks:
    """Sigma and slope of blocks of a minute, evenly thinned."""

    def __init__(self, n: int, period_s: float) -> None:
        self._n, self._every, self._seen = n, 1, 0
        self._sigma: list[NDArray[np.float32]] = []
        self._slope: list[NDArray[np.float32]] = []
        x = np.arange(BLOCK_SCANS, dtype=np.float64)
        self._x = x - x.mean()
        self._per_min = 60.0 / period_s

    def take(self, block: F8) -> None:
        """(BLOCK_SCANS, n) values, NaN where not Good."""
        self._seen += 1
        if (self._seen - 1) % self._every:
            return
        there = ~np.isnan(block)
        usable = there.sum(axis=0) >= GOOD_SHARE * BLOCK_SCANS
        count = np.maximum(there.sum(axis=0), 1)
        mean = np.where(there, block, 0.0).sum(axis=0) / count
        off = np.where(there, block - mean, 0.0)
        slope = (self._x @ off) / (self._x @ self._x)
        rest = np.where(there, off - self._x[:, None] * slope, 0.0)
        sigma = np.sqrt((rest**2).sum(axis=0) / np.maximum(count - 2, 1))
        sigma = np.where(sigma < 1e-9 * np.maximum(np.abs(mean), 1.0), 0.0, sigma)
        self._sigma.append(np.where(usable, sigma, np.nan).astype(np.float32))
        self._slope.append(np.where(usable, slope * self._per_min, np.nan).astype(np.float32))
        if len(self._sigma) > BLOCKS_MAX:
            self._sigma, self._slope, self._every = self._sigma[::2], self._slope[::2], self._every * 2

    def series(self) -> tuple[F8, F8]:
        """(n_blocks, n) each."""
        if not self._sigma:
            none = np.full((1, self._n), np.nan)
            return none, none
        return np.array(self._sigma, dtype=np.float64), np.array(self._slope, dtype=np.float64)


def _over(table: F8, percentile: float) -> F8:
    """Percentile of each column without its NaN; NaN where a column has nothing else."""
    has = ~np.isnan(table).all(axis=0)
    answer = np.full(table.shape[1], np.nan)
    if has.any():
        answer[has] = np.nanpercentile(table[:, has], percentile, axis=0)
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a limit alarm is judged: direction +1 high or -1 low, delays in scans."""

    limit: float
    sign: float
    deadband: float
    on_scans: int
    off_scans: int


def activations(value: F8, good: Bool, setting: Setting) -> int:
    """How often an alarm of this setting would have come over the samples (n,); those that are not Good hold it."""
    distance = (value - setting.limit) * setting.sign
    inside = distance <= -setting.deadband if setting.deadband > 0.0 else distance < 0.0
    on = _held(_lasts(distance >= 0.0, good, setting.on_scans), _lasts(inside, good, setting.off_scans), good)
    return int(np.count_nonzero(on & ~np.append(False, on[:-1])))


def _held(sets: Bool, clears: Bool, good: Bool) -> Bool:
    """(n,) True from where `sets` holds to where `clears` does; elsewhere, and where not Good, as before."""
    told = good & (sets | clears)
    last = np.maximum.accumulate(np.where(told, np.arange(len(told)), -1))
    answer: Bool = (last >= 0) & sets[np.maximum(last, 0)]
    return answer


def _lasts(holds: Bool, good: Bool, scans: int) -> Bool:
    """(n,) True where it has held for more than so many Good samples without a break."""
    if scans <= 0:
        return holds
    counted = np.cumsum(good & holds)
    broken = np.maximum.accumulate(np.where(good & ~holds, counted, 0))
    answer: Bool = holds & (counted - broken > scans)
    return answer
