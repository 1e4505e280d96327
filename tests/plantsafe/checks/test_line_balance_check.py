"""Balances of a continuous unit: what is found of it, what is not known, and what a stopped unit leaves open."""

from typing import Any

import pytest

from plantsafe.checks.line_balance import LineBalanceCheck
from plantsafe.frame import BAD_SENSOR_FAILURE, LIMIT_HIGH, LIMIT_LOW, UNCERTAIN, UNCERTAIN_EU_EXCEEDED
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.store.arrays import pack, unpack

NORMAL = {
    "RUN": 1.0, "F1": 30.0, "F2": 60.0, "OUT": 90.0, "DP": 180.0, "A": 60.0, "B": 75.0, "C": 58.0, "COOL": 55.0,
    "W": 20.0, "SENT": 90.0, "AMP": 12.0, "DIS": 300.0, "TC": 39.0, "D": 100.0, "IN2": 300.0,
}  # fmt: skip
EU = {
    "F1": "kg/h", "F2": "kg/h", "OUT": "kg/h", "DP": "kPa", "A": "°C", "B": "°C", "C": "°C", "COOL": "°C", "W": "kg",
    "SENT": "kg/h", "AMP": "A", "DIS": "kg/h", "TC": "°C", "D": "%", "IN2": "kg/h",
}  # fmt: skip
LINE: dict[str, Any] = {
    "feeds": ["F1", "F2"], "normal_kg_h": 90, "residence_s": 6, "ratio": {"normal": 2.0}, "outlet": "OUT",
    "direction": ["D"], "pressure_drop": {"point": "DP", "clean_kpa": 180, "exponent": 1},
    "profile": {
        "points": [{"point": "A", "at": 0.1}, {"point": "B", "at": 0.4}, {"point": "C", "at": 1.0}],
        "normal": [
            {"feed_kg_h": 90, "temperatures_c": [60, 75, 58]}, {"feed_kg_h": 60, "temperatures_c": [63, 72, 57]},
        ],
        "reference": "COOL", "reference_c": 55,
    },
    "hold_up": {"inventories": [{"point": "W"}], "inflow": "OUT", "outflow": "SENT", "limit_kg": 40},
}  # fmt: skip
CONVEYOR = {
    "feeds": ["IN2"], "normal_kg_h": 300, "residence_s": 600,
    "conveyor": {"current": "AMP", "normal_a": 12, "discharge": "DIS", "normal_kg_h": 300, "temperature": "TC",
                 "normal_c": 39},
}  # fmt: skip


class Unit:
    """M1 with all parts of a line, and C1 with a conveyor."""

    def __init__(self, drive: Any, unit_plant: Any) -> None:
        document = unit_plant.file.model_dump(mode="json", by_alias=True)
        document["units"][1]["line"] = LINE
        document["units"].append(document["units"][0] | {"name": "C1", "process": "conveying", "line": CONVEYOR})
        like = next(point for point in document["points"] if point["name"] == "X")
        document["points"] += [
            like | {"name": name, "eu": eu, "range": [-50.0, 150.0] if name == "D" else [0.0, 600.0],
                    "opcua": {"node": f"s={name}"}}
            for name, eu in EU.items()
        ]  # fmt: skip
        self.drive = drive(LineBalanceCheck, compile_plant(PlantFile.model_validate(document)))
        self.drive.values |= NORMAL

    def scans(self, n: int, *, status: Any = None, skip: int = 0, **values: float) -> None:
        for _ in range(n):
            self.drive.scan(status=status, skip=skip, **values)

    def says(self, kind: str, unit: str = "M1") -> str:
        return self.drive.says(f"{unit}.{kind}")

    @property
    def all(self) -> dict[str, str]:
        return {condition.name: self.drive.says(condition.name) for condition in self.drive.check.conditions}


@pytest.fixture
def unit(drive, unit_plant):
    return Unit(drive, unit_plant)


def settled(unit: Unit) -> Unit:
    unit.scans(100)
    return unit


def test_a_unit_in_order_is_clear_of_everything(unit):
    assert set(settled(unit).all.values()) == {"clear"}
    assert len(unit.all) == 10


def test_what_is_a_mean_is_not_known_before_it_is_one(unit):
    unit.scans(30)
    early = {name for name, said in unit.all.items() if said == "unknown"}
    assert early == {f"M1.{kind}" for kind in ("feed_ratio", "mass_balance", "missing_mass", "pressure_drop")}


def test_five_per_cent_that_do_not_come_out_are_found_and_add_up(unit):
    settled(unit).scans(110, OUT=85.5, SENT=85.5)
    assert unit.says("mass_balance") == "holds"
    assert unit.says("missing_mass") == "clear"
    unit.scans(4500)
    assert unit.says("missing_mass") == "holds"  # 4.5 kg/h less the doubt of the meters, in an hour and a quarter
    unit.scans(400, OUT=90.0, SENT=90.0)
    assert unit.says("mass_balance") == "clear"
    assert unit.says("missing_mass") == "holds"  # it is still gone


def test_one_per_cent_is_within_the_accuracy_of_the_meters(unit):
    settled(unit).scans(6000, OUT=89.1, SENT=89.1)
    assert unit.says("mass_balance") == "clear"


def test_more_out_than_in_is_found_too(unit):
    settled(unit).scans(120, OUT=96.0, SENT=96.0)
    assert unit.says("mass_balance") == "holds"


def test_a_ratio_that_leaves_the_recipe_is_found(unit):
    settled(unit).scans(200, F1=29.0)
    assert unit.says("feed_ratio") == "holds"


def test_pressure_drop_is_judged_against_the_curve_at_the_feed_that_there_is(unit):
    settled(unit).scans(200, F1=20.0, F2=40.0, OUT=60.0, SENT=60.0, DP=120.0, A=63.0, B=72.0, C=57.0)
    assert set(unit.all.values()) == {"clear"}
    unit.scans(200, DP=145.0)
    assert unit.says("pressure_drop") == "holds"


def test_the_profile_moves_with_its_reference_and_with_the_feed_and_else_is_off(unit):
    settled(unit).scans(30, COOL=58.0, A=63.0, B=78.0, C=61.0)
    assert unit.says("profile") == "clear"
    unit.scans(30, B=84.0)
    assert unit.says("profile") == "holds"


def test_at_a_feed_for_which_no_profile_is_known_it_is_not_judged(unit):
    settled(unit).scans(30, F1=40.0, F2=80.0, OUT=120.0, SENT=120.0)
    assert unit.says("profile") == "unknown"


def test_what_runs_back_is_found_at_once_also_past_the_end_of_the_range(unit):
    settled(unit).scans(5, D=-10.0)
    assert unit.says("reverse_flow") == "holds"
    unit.scans(70, D=100.0)
    assert unit.says("reverse_flow") == "clear"
    unit.scans(5, D=-50.0, status={"D": UNCERTAIN_EU_EXCEEDED | LIMIT_LOW})
    assert unit.says("reverse_flow") == "holds"


def test_a_hold_up_is_seen_before_it_is_there(unit):
    settled(unit).scans(150, SENT=0.0)
    assert unit.says("hold_up") == "holds"
    assert unit.drive.check.live()["held_kg"][0] == pytest.approx(23.0, abs=0.2)  # of 40


def test_a_hold_up_lives_on_the_flows_for_ten_minutes_without_its_vessel(unit):
    settled(unit).scans(590, status={"W": BAD_SENSOR_FAILURE}, SENT=30.0)
    assert unit.says("hold_up") == "holds"
    assert unit.drive.check.live()["held_kg"][0] == pytest.approx(20.0 + 590 * 60 / 3600, rel=0.02)
    unit.scans(30, status={"W": BAD_SENSOR_FAILURE})
    assert unit.says("hold_up") == "holds unknown"


def test_a_vessel_that_stands_still_while_the_flows_fill_it_is_found_to_differ(unit):
    settled(unit).scans(700, SENT=60.0)
    assert unit.says("hold_up_differs") == "holds"
    unit.scans(1, status={"SENT": BAD_SENSOR_FAILURE})
    assert unit.says("hold_up_differs") == "holds unknown"


def test_a_vessel_that_fills_as_the_flows_say_does_not_differ(unit):
    settled(unit)
    for second in range(600):
        unit.scans(1, SENT=60.0, W=20.0 + 30.0 * (second + 1) / 3600.0)
    assert unit.says("hold_up_differs") == "clear"


def test_a_vessel_over_the_end_of_its_range_counts_as_full(unit):
    settled(unit).scans(900, W=600.0, status={"W": UNCERTAIN_EU_EXCEEDED | LIMIT_HIGH})
    assert unit.says("hold_up") == "holds"


def test_without_vessel_and_flows_nothing_is_known_of_the_hold_up(unit):
    settled(unit).scans(1, status={"W": BAD_SENSOR_FAILURE, "SENT": BAD_SENSOR_FAILURE})
    assert unit.says("hold_up") == "unknown"
    unit.scans(1)
    assert unit.says("hold_up") == "clear"


@pytest.mark.parametrize(
    ("point", "kinds"),
    [
        ("F1", {"feed_ratio", "mass_balance", "missing_mass", "pressure_drop", "profile"}),
        ("OUT", {"mass_balance", "missing_mass", "hold_up_differs"}),
        ("W", {"hold_up_differs"}),
        ("DP", {"pressure_drop"}),
        ("B", {"profile"}),
        ("COOL", {"profile"}),
        ("D", {"reverse_flow"}),
    ],
)
@pytest.mark.parametrize("status", [BAD_SENSOR_FAILURE, UNCERTAIN])
def test_a_bad_input_makes_what_needs_it_unknown_and_nothing_else(unit, point, kinds, status):
    settled(unit).scans(1, status={point: status})
    assert {name for name, said in unit.all.items() if said == "unknown"} == {f"M1.{kind}" for kind in kinds}
    unit.scans(1)
    assert set(unit.all.values()) == {"clear"}


def test_a_finding_stays_while_it_cannot_be_judged(unit):
    settled(unit).scans(120, OUT=85.0, SENT=85.0)
    unit.scans(300, status={"OUT": BAD_SENSOR_FAILURE})
    assert unit.says("mass_balance") == "holds unknown"


def test_a_stopped_unit_has_no_balance_to_judge_and_its_hold_up_and_direction_go_on(unit):
    stopped = {"RUN": 0.0, "F1": 0.0, "F2": 0.0, "OUT": 0.0, "SENT": 0.0, "DP": 0.0, "A": 20.0, "B": 20.0, "C": 20.0}
    settled(unit).scans(300, **stopped)
    assert set(unit.all.values()) == {"clear"}
    unit.scans(5, D=-20.0)
    assert unit.says("reverse_flow") == "holds"
    unit.scans(900, D=0.0, W=45.0)
    assert unit.says("hold_up") == "holds"


def test_after_a_start_means_and_profile_wait_until_the_unit_is_filled(unit):
    settled(unit).scans(10, RUN=0.0)
    unit.scans(50, RUN=1.0)
    assert unit.says("mass_balance") == unit.says("profile") == "unknown"
    unit.scans(80)
    assert set(unit.all.values()) == {"clear"}


def test_a_conveyor_that_works_harder_and_gives_less_is_blocked_and_a_warm_one_heats(unit):
    settled(unit).scans(5, AMP=16.0)
    assert unit.says("conveyor_blocked", "C1") == "clear"  # more load, more out
    unit.scans(5, DIS=50.0)
    assert unit.says("conveyor_blocked", "C1") == "holds"
    unit.scans(40, TC=50.0)
    assert unit.says("conveyor_heat", "C1") == "holds"


def test_what_flowed_in_lost_scans_is_not_made_up(unit):
    settled(unit).scans(1, SENT=0.0)
    before = unit.drive.check.live()["held_kg"][0]
    unit.scans(1, skip=3000)
    assert unit.drive.check.live()["held_kg"][0] == pytest.approx(before, abs=0.1)


def test_the_memory_goes_through_a_snapshot(unit, drive, unit_plant):
    settled(unit).scans(50, OUT=85.0)
    other = Unit(drive, unit_plant)
    other.drive.check.load(unpack(pack(unit.drive.check.state())))
    other.drive.number = unit.drive.number
    other.drive.values |= unit.drive.values
    unit.scans(200)
    other.scans(200)
    assert pack(other.drive.check.state()) == pack(unit.drive.check.state())
    assert other.all == unit.all


def test_a_plant_without_lines_costs_nothing_and_has_nothing(drive):
    it = drive(LineBalanceCheck)
    it.scan()
    assert it.check.conditions == ()
    assert it.check.live() == {}
