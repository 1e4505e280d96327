"""Separator or hold-up vessel after the reactor: level, temperature, and what is left to react or decompose in it.

dV = Fin - Fout;   dT = Fin/V (Tin - T) + dTad rate - loss (T - Ta);   dX = Fin/V (Xin - X) + rate
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.process.kinetics import Kinetics
from models.process.parameters import require_fraction, require_not_negative, require_positive
from models.process.reacting_cells import advance_cells

EMPTY_FRACTION = 1e-3  # site default: below this level nothing flows out


class VesselLoss(StrEnum):
    """Declared ends."""

    RUNAWAY = "runaway"
    OVERFILLED = "overfilled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vessel:
    """Size, what its contents can still do, and its loss of heat: `loss_w_k` is UA to the surroundings."""

    volume_m3: float
    kinetics: Kinetics
    rho_cp_j_m3k: float
    loss_w_k: float
    lost_above_k: float = 500.0  # site default

    def __post_init__(self) -> None:
        require_positive(volume_m3=self.volume_m3, rho_cp_j_m3k=self.rho_cp_j_m3k, lost_above_k=self.lost_above_k)
        require_not_negative(loss_w_k=self.loss_w_k)


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselInputs:
    """Held constant over a step. A coil is an exchanger `coil_w_k` at `t_coil_k`; `heating_w` is fire or steam."""

    inflow_m3_s: float = 0.0
    outflow_m3_s: float = 0.0
    t_in_k: float = 298.15
    conversion_in: float = 0.0
    surroundings_k: float = 298.15
    coil_w_k: float = 0.0
    t_coil_k: float = 288.15  # site default
    heating_w: float = 0.0

    def __post_init__(self) -> None:
        require_not_negative(inflow_m3_s=self.inflow_m3_s, outflow_m3_s=self.outflow_m3_s)
        require_not_negative(coil_w_k=self.coil_w_k, heating_w=self.heating_w)
        require_positive(t_in_k=self.t_in_k, surroundings_k=self.surroundings_k, t_coil_k=self.t_coil_k)
        require_fraction(conversion_in=self.conversion_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselState:
    """Contents; with `lost` set they stay as they were at that step."""

    volume_m3: float
    t_k: float
    conversion: float = 0.0
    lost: VesselLoss | None = None


def step_vessel(vessel: Vessel, state: VesselState, inputs: VesselInputs, dt_s: float = 1.0) -> VesselState:
    """Mix in what flows, then react: both exact for their own part, so that no step is too long for mixing."""
    if state.lost is not None:
        return state
    require_positive(dt_s=dt_s)
    empty = EMPTY_FRACTION * vessel.volume_m3
    came = inputs.inflow_m3_s * dt_s
    went = min(inputs.outflow_m3_s * dt_s, max(state.volume_m3 + came - empty, 0.0))
    full = state.volume_m3 + came
    t, x = state.t_k, state.conversion
    if full > 0.0:
        t = (state.volume_m3 * t + came * inputs.t_in_k) / full
        x = (state.volume_m3 * x + came * inputs.conversion_in) / full
    volume = full - went
    loss_w_k = vessel.loss_w_k + inputs.coil_w_k
    around_k = inputs.surroundings_k
    if loss_w_k > 0.0:
        around_k += inputs.coil_w_k / loss_w_k * (inputs.t_coil_k - inputs.surroundings_k)
    heat_capacity = vessel.rho_cp_j_m3k * max(volume, empty)
    xs, ts = advance_cells(
        vessel.kinetics,
        np.array([x]),
        np.array([t]),
        dt_s=dt_s,
        loss_1_s=loss_w_k / heat_capacity,
        surroundings_k=around_k,
        heating_k_s=inputs.heating_w / heat_capacity,
    )
    t, x = float(ts[0]), float(xs[0])
    lost: VesselLoss | None = None
    if t > vessel.lost_above_k:
        lost = VesselLoss.RUNAWAY
    elif volume > vessel.volume_m3:
        lost = VesselLoss.OVERFILLED
    return VesselState(volume_m3=volume, t_k=t, conversion=x, lost=lost)
