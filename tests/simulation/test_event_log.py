"""The event buffer of the simulated safety system: what it stamps, and what the engine makes of it in virtual time."""

import asyncio

import pytest

from plantsafe.verdict import Fact
from simulation.scenario import SHIPPED, load_scenario
from simulation.trial.variation import NOMINAL
from simulation.trial.virtual import VirtualScans, simulated_plant

SCANS = 80


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    """An agitator that stops after a minute."""
    scenario = load_scenario(SHIPPED / "sb_agitator_stop.yaml")
    scans = VirtualScans(scenario, simulated_plant(scenario, 1, NOMINAL, protected=True))

    async def live() -> list[Fact]:
        return [fact for _ in range(SCANS) for fact in (await scans.next())[0].facts]

    return asyncio.run(live())


def of(facts: list[Fact], kind: str, subject: str) -> Fact:
    (found,) = [fact for fact in facts if (fact.kind, fact.subject) == (kind, subject)]
    return found


def test_inputs_trip_and_valves_are_stamped_in_the_order_in_which_they_happened(facts: list[Fact]) -> None:
    events = [fact for fact in facts if fact.kind == "device_event"]
    assert [fact.subject for fact in events[:3] if fact.subject.startswith("ST-101")]
    first = {fact.subject: fact.body["time_ns"] for fact in reversed(events)}
    inputs = [first[name] for name in ("ST-101A", "ST-101B") if name in first]
    assert min(inputs) < first["SIF-102.TRIP"] < first["XV-101A.ZSC"]
    assert [fact.body["sequence"] for fact in events] == [*range(1, len(events) + 1)]


def test_the_device_and_the_fast_group_agree_on_the_response(facts: list[Fact]) -> None:
    """The device's interval is a hundred times narrower and lies in the one of the reads of 0.2 s."""
    by_reads = of(facts, "safe_state_reached", "SIF-102").body
    by_device = of(facts, "device_response", "SIF-102").body
    low_s, high_s = by_reads["response_s"]
    assert low_s - 0.1 <= by_device["response_s"][0] < by_device["response_s"][1] <= high_s + 0.1
    assert by_device["response_s"][1] - by_device["response_s"][0] == pytest.approx(0.002)
    assert by_device["outcome"] == by_reads["outcome"] == "in_time"


def test_the_first_out_names_the_agitator(facts: list[Fact]) -> None:
    first_out = of(facts, "first_out", "SIF-102").body
    assert set(first_out["first"]) <= {"ST-101A", "ST-101B"}
    assert first_out["complete"]
