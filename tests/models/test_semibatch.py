"""The stirred tank: balances, agreement of the two integrators, and no NaN whatever fails."""

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.process.jacket import WATER_JACKET, Jacket
from models.process.semibatch import N1, N2, Loss, SemiBatchInputs, SemiBatchParameters, SemiBatchState, charged
from models.process.semibatch_rates import accumulation, heat_flows, mtsr_k
from models.process.semibatch_run import Segment, isoperibolic_batch, run_batch
from models.process.semibatch_step import SemiBatchTank


def dosing(parameters: SemiBatchParameters, **changes: float | None) -> SemiBatchInputs:
    return replace(
        SemiBatchInputs(dosing_m3_s=parameters.dosing_flow_m3_s, t_dosing_k=parameters.dosing_temperature_k), **changes
    )


def stepped(tank: SemiBatchTank, state: SemiBatchState, inputs: SemiBatchInputs, scans: int) -> SemiBatchState:
    for _ in range(scans):
        state = tank.step(state, inputs)
    return state


@pytest.mark.parametrize(
    ("parameters", "t_jacket_k"), [(N2, 305.0), (N2, 330.0), (N1, 262.0), (N1, 275.0), (N1, 320.0)]
)
def test_stepper_follows_the_adaptive_solver_over_a_whole_batch(
    parameters: SemiBatchParameters, t_jacket_k: float
) -> None:
    run = run_batch(parameters, charged(parameters, t_jacket_k), isoperibolic_batch(parameters, t_jacket_k, 20_000.0))
    tank, state = SemiBatchTank(parameters), charged(parameters, t_jacket_k)
    for second in range(20_000):
        flow = parameters.dosing_flow_m3_s if second < parameters.dosing_time_s else 0.0
        state = tank.step(state, dosing(parameters, dosing_m3_s=flow, t_jacket_k=t_jacket_k))
        if second % 500 == 499:
            exact = run.state(second + 1.0)
            assert state.t_k == pytest.approx(exact.t_k, rel=1e-4)
            assert state.a_kmol == pytest.approx(exact.a_kmol, rel=1e-4, abs=1e-6)
            assert state.b_kmol == pytest.approx(exact.b_kmol, rel=1e-4, abs=1e-6)
            assert state.p_kmol == pytest.approx(exact.p_kmol, rel=1e-4, abs=1e-6)


def test_stepper_follows_the_adaptive_solver_with_a_jacket_of_its_own() -> None:
    inputs = dosing(N2, t_coolant_in_k=300.0, coolant_kg_s=4.0)
    start = charged(N2, 315.0, 310.0)
    run = run_batch(N2, start, [Segment(until_s=6000.0, inputs=inputs)], WATER_JACKET)
    state = stepped(SemiBatchTank(N2, WATER_JACKET), start, inputs, 6000)
    exact = run.state(6000.0)
    assert state.t_k == pytest.approx(exact.t_k, rel=1e-6)
    assert state.t_jacket_k == pytest.approx(exact.t_jacket_k, rel=1e-6)


def test_stepper_finds_the_runaway_when_the_adaptive_solver_does() -> None:
    lossy = replace(N2, lost_above_k=450.0)
    warm = dosing(lossy, t_jacket_k=315.0)
    dead = replace(warm, heat_transfer=0.02)
    segments = [
        Segment(until_s=7200.0, inputs=warm),
        Segment(until_s=14_400.0, inputs=dead),
        Segment(until_s=60_000.0, inputs=replace(dead, dosing_m3_s=0.0)),
    ]
    run = run_batch(lossy, charged(lossy, 315.0), segments)
    tank, state, second = SemiBatchTank(lossy), charged(lossy, 315.0), 0
    while state.lost is None:
        inputs = next(segment.inputs for segment in segments if second < segment.until_s)
        state, second = tank.step(state, inputs), second + 1
    assert run.lost is state.lost is Loss.RUNAWAY
    assert second == pytest.approx(run.end_s, abs=2.0)


def test_a_lost_vessel_stays_as_it_was_lost() -> None:
    tank = SemiBatchTank(N2)
    lost = replace(charged(N2, 300.0), t_k=620.0, lost=Loss.RUNAWAY)
    assert tank.step(lost, dosing(N2)) is lost


def test_decomposition_is_followed_to_its_end_without_nan_or_clamp() -> None:
    decomposing = SemiBatchState(a_kmol=0.0, b_kmol=0.6, p_kmol=12.0, volume_m3=4.0, t_k=445.0, t_jacket_k=315.0)
    tank, state = SemiBatchTank(replace(N2, lost_above_k=1200.0)), decomposing
    temperatures = []
    for _ in range(1500):
        state = tank.step(state, SemiBatchInputs(t_jacket_k=315.0, heat_transfer=0.0))
        temperatures.append(state.t_k)
    rise_k = 350.0e6 * 12.0 / (2.72e6 * 4.0)
    assert all(map(math.isfinite, temperatures))
    assert state.p_kmol == pytest.approx(0.0, abs=1e-6)
    assert state.t_k == pytest.approx(445.0 + rise_k, abs=1e-3)


def test_overdosing_past_the_rim_is_declared() -> None:
    state = stepped(SemiBatchTank(N2), charged(N2, 315.0), dosing(N2, dosing_m3_s=0.01, t_jacket_k=300.0), 400)
    assert state.lost is Loss.OVERFILLED
    assert state.volume_m3 == pytest.approx(N2.vessel_m3, abs=0.011)


def test_reverse_flow_takes_contents_out_at_their_own_composition() -> None:
    start = replace(charged(N2, 300.0), b_kmol=1.0)
    state = stepped(SemiBatchTank(N2), start, SemiBatchInputs(dosing_m3_s=-1e-3, t_jacket_k=300.0, emulsion=0.0), 100)
    assert state.volume_m3 == pytest.approx(2.9)
    assert state.a_kmol / state.volume_m3 == pytest.approx(start.a_kmol / start.volume_m3, rel=1e-9)
    assert state.b_kmol / state.volume_m3 == pytest.approx(start.b_kmol / start.volume_m3, rel=1e-9)
    assert state.t_k == pytest.approx(300.0, abs=1e-9)


def test_reverse_flow_stops_at_the_heel() -> None:
    state = stepped(SemiBatchTank(N2), charged(N2, 300.0), SemiBatchInputs(dosing_m3_s=-0.05, t_jacket_k=300.0), 200)
    assert state.volume_m3 == pytest.approx(0.02 * N2.volume_start_m3, rel=1e-6)
    assert state.lost is None


def test_losing_the_coolant_warms_the_jacket_towards_the_contents() -> None:
    tank = SemiBatchTank(N2, WATER_JACKET)
    cooled = stepped(tank, charged(N2, 325.0, 305.0), dosing(N2, t_coolant_in_k=300.0, coolant_kg_s=5.0), 3600)
    dry = stepped(tank, cooled, SemiBatchInputs(coolant_kg_s=0.0, emulsion=0.0), 1800)
    assert cooled.t_jacket_k < cooled.t_k - 5.0
    assert dry.t_jacket_k == pytest.approx(dry.t_k, abs=0.1)
    assert cooled.t_jacket_k < dry.t_k < cooled.t_k


@given(
    t_jacket_k=st.floats(255.0, 340.0),
    flow_factor=st.floats(0.0, 3.0),
    emulsion=st.floats(0.0, 1.0),
    heat_transfer=st.floats(0.0, 1.5),
)
def test_mass_is_kept(t_jacket_k: float, flow_factor: float, emulsion: float, heat_transfer: float) -> None:
    tank, inert = SemiBatchTank(replace(N2, kd_ref_1_s=0.0)), charged(N2, t_jacket_k)
    inputs = dosing(
        N2,
        dosing_m3_s=flow_factor * N2.dosing_flow_m3_s,
        t_jacket_k=t_jacket_k,
        emulsion=emulsion,
        heat_transfer=heat_transfer,
    )
    state = stepped(tank, inert, inputs, 600)
    dosed = (state.volume_m3 - N2.volume_start_m3) * N2.dose_concentration_kmol_m3
    reacted = N2.a_start_kmol - state.a_kmol
    assert state.b_kmol + reacted == pytest.approx(dosed, abs=1e-9)
    assert state.p_kmol == pytest.approx(reacted, abs=1e-9)


@given(t_start_k=st.floats(280.0, 360.0), b_kmol=st.floats(0.0, 12.0), extra_heat_w=st.floats(0.0, 2e4))
def test_energy_is_kept_without_a_jacket(t_start_k: float, b_kmol: float, extra_heat_w: float) -> None:
    start = replace(charged(N2, t_start_k), b_kmol=b_kmol)
    inputs = SemiBatchInputs(t_jacket_k=300.0, heat_transfer=0.0, extra_heat_w=extra_heat_w)
    state = stepped(SemiBatchTank(replace(N2, lost_above_k=2000.0)), start, inputs, 300)
    gained_j = N2.rho_cp_j_m3k * start.volume_m3 * (state.t_k - t_start_k)
    reacted = N2.a_start_kmol - state.a_kmol
    decomposed = reacted - state.p_kmol
    made_j = 128e6 * reacted + 350e6 * decomposed + extra_heat_w * 300.0
    assert gained_j == pytest.approx(made_j, rel=1e-6, abs=1.0)


def test_heat_flows_add_up_to_the_slope() -> None:
    inputs = dosing(N2, t_jacket_k=305.0, extra_heat_w=1500.0)
    state = stepped(SemiBatchTank(N2), charged(N2, 305.0), inputs, 3000)
    flows = heat_flows(N2, state, inputs)
    total = flows.reaction_w + flows.decomposition_w + flows.jacket_w + flows.dosing_w + flows.extra_w
    after = SemiBatchTank(N2).step(state, inputs, 0.01)
    slope = (after.t_k - state.t_k) / 0.01
    assert slope == pytest.approx(total / (N2.rho_cp_j_m3k * state.volume_m3), rel=1e-4)


@given(
    st.lists(
        st.builds(
            SemiBatchInputs,
            dosing_m3_s=st.floats(-0.05, 0.05),
            t_dosing_k=st.floats(250.0, 420.0),
            t_jacket_k=st.none() | st.floats(200.0, 700.0),
            t_coolant_in_k=st.floats(250.0, 450.0),
            coolant_kg_s=st.floats(-50.0, 50.0),
            emulsion=st.floats(0.0, 5.0),
            heat_transfer=st.floats(0.0, 50.0),
            extra_heat_w=st.floats(-5e6, 5e7),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([N1, N2]),
    st.sampled_from([1.0, 0.1, 20.0]),
)
def test_no_sequence_of_faults_gives_nan(
    sequence: list[SemiBatchInputs], parameters: SemiBatchParameters, dt_s: float
) -> None:
    tank, state = SemiBatchTank(parameters, WATER_JACKET), charged(parameters, 315.0)
    for inputs in sequence:
        for _ in range(5):
            state = tank.step(state, inputs, dt_s)
            numbers = (state.a_kmol, state.b_kmol, state.p_kmol, state.volume_m3, state.t_k, state.t_jacket_k)
            assert all(map(math.isfinite, numbers))
            assert min(state.a_kmol, state.b_kmol, state.p_kmol) >= 0.0
            assert state.volume_m3 > 0.0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"volume_start_m3": -3.0}, "volume_start_m3"),
        ({"dose_m3": 2.5}, "dose_m3"),
        ({"volume_start_m3": 6.0}, "volume_start_m3"),
        ({"dosing_time_s": 0.0}, "dosing_time_s"),
        ({"a_start_kmol": math.nan}, "a_start_kmol"),
        ({"activation_j_mol": math.inf}, "activation_j_mol"),
        ({"ua_start_w_k": -1.0}, "ua_start_w_k"),
        ({"rho_cp_j_m3k": 0.0}, "rho_cp_j_m3k"),
        ({"reaction_enthalpy_j_kmol": math.nan}, "reaction_enthalpy_j_kmol"),
    ],
)
def test_impossible_parameters_are_refused_by_name(change: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        replace(N2, **change)


@pytest.mark.parametrize("name", [field.name for field in fields(SemiBatchInputs)])
def test_an_input_that_is_not_a_number_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        replace(SemiBatchInputs(), **{name: math.nan})


def test_a_jacket_without_volume_is_refused() -> None:
    with pytest.raises(ValueError, match="volume_m3"):
        Jacket(volume_m3=0.0, rho_cp_j_m3k=4e6, cp_j_kgk=4180.0)


def test_mtsr_and_accumulation_of_a_charge_with_all_of_b() -> None:
    full = replace(charged(N2, 300.0), b_kmol=12.6, volume_m3=4.0)
    assert accumulation(N2, full) == 1.0
    assert mtsr_k(N2, full) == pytest.approx(300.0 + 12.0 * 128e6 / (2.72e6 * 4.0))
