"""Heat balance of semi-batch tanks as an observer: what should warm the contents, against what does. Many tanks a scan.

    C = rhocp V + Ccap;   residual = C dT/dt - (-dH r + UA (V/V0)(Tj - T) + F rhocp (Tin - T) + extra)      [W]
    dTj/dt = (w cp (Tj,in - Tj) + UA (V/V0)(T - Tj)) / (Vj rhocp_j)     with the flow w that the jacket should have

The jacket is observed with its specified flow from its measured inlet temperature: a lost flow, a fouled wall and a
slow agitator all show as heat that stays although it should have left. r comes from the amounts integrated online
(`online_balance`). The slope of T is that of a line through the window; a line through samples weighs the slopes
between them by a parabola, so the expected heat is averaged with the same weights, and no lag is left between the two.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.hazard.slope import SlopeState, start_slope, step_slope

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

WINDOW_S = 120.0  # of the slope; with 0.05 K of noise it keeps the residual within 1.2 kW a m3 (see process models)
DETECTS_SHARE = 0.2  # of the nominal heat of dosing: sees loss of cooling, fouling, agitator stop, hidden overdosing
UNSETTLED = 0.02  # of a jacket's first error of some 10 K: below 2 kW (site default)
SIGMAS = 2.0  # limit in standard deviations of what is uncertain (site default)
WATER_J_M3K = 998.0 * 4180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tanks:
    """What is known of every tank beforehand, each (n_units,). Uncertainties are one standard deviation, relative."""

    rho_cp_j_m3k: Array
    heat_capacity_j_k: Array  # of the vessel
    volume_start_m3: Array
    ua_start_w_k: Array
    enthalpy_j_kmol: Array
    dosing_temperature_k: Array
    dosing_heat_w: Array  # nominal: all of the dose over the time of dosing
    jacket_m3: Array
    jacket_flow_m3_s: Array
    extra_w: Array  # agitator
    ua_uncertainty: Array
    kinetics_uncertainty: Array
    temperature_noise_k: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceWindow:
    """The observer's memory. t_jacket_k (n_units,), NaN before the first look; rings (n_window, n_units).

    unsettled (n_units,): what is left of the error that the jacket began with, 1 to 0.
    """

    t_jacket_k: Array
    unsettled: Array
    slope: SlopeState
    expected_w: Array
    doubt_w: Array  # standard deviation of the expected heat


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """One scan's answer, each (n_units,). `unknown` until the jacket has settled and the window is full enough."""

    residual_w: Array
    limit_w: Array
    jacket_w: Array  # that the jacket should take now, below zero while it cools
    ua_w_k: Array  # of the wetted jacket
    slope_k_s: Array
    unknown: Mask


def start_window(units: int, period_s: float) -> BalanceWindow:
    """Nothing seen yet."""
    n = max(3, round(WINDOW_S / period_s))
    empty = np.full((n, units), np.nan)
    return BalanceWindow(
        t_jacket_k=np.full(units, np.nan),
        unsettled=np.ones(units),
        slope=start_slope(n, units),
        expected_w=empty,
        doubt_w=empty.copy(),
    )


def step_window(
    window: BalanceWindow,
    tanks: Tanks,
    *,
    t_k: Array,
    t_inlet_k: Array,
    dosing_m3_s: Array,
    volume_m3: Array,
    rate_kmol_s: Array,
    dt_s: float,
) -> tuple[BalanceWindow, Residual]:
    """Take in one scan, each (n_units,); NaN where a value is missing: that sample is left out."""
    ua = tanks.ua_start_w_k * volume_m3 / tanks.volume_start_m3
    jacket_k, left = _observe_jacket(window.t_jacket_k, tanks, ua, t_k, t_inlet_k, dt_s)
    unsettled = np.where(np.isnan(t_inlet_k + t_k), window.unsettled, window.unsettled * left)
    reaction_w = -tanks.enthalpy_j_kmol * rate_kmol_s
    jacket_w = ua * (jacket_k - t_k)
    dosing_w = np.maximum(dosing_m3_s, 0.0) * tanks.rho_cp_j_m3k * (tanks.dosing_temperature_k - t_k)
    expected = reaction_w + jacket_w + dosing_w + tanks.extra_w
    doubt = np.hypot(tanks.ua_uncertainty * jacket_w, tanks.kinetics_uncertainty * reaction_w)
    at = window.slope.at
    slope, slope_k_s, unknown = step_slope(window.slope, np.where(np.isfinite(expected), t_k, np.nan), dt_s)
    expected_w, doubt_w = window.expected_w.copy(), window.doubt_w.copy()
    expected_w[at], doubt_w[at] = expected, doubt
    capacity = tanks.rho_cp_j_m3k * volume_m3 + tanks.heat_capacity_j_k
    n = len(expected_w)
    noise_w = capacity * tanks.temperature_noise_k * np.sqrt(12.0 / n**3) / dt_s  # of a slope through n samples
    spread = np.hypot(_parabolic_mean(doubt_w, slope.at), noise_w)
    residual = capacity * slope_k_s - _parabolic_mean(expected_w, slope.at)
    limit = np.maximum(DETECTS_SHARE * tanks.dosing_heat_w, SIGMAS * spread)
    unknown = unknown | ~np.isfinite(residual) | ~np.isfinite(t_k) | (unsettled > UNSETTLED)
    return (
        BalanceWindow(t_jacket_k=jacket_k, unsettled=unsettled, slope=slope, expected_w=expected_w, doubt_w=doubt_w),
        Residual(
            residual_w=np.where(unknown, np.nan, residual),
            limit_w=limit,
            jacket_w=jacket_w,
            ua_w_k=ua,
            slope_k_s=np.where(unknown, np.nan, slope_k_s),
            unknown=unknown,
        ),
    )


def restarted(window: BalanceWindow, units: Mask) -> BalanceWindow:
    """The same with the windows of `units` (n_units,) begun anew; the jacket goes on through batches."""
    keep = ~units
    return BalanceWindow(
        t_jacket_k=window.t_jacket_k,
        unsettled=window.unsettled,
        slope=SlopeState(ring=np.where(keep, window.slope.ring, np.nan), at=window.slope.at),
        expected_w=np.where(keep, window.expected_w, np.nan),
        doubt_w=np.where(keep, window.doubt_w, np.nan),
    )


def _observe_jacket(
    before: Array, tanks: Tanks, ua: Array, t_k: Array, t_inlet_k: Array, dt_s: float
) -> tuple[Array, Array]:
    """The jacket one scan later, exact for constant inputs, and the share that an error before it keeps.

    It begins at its steady state and holds where blind."""
    flow_w_k = tanks.jacket_flow_m3_s * WATER_J_M3K
    steady = (flow_w_k * t_inlet_k + ua * t_k) / (flow_w_k + ua)
    left = np.exp(-dt_s * (flow_w_k + ua) / (tanks.jacket_m3 * WATER_J_M3K))
    after = np.where(np.isnan(before), steady, steady + (before - steady) * left)
    return np.where(np.isfinite(after), after, before), left


def _parabolic_mean(ring: Array, oldest: int) -> Array:
    """Mean over the window (n_window, n_units) with the weights that a fitted line gives to slopes; NaN left out."""
    parabola, whole = _parabolas(len(ring))
    parabola = parabola[oldest]
    if np.isfinite(ring.sum()):
        return np.asarray(parabola @ ring / whole[oldest])
    weight = parabola[:, None] * np.isfinite(ring)
    total = weight.sum(axis=0)
    mean = (weight * np.where(np.isfinite(ring), ring, 0.0)).sum(axis=0) / np.where(total > 0.0, total, 1.0)
    return np.where(total > 0.0, mean, np.nan)


@cache
def _parabolas(n: int) -> tuple[Array, Array]:
    """The weights of a window whose oldest row is 0, 1, ..., (n, n), and their sums."""
    place = (np.arange(n) - np.arange(n)[:, None]) % n
    weights = (place + 0.5) * (n - place - 0.5)
    return weights, np.array([row.sum() for row in weights])
