"""A healthy plant for a day: how many findings there are with nothing to be found."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from plantsafe.clock import Clock
from plantsafe.plant import Plant
from plantsafe.scan.assembly import Assembly
from plantsafe.scan.engine import Engine
from simulation.plant import SimulatedPlant
from simulation.virtual_source import virtual_sources

DAY_S = 86_400
UNITS = 13
A_DAY = UNITS / 7  # at most one false finding a unit and week

Living = Callable[..., SimulatedPlant]


def findings(plant: Plant, simulated: SimulatedPlant, scans: int) -> list[str]:
    """Each finding that is raised in `scans` scans, with scan, phases of both tanks, value and limit."""
    engine, assembly = Engine(plant, approved=True), Assembly(plant)
    sources, clock = virtual_sources(simulated), Clock.simulated(rate=1.0)
    row, begun, seen, found = plant.points.row, {"PH-101": 0, "PH-151": 0}, {"PH-101": -1.0, "PH-151": -1.0}, []

    async def live() -> None:
        for number in range(1, scans + 1):
            simulated.advance()
            for source in sources:
                assembly.take(source, await source.read(clock), number)
            frame = assembly.frame(number, simulated.time_ns)
            for point in begun:
                phase = float(frame.value[row[point]])
                if phase != seen[point]:
                    begun[point], seen[point] = number, phase
            for fact in engine.step(frame).facts:
                if fact.kind == "finding_raised":
                    phases = ", ".join(f"{point} {seen[point]:g} for {number - begun[point]} s" for point in begun)
                    found.append(f"{fact.subject} at {number} ({phases}): {fact.body['value']} {fact.body['limit']}")

    asyncio.run(live())
    return found


def test_two_hours_of_normal_dosing_have_no_finding(demo: Plant, living: Living) -> None:
    assert findings(demo, living(seed=1), 7_200) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3, 11, 12])
def test_a_normal_day_has_at_most_one_false_finding_a_unit_and_week(demo: Plant, living: Living, seed: int) -> None:
    found = findings(demo, living(seed=seed), DAY_S)
    print(seed, Counter(line.split(" ")[0].rsplit(".", 1)[1] for line in found), *found, sep="\n")
    assert len(demo.file.units) == UNITS
    assert len(found) <= A_DAY, found
