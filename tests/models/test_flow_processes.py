"""Tubes, channels, rotating bed, solids, gas and instruments: limits that theory gives, and faults."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.process.clogging import blocked_ratios, clog_pressure_ratio
from models.process.conveyor import Conveyor, ConveyorInputs, drive_current_a, empty_conveyor, step_conveyor
from models.process.instrument import lagged, ramp_reading_k, ramp_trip, time_constant_from_t90_s
from models.process.kinetics import Kinetics
from models.process.microchannel import Clogging, Microchannel, pressure_drop_kpa, step_microchannel
from models.process.nitroaniline import NORMAL_CHARGE, TRIPLE_CHARGE, run_nitroaniline
from models.process.plug_flow import cooling_rate_1_s, critical_wall_k, steady_profile
from models.process.plume import Weather, alarm_time_s, concentration_kg_m3, sigmas_m
from models.process.reacting_cells import advance_cells
from models.process.rotating_bed import RotatingBed, rotating_bed_outlet
from models.process.t2_laboratories import run_t2
from models.process.tube import Tube, TubeInputs, filled_tube, step_tube
from models.process.vessel import Vessel, VesselInputs, VesselLoss, VesselState, step_vessel

NITRATION = Kinetics(k0=1.6e12, activation_j_mol=87_260.0, adiabatic_rise_k=100.0)
SECOND_ORDER = Kinetics(
    k0=6.456e11, activation_j_mol=87_260.0, adiabatic_rise_k=94.12, order=2, a_in_kmol_m3=2.0, ratio_b_over_a=1.1
)
DECOMPOSITION = Kinetics(
    k0=1e-4 * math.exp(150_000.0 / 8.314462618 / 423.15), activation_j_mol=150_000.0, adiabatic_rise_k=386.0
)


def test_the_nitroaniline_reactor_of_1969_runs_away_after_ten_minutes_without_cooling_but_not_after_eight() -> None:
    accident = run_nitroaniline(TRIPLE_CHARGE)
    assert accident.t_cooling_back_k == pytest.approx(468.0, abs=0.1)  # Fogler: T = 467.992 K at 55 min
    assert accident.conversion_cooling_back == pytest.approx(0.0424, abs=1e-3)
    assert accident.runaway_min == pytest.approx(114.0, abs=2.0)  # the disc failed just before midnight, ~ 2 h in
    assert run_nitroaniline(TRIPLE_CHARGE, cooling_back_min=53.0).runaway_min is None
    assert run_nitroaniline(NORMAL_CHARGE).runaway_min is None


def test_the_t2_reactor_explodes_without_cooling_after_three_and_a_half_hours() -> None:
    accident = run_t2(0.0)
    assert accident.stopped_h == pytest.approx(3.63, abs=0.02)
    assert accident.pressure_end_atm == pytest.approx(45.0, abs=1e-3)
    assert run_t2(2.77e6).stopped_h is None


def test_isothermal_first_order_conversion_is_exponential() -> None:
    cold = replace(NITRATION, adiabatic_rise_k=0.0)
    k = cold.rate_1_s(0.0, 320.0)
    profile = steady_profile(cold, beta_1_s=0.1, t_in_k=320.0, t_wall_k=320.0, residence_s=60.0)
    assert profile.conversion_out == pytest.approx(1.0 - math.exp(-k * 60.0), rel=1e-7)


@given(t_in_k=st.floats(290.0, 360.0), residence_s=st.floats(0.1, 300.0))
def test_adiabatic_tube_keeps_temperature_and_conversion_together(t_in_k: float, residence_s: float) -> None:
    profile = steady_profile(NITRATION, beta_1_s=0.0, t_in_k=t_in_k, t_wall_k=300.0, residence_s=residence_s)
    assert profile.t_k == pytest.approx(t_in_k + 100.0 * profile.conversion, abs=1e-5)


def test_wall_heat_exchange_of_published_channels() -> None:
    assert cooling_rate_1_s(2200.0, 1e-3, 2.72e6) == pytest.approx(3.2, abs=0.05)
    assert cooling_rate_1_s(2200.0, 0.4e-3, 2.72e6) == pytest.approx(8.0, abs=0.1)
    assert cooling_rate_1_s(800.0, 25e-3, 2.72e6) == pytest.approx(0.047, abs=1e-3)


def test_a_tube_that_cannot_get_that_hot_has_no_critical_wall() -> None:
    assert math.isnan(critical_wall_k(NITRATION, beta_1_s=0.1, residence_s=60.0, rise_k=150.0))


def test_short_of_b_the_conversion_stops_at_the_ratio() -> None:
    lean = replace(SECOND_ORDER, ratio_b_over_a=0.6)
    x, t = advance_cells(lean, np.zeros(3), np.array([330.0, 360.0, 420.0]), dt_s=5000.0)
    assert x == pytest.approx(0.6, abs=2e-3)
    assert t == pytest.approx(np.array([330.0, 360.0, 420.0]) + 94.12 * x, rel=1e-6)


@pytest.mark.parametrize("kinetics", [NITRATION, SECOND_ORDER])
def test_cells_follow_the_adaptive_solver(kinetics: Kinetics) -> None:
    profile = steady_profile(kinetics, beta_1_s=0.05, t_in_k=320.0, t_wall_k=320.0, residence_s=60.0, nodes=61)
    x, t = np.zeros(1), np.full(1, 320.0)
    for second in range(1, 61):
        x, t = advance_cells(kinetics, x, t, dt_s=1.0, loss_1_s=0.05, surroundings_k=320.0)
        assert x[0] == pytest.approx(profile.conversion[second], abs=5e-3)
        assert t[0] == pytest.approx(profile.t_k[second], abs=0.5)


def tube_at_rest(kinetics: Kinetics = NITRATION) -> Tube:
    return Tube(kinetics=kinetics, volume_m3=0.012, beta_1_s=0.05, cells=120)


def test_a_tube_in_time_settles_on_its_steady_profile() -> None:
    tube, inputs = tube_at_rest(), TubeInputs(flow_m3_s=1e-4, t_in_k=315.0, t_wall_k=315.0)
    state = filled_tube(tube, 315.0)
    for _ in range(400):
        state = step_tube(tube, state, inputs)
    steady = steady_profile(NITRATION, beta_1_s=0.05, t_in_k=315.0, t_wall_k=315.0, residence_s=120.0)
    assert state.hot_spot_k == pytest.approx(steady.hot_spot_k, abs=1.0)
    assert state.conversion[-1] == pytest.approx(steady.conversion_out, abs=2e-3)


def test_a_pump_trip_lets_the_contents_react_on_where_they_are() -> None:
    tube, running = tube_at_rest(), TubeInputs(flow_m3_s=1e-4, t_in_k=315.0, t_wall_k=315.0)
    state = filled_tube(tube, 315.0)
    for _ in range(200):
        state = step_tube(tube, state, running)
    stopped = step_tube(tube, state, replace(running, flow_m3_s=0.0))
    assert (stopped.conversion >= state.conversion).all()
    for _ in range(5000):
        stopped = step_tube(tube, stopped, replace(running, flow_m3_s=0.0))
    assert stopped.conversion.min() > 0.99


def test_reverse_flow_fills_the_tube_from_its_outlet() -> None:
    tube = tube_at_rest(replace(NITRATION, k0=0.0))
    inputs = TubeInputs(flow_m3_s=-1e-4, t_in_k=315.0, t_wall_k=315.0, t_back_k=340.0, back_conversion=0.9)
    state = filled_tube(tube, 315.0)
    for _ in range(30):
        state = step_tube(tube, state, inputs)
    assert state.conversion.tolist() == [0.0] * 90 + [0.9] * 30
    assert state.t_k[-1] == pytest.approx(340.0, abs=2.0)
    assert state.t_k[0] == 315.0


PLATE = Microchannel(
    tube=Tube(kinetics=replace(NITRATION, k0=4e12), volume_m3=2e-5, beta_1_s=3.2, cells=40, lost_above_k=420.0),
    channels=20,
    clean_dp_kpa=80.0,
    clean_flow_m3_s=2e-6,
)
FEED = TubeInputs(flow_m3_s=2e-6, t_in_k=333.15, t_wall_k=333.15)


def test_a_microchannel_without_coolant_is_near_its_adiabatic_temperature_within_seconds() -> None:
    state = filled_tube(PLATE.tube, 333.15)
    for _ in range(40):
        state = step_microchannel(PLATE, state, FEED)
    assert state.hot_spot_k < 350.0
    for _ in range(4):
        state = step_microchannel(PLATE, state, replace(FEED, heat_transfer=0.0))
    assert state.lost


def test_blocked_channels_raise_pressure_and_shorten_residence() -> None:
    assert pressure_drop_kpa(PLATE, Clogging(blocked=5), 2e-6) == pytest.approx(80.0 * 20 / 15)
    assert pressure_drop_kpa(PLATE, Clogging(length_fraction=0.1, diameter_ratio=0.8), 2e-6) == pytest.approx(
        91.53, abs=0.01
    )
    clean, blocked = filled_tube(PLATE.tube, 333.15), filled_tube(PLATE.tube, 333.15)
    for _ in range(60):
        clean = step_microchannel(PLATE, clean, FEED)
        blocked = step_microchannel(PLATE, blocked, FEED, Clogging(blocked=10))
    assert blocked.conversion[-1] < clean.conversion[-1]


def test_a_residence_below_the_step_is_marched() -> None:
    fast = replace(FEED, flow_m3_s=4e-5)
    state = step_microchannel(PLATE, filled_tube(PLATE.tube, 333.15), fast)
    steady = steady_profile(PLATE.tube.kinetics, beta_1_s=3.2, t_in_k=333.15, t_wall_k=333.15, residence_s=0.5)
    assert state.conversion[-1] == pytest.approx(steady.conversion_out, rel=1e-6)


def test_clogging_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="blocked"):
        blocked_ratios(10, 10)
    with pytest.raises(ValueError, match="length_fraction"):
        clog_pressure_ratio(1.2, 0.5)
    with pytest.raises(ValueError, match="diameter_ratio"):
        clog_pressure_ratio(0.2, 0.0)
    with pytest.raises(ValueError, match="volume_m3"):
        replace(tube_at_rest(), volume_m3=-1.0)


BED = RotatingBed(r_in_m=0.05, r_out_m=0.15, height_m=0.05)


def test_a_slow_rotor_holds_more_and_reacts_further() -> None:
    kinetics = Kinetics(k0=5e13, activation_j_mol=87_260.0, adiabatic_rise_k=80.0)
    fast = rotating_bed_outlet(BED, kinetics, flow_m3_s=2.778e-4, speed_rpm=1000.0, t_in_k=323.15)
    slow = rotating_bed_outlet(BED, kinetics, flow_m3_s=2.778e-4, speed_rpm=100.0, t_in_k=323.15)
    assert slow.conversion_out > 5 * fast.conversion_out
    assert BED.residence_s(2.778e-4, 100.0) == pytest.approx(10 * BED.residence_s(2.778e-4, 1000.0), rel=1e-9)


@given(speed_rpm=st.floats(0.1, 3000.0), flow_m3_s=st.floats(1e-5, 1e-2))
def test_residence_of_the_bed_is_the_integral_of_its_hold_up(speed_rpm: float, flow_m3_s: float) -> None:
    radius = np.linspace(BED.r_in_m, BED.r_out_m, 4001)
    film = [BED.hold_up(float(r), flow_m3_s, speed_rpm) for r in radius]
    summed = np.trapezoid(np.array(film) * 2 * np.pi * radius * BED.height_m, radius) / flow_m3_s
    assert BED.residence_s(flow_m3_s, speed_rpm) == pytest.approx(summed, rel=1e-4)


def test_a_stopped_rotor_floods_the_bed() -> None:
    assert BED.residence_s(1e-4, 0.0) == pytest.approx(0.9 * BED.volume_m3 / 1e-4)
    assert math.isinf(BED.residence_s(0.0, 1000.0))


SEPARATOR = Vessel(volume_m3=2.0, kinetics=DECOMPOSITION, rho_cp_j_m3k=2.72e6, loss_w_k=200.0)


def test_a_separator_keeps_its_mass_and_overfills_when_its_outlet_is_shut() -> None:
    state = VesselState(volume_m3=1.0, t_k=320.0)
    for _ in range(100):
        state = step_vessel(SEPARATOR, state, VesselInputs(inflow_m3_s=2e-3, outflow_m3_s=1e-3, t_in_k=320.0))
    assert state.volume_m3 == pytest.approx(1.1)
    for _ in range(1000):
        state = step_vessel(SEPARATOR, state, VesselInputs(inflow_m3_s=2e-3, t_in_k=320.0))
    assert state.lost is VesselLoss.OVERFILLED


def test_a_hot_hold_up_decomposes_and_a_cooled_one_does_not() -> None:
    hot = cool = VesselState(volume_m3=1.0, t_k=430.0)
    for _ in range(3600):
        hot = step_vessel(SEPARATOR, hot, VesselInputs())
        cool = step_vessel(SEPARATOR, cool, VesselInputs(coil_w_k=60_000.0))
    assert hot.lost is VesselLoss.RUNAWAY
    assert cool.lost is None
    assert cool.t_k < 300.0


def test_an_emptied_vessel_stays_finite() -> None:
    state = VesselState(volume_m3=0.05, t_k=350.0)
    for _ in range(500):
        state = step_vessel(SEPARATOR, state, VesselInputs(outflow_m3_s=1e-2, coil_w_k=5e4))
        assert math.isfinite(state.t_k)
    assert 0.0 < state.volume_m3 <= 0.01


BELT = Conveyor(
    kinetics=DECOMPOSITION,
    cells=10,
    cell_capacity_kg=200.0,
    cp_j_kgk=1500.0,
    loss_w_k=1.0,
    running_current_a=20.0,
    nominal_load_kg=100.0,
)
RUNNING = ConveyorInputs(feed_kg_s=0.5, t_feed_k=400.0, cells_per_s=0.05)


@settings(max_examples=15)
@given(blocked_after=st.integers(0, 240), spray=st.floats(0.0, 1e5))
def test_solids_on_a_conveyor_are_kept(blocked_after: int, spray: float) -> None:
    state, seconds = empty_conveyor(BELT), 250
    for second in range(seconds):
        state = step_conveyor(BELT, state, replace(RUNNING, outlet_blocked=second >= blocked_after, spray_w_k=spray))
        assert np.isfinite(state.t_k).all()
    assert state.hold_up_kg + state.discharged_kg + state.refused_kg == pytest.approx(0.5 * seconds)


def test_a_blocked_conveyor_piles_up_draws_current_and_heats_itself_until_lost() -> None:
    free = blocked = empty_conveyor(BELT)
    for _ in range(3000):
        free = step_conveyor(BELT, free, RUNNING)
        blocked = step_conveyor(BELT, blocked, replace(RUNNING, outlet_blocked=True))
    assert free.hold_up_kg < 110.0
    assert blocked.hold_up_kg > 1000.0
    assert drive_current_a(BELT, blocked, RUNNING) > 1.2 * drive_current_a(BELT, free, RUNNING)
    held = sprayed = blocked
    for _ in range(1200):
        held = step_conveyor(BELT, held, ConveyorInputs(outlet_blocked=True), 30.0)
        sprayed = step_conveyor(BELT, sprayed, ConveyorInputs(outlet_blocked=True, spray_w_k=500.0), 30.0)
    assert held.lost
    assert not sprayed.lost
    assert sprayed.t_k.max() < 310.0


def test_plume_is_symmetric_falls_with_distance_and_is_nothing_upwind() -> None:
    weather = Weather(wind_m_s=3.0, stability="D")

    def at(x: float, y: float) -> float:
        return concentration_kg_m3(
            weather, release_kg_s=0.05, downwind_m=x, across_m=y, height_m=1.5, source_height_m=2.0
        )

    assert at(50.0, 4.0) == at(50.0, -4.0)
    assert at(50.0, 0.0) > at(100.0, 0.0) > at(100.0, 20.0)
    assert at(-5.0, 0.0) == 0.0
    assert sigmas_m(weather, 100.0)[0] == pytest.approx(0.08 * 100.0 / math.sqrt(1.01))
    with pytest.raises(ValueError, match="stability"):
        Weather(wind_m_s=3.0, stability="G")


def test_plume_carries_all_that_is_released() -> None:
    weather = Weather(wind_m_s=4.0, stability="C")
    y, z = np.linspace(-120.0, 120.0, 241), np.linspace(0.0, 120.0, 121)
    grid = [
        [
            concentration_kg_m3(
                weather, release_kg_s=0.1, downwind_m=200.0, across_m=float(a), height_m=float(b), source_height_m=5.0
            )
            for a in y
        ]
        for b in z
    ]
    assert np.trapezoid(np.trapezoid(np.array(grid), y, axis=1), z) * 4.0 == pytest.approx(0.1, rel=1e-3)


def test_a_concentration_below_the_alarm_never_alarms() -> None:
    assert math.isinf(alarm_time_s(4.9, alarm_ppm=5.0, t90_s=30.0, downwind_m=50.0, wind_m_s=3.0))
    assert alarm_time_s(50.0, alarm_ppm=45.0, t90_s=30.0, downwind_m=0.0, wind_m_s=3.0) == pytest.approx(30.0)


def test_lag_shows_63_percent_after_tau_and_the_truth_with_none() -> None:
    reading = lagged(np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array([15.0, 0.0]), 15.0)
    assert reading == pytest.approx([1.0 - math.exp(-1.0), 1.0])
    assert time_constant_from_t90_s(23.2) == pytest.approx(10.08, abs=0.01)


@given(rate=st.floats(1e-3, 5.0), tau=st.floats(0.5, 60.0), gap=st.floats(0.5, 100.0))
def test_a_lagging_trip_is_where_the_reading_meets_it(rate: float, tau: float, gap: float) -> None:
    true_s, measured_s, true_k = ramp_trip(330.0, rate, tau, 330.0 + gap)
    assert ramp_reading_k(330.0, rate, tau, measured_s) == pytest.approx(330.0 + gap, rel=1e-9)
    assert true_s <= measured_s <= (true_s + tau) * (1.0 + 1e-12)
    assert true_k == pytest.approx(330.0 + rate * measured_s)
