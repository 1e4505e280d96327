"""Rate of conversion of one reaction, first or second order, with its derivatives: what every tube and heap shares.

first order   dX/dt = k (1 - X)                    k0 in 1/s
second order  dX/dt = k CA0 (1 - X) (M - X)        k0 in m3/kmol s, M = CB0/CA0
k = k0 exp(-E/(R T))
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.process.parameters import GAS_CONSTANT_J_MOL_K, require_not_negative, require_positive

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinetics:
    """Arrhenius rate and the adiabatic rise that full conversion of A brings."""

    k0: float  # 1/s, or m3/kmol s with order 2
    activation_j_mol: float
    adiabatic_rise_k: float
    order: Literal[1, 2] = 1
    a_in_kmol_m3: float = 1.0  # CA0; order 2 only
    ratio_b_over_a: float = 1.0  # M; order 2 only

    def __post_init__(self) -> None:
        require_not_negative(k0=self.k0, adiabatic_rise_k=self.adiabatic_rise_k)
        require_positive(
            activation_j_mol=self.activation_j_mol, a_in_kmol_m3=self.a_in_kmol_m3, ratio_b_over_a=self.ratio_b_over_a
        )
        if self.order not in (1, 2):
            raise ValueError(f"order must be 1 or 2, got {self.order!r}")

    @property
    def conversion_limit(self) -> float:
        """Largest conversion of A: less than 1 where B is short."""
        return 1.0 if self.order == 1 else min(1.0, self.ratio_b_over_a)

    def rate_1_s(self, x: float, t_k: float) -> float:
        """dX/dt of one fluid element."""
        k = self.k0 * math.exp(-self.activation_j_mol / (GAS_CONSTANT_J_MOL_K * t_k))
        if self.order == 1:
            return k * (1.0 - x)
        return k * self.a_in_kmol_m3 * (1.0 - x) * (self.ratio_b_over_a - x)

    def rates_1_s(self, x: Array, t_k: Array) -> tuple[Array, Array, Array]:
        """dX/dt, its derivative by X (1/s) and by T (1/s K), each with the shape of `x`."""
        slope = self.activation_j_mol / GAS_CONSTANT_J_MOL_K
        k = self.k0 * np.exp(-slope / t_k)
        if self.order == 1:
            by_x = -k
            rate = k * (1.0 - x)
        else:
            k = k * self.a_in_kmol_m3
            by_x = k * (2.0 * x - 1.0 - self.ratio_b_over_a)
            rate = k * (1.0 - x) * (self.ratio_b_over_a - x)
        return rate, by_x, rate * slope / t_k**2
