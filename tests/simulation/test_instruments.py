"""Failures of instruments, bypasses and sources, as the readings show them."""

from collections.abc import Callable

import numpy as np
import pytest

from plantsafe.errors import PlantsafeError
from plantsafe.frame import BAD_SENSOR_FAILURE, driven_high, is_bad, is_good, is_uncertain
from plantsafe.plant import Plant
from simulation.faults import OTHER_KNOBS, PROCESS_KNOBS, load_catalogue
from simulation.plant import SimulatedPlant

Living = Callable[..., SimulatedPlant]


def trace(plant: SimulatedPlant, row: int, span_s: int) -> np.ndarray:
    """Values of one point, a second each."""
    values = []
    for _ in range(span_s):
        plant.advance()
        values.append(plant.readings().value[row])
    return np.array(values)


def test_a_stuck_transmitter_shows_one_value_and_its_stamp_stays(demo: Plant, living: Living) -> None:
    plant, row = living(warm_s=60), demo.points.row["TT-101B"]
    assert np.unique(trace(plant, row, 60)).size > 1
    plant.faults.inject("sensor_stuck", point="TT-101B")
    assert np.unique(trace(plant, row, 60)).size == 1
    assert plant.time_ns - plant.readings().source_time_ns[row] >= 59_000_000_000
    plant.faults.clear("sensor_stuck:TT-101B")
    assert np.unique(trace(plant, row, 60)).size > 1


def test_a_dropout_is_bad_without_a_value_and_raises_the_fault_bit(demo: Plant, living: Living) -> None:
    plant, row = living(warm_s=60), demo.points.row
    plant.faults.inject("sensor_dropout")
    plant.advance()
    now = plant.readings()
    assert now.status[row["TT-101A"]] == BAD_SENSOR_FAILURE
    assert np.isnan(now.value[row["TT-101A"]])
    assert now.value[row["TT-101A.FLT"]] == 1.0
    assert is_bad(now.status).sum() == 1
    plant.faults.clear("sensor_dropout")
    plant.advance()
    assert is_good(plant.readings().status).all()


def test_bias_drift_and_lag_move_one_channel_away_from_its_siblings(demo: Plant, living: Living) -> None:
    plant, row = living(warm_s=60), demo.points.row
    plant.faults.inject("sensor_bias", point="TT-101A")
    plant.faults.inject("sensor_drift", point="TT-101B")
    plant.advance(900)
    value = plant.readings().value
    sibling = value[row["TT-101C"]]
    assert value[row["TT-101A"]] - sibling == pytest.approx(-3.0, abs=0.4)
    assert value[row["TT-101B"]] - sibling == pytest.approx(-3.0, abs=0.4)


def test_a_bypass_left_on_shows_in_its_bit(demo: Plant, living: Living) -> None:
    plant = living(warm_s=60)
    assert plant.readings().value[demo.points.row["TT-101A.BYP"]] == 0.0
    plant.faults.inject("sis_bypass_left_on")
    plant.advance()
    assert plant.readings().value[demo.points.row["TT-101A.BYP"]] == 1.0


def test_beyond_its_range_an_instrument_is_uncertain_at_its_end(demo: Plant, living: Living) -> None:
    plant, row = living(warm_s=60), demo.points.row["AT-131A"]
    plant.faults.inject("gas_leak_no2")
    plant.advance(60)
    now = plant.readings()
    assert now.value[row] == demo.points.high[row]
    assert driven_high(now.status)[row]
    assert is_uncertain(now.status)[row]


def test_a_frozen_stamp_stays_while_the_value_moves(demo: Plant, living: Living) -> None:
    plant, row = living(warm_s=60), demo.points.row["TI-101"]
    plant.faults.inject("sensor_frozen_stamp")
    plant.advance()
    stamp = plant.readings().source_time_ns[row]
    assert np.unique(trace(plant, row, 60)).size > 1
    assert plant.readings().source_time_ns[row] == stamp


def test_silence_and_frozen_heartbeats_are_told_apart(demo: Plant, living: Living) -> None:
    plant, row = living(warm_s=60), demo.points.row["HB-DCS"]
    assert plant.silent_sources() == set()
    assert np.array_equal(np.diff(trace(plant, row, 5)), np.ones(4))
    plant.faults.inject("comms_loss_modbus")
    plant.faults.inject("heartbeat_frozen")
    plant.advance()
    assert plant.silent_sources() == {"SIS"}
    assert np.unique(trace(plant, row, 5)).size == 1


def test_every_fault_of_the_catalogue_turns_knobs_that_exist(demo: Plant) -> None:
    valves = {element.name for function in demo.file.functions for element in function.elements}
    functions = {function.name for function in demo.file.functions}
    for fault in load_catalogue().values():
        for effect in fault.effects:
            kind, _, rest = effect.knob.replace("{point}", fault.point or "").partition(".")
            if effect.knob in PROCESS_KNOBS:
                continue
            assert kind in OTHER_KNOBS, effect.knob
            subject = (
                rest.removeprefix("bypass.").removeprefix("defeat.").removeprefix("trip.").removeprefix("setpoint.")
            )
            subject = subject if kind == "sis" else subject.rpartition(".")[0]
            assert subject in {*demo.points.row, *demo.sources.row, *valves, *functions}, effect.knob


def test_every_fault_can_be_injected_at_once_and_ended(living: Living) -> None:
    plant = living(warm_s=2_400)
    healthy = dict(plant.faults.knobs)
    for name in plant.faults.catalogue:
        plant.faults.inject(name, 1)
    plant.advance(30)
    assert plant.faults.active() == tuple(plant.faults.catalogue)
    for name in plant.faults.catalogue:
        plant.faults.clear(name)
    plant.advance()
    assert plant.faults.knobs == healthy


@pytest.mark.parametrize(
    ("name", "onset_s", "point", "says"),
    [
        ("sb_cooling_los", 0.0, None, "there is no fault"),
        ("sb_cooling_loss", -1.0, None, "times above 0"),
        ("sb_cooling_loss", 0.0, "TI-101", "does not act on one point"),
        ("sensor_stuck", 0.0, "TI-999", "there is no point"),
    ],
)
def test_a_wrong_injection_is_refused_with_a_reason(
    living: Living, name: str, onset_s: float, point: str | None, says: str
) -> None:
    plant = living(warm_s=1)
    with pytest.raises(PlantsafeError, match=says):
        plant.faults.inject(name, onset_s, point=point)
