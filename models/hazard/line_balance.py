"""Balances of continuous units, many at once, one step a scan: means, mass that is missing, product that is held up.

Shapes: n units; every array has its last axis over them. NaN is a value that is not known: it moves nothing.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_EITHER_WAY = np.array([[1.0], [-1.0]])
CLEAN_LEAST = 1e-9  # kPa: below it a pressure drop has nothing to be compared with


def smoothed(mean: Array, seen: Array, observed: Array, weight: Array) -> tuple[Array, Array]:
    """Exponentially weighted means and their numbers of samples, one sample on; each (k, n).

    The first 1/weight samples count alike, so that a mean is one from its first sample on.
    """
    known = observed == observed  # what is not a number is not equal to itself: half the cost of isnan
    seen = seen + known
    share = np.maximum(weight, 1.0 / np.maximum(seen, 1.0))
    return mean + np.where(known, share * (observed - mean), 0.0), seen


def residual_doubt_kg_h(in_kg_h: Array, out_kg_h: Array, accuracy: Array) -> Array:
    """Standard deviation of in - out, (n,): each meter's is a share of what it reads, several feeds count as one."""
    return accuracy * np.hypot(in_kg_h, out_kg_h)


def missing_kg(missing: Array, residual_kg_h: Array, slack_kg_h: Array, dt_s: float) -> Array:
    """Two-sided sum of what is missing, (2, n): gone or gathered, and more out than in; never below 0.

    It grows by what a residual is beyond its slack and shrinks by what it is within, as a CUSUM: the error of good
    meters does not add up for ever. A residual that is not known adds nothing.
    """
    step = (_EITHER_WAY * residual_kg_h - slack_kg_h) * (dt_s / 3600.0)
    return np.maximum(missing + np.where(np.isnan(step), 0.0, step), 0.0)


def held_kg(held: Array, measured: Array, net_kg_h: Array, weight: float, dt_s: float) -> Array:
    """Hold-up one step on, (n,): carried by the flows and drawn to what is measured by `weight` a step.

    With one of both missing it lives on the other; NaN until it was measured once.
    """
    blind = np.isnan(net_kg_h)
    moved = held + np.where(blind, 0.0, net_kg_h) * (dt_s / 3600.0)
    drawn = moved + np.where(blind, 1.0, weight) * (measured - moved)
    return np.where(np.isnan(drawn), np.where(np.isnan(moved), measured, moved), drawn)


def clean_share(dp_kpa: Array, flow_kg_h: Array, normal_kg_h: Array, clean_kpa: Array, exponent: Array) -> Array:
    """Pressure drop over that of the clean unit at the same flow, (n,): dp/(clean (flow/normal)^exponent)."""
    clean = clean_kpa * np.maximum(flow_kg_h / normal_kg_h, 0.0) ** exponent
    return dp_kpa / np.maximum(clean, CLEAN_LEAST)


def hot_spot(at: Array, t_c: Array) -> tuple[Array, Array]:
    """Place and temperature of the hottest point along the way, both (n,), by a parabola through it and its neighbours.

    at, t_c (n, k): places rising, padded with NaN behind; a row with a temperature missing gives NaN.
    """
    known = np.isfinite(at)
    blind = (known & np.isnan(t_c)).any(axis=1)
    t = np.where(known & ~np.isnan(t_c), t_c, -np.inf)
    last = np.maximum(known.sum(axis=1) - 1, 2)
    top = np.clip(t.argmax(axis=1), 1, last - 1)
    rows = np.arange(len(t))[:, None]
    near = rows, top[:, None] + np.array([-1, 0, 1])
    x, y = at[near], t_c[near]
    x0, x1, x2 = x.T
    y0, y1, y2 = y.T
    left, right = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    bend = (right - left) / (x2 - x0)
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.clip(0.5 * (x0 + x1 - left / bend), x0, x2)
    place = np.where(bend < 0.0, place, at[rows[:, 0], t.argmax(axis=1)])
    heat = y0 + left * (place - x0) + bend * (place - x0) * (place - x1)
    nothing = np.isnan(heat) | blind
    return np.where(nothing, np.nan, place), np.where(nothing, np.nan, heat)
