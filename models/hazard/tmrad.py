"""Adiabatic time to maximum rate, by the formula and by the integral with depletion.

    formula   TMRad = cp R T0^2/(q0 Ea), zero order, conservative: always shorter than the integral
    integral  adiabatic with depletion: q = q0 exp(-Ea/R (1/T - 1/T0)) (1 - (T - T0)/dTad)^n, dT/dt = q/cp;
              TMRad is the time at which dT/dt is largest

Source: Stoessel, Thermal Safety of Chemical Processes, 2008, ch. 2 (equations from memory). All arguments broadcast as
numpy arrays; the results have the broadcast shape. Units: K, W/kg, J/kg K, J/mol, s.
"""

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike, NDArray

from models.process.parameters import GAS_CONSTANT_J_MOL_K as R

Array = NDArray[np.float64]

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


def _arrays(*values: ArrayLike) -> list[Array]:
    return [np.asarray(value, dtype=np.float64) for value in values]
