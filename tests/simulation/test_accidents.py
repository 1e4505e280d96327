"""Injected accidents: what the instruments and the safety system of the simulated plant make of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.process.semibatch import N2
from models.process.semibatch_run import Segment, run_batch
from plantsafe.plant import Plant
from simulation.plant import SimulatedPlant
from simulation.units.nitration_tank import JACKET

Living = Callable[..., SimulatedPlant]


def first_seconds(demo: Plant, plant: SimulatedPlant, span_s: int) -> dict[str, int]:
    """Second of the first reading beyond each alarm limit, and of each trip."""
    found: dict[str, int] = {}
    alarms = demo.alarms
    for second in range(1, span_s + 1):
        plant.advance()
        value = plant.readings().value
        for i in np.flatnonzero(alarms.sign * (value[alarms.point] - alarms.limit) >= 0.0):
            found.setdefault(alarms.names[i], second)
        for name, on in plant.safety.tripped.items():
            if on:
                found.setdefault(name, second)
    return found


def test_cooling_loss_raises_the_temperature_alarms_and_then_trips_the_dosing(demo: Plant, living: Living) -> None:
    plant = living()
    plant.faults.inject("sb_cooling_loss", 400)
    seen = first_seconds(demo, plant, 2_400)
    assert seen["FI-102.L"] < 420
    assert seen["FI-102.L"] < seen["TI-101.H"] < seen["TI-101.HH"] < seen["SIF-101"] < 2_000
    assert {name for name in seen if name.startswith("SIF-")} == {"SIF-101"}
    truth = plant.truth()
    assert truth["r101.dose_kg_h"] == 0.0
    assert truth["r101.t_c"] < 73.0  # the emergency cooling brings it down again


def test_a_late_trip_lets_the_tank_go_on_heating_as_the_model_says(living: Living) -> None:
    plant = living()
    plant.faults.inject("sb_cooling_loss_late_trip")
    plant.advance(120)
    start = plant.tank.state
    segments = []
    for until_s in range(20, 1_601, 20):  # the controller still mixes what little water there is
        plant.advance(20)
        inputs = replace(plant.tank.inputs, dosing_m3_s=N2.dosing_flow_m3_s)
        segments.append(Segment(until_s=float(until_s), inputs=inputs))
    assert not plant.safety.tripped["SIF-101"]
    truth = plant.truth()
    model = run_batch(N2, start, segments, JACKET).state(1_600.0)
    assert truth["r101.t_c"] == pytest.approx(model.t_k - 273.15, abs=0.1)
    assert truth["r101.t_c"] > 77.0
    plant.advance(120)
    assert plant.safety.tripped["SIF-101"]
    assert plant.truth()["r101.dose_kg_h"] == 0.0


@pytest.mark.parametrize(
    ("fault", "span_s", "function"),
    [
        ("sb_agitator_stop", 20, "SIF-102"),
        ("sb_overdosing_x2", 30, "SIF-104"),
        ("sb_wrong_temp_mode_hot", 900, "SIF-101"),
        ("separator_overheating", 600, "SIF-201"),
        ("micro_coolant_loss", 10, "SIF-301"),
        ("micro_clogging_gradual", 1_500, "SIF-302"),
        ("micro_single_feed", 10, "SIF-303"),
        ("tube_coolant_loss", 200, "SIF-401"),
        ("rpb_rotor_slow", 30, "SIF-402"),
        ("conveyor_accumulation", 2_000, "SIF-501"),
        ("gas_leak_no2", 60, "SIF-601"),
        ("spurious_trip", 10, "SIF-104"),
    ],
)
def test_the_function_that_is_meant_trips_and_no_other(
    demo: Plant, living: Living, fault: str, span_s: int, function: str
) -> None:
    plant = living(warm_s=2_400)
    plant.faults.inject(fault, 5)
    seen = first_seconds(demo, plant, span_s)
    assert {name for name in seen if name.startswith("SIF-")} == {function}
    safe = next(f for f in demo.file.functions if f.name == function)
    plant.advance(15)
    value = plant.readings().value
    assert all(value[demo.points.row[e.feedback]] == e.safe_value for e in safe.elements)


def test_a_cooling_water_plant_trip_is_felt_by_several_units(demo: Plant, living: Living) -> None:
    plant = living()
    plant.faults.inject("cooling_water_plant_trip", 5)
    seen = first_seconds(demo, plant, 200)
    assert {"PI-501.L", "FI-303.L", "TI-315.H", "SIF-103"} <= set(seen)
    assert min(seen, key=lambda name: seen[name]) == "PI-501.L"


def test_a_fourth_person_shows_in_the_head_count(demo: Plant, living: Living) -> None:
    plant = living(warm_s=60)
    plant.faults.inject("occupancy_breach")
    plant.advance()
    assert plant.readings().value[demo.points.row["HC-11"]] == 4.0


def test_a_defeated_function_sees_its_demand_and_does_nothing(living: Living) -> None:
    plant = living(warm_s=2_400)
    plant.faults.inject("sb_agitator_stop_late_trip")
    plant.advance(60)
    truth = plant.truth()
    assert truth["r101.agitator_rpm"] < 1.0
    assert truth["r101.dose_kg_h"] > 390.0


def test_faults_compose_and_clear(living: Living) -> None:
    plant = living(warm_s=60)
    plant.faults.inject("sb_jacket_fouling", 0, duration_s=1_000)
    plant.faults.inject("cooling_water_plant_trip", 10)
    plant.advance(5)
    assert plant.faults.active() == ("sb_jacket_fouling",)
    plant.advance(10)
    assert plant.faults.active() == ("sb_jacket_fouling", "cooling_water_plant_trip")
    plant.faults.clear("cooling_water_plant_trip")
    plant.advance(120)
    assert plant.faults.knobs["u.cooling_water"] == 1.0
    assert plant.truth()["u.cw_kpa"] > 430.0


@pytest.mark.parametrize(
    ("fault", "quantity", "limit", "span_s"),
    [
        pytest.param("sb_cooling_loss", "r101.t_c", 97.0, 5_400, marks=pytest.mark.long),  # Td24
        pytest.param("sb_agitator_stop", "r101.accumulation", 0.3, 4_800, marks=pytest.mark.long),
        pytest.param("sb_overdosing_x2", "r101.accumulation", 0.05, 6_600, marks=pytest.mark.long),
        ("separator_overheating", "s101.t_c", 80.0, 1_200),
        ("micro_coolant_loss", "m201.hot_c", 150.0, 300),
        ("micro_clogging_gradual", "m201.dp_kpa", 320.0, 1_800),
        ("micro_single_feed", "m201.acid_alone_s", 60.0, 120),
        ("tube_coolant_loss", "t301.hot_c", 135.0, 900),
        ("rpb_rotor_slow", "h302.outlet_c", 100.0, 200),
        pytest.param("conveyor_accumulation", "c101.t_c", 100.0, 5_400, marks=pytest.mark.long),
        ("gas_leak_no2", "gas.released_kg", 10.0, 300),
        pytest.param("cooling_water_plant_trip", "r101.t_c", 97.0, 6_600, marks=pytest.mark.long),
    ],
)
def test_what_protection_prevents_happens_without_it(
    demo: Plant, living: Living, fault: str, quantity: str, limit: float, span_s: int
) -> None:
    def worst(*, protected: bool) -> float:
        plant = living(warm_s=2_400)
        if not protected:
            plant.faults.defeat(function.name for function in demo.file.functions)
        plant.faults.inject(fault, 5)
        highest = float("-inf")
        for _ in range(span_s // 5):
            plant.advance(5)
            highest = max(highest, plant.truth()[quantity])
        return highest

    assert worst(protected=True) < limit < worst(protected=False)
