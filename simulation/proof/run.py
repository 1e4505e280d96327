"""Finds the scenarios that demand each function of a plant, runs them, and puts together what they show."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from plantsafe.errors import ScenarioError
from plantsafe.plant import load_plant
from simulation.proof.demonstration import Demonstration, demonstrate
from simulation.proof.proof import Proof, claim_all
from simulation.runner import each_of
from simulation.scenario import Scenario, load_scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A function and a scenario whose loss it must avert by itself, on the plant of `plant`."""

    plant: Path
    scenario: Path
    function: str


def averting(scenario: Scenario) -> tuple[str, ...]:
    """Functions that the scenario asks to avert its loss; none where nothing is lost, or protection is absent."""
    loss = scenario.file.loss
    if loss is None or loss.unprotected == "never" or loss.protected == "crosses":
        return ()
    return loss.averted_by or tuple(act.function for act in scenario.file.act)


def pairs_of(
    plant: Path, scenarios: Sequence[Path], only: Collection[str] = (), *, strict: bool = False
) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """What is to be run, and the scenarios that name what this plant does not have.

    only: functions to look at, all where it is empty. strict: a scenario that does not fit is an error.
    """
    pairs: list[Pair] = []
    misfits: list[str] = []
    for path in scenarios:
        try:
            scenario = load_scenario(path, plant)
        except ScenarioError:
            if strict:
                raise
            misfits.append(path.stem)
            continue
        pairs += [
            Pair(plant=plant, scenario=path, function=name) for name in averting(scenario) if not only or name in only
        ]
    return tuple(pairs), tuple(misfits)


def run_pair(pair: Pair) -> Demonstration:
    """One demonstration, in whatever process."""
    scenario = load_scenario(pair.scenario, pair.plant)
    function = next(one for one in scenario.plant.file.functions if one.name == pair.function)
    return demonstrate(scenario, function)


def prove(
    plant: Path,
    scenarios: Sequence[Path],
    *,
    day: date,
    jobs: int = 1,
    only: Collection[str] = (),
    strict: bool = False,
    done: Callable[[int, Demonstration], None] | None = None,
) -> Proof:
    """Run every pair and judge the plant by them; `done` is told how many there are and of each as it ends.

    With `only`, the claims are those of these functions and of their rows.
    """
    pairs, misfits = pairs_of(plant, scenarios, only, strict=strict)
    shown = each_of(run_pair, pairs, jobs, None if done is None else lambda one: done(len(pairs), one))
    compiled = load_plant(plant)
    file = compiled.file
    if only:
        functions = tuple(one for one in file.functions if one.name in only)
        rows = tuple(row for row in file.causes_and_effects if row.function in only)
        file = file.model_copy(update={"functions": functions, "causes_and_effects": rows})
    return claim_all(file, compiled.hash, shown, day, misfits)
