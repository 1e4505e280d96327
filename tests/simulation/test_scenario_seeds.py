"""Other plants of the same kind: kinetics, heat transfer, noise and timing drawn from 20 seeds flip no verdict."""

from pathlib import Path

import pytest

from simulation.runner import Task, run_all
from simulation.scenario import SHIPPED
from simulation.scenario_file import Variation
from simulation.trial.variation import draw

SEEDS = range(1, 21)


def test_draws_stay_inside_what_the_scenario_allows_and_differ() -> None:
    variation = Variation(kinetics=0.1, heat_transfer=0.2, noise=0.5, timing_s=40)
    drawn = [draw(variation, seed) for seed in SEEDS]
    assert all(0.9 <= one.kinetics <= 1.1 for one in drawn)
    assert all(0.8 <= one.heat_transfer <= 1.2 for one in drawn)
    assert all(0.5 <= one.noise <= 1.5 for one in drawn)
    assert all(0 <= one.delay_s <= 40 and one.delay_s == int(one.delay_s) for one in drawn)
    assert len({one.kinetics for one in drawn}) == len(SEEDS)
    assert draw(variation, 7) == draw(variation, 7)


@pytest.mark.long
@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_verdict_flips_over_twenty_seeds(path: Path) -> None:
    outcomes = run_all([Task(path=path, seed=seed) for seed in SEEDS], jobs=2)
    assert len({outcome.protected.digest for outcome in outcomes}) == len(SEEDS)
    assert not [outcome.report for outcome in outcomes if not outcome.green]
