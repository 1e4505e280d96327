"""Jacket temperatures between which a semi-batch reaction ignites as a runaway: the target-temperature boundary.

Below the lower one the batch accumulates without igniting, above the upper one it reacts as fast as it is dosed;
between them the highest temperature during dosing passes the target of the start. Steensma & Westerterp 1990 (from
memory).
"""

import numpy as np
from scipy.optimize import brentq

from models.hazard.criteria import KAPPA, target_temperature_k
from models.process.semibatch import SemiBatchParameters, charged
from models.process.semibatch_run import isoperibolic_batch, run_batch


def target_at_start_k(parameters: SemiBatchParameters, t_jacket_k: float, kappa: float = KAPPA) -> float:
    """Target temperature with the charge alone in the vessel and nominal dosing."""
    p = parameters
    target = target_temperature_k(
        ua_w_k=p.ua_start_w_k,
        t_jacket_k=t_jacket_k,
        flow_heat_w_k=p.dosing_flow_m3_s * p.rho_cp_j_m3k,
        t_dosing_k=p.dosing_temperature_k,
        dosing_heat_w=-p.reaction_enthalpy_j_kmol * p.b_total_kmol / p.dosing_time_s,
        kappa=kappa,
    )
    return float(target)


def excess_over_target_k(parameters: SemiBatchParameters, t_jacket_k: float, kappa: float = KAPPA) -> float:
    """Highest temperature during dosing, charge and jacket at `t_jacket_k`, less the target at the start."""
    segments = isoperibolic_batch(parameters, t_jacket_k, parameters.dosing_time_s + 1.0)
    run = run_batch(parameters, charged(parameters, t_jacket_k), segments)
    hottest_k = run.peak(lambda state: state.t_k, parameters.dosing_time_s)[1]
    return hottest_k - target_at_start_k(parameters, t_jacket_k, kappa)


def runaway_boundary_k(
    parameters: SemiBatchParameters,
    kappa: float = KAPPA,
    *,
    low_k: float = 240.0,
    high_k: float = 360.0,
    step_k: float = 2.0,
) -> tuple[float, float] | None:
    """(lower, upper) jacket temperature of the ignition range within [low, high]; None where no batch ignites.

    A range narrower than `step_k` may be missed; one that reaches past an end of the scan is cut there.
    """
    jackets = np.arange(low_k, high_k + step_k / 2.0, step_k)
    found = np.array([excess_over_target_k(parameters, float(t), kappa) for t in jackets])
    hot = np.flatnonzero(found > 0.0)
    if hot.size == 0:
        return None

    def crossing(inside: int, outside: int) -> float:
        if not 0 <= outside < jackets.size:
            return float(jackets[inside])
        a, b = float(jackets[inside]), float(jackets[outside])
        return float(brentq(lambda t: excess_over_target_k(parameters, t, kappa), a, b, xtol=1e-3))

    first, last = int(hot[0]), int(hot[-1])
    return crossing(first, first - 1), crossing(last, last + 1)
