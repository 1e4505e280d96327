"""Thermal hazard by published formulas: time to maximum rate, classes and their ties, criteria."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hazard.accumulation import accumulation, mtsr_feed_on_k, mtsr_k
from models.hazard.criteria import diverges, heat_balance_residual_w, hub_jones, target_temperature_k
from models.hazard.hazard_class import UNDETERMINED, decomposition_level, likelihood, severity, stoessel_class
from models.hazard.online_balance import BalanceParameters, start_balance, step_balance
from models.hazard.slope import start_slope, step_slope
from models.hazard.td24 import DAY_S, EIGHT_HOURS_S, td_formula_k, td_integral_k, td_root_k
from models.hazard.tmrad import q_at_w_kg, tmrad_formula_s, tmrad_integral_s
from models.process.semibatch import N2, SemiBatchInputs, charged
from models.process.semibatch_step import SemiBatchTank

GAS = 8.314462618


def test_tmrad_is_the_formula_of_the_book() -> None:
    assert float(tmrad_formula_s(373.15, 10.0, 1700.0, 1e5)) == pytest.approx(1700 * GAS * 373.15**2 / (10.0 * 1e5))


def test_tmrad_without_heat_is_infinite_and_of_nothing_is_nan() -> None:
    times = tmrad_formula_s([350.0, 350.0, math.nan], [0.0, 1.0, 1.0], 2000.0, 1e5)
    assert math.isinf(times[0])
    assert math.isfinite(times[1])
    assert math.isnan(times[2])


@given(
    t0=st.floats(280.0, 450.0),
    q0=st.floats(1e-3, 100.0),
    ea=st.floats(8e4, 2.5e5),
    rise=st.floats(150.0, 1000.0),
    order=st.floats(0.0, 2.0),
)
def test_the_formula_is_never_longer_than_the_integral(
    t0: float, q0: float, ea: float, rise: float, order: float
) -> None:
    exact = float(tmrad_integral_s(t0, q0, 1800.0, ea, rise, order))
    assert float(tmrad_formula_s(t0, q0, 1800.0, ea)) <= exact


def test_integral_agrees_with_a_fine_step_by_step_sum() -> None:
    t0, q0, cp, ea, rise, n = 373.15, 1.0, 1700.0, 1e5, 300.0, 1.0
    t = np.linspace(t0, t0 + rise * (1 - 1e-9), 2_000_001)
    q = q0 * np.exp(-ea / GAS * (1 / t - 1 / t0)) * (1 - (t - t0) / rise) ** n
    top = int(np.argmax(q))
    summed = np.trapezoid(cp / q[: top + 1], t[: top + 1])
    assert float(tmrad_integral_s(t0, q0, cp, ea, rise, n)) == pytest.approx(summed, rel=1e-6)


def test_a_reaction_that_only_slows_down_has_no_time_to_maximum_rate() -> None:
    assert math.isinf(float(tmrad_integral_s(400.0, 1.0, 2000.0, 6e4, 5.0, 2.0)))


@given(tref=st.floats(320.0, 480.0), q=st.floats(0.1, 500.0), cp=st.floats(1200.0, 4200.0), ea=st.floats(7e4, 2.5e5))
def test_closed_form_of_td24_is_the_root_and_gives_24_h_back(tref: float, q: float, cp: float, ea: float) -> None:
    closed = float(td_formula_k(tref, q, cp, ea))
    assert closed == pytest.approx(td_root_k(tref, q, cp, ea), abs=1e-6)
    assert float(tmrad_formula_s(closed, q_at_w_kg(closed, tref, q, ea), cp, ea)) == pytest.approx(DAY_S, rel=1e-6)
    assert float(td_formula_k(tref, q, cp, ea, EIGHT_HOURS_S)) > closed


def test_td24_by_integral_gives_24_h_back() -> None:
    t = td_integral_k(423.15, 65.625, 1700.0, 1.5e5, 386.0, 1.0)
    q = float(q_at_w_kg(t, 423.15, 65.625, 1.5e5))
    assert float(tmrad_integral_s(t, q, 1700.0, 1.5e5, 386.0, 1.0)) == pytest.approx(DAY_S, rel=1e-6)


def test_td24_of_the_main_set_is_about_97_c() -> None:
    q_ref = 350e6 * 1e-4 * 12.0 / (1600.0 * 4.0)
    assert float(td_formula_k(423.15, q_ref, 1700.0, 1.5e5)) - 273.15 == pytest.approx(97.16, abs=0.01)


@pytest.mark.parametrize(
    ("tp", "mtsr", "mtt", "td24", "expected"),
    [
        (60, 80, 120, 140, 1),
        (60, 80, 150, 140, 2),
        (60, 130, 120, 140, 3),
        (60, 150, 120, 140, 4),
        (60, 150, 160, 140, 5),
        (60, 150, 145, 140, 5),
        # ties go to the higher class
        (60, 120, 120, 140, 3),
        (60, 80, 140, 140, 2),
        (60, 140, 120, 140, 4),
        (60, 140, 150, 140, 5),
        (60, 150, 140, 140, 5),
        (60, 140, 140, 140, 5),
        (60, 60, 120, 140, 1),
        # undetermined
        (120, 130, 120, 140, UNDETERMINED),
        (140, 150, 160, 140, UNDETERMINED),
        (81, 80, 120, 140, UNDETERMINED),
        (math.nan, 80, 120, 140, UNDETERMINED),
        (60, math.nan, 120, 140, UNDETERMINED),
        (60, 80, math.nan, 140, UNDETERMINED),
        (60, 80, 120, math.nan, UNDETERMINED),
    ],
)
def test_class_follows_the_order_of_the_four_temperatures(
    tp: float, mtsr: float, mtt: float, td24: float, expected: int
) -> None:
    assert int(stoessel_class(tp, mtsr, mtt, td24)) == expected


@given(st.lists(st.integers(0, 6), min_size=4, max_size=4))
def test_a_tie_is_never_below_either_side(order: list[int]) -> None:
    tp, mtsr, mtt, td24 = (float(v) for v in order)
    tied = int(stoessel_class(tp - 10, mtsr, mtt, td24))
    sides = [
        int(stoessel_class(tp - 10, mtsr + a, mtt + b, td24 + c))
        for a in (-0.1, 0.1)
        for b in (-0.11, 0.11)
        for c in (-0.12, 0.12)
    ]
    assert tied >= 1
    assert tied >= max(s for s in sides if s) or len({mtsr, mtt, td24}) == 3
    assert tied in sides


def test_classes_of_many_units_come_as_one_array() -> None:
    classes = stoessel_class([60, 60, 60], [80, 130, math.nan], 120.0, 140.0)
    assert classes.tolist() == [1, 3, UNDETERMINED]
    assert classes.dtype == np.int8


def test_bounds_of_severity_and_likelihood() -> None:
    assert severity([50.0, 50.01, 199.9, 200.0, 399.9, 400.0, math.nan]).tolist() == [1, 2, 2, 3, 3, 4, 0]
    assert int(severity(50.0, pressure_effect=True)) == 2
    hours = np.array([24.0, 23.99, 8.0, 8.01, 1.0, 1.01, math.inf, math.nan])
    assert likelihood(hours * 3600.0).tolist() == [1, 2, 3, 2, 4, 3, 1, 0]
    assert decomposition_level([399.0, 400.0, 1200.0, 3000.0, math.nan]).tolist() == [1, 2, 3, 4, 0]


def test_mtsr_of_many_units() -> None:
    t = mtsr_k([300.0, 310.0, math.nan], [12.0, 5.0, 1.0], [6.0, 6.0, 1.0], -128e6, 2.72e6, [4.0, 4.0, 4.0])
    assert t[0] == pytest.approx(300.0 + 6.0 * 128e6 / (2.72e6 * 4.0))
    assert t[1] == pytest.approx(310.0 + 5.0 * 128e6 / (2.72e6 * 4.0))
    assert math.isnan(t[2])
    assert float(accumulation(12.0, 3.0, 12.0)) == 0.25
    assert float(mtsr_feed_on_k(300.0, 20.0, 30.0)) == 350.0


def test_target_temperature_without_dosing_is_the_jacket() -> None:
    still = target_temperature_k(
        ua_w_k=6000.0, t_jacket_k=300.0, flow_heat_w_k=0.0, t_dosing_k=298.0, dosing_heat_w=0.0
    )
    assert float(still) == 300.0


def test_hub_jones_needs_both_and_has_dead_bands() -> None:
    assert hub_jones([1.0, 1.0, -1.0, math.nan], [1.0, -1.0, 1.0, 1.0]).tolist() == [True, False, False, False]
    assert not bool(hub_jones(0.01, 1.0, dead_rate_k_s=0.02))
    assert diverges([0.1, 0.1, -0.1, math.nan], [1.0, -1.0, 1.0, 1.0]).tolist() == [True, False, False, False]


def run_with_estimate(fault_at_s: int, until_s: int) -> list[float]:
    """Heat-balance residual over the dosing heat, every scan, of a batch whose jacket loses its UA."""
    tank, state = SemiBatchTank(N2), charged(N2, 315.0)
    parameters = BalanceParameters(
        k0_m3_kmol_s=np.array([N2.k0_m3_kmol_s]),
        activation_j_mol=np.array([N2.activation_j_mol]),
        dose_concentration_kmol_m3=np.array([N2.dose_concentration_kmol_m3]),
    )
    balance = start_balance(np.array([N2.a_start_kmol]), np.array([N2.volume_start_m3]))
    slope = start_slope(60, 1)
    dosing_heat_w = 128e6 * N2.b_total_kmol / N2.dosing_time_s
    flow = N2.dosing_flow_m3_s
    shares = []
    for second in range(until_s):
        u = 0.02 if second >= fault_at_s else 1.0
        inputs = SemiBatchInputs(dosing_m3_s=flow, t_dosing_k=298.15, t_jacket_k=315.0, heat_transfer=u)
        state = tank.step(state, inputs)
        balance, rate, unknown = step_balance(balance, parameters, np.array([state.t_k]), np.array([flow]), 1.0)
        assert not unknown[0]
        slope, rising, blind = step_slope(slope, np.array([state.t_k]), 1.0)
        residual = heat_balance_residual_w(
            rate_k_s=rising,
            heat_capacity_j_k=N2.rho_cp_j_m3k * balance.volume_m3,
            model_heat_w=128e6 * rate,
            ua_w_k=N2.ua_start_w_k * balance.volume_m3 / N2.volume_start_m3,
            t_k=state.t_k,
            t_jacket_k=315.0,
            dosing_m3_s=flow,
            rho_cp_j_m3k=N2.rho_cp_j_m3k,
            t_dosing_k=298.15,
        )
        shares.append(0.0 if blind[0] else float(residual[0]) / dosing_heat_w)
    assert balance.a_kmol[0] == pytest.approx(state.a_kmol, rel=2e-3)
    assert balance.b_kmol[0] == pytest.approx(state.b_kmol, rel=5e-3)
    return shares


def test_residual_is_quiet_on_a_normal_batch_and_sees_cooling_lost_within_two_minutes() -> None:
    shares = run_with_estimate(fault_at_s=5000, until_s=5200)
    assert max(abs(share) for share in shares[200:5000]) < 0.1
    assert max(shares[5000:5120]) > 0.2


def test_balance_holds_and_says_unknown_while_an_input_is_missing() -> None:
    parameters = BalanceParameters(
        k0_m3_kmol_s=np.full(2, 6.456e10),
        activation_j_mol=np.full(2, 87_260.0),
        dose_concentration_kmol_m3=np.full(2, 12.6),
    )
    before = start_balance(np.full(2, 12.0), np.full(2, 3.0))
    after, rate, unknown = step_balance(before, parameters, np.array([math.nan, 320.0]), np.array([1e-4, 1e-4]), 1.0)
    assert unknown.tolist() == [True, False]
    assert after.a_kmol[0] == before.a_kmol[0]
    assert after.b_kmol[0] == before.b_kmol[0]
    assert rate[0] == 0.0
    assert after.blind_s.tolist() == [1.0, 0.0]
    assert after.b_kmol[1] > 0.0


@given(a=st.floats(0.0, 20.0), b=st.floats(0.0, 20.0), t=st.floats(250.0, 600.0))
def test_online_balance_never_reacts_more_than_there_is(a: float, b: float, t: float) -> None:
    parameters = BalanceParameters(
        k0_m3_kmol_s=np.array([3.228e12]),
        activation_j_mol=np.array([87_260.0]),
        dose_concentration_kmol_m3=np.array([1.0]),
    )
    state = start_balance(np.array([a]), np.array([3.0]))
    state = type(state)(a_kmol=state.a_kmol, b_kmol=np.array([b]), volume_m3=state.volume_m3, blind_s=state.blind_s)
    after, _, _ = step_balance(state, parameters, np.array([t]), np.array([0.0]), 1.0)
    assert after.a_kmol[0] >= 0.0
    assert after.b_kmol[0] >= 0.0
    assert a - after.a_kmol[0] == pytest.approx(b - after.b_kmol[0], abs=1e-12)


def test_slope_of_a_ramp_is_found_and_of_gaps_unknown() -> None:
    state = start_slope(20, 3)
    for i in range(40):
        hidden = math.nan if i % 4 else 300.0 + 0.1 * i
        holes = math.nan if i % 4 == 0 else 300.0 + 0.1 * i
        state, slope, unknown = step_slope(state, np.array([300.0 - 0.2 * i, holes, hidden]), 2.0)
    assert unknown.tolist() == [False, False, True]
    assert slope[0] == pytest.approx(-0.1)
    assert slope[1] == pytest.approx(0.05)
    assert slope[2] == 0.0
