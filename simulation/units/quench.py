"""Q101: quench tank under R101: cold dilute acid into which the tank is dumped; balance by models.process.quench."""

from models.process.quench import QuenchState, QuenchTank, step_quench
from simulation.units.conditions import Conditions

ZERO_C_K = 273.15
# Site defaults throughout.
WATER_C = 15.0
COOLING_TAU_S = 7_200.0  # of the water alone
TANK = QuenchTank(
    volume_m3=14.0,
    water_kg=7_000.0,
    water_density_kg_m3=1_000.0,
    water_cp_j_kgk=4_180.0,
    mass_density_kg_m3=1_600.0,
    mass_cp_j_kgk=1_700.0,  # as in parameter sets N1 and N2
    dilution_j_kg=60_000.0,  # spent acid and product together
    loss_w_k=7_000.0 * 4_180.0 / COOLING_TAU_S,
)
SMALL_M3 = 0.3  # a tenth of the charge: with less left in R101 after a dump, the mass is where it was dumped to


class Quench:
    """Water, what was dumped into it, and the temperature of both.

    `r101.mass_c` is the temperature of the reaction mass wherever it is: in the tank, or dumped.
    """

    def __init__(self) -> None:
        self.state = QuenchState(received_kg=0.0, t_k=WATER_C + ZERO_C_K)

    def step(self, c: Conditions) -> None:
        """One second."""
        self.state = step_quench(
            TANK,
            self.state,
            dumped_kg_s=c.truth["r101.dumped_kg_h"] / 3600.0,
            t_mass_k=c.truth["r101.t_c"] + ZERO_C_K,
            surroundings_k=WATER_C + ZERO_C_K,
        )
        received_kg, t_c = self.state.received_kg, self.state.t_k - ZERO_C_K
        in_tank = c.truth["r101.volume_m3"] > SMALL_M3 or received_kg == 0.0
        c.truth.update(
            {
                "r101.mass_c": c.truth["r101.t_c"] if in_tank else t_c,
                "q101.t_c": t_c + 0.3 * c.wander["ambient"],
                "q101.level_pct": 100.0 * TANK.filled_m3(received_kg) / TANK.volume_m3,
                "q101.received_kg": received_kg,
            }
        )
