"""R101 and R102: semi-batch nitration in a jacketed tank; heat and mass balance by models.process.semibatch.

The jacket is a circulation loop: constant flow, its inlet mixed from return water and cold or hot water. The
temperature of the contents, by a transmitter of its own, sets that of the jacket inlet, which a second controller holds
over the two valves in split range. Emergency cooling has its own line from the head tank.
The tanks differ in kinetics, jacket and valves: see `TankBuild`.
"""

import math
from dataclasses import dataclass, replace

from models.process.jacket import Jacket
from models.process.semibatch import N1, N2, SemiBatchInputs, SemiBatchParameters, SemiBatchState
from models.process.semibatch_rates import HEEL_FRACTION, accumulation, heat_flows, mtsr_k
from models.process.semibatch_step import SemiBatchTank
from simulation.control import CHARGE_C, DOSE_KG, REACTION_C, Cascade, Pid, Recipe, Tuning
from simulation.units.conditions import Conditions, approach
from simulation.units.utilities import EMERGENCY_M3_H

ZERO_C_K = 273.15
DENSITY = N2.density_kg_m3  # the same in both sets, as are charge, dose and volumes
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
DUMP_KG_H = 192_000.0  # a full tank of 6400 kg in two minutes
# Site default: 12 K of jacket a kelvin of contents; the jacket neither colder than its supply nor hot enough to spoil.
CONTENTS = Tuning(gain=12.0, integral_s=600.0, derivative_s=100.0, low=15.0, high=72.0)
# Site default: a per cent of valve is 0.25 to 0.4 K of inlet, a few seconds later; cold below 0, hot above.
JACKET_INLET = Tuning(gain=0.8, integral_s=6.0, low=-100.0, high=100.0)
INLET_TAU_S = 3.0
DOSING = Tuning(gain=0.05, integral_s=4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TankBuild:
    """What makes one tank another: names of its quantities, kinetics and heat transfer, and its valves.

    wander: suffix of the names under which its own parts wander. dump: valve to the quench tank, None where there is
    none. agitator_trips: functions whose latched trip locks the agitator against a restart.
    """

    prefix: str
    parameters: SemiBatchParameters
    wander: str
    blocks: tuple[str, str]
    heating: str
    emergency: str
    dump: str | None
    agitator_trips: tuple[str, ...]


R101 = TankBuild(
    prefix="r101",
    parameters=N2,
    wander="",
    blocks=("XV-101A", "XV-101B"),
    heating="XV-103",
    emergency="XV-104",
    dump="XV-105",
    agitator_trips=("SIF-102",),
)
# The fast variant: kinetics of N1 and 0.6 of the heat transfer: a dosing that goes wrong does harm (site default).
R102 = TankBuild(
    prefix="r102",
    parameters=replace(N1, ua_start_w_k=3_600.0),
    wander="_2",
    blocks=("XV-151A", "XV-151B"),
    heating="XV-153",
    emergency="XV-154",
    dump=None,
    agitator_trips=("SIF-152",),
)


class NitrationTank:
    """The tank, its jacket loop, agitator and dosing line."""

    def __init__(self, recipe: Recipe, build: TankBuild = R101) -> None:
        self.recipe = recipe
        self.build = build
        self.tank = SemiBatchTank(build.parameters, JACKET)
        self.state = _empty(CHARGE_C)
        self.inputs = SemiBatchInputs()
        self.dosed_kg = 0.0
        self.speed_rpm = SPEED_RPM
        self.dumped_kg_h = 0.0
        self._contents = Pid(CONTENTS, setpoint=CHARGE_C, output=CHARGE_C)
        self._jacket = Pid(JACKET_INLET)
        self._temperature = Cascade(self._contents, self._jacket)
        self._dosing = Pid(DOSING)
        self._measured_c = self._inlet_measured_c = CHARGE_C
        self._cold_pct = self._hot_pct = self._dose_pct = 0.0
        self._dose_kg_h = 0.0
        self._loop_m3_h = CIRCULATION_M3_H
        self._inlet_c = CHARGE_C
        self._dose_tank_kg = 2_400.0
        self._restart_locked = False
        self._told: tuple[str, ...] = ()  # names of what it tells, made once

    @property
    def temperature_c(self) -> float:
        """True temperature of the contents."""
        return self.state.t_k - ZERO_C_K

    def step(self, c: Conditions) -> None:
        """One second: controllers on the readings of the second before, then the balance."""
        dose_kg_h = self._dose(c)
        self._agitate(c)
        coolant_kg_s, t_in_k = self._jacket_inlet(c)
        self._move_contents(dose_kg_h, CHARGE_C + self._knob(c, "charge_k"))
        speed = self.speed_rpm / SPEED_RPM
        transfer = max(STILL_TRANSFER, speed**TRANSFER_EXPONENT if speed > 0.0 else 0.0) * self._knob(c, "fouling")
        transfer *= c.knobs["heat_transfer"]
        emulsion = (self.speed_rpm - EMULSION_NONE_RPM) / (EMULSION_FULL_RPM - EMULSION_NONE_RPM)
        dump = 0.0 if self.build.dump is None else c.opening[self.build.dump]
        self.dumped_kg_h = DUMP_KG_H * dump if self.state.volume_m3 > 1.5 * HEEL_M3 else 0.0
        discharge_m3_s = (self.recipe.discharge_kg_h + self.dumped_kg_h) / 3600.0 / DENSITY
        self.inputs = SemiBatchInputs(
            dosing_m3_s=dose_kg_h / 3600.0 / DENSITY - discharge_m3_s,
            t_dosing_k=DOSE_C + ZERO_C_K,
            t_coolant_in_k=t_in_k,
            coolant_kg_s=coolant_kg_s,
            emulsion=min(1.0, max(0.0, emulsion)) * c.knobs["kinetics"],
            heat_transfer=transfer,
            extra_heat_w=AGITATOR_W * speed**3 * min(1.0, self.state.volume_m3 / N2.volume_start_m3),
        )
        self.state = self.tank.step(self.state, self.inputs)
        self._measured_c = approach(self._measured_c, self.temperature_c, 15.0)
        self._inlet_measured_c = approach(self._inlet_measured_c, self._inlet_c, INLET_TAU_S)
        self._tell(c)

    def _knob(self, c: Conditions, name: str) -> float:
        return c.knobs[f"{self.build.prefix}.{name}"]

    def _wander(self, c: Conditions, name: str) -> float:
        return c.wander[name + self.build.wander]

    def _dose(self, c: Conditions) -> float:
        """Flow through the dosing line, kg/h: pump, control valve, two block valves in a row."""
        recipe, forced = self.recipe, self._knob(c, "dosing_valve_pct")
        if recipe.dose_kg_h > 0.0:
            self._dosing.cascade()
        else:
            self._dosing.manual(0.0)
        self._dosing.step(self._dose_kg_h, recipe.dose_kg_h)
        pumping = recipe.phase == recipe.phase.DOSE and c.knobs["u.power"] > 0.5
        self._dose_pct = approach(self._dose_pct, forced if forced >= 0.0 else self._dosing.output, 2.0)
        blocks = min(c.opening[name] for name in self.build.blocks)
        through = DOSE_VALVE_KG_H * self._dose_pct / 100.0 * (1.0 + 0.004 * self._wander(c, "dose"))
        flow = (through + self._knob(c, "dosing_bypass_kg_h")) * blocks if self._dose_tank_kg > 0.0 else 0.0
        self._dose_kg_h = flow if pumping else 0.0
        self.dosed_kg += self._dose_kg_h / 3600.0
        self._dose_tank_kg -= self._dose_kg_h / 3600.0
        return self._dose_kg_h

    def _agitate(self, c: Conditions) -> None:
        if self.speed_rpm < EMULSION_NONE_RPM:
            self._restart_locked = any(c.tripped[name] for name in self.build.agitator_trips)
        drive = 0.0 if self._restart_locked else self._knob(c, "agitator") * c.knobs["u.power"]
        target_rpm = SPEED_RPM * (1.0 + 0.002 * self._wander(c, "agitator")) * drive
        self.speed_rpm = approach(self.speed_rpm, target_rpm, 4.0)

    def _jacket_inlet(self, c: Conditions) -> tuple[float, float]:
        """Flow and temperature of the water that enters the jacket."""
        offset_k = self._knob(c, "setpoint_k")
        self._contents.setpoint = self.recipe.t_setpoint_c + offset_k
        self.recipe.reaction_c = REACTION_C + offset_k
        if self._knob(c, "hot_mode") > 0.5:
            self._jacket.manual(100.0)
        else:
            self._jacket.cascade()
        output = self._temperature.step(self._measured_c, self._inlet_measured_c)
        self._cold_pct = approach(self._cold_pct, max(0.0, -output), 4.0)
        self._hot_pct = approach(self._hot_pct, max(0.0, output), 4.0)
        return_c = self.state.t_jacket_k - ZERO_C_K
        truth = c.truth
        inlet_c = return_c + self._cold_pct / 100.0 * truth["u.cw_flow_share"] * (truth["u.cw_supply_c"] - return_c)
        inlet_c += self._hot_pct / 100.0 * c.opening[self.build.heating] * (truth["u.hot_water_c"] - return_c)
        loop = CIRCULATION_M3_H * self._knob(c, "jacket_flow") * c.knobs["u.power"]
        loop *= 1.0 + 0.004 * self._wander(c, "jacket")
        emergency = EMERGENCY_M3_H * c.opening[self.build.emergency] * self._knob(c, "emergency_flow")
        if truth["u.emergency_tank_pct"] <= 0.0:
            emergency = 0.0
        self._loop_m3_h, self._inlet_c = loop, inlet_c
        total = loop + emergency
        mixed_c = (loop * inlet_c + emergency * EMERGENCY_C) / total if total > 0.0 else inlet_c
        return total * 998.0 / 3600.0, mixed_c + ZERO_C_K

    def _move_contents(self, dose_kg_h: float, charge_c: float) -> None:
        """Charge and clean, which the balance of the model does not know; both mix at once."""
        recipe, s = self.recipe, self.state
        if recipe.charge_kg_h > 0.0:
            added = recipe.charge_kg_h / 3600.0 / DENSITY
            volume = s.volume_m3 + added
            t_k = (s.t_k * s.volume_m3 + (charge_c + ZERO_C_K) * added) / volume
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
        parameters = self.build.parameters
        heat = heat_flows(parameters, s, self.inputs)
        loop, speed = self._loop_m3_h, self.speed_rpm / SPEED_RPM
        full = s.volume_m3 / parameters.vessel_m3
        pumping = 1.0 if self._dose_kg_h > 0.0 else 0.0
        power = c.knobs["u.power"]
        t_c = s.t_k - ZERO_C_K
        own = {
            "phase": float(recipe.phase),
            "batch": float(recipe.batch),
            "t_c": t_c,
            "t_setpoint_c": recipe.t_setpoint_c + self._knob(c, "setpoint_k"),
            "t_output_pct": self._jacket.output,
            "jacket_in_c": self._inlet_c,
            "jacket_out_c": s.t_jacket_k - ZERO_C_K,
            "dose_c": DOSE_C + 0.3 * w["ambient"],
            "agitator_rpm": self.speed_rpm,
            "agitator_a": (14.0 * speed + (20.0 + 10.0 * full) * speed**3) if speed > 0.01 else 0.0,
            "agitator_run": 1.0 if speed > 0.1 else 0.0,
            "agitator_mm_s": (2.2 + 0.15 * self._wander(c, "agitator")) * speed,
            "bearing_c": 46.0 + 0.8 * w["bearing"],
            "dose_kg_h": self._dose_kg_h,
            "dose_setpoint_kg_h": recipe.dose_kg_h,
            "dose_output_pct": self._dosing.output,
            "dose_valve_pct": self._dose_pct,
            "dosed_kg": self.dosed_kg,
            "dose_ratio_pct": 100.0 * self.dosed_kg / DOSE_KG,
            "dose_pump_a": 6.5 * pumping,
            "dose_pump_run": pumping,
            "dose_tank_pct": self._dose_tank_kg / 26.0,
            "jacket_m3_h": loop,
            "jacket_kpa": 280.0 + 120.0 * self._knob(c, "jacket_flow") * power + self._wander(c, "jacket"),
            "jacket_pump_a": (8.0 + 10.0 * loop / CIRCULATION_M3_H) * power,
            "jacket_pump_run": power,
            "cold_valve_pct": self._cold_pct,
            "hot_valve_pct": self._hot_pct,
            "jacket_ph": 7.3 + 0.05 * w["ph"],
            "level_pct": 100.0 * full,
            "kpa": 2.0 + 0.2 * w["vent"] + 0.02 * max(0.0, heat.decomposition_w) / 1000.0,
            "impurity_pct": 0.8 + 0.05 * w["impurity"] + 0.03 * max(0.0, t_c - 66.0),
            "jacket_kw": -heat.jacket_w / 1000.0,
            "charge_kg_h": recipe.charge_kg_h,
            "relief_c": 24.0 + w["ambient"] + 0.5 * max(0.0, t_c - 90.0),
            "reaction_kw": heat.reaction_w / 1000.0,
            "accumulation": accumulation(parameters, s),
            "mtsr_c": mtsr_k(parameters, s) - ZERO_C_K,
            "a_kmol": s.a_kmol,
            "b_kmol": s.b_kmol,
            "p_kmol": s.p_kmol,
            "volume_m3": s.volume_m3,
            "lost": 0.0 if s.lost is None else 1.0,
            "dumped_kg_h": self.dumped_kg_h,
        }
        if not self._told:
            self._told = tuple(f"{self.build.prefix}.{name}" for name in own)
        c.truth.update(zip(self._told, own.values(), strict=True))


def _empty(t_c: float) -> SemiBatchState:
    return SemiBatchState(
        a_kmol=0.0, b_kmol=0.0, p_kmol=0.0, volume_m3=HEEL_M3, t_k=t_c + ZERO_C_K, t_jacket_k=t_c + ZERO_C_K
    )
