"""T301: cooled tube as 60 plugs that move on, react and cool every second, with or without feed.

Plugs are shifted whole, as in models.process.tube; what an instrument shows lies between two of them.
"""

import math
from dataclasses import replace

from models.process.kinetics import Kinetics
from models.process.parameters import GAS_CONSTANT_J_MOL_K
from models.process.plug_flow import steady_profile
from models.process.reacting_cells import advance_cells_quickly
from models.process.tube import shifted, whole_cells
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
K_REF_1_S, T_REF_K, ACTIVATION_J_MOL = 0.027, 343.15, 75_000.0
KINETICS = Kinetics(
    k0=K_REF_1_S * math.exp(ACTIVATION_J_MOL / GAS_CONSTANT_J_MOL_K / T_REF_K),
    activation_j_mol=ACTIVATION_J_MOL,
    adiabatic_rise_k=95.0,
)
ZERO_C_K = 273.15
INLET_C, COOLANT_IN_C = 48.0, 48.0
JACKET_J_K = 3.0e5
CLEAN_DP_KPA = 220.0
PROBES = (5, 12, 15, 24, 36, 48)  # cells of the six probes: 8, 20, 25, 40, 60 and 80 % of the length
FLUSH_KG_H = 1_000.0
FLUSH_C = 30.0
RUNNING = 0.5  # opening of the block valves: a line that is being shut runs for another second
LOST_C = 300.0  # past any relief device


class Tubular:
    """Temperatures and unreacted share of the cells, and the coolant around them."""

    def __init__(self) -> None:
        self.jacket_c = COOLANT_IN_C + 2.0
        steady = steady_profile(
            KINETICS,
            beta_1_s=BETA_1_S,
            t_in_k=INLET_C + ZERO_C_K,
            t_wall_k=self.jacket_c + ZERO_C_K,
            residence_s=VOLUME_M3 * DENSITY / ((ORGANIC_KG_H + ACID_KG_H) / 3600.0),
            nodes=2 * CELLS + 1,
        )
        self.t_k, self.left = steady.t_k[1::2].copy(), 1.0 - steady.conversion[1::2]
        self._part = 0.0  # of a cell that has flowed but not moved the plugs yet
        self._feeds = Feeds(acid_kg_h=ACID_KG_H, organic_kg_h=ORGANIC_KG_H, tau_s=1.0)
        self.organic, self.acid = 1.0, 1.0
        self.coolant_m3_h = COOLANT_M3_H
        self.coolant_in_c = COOLANT_IN_C
        self._inlet_c = INLET_C
        self.ratio = ACID_KG_H / ORGANIC_KG_H
        self.backflow_kg = 0.0  # acid that ran back into the organic line
        self.hot_c = float(self.t_k.max()) - ZERO_C_K
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
        whole, self._part = whole_cells(self._part + total / 3600.0 / DENSITY / VOLUME_M3 * CELLS)
        if whole == 0:
            return
        mixed = max(0.0, min(self.organic, self.acid)) / max(self.organic, self.acid, 1e-9)
        inlet_c = (feed_c * flow_kg_h + FLUSH_C * flush_kg_h) / total
        self.t_k = shifted(self.t_k, whole, at_inlet=inlet_c + ZERO_C_K, at_outlet=0.0)
        self.left = shifted(self.left, whole, at_inlet=mixed * flow_kg_h / total, at_outlet=0.0)

    def _react_and_cool(self, kinetics: float, heat_transfer: float) -> None:
        self.left, self.t_k, given_k = advance_cells_quickly(
            KINETICS if kinetics == 1.0 else replace(KINETICS, k0=KINETICS.k0 * kinetics),
            self.left,
            self.t_k,
            loss_1_s=BETA_1_S * heat_transfer,
            surroundings_k=self.jacket_c + ZERO_C_K,
        )
        given_j = float(given_k.sum()) * VOLUME_M3 / CELLS * DENSITY * CP_J_KGK
        coolant_w_k = self.coolant_m3_h / 3600.0 * 998.0 * 4180.0 + 40.0  # 40 W/K to the room
        self.jacket_c = (JACKET_J_K * self.jacket_c + given_j + coolant_w_k * self.coolant_in_c) / (
            JACKET_J_K + coolant_w_k
        )
        self.hot_c = float(self.t_k.max()) - ZERO_C_K
        self.lost = self.hot_c > LOST_C

    def _at(self, cell: int) -> float:
        """Temperature at the middle of a cell of the tube: plugs have moved on by a part of one."""
        before, here = self.t_k[cell - 1 : cell + 1].tolist()
        return float(here + self._part * (before - here)) - ZERO_C_K

    def _tell(self, c: Conditions, flow_kg_h: float) -> None:
        w = c.wander
        organic, acid = self.organic * ORGANIC_KG_H, self.acid * ACID_KG_H
        if acid > 50.0:  # the controller holds the last ratio of a stopped line
            self.ratio = acid / max(organic, 1.0)
        dp = CLEAN_DP_KPA * (flow_kg_h / (ORGANIC_KG_H + ACID_KG_H)) ** 1.75 * (1.0 + 0.004 * w["t301_dp"])
        dp *= 1.0 + c.knobs["t301.fouled"]
        truth = {f"t301.t{i}_c": self._at(cell) for i, cell in enumerate(PROBES, 1)}
        truth |= {
            "t301.run": 1.0 if min(c.opening["XV-301"], c.opening["XV-302"]) > RUNNING else 0.0,
            "t301.organic_kg_h": organic,
            "t301.acid_kg_h": acid,
            "t301.organic_share_pct": 100.0 * self.organic,
            "t301.acid_share_pct": 100.0 * self.acid,
            "t301.through_kg_h": flow_kg_h,
            "t301.backflow_kg": self.backflow_kg,
            "t301.ratio": self.ratio,
            "t301.inlet_c": self._inlet_c,
            "t301.outlet_c": self._at(CELLS - 1),
            "t301.coolant_in_c": self.coolant_in_c,
            "t301.coolant_out_c": self.jacket_c,
            "t301.coolant_m3_h": self.coolant_m3_h,
            "t301.dp_kpa": dp,
            "t301.in_kpa": 300.0 + dp,
            "t301.conversion_pct": 100.0 * (1.0 - float(self.left[-1])),
            "t301.hot_c": self.hot_c,
            "t301.lost": 1.0 if self.lost else 0.0,
        }
        c.truth.update(truth)
