"""Quench: heat is neither made nor lost by mixing, dilution warms, and what does not fit is an end."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.process.quench import QuenchState, QuenchTank, step_quench

TANK = QuenchTank(
    volume_m3=14.0,
    water_kg=7_000.0,
    water_density_kg_m3=1_000.0,
    water_cp_j_kgk=4_180.0,
    mass_density_kg_m3=1_600.0,
    mass_cp_j_kgk=1_700.0,
    dilution_j_kg=60_000.0,
)
COLD = QuenchState(received_kg=0.0, t_k=288.15)


@given(kg_s=st.floats(0.1, 60.0), t_mass_k=st.floats(290.0, 450.0), seconds=st.integers(1, 120))
def test_without_losses_the_heat_of_what_came_in_is_all_in_the_tank(kg_s: float, t_mass_k: float, seconds: int) -> None:
    state = COLD
    for _ in range(seconds):
        state = step_quench(TANK, state, dumped_kg_s=kg_s, t_mass_k=t_mass_k)
    received = state.received_kg
    assert received == pytest.approx(kg_s * seconds)
    brought_j = received * (1_700.0 * t_mass_k + 60_000.0) + 7_000.0 * 4_180.0 * 288.15
    assert state.t_k * TANK.heat_capacity_j_k(received) == pytest.approx(brought_j, rel=1e-9)


def test_a_full_tank_of_hot_mass_is_cold_after_two_minutes() -> None:
    state = COLD
    for _ in range(120):
        state = step_quench(TANK, state, dumped_kg_s=6_400.0 / 120.0, t_mass_k=363.15)
    assert not state.overfilled
    assert state.t_k == pytest.approx(318.0, abs=1.0)  # far below where the mass decomposes


def test_a_coil_brings_it_back_to_the_surroundings() -> None:
    state, cooled = QuenchState(received_kg=6_400.0, t_k=320.0), replace(TANK, loss_w_k=5_000.0)
    for _ in range(100):
        state = step_quench(cooled, state, dumped_kg_s=0.0, t_mass_k=320.0, surroundings_k=288.15, dt_s=3_600.0)
    assert state.t_k == pytest.approx(288.15, abs=1e-6)


def test_what_does_not_fit_is_an_end_and_stays_one() -> None:
    state = step_quench(TANK, COLD, dumped_kg_s=20_000.0, t_mass_k=330.0)
    assert state.overfilled
    assert step_quench(TANK, state, dumped_kg_s=0.0, t_mass_k=330.0) is state


@pytest.mark.parametrize("name", ["volume_m3", "water_kg", "mass_density_kg_m3"])
def test_an_impossible_tank_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        replace(TANK, **{name: -1.0})
    with pytest.raises(ValueError, match="does not fit"):
        replace(TANK, water_kg=20_000.0)
    with pytest.raises(ValueError, match="dumped_kg_s"):
        step_quench(TANK, COLD, dumped_kg_s=-1.0, t_mass_k=330.0)
