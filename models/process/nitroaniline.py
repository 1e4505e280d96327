"""The nitroaniline reactor of 1969: a batch that ran away after ten minutes without cooling and a triple charge.

    k = 1.7e-4 exp(11273/1.987 (1/461 - 1/T)) m3/kmol min;   dX/dt = k NA (1 - X)(NB/NA - 2X)/V
    NCp dT/dt = 5.9e5 k NA^2 (1 - X)(NB/NA - 2X)/V - UA (T - 298);   NCp = 40 NA + 8.38 NB + 18 NW kcal/K

Isothermal at first, then no cooling, then full cooling again. Source: Fogler, Elements of Chemical Reaction
Engineering, examples 9-2 and 13-2; R is the source's 1.987 cal/mol K.
"""

import math
from dataclasses import dataclass
from functools import partial

from models.process.parameters import require_not_negative, require_positive
from models.process.trajectory import integrate

UA_KCAL_MIN_K = 35.85
T_COOLANT_K = 298.0
HEAT_KCAL_KMOL = 5.9e5
RUNAWAY_K = 538.0  # rupture of the disc was too late; the decomposition starts here


@dataclass(frozen=True, slots=True, kw_only=True)
class NitroanilineCharge:
    """Ortho-nitrochlorobenzene, ammonia and water charged."""

    oncb_kmol: float
    ammonia_kmol: float
    water_kmol: float
    volume_m3: float

    def __post_init__(self) -> None:
        require_positive(oncb_kmol=self.oncb_kmol, ammonia_kmol=self.ammonia_kmol, volume_m3=self.volume_m3)
        require_not_negative(water_kmol=self.water_kmol)

    @property
    def heat_capacity_kcal_k(self) -> float:
        """NCp of the charge."""
        return 40.0 * self.oncb_kmol + 8.38 * self.ammonia_kmol + 18.0 * self.water_kmol

    def conversion_rate_1_min(self, x: float, t_k: float) -> float:
        """dX/dt."""
        k = 1.7e-4 * math.exp(11_273.0 / 1.987 * (1.0 / 461.0 - 1.0 / t_k))
        return k * self.oncb_kmol * (1.0 - x) * (self.ammonia_kmol / self.oncb_kmol - 2.0 * x) / self.volume_m3


TRIPLE_CHARGE = NitroanilineCharge(
    oncb_kmol=9.0448, ammonia_kmol=33.0, water_kmol=103.7, volume_m3=5.119
)  # the accident
NORMAL_CHARGE = NitroanilineCharge(oncb_kmol=3.17, ammonia_kmol=43.0, water_kmol=103.6, volume_m3=3.26)


@dataclass(frozen=True, slots=True, kw_only=True)
class NitroanilineRun:
    """What happened: `runaway_min` is None where 538 K is never reached."""

    conversion_isothermal: float
    t_cooling_back_k: float
    conversion_cooling_back: float
    runaway_min: float | None
    t_max_k: float


def run_nitroaniline(
    charge: NitroanilineCharge,
    *,
    t_start_k: float = 448.0,
    isothermal_min: float = 45.0,
    cooling_back_min: float = 55.0,
    until_min: float = 600.0,
) -> NitroanilineRun:
    """Three phases: isothermal, no cooling, cooling back. The run ends at 538 K."""
    require_positive(t_start_k=t_start_k, isothermal_min=isothermal_min, outage_min=cooling_back_min - isothermal_min)

    def rate(ua: float, y: list[float]) -> tuple[float, float]:
        made = charge.conversion_rate_1_min(y[0], y[1])
        heat = HEAT_KCAL_KMOL * charge.oncb_kmol * made - ua * (y[1] - T_COOLANT_K)
        return made, heat / charge.heat_capacity_kcal_k

    def isothermal(y: list[float]) -> tuple[float, float]:
        return charge.conversion_rate_1_min(y[0], y[1]), 0.0

    phases = (
        (0.0, isothermal_min, isothermal),
        (isothermal_min, cooling_back_min, partial(rate, 0.0)),
        (cooling_back_min, until_min, partial(rate, UA_KCAL_MIN_K)),
    )
    ends: list[tuple[float, ...]] = []
    y: tuple[float, ...] = (0.0, t_start_k)
    t_max_k, runaway_min = t_start_k, None
    for start, end, derivative in phases:
        path = integrate(derivative, start, end, y, stops=(lambda y: RUNAWAY_K - y[1],), max_step=1.0)
        y = path.last
        t_max_k = max(t_max_k, path.highest[1])
        ends.append(y)
        if path.stopped_by is not None:
            runaway_min = path.end
            break
    (x_iso, _), (x_back, t_back) = ends[0], ends[min(1, len(ends) - 1)]
    return NitroanilineRun(
        conversion_isothermal=x_iso,
        t_cooling_back_k=t_back,
        conversion_cooling_back=x_back,
        runaway_min=runaway_min,
        t_max_k=t_max_k,
    )
