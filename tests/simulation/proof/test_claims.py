"""What demonstrations say of functions and rows: proved, red, not demonstrable, unproved, waived."""

from dataclasses import replace
from datetime import date

import pytest

from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile, Waiver
from simulation.proof.demonstration import Demonstration, Standing, Why
from simulation.proof.proof import Claim, claim_all, deciding

TODAY = date(2026, 3, 31)
FAST = Demonstration(
    function="SIF-102",
    scenario="sb_agitator_stop",
    required_s=8.0,
    lost_s=2_656.0,
    trip_s=1.0,
    safe_s=5.0,
    averted=True,
    no_return_s=2_594.0,
    effects={"XV-101A": True, "XV-101B": True},
    runs=9,
    cpu_s=1.0,
)


@pytest.mark.parametrize(
    ("changed", "standing", "why"),
    [
        ({}, Standing.PROVED, None),
        ({"lost_s": None}, Standing.UNPROVED, Why.NO_LOSS),
        ({"trip_s": None}, Standing.RED, Why.NO_DEMAND),
        ({"no_return_s": None}, Standing.NOT_DEMONSTRABLE, Why.NO_POINT),
        ({"averted": False}, Standing.RED, Why.NOT_AVERTED),
        ({"safe_s": None}, Standing.RED, Why.NOT_AVERTED),
        ({"no_return_s": 8.0}, Standing.RED, Why.LATE_FOR_POINT),
        ({"no_return_s": 0.0}, Standing.RED, Why.LATE_FOR_POINT),
        ({"safe_s": 10.0}, Standing.RED, Why.LATE_FOR_SPECIFICATION),
        ({"no_return_s": 16.0}, Standing.RED, Why.LOOSE_SPECIFICATION),
        ({"no_return_s": 17.0}, Standing.PROVED, None),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, float | None], standing: Standing, why: Why | None) -> None:
    one = replace(FAST, **changed)
    assert (one.standing, one.why) == (standing, why)


def test_the_worst_scenario_decides_and_one_that_another_layer_averts_does_not() -> None:
    tight = replace(FAST, scenario="tight", no_return_s=100.0)
    red = replace(FAST, scenario="red", safe_s=10.0)
    other_layer = replace(FAST, scenario="other", no_return_s=None)
    assert deciding([FAST, tight, other_layer]) is tight
    assert deciding([FAST, red, tight]) is red
    assert deciding([other_layer]) is other_layer
    assert deciding([]) is None


def waived(demo: Plant, until: str) -> PlantFile:
    waiver = Waiver(reason="Variant of the tank not modelled yet", until=until, approved_by="Chen")
    file = demo.file
    functions = tuple(one.model_copy(update={"unproved": waiver}) for one in file.functions if one.name == "SIF-101")
    return file.model_copy(update={"functions": functions, "causes_and_effects": ()})


def claim(file: PlantFile, *shown: Demonstration) -> Claim:
    proof = claim_all(file, "hash", shown, TODAY)
    assert proof.holds == all(one.holds for one in (*proof.functions, *proof.rows))
    return proof.functions[0]


def test_a_waiver_lets_an_unproved_function_pass_until_its_last_day(demo: Plant) -> None:
    passed = claim(waived(demo, "2026-03-31"))
    assert (passed.standing, passed.why, passed.holds) == (Standing.UNPROVED, Why.NO_SCENARIO, True)
    over = claim(waived(demo, "2026-03-30"))
    assert (over.holds, over.waiver) == (False, None)
    assert over.expired is not None


def test_a_row_is_red_where_an_effect_did_not_come_about(demo: Plant) -> None:
    whole = claim_all(demo.file, "hash", [FAST], TODAY)
    row = next(one for one in whole.rows if one.function == "SIF-102")
    assert row.standing is Standing.PROVED
    stuck = claim_all(demo.file, "hash", [replace(FAST, effects={"XV-101A": True, "XV-101B": False})], TODAY)
    row = next(one for one in stuck.rows if one.function == "SIF-102")
    assert (row.standing, row.why, row.missing) == (Standing.RED, Why.EFFECT_MISSING, ("stop-nitrating-agent",))
    others = [one for one in whole.functions if one.name != "SIF-102"]
    assert {one.standing for one in others} == {Standing.UNPROVED}
    assert not whole.holds
