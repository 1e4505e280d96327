"""Many tanks at once are the same tanks as one by one: calm, emptying, running away and lost."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.process.jacket import WATER_JACKET, Jacket
from models.process.semibatch import N1, N2, Loss, SemiBatchInputs, SemiBatchParameters
from models.process.semibatch_many import LOSSES, ManyTanks, ManyTanksInputs, ManyTanksState
from models.process.semibatch_step import SemiBatchTank

DOSING = SemiBatchInputs(dosing_m3_s=N2.dosing_flow_m3_s, t_jacket_k=325.15)
CASES: list[tuple[str, SemiBatchParameters, SemiBatchInputs, Jacket | None, float, int]] = [
    ("dosing at 62 C", N2, DOSING, None, 335.15, 600),
    ("with a jacket of its own", N2, replace(DOSING, t_jacket_k=None, coolant_kg_s=3.0), WATER_JACKET, 335.15, 600),
    ("contents flow back", N2, replace(DOSING, dosing_m3_s=-4e-3), None, 335.15, 900),
    ("fast and hot", N1, replace(DOSING, t_jacket_k=360.0), None, 365.0, 300),
    ("overfilled", N2, replace(DOSING, dosing_m3_s=0.02), None, 335.15, 200),
]


def start(many: ManyTanks, t_k: float, **amounts: float) -> ManyTanksState:
    state = many.charged(np.full(len(many.parameters), t_k))
    rows = {"a": 0, "b": 1, "p": 2}
    for name, amount in amounts.items():
        state.values[rows[name]] = amount
    return state


@pytest.mark.parametrize(("name", "parameters", "inputs", "jacket", "t_k", "steps"), CASES, ids=[c[0] for c in CASES])
def test_one_column_is_the_single_tank(
    name: str, parameters: SemiBatchParameters, inputs: SemiBatchInputs, jacket: Jacket | None, t_k: float, steps: int
) -> None:
    many, one = ManyTanks([parameters], jacket), SemiBatchTank(parameters, jacket)
    both = ManyTanksInputs.of([inputs])
    state = start(many, t_k)
    alone = state.tank(0)
    for _ in range(steps):
        state, alone = many.step(state, both), one.step(alone, inputs)
    found = state.tank(0)
    assert found.lost is alone.lost
    assert found.t_k == pytest.approx(alone.t_k, abs=1e-6)
    assert found.t_jacket_k == pytest.approx(alone.t_jacket_k, abs=1e-6)
    for field in ("a_kmol", "b_kmol", "p_kmol", "volume_m3"):
        assert getattr(found, field) == pytest.approx(getattr(alone, field), abs=1e-8), field


def test_one_that_runs_away_is_lost_and_its_neighbours_go_on() -> None:
    many = ManyTanks([N2, N2, N2])
    state = start(many, 335.15, a=12.0)
    state.values[1, 1], state.values[4, 1] = 12.0, 400.0  # all of B at once, hot, without cooling
    quiet = SemiBatchInputs(t_jacket_k=335.15)
    inputs = ManyTanksInputs.of([quiet, replace(quiet, heat_transfer=0.0), quiet])
    for _ in range(900):
        state = many.step(state, inputs)
        assert np.isfinite(state.values).all()
    assert [LOSSES[code] for code in state.lost] == [None, Loss.RUNAWAY, None]
    assert state.values[4, 1] > N2.lost_above_k  # never clamped
    assert state.values[4, 0] == state.values[4, 2] == pytest.approx(335.15, abs=1e-6)


@given(
    kinetics=st.lists(st.floats(0.5, 2.0), min_size=1, max_size=6),
    ua=st.floats(0.3, 1.5),
    b=st.floats(0.0, 6.0),
    t_k=st.floats(300.0, 420.0),
)
def test_every_column_of_a_fleet_is_its_own_tank(kinetics: list[float], ua: float, b: float, t_k: float) -> None:
    fleet = [replace(N2, k0_m3_kmol_s=N2.k0_m3_kmol_s * f, ua_start_w_k=N2.ua_start_w_k * ua) for f in kinetics]
    many = ManyTanks(fleet)
    state = start(many, t_k, b=b)
    inputs = ManyTanksInputs.of([DOSING] * len(fleet))
    alone = [state.tank(i) for i in range(len(fleet))]
    for _ in range(5):
        state = many.step(state, inputs)
        alone = [SemiBatchTank(p).step(one, DOSING) for p, one in zip(fleet, alone, strict=True)]
    for i, one in enumerate(alone):
        assert state.tank(i).lost is one.lost
        assert state.values[4, i] == pytest.approx(one.t_k, abs=1e-3 if one.t_k > 430.0 else 1e-5)


def test_what_no_plant_can_give_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="emulsion"):
        replace(ManyTanksInputs.of([DOSING]), emulsion=np.array([-1.0]))
    with pytest.raises(ValueError, match="t_k"):
        ManyTanks([N2]).charged(np.array([-3.0]))
    many = ManyTanks([N2])
    with pytest.raises(ValueError, match="dt_s"):
        many.step(start(many, 335.15), ManyTanksInputs.of([DOSING]), 0.0)
