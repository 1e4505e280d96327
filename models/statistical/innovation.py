"""How the points of a unit go on from scan to scan when nothing is wrong: a vector autoregression, learnt once.

    z_t = (x_t - mean)/sigma          e_t = (z_t - sum_k T_k z_{t-k})/noise          k = 1..lags
    d_t = e_t' P e_t / n_points       1 on average while nothing is wrong

e is the innovation: what a point does beyond what its own past and that of its neighbours foretell. A slow wander,
which is most of what a healthy plant does, leaves no trace in it; a changed relation, a step or a new noise does. d is
the part of the Mahalanobis distance of the stacked vector (z_t, ..., z_{t-lags}) that is new at t; canonical variates
(CVA) span the same past. P is the inverse of the correlation of e, shrunk by SHRINKAGE towards no correlation.

Sources: Larimore 1983 and Russell, Chiang & Braatz 2000 (Chemom. Intell. Lab. Syst. 51:81) for CVA and lagged
monitoring; Ledoit & Wolf 2004 for shrinkage (all from memory); the constants are site defaults, chosen on the Tennessee
Eastman runs and the SKAB valve runs that benchmarks/detection.py reads.

Shapes: a run is (n_rows, n_points), rows in time order at equal distances, in the points' own units. NaN cells: rows
where a cell or one of its lags is missing are left out of the learning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.statistical.reference import Array, Mask
from models.statistical.unrest import learn_unrest

LAGS = 3  # as CVA on the same process (Russell, Chiang & Braatz 2000 use 2 to 5)
ROWS_PER_COEFFICIENT = 3  # of one point's equation; with fewer rows there are fewer lags (site default)
RIDGE = 0.003  # of the variance: the least that keeps constant and equal columns solvable (site default)
SHRINKAGE = 0.01  # 1 %: enough for full rank, hardly felt by the statistic (site default)
LEVEL_SHRINKAGE = 0.3  # values that wander are few independent ones: trust their correlation by seven tenths
MIN_ROWS = 60  # fewer say nothing about relations (site default)
FLAT = 1e-3  # a column that moved less than this part of its floor has no relations (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Innovation:
    """What was learnt of n points.

    mean, sigma (n,): engineering units; sigma is never below the floor. transition (n, lags n): newest lag first, in
    sigmas. noise (n,): spread of the innovation, in sigmas. precision (n, n): P. relation (n, n): the inverse of
    the correlation of z itself, shrunk by LEVEL_SHRINKAGE. change (n,): mean squared difference of neighbouring rows,
    in sigmas squared. unrest_mean, unrest_spread (n,): see `unrest`. rows: those that were used, each with its past.
    """

    mean: Array
    sigma: Array
    transition: Array
    noise: Array
    precision: Array
    relation: Array
    change: Array
    unrest_mean: Array
    unrest_spread: Array
    rows: int

    @property
    def lags(self) -> int:
        """How many earlier rows the forecast needs; 0 with too few rows to learn any."""
        return int(self.transition.shape[1]) // max(len(self.mean), 1)


def learn_innovation(runs: Sequence[Array], floor: Array, lags: int = LAGS) -> Innovation:
    """Learn from normal runs; `floor` (n_points,) is the least spread that a point is said to have, in its unit.

    Refuses fewer than MIN_ROWS usable rows. An innovation below the floor is never more than one spread: what an
    instrument cannot resolve is no news.
    """
    points = len(floor)
    if not (np.isfinite(floor) & (floor > 0.0)).all():
        raise ValueError("floor must be finite and above 0")
    for run in runs:
        if run.ndim != 2 or run.shape[1] != points:
            raise ValueError(f"a run must be (n_rows, {points}), got {run.shape}")
    stacked = np.vstack([np.zeros((0, points)), *runs])
    finite = np.isfinite(stacked)
    count = finite.sum(axis=0)
    if len(stacked) < MIN_ROWS or (count < MIN_ROWS).any():
        fewest = min(len(stacked), int(count.min()) if points else 0)
        raise ValueError(f"{fewest} rows of training are too few: {MIN_ROWS} are needed for every point")
    mean = np.where(finite, stacked, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(finite, stacked - mean, 0.0) ** 2).sum(axis=0) / (count - 1))
    sigma = np.maximum(spread, floor)
    moves: Mask = spread > FLAT * floor
    scaled = [(run - mean) / sigma for run in runs]
    lags = min(lags, int(count.min()) // (ROWS_PER_COEFFICIENT * max(points, 1)))
    now, past = _with_past(scaled, lags)
    while lags > 0 and len(now) < max(MIN_ROWS, ROWS_PER_COEFFICIENT * lags * points):
        lags -= 1
        now, past = _with_past(scaled, lags)
    if len(now) < MIN_ROWS:
        raise ValueError(f"{len(now)} rows of training have all values and their past: {MIN_ROWS} are needed")
    gram = past.T @ past / len(now)
    gram[np.diag_indices(len(gram))] += RIDGE
    transition: Array = np.zeros((points, 0))
    if lags:
        transition = np.ascontiguousarray(np.linalg.solve(gram, past.T @ now / len(now)).T, dtype=np.float64)
    left = now - past @ transition.T
    noise = np.maximum(left.std(axis=0), floor / sigma)
    steps = np.vstack([np.diff(run, axis=0) for run in scaled])
    known = np.isfinite(steps)
    change = (np.where(known, steps, 0.0) ** 2).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    change = np.maximum(change, (floor / sigma) ** 2)
    unrest_mean, unrest_spread = learn_unrest(scaled, change)
    return Innovation(
        mean=mean,
        sigma=sigma,
        transition=transition,
        noise=noise,
        precision=_precision(left / noise, moves, SHRINKAGE),
        relation=_precision(now, moves, LEVEL_SHRINKAGE),
        change=change,
        unrest_mean=unrest_mean,
        unrest_spread=unrest_spread,
        rows=len(now),
    )


def _with_past(scaled: Sequence[Array], lags: int) -> tuple[Array, Array]:
    """Rows that are complete with their past: now (n, points), past (n, lags points), newest lag first."""
    now, past = [], []
    for run in scaled:
        if len(run) <= lags:
            continue
        here = run[lags:]
        before = np.hstack([np.zeros((len(here), 0)), *(run[lags - k : len(run) - k] for k in range(1, lags + 1))])
        whole = np.isfinite(here).all(axis=1) & np.isfinite(before).all(axis=1)
        now.append(here[whole])
        past.append(before[whole])
    if not now:
        points = scaled[0].shape[1] if len(scaled) else 0
        return np.zeros((0, points)), np.zeros((0, lags * points))
    return np.vstack(now), np.vstack(past)


def _precision(innovation: Array, moves: Mask, shrinkage: float) -> Array:
    """Inverse of the shrunk second moments about 0, columns that do not move alone; symmetric to the last bit."""
    moments = innovation.T @ innovation / len(innovation)
    pair = moves[:, None] & moves[None, :]
    shrunk = np.where(pair, (1.0 - shrinkage) * moments, 0.0)
    shrunk[np.diag_indices(len(moves))] = np.where(moves, moments.diagonal() + 1e-9, 1.0)
    inverse = np.linalg.inv(shrunk)
    return np.ascontiguousarray((inverse + inverse.T) / 2.0)
