"""What changed, in words: each kind of change names what it touches."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plantsafe.plant import Plant, load_plant
from plantsafe.plant.diff import differences
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant

DEMO = Path(__file__).resolve().parents[3] / "simulation" / "plants" / "demo.yaml"


@pytest.fixture(scope="module")
def demo() -> Plant:
    return load_plant(DEMO)


def _with(plant: Plant, collection: str, name: str, **values: Any) -> Plant:
    document = plant.file.model_dump(mode="python", by_alias=True)
    entry = next(entry for entry in document[collection] if entry["name"] == name)
    entry.update(values)
    return compile_plant(PlantFile.model_validate(document))


def test_nothing_changed(demo: Plant) -> None:
    assert differences(demo, demo) == ()


def test_a_limit_raised_beyond_the_trip_says_so(demo: Plant) -> None:
    (change,) = differences(demo, _with(demo, "alarms", "TI-101.HH", limit=75.0))
    assert change.en.startswith("alarm TI-101.HH: limit raised 70 to 75 °C: beyond the trip of SIF-101 (73 °C)")
    assert "SIF-101" in change.touches
    assert "已超过 SIF-101 的联锁值" in change.zh


def test_a_limit_short_of_the_trip_does_not(demo: Plant) -> None:
    (change,) = differences(demo, _with(demo, "alarms", "TI-101.HH", limit=71.0))
    assert change.en == "alarm TI-101.HH: limit raised 70 to 71 °C"


def test_a_set_point_lowered(demo: Plant) -> None:
    (change,) = differences(demo, _with(demo, "functions", "SIF-101", setpoint=72.0))
    assert change.en.startswith("safety function SIF-101: setpoint lowered 73 to 72 °C")


def test_a_point_names_the_functions_and_alarms_that_stand_on_it(demo: Plant) -> None:
    (change,) = differences(demo, _with(demo, "points", "TT-101A", range=(0.0, 120.0)))
    assert "SIF-101" in change.touches
    assert "touches" in change.en


def test_head_counts_name_their_rule(demo: Plant) -> None:
    document = demo.file.model_dump(mode="python", by_alias=True)
    document["workshops"][0]["partitions"][0]["head_count_max"] = 2
    (change,) = differences(demo, compile_plant(PlantFile.model_validate(document)))
    assert "head-count per partition" in change.touches


def test_entries_added_and_removed(demo: Plant) -> None:
    document = demo.file.model_dump(mode="python", by_alias=True)
    gone, *rest = document["alarms"]
    document["alarms"] = rest
    fewer = compile_plant(PlantFile.model_validate(document))
    assert [c.en for c in differences(demo, fewer)] == [f"alarm {gone['name']} removed"]
    assert [c.en for c in differences(fewer, demo)] == [f"alarm {gone['name']} added"]


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_changed_figure_is_named(demo: Plant, data: st.DataObject) -> None:
    alarms = data.draw(st.lists(st.sampled_from(demo.file.alarms), min_size=1, max_size=5, unique_by=lambda a: a.name))
    names = {alarm.name for alarm in alarms}
    document = demo.file.model_dump(mode="python", by_alias=True)
    for entry in document["alarms"]:
        entry["respond_min"] += 1 if entry["name"] in names else 0
    found = differences(demo, compile_plant(PlantFile.model_validate(document)))
    assert {(c.name, c.field) for c in found} == {(alarm.name, "respond_min") for alarm in alarms}
