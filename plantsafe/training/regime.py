"""What is normal in one regime of a unit: learnt from one part of its scans, with limits from another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from models.statistical.innovation import learn_innovation
from models.statistical.monitor import STATISTICS, Monitor, MonitorModel
from models.statistical.points import KINDS, PACE, SPIKE, PointMonitor, PointReference
from models.statistical.reference import Reference
from plantsafe.checks.drift import LIMITS, SIGNAL_DELAY_SCANS, SPIKES
from plantsafe.checks.normal import RegimeNormal
from plantsafe.checks.unit_monitor import MAX_POINTS, MIN_POINTS, ON_DELAY_SCANS, limits, trends
from plantsafe.checks.warm_up import SPREAD_FLOOR, WARM_UP_SCANS
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


def learn_regime(parts: Parts, floor: F8, noise: F8, span: F8, *, batch: bool) -> RegimeNormal | str:
    """The regime, or why it says too little.

    floor, noise, span (n,): the least spread and the least movement of a point, its range. batch: of a unit whose
    phases are few independent examples, which is worth a wider margin.
    """
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
    reference = Reference(mean=np.where(known, mean, 0.0), sigma=spread, known=known)
    monitor, used = _monitor(parts, known, floor, batch=batch)
    return RegimeNormal(
        reference=reference,
        step=step,
        longest=longest,
        asked=_asked(parts, reference, np.maximum(step, noise), longest, span),
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


def _asked(parts: Parts, reference: Reference, change: F8, longest: F8, span: F8) -> NDArray[np.uint16]:
    """Questions to each signal that these scans do not answer with yes for half as long as a finding needs."""
    n = len(change)
    pace = np.maximum(PACE * change, SPREAD_FLOOR * span)
    monitor = PointMonitor(
        PointReference(
            mean=reference.mean, sigma=reference.sigma, change=change, pace=pace,
            longest=longest, low=np.full(n, -np.inf), high=np.full(n, np.inf), known=reference.known,
        ),
        LIMITS,
    )  # fmt: skip
    bits = (1 << np.arange(len(KINDS), dtype=np.uint16))[:, None]
    never = np.zeros((len(KINDS), n), dtype=np.bool_)
    for run in (*_some(parts.learn), *_some(parts.limit)):
        monitor.begin(np.ones(n, dtype=np.bool_), monitor.reference)
        lasting, spikes = np.zeros((len(KINDS), n)), np.zeros(n)
        for row in run:
            flags = monitor.step(row)
            if not flags.any() and not lasting.any():
                continue
            lasting = (lasting + 1.0) * ((flags & bits) > 0)
            spikes += (flags & SPIKE) > 0
            never |= lasting >= SIGNAL_DELAY_SCANS / 2
        never[KINDS.index("spike")] |= spikes > SPIKES
    asked: NDArray[np.uint16] = ~(never * bits).sum(axis=0).astype(np.uint16)
    return asked


def _monitor(parts: Parts, known: Bool, floor: F8, *, batch: bool) -> tuple[MonitorModel | None, np.ndarray]:
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
    values = [_statistics(bare, run[:, used]) for run in _some(parts.limit)]
    values = [some for some in values if len(some)]
    if not values:
        return None, nothing
    margins = () if batch else (MONITOR_MARGIN, MONITOR_LEVEL_MARGIN)
    limit = limits(np.max([_lasting(some) for some in values], axis=0), len(used), *margins)
    # one statistic may take over from another while a finding waits: all of them together keep their distance, too
    together = max(float(_lasting((some / limit).max(axis=1, keepdims=True))[0]) for some in values)
    limit = limit * max(1.0, together * MONITOR_MARGIN)
    return MonitorModel(innovation=innovation, limit=limit), used


def _some(runs: Sequence[F8]) -> list[F8]:
    """At most MOST_ROWS of them, of each run an equal share: where it begins, and where it ends, as two runs."""
    total = sum(map(len, runs))
    if total <= MOST_ROWS:
        return list(runs)
    found = []
    for run in runs:
        half = max(1, round(len(run) * MOST_ROWS / total / 2))
        found += [run[:half], run[-half:]] if 2 * half < len(run) else [run]
    return found


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
