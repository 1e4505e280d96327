"""First-out by the safety system's own bits, and trips in a test or by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np

from plantsafe.frame import Frame
from plantsafe.plant import Plant
from plantsafe.protection.first_out_bits import FirstOutBitCheck
from plantsafe.verdict import Verdict


def steps(plant: Plant, rows: list[dict[str, float]]) -> list[list[dict[str, Any]]]:
    """Facts of each scan; what is not named is 0."""
    check, told = FirstOutBitCheck(plant), []
    for number, values in enumerate(rows, start=1):
        value = np.zeros(plant.n_points)
        for name, shown in values.items():
            value[plant.points.row[name]] = shown
        frame = Frame(
            number=number, plant=plant.hash, time_ns=number * 10**9, value=value,
            status=np.zeros(plant.n_points, dtype=np.uint32), source_time_ns=np.zeros(plant.n_points, dtype=np.int64),
            received=np.full(1, number), origin=np.zeros(1, dtype=np.uint8), resolution_ns=np.zeros(1, dtype=np.int64),
        )  # fmt: skip
        verdict = Verdict(0)
        check.evaluate(frame, verdict, slice(0))
        told.append([fact.body for fact in verdict.facts])
    return told


INPUTS = [{"point": letter, "first_out": f"{letter}_flt"} for letter in "ABC"]


def test_the_bit_that_comes_with_the_trip_or_soon_after_names_the_first(
    make_function_plant: Callable[..., Plant],
) -> None:
    plant = make_function_plant(inputs=INPUTS)
    told = steps(plant, [{}, {"TRIP": 1.0}, {"TRIP": 1.0, "B_flt": 1.0}, {"TRIP": 1.0, "B_flt": 1.0}, {}])
    assert [len(facts) for facts in told] == [0, 0, 1, 0, 0]
    assert told[2][0] == {
        "clock": "sis_bits", "first": ["B"], "indistinguishable": False, "trip_scan": 2, "complete": True,
    }  # fmt: skip


def test_two_bits_have_no_order_and_none_is_told_as_none(make_function_plant: Callable[..., Plant]) -> None:
    plant = make_function_plant(inputs=INPUTS)
    both = {"TRIP": 1.0, "A_flt": 1.0, "C_flt": 1.0}
    told = steps(plant, [{}, both, {}, *[{"TRIP": 1.0}] * 6])
    assert [(body["first"], body["indistinguishable"], body["complete"]) for facts in told for body in facts] == [
        (["A", "C"], True, True),
        ([], False, False),
    ]


def test_a_trip_that_was_there_when_we_came_is_not_told(make_function_plant: Callable[..., Plant]) -> None:
    plant = make_function_plant(inputs=INPUTS)
    assert steps(plant, [{"TRIP": 1.0, "A_flt": 1.0}] * 4) == [[]] * 4


def test_a_trip_in_a_test_or_by_hand_is_not_spurious(make_watch: Callable[..., Any]) -> None:
    for bit, cause in (("test_mode", "test"), ("manual_trip", "by_hand"), (None, "spurious")):
        watch = make_watch(**({bit: "MODE"} if bit else {}))
        watch.scan()
        watch.scan(MODE=1.0)
        watch.scan(TRIP=1.0)
        causes = [fact.body.get("cause") for fact in watch.facts]
        watch.scan()
        kinds = [fact.kind for fact in watch.facts]
        if cause == "spurious":
            assert kinds == ["spurious_trip"]
        else:
            assert causes == [cause]
            assert kinds == []
            assert "spurious_trip" not in watch.says()
