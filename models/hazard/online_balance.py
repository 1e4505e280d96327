"""Amounts in a semi-batch tank, integrated online from measured temperature and dosing: many tanks, one step a scan.

    dnA = -r; dnB = F cB - r; dnP = r; dV = F; r = kf k0 exp(-E/RT) nA nB/V     with the measured T and F

Decomposition is left out: it hardly moves the amounts before the temperature alarms act. The estimate feeds
accumulation, MTSR and the heat-balance residual. It is only as good as the dosing meter and the kinetics.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.process.parameters import GAS_CONSTANT_J_MOL_K

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceState:
    """Estimate of every tank, each (n_units,). `blind_s` counts the time for which an input was missing."""

    a_kmol: Array
    b_kmol: Array
    volume_m3: Array
    blind_s: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceParameters:
    """Kinetics and dose of every tank, each (n_units,)."""

    k0_m3_kmol_s: Array
    activation_j_mol: Array
    dose_concentration_kmol_m3: Array


def start_balance(a_start_kmol: Array, volume_start_m3: Array) -> BalanceState:
    """State after charging, before dosing."""
    zero = np.zeros_like(a_start_kmol)
    return BalanceState(a_kmol=a_start_kmol.copy(), b_kmol=zero, volume_m3=volume_start_m3.copy(), blind_s=zero.copy())


def take_up(
    parameters: BalanceParameters,
    *,
    a_start_kmol: Array,
    volume_start_m3: Array,
    dosed_m3: Array,
    t_k: Array,
    dosing_m3_s: Array,
) -> BalanceState:
    """State of a batch on its way, each (n_units,), as if it had long been dosed at this flow and temperature.

    At such a quasi-steady state B reacts as fast as it comes: k nA nB/V = F cB, with nA = nA0 - dosed + nB. What came
    before is forgotten with the time in which B reacts.
    """
    p = parameters
    dosed_kmol = dosed_m3 * p.dose_concentration_kmol_m3
    volume = volume_start_m3 + dosed_m3
    k = p.k0_m3_kmol_s * np.exp(-p.activation_j_mol / (GAS_CONSTANT_J_MOL_K * t_k))
    left = a_start_kmol - dosed_kmol
    fed = np.maximum(dosing_m3_s, 0.0) * p.dose_concentration_kmol_m3 * volume / k
    b = 0.5 * (-left + np.sqrt(left**2 + 4.0 * fed))
    b = np.minimum(np.maximum(b, 0.0), dosed_kmol)
    return BalanceState(a_kmol=np.maximum(left + b, 0.0), b_kmol=b, volume_m3=volume, blind_s=np.zeros_like(volume))


def step_balance(
    state: BalanceState, parameters: BalanceParameters, t_k: Array, dosing_m3_s: Array, dt_s: float
) -> tuple[BalanceState, Array, Mask]:
    """New state, rate of reaction (kmol/s, 0 where unknown) and `unknown`, all (n_units,).

    The reaction of a step is solved in closed form for constant T, so a fast reaction cannot overshoot. A NaN input
    holds the amounts and yields unknown: what was dosed meanwhile is not in the estimate, which `blind_s` says.
    """
    p = parameters
    known = np.isfinite(t_k) & np.isfinite(dosing_m3_s) & (t_k > 0.0)
    t = np.where(known, t_k, 300.0)
    flow = np.where(known, np.maximum(dosing_m3_s, 0.0), 0.0)
    volume = state.volume_m3 + flow * dt_s
    b = state.b_kmol + flow * dt_s * p.dose_concentration_kmol_m3
    k = p.k0_m3_kmol_s * np.exp(-p.activation_j_mol / (GAS_CONSTANT_J_MOL_K * t)) / volume * dt_s
    reacted = np.where(known, _second_order_extent(state.a_kmol, b, k), 0.0)
    new = BalanceState(
        a_kmol=state.a_kmol - reacted,
        b_kmol=b - reacted,
        volume_m3=volume,
        blind_s=state.blind_s + np.where(known, 0.0, dt_s),
    )
    return new, reacted / dt_s, ~known


def _second_order_extent(a: Array, b: Array, k: Array) -> Array:
    """Extent x of A + B -> P with dx/ds = k (a - x)(b - x) over s in [0, 1]: exact, also for a = b."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    gap = (high - low) * k
    # x = low high (1 - e^-gap)/(high - low e^-gap), divided through by high - low so that a = b is no special case
    factor = np.where(gap > 1e-9, -np.expm1(-gap) / np.where(gap > 0.0, gap, 1.0), 1.0)
    extent = low * high * k * factor / (1.0 + low * k * factor)
    return np.minimum(np.maximum(extent, 0.0), low)
