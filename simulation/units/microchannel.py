"""M201: plates of channels, quasi-steady along the way, with a coolant and plate temperature of their own.

Marched inlet to outlet every second by models.process.plug_march, since a fluid element stays only six seconds.
"""

import math
from dataclasses import replace

from models.process.clogging import blocked_ratios, clog_pressure_ratio
from models.process.kinetics import Kinetics
from models.process.parameters import GAS_CONSTANT_J_MOL_K
from models.process.plug_march import march
from simulation.units.conditions import Conditions, approach
from simulation.units.feeds import Feeds, Line

ORGANIC_KG_H, ACID_KG_H = 30.0, 60.0
COOLANT_M3_H = 3.0
# U 2200 W/m2K and d 1 mm give beta 3.2 1/s (plate microreactor); the rest are site defaults.
BETA_1_S = 3.2
VOLUME_M3 = 1.0e-4
DENSITY = 1_500.0
CP_J_KGK = 1_700.0
K_REF_1_S, T_REF_K, ACTIVATION_J_MOL = 0.5, 338.15, 70_000.0
KINETICS = Kinetics(
    k0=K_REF_1_S * math.exp(ACTIVATION_J_MOL / GAS_CONSTANT_J_MOL_K / T_REF_K),
    activation_j_mol=ACTIVATION_J_MOL,
    adiabatic_rise_k=120.0,
)
INLET_C, COOLANT_IN_C = 40.0, 55.0
PLATE_J_K = 6_000.0  # plates and the coolant in them
CLEAN_DP_KPA = 180.0
CHANNELS = 20
NARROWED = 0.8  # diameter left where the channel is clogged
ZERO_C_K = 273.15
PROBES = (0.10, 0.20, 0.30, 0.50, 0.75)  # shares of the length
SLOWEST_KG_S = 1e-4  # below it the feed stands still


class Microchannel:
    """Wall temperature, five probes and the outlet."""

    def __init__(self) -> None:
        self.wall_c = COOLANT_IN_C + 1.5
        self._feeds = Feeds(acid_kg_h=ACID_KG_H, organic_kg_h=ORGANIC_KG_H, tau_s=0.3)
        self.organic, self.acid = 1.0, 1.0
        self.coolant_m3_h = COOLANT_M3_H
        self.coolant_in_c = COOLANT_IN_C
        self.probe_c = [60.0] * len(PROBES)
        self.outlet_c = 58.0
        self.conversion, self.hot_c = 0.92, 75.0
        self.ratio = ACID_KG_H / ORGANIC_KG_H
        self._acid_alone_s = 0.0
        self._kinetics = self._heat_transfer = 1.0

    def step(self, c: Conditions) -> None:
        """One second."""
        w, power = c.wander, c.knobs["u.power"]
        self._kinetics, self._heat_transfer = c.knobs["kinetics"], c.knobs["heat_transfer"]
        self._feeds.step(
            power,
            organic=Line(pump=c.knobs["m201.organic"], valve=c.opening["XV-201"], efficiency=1.0 + 0.002 * w["m201"]),
            acid=Line(valve=c.opening["XV-202"], efficiency=1.0 + 0.002 * w["m201_acid"]),
        )
        self.organic, self.acid = self._feeds.organic, self._feeds.acid
        self.coolant_m3_h = approach(
            self.coolant_m3_h, COOLANT_M3_H * c.knobs["m201.coolant"] * power * (1 + 0.004 * w["m201"]), 1.0
        )
        warmer = 25.0 * (1.0 - c.truth["u.cw_flow_share"])  # the chiller loses its heat sink
        self.coolant_in_c = approach(self.coolant_in_c, COOLANT_IN_C + 0.15 * w["cw_c"] + warmer, 300.0)
        flow_kg_s = (self.organic * ORGANIC_KG_H + self.acid * ACID_KG_H) / 3600.0
        inlet_c = INLET_C + 0.3 * w["m201"]
        dp_ratio, open_share = blocked_ratios(CHANNELS, min(CHANNELS - 1, round(c.knobs["m201.blocked_channels"])))
        nodes_c = self._march(flow_kg_s, inlet_c, open_share)
        tau_s = 2.0
        self.probe_c = [approach(t, now, tau_s) for t, now in zip(self.probe_c, nodes_c[:-1], strict=True)]
        self.outlet_c = approach(self.outlet_c, nodes_c[-1], tau_s)
        alone = self.acid > 0.05 and self.organic < 0.05
        self._acid_alone_s = self._acid_alone_s + 1.0 if alone else 0.0
        running = 1.0 if min(c.opening["XV-201"], c.opening["XV-202"]) > 0.95 else 0.0
        if self.acid > 0.05:  # the controller holds the last ratio of a stopped line
            self.ratio = self.acid * ACID_KG_H / max(self.organic * ORGANIC_KG_H, 0.1)
        dp = CLEAN_DP_KPA * flow_kg_s * 40.0 * clog_pressure_ratio(c.knobs["m201.clogged"], NARROWED)
        dp *= dp_ratio
        dp *= 1.0 + 0.004 * w["m201_dp"]
        truth = {f"m201.t{i}_c": t for i, t in enumerate(self.probe_c, 1)}
        truth |= {
            "m201.run": running,
            "m201.organic_kg_h": self.organic * ORGANIC_KG_H,
            "m201.acid_kg_h": self.acid * ACID_KG_H,
            "m201.organic_share_pct": 100.0 * self.organic,
            "m201.acid_share_pct": 100.0 * self.acid,
            "m201.ratio": self.ratio,
            "m201.inlet_c": inlet_c,
            "m201.outlet_c": self.outlet_c,
            "m201.coolant_in_c": self.coolant_in_c,
            "m201.coolant_out_c": self.wall_c,
            "m201.coolant_m3_h": self.coolant_m3_h,
            "m201.dp_kpa": dp,
            "m201.in_kpa": 500.0 + dp,
            "m201.back_kpa": 500.0 + 2.0 * w["m201_dp"],
            "m201.organic_pump_a": 2.4 * min(1.0, self.organic) * power,
            "m201.acid_pump_a": 3.1 * min(1.0, self.acid) * power,
            "m201.organic_pump_run": 1.0 if c.knobs["m201.organic"] * power > 0.5 else 0.0,
            "m201.acid_pump_run": power,
            "m201.quench_c": 26.0 + 0.3 * w["m201"],
            "m201.quench_ph": 8.6 + 0.08 * w["ph"],
            "m201.through_kg_h": 3600.0 * flow_kg_s,
            "m201.acid_alone_s": self._acid_alone_s,
            "m201.conversion_pct": 100.0 * self.conversion,
            "m201.hot_c": self.hot_c,
        }
        c.truth.update(truth)

    def _march(self, flow_kg_s: float, inlet_c: float, open_share: float) -> list[float]:
        """Temperatures at the probes and the outlet of the open channels; the wall takes up what they give off.

        A stopped feed cools to the wall.
        """
        if flow_kg_s < SLOWEST_KG_S:
            self.hot_c = self.wall_c
            self._exchange(0.0)
            return [self.hot_c] * (len(PROBES) + 1)
        rate = self._kinetics if min(self.organic, self.acid) > 0.05 else 0.0
        way = march(
            KINETICS if rate == 1.0 else replace(KINETICS, k0=KINETICS.k0 * rate),
            beta_1_s=BETA_1_S * self._heat_transfer,
            t_in_k=inlet_c + ZERO_C_K,
            t_wall_k=self.wall_c + ZERO_C_K,
            residence_s=VOLUME_M3 * open_share * DENSITY / flow_kg_s,
            at=(*PROBES, 1.0),
        )
        self.conversion, self.hot_c = way.conversion_out, way.hot_spot_k - ZERO_C_K
        self._exchange(way.given_k * flow_kg_s * CP_J_KGK)
        return [t_k - ZERO_C_K for t_k in way.t_k]

    def _exchange(self, given_w: float) -> None:
        coolant_w_k = self.coolant_m3_h / 3600.0 * 998.0 * 4180.0 + 5.0  # 5 W/K to the room
        self.wall_c = (PLATE_J_K * self.wall_c + given_w + coolant_w_k * self.coolant_in_c) / (PLATE_J_K + coolant_w_k)
