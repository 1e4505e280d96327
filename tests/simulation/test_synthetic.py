"""Made-up plants: any size from a seed, no mistakes in the file, values that live inside their limits, mostly."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from plantsafe.clock import Clock
from plantsafe.errors import SimulationError
from plantsafe.frame import is_bad, is_good
from plantsafe.plant import Plant, load_plant
from plantsafe.plant.load import check_plant
from plantsafe.scan.assembly import Assembly
from plantsafe.scan.engine import Engine
from simulation.process import run_plant
from simulation.synthetic import MOST_SERVED, SyntheticPlant, write_fleet, write_plant
from simulation.virtual_source import virtual_sources

EPOCH_NS = 1_767_225_600_000_000_000


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """A plant of 1,000 points."""
    return check_plant(write_plant(tmp_path_factory.mktemp("small"), points=1_000, seed=3))


@pytest.mark.parametrize("points", [30, 31, 1_000, 1_777])
def test_a_plant_has_exactly_the_points_that_were_asked_for_and_no_mistake(tmp_path: Path, points: int) -> None:
    plant = check_plant(write_plant(tmp_path, points=points, seed=points))
    assert plant.n_read == points
    assert len(plant.file.functions) >= 1
    assert {entry.protocol for entry in plant.file.sources} == {"opcua", "modbus"}


def test_the_same_seed_writes_the_same_bytes_and_a_fleet_has_no_twins(tmp_path: Path) -> None:
    first, again = (write_plant(tmp_path / name, points=300, seed=5) for name in ("first", "again"))
    for name in ("plant.yaml", "points.csv", "alarms.csv"):
        assert first.with_name(name).read_bytes() == again.with_name(name).read_bytes()
    fleet = write_fleet(tmp_path / "fleet", plants=3, points=300, seed=5)
    plants = [load_plant(path) for path in fleet]
    assert len({plant.hash for plant in plants}) == 3
    assert [plant.file.site.name for plant in plants] == ["plant-1", "plant-2", "plant-3"]


@pytest.mark.parametrize("points", [0, 29, 200_001])
def test_a_size_that_cannot_be_is_refused(tmp_path: Path, points: int) -> None:
    with pytest.raises(SimulationError, match=f"{points} points"):
        write_plant(tmp_path, points=points, seed=1)


def test_values_live_between_their_limits_and_some_leave_them(small: Plant) -> None:
    living = SyntheticPlant(small, seed=1, epoch_ns=EPOCH_NS)
    alarms, ever, dead = small.alarms, np.zeros(len(small.alarms.limit), dtype=bool), 0
    moved = np.zeros(small.n_read, dtype=bool)
    before = living.readings()
    for _ in range(360):
        living.advance(10)
        now = living.readings()
        assert np.isnan(now.value[is_bad(now.status)]).all()
        value = now.value[is_good(now.status)]
        assert np.isfinite(value).all()
        over = alarms.sign * (now.value[alarms.point] - alarms.limit) >= 0.0
        assert over.mean() < 0.02
        ever |= over
        dead += int(is_bad(now.status).sum())
        moved |= now.value != before.value
    assert 0 < ever.sum() < 0.1 * len(ever)
    assert dead > 0
    assert moved[small.points.analog[: small.n_read]].all()
    for function in small.file.functions:
        assert now.value[small.points.row[function.tripped]] == 0.0


def test_the_same_seed_lives_the_same_life(small: Plant) -> None:
    def life(seed: int) -> bytes:
        living = SyntheticPlant(small, seed=seed, epoch_ns=EPOCH_NS)
        living.advance(500)
        now = living.readings()
        return now.value.tobytes() + now.status.tobytes() + now.source_time_ns.tobytes()

    assert life(1) == life(1)
    assert life(1) != life(2)


async def test_the_engine_judges_it_through_in_process_sources(small: Plant) -> None:
    living = SyntheticPlant(small, seed=2, epoch_ns=EPOCH_NS)
    engine, assembly = Engine(small, approved=True), Assembly(small)
    sources, clock = virtual_sources(living), Clock.simulated(rate=1.0, epoch_ns=EPOCH_NS)
    for number in range(1, 31):
        living.advance()
        for source in sources:
            assembly.take(source, await source.read(clock), number)
        record = engine.step(assembly.frame(number, living.time_ns))
        assert not any(fact.kind in ("tripped", "demand_started", "source_lost") for fact in record.facts)
    analog = np.flatnonzero(small.points.analog[: small.n_read] & is_good(living.status))
    np.testing.assert_allclose(record.frame.value[analog], living.value[analog], rtol=1e-6)


async def test_a_synthetic_plant_is_served_like_any_other(small: Plant) -> None:
    ready: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    clock = Clock.simulated(rate=1.0)
    work = asyncio.create_task(run_plant(small, clock=clock, seed=1, synthetic=True, ready=ready.set_result))
    try:
        await asyncio.wait((work, ready), timeout=60.0, return_when=asyncio.FIRST_COMPLETED)
        endpoints = ready.result() if ready.done() else await work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert set(endpoints) == set(small.read_sources)


async def test_a_plant_too_large_for_servers_is_refused(tmp_path: Path) -> None:
    plant = load_plant(write_plant(tmp_path, points=MOST_SERVED + 1, seed=1))
    with pytest.raises(SimulationError, match="served up to"):
        await run_plant(plant, clock=Clock.simulated(rate=1.0), seed=1, synthetic=True, ready=print)
