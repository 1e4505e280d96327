"""Lag of an instrument: first order, exact over a step, and what it costs on a ramp.

RTD in a 6 mm sheath: t0.5 10.4 s, t0.9 23.2 s; 3 mm: 5.2 and 9.8 s; in a thermowell tau 15-60 s (makers' figures).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw

from models.process.parameters import require_finite, require_positive

Array = NDArray[np.float64]


def time_constant_from_t90_s(t90_s: float) -> float:
    """tau of a first-order instrument that shows 90 % of a step after `t90_s`."""
    require_positive(t90_s=t90_s)
    return t90_s / math.log(10.0)


def lagged(measured: Array, true: Array, tau_s: Array, dt_s: float) -> Array:
    """Readings after `dt_s` with the true values held, all of shape (n_points,); tau 0 reads the truth at once."""
    return measured + lag_share(tau_s, dt_s) * (true - measured)


def lag_share(tau_s: Array, dt_s: float) -> Array:
    """What a step of `dt_s` makes up of the way to the true value, (n_points,); 1 with tau 0."""
    return np.where(tau_s > 0.0, -np.expm1(-dt_s / np.where(tau_s > 0.0, tau_s, 1.0)), 1.0)


def ramp_reading_k(t_start_k: float, rate_k_s: float, tau_s: float, time_s: float) -> float:
    """Reading on a ramp that begins with the instrument at rest: T0 + rate (t - tau (1 - exp(-t/tau)))."""
    require_positive(tau_s=tau_s)
    return t_start_k + rate_k_s * (time_s + tau_s * math.expm1(-time_s / tau_s))


def ramp_trip(t_start_k: float, rate_k_s: float, tau_s: float, trip_k: float) -> tuple[float, float, float]:
    """(time the truth reaches the trip, time the reading does, the truth at that time), by Lambert W."""
    require_positive(rate_k_s=rate_k_s, tau_s=tau_s)
    require_finite(t_start_k=t_start_k, trip_k=trip_k)
    true_s = (trip_k - t_start_k) / rate_k_s
    if true_s <= 0.0:
        return 0.0, 0.0, t_start_k
    ratio = true_s / tau_s
    measured_s = tau_s * (ratio + 1.0 + float(lambertw(-math.exp(-ratio - 1.0)).real))
    return true_s, measured_s, t_start_k + rate_k_s * measured_s
