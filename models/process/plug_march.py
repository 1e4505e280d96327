"""Steady plug flow marched quickly: for simulators that look along a short tube every second.

The equations are those of plug_flow, whose integration with error control is the reference. Here each step is a
midpoint step, second order, with decay by 1/(1 + x + x^2/2): positive and damped however fast the reaction is. A step
is so short that neither reaction nor cooling alone moves the fluid by more than a few kelvin, so that an ignition is
followed, not jumped.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from models.process.kinetics import Kinetics
from models.process.parameters import GAS_CONSTANT_J_MOL_K, require_not_negative, require_positive

STEP_K = 6.0  # site default: 0.6 K at the hot spot of a cooled channel; 2.5 K at a place in the front of an ignition
LONGEST = 0.64  # site default: loss x step
SHARE_END = 1e-9


class March(NamedTuple):
    """What was met on the way. `given_k`: kelvin of the fluid that went to the wall."""

    t_k: list[float]
    hot_spot_k: float
    conversion_out: float
    given_k: float


def march(
    kinetics: Kinetics,
    *,
    beta_1_s: float,
    t_in_k: float,
    t_wall_k: float,
    residence_s: float,
    at: Sequence[float],
    step_k: float = STEP_K,
) -> March:
    """Temperatures at the shares `at` of the length, rising and the last of them 1, and what the way did altogether.

    First order only: `kinetics` of another order are refused. `step_k`: how far reaction or cooling may go in a step;
    the error goes with its square.
    """
    if kinetics.order != 1:
        raise ValueError(f"order must be 1 to be marched, got {kinetics.order}")
    require_positive(t_in_k=t_in_k, t_wall_k=t_wall_k, residence_s=residence_s, step_k=step_k)
    require_not_negative(beta_1_s=beta_1_s)
    k0, slope, rise_k = kinetics.k0, -kinetics.activation_j_mol / GAS_CONSTANT_J_MOL_K, kinetics.adiabatic_rise_k
    longest_s = min(LONGEST / beta_1_s, residence_s) if beta_1_s > 0.0 else residence_s
    exp = math.exp
    end_s = SHARE_END * residence_s
    left, t = 1.0, t_in_k
    hottest, given, passed = t, 0.0, 0.0
    nodes = []
    for share in at:
        way_s = (share - passed) * residence_s
        passed = share
        while way_s > end_s:
            k = k0 * exp(slope / t)
            cooling = beta_1_s * (t - t_wall_k)
            h = step_k / (rise_k * k * left + abs(cooling) + 1e-9)
            if h > longest_s:
                h = longest_s
            if h > way_s:
                h = way_s
            way_s -= h
            x = 0.5 * k * h
            half = left / (1.0 + x + 0.5 * x * x)
            t_half = t + rise_k * (left - half) - 0.5 * h * cooling
            x = k0 * exp(slope / t_half) * h
            after = left / (1.0 + x + 0.5 * x * x)
            lost = beta_1_s * h * (t_half - t_wall_k)
            t += rise_k * (left - after) - lost
            left = after
            given += lost
            if t > hottest:
                hottest = t
        nodes.append(t)
    return March(nodes, hottest, 1.0 - left, given)
