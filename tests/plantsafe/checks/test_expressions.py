"""Expression alarms as traces: any value raises, only good values clear."""

from typing import Any

import pytest

from plantsafe.frame import BAD_SENSOR_FAILURE, UNCERTAIN

TEXT = {"en": "text", "zh": "文字"}


@pytest.fixture
def watched(make_trace: Any) -> Any:
    alarm = {
        "name": "HOT.FED", "unit": "R1", "title": TEXT, "expression": '"T" > 65 and "F" > 15', "priority": 2,
        "class": "safety", "consequence": TEXT, "action": TEXT, "respond_min": 5, "on_delay_s": 1,
    }  # fmt: skip
    trace = make_trace(expression_alarms=[alarm])
    trace.scan(T=60, F=20)
    return trace


def test_it_raises_after_its_delay_and_clears_when_one_part_is_gone(watched: Any) -> None:
    assert watched.scan(T=66) == []
    assert watched.scan(T=66) == ["alarm_raised HOT.FED"]
    assert watched.scan(F=12) == ["alarm_cleared HOT.FED"]


def test_an_uncertain_value_raises_and_does_not_clear(watched: Any) -> None:
    watched.scan(T=66, status={"T": UNCERTAIN})
    assert watched.scan(T=66, status={"T": UNCERTAIN}) == ["alarm_raised HOT.FED"]
    assert "alarm_cleared HOT.FED" not in watched.scan(T=20, status={"T": UNCERTAIN})
    assert "alarm_cleared HOT.FED" in watched.scan(T=20)


def test_bad_data_cannot_be_judged_unless_the_other_part_decides(watched: Any) -> None:
    for _ in range(4):
        watched.scan(T=20, F=20, status={"F": BAD_SENSOR_FAILURE})
    assert watched.available("HOT.FED")  # T alone says no
    for _ in range(4):
        watched.scan(T=66, status={"F": BAD_SENSOR_FAILURE})
    assert not watched.available("HOT.FED")
    assert watched.state("HOT.FED") == "NORM"
