"""T301: cooled tube as 60 cells in a row that carry, react and cool every second, with or without feed."""

import numpy as np

from models.process.parameters import GAS_CONSTANT_J_MOL_K
from simulation.units.conditions import Conditions, approach
from simulation.units.feeds import Feeds, Line

ORGANIC_KG_H, ACID_KG_H = 500.0, 1_000.0
COOLANT_M3_H = 30.0
# 25 mm tube with U 800 W/m2K: beta 0.047 1/s; the rest are site defaults.
BETA_1_S = 0.047
CELLS = 60
VOLUME_M3 = 0.05
DENSITY = 1_500.0
CP_J_KGK = 1_700.0
ADIABATIC_K = 95.0
K_REF_1_S, T_REF_K, ACTIVATION_J_MOL = 0.030, 343.15, 75_000.0
INLET_C, COOLANT_IN_C = 48.0, 48.0
JACKET_J_K = 3.0e5
PROBES = (5, 9, 15, 24, 36, 48)  # cells of the six probes: 8, 15, 25, 40, 60 and 80 % of the length
FLUSH_KG_H = 1_000.0
FLUSH_C = 30.0
LOST_C = 300.0  # past any relief device


class Tubular:
    """Temperatures and unreacted share of the cells, and the coolant around them."""

    def __init__(self) -> None:
        self.t_c = np.full(CELLS, COOLANT_IN_C)
        self.left = np.linspace(1.0, 0.05, CELLS)
        self._feeds = Feeds(acid_kg_h=ACID_KG_H, organic_kg_h=ORGANIC_KG_H, tau_s=1.0)
        self.organic, self.acid = 1.0, 1.0
        self.coolant_m3_h = COOLANT_M3_H
        self.coolant_in_c = COOLANT_IN_C
        self.jacket_c = COOLANT_IN_C + 2.0
        self._inlet_c = INLET_C
        self.ratio = ACID_KG_H / ORGANIC_KG_H
        self.backflow_kg = 0.0  # acid that ran back into the organic line
        self.lost = False

    def step(self, c: Conditions) -> None:
        """One second."""
        w, power = c.wander, c.knobs["u.power"]
        self._feeds.step(
            power,
            organic=Line(pump=c.knobs["t301.organic"], valve=c.opening["XV-301"], efficiency=1.0 + 0.002 * w["t301"]),
            acid=Line(valve=c.opening["XV-302"], efficiency=1.0 + 0.002 * w["t301_acid"]),
        )
        self.organic, self.acid = self._feeds.organic, self._feeds.acid
        self.backflow_kg += max(0.0, -self.organic) * ORGANIC_KG_H / 3600.0
        share = c.truth["u.cw_flow_share"]
        self.coolant_m3_h = approach(
            self.coolant_m3_h, COOLANT_M3_H * c.knobs["t301.coolant"] * share * (1.0 + 0.003 * w["t301"]), 1.5
        )
        coolant_c = COOLANT_IN_C + 0.2 * w["cw_c"] + c.knobs["t301.coolant_k"]
        self.coolant_in_c = approach(self.coolant_in_c, coolant_c, 120.0)
        flow_kg_h = max(0.0, self.organic * ORGANIC_KG_H + self.acid * ACID_KG_H)
        self._inlet_c = INLET_C + 0.2 * w["t301"]
        flush_kg_h = FLUSH_KG_H * c.opening["XV-303"]
        if not self.lost:
            self._carry(flow_kg_h, flush_kg_h, self._inlet_c)
            self._react_and_cool(c.knobs["kinetics"], c.knobs["heat_transfer"])
        self._tell(c, flow_kg_h + flush_kg_h)

    def _carry(self, flow_kg_h: float, flush_kg_h: float, feed_c: float) -> None:
        total = flow_kg_h + flush_kg_h
        courant = total / 3600.0 / DENSITY / (VOLUME_M3 / CELLS)
        if courant < 1e-6:
            return
        mixed = max(0.0, min(self.organic, self.acid)) / max(self.organic, self.acid, 1e-9)
        inlet_left = mixed * flow_kg_h / total
        inlet_c = (feed_c * flow_kg_h + FLUSH_C * flush_kg_h) / total
        share = courant / (1.0 + courant) if courant > 0.9 else courant
        self.t_c[1:] += share * (self.t_c[:-1] - self.t_c[1:])
        self.t_c[0] += share * (inlet_c - self.t_c[0])
        self.left[1:] += share * (self.left[:-1] - self.left[1:])
        self.left[0] += share * (inlet_left - self.left[0])

    def _react_and_cool(self, kinetics: float, heat_transfer: float) -> None:
        slope = ACTIVATION_J_MOL / GAS_CONSTANT_J_MOL_K
        k = kinetics * K_REF_1_S * np.exp(slope * (1.0 / T_REF_K - 1.0 / (self.t_c + 273.15)))
        after = self.left * np.exp(-k)
        self.t_c += ADIABATIC_K * (self.left - after)
        self.left = after
        given = (-np.expm1(-BETA_1_S * heat_transfer)) * (self.t_c - self.jacket_c)
        self.t_c -= given
        given_j = float(given.sum()) * VOLUME_M3 / CELLS * DENSITY * CP_J_KGK
        coolant_w_k = self.coolant_m3_h / 3600.0 * 998.0 * 4180.0 + 40.0  # 40 W/K to the room
        self.jacket_c = (JACKET_J_K * self.jacket_c + given_j + coolant_w_k * self.coolant_in_c) / (
            JACKET_J_K + coolant_w_k
        )
        self.lost = float(self.t_c.max()) > LOST_C

    def _tell(self, c: Conditions, flow_kg_h: float) -> None:
        w = c.wander
        organic, acid = self.organic * ORGANIC_KG_H, self.acid * ACID_KG_H
        if acid > 50.0:  # the controller holds the last ratio of a stopped line
            self.ratio = acid / max(organic, 1.0)
        dp = 220.0 * (flow_kg_h / (ORGANIC_KG_H + ACID_KG_H)) ** 1.75 * (1.0 + 0.004 * w["t301_dp"])
        truth = {f"t301.t{i}_c": float(self.t_c[cell]) for i, cell in enumerate(PROBES, 1)}
        truth |= {
            "t301.run": 1.0 if min(c.opening["XV-301"], c.opening["XV-302"]) > 0.95 else 0.0,
            "t301.organic_kg_h": organic,
            "t301.acid_kg_h": acid,
            "t301.organic_share_pct": 100.0 * self.organic,
            "t301.acid_share_pct": 100.0 * self.acid,
            "t301.backflow_kg": self.backflow_kg,
            "t301.ratio": self.ratio,
            "t301.inlet_c": self._inlet_c,
            "t301.outlet_c": float(self.t_c[-1]),
            "t301.coolant_in_c": self.coolant_in_c,
            "t301.coolant_out_c": self.jacket_c,
            "t301.coolant_m3_h": self.coolant_m3_h,
            "t301.dp_kpa": dp,
            "t301.in_kpa": 300.0 + dp,
            "t301.conversion_pct": 100.0 * (1.0 - float(self.left[-1])),
            "t301.hot_c": float(self.t_c.max()),
            "t301.lost": 1.0 if self.lost else 0.0,
        }
        c.truth.update(truth)
