"""C101: conveyor of nitrated solids to the dryer: hold-up, friction when blocked, self-heating of the heap."""

import math

from models.process.parameters import GAS_CONSTANT_J_MOL_K
from simulation.units.conditions import Conditions, approach

# Site defaults: an illustrative product, not a measured one.
TRANSIT_S = 2_200.0
PRODUCT_C = 38.0
CP_J_KGK = 1_500.0
JAM_W = 9_000.0  # drive power that a blocked screw turns into heat
COOLING_W_K = 25.0
SELF_HEATING_W_KG = 5.0  # at SELF_HEATING_K
SELF_HEATING_K = 353.15
SELF_HEATING_J_MOL = 120_000.0
SPRAY_W_K = 900.0
LARGEST_RISE_K = 1.0  # of one step: the last seconds of a burning heap take several
LOST_C = 250.0  # the heap has burnt; the model says nothing more


class Conveyor:
    """Hold-up and temperature of the moving heap."""

    def __init__(self) -> None:
        self.holdup_kg = 185.0
        self.t_c = PRODUCT_C
        self.casing_c = 32.0
        self.lost = False

    def step(self, c: Conditions) -> None:
        """One second."""
        w, power = c.wander, c.knobs["u.power"]
        run = power if c.opening["XV-121"] > 0.5 else 0.0
        inflow = c.truth["s101.product_kg_h"]
        free = c.knobs["c101.discharge"]
        out = 3600.0 * self.holdup_kg / TRANSIT_S * free * (power if run else 0.0)
        self.holdup_kg += (inflow - out) / 3600.0
        jammed = (1.0 - free) * run
        if not self.lost:
            self._warm(c, inflow, jammed)
        self.casing_c = approach(self.casing_c, 22.0 + 0.6 * (self.t_c - 22.0), 300.0)
        spray = c.opening["XV-122"]
        c.truth.update(
            {
                "c101.holdup_kg": self.holdup_kg,
                "c101.drive_a": (6.0 + 0.03 * self.holdup_kg + 10.0 * jammed + 0.2 * w["conveyor"]) * run,
                "c101.speed_m_s": 0.40 * run * (1.0 - 0.8 * jammed) * (1.0 + 0.003 * w["conveyor"]),
                "c101.t_c": self.t_c,
                "c101.casing_c": self.casing_c,
                "c101.in_kg_h": inflow,
                "c101.out_kg_h": out,
                "c101.o2_pct": 4.0 + 0.15 * w["oxygen"],
                "c101.moisture_pct": 12.0 + 0.2 * w["conveyor"] + 10.0 * spray,
                "c101.run": 1.0 if run > 0.5 else 0.0,
                "c101.lost": 1.0 if self.lost else 0.0,
            }
        )

    def _warm(self, c: Conditions, inflow_kg_h: float, jammed: float) -> None:
        heat_j_k = self.holdup_kg * CP_J_KGK
        spray = SPRAY_W_K * c.opening["XV-122"]
        incoming_w_k = inflow_kg_h / 3600.0 * CP_J_KGK
        loss_w_k = COOLING_W_K + spray + incoming_w_k
        feed_c = PRODUCT_C + 2.0 + 0.4 * c.wander["conveyor"]
        sink_w = COOLING_W_K * 30.0 + spray * 20.0 + incoming_w_k * feed_c
        left_s = 1.0
        while left_s > 1e-9 and not self.lost:
            source_w = _self_heating_w_kg(self.t_c) * self.holdup_kg + JAM_W * jammed
            h = min(left_s, LARGEST_RISE_K * heat_j_k / max(source_w, 1.0))
            self.t_c = (self.t_c * heat_j_k + h * (source_w + sink_w)) / (heat_j_k + h * loss_w_k)
            left_s -= h
            self.lost = self.t_c > LOST_C


def _self_heating_w_kg(t_c: float) -> float:
    slope = -SELF_HEATING_J_MOL / GAS_CONSTANT_J_MOL_K * (1.0 / (t_c + 273.15) - 1.0 / SELF_HEATING_K)
    return SELF_HEATING_W_KG * math.exp(slope)
