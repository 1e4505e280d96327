"""Right-hand side of the semi-batch tank, its heat flows, accumulation and MTSR."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from models.process.jacket import Jacket, jacket_rate_k_s
from models.process.parameters import GAS_CONSTANT_J_MOL_K
from models.process.semibatch import SemiBatchInputs, SemiBatchParameters, SemiBatchState

Vector = tuple[float, float, float, float, float, float]  # nA, nB, nP [kmol], V [m3], T [K], Tj [K]

HEEL_FRACTION = 0.02  # site default: a dosing line cannot suck the vessel below 2 % of its charge


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatFlows:
    """Heat flows into the contents, W; their sum warms `rhocp V + Ccap`."""

    reaction_w: float
    decomposition_w: float
    jacket_w: float  # below zero while cooling
    dosing_w: float  # below zero while the dose is colder than the contents
    extra_w: float


def right_hand_side(
    parameters: SemiBatchParameters, inputs: SemiBatchInputs, jacket: Jacket | None = None
) -> Callable[[float, float, float, float, float, float], Vector]:
    """Function (nA, nB, nP, V, T, Tj) -> their time derivatives, with all constants bound once.

    Without a jacket model, or with `inputs.t_jacket_k` given, dTj/dt is 0.
    """
    p = parameters
    k0, e_r = inputs.emulsion * p.k0_m3_kmol_s, p.activation_j_mol / GAS_CONSTANT_J_MOL_K
    kd_ref, ed_r, inv_td = (
        p.kd_ref_1_s,
        p.decomposition_activation_j_mol / GAS_CONSTANT_J_MOL_K,
        1 / p.kd_ref_temperature_k,
    )
    q_r, q_d = -p.reaction_enthalpy_j_kmol, -p.decomposition_enthalpy_j_kmol
    ua_per_m3 = p.ua_start_w_k / p.volume_start_m3 * inputs.heat_transfer
    rho_cp, ccap, cb = p.rho_cp_j_m3k, p.vessel_heat_capacity_j_k, p.dose_concentration_kmol_m3
    heel_m3 = HEEL_FRACTION * p.volume_start_m3
    flow, t_in, extra = inputs.dosing_m3_s, inputs.t_dosing_k, inputs.extra_heat_w
    fixed_tj = inputs.t_jacket_k
    exp = math.exp

    def rate(a: float, b: float, c: float, v: float, t: float, tj: float) -> Vector:
        wall = tj if fixed_tj is None else fixed_tj
        ua = ua_per_m3 * v
        r = k0 * exp(-e_r / t) * a * b / v
        rd = kd_ref * exp(-ed_r * (1.0 / t - inv_td)) * c
        heat = q_r * r + q_d * rd - ua * (t - wall) + extra
        d_tj = 0.0
        if fixed_tj is None and jacket is not None:
            d_tj = jacket_rate_k_s(jacket, tj, inputs.t_coolant_in_k, inputs.coolant_kg_s, ua, t)
        if flow >= 0.0:
            dt = (heat + flow * rho_cp * (t_in - t)) / (rho_cp * v + ccap)
            return -r, flow * cb - r, r - rd, flow, dt, d_tj
        # The contents leave at their own composition and temperature, less and less from twice the heel down to it: a
        # sudden stop would make the solver chatter.
        out = flow * min(max(v / heel_m3 - 1.0, 0.0), 1.0)
        share = out / v
        return share * a - r, share * b - r, share * c + r - rd, out, heat / (rho_cp * v + ccap), d_tj

    return rate


def heat_flows(parameters: SemiBatchParameters, state: SemiBatchState, inputs: SemiBatchInputs) -> HeatFlows:
    """Where heat comes from and goes to at this instant."""
    p = parameters
    wall = state.t_jacket_k if inputs.t_jacket_k is None else inputs.t_jacket_k
    r_kmol_s, rd_kmol_s = reaction_rates_kmol_s(p, state, inputs.emulsion)
    ua = p.ua_start_w_k * (state.volume_m3 / p.volume_start_m3) * inputs.heat_transfer
    return HeatFlows(
        reaction_w=-p.reaction_enthalpy_j_kmol * r_kmol_s,
        decomposition_w=-p.decomposition_enthalpy_j_kmol * rd_kmol_s,
        jacket_w=-ua * (state.t_k - wall),
        dosing_w=max(inputs.dosing_m3_s, 0.0) * p.rho_cp_j_m3k * (inputs.t_dosing_k - state.t_k),
        extra_w=inputs.extra_heat_w,
    )


def reaction_rates_kmol_s(
    parameters: SemiBatchParameters, state: SemiBatchState, emulsion: float = 1.0
) -> tuple[float, float]:
    """Rates of the wanted reaction and of the decomposition."""
    p = parameters
    k = emulsion * p.k0_m3_kmol_s * math.exp(-p.activation_j_mol / (GAS_CONSTANT_J_MOL_K * state.t_k))
    exponent = -p.decomposition_activation_j_mol / GAS_CONSTANT_J_MOL_K * (1 / state.t_k - 1 / p.kd_ref_temperature_k)
    return k * state.a_kmol * state.b_kmol / state.volume_m3, p.kd_ref_1_s * math.exp(exponent) * state.p_kmol


def accumulation(parameters: SemiBatchParameters, state: SemiBatchState) -> float:
    """Share of the charge that could react at once: min(nA, nB)/nA0."""
    return min(state.a_kmol, state.b_kmol) / parameters.a_start_kmol


def mtsr_k(parameters: SemiBatchParameters, state: SemiBatchState) -> float:
    """Temperature that the contents reach when cooling and dosing stop now: T + min(nA, nB)(-dH)/(rhocp V)."""
    stored_j = min(state.a_kmol, state.b_kmol) * -parameters.reaction_enthalpy_j_kmol
    return state.t_k + stored_j / (parameters.rho_cp_j_m3k * state.volume_m3)
