"""Criteria of a runaway, each an array expression over units. No criterion is enough alone.

On the nitration set N2: Hub & Jones holds for long stretches of a perfectly normal batch and needs a dead band or a
phase mask; divergence never fires on "cooling lost, dosing goes on" but fires early on a cold start.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.process.parameters import GAS_CONSTANT_J_MOL_K

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
KAPPA = 1.05  # Steensma & Westerterp 1990 (from memory)


def target_temperature_k(
    *,
    ua_w_k: ArrayLike,
    t_jacket_k: ArrayLike,
    flow_heat_w_k: ArrayLike,
    t_dosing_k: ArrayLike,
    dosing_heat_w: ArrayLike,
    kappa: float = KAPPA,
) -> Array:
    """T of a batch that reacts as fast as it is dosed: (UA Tj + F rhocp Tin + kappa q)/(UA + F rhocp).

    `flow_heat_w_k` is F rhocp, `dosing_heat_w` is (-dH) nB/tdos. Runaway when the highest T passes it, no ignition
    when it is never reached. Steensma & Westerterp 1990 (from memory).
    """
    ua, tj, fc, tin, q = _arrays(ua_w_k, t_jacket_k, flow_heat_w_k, t_dosing_k, dosing_heat_w)
    return np.asarray((ua * tj + fc * tin + kappa * q) / (ua + fc))


def divergence_1_s(
    *,
    a_kmol: ArrayLike,
    b_kmol: ArrayLike,
    p_kmol: ArrayLike,
    volume_m3: ArrayLike,
    t_k: ArrayLike,
    dosing_m3_s: ArrayLike,
    ua_w_k: ArrayLike,
    k0_m3_kmol_s: ArrayLike,
    activation_j_mol: ArrayLike,
    reaction_enthalpy_j_kmol: ArrayLike,
    kd_ref_1_s: ArrayLike,
    kd_ref_temperature_k: ArrayLike,
    decomposition_activation_j_mol: ArrayLike,
    decomposition_enthalpy_j_kmol: ArrayLike,
    rho_cp_j_m3k: ArrayLike,
    vessel_heat_capacity_j_k: ArrayLike = 0.0,
) -> Array:
    """Trace of the Jacobian of the semi-batch tank by nA, nB and T; above 0 on a rising branch the batch diverges.

    Strozzi & Zaldivar 1994 (from memory). `ua_w_k` is the present UA; `k0_m3_kmol_s` carries the emulsion's quality.
    """
    a, b, c, v, t = _arrays(a_kmol, b_kmol, p_kmol, volume_m3, t_k)
    flow, ua, k0, e, dh = _arrays(dosing_m3_s, ua_w_k, k0_m3_kmol_s, activation_j_mol, reaction_enthalpy_j_kmol)
    kd_ref, td, ed, dhd = _arrays(
        kd_ref_1_s, kd_ref_temperature_k, decomposition_activation_j_mol, decomposition_enthalpy_j_kmol
    )
    rho_cp, ccap = _arrays(rho_cp_j_m3k, vessel_heat_capacity_j_k)
    gas = GAS_CONSTANT_J_MOL_K
    k = k0 * np.exp(-e / (gas * t))
    r = k * a * b / v
    rd = kd_ref * np.exp(-ed / gas * (1.0 / t - 1.0 / td)) * c
    heat_by_t = (-dh * r * e - dhd * rd * ed) / (gas * t**2) - ua - np.maximum(flow, 0.0) * rho_cp
    return np.asarray(-k * (a + b) / v + heat_by_t / (rho_cp * v + ccap))


def diverges(divergence: ArrayLike, rate_k_s: ArrayLike) -> Mask:
    """Divergence above 0 while the temperature rises; NaN is not a hit (the caller lists it as unknown)."""
    d, rate = _arrays(divergence, rate_k_s)
    return np.asarray((d > 0.0) & (rate > 0.0))


def hub_jones(
    rate_k_s: ArrayLike, acceleration_k_s2: ArrayLike, dead_rate_k_s: float = 0.0, dead_acceleration_k_s2: float = 0.0
) -> Mask:
    """dT/dt > 0 and d2T/dt2 > 0, each beyond its dead band. Hub & Jones 1986 (from memory)."""
    rate, acceleration = _arrays(rate_k_s, acceleration_k_s2)
    return np.asarray((rate > dead_rate_k_s) & (acceleration > dead_acceleration_k_s2))


def heat_balance_residual_w(
    *,
    rate_k_s: ArrayLike,
    heat_capacity_j_k: ArrayLike,
    model_heat_w: ArrayLike,
    ua_w_k: ArrayLike,
    t_k: ArrayLike,
    t_jacket_k: ArrayLike,
    dosing_m3_s: ArrayLike,
    rho_cp_j_m3k: ArrayLike,
    t_dosing_k: ArrayLike,
) -> Array:
    """Heat that warms the contents and is not explained: C dT/dt - (q_model - UA (T - Tj) + F rhocp (Tin - T)).

    Zero on a perfect model; above zero when cooling is lost. A threshold of about a fifth of the dosing heat with a
    slope over 120 s was quiet on nominal batches; a 10 % error of UA moves it by a tenth of the dosing heat.
    """
    slope, c, q, ua, t = _arrays(rate_k_s, heat_capacity_j_k, model_heat_w, ua_w_k, t_k)
    tj, flow, rho_cp, tin = _arrays(t_jacket_k, dosing_m3_s, rho_cp_j_m3k, t_dosing_k)
    return np.asarray(c * slope - (q - ua * (t - tj) + np.maximum(flow, 0.0) * rho_cp * (tin - t)))


def _arrays(*values: ArrayLike) -> list[Array]:
    return [np.asarray(value, dtype=np.float64) for value in values]
