"""Dosing (phase 1) may last a minute, cooling (phase 2) as long as it likes; a scan a second."""

from typing import Any

import pytest

from plantsafe.checks.phase_time import PhaseTimeCheck
from plantsafe.frame import BAD_SENSOR_FAILURE
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.store.arrays import pack, unpack

TEXT = {"en": "text", "zh": "文字"}
OVER = "R1.phase_over"


@pytest.fixture(scope="module")
def timed_plant(unit_plant: Plant) -> Plant:
    document: dict[str, Any] = unit_plant.file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    document["units"][0] |= {
        "phase_point": "PHASE",
        "phases": [
            {"code": 0, "name": "idle", "title": TEXT},
            {"code": 1, "name": "dose", "title": TEXT, "max_duration_min": 1},
            {"code": 2, "name": "cool", "title": TEXT},
        ],
    }
    return compile_plant(PlantFile.model_validate(document))


@pytest.fixture
def tank(drive, timed_plant):
    tank = drive(PhaseTimeCheck, timed_plant)
    tank.scan(PHASE=0.0)
    return tank


def scans(tank, n: int, **values: float) -> None:
    for _ in range(n):
        tank.scan(**values)


def test_a_phase_over_its_time_is_a_finding_until_it_ends(tank):
    scans(tank, 61, PHASE=1.0)
    assert tank.says(OVER) == "clear"
    assert tank.verdict.value[0] == 1.0
    scans(tank, 1)
    assert tank.says(OVER) == "holds"
    assert (tank.verdict.since[0], tank.verdict.limit[0]) == (63, 1.0)
    scans(tank, 1, PHASE=2.0)
    assert tank.says(OVER) == "clear"
    scans(tank, 1000)
    assert tank.says(OVER) == "clear"


def test_each_pass_has_its_own_time(tank):
    scans(tank, 50, PHASE=1.0)
    scans(tank, 1, PHASE=2.0)
    scans(tank, 50, PHASE=1.0)
    assert tank.says(OVER) == "clear"


def test_an_unknown_phase_is_not_judged_clears_nothing_and_its_time_goes_on(tank):
    scans(tank, 30, PHASE=1.0)
    tank.scan(status={"PHASE": BAD_SENSOR_FAILURE})
    assert tank.says(OVER) == "unknown"
    scans(tank, 29, PHASE=1.0)
    tank.scan(skip=5)
    assert tank.says(OVER) == "holds"
    tank.scan(status={"PHASE": BAD_SENSOR_FAILURE})
    assert tank.says(OVER) == "holds unknown"
    tank.scan(PHASE=3.0)  # no phase of the recipe
    assert tank.says(OVER) == "holds unknown"


def test_a_restart_goes_on_with_the_time(tank, drive, timed_plant):
    scans(tank, 40, PHASE=1.0)
    again = drive(PhaseTimeCheck, timed_plant)
    again.check.load(unpack(pack(tank.check.state())))
    again.number, again.values = tank.number, dict(tank.values)
    scans(again, 22)
    assert again.says(OVER) == "holds"


def test_a_unit_without_a_longest_time_has_no_finding(unit_plant):
    assert PhaseTimeCheck(unit_plant).conditions == ()
