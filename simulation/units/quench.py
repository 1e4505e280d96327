"""Q101: quench tank under R101: cold dilute acid into which the tank is dumped; dilution stops the reaction."""

from simulation.units.conditions import Conditions, approach

# Site defaults throughout.
TANK_M3 = 14.0
WATER_KG = 7_000.0
WATER_C = 15.0
WATER_DENSITY = 1_000.0
WATER_J_KGK = 4_180.0
MASS_J_KGK = 1_700.0  # as in parameter sets N1 and N2
MASS_DENSITY = 1_600.0
DILUTION_J_KG = 60_000.0  # heat of diluting a kilogram of the mass, spent acid and product together
COOLING_TAU_S = 7_200.0
SMALL_M3 = 0.3  # a tenth of the charge: with less left in R101 after a dump, the mass is where it was dumped to


class Quench:
    """Water, what was dumped into it, and the temperature of both; ideal mixing.

    `r101.mass_c` is the temperature of the reaction mass wherever it is: in the tank, or dumped.
    """

    def __init__(self) -> None:
        self.received_kg = 0.0
        self.t_c = WATER_C

    def step(self, c: Conditions) -> None:
        """One second."""
        kg = c.truth["r101.dumped_kg_h"] / 3600.0
        heat_j_k = WATER_KG * WATER_J_KGK + self.received_kg * MASS_J_KGK
        coming_j_k = kg * MASS_J_KGK
        mixed_c = (self.t_c * heat_j_k + c.truth["r101.t_c"] * coming_j_k) / (heat_j_k + coming_j_k)
        self.received_kg += kg
        self.t_c = mixed_c + kg * DILUTION_J_KG / (heat_j_k + coming_j_k)
        self.t_c = approach(self.t_c, WATER_C, COOLING_TAU_S)
        volume_m3 = WATER_KG / WATER_DENSITY + self.received_kg / MASS_DENSITY
        in_tank = c.truth["r101.volume_m3"] > SMALL_M3 or self.received_kg == 0.0
        c.truth.update(
            {
                "r101.mass_c": c.truth["r101.t_c"] if in_tank else self.t_c,
                "q101.t_c": self.t_c + 0.3 * c.wander["ambient"],
                "q101.level_pct": 100.0 * volume_m3 / TANK_M3,
                "q101.received_kg": self.received_kg,
            }
        )
