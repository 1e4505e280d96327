"""Hot spot of a catalyst tube: o-xylene to phthalic anhydride, the classic case of parametric sensitivity.

    r = exp(19.837 - 13636/T) pA pB [kmol/kg h]
    dpA/dz = -Mm pt rhoB r/(us rhog);   dT/dz = (dH rhoB r - 4U/dt (T - Tw))/(us rhog cp)

Source: van Welsenaere & Froment 1970; Froment & Bischoff, Chemical Reactor Analysis and Design, ch. 11 (from memory;
unconfirmed). Published: mild at 0.017 atm, runaway by 0.019. The units are the source's: atm, h, kcal.
"""

import math
from dataclasses import dataclass

from scipy.optimize import brentq

from models.process.parameters import require_not_negative, require_positive
from models.process.trajectory import integrate


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedBed:
    """The published set; every field may be replaced."""

    rate_intercept: float = 19.837
    rate_slope_k: float = 13_636.0
    oxygen_atm: float = 0.208
    bed_density_kg_m3: float = 1300.0
    superficial_velocity_m_h: float = 3600.0
    gas_density_kg_m3: float = 1.293
    cp_kcal_kgk: float = 0.237
    heat_kcal_kmol: float = 307_000.0
    tube_diameter_m: float = 0.0254
    u_kcal_m2hk: float = 82.7
    molar_mass_kg_kmol: float = 29.48
    pressure_atm: float = 1.0
    length_m: float = 3.0

    def __post_init__(self) -> None:
        require_positive(
            oxygen_atm=self.oxygen_atm,
            bed_density_kg_m3=self.bed_density_kg_m3,
            superficial_velocity_m_h=self.superficial_velocity_m_h,
            gas_density_kg_m3=self.gas_density_kg_m3,
            cp_kcal_kgk=self.cp_kcal_kgk,
            tube_diameter_m=self.tube_diameter_m,
            molar_mass_kg_kmol=self.molar_mass_kg_kmol,
            pressure_atm=self.pressure_atm,
            length_m=self.length_m,
        )
        require_not_negative(u_kcal_m2hk=self.u_kcal_m2hk, heat_kcal_kmol=self.heat_kcal_kmol)


O_XYLENE = FixedBed()


def hot_spot_k(
    bed: FixedBed, *, p_in_atm: float, t_in_k: float, t_wall_k: float, stop_above_k: float = 2000.0
) -> float:
    """Highest temperature along the tube; `stop_above_k` where it is passed, since the reaction has then run away."""
    require_positive(p_in_atm=p_in_atm, t_in_k=t_in_k, t_wall_k=t_wall_k)
    flux = bed.superficial_velocity_m_h * bed.gas_density_kg_m3
    to_pressure = bed.molar_mass_kg_kmol * bed.pressure_atm * bed.bed_density_kg_m3 / flux
    cooling = 4.0 * bed.u_kcal_m2hk / bed.tube_diameter_m

    def derivative(y: list[float]) -> tuple[float, float]:
        rate = math.exp(bed.rate_intercept - bed.rate_slope_k / y[1]) * y[0] * bed.oxygen_atm
        heat = bed.heat_kcal_kmol * bed.bed_density_kg_m3 * rate
        return -to_pressure * rate, (heat - cooling * (y[1] - t_wall_k)) / (flux * bed.cp_kcal_kgk)

    path = integrate(
        derivative,
        0.0,
        bed.length_m,
        (p_in_atm, t_in_k),
        stops=(lambda y: stop_above_k - y[1],),
        turn=lambda y: derivative(y)[1],
    )
    return max([t_in_k, path.last[1], *(y[1] for _, y in path.turns)])


def critical_pressure_atm(
    bed: FixedBed, *, t_k: float, limit_k: float = 725.0, low_atm: float = 1e-3, high_atm: float = 0.1
) -> float:
    """Inlet pressure at which the hot spot reaches `limit_k`, inlet and wall both at `t_k`."""

    def excess(p_atm: float) -> float:
        return hot_spot_k(bed, p_in_atm=p_atm, t_in_k=t_k, t_wall_k=t_k, stop_above_k=limit_k + 200.0) - limit_k

    return float(brentq(excess, low_atm, high_atm, xtol=1e-9))
