"""Continuous stirred tank with one first-order reaction and a cooled wall: the textbook case of multiple steady states.

dC/dt = q/V (Cf - C) - k C;   dT/dt = q/V (Tf - T) + (-dH) k C/(rho cp) + UA/(V rho cp) (Tc - T);   k = k0 exp(-E/(R T))
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from models.process.parameters import require_not_negative, require_positive
from models.process.trajectory import integrate


@dataclass(frozen=True, slots=True, kw_only=True)
class StirredTank:
    """Feed, vessel and kinetics, in the units of the source (litre, minute, mole, joule, kelvin)."""

    flow_l_min: float
    volume_l: float
    feed_mol_l: float
    t_feed_k: float
    k0_1_min: float
    activation_k: float  # E/R
    reaction_enthalpy_j_mol: float
    rho_cp_j_lk: float
    ua_j_mink: float

    def __post_init__(self) -> None:
        require_positive(
            volume_l=self.volume_l,
            t_feed_k=self.t_feed_k,
            activation_k=self.activation_k,
            rho_cp_j_lk=self.rho_cp_j_lk,
        )
        require_not_negative(
            flow_l_min=self.flow_l_min, feed_mol_l=self.feed_mol_l, k0_1_min=self.k0_1_min, ua_j_mink=self.ua_j_mink
        )

    def rate(self, c_mol_l: float, t_k: float, t_coolant_k: float) -> tuple[float, float]:
        """dC/dt and dT/dt per minute."""
        made = self.k0_1_min * math.exp(-self.activation_k / t_k) * c_mol_l
        exchange = self.flow_l_min / self.volume_l
        cooling = self.ua_j_mink / (self.volume_l * self.rho_cp_j_lk) * (t_coolant_k - t_k)
        heat = -self.reaction_enthalpy_j_mol * made / self.rho_cp_j_lk
        return exchange * (self.feed_mol_l - c_mol_l) - made, exchange * (self.t_feed_k - t_k) + heat + cooling


# Seborg, Edgar, Mellichamp & Doyle, Process Dynamics and Control, example 2.5.
SEBORG = StirredTank(
    flow_l_min=100.0,
    volume_l=100.0,
    feed_mol_l=1.0,
    t_feed_k=350.0,
    k0_1_min=7.2e10,
    activation_k=8750.0,
    reaction_enthalpy_j_mol=-5.0e4,
    rho_cp_j_lk=239.0,
    ua_j_mink=5.0e4,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StirredTankRun:
    """Temperature of one run."""

    t_max_k: float
    time_of_max_min: float
    time_min: NDArray[np.float64]  # (n_times,)
    t_k: NDArray[np.float64]  # (n_times,)

    def at_k(self, time_min: float) -> float:
        """Temperature at an instant, between samples by a straight line."""
        return float(np.interp(time_min, self.time_min, self.t_k))


def run_tank(
    tank: StirredTank, *, c_mol_l: float, t_k: float, t_coolant_k: float, until_min: float, samples: int = 20_001
) -> StirredTankRun:
    """Integrate from a start; the maximum is refined between samples."""
    require_positive(t_k=t_k, t_coolant_k=t_coolant_k, until_min=until_min)
    require_not_negative(c_mol_l=c_mol_l)
    times = np.linspace(0.0, until_min, samples)
    path = integrate(
        lambda y: tank.rate(y[0], y[1], t_coolant_k), 0.0, until_min, (c_mol_l, t_k), rtol=1e-10, atol=1e-10
    )
    temperatures = path.at(times)[1]
    best = int(np.argmax(temperatures))
    if best in (0, samples - 1):
        return StirredTankRun(
            t_max_k=float(temperatures[best]), time_of_max_min=float(times[best]), time_min=times, t_k=temperatures
        )
    top = minimize_scalar(
        lambda t: -float(path.at(np.array([t]))[1, 0]),
        bounds=(times[best - 1], times[best + 1]),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return StirredTankRun(t_max_k=float(-top.fun), time_of_max_min=float(top.x), time_min=times, t_k=temperatures)
