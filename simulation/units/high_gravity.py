"""H302: rotating packed bed: residence by hold-up, adiabatic rise in the bed, then an external cooler."""

import math

from models.process.kinetics import Kinetics
from models.process.parameters import GAS_CONSTANT_J_MOL_K
from models.process.plug_march import march
from models.process.rotating_bed import RotatingBed
from simulation.units.conditions import Conditions, approach
from simulation.units.feeds import Feeds, Line

ORGANIC_KG_H, ACID_KG_H = 1_000.0, 2_000.0
# Site defaults throughout.
BED = RotatingBed(r_in_m=0.06, r_out_m=0.25, height_m=0.10)
SPEED_RPM = 1_000.0
DENSITY = 1_450.0
K_REF_1_S, T_REF_K, ACTIVATION_J_MOL = 2.85, 323.15, 65_000.0
KINETICS = Kinetics(
    k0=K_REF_1_S * math.exp(ACTIVATION_J_MOL / GAS_CONSTANT_J_MOL_K / T_REF_K),
    activation_j_mol=ACTIVATION_J_MOL,
    adiabatic_rise_k=85.0,
)
INLET_C, ZERO_C_K = 30.0, 273.15
STEP_K = 1.0  # within 0.5 K of the reference at the rim
CLEAN_DP_KPA = 80.0  # of the liquid distributor: nozzles
ROTOR_TAU_S = 60.0  # a rotor of a few hundred kilograms coasts


class HighGravity:
    """Rotor, bed and cooler."""

    def __init__(self) -> None:
        self.rotor_rpm = SPEED_RPM
        self._feeds = Feeds(acid_kg_h=ACID_KG_H, organic_kg_h=ORGANIC_KG_H, tau_s=1.0)
        self.organic, self.acid = 1.0, 1.0
        self.outlet_c = 51.0
        self.cooled_c = 30.0
        self.bearing_c = 52.0
        self.ratio = ACID_KG_H / ORGANIC_KG_H
        self._acid_alone_s = 0.0

    def step(self, c: Conditions) -> None:
        """One second: the bed follows rotor and feed within its residence of a second or two."""
        w, power = c.wander, c.knobs["u.power"]
        drive = c.knobs["h302.rotor"] * power
        self.rotor_rpm = approach(self.rotor_rpm, SPEED_RPM * drive * (1.0 + 0.002 * w["h302"]), ROTOR_TAU_S)
        efficiency = 1.0 + 0.002 * w["h302_feed"]
        self._feeds.step(
            power,
            organic=Line(pump=c.knobs["h302.organic"], valve=c.opening["XV-311"], efficiency=efficiency),
            acid=Line(valve=c.opening["XV-312"], efficiency=efficiency),
        )
        self.organic, self.acid = self._feeds.organic, self._feeds.acid
        flow_kg_h = self.organic * ORGANIC_KG_H + self.acid * ACID_KG_H
        residence_s = BED.residence_s(flow_kg_h / 3600.0 / DENSITY, self.rotor_rpm) if flow_kg_h > 30.0 else 0.0
        alone = self.acid > 0.05 and self.organic < 0.05
        self._acid_alone_s = self._acid_alone_s + 1.0 if alone else 0.0
        if self.acid > 0.05:  # the controller holds the last ratio of a stopped line
            self.ratio = ACID_KG_H * self.acid / (ORGANIC_KG_H * max(self.organic, 0.001))
        inlet_c = INLET_C + 0.3 * w["h302"]
        rise_k = 0.0
        if residence_s > 0.0:
            t_k = inlet_c + ZERO_C_K
            rise_k = KINETICS.adiabatic_rise_k * bed_conversion(residence_s, t_k) * min(self.organic, self.acid, 1.0)
        self.outlet_c = approach(self.outlet_c, inlet_c + rise_k, 2.0)
        share = c.truth["u.cw_flow_share"]
        cooling = 0.75 * share + 0.05
        self.cooled_c = approach(self.cooled_c, self.outlet_c - cooling * (self.outlet_c - 24.0), 30.0)
        speed = self.rotor_rpm / SPEED_RPM
        distributor_kpa = CLEAN_DP_KPA * (flow_kg_h / (ORGANIC_KG_H + ACID_KG_H)) ** 2 * (1.0 + 0.004 * w["h302_feed"])
        distributor_kpa *= 1.0 + c.knobs["h302.fouled"]
        self.bearing_c = approach(self.bearing_c, 22.0 + 30.0 * speed + 0.5 * w["bearing"], 600.0)
        c.truth.update(
            {
                "h302.run": 1.0 if min(c.opening["XV-311"], c.opening["XV-312"]) > 0.95 else 0.0,
                "h302.rotor_rpm": self.rotor_rpm,
                "h302.motor_a": (18.0 * speed + 24.0 * speed**2 * min(1.0, flow_kg_h / 3000.0)) * power,
                "h302.vibration_mm_s": (1.6 + 0.1 * w["h302"]) * speed + 2.2 * speed * (1.0 - speed),
                "h302.bearing_c": self.bearing_c,
                "h302.casing_c": 22.0 + 0.5 * (self.outlet_c - 22.0),
                "h302.inlet_c": inlet_c,
                "h302.outlet_c": self.outlet_c,
                "h302.cooled_c": self.cooled_c,
                "h302.organic_kg_h": self.organic * ORGANIC_KG_H,
                "h302.acid_kg_h": self.acid * ACID_KG_H,
                "h302.organic_share_pct": 100.0 * self.organic,
                "h302.acid_share_pct": 100.0 * self.acid,
                "h302.acid_alone_s": self._acid_alone_s,
                "h302.ratio": self.ratio,
                "h302.through_kg_h": flow_kg_h,
                "h302.distributor_kpa": distributor_kpa,
                "h302.seal_kpa": 120.0 + 0.8 * w["h302_feed"],
                "h302.residence_s": residence_s,
            }
        )


def bed_conversion(residence_s: float, t_in_k: float) -> float:
    """Adiabatic plug flow from the inlet to the rim."""
    way = march(
        KINETICS, beta_1_s=0.0, t_in_k=t_in_k, t_wall_k=t_in_k, residence_s=residence_s, at=(1.0,), step_k=STEP_K
    )
    return way.conversion_out
