"""Cooling water, power and instrument air: what fails in common for all units."""

import math

from simulation.units.conditions import Conditions, approach

# Site defaults throughout: a small plant's utilities.
HEADER_KPA = 450.0
STATIC_KPA = 60.0
HEADER_M3_H = 180.0
SUPPLY_C = 20.0
AMBIENT_C = 18.0
HOT_WATER_C = 85.0
BUS_V = 400.0
AIR_KPA = 650.0
UPS_HOURS = 1.0
EMERGENCY_TANK_M3 = 30.0
EMERGENCY_M3_H = 10.8


class Utilities:
    """State of the three networks."""

    def __init__(self) -> None:
        self.header_kpa = HEADER_KPA
        self.supply_c = SUPPLY_C
        self.return_c = SUPPLY_C + 6.0
        self.air_kpa = AIR_KPA
        self.charge_pct = 100.0
        self.hot_water_c = HOT_WATER_C
        self.emergency_pct = 96.0

    def step(self, c: Conditions) -> None:
        """One second of the networks, and their quantities."""
        power = c.knobs["u.power"]
        run = c.knobs["u.cooling_water"] * power
        w = c.wander
        target_kpa = STATIC_KPA + (HEADER_KPA + 4.0 * w["cw_kpa"] - STATIC_KPA) * run
        self.header_kpa = approach(self.header_kpa, target_kpa, 12.0)
        flow = self.flow_share()
        self.supply_c = approach(self.supply_c, SUPPLY_C + 0.4 * w["cw_c"] + (0.0 if run > 0.5 else 12.0), 900.0)
        self.return_c = approach(self.return_c, self.supply_c + 6.0, 300.0)
        compressor = power * c.knobs["u.air"]
        self.air_kpa = approach(
            self.air_kpa, (AIR_KPA + 4.0 * w["air_kpa"]) * compressor, 20.0 if compressor else 240.0
        )
        if power < 0.5:
            self.charge_pct = max(0.0, self.charge_pct - 100.0 / (UPS_HOURS * 3600.0))
        else:
            self.charge_pct = min(100.0, self.charge_pct + 0.01)
        heater_c = HOT_WATER_C + 0.5 * w["hot_water"] + c.knobs["u.hot_water_k"]
        self.hot_water_c = approach(self.hot_water_c, heater_c, 60.0)
        drawn = c.opening.get("XV-104", 0.0) + c.opening.get("XV-154", 0.0)
        gone_m3_h = EMERGENCY_M3_H * drawn + c.knobs["u.emergency_leak_m3_h"]
        self.emergency_pct -= 100.0 * gone_m3_h / 3600.0 / EMERGENCY_TANK_M3
        self.emergency_pct = max(0.0, self.emergency_pct)
        c.truth.update(
            {
                "u.cw_supply_c": self.supply_c,
                "u.cw_return_c": self.return_c,
                "u.cw_kpa": self.header_kpa,
                "u.cw_flow_share": flow,
                "u.cw_m3_h": HEADER_M3_H * flow,
                "u.cw_basin_pct": 62.0 + w["cw_basin"],
                "u.cw_pump_a_a": 92.0 * run * (1.0 + 0.004 * w["cw_kpa"]),
                "u.cw_pump_b_a": 91.0 * run * (1.0 + 0.004 * w["cw_c"]),
                "u.cw_pump_a_run": run,
                "u.cw_pump_b_run": run,
                "u.emergency_tank_pct": self.emergency_pct,
                "u.hot_water_c": self.hot_water_c,
                "u.power": power,
                "u.bus_v": (BUS_V + 1.2 * w["bus"]) * power,
                "u.site_kw": (420.0 + 8.0 * w["bus"]) * power + 15.0,
                "u.ups_v": 230.0 if self.charge_pct > 0.0 else 0.0,
                "u.ups_charge_pct": self.charge_pct,
                "u.ups_on_battery": 0.0 if power > 0.5 else 1.0,
                "u.generator_ready": 1.0,
                "u.air_kpa": self.air_kpa,
                "u.air_dew_c": -41.0 + 0.5 * w["air_kpa"],
                "u.air_compressor_a": 55.0 * compressor * (1.0 + 0.005 * w["air_kpa"]),
                "u.air_compressor_run": compressor,
                "u.ambient_c": AMBIENT_C + 0.8 * w["ambient"],
                "gas.wind_m_s": 2.0 + 0.25 * w["wind"],
            }
        )

    def flow_share(self) -> float:
        """Flow that the header can drive, against normal: turbulent, so with the root of the pressure above static."""
        return math.sqrt(max(self.header_kpa - STATIC_KPA, 0.0) / (HEADER_KPA - STATIC_KPA))
