"""What is normal for each point: mean and spread, learnt once from normal data, with a floor under the spread.

Constant columns: the spread is never below `floor` (a point's resolution, in its own unit). A column that never moved
in the normal data therefore counts one floor as one standard deviation: its first change is seen, and nothing is
divided by zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MIN_ROWS = 30  # site default: fewer rows say nothing about a spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Normal mean and standard deviation of every point, (n_points,), in engineering units.

    A point with too few valid rows is not `known`: its mean is 0, its spread the floor, every monitor calls it unknown.
    """

    mean: Array
    sigma: Array
    known: Mask

    def __post_init__(self) -> None:
        if not (self.mean.shape == self.sigma.shape == self.known.shape and self.mean.ndim == 1):
            raise ValueError("mean, sigma and known must be one-dimensional and of one shape")
        if not np.isfinite(self.mean).all():
            raise ValueError("mean must be finite")
        if not (np.isfinite(self.sigma) & (self.sigma > 0.0)).all():
            raise ValueError("sigma must be finite and above 0; give a constant column its floor")


def learn_reference(rows: Array, floor: Array, min_rows: int = MIN_ROWS) -> Reference:
    """Reference from normal `rows` (n_rows, n_points); NaN cells are left out, column by column."""
    if rows.ndim != 2 or floor.shape != (rows.shape[1],):
        raise ValueError(f"rows must be (n_rows, n_points) and floor (n_points,), got {rows.shape} and {floor.shape}")
    if not (np.isfinite(floor) & (floor > 0.0)).all():
        raise ValueError("floor must be finite and above 0")
    valid = np.isfinite(rows)
    count = valid.sum(axis=0)
    known = count >= max(min_rows, 2)
    mean = np.where(valid, rows, 0.0).sum(axis=0) / np.maximum(count, 1)
    off = np.where(valid, rows - mean, 0.0)
    sigma = np.sqrt((off**2).sum(axis=0) / np.maximum(count - 1, 1))
    return Reference(
        mean=np.where(known, mean, 0.0), sigma=np.where(known, np.maximum(sigma, floor), floor), known=known
    )
