"""The demo plant and what an hour of warm-up leaves, shared by the tests of the simulator."""

from collections.abc import Callable
from pathlib import Path

import pytest

import simulation
from plantsafe.plant import Plant, load_plant
from simulation.plant import SimulatedPlant

EPOCH_NS = 1_767_225_600_000_000_000


@pytest.fixture(scope="session")
def demo() -> Plant:
    """The demo plant file, compiled."""
    return load_plant(Path(simulation.__file__).parent / "plants" / "demo.yaml")


@pytest.fixture(scope="session")
def living(demo: Plant) -> Callable[..., SimulatedPlant]:
    """A simulated plant an hour into its batch; `seed` and `warm_s` may differ."""

    def make(*, seed: int = 1, warm_s: float = 3600.0) -> SimulatedPlant:
        return SimulatedPlant(demo, seed=seed, epoch_ns=EPOCH_NS, warm_s=warm_s)

    return make
