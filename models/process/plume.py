"""Gas downwind of a leak: Gaussian plume with ground reflection, and the time until a detector alarms.

Sigmas: Briggs 1973 as printed in dispersion handbooks (from memory; unconfirmed). Valid from about 100 m to 10 km;
nearer than that they are used all the same, for lack of better. The wake of buildings is left out.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from models.process.parameters import require_finite, require_not_negative, require_positive

MOLAR_VOLUME_L_MOL = 24.45  # at 25 C and 1 atm
NO2_G_MOL = 46.0055


class Terrain(StrEnum):
    """Roughness of the ground: which Briggs set holds."""

    OPEN_COUNTRY = "open_country"
    URBAN = "urban"


# stability: (a, b, p) of sigma = a x (1 + b x)^p for y and z
_Coefficients = tuple[float, float, float]
BRIGGS: dict[Terrain, dict[str, tuple[_Coefficients, _Coefficients]]] = {
    Terrain.OPEN_COUNTRY: {
        "A": ((0.22, 1e-4, -0.5), (0.20, 0.0, 0.0)),
        "B": ((0.16, 1e-4, -0.5), (0.12, 0.0, 0.0)),
        "C": ((0.11, 1e-4, -0.5), (0.08, 2e-4, -0.5)),
        "D": ((0.08, 1e-4, -0.5), (0.06, 1.5e-3, -0.5)),
        "E": ((0.06, 1e-4, -0.5), (0.03, 3e-4, -1.0)),
        "F": ((0.04, 1e-4, -0.5), (0.016, 3e-4, -1.0)),
    },
    Terrain.URBAN: {
        "A": ((0.32, 4e-4, -0.5), (0.24, 1e-3, 0.5)),
        "B": ((0.32, 4e-4, -0.5), (0.24, 1e-3, 0.5)),
        "C": ((0.22, 4e-4, -0.5), (0.20, 0.0, 0.0)),
        "D": ((0.16, 4e-4, -0.5), (0.14, 3e-4, -0.5)),
        "E": ((0.11, 4e-4, -0.5), (0.08, 1.5e-3, -0.5)),
        "F": ((0.11, 4e-4, -0.5), (0.08, 1.5e-3, -0.5)),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Wind and stability, constant over the release."""

    wind_m_s: float
    stability: str  # Pasquill class A-F
    terrain: Terrain = Terrain.OPEN_COUNTRY

    def __post_init__(self) -> None:
        require_positive(wind_m_s=self.wind_m_s)
        if self.stability not in BRIGGS[self.terrain]:
            raise ValueError(f"stability must be one of A to F, got {self.stability!r}")


def sigmas_m(weather: Weather, downwind_m: float) -> tuple[float, float]:
    """Spread across and up, sigma_y and sigma_z."""
    require_positive(downwind_m=downwind_m)
    (a, b, p), (c, d, q) = BRIGGS[weather.terrain][weather.stability]
    return a * downwind_m * (1.0 + b * downwind_m) ** p, c * downwind_m * (1.0 + d * downwind_m) ** q


def concentration_kg_m3(
    weather: Weather,
    *,
    release_kg_s: float,
    downwind_m: float,
    across_m: float,
    height_m: float,
    source_height_m: float,
) -> float:
    """Steady concentration of a continuous release; 0 upwind."""
    require_not_negative(release_kg_s=release_kg_s, height_m=height_m, source_height_m=source_height_m)
    require_finite(downwind_m=downwind_m, across_m=across_m)
    if downwind_m <= 0.0:
        return 0.0
    sy, sz = sigmas_m(weather, downwind_m)
    across = math.exp(-0.5 * (across_m / sy) ** 2)
    up = math.exp(-0.5 * ((height_m - source_height_m) / sz) ** 2)
    up += math.exp(-0.5 * ((height_m + source_height_m) / sz) ** 2)
    return release_kg_s / (2.0 * math.pi * weather.wind_m_s * sy * sz) * across * up


def ppm(kg_m3: float, molar_mass_g_mol: float = NO2_G_MOL) -> float:
    """Volume share at 25 C and 1 atm, parts per million."""
    return kg_m3 * 1e6 * MOLAR_VOLUME_L_MOL / molar_mass_g_mol


def alarm_time_s(
    concentration_ppm: float, *, alarm_ppm: float, t90_s: float, downwind_m: float, wind_m_s: float
) -> float:
    """Travel x/u and the lag of a first-order detector (tau = T90/ln 10); infinite where the alarm is never reached."""
    require_positive(alarm_ppm=alarm_ppm, t90_s=t90_s, wind_m_s=wind_m_s)
    if concentration_ppm <= alarm_ppm:
        return math.inf
    return downwind_m / wind_m_s - t90_s / math.log(10.0) * math.log1p(-alarm_ppm / concentration_ppm)
