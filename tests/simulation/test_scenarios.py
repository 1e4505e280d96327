"""Shipped scenarios are green, and a protective function that was made worse turns its verdict red."""

from pathlib import Path

import pytest

from simulation.faults import load_catalogue
from simulation.plant import SimulatedPlant
from simulation.runner import Outcome, judge, run_file
from simulation.scenario import InjectedFault, Scenario, load_scenario

SCENARIOS = Path(__file__).resolve().parents[2] / "simulation" / "scenarios"


def _found(outcome: Outcome) -> str:
    return "\n".join(f"{'ok' if line.holds else 'NO'} {line.what}: {line.found}" for line in outcome.lines)


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_scenario_is_green(path: Path) -> None:
    outcome = run_file(path)
    assert outcome.green, _found(outcome)


def _with_fault(name: str, fault: str) -> Scenario:
    scenario = load_scenario(SCENARIOS / f"{name}.yaml", frozenset(load_catalogue()))
    faults = (*scenario.file.faults, InjectedFault(name=fault, at_s=0))
    file = scenario.file.model_copy(update={"faults": faults, "loss": None})
    return Scenario(name=scenario.name, file=file, plant=scenario.plant, plant_path=scenario.plant_path)


def test_a_stuck_valve_turns_the_verdict_red() -> None:
    outcome = judge(_with_fault("sb_agitator_stop", "sif_valve_stuck"))
    assert not outcome.green
    assert any("fail on demand" in line.what and not line.holds for line in outcome.lines)


def test_the_same_seed_gives_the_same_run() -> None:
    scenario = load_scenario(SCENARIOS / "micro_coolant_loss.yaml", frozenset(load_catalogue()))
    assert judge(scenario).protected == judge(scenario).protected


def test_the_late_trip_heats_as_the_model_says() -> None:
    """Without protection the tank of the simulated plant goes on heating towards TD24."""
    scenario = load_scenario(SCENARIOS / "sb_cooling_loss_late_trip.yaml", frozenset(load_catalogue()))
    plant = SimulatedPlant(scenario.plant, seed=1, epoch_ns=0)
    plant.faults.inject("sb_cooling_loss_late_trip")
    temperature = []
    for _ in range(6):
        plant.advance(300)
        temperature.append(plant.truth()["r101.t_c"])
    assert temperature == sorted(temperature)
    assert temperature[-1] > 77
