"""Quench: the contents of a reactor dumped into cold water; dilution stops the reaction, and makes heat of its own.

    T = (Cw Tw + m cp Tm)/(Cw + m cp) + m qd/(Cw + m cp);   then dT/dt = -loss (T - Ta)/(C)      C = Cw + received cp

Mixing is ideal and at once; what is dumped reacts no further, which holds while the dilution is many-fold and cold.
"""

import math
from dataclasses import dataclass

from models.process.parameters import require_not_negative, require_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class QuenchTank:
    """The tank with its charge of water, and what comes out of the reactor."""

    volume_m3: float
    water_kg: float
    water_density_kg_m3: float
    water_cp_j_kgk: float
    mass_density_kg_m3: float
    mass_cp_j_kgk: float
    dilution_j_kg: float  # heat of diluting a kilogram of the mass
    loss_w_k: float = 0.0  # UA to the surroundings or to a coil

    def __post_init__(self) -> None:
        require_positive(
            volume_m3=self.volume_m3,
            water_kg=self.water_kg,
            water_density_kg_m3=self.water_density_kg_m3,
            water_cp_j_kgk=self.water_cp_j_kgk,
            mass_density_kg_m3=self.mass_density_kg_m3,
            mass_cp_j_kgk=self.mass_cp_j_kgk,
        )
        require_not_negative(dilution_j_kg=self.dilution_j_kg, loss_w_k=self.loss_w_k)
        if self.water_kg / self.water_density_kg_m3 > self.volume_m3:
            raise ValueError(f"water_kg {self.water_kg} does not fit into volume_m3 {self.volume_m3}")

    def filled_m3(self, received_kg: float) -> float:
        """Volume of water and mass together."""
        return self.water_kg / self.water_density_kg_m3 + received_kg / self.mass_density_kg_m3

    def heat_capacity_j_k(self, received_kg: float) -> float:
        """Of all that is in the tank."""
        return self.water_kg * self.water_cp_j_kgk + received_kg * self.mass_cp_j_kgk


@dataclass(frozen=True, slots=True, kw_only=True)
class QuenchState:
    """What was dumped so far and the temperature of the mixture; `overfilled` once it does not fit any more."""

    received_kg: float
    t_k: float
    overfilled: bool = False


def step_quench(
    tank: QuenchTank,
    state: QuenchState,
    *,
    dumped_kg_s: float,
    t_mass_k: float,
    surroundings_k: float = 293.15,
    dt_s: float = 1.0,
) -> QuenchState:
    """State after `dt_s`: mix, dilute, then lose heat, each exact for its own part. An overfilled tank stays so."""
    if state.overfilled:
        return state
    require_not_negative(dumped_kg_s=dumped_kg_s)
    require_positive(t_mass_k=t_mass_k, surroundings_k=surroundings_k, dt_s=dt_s)
    kg = dumped_kg_s * dt_s
    before, after = tank.heat_capacity_j_k(state.received_kg), tank.heat_capacity_j_k(state.received_kg + kg)
    t_k = (state.t_k * before + kg * (tank.mass_cp_j_kgk * t_mass_k + tank.dilution_j_kg)) / after
    t_k = surroundings_k + (t_k - surroundings_k) * math.exp(-tank.loss_w_k / after * dt_s)
    received_kg = state.received_kg + kg
    return QuenchState(received_kg=received_kg, t_k=t_k, overfilled=tank.filled_m3(received_kg) > tank.volume_m3)
