"""What a recipe moves by design: learnt along the phase from earlier batches, and what is found against it."""

import copy

import numpy as np
import pytest

from plantsafe.checks.course import MOST_PASSES, Course
from plantsafe.checks.drift import ON_DELAY_SCANS, DriftCheck
from plantsafe.checks.warm_up import WARM_UP_SCANS
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.scan.carry import carry
from plantsafe.store.arrays import pack, unpack

DOSE_S, IDLE_S = 3_000, 300
IDLE, DOSE = 0.0, 1.0


def risen(age):
    """Flat while normal is learnt, then 40 of the range of 200 by design: four times the limit of the EWMA."""
    return 40.0 * min(max((age - 1_000) / 1_200, 0.0), 1.0)


def phase(code, name):
    return {"code": code, "name": name, "title": {"en": name, "zh": name}}


@pytest.fixture(scope="session")
def batch_plant(unit_plant):
    """R1 with its recipe declared; M1 follows it."""
    document = copy.deepcopy(unit_plant.file.model_dump(mode="json", exclude_unset=True, by_alias=True))
    document["units"][0] |= {"phase_point": "PHASE", "phases": [phase(0, "idle"), phase(1, "dose")]}
    document["units"][1] |= {"follows": "R1"}
    return compile_plant(PlantFile.model_validate(document))


@pytest.fixture
def batches(drive, batch_plant):
    """Batches in which T rises as dosing goes on, and X of the other unit with it."""
    it = drive(DriftCheck, batch_plant)
    it.rng = np.random.default_rng(11)

    def scan(age, code, fault=0.0):
        rise = risen(age) if code == DOSE else 0.0
        noise = it.rng.normal(0.0, 0.3, 4).tolist()
        it.scan(PHASE=code, T=60.0 + rise + fault + noise[0], P=40.0 + noise[1], F=20.0 + noise[2], X=50.0 + rise / 2)

    def dose(n=DOSE_S, *, fault=lambda _: 0.0):
        """One dosing; what was found while it ran."""
        found = set()
        for age in range(n):
            scan(age, DOSE, fault(age))
            found |= {name for name in it.index if it.says(name).startswith("holds")}
        return found

    def idle():
        for age in range(IDLE_S):
            scan(age, IDLE)

    it.dose, it.idle = dose, idle
    return it


def passes(walk):
    """How many dosings the profile of T holds."""
    course = walk.check.state()
    return int(course["course.passes"][0, 1])


def test_a_learnt_course_is_no_finding(batches):
    for _ in range(3):
        batches.idle()
        found = batches.dose()
    assert found == set()
    assert batches.says("T.ewma") == batches.says("X.ewma") == "clear"


def test_the_same_course_is_found_where_no_recipe_is_declared(drive):
    undeclared = drive(DriftCheck)
    for age in range(DOSE_S):
        undeclared.scan(PHASE=DOSE, T=60.0 + risen(age))
    assert undeclared.says("T.ewma") == "holds"


def test_a_departure_from_the_course_is_found_though_the_value_is_one_of_the_course(batches):
    for _ in range(3):
        batches.idle()
        batches.dose()
    batches.idle()
    found = batches.dose(fault=lambda age: -15.0 if age > 1_900 else 0.0)  # 75 where the course has 90
    assert found == {"T.ewma", "T.cusum"}


def test_a_slow_drift_against_the_course_is_found(batches):
    for _ in range(3):
        batches.idle()
        batches.dose()
    batches.idle()
    assert "T.ewma" in batches.dose(fault=lambda age: 0.01 * max(age - WARM_UP_SCANS, 0))  # 21 K in 35 min


def test_a_step_is_found_before_any_batch_was_seen_whole(batches):
    found = batches.dose(fault=lambda age: 50.0 if age > 2_500 else 0.0)
    assert "T.ewma" in found


def test_a_spike_shorter_than_the_delay_is_none(batches):
    for _ in range(3):
        batches.idle()
        found = batches.dose(fault=lambda age: 12.0 if 1_500 < age < 1_500 + ON_DELAY_SCANS // 2 else 0.0)
    assert found == set()


def test_a_phase_longer_than_any_before_is_unknown(batches):
    for _ in range(2):
        batches.idle()
        batches.dose()
    batches.idle()
    batches.dose(DOSE_S + 400)
    assert batches.says("T.ewma") == batches.says("T.cusum") == "unknown"
    batches.idle()
    assert batches.says("P.ewma") == "unknown"  # the idle phase is shorter than its warm-up


def test_a_dosing_whose_beginning_was_not_seen_is_not_learnt(batches):
    batches.dose(1_000)
    batches.idle()
    assert passes(batches) == 0
    batches.dose()
    batches.idle()
    assert passes(batches) == 1


def test_a_faulty_batch_is_not_learnt_once_two_agreed(batches):
    for _ in range(3):
        batches.idle()
        batches.dose()
    batches.idle()
    before = passes(batches)
    batches.dose(fault=lambda age: -15.0 if age > 1_900 else 0.0)
    batches.idle()
    assert passes(batches) == before == 3
    assert batches.dose() == set()


def test_the_course_is_left_alone_after_enough_batches(batches):
    for _ in range(MOST_PASSES + 2):
        batches.idle()
        batches.dose(1_200)
    batches.idle()
    assert passes(batches) == MOST_PASSES


def test_a_restored_check_goes_on_as_if_it_had_never_stopped(batches, drive, batch_plant):
    for _ in range(2):
        batches.idle()
        batches.dose(1_500)
    batches.idle()
    batches.dose(700)
    second = drive(DriftCheck, batch_plant)
    second.number = batches.number
    second.check.load(unpack(pack(batches.check.state())))
    for _ in range(500):
        batches.dose(1)
        second.scan(**batches.values)
        for name in ("active", "unknown", "since", "value", "limit"):
            np.testing.assert_array_equal(getattr(second.verdict, name), getattr(batches.verdict, name), err_msg=name)
    for name, array in batches.check.state().items():
        np.testing.assert_array_equal(second.check.state()[name], array, err_msg=name)


def test_another_description_of_the_plant_goes_on_with_the_course(batches, batch_plant):
    batches.idle()
    batches.dose()
    batches.idle()
    new = DriftCheck(batch_plant)
    carry(batches.check, new)
    np.testing.assert_array_equal(new.state()["course.profile"], batches.check.state()["course.profile"])
    assert np.isfinite(new.state()["course.profile"]).any()


def test_a_plant_without_recipes_has_no_course(unit_plant):
    assert Course(unit_plant).rows.size == 0
