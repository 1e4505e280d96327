"""A pytest plugin: a plant's own repository asserts on its scenarios in three lines. It comes with the package.

def test_cooling_loss(run_scenario):
    outcome = run_scenario("scenarios/cooling_loss.yaml")
    assert outcome.green, outcome.report
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulation.runner import Outcome

    RunScenario = Callable[..., Outcome]


@pytest.fixture(scope="session")
def run_scenario(pytestconfig: pytest.Config) -> "RunScenario":
    """Run one scenario and give its outcome; each scenario and seed is run once a session.

    The scenario is a file, relative to the root of the tests' repository, or the name of a shipped one. With `seed`, a
    varied plant.
    """
    from simulation.runner import run_file
    from simulation.scenario import find_scenario

    root = pytestconfig.rootpath
    ran: dict[tuple[Path, int | None], Outcome] = {}

    def run(scenario: str | Path, *, seed: int | None = None) -> "Outcome":
        path = find_scenario(str(scenario))
        path = path if path.is_absolute() else root / path
        if (path, seed) not in ran:
            ran[path, seed] = run_file(path, seed)
        return ran[path, seed]

    return run
