"""What is normal in one regime of a unit: learnt from one part of its scans, with limits from another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from models.statistical.innovation import learn_innovation
from models.statistical.monitor import STATISTICS, Monitor, MonitorModel
from models.statistical.reference import Reference
from plantsafe.checks.drift import LIMITS
from plantsafe.checks.normal import RegimeNormal
from plantsafe.checks.unit_monitor import MAX_POINTS, MIN_POINTS, ON_DELAY_SCANS, limits, trends
from plantsafe.checks.warm_up import WARM_UP_SCANS
from plantsafe.frame import F8, Bool

MEAN_MARGIN = 1.5  # of the largest mean over 20 scans that was seen (site default)
MONITOR_MARGIN, MONITOR_LEVEL_MARGIN = 2.25, 4.0  # squared: 1.5 and twice the departure (site default)
MOST_ROWS = 20_000  # of each part that a unit's monitor is learnt from and limited by (site default)
MIN_LIMIT_ROWS = WARM_UP_SCANS // 3  # fewer set no limit (site default)
MIN_GOOD = 2.0 / 3.0  # of the scans, for a point that is known (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Departures of the n points of a unit in one regime, as runs (n_rows, n) without holes, NaN where not good."""

    learn: Sequence[F8]
    limit: Sequence[F8]


def learn_regime(parts: Parts, floor: F8, noise: F8) -> RegimeNormal | str:
    """The regime, or why it says too little. floor, noise (n,): the least spread and the least movement of a point."""
    learn, limit = np.vstack(parts.learn or [floor[None][:0]]), sum(map(len, parts.limit))
    if len(learn) < WARM_UP_SCANS:
        return f"{len(learn)} scans to learn from, {WARM_UP_SCANS} are needed"
    if limit < MIN_LIMIT_ROWS:
        return f"{limit} scans to set limits from, {MIN_LIMIT_ROWS} are needed"
    finite = np.isfinite(learn)
    count = finite.sum(axis=0)
    mean = np.where(finite, learn, 0.0).sum(axis=0) / np.maximum(count, 1)
    off = np.where(finite, learn - mean, 0.0)
    sigma = np.maximum(np.sqrt((off**2).sum(axis=0) / np.maximum(count - 1, 1)), floor)
    known: Bool = (count >= MIN_GOOD * len(learn)) & ~trends(learn, noise)
    if not known.any():
        return "no point is good for long enough, or all of them trend"
    widest = np.zeros(len(mean))
    for run in (*parts.learn, *parts.limit):
        widest = np.maximum(widest, _highest_mean((run - mean) / sigma))
    # the limit of the mean is LIMITS.mean spreads: so large a spread that what was seen keeps its distance from it
    spread = np.maximum(sigma * widest * MEAN_MARGIN / LIMITS.mean, floor)
    step, longest = _pace(parts.learn)
    monitor, used = _monitor(parts, known, floor)
    return RegimeNormal(
        reference=Reference(mean=np.where(known, mean, 0.0), sigma=spread, known=known),
        step=step,
        longest=longest,
        monitor=monitor,
        used=used,
    )


def _highest_mean(z: F8) -> F8:
    """(n,) the largest |EWMA| of a run of z, which begins at 0 and holds where a value is missing."""
    if not len(z):
        return np.zeros(z.shape[1])
    weight = LIMITS.mean_weight
    smooth = lfilter([weight], [1.0, weight - 1.0], np.where(np.isfinite(z), z, 0.0), axis=0)
    answer: F8 = np.abs(smooth).max(axis=0)
    return answer


def _pace(runs: Sequence[F8]) -> tuple[F8, F8]:
    """Root mean square of the steps, and the longest stand in scans."""
    n = runs[0].shape[1]
    squares, count, longest = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64)
    for run in runs:
        steps = np.diff(run, axis=0)
        there = np.isfinite(steps)
        squares += (np.where(there, steps, 0.0) ** 2).sum(axis=0)
        count += there.sum(axis=0)
        longest = np.maximum(longest, _longest_stand(there & (steps == 0.0)))
    return np.sqrt(squares / np.maximum(count, 1)), longest.astype(np.float64)


def _longest_stand(still: Bool) -> np.ndarray:
    """(n,) the longest run of True down each column of (m, n)."""
    if not len(still):
        return np.zeros(still.shape[1], dtype=np.int64)
    place = np.arange(1, len(still) + 1)[:, None]
    moved = np.maximum.accumulate(np.where(still, 0, place), axis=0)
    longest: np.ndarray = (place - moved).max(axis=0)
    return longest.astype(np.int64)


def _monitor(parts: Parts, known: Bool, floor: F8) -> tuple[MonitorModel | None, np.ndarray]:
    """The monitor of the known points, its limits from the part that it was not learnt from."""
    used = np.flatnonzero(known)[:MAX_POINTS]
    nothing = np.zeros(0, dtype=np.intp)
    if len(used) < MIN_POINTS:
        return None, nothing
    try:
        innovation = learn_innovation([run[:, used] for run in _some(parts.learn)], floor[used])
    except ValueError:  # too few rows in which all of them are good
        return None, nothing
    bare = MonitorModel(innovation=innovation, limit=np.ones(len(STATISTICS)))
    highest = np.zeros(len(STATISTICS))
    for run in _some(parts.limit):
        highest = np.maximum(highest, _lasting(_statistics(bare, run[:, used])))
    if not highest.any():
        return None, nothing
    limit = limits(highest, len(used), MONITOR_MARGIN, MONITOR_LEVEL_MARGIN)
    return MonitorModel(innovation=innovation, limit=limit), used


def _some(runs: Sequence[F8]) -> list[F8]:
    """At most MOST_ROWS of them, of each run an equal share, its end: so all of a long past has a say."""
    total = sum(map(len, runs))
    if total <= MOST_ROWS:
        return list(runs)
    return [run[-max(1, round(len(run) * MOST_ROWS / total)) :] for run in runs if len(run)]


def _statistics(model: MonitorModel, run: F8) -> F8:
    """(n_judged, 6) of each scan, all limits 1."""
    monitor, found = Monitor([model]), []
    for row in run:
        judged = monitor.step(row[None])
        if not judged.unknown[0]:
            found.append(judged.quotient[0].copy())
    return np.array(found).reshape(-1, len(STATISTICS))


def _lasting(values: F8) -> F8:
    """(6,) the highest level that each kept for as long as a finding needs to be raised."""
    if len(values) < ON_DELAY_SCANS:
        return values.min(axis=0) if len(values) else np.zeros(values.shape[1])
    windows = np.lib.stride_tricks.sliding_window_view(values, ON_DELAY_SCANS, axis=0)
    answer: F8 = windows.min(axis=2).max(axis=0)
    return answer
