"""kill -9 in the middle of a demand: it is still there, once; what happened in the outage is bounded and marked."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import conftest_cli
import pytest
from conftest_cli import SimulatedPlant, last_number, until

from plantsafe.errors import StoreError
from plantsafe.store.record import RecordReader
from simulation.control_channel import ask


@pytest.fixture
def slower_plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedPlant]:
    """Four plant seconds a second: a response of 7 s can be cut in the middle."""
    monkeypatch.setattr(conftest_cli, "RATE", 4.0)
    with tempfile.TemporaryDirectory(prefix="ps-") as short:
        plant = SimulatedPlant(tmp_path, Path(short))
        yield plant
        plant.end()


def told(data: Path, kind: str, subject: str) -> list[tuple[int, dict[str, Any]]]:
    """Scan and body of the events of a kind."""
    try:
        with RecordReader(data) as reader:
            events = list(reader.events(kinds=(kind,)))
    except StoreError:
        return []
    return [(event.scan, json.loads(event.body)) for event in events if event.subject == subject]


def test_a_demand_is_not_lost_and_what_the_outage_hides_is_bounded(
    slower_plant: SimulatedPlant, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    service = slower_plant.service(data)
    until("a few scans", 60, lambda: last_number(data) > 5)
    ask(slower_plant.control, "inject", name="sif_valve_stuck")
    ask(slower_plant.control, "inject", name="sb_agitator_stop")
    (started,) = until("the demand", 60, lambda: told(data, "demand_started", "SIF-102"))
    slower_plant.kill(service)
    assert told(data, "failure_on_demand", "SIF-102") == [], "killed too late to be in the middle"
    before = last_number(data)
    ask(slower_plant.control, "inject", name="spurious_trip")

    slower_plant.service(data)
    (failed,) = until("the failure on demand", 60, lambda: told(data, "failure_on_demand", "SIF-102"))
    (tripped,) = until("the trip of the outage", 60, lambda: told(data, "tripped", "SIF-104"))
    until("some scans more", 60, lambda: last_number(data) > failed[0] + 10)

    assert told(data, "demand_started", "SIF-102") == [started]
    assert failed[1]["demand_scan"] == started[1]["scan"]
    assert failed[1]["waited_s"] > 7.0
    assert len(told(data, "failure_on_demand", "SIF-102")) == 1
    assert tripped[1]["unseen_between"] is True
    assert (tripped[1]["scan_before"], tripped[1]["scan"]) == (before, tripped[0])
    assert tripped[0] > before + 1
    assert started[1]["unseen_between"] is False
