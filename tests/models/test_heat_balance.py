"""The heat balance against the model it watches, and what a failure of cooling would come to."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from models.hazard.accumulation import mtsr_k
from models.hazard.cooling_failure import course
from models.hazard.heat_balance import Tanks, start_window, step_window
from models.hazard.online_balance import BalanceParameters, start_balance, step_balance, take_up
from models.process.jacket import Jacket
from models.process.semibatch import N1, N2, SemiBatchInputs, SemiBatchParameters, SemiBatchState, charged
from models.process.semibatch_run import Segment, run_batch
from models.process.semibatch_step import SemiBatchTank

FLOW_M3_S = 10.8 / 3600.0
JACKET = Jacket(volume_m3=0.35, rho_cp_j_m3k=998.0 * 4180.0, cp_j_kgk=4180.0)


def one(value: float) -> np.ndarray:
    return np.array([value])


@dataclass
class Watched:
    """A tank and its observer, stepped together; `metered` is the share of the dose that the meter shows."""

    parameters: SemiBatchParameters = N2
    metered: float = 1.0
    transfer: float = 1.0
    coolant: float = 1.0
    inlet_k: float = 312.0
    noise_k: float = 0.0
    state: SemiBatchState = field(init=False)

    def __post_init__(self) -> None:
        p = self.parameters
        self.state = charged(p, 335.15, 325.0)
        self.tank = SemiBatchTank(p, JACKET)
        self.kinetics = BalanceParameters(
            k0_m3_kmol_s=one(p.k0_m3_kmol_s), activation_j_mol=one(p.activation_j_mol),
            dose_concentration_kmol_m3=one(p.dose_concentration_kmol_m3),
        )  # fmt: skip
        self.balance = start_balance(one(p.a_start_kmol), one(p.volume_start_m3))
        self.window = start_window(1, 1.0)
        self.rng = np.random.default_rng(3)
        self.tanks = Tanks(
            rho_cp_j_m3k=one(p.rho_cp_j_m3k), heat_capacity_j_k=one(0.0), volume_start_m3=one(p.volume_start_m3),
            ua_start_w_k=one(p.ua_start_w_k), enthalpy_j_kmol=one(p.reaction_enthalpy_j_kmol),
            dosing_temperature_k=one(p.dosing_temperature_k),
            dosing_heat_w=one(-p.reaction_enthalpy_j_kmol * p.b_total_kmol / p.dosing_time_s),
            jacket_m3=one(JACKET.volume_m3), jacket_flow_m3_s=one(FLOW_M3_S), extra_w=one(0.0),
            ua_uncertainty=one(0.1), kinetics_uncertainty=one(0.1), temperature_noise_k=one(0.05),
        )  # fmt: skip

    def run(self, seconds: int) -> np.ndarray:
        """Residuals in shares of the nominal heat of dosing."""
        found = []
        dosing = self.parameters.dosing_flow_m3_s
        inputs = SemiBatchInputs(
            dosing_m3_s=dosing, t_dosing_k=self.parameters.dosing_temperature_k, t_coolant_in_k=self.inlet_k,
            coolant_kg_s=FLOW_M3_S * 998.0 * self.coolant, heat_transfer=self.transfer,
        )  # fmt: skip
        for _ in range(seconds):
            self.state = self.tank.step(self.state, inputs)
            seen = one(self.state.t_k + self.noise_k * self.rng.normal())
            metered = one(dosing * self.metered)
            self.balance, rate, _ = step_balance(self.balance, self.kinetics, seen, metered, 1.0)
            self.window, residual = step_window(
                self.window, self.tanks, t_k=seen, t_inlet_k=one(self.inlet_k), dosing_m3_s=metered,
                volume_m3=self.balance.volume_m3, rate_kmol_s=rate, dt_s=1.0,
            )  # fmt: skip
            self.residual = residual
            found.append(float(residual.residual_w[0] / self.tanks.dosing_heat_w[0]))
        return np.array(found)


@pytest.mark.parametrize("parameters", [N1, N2], ids=["fast", "main"])
def test_the_balance_of_a_sound_tank_closes_once_its_jacket_is_settled(parameters):
    residual = Watched(parameters=parameters, noise_k=0.05).run(6000)
    assert np.isnan(residual[:200]).all()  # the jacket was not at rest when it was first seen
    assert not np.isnan(residual[400:]).any()
    assert np.nanmax(np.abs(residual)) < 0.06
    assert abs(np.nanmean(residual)) < 0.02


@pytest.mark.parametrize(
    ("change", "sign"),
    [
        ({"coolant": 0.02}, 1),  # the pump stops
        ({"transfer": 0.5}, 1),  # the wall is fouled
        ({"metered": 0.5}, 1),  # more is dosed than the meter says
        ({"metered": 2.0}, -1),  # less is dosed than the meter says
    ],
)
def test_what_goes_wrong_moves_the_residual_past_its_limit_within_five_minutes(change, sign):
    tank = Watched()
    tank.run(3600)
    for name, value in change.items():
        setattr(tank, name, value)
    limit = float(tank.residual.limit_w[0] / tank.tanks.dosing_heat_w[0])
    residual = sign * tank.run(1800)
    assert np.flatnonzero(residual > limit)[0] <= 300 if "metered" not in change else residual[-1] > limit


def test_the_amounts_follow_the_batch():
    tank = Watched()
    tank.run(7200)
    assert tank.balance.a_kmol[0] == pytest.approx(tank.state.a_kmol, rel=1e-3)
    assert tank.balance.b_kmol[0] == pytest.approx(tank.state.b_kmol, rel=1e-2)


def test_a_batch_on_its_way_is_taken_up_from_what_was_dosed():
    tank = Watched()
    tank.run(5000)
    found = take_up(
        tank.kinetics, a_start_kmol=one(12.0), volume_start_m3=one(3.0), dosed_m3=one(tank.state.volume_m3 - 3.0),
        t_k=one(tank.state.t_k), dosing_m3_s=one(N2.dosing_flow_m3_s),
    )  # fmt: skip
    assert found.b_kmol[0] == pytest.approx(tank.state.b_kmol, rel=0.1)
    assert found.a_kmol[0] == pytest.approx(tank.state.a_kmol, rel=0.01)


def test_without_cooling_and_feed_the_contents_reach_mtsr():
    calm = replace(N2, kd_ref_1_s=0.0)
    state = SemiBatchState(a_kmol=5.0, b_kmol=1.0, p_kmol=7.0, volume_m3=3.6, t_k=335.15, t_jacket_k=335.15)
    expected = float(mtsr_k(335.15, 5.0, 1.0, calm.reaction_enthalpy_j_kmol, calm.rho_cp_j_m3k, 3.6))
    found = course(calm, state, mtt_k=expected - 0.5, dosing_m3_s=0.0, dose_left_m3=0.0, uncertainty=0.0)
    assert found.t_k[2][1] == pytest.approx(expected, abs=1.0)
    assert found.mtt_s[1] is not None
    never = course(calm, state, mtt_k=expected + 0.5, dosing_m3_s=0.0, dose_left_m3=0.0, uncertainty=0.0)
    assert never.mtt_s == (None, None, None)


def test_the_course_agrees_with_a_whole_run_and_its_band_holds_it():
    state = SemiBatchState(a_kmol=6.0, b_kmol=0.8, p_kmol=6.0, volume_m3=3.5, t_k=345.0, t_jacket_k=345.0)
    flow = N2.dosing_flow_m3_s
    found = course(N2, state, mtt_k=383.15, dosing_m3_s=flow, dose_left_m3=0.5, uncertainty=0.1)
    inputs = SemiBatchInputs(dosing_m3_s=flow, t_dosing_k=N2.dosing_temperature_k, t_jacket_k=345.0, heat_transfer=0.0)
    run = run_batch(N2, state, [Segment(until_s=7000.0, inputs=inputs)])
    for three, at_s in zip(found.t_k, (60.0, 300.0, 900.0), strict=True):
        assert three[1] == pytest.approx(run.state(at_s).t_k, abs=0.01)
        assert three[0] < three[1] < three[2]
    low, best, high = found.mtt_s
    assert best == pytest.approx(run.time_above_s(383.15), abs=1.0)
    assert low < best < high
