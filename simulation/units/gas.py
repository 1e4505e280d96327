"""Gas in the workshops: a plume from the leak to each nitrogen dioxide detector, and the time it takes."""

from collections import deque

from models.process.plume import Weather, concentration_kg_m3
from plantsafe.plant.model import GasDetector
from simulation.units.conditions import Conditions

WEATHER = Weather(wind_m_s=2.0, stability="D")  # site default, along the row of workshops
LEAK_X_M, LEAK_Y_M, HEIGHT_M = 0.0, 10.0, 1.0  # nitric acid pipe at R101
OTHER_WORKSHOP = 0.02  # share of the outside concentration that enters another workshop, site default
LONGEST_S = 600


class Gas:
    """Steady plume factors of the detectors and the release of the last ten minutes."""

    def __init__(self, detectors: tuple[GasDetector, ...], quantity: dict[str, str], own_partition: str) -> None:
        self._release_kg_s: deque[float] = deque([0.0] * LONGEST_S, maxlen=LONGEST_S)
        self._released_kg = 0.0
        self._paths: list[tuple[str, float, int]] = []
        for detector in detectors:
            if detector.substance != "NO2":
                continue
            downwind_m = detector.x_m - LEAK_X_M
            kg_m3 = concentration_kg_m3(
                WEATHER,
                release_kg_s=1.0,
                downwind_m=downwind_m,
                across_m=detector.y_m - LEAK_Y_M,
                height_m=HEIGHT_M,
                source_height_m=HEIGHT_M,
            )
            indoors = 1.0 if detector.partition == own_partition else OTHER_WORKSHOP
            delay_s = min(LONGEST_S, max(1, round(downwind_m / WEATHER.wind_m_s)))
            self._paths.append((quantity[detector.point], kg_m3 * 1e6 * indoors, delay_s))  # mg/m3 a kg/s

    def step(self, c: Conditions) -> None:
        """One second: the leak lasts while the supply valve is open."""
        release_kg_s = c.knobs["gas.no2_kg_s"] * c.opening["XV-131"]
        self._release_kg_s.append(release_kg_s)
        self._released_kg += release_kg_s
        c.truth["gas.released_kg"] = self._released_kg
        for quantity, mg_m3, delay_s in self._paths:
            c.truth[quantity] = 0.3 + mg_m3 * self._release_kg_s[-delay_s]
        w = c.wander
        c.truth["gas.lel_ws1"] = 2.0 + 0.2 * w["impurity"]
        c.truth["gas.lel_ws2"] = 2.0 + 0.2 * w["m201"]
        c.truth["gas.lel_ws3"] = 2.0 + 0.2 * w["t301"]
