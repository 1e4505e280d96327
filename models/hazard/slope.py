"""Slope of measured values by least squares over a sliding window, many points at once.

A line is fitted over the window's valid samples; NaN samples are left out. Without enough of them the answer is
unknown, never a slope.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MIN_SHARE = 0.5  # site default: share of a window that must be valid


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeState:
    """Ring of samples: `ring` (n_window, n_points), NaN where nothing valid came; `at` the row that is written next."""

    ring: Array
    at: int


def start_slope(window: int, points: int) -> SlopeState:
    """An empty ring of `window` scans (120 at 1 s suit a batch tank, site default)."""
    if window < 3:
        raise ValueError(f"window must be at least 3 scans, got {window}")
    return SlopeState(ring=np.full((window, points), np.nan), at=0)


def step_slope(state: SlopeState, x: Array, dt_s: float) -> tuple[SlopeState, Array, Mask]:
    """Take in one scan `x` (n_points,): new state, slope per second at the middle of the window, and `unknown`.

    The slope lags half a window. Where `unknown`, the slope is 0.
    """
    ring = state.ring.copy()
    ring[state.at] = x
    window = ring.shape[0]
    at = (state.at + 1) % window
    if np.isfinite(ring.sum()):  # nothing is missing: one fit for all
        off, square = _times(window, dt_s)
        return (
            SlopeState(ring=ring, at=at),
            off[at] @ (ring - ring[0]) / square[at],
            np.zeros(ring.shape[1], dtype=np.bool_),
        )
    age = (np.arange(window) - at) % window  # 0 is the oldest
    time = (age - (window - 1) / 2.0) * dt_s
    valid = np.isfinite(ring)
    count = valid.sum(axis=0)
    safe = np.maximum(count, 1)
    base = np.where(valid, ring, 0.0).sum(axis=0) / safe
    mean_time = np.where(valid, time[:, None], 0.0).sum(axis=0) / safe
    off = np.where(valid, time[:, None] - mean_time, 0.0)
    spread = (off**2).sum(axis=0)
    slope = (off * np.where(valid, ring - base, 0.0)).sum(axis=0) / np.where(spread > 0.0, spread, 1.0)
    unknown = (count < MIN_SHARE * window) | ~(spread > 0.0)
    return SlopeState(ring=ring, at=at), np.where(unknown, 0.0, slope), unknown


@cache
def _times(window: int, dt_s: float) -> tuple[Array, Array]:
    """From the middle of a window whose oldest row is 0, 1, ..., (window, window) in seconds, and their squares."""
    place = (np.arange(window) - np.arange(window)[:, None]) % window
    off: Array = np.multiply(place - (window - 1) / 2.0, dt_s, dtype=np.float64)
    squares: Array = np.array([row @ row for row in off], dtype=np.float64)
    return off, squares
