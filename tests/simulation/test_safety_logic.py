"""The safety system of the simulated plant votes as the plant file says, latches, resets and moves valves."""

from collections.abc import Callable
from itertools import product

import pytest

from plantsafe.plant import Plant
from simulation.plant import SimulatedPlant
from simulation.safety_logic import Channel, Valve, votes_to_trip

Living = Callable[..., SimulatedPlant]
STATES = {
    "below": Channel(beyond=False),
    "beyond": Channel(beyond=True),
    "faulted": Channel(beyond=False, faulted=True),
    "bypassed": Channel(beyond=True, bypassed=True),
}


@pytest.mark.parametrize("states", list(product(STATES, repeat=3)))
def test_two_out_of_three_votes_exactly(demo: Plant, states: tuple[str, str, str]) -> None:
    function = next(f for f in demo.file.functions if f.name == "SIF-101")
    assert (function.vote, function.on_fault, function.on_bypass) == (2, "vote_trip", "remove")
    for_trip = sum(state in ("beyond", "faulted") for state in states)
    left = sum(state != "bypassed" for state in states)
    expected = left > 0 and for_trip >= {3: 2, 2: 2, 1: 1}.get(left, 4)
    assert votes_to_trip(function, tuple(STATES[state] for state in states)) is expected


@pytest.mark.parametrize(
    ("on_fault", "faulted", "beyond", "trips"),
    [
        ("vote_trip", 1, 1, True),  # 2oo3 becomes 1oo2
        ("vote_trip", 2, 0, True),
        ("remove", 1, 1, False),  # 2oo3 becomes 2oo2
        ("remove", 1, 2, True),
        ("remove", 2, 1, True),  # and then 1oo1
        ("remove", 3, 0, False),  # nothing left to vote
        ("vote_healthy", 1, 1, False),
        ("vote_healthy", 1, 2, True),
        ("vote_healthy", 2, 1, False),  # no protection left
    ],
)
def test_a_faulted_channel_counts_as_its_policy_says(
    demo: Plant, on_fault: str, faulted: int, beyond: int, *, trips: bool
) -> None:
    function = next(f for f in demo.file.functions if f.name == "SIF-101").model_copy(update={"on_fault": on_fault})
    channels = [STATES["faulted"]] * faulted + [STATES["beyond"]] * beyond
    channels += [STATES["below"]] * (3 - len(channels))
    assert votes_to_trip(function, tuple(channels)) is trips


def trip_temperature_c(plant: SimulatedPlant) -> float:
    """True temperature of R101 when its temperature function trips; infinite where it does not within 20 minutes."""
    for _ in range(1_200):
        plant.advance()
        if plant.safety.tripped["SIF-101"]:
            return plant.truth()["r101.t_c"]
    return float("inf")


def test_one_stuck_transmitter_does_not_block_and_a_second_lie_delays_by_its_bias(living: Living) -> None:
    healthy, stuck, two_lies = living(warm_s=2_400), living(warm_s=2_400), living(warm_s=2_400)
    for plant in (stuck, two_lies):
        plant.faults.inject("sensor_stuck", point="TT-101A")
    two_lies.faults.inject("sensor_bias", point="TT-101B")
    for plant in (healthy, stuck, two_lies):
        plant.faults.inject("sb_wrong_temp_mode_hot")
    at_c = trip_temperature_c(healthy)
    assert at_c == pytest.approx(73.3, abs=0.4)  # the setpoint and what the thermowells lag behind
    assert trip_temperature_c(stuck) == pytest.approx(at_c, abs=0.2)
    assert trip_temperature_c(two_lies) == pytest.approx(at_c + 3.0, abs=0.3)


def test_a_trip_latches_until_its_cause_is_gone_and_it_is_reset(demo: Plant, living: Living) -> None:
    plant = living(warm_s=2_400)
    plant.faults.inject("sb_agitator_stop")
    plant.advance(10)
    assert plant.reset_trips() == ("SIF-102",)
    plant.faults.clear("sb_agitator_stop")
    plant.advance(60)
    assert plant.readings().value[demo.points.row["SIF-102.TRIP"]] == 1.0
    assert plant.truth()["r101.dose_kg_h"] == 0.0
    assert plant.reset_trips() == ()
    plant.advance(60)
    assert plant.readings().value[demo.points.row["SIF-102.TRIP"]] == 0.0
    assert plant.truth()["r101.dose_kg_h"] > 390.0


def test_a_function_is_not_executed_outside_its_hazardous_mode(living: Living) -> None:
    plant = living(warm_s=60)  # charging: no nitrating agent in the tank
    plant.faults.inject("sb_agitator_stop")
    plant.advance(30)
    assert not plant.safety.tripped["SIF-102"]


def stroke_s(living: Living, demo: Plant, *faults: str) -> int:
    """Seconds from the trip bit to the limit switch of XV-101A."""
    plant = living(warm_s=2_400)
    for fault in faults:
        plant.faults.inject(fault)
    plant.faults.inject("sb_agitator_stop")
    tripped_at = 0
    for second in range(60):
        plant.advance()
        value = plant.readings().value
        if value[demo.points.row["SIF-102.TRIP"]] > 0.5 and not tripped_at:
            tripped_at = second
        if value[demo.points.row["XV-101A.ZSC"]] > 0.5:
            return second - tripped_at
    return -1


def test_a_slow_valve_takes_three_times_as_long_and_a_stuck_one_never_arrives(demo: Plant, living: Living) -> None:
    usual = stroke_s(living, demo)
    assert usual == 3  # four steps of a quarter, the first in the second of the trip
    assert stroke_s(living, demo, "sif_valve_slow") == 11
    assert stroke_s(living, demo, "sif_valve_stuck") == -1


def test_valves_go_to_their_safe_end_and_back() -> None:
    valve = Valve("XV-104", safe_open=True)
    for _ in range(5):
        valve.step(True, 0.0, False)
    assert valve.opening == 1.0
    assert valve.at_safe_end
    valve.step(False, 0.0, False)
    assert not valve.at_safe_end


def test_without_instrument_air_springs_move_the_valves(demo: Plant, living: Living) -> None:
    plant = living(warm_s=2_400)
    plant.faults.inject("instrument_air_loss")
    plant.advance(600)
    value = plant.readings().value
    assert value[demo.points.row["XV-101A.ZSC"]] == 1.0
    assert value[demo.points.row["XV-104.ZSO"]] == 1.0
