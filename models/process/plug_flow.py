"""Steady plug flow in a cooled tube: temperature and conversion along the way, and the hot spot.

    dX/dt = rate(X, T);   dT/dt = dTad dX/dt - beta (T - Tw);   t = z/u in [0, tau];   beta = U a/(rho cp), a = 4/d

Axial dispersion is left out: it does not matter above a Peclet number of about 100.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from models.process.kinetics import Kinetics
from models.process.parameters import require_not_negative, require_positive
from models.process.trajectory import integrate


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugFlowProfile:
    """What a fluid element meets on its way, and the figures drawn from it."""

    age_s: NDArray[np.float64]  # (n_nodes,)
    conversion: NDArray[np.float64]  # (n_nodes,)
    t_k: NDArray[np.float64]  # (n_nodes,)
    hot_spot_k: float
    hot_spot_fraction: float  # position as a share of the length

    @property
    def conversion_out(self) -> float:
        """Conversion at the outlet."""
        return float(self.conversion[-1])

    @property
    def t_out_k(self) -> float:
        """Temperature at the outlet."""
        return float(self.t_k[-1])


def cooling_rate_1_s(u_w_m2k: float, diameter_m: float, rho_cp_j_m3k: float) -> float:
    """beta = U (4/d)/(rho cp) of a round tube."""
    require_not_negative(u_w_m2k=u_w_m2k)
    require_positive(diameter_m=diameter_m, rho_cp_j_m3k=rho_cp_j_m3k)
    return u_w_m2k * 4.0 / diameter_m / rho_cp_j_m3k


def steady_profile(
    kinetics: Kinetics, *, beta_1_s: float, t_in_k: float, t_wall_k: float, residence_s: float, nodes: int = 201
) -> PlugFlowProfile:
    """Integrate along the tube; the hot spot is the maximum of the dense solution, the inlet included."""
    require_positive(t_in_k=t_in_k, t_wall_k=t_wall_k, residence_s=residence_s)
    require_not_negative(beta_1_s=beta_1_s)

    def derivative(y: list[float]) -> tuple[float, float]:
        rate = kinetics.rate_1_s(y[0], y[1])
        return rate, kinetics.adiabatic_rise_k * rate - beta_1_s * (y[1] - t_wall_k)

    path = integrate(derivative, 0.0, residence_s, (0.0, t_in_k), turn=lambda y: derivative(y)[1])
    ages = np.linspace(0.0, residence_s, nodes)
    x, t = path.at(ages)
    spots = [(t_in_k, 0.0), (path.last[1], 1.0), *((y[1], age / residence_s) for age, y in path.turns)]
    hottest, where = max(spots, key=lambda spot: spot[0])
    return PlugFlowProfile(age_s=ages, conversion=x, t_k=t, hot_spot_k=hottest, hot_spot_fraction=where)


def critical_wall_k(
    kinetics: Kinetics,
    *,
    beta_1_s: float,
    residence_s: float,
    rise_k: float,
    low_k: float = 250.0,
    high_k: float = 500.0,
) -> float:
    """Wall temperature (and equal inlet) at which the hot spot stands `rise_k` above it; NaN where none does."""

    def excess(wall: float) -> float:
        profile = steady_profile(
            kinetics, beta_1_s=beta_1_s, t_in_k=wall, t_wall_k=wall, residence_s=residence_s, nodes=2
        )
        return profile.hot_spot_k - wall - rise_k

    if excess(low_k) > 0.0 or excess(high_k) < 0.0:
        return math.nan
    return float(brentq(excess, low_k, high_k, xtol=1e-5))
