"""How restless each point is: an EWMA of its squared differences, judged two-sided on a logarithmic scale.

    v = v + lambda ((z_t - z_{t-1})^2/c - v)      strain = (log(v + UNREST_FLOOR) - mean)/spread

c is the mean squared difference while nothing is wrong, so v is 1 on average. A sticking valve or a frozen value
falls, a noisy instrument or a hunting loop rises. Source: MacGregor & Harris 1993 (J. Quality Technology 25:106) for
the EWMA of squares (from memory); differences instead of departures, so that a wander does not count; the constants
are site defaults.

Shapes (..., n_points); z in any unit, c in its square.
"""

from collections.abc import Sequence

import numpy as np

from models.statistical.reference import Array, Mask

WEIGHT_UNREST = 0.1  # lambda
UNREST_FLOOR = 0.01  # added before the logarithm: a frozen point has -4.6
UNREST_CEILING = 25.0  # of one squared difference over its mean: one spike does not ring for long
LEAST_SPREAD = 0.25  # of the logarithm; independent values have 0.33
_SETTLED = 20  # rows until the EWMA has forgotten its start: 2/lambda


def step_unrest(unrest: Array, z: Array, newest: Array, per_change: Array, seen: Mask) -> Array:
    """v after one scan; held where z is not `seen` or has no one before it (NaN in `newest`)."""
    fresh = (z - newest) ** 2 * per_change
    fresh = np.where(seen & (fresh == fresh), np.minimum(fresh, UNREST_CEILING), unrest)
    answer: Array = unrest + WEIGHT_UNREST * (fresh - unrest)
    return answer


def learn_unrest(scaled: Sequence[Array], change: Array) -> tuple[Array, Array]:
    """Mean and spread of log(v + UNREST_FLOOR) over normal runs (n_rows, n_points), NaN where missing."""
    found = [np.zeros((0, len(change)))]
    for run in scaled:
        seen = np.isfinite(run)
        unrest, newest, rows = np.ones(len(change)), np.full(len(change), np.nan), []
        for z, here in zip(run, seen, strict=True):
            unrest = step_unrest(unrest, z, newest, 1.0 / change, here)
            newest = np.where(here, z, newest)
            rows.append(unrest)
        found.append(np.array(rows[_SETTLED:]).reshape(-1, len(change)))
    logs = np.log(np.vstack(found) + UNREST_FLOOR)
    if not len(logs):
        raise ValueError(f"every run is shorter than {_SETTLED + 1} rows")
    return logs.mean(axis=0), np.maximum(logs.std(axis=0), LEAST_SPREAD)
