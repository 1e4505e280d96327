"""Tubular reactor in time: plugs of liquid that move on, react and exchange heat with the wall.

While the residence is longer than the step, the plugs are shifted by the volume that flowed (Lagrangian, no numerical
spreading but that of a part of a cell); otherwise the steady profile is marched anew each step, since the tube has
forgotten its past. Zero flow leaves the plugs in place, where they react on; reverse flow shifts them the other way.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.process.kinetics import Kinetics
from models.process.parameters import require_finite, require_not_negative, require_positive
from models.process.plug_flow import steady_profile
from models.process.reacting_cells import advance_cells

Array = NDArray[np.float64]

ROUNDING = 1e-9  # of a cell: a flow of whole cells a step must not lag by one
LOST_ABOVE_K = 700.0  # site default: past the strength of a glass or steel channel plate at pressure


@dataclass(frozen=True, slots=True, kw_only=True)
class Tube:
    """Volume, cells and heat exchange of one tube, or of all open channels of a plate together."""

    kinetics: Kinetics
    volume_m3: float
    beta_1_s: float  # U a/(rho cp)
    cells: int = 60
    lost_above_k: float = LOST_ABOVE_K

    def __post_init__(self) -> None:
        require_positive(volume_m3=self.volume_m3, lost_above_k=self.lost_above_k)
        require_not_negative(beta_1_s=self.beta_1_s)
        if self.cells < 2:
            raise ValueError(f"cells must be at least 2, got {self.cells}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TubeInputs:
    """Held constant over a step. Below zero the flow comes from the outlet side at `t_back_k` and `back_conversion`."""

    flow_m3_s: float
    t_in_k: float
    t_wall_k: float
    heat_transfer: float = 1.0  # 0 without coolant
    open_volume: float = 1.0  # share of the volume not clogged or blocked
    t_back_k: float = 298.15
    back_conversion: float = 1.0

    def __post_init__(self) -> None:
        require_finite(flow_m3_s=self.flow_m3_s)
        require_positive(
            t_in_k=self.t_in_k, t_wall_k=self.t_wall_k, t_back_k=self.t_back_k, open_volume=self.open_volume
        )
        require_not_negative(heat_transfer=self.heat_transfer, back_conversion=self.back_conversion)


@dataclass(frozen=True, slots=True, kw_only=True)
class TubeState:
    """Profile from inlet to outlet, (n_cells,), and the part of a cell that has flowed but not shifted yet."""

    conversion: Array
    t_k: Array
    shifted_part: float = 0.0
    lost: bool = False  # a plug passed `lost_above_k`; the values are those at that step and stay

    @property
    def hot_spot_k(self) -> float:
        """Hottest plug."""
        return float(self.t_k.max())


def filled_tube(tube: Tube, t_k: float, conversion: float = 0.0) -> TubeState:
    """A tube full of liquid at one temperature."""
    require_positive(t_k=t_k)
    require_not_negative(conversion=conversion)
    return TubeState(conversion=np.full(tube.cells, conversion), t_k=np.full(tube.cells, t_k))


def step_tube(tube: Tube, state: TubeState, inputs: TubeInputs, dt_s: float = 1.0) -> TubeState:
    """State after `dt_s`; a lost tube stays lost."""
    if state.lost:
        return state
    require_positive(dt_s=dt_s)
    beta = tube.beta_1_s * inputs.heat_transfer
    volume = tube.volume_m3 * inputs.open_volume
    if inputs.flow_m3_s * dt_s >= volume:
        x, t = _marched(tube, inputs, volume / inputs.flow_m3_s, beta)
        part = 0.0
    else:
        x, t, part = _shifted(tube, state, inputs, dt_s, volume)
        x, t = advance_cells(tube.kinetics, x, t, dt_s=dt_s, loss_1_s=beta, surroundings_k=inputs.t_wall_k)
    return TubeState(conversion=x, t_k=t, shifted_part=part, lost=bool(t.max() > tube.lost_above_k))


def _marched(tube: Tube, inputs: TubeInputs, residence_s: float, beta_1_s: float) -> tuple[Array, Array]:
    profile = steady_profile(
        tube.kinetics,
        beta_1_s=beta_1_s,
        t_in_k=inputs.t_in_k,
        t_wall_k=inputs.t_wall_k,
        residence_s=residence_s,
        nodes=2 * tube.cells + 1,
    )
    return profile.conversion[2::2].copy(), profile.t_k[2::2].copy()


def _shifted(
    tube: Tube, state: TubeState, inputs: TubeInputs, dt_s: float, volume_m3: float
) -> tuple[Array, Array, float]:
    moved = state.shifted_part + inputs.flow_m3_s * dt_s / volume_m3 * tube.cells
    whole, part = whole_cells(moved)
    x = shifted(state.conversion, whole, at_inlet=0.0, at_outlet=inputs.back_conversion)
    return x, shifted(state.t_k, whole, at_inlet=inputs.t_in_k, at_outlet=inputs.t_back_k), part


def whole_cells(moved: float) -> tuple[int, float]:
    """Whole cells of a movement in cells, and the part of a cell that waits for the next step."""
    whole = math.trunc(moved + math.copysign(ROUNDING, moved))
    return whole, moved - whole


def shifted(profile: Array, whole: int, *, at_inlet: float, at_outlet: float) -> Array:
    """The profile moved on by whole cells, or back below 0; what comes in has the value of its end."""
    if whole == 0:
        return profile
    steps = min(abs(whole), len(profile))
    if whole > 0:
        return np.concatenate((np.full(steps, at_inlet), profile[: len(profile) - steps]))
    return np.concatenate((profile[steps:], np.full(steps, at_outlet)))
