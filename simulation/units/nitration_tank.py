"""R101: semi-batch nitration of set N2 in a jacketed tank; heat and mass balance by models.process.semibatch.

The jacket is a circulation loop: constant flow, its inlet mixed from return water and cold or hot water by a
split-range temperature controller with a transmitter of its own. Emergency cooling has its own line from the head tank.
"""

import math
from dataclasses import replace

from models.process.jacket import Jacket
from models.process.semibatch import N2, SemiBatchInputs, SemiBatchState
from models.process.semibatch_rates import HEEL_FRACTION, accumulation, heat_flows, mtsr_k
from models.process.semibatch_step import SemiBatchTank
from simulation.control import CHARGE_C, DOSE_KG, Pid, Recipe
from simulation.units.conditions import Conditions, approach
from simulation.units.utilities import EMERGENCY_M3_H

ZERO_C_K = 273.15
DENSITY = N2.density_kg_m3
# Site defaults: what the published parameter set leaves open.
JACKET = Jacket(volume_m3=0.35, rho_cp_j_m3k=998.0 * 4180.0, cp_j_kgk=4180.0)
CIRCULATION_M3_H = 10.8
EMERGENCY_C = 18.0
SPEED_RPM = 120.0
EMULSION_FULL_RPM = 90.0  # above it the emulsion is as good as it gets
EMULSION_NONE_RPM = 10.0
STILL_TRANSFER = 0.15  # heat transfer left by natural convection, against full speed
TRANSFER_EXPONENT = 0.67  # UA ~ n^0.67
AGITATOR_W = 5_000.0
DOSE_VALVE_KG_H = 800.0  # flow at full opening
DOSE_C = 25.0
HEEL_M3 = HEEL_FRACTION * N2.volume_start_m3
A_KMOL_M3 = N2.a_start_kmol / N2.volume_start_m3
CLEAN_TAU_S = 120.0
CLEAN_C = 40.0


class NitrationTank:
    """The tank, its jacket loop, agitator and dosing line."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.tank = SemiBatchTank(N2, JACKET)
        self.state = _empty(CHARGE_C)
        self.inputs = SemiBatchInputs()
        self.dosed_kg = 0.0
        self.speed_rpm = SPEED_RPM
        self._temperature = Pid(gain=25.0, integral_s=600.0, derivative_s=100.0, low=-100.0, high=40.0)
        self._dosing = Pid(gain=0.05, integral_s=4.0, derivative_s=0.0, low=0.0, high=100.0)
        self._measured_c = CHARGE_C
        self._cold_pct = self._hot_pct = self._dose_pct = 0.0
        self._dose_kg_h = 0.0
        self._loop_m3_h = CIRCULATION_M3_H
        self._inlet_c = CHARGE_C
        self._dose_tank_kg = 2_400.0

    @property
    def temperature_c(self) -> float:
        """True temperature of the contents."""
        return self.state.t_k - ZERO_C_K

    def step(self, c: Conditions) -> None:
        """One second: controllers on the readings of the second before, then the balance."""
        dose_kg_h = self._dose(c)
        self._agitate(c)
        coolant_kg_s, t_in_k = self._jacket_inlet(c)
        self._move_contents(dose_kg_h)
        speed = self.speed_rpm / SPEED_RPM
        transfer = max(STILL_TRANSFER, speed**TRANSFER_EXPONENT if speed > 0.0 else 0.0) * c.knobs["r101.fouling"]
        transfer *= c.knobs["heat_transfer"]
        emulsion = (self.speed_rpm - EMULSION_NONE_RPM) / (EMULSION_FULL_RPM - EMULSION_NONE_RPM)
        discharge_m3_s = self.recipe.discharge_kg_h / 3600.0 / DENSITY
        self.inputs = SemiBatchInputs(
            dosing_m3_s=dose_kg_h / 3600.0 / DENSITY - discharge_m3_s,
            t_dosing_k=DOSE_C + ZERO_C_K,
            t_coolant_in_k=t_in_k,
            coolant_kg_s=coolant_kg_s,
            emulsion=min(1.0, max(0.0, emulsion)) * c.knobs["kinetics"],
            heat_transfer=transfer,
            extra_heat_w=AGITATOR_W * speed**3,
        )
        self.state = self.tank.step(self.state, self.inputs)
        self._measured_c = approach(self._measured_c, self.temperature_c, 15.0)
        self._tell(c)

    def _dose(self, c: Conditions) -> float:
        """Flow through the dosing line, kg/h: pump, control valve, two block valves in a row."""
        recipe, forced = self.recipe, c.knobs["r101.dosing_valve_pct"]
        dosing = recipe.dose_kg_h > 0.0
        if dosing:
            self._dosing.step(recipe.dose_kg_h, self._dose_kg_h)
        else:
            self._dosing.reset(0.0)
        pumping = recipe.phase == recipe.phase.DOSE and c.knobs["u.power"] > 0.5
        self._dose_pct = approach(self._dose_pct, forced if forced >= 0.0 else self._dosing.output, 2.0)
        blocks = min(c.opening["XV-101A"], c.opening["XV-101B"])
        flow = DOSE_VALVE_KG_H * self._dose_pct / 100.0 * blocks * (1.0 + 0.004 * c.wander["dose"])
        self._dose_kg_h = flow if pumping else 0.0
        self.dosed_kg += self._dose_kg_h / 3600.0
        self._dose_tank_kg -= self._dose_kg_h / 3600.0
        return self._dose_kg_h

    def _agitate(self, c: Conditions) -> None:
        drive = c.knobs["r101.agitator"] * c.knobs["u.power"]
        target_rpm = SPEED_RPM * (1.0 + 0.002 * c.wander["agitator"]) * drive
        self.speed_rpm = approach(self.speed_rpm, target_rpm, 4.0)

    def _jacket_inlet(self, c: Conditions) -> tuple[float, float]:
        """Flow and temperature of the water that enters the jacket."""
        output = self._temperature.step(self.recipe.t_setpoint_c, self._measured_c)
        hot_mode = c.knobs["r101.hot_mode"] > 0.5
        self._cold_pct = approach(self._cold_pct, 0.0 if hot_mode else max(0.0, -output), 4.0)
        self._hot_pct = approach(self._hot_pct, 100.0 if hot_mode else max(0.0, output), 4.0)
        return_c = self.state.t_jacket_k - ZERO_C_K
        truth = c.truth
        inlet_c = return_c + self._cold_pct / 100.0 * truth["u.cw_flow_share"] * (truth["u.cw_supply_c"] - return_c)
        inlet_c += self._hot_pct / 100.0 * c.opening["XV-103"] * (truth["u.hot_water_c"] - return_c)
        loop = CIRCULATION_M3_H * c.knobs["r101.jacket_flow"] * c.knobs["u.power"] * (1.0 + 0.004 * c.wander["jacket"])
        emergency = EMERGENCY_M3_H * c.opening["XV-104"] * c.knobs["r101.emergency_flow"]
        if truth["u.emergency_tank_pct"] <= 0.0:
            emergency = 0.0
        self._loop_m3_h, self._inlet_c = loop, inlet_c
        total = loop + emergency
        mixed_c = (loop * inlet_c + emergency * EMERGENCY_C) / total if total > 0.0 else inlet_c
        return total * 998.0 / 3600.0, mixed_c + ZERO_C_K

    def _move_contents(self, dose_kg_h: float) -> None:
        """Charge and clean, which the balance of the model does not know; both mix at once."""
        recipe, s = self.recipe, self.state
        if recipe.charge_kg_h > 0.0:
            added = recipe.charge_kg_h / 3600.0 / DENSITY
            volume = s.volume_m3 + added
            t_k = (s.t_k * s.volume_m3 + (CHARGE_C + ZERO_C_K) * added) / volume
            self.state = replace(s, volume_m3=volume, a_kmol=s.a_kmol + added * A_KMOL_M3, t_k=t_k)
            self.dosed_kg = 0.0
        elif recipe.cleaning:
            keep = math.exp(-1.0 / CLEAN_TAU_S)
            self.state = replace(
                s,
                a_kmol=s.a_kmol * keep,
                b_kmol=s.b_kmol * keep,
                p_kmol=s.p_kmol * keep,
                t_k=approach(s.t_k, CLEAN_C + ZERO_C_K, CLEAN_TAU_S),
            )
            self._dose_tank_kg = min(2_400.0, self._dose_tank_kg + 4.0)
        elif dose_kg_h == 0.0 and recipe.phase == recipe.phase.IDLE:
            self._dose_tank_kg = min(2_400.0, self._dose_tank_kg + 4.0)

    def _tell(self, c: Conditions) -> None:
        s, w, recipe = self.state, c.wander, self.recipe
        heat = heat_flows(N2, s, self.inputs)
        loop, speed = self._loop_m3_h, self.speed_rpm / SPEED_RPM
        full = s.volume_m3 / N2.vessel_m3
        pumping = 1.0 if self._dose_kg_h > 0.0 else 0.0
        power = c.knobs["u.power"]
        t_c = s.t_k - ZERO_C_K
        c.truth.update(
            {
                "r101.phase": float(recipe.phase),
                "r101.batch": float(recipe.batch),
                "r101.t_c": t_c,
                "r101.t_setpoint_c": recipe.t_setpoint_c,
                "r101.t_output_pct": self._temperature.output,
                "r101.jacket_in_c": self._inlet_c,
                "r101.jacket_out_c": s.t_jacket_k - ZERO_C_K,
                "r101.dose_c": DOSE_C + 0.3 * w["ambient"],
                "r101.agitator_rpm": self.speed_rpm,
                "r101.agitator_a": (14.0 * speed + (20.0 + 10.0 * full) * speed**3) if speed > 0.01 else 0.0,
                "r101.agitator_run": 1.0 if speed > 0.1 else 0.0,
                "r101.agitator_mm_s": (2.2 + 0.15 * w["agitator"]) * speed,
                "r101.bearing_c": 46.0 + 0.8 * w["bearing"],
                "r101.dose_kg_h": self._dose_kg_h,
                "r101.dose_setpoint_kg_h": recipe.dose_kg_h,
                "r101.dose_output_pct": self._dosing.output,
                "r101.dose_valve_pct": self._dose_pct,
                "r101.dosed_kg": self.dosed_kg,
                "r101.dose_ratio_pct": 100.0 * self.dosed_kg / DOSE_KG,
                "r101.dose_pump_a": 6.5 * pumping,
                "r101.dose_pump_run": pumping,
                "r101.dose_tank_pct": self._dose_tank_kg / 26.0,
                "r101.jacket_m3_h": loop,
                "r101.jacket_kpa": 280.0 + 120.0 * c.knobs["r101.jacket_flow"] * power + w["jacket"],
                "r101.jacket_pump_a": (8.0 + 10.0 * loop / CIRCULATION_M3_H) * power,
                "r101.jacket_pump_run": power,
                "r101.cold_valve_pct": self._cold_pct,
                "r101.hot_valve_pct": self._hot_pct,
                "r101.jacket_ph": 7.3 + 0.05 * w["ph"],
                "r101.level_pct": 100.0 * full,
                "r101.kpa": 2.0 + 0.2 * w["vent"] + 0.02 * max(0.0, heat.decomposition_w) / 1000.0,
                "r101.impurity_pct": 0.8 + 0.05 * w["impurity"] + 0.03 * max(0.0, t_c - 66.0),
                "r101.jacket_kw": -heat.jacket_w / 1000.0,
                "r101.charge_kg_h": recipe.charge_kg_h,
                "r101.relief_c": 24.0 + w["ambient"] + 0.5 * max(0.0, t_c - 90.0),
                "r101.reaction_kw": heat.reaction_w / 1000.0,
                "r101.accumulation": accumulation(N2, s),
                "r101.mtsr_c": mtsr_k(N2, s) - ZERO_C_K,
                "r101.a_kmol": s.a_kmol,
                "r101.b_kmol": s.b_kmol,
                "r101.p_kmol": s.p_kmol,
                "r101.volume_m3": s.volume_m3,
                "r101.lost": 0.0 if s.lost is None else 1.0,
            }
        )


def _empty(t_c: float) -> SemiBatchState:
    return SemiBatchState(
        a_kmol=0.0, b_kmol=0.0, p_kmol=0.0, volume_m3=HEEL_M3, t_k=t_c + ZERO_C_K, t_jacket_k=t_c + ZERO_C_K
    )
