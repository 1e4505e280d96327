"""Adiabatic time to maximum rate, and the start temperature that leaves 24 h or 8 h.

    formula   TMRad = cp R T0^2/(q0 Ea), zero order, conservative: always shorter than the integral
    integral  adiabatic with depletion: q = q0 exp(-Ea/R (1/T - 1/T0)) (1 - (T - T0)/dTad)^n, dT/dt = q/cp;
              TMRad is the time at which dT/dt is largest
    TD24      T at which TMRad is 24 h with q0 = qref exp(-Ea/R (1/T - 1/Tref)); TD8 likewise

Source: Stoessel, Thermal Safety of Chemical Processes, 2008, ch. 2 (equations from memory). All arguments broadcast as
numpy arrays; the results have the broadcast shape. Units: K, W/kg, J/kg K, J/mol, s.
"""

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import lambertw

from models.process.parameters import GAS_CONSTANT_J_MOL_K as R

Array = NDArray[np.float64]

DAY_S = 86_400.0
EIGHT_HOURS_S = 28_800.0
_NODES, _WEIGHTS = leggauss(16)  # points of one panel of the integral
_PANELS = 40
_LARGEST_EXPONENT = 60.0  # exp(-60) of the integrand is below rounding


def tmrad_formula_s(t0_k: ArrayLike, q0_w_kg: ArrayLike, cp_j_kgk: ArrayLike, ea_j_mol: ArrayLike) -> Array:
    """Zero-order time to maximum rate; infinite where no heat is made, NaN where an argument is NaN."""
    t0, q0, cp, ea = _arrays(t0_k, q0_w_kg, cp_j_kgk, ea_j_mol)
    with np.errstate(divide="ignore"):
        return np.asarray(cp * R * t0**2 / (np.where(q0 < 0.0, 0.0, q0) * ea))


def max_rate_temperature_k(t0_k: ArrayLike, ea_j_mol: ArrayLike, dtad_k: ArrayLike, order: ArrayLike) -> Array:
    """Temperature at which the adiabatic rate is largest: Ea/(R T^2) = n/(T0 + dTad - T).

    At T0 + dTad with order 0, never below T0.
    """
    t0, ea, rise, n = _arrays(t0_k, ea_j_mol, dtad_k, order)
    end = t0 + rise
    slope = ea / R
    top = 2.0 * slope * end / (slope + np.sqrt(slope**2 + 4.0 * n * slope * end))  # stable root of n T^2 + s T - s end
    return np.asarray(np.maximum(top, t0))


def tmrad_integral_s(
    t0_k: ArrayLike,
    q0_w_kg: ArrayLike,
    cp_j_kgk: ArrayLike,
    ea_j_mol: ArrayLike,
    dtad_k: ArrayLike,
    order: ArrayLike = 1.0,
) -> Array:
    """Time to maximum rate with depletion, by Gauss-Legendre panels in u = Ea/R (1/T0 - 1/T).

    Infinite where no heat is made, and where depletion wins from the start, so that the rate only falls.
    """
    t0, q0, cp, ea, rise, n = np.broadcast_arrays(*_arrays(t0_k, q0_w_kg, cp_j_kgk, ea_j_mol, dtad_k, order))
    slope = ea / R
    top = max_rate_temperature_k(t0, ea, rise, n)
    u_top = np.minimum(slope * (1.0 / t0 - 1.0 / top), _LARGEST_EXPONENT)
    edges = np.linspace(0.0, 1.0, _PANELS + 1)
    centre, half = (edges[1:] + edges[:-1]) / 2.0, (edges[1:] - edges[:-1]) / 2.0
    share = (centre[:, None] + half[:, None] * _NODES).ravel()
    weight = (half[:, None] * _WEIGHTS).ravel()
    u = u_top[..., None] * share
    t = 1.0 / (1.0 / t0[..., None] - u / slope[..., None])
    left = np.maximum(1.0 - (t - t0[..., None]) / rise[..., None], 1e-300)
    inside = np.exp(-u) * R * t**2 / ea[..., None] / left ** n[..., None]
    integral = np.sum(inside * weight, axis=-1) * u_top
    with np.errstate(divide="ignore", invalid="ignore"):
        time = cp / q0 * integral
    return np.where((q0 <= 0.0) | (top <= t0), np.inf, time)


def q_at_w_kg(t_k: ArrayLike, tref_k: ArrayLike, qref_w_kg: ArrayLike, ea_j_mol: ArrayLike) -> Array:
    """Heat made at a temperature, from the heat at another and the activation energy."""
    t, tref, qref, ea = _arrays(t_k, tref_k, qref_w_kg, ea_j_mol)
    return np.asarray(qref * np.exp(-ea / R * (1.0 / t - 1.0 / tref)))


def td_formula_k(
    tref_k: ArrayLike, qref_w_kg: ArrayLike, cp_j_kgk: ArrayLike, ea_j_mol: ArrayLike, time_s: float = DAY_S
) -> Array:
    """TD24 (or another time) of the formula in closed form.

    T = Ea/(2 R y), y = -W_-1(-Ea/(2 R sqrt(C))), C = time qref exp(Ea/(R Tref)) Ea/(cp R). NaN where no T answers.
    """
    tref, qref, cp, ea = _arrays(tref_k, qref_w_kg, cp_j_kgk, ea_j_mol)
    log_c = np.log(time_s * qref * ea / (cp * R)) + ea / (R * tref)
    argument = -ea / (2.0 * R) * np.exp(-log_c / 2.0)
    y = -lambertw(argument, k=-1).real
    return np.where(argument >= -np.exp(-1.0), ea / (2.0 * R * y), np.nan)


def td_root_k(tref_k: float, qref_w_kg: float, cp_j_kgk: float, ea_j_mol: float, time_s: float = DAY_S) -> float:
    """The same by root finding on the logarithm of the formula: a check on the closed form."""

    def excess(t: float) -> float:
        q = q_at_w_kg(t, tref_k, qref_w_kg, ea_j_mol)
        return float(np.log(tmrad_formula_s(t, q, cp_j_kgk, ea_j_mol) / time_s))

    # Up to T = Ea/(2R), above any liquid, the formula falls with T.
    return float(brentq(excess, 100.0, ea_j_mol / (2.0 * R), xtol=1e-9))


def td_integral_k(
    tref_k: float,
    qref_w_kg: float,
    cp_j_kgk: float,
    ea_j_mol: float,
    dtad_k: float,
    order: float = 1.0,
    time_s: float = DAY_S,
) -> float:
    """TD24 (or another time) with depletion: start temperature whose integral is `time_s`. NaN where none is.

    It lies above the formula's, which is conservative.
    """

    def excess(t: float) -> float:
        q = q_at_w_kg(t, tref_k, qref_w_kg, ea_j_mol)
        time = tmrad_integral_s(t, q, cp_j_kgk, ea_j_mol, dtad_k, order)
        return float(np.log(min(float(time), 1e300) / time_s))

    low = float(td_formula_k(tref_k, qref_w_kg, cp_j_kgk, ea_j_mol, time_s))
    high = low + 1.0
    while excess(high) > 0.0:
        high += 5.0
        if not high < 2.0 * low:
            return float("nan")
    return float(brentq(excess, low - 1.0, high, xtol=1e-7))


def _arrays(*values: ArrayLike) -> list[Array]:
    return [np.asarray(value, dtype=np.float64) for value in values]
