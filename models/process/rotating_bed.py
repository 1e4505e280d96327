"""Rotating packed bed: thin films flung outward, seconds of hold-up, almost no heat exchange.

hold-up = 0.039 (w^2 r/100)^-0.5 (U/0.01)^0.6, U = Q/(2 pi r h)     Burns, Jamil & Ramshaw 2000 (from memory)
residence = (1/Q) integral of hold-up 2 pi r h dr;  then adiabatic plug flow
"""

import math
from dataclasses import dataclass

from models.process.kinetics import Kinetics
from models.process.parameters import require_not_negative, require_positive
from models.process.plug_flow import PlugFlowProfile, steady_profile


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatingBed:
    """Packing of a rotor, and how much liquid it can hold at all."""

    r_in_m: float
    r_out_m: float
    height_m: float
    voidage: float = 0.9  # site default: a bed that is flooded holds this share

    def __post_init__(self) -> None:
        require_positive(r_in_m=self.r_in_m, height_m=self.height_m, voidage=self.voidage)
        if not self.r_out_m > self.r_in_m:
            raise ValueError(f"r_out_m {self.r_out_m} must be larger than r_in_m {self.r_in_m}")
        if self.voidage > 1.0:
            raise ValueError(f"voidage must be at most 1, got {self.voidage}")

    @property
    def volume_m3(self) -> float:
        """Volume of the packed ring."""
        return math.pi * (self.r_out_m**2 - self.r_in_m**2) * self.height_m

    def hold_up(self, radius_m: float, flow_m3_s: float, speed_rpm: float) -> float:
        """Liquid share of the packing at a radius, at most the voidage (a stopped rotor floods)."""
        require_positive(radius_m=radius_m)
        require_not_negative(flow_m3_s=flow_m3_s, speed_rpm=speed_rpm)
        if speed_rpm == 0.0:
            return self.voidage
        omega = speed_rpm * 2.0 * math.pi / 60.0
        velocity = flow_m3_s / (2.0 * math.pi * radius_m * self.height_m)
        film: float = 0.039 * (omega**2 * radius_m / 100.0) ** -0.5 * (velocity / 0.01) ** 0.6
        return min(film, self.voidage)

    def residence_s(self, flow_m3_s: float, speed_rpm: float) -> float:
        """Residence by the integral in closed form: hold-up falls as r^-1.1, so its share below flooding is r^0.9/0.9.

        Infinite with no flow.
        """
        if flow_m3_s == 0.0:
            return math.inf
        require_positive(flow_m3_s=flow_m3_s)
        require_not_negative(speed_rpm=speed_rpm)
        if speed_rpm == 0.0:
            return self.voidage * self.volume_m3 / flow_m3_s
        omega = speed_rpm * 2.0 * math.pi / 60.0
        at_one_m: float = (
            0.039 * (omega**2 / 100.0) ** -0.5 * (flow_m3_s / (2.0 * math.pi * self.height_m) / 0.01) ** 0.6
        )
        flooded_to_m: float = min(max((at_one_m / self.voidage) ** (1.0 / 1.1), self.r_in_m), self.r_out_m)
        film: float = at_one_m * (self.r_out_m**0.9 - flooded_to_m**0.9) / 0.9
        flooded: float = self.voidage * (flooded_to_m**2 - self.r_in_m**2) / 2.0
        return 2.0 * math.pi * self.height_m * (film + flooded) / flow_m3_s


def rotating_bed_outlet(
    bed: RotatingBed, kinetics: Kinetics, *, flow_m3_s: float, speed_rpm: float, t_in_k: float
) -> PlugFlowProfile:
    """Adiabatic steady state; it follows rotor and flow within a residence time, a second or two."""
    residence_s = bed.residence_s(flow_m3_s, speed_rpm)
    return steady_profile(kinetics, beta_1_s=0.0, t_in_k=t_in_k, t_wall_k=t_in_k, residence_s=residence_s, nodes=51)
