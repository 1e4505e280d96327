"""Jacket of a stirred tank: one well mixed volume of coolant with a temperature of its own."""

from dataclasses import dataclass

from models.process.parameters import require_not_negative, require_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Jacket:
    """Coolant hold-up of the jacket and the heat that the wall stores with it."""

    volume_m3: float
    rho_cp_j_m3k: float  # rho * cp of the coolant
    cp_j_kgk: float
    wall_heat_capacity_j_k: float = 0.0

    def __post_init__(self) -> None:
        require_positive(volume_m3=self.volume_m3, rho_cp_j_m3k=self.rho_cp_j_m3k, cp_j_kgk=self.cp_j_kgk)
        require_not_negative(wall_heat_capacity_j_k=self.wall_heat_capacity_j_k)

    @property
    def heat_capacity_j_k(self) -> float:
        """Heat that warms the jacket by 1 K."""
        return self.rho_cp_j_m3k * self.volume_m3 + self.wall_heat_capacity_j_k


# Water: rho 998 kg/m3, cp 4180 J/kg K at 20 C (tables); the volume for a 5 m3 vessel is a site default.
WATER_JACKET = Jacket(volume_m3=0.6, rho_cp_j_m3k=998.0 * 4180.0, cp_j_kgk=4180.0)


def jacket_rate_k_s(
    jacket: Jacket, t_jacket_k: float, t_in_k: float, coolant_kg_s: float, ua_w_k: float, t_vessel_k: float
) -> float:
    """dTj/dt of rhocp_j Vj dTj = w cp (Tj,in - Tj) + UA (T - Tj).

    A reversed coolant flow still brings coolant from outside, so its size counts; its temperature is the caller's.
    """
    gained_w = abs(coolant_kg_s) * jacket.cp_j_kgk * (t_in_k - t_jacket_k) + ua_w_k * (t_vessel_k - t_jacket_k)
    return gained_w / jacket.heat_capacity_j_k
