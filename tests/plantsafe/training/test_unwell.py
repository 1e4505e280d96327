"""Which scans of a span are no example of a healthy unit, by the journal."""

import json

import numpy as np

from plantsafe.store.record import EventRow
from plantsafe.training.unwell import AROUND_NS, told

MIN_NS = 60 * 1_000_000_000
UNIT_OF = {"T.H": "R1", "P.H": "R2", "SIF-1": "R1", "T.ewma": "R1", "P.ewma": "R2"}
SPAN = (0, 600 * MIN_NS)


def journal(*rows: tuple[float, str, str, int]) -> list[EventRow]:
    """Minute, kind, subject, occurrence."""
    return [
        EventRow(
            seq=i, scan=i, time_ns=round(minute * MIN_NS), kind=kind, subject=subject, actor="system",
            body=json.dumps({"occurrence": occurrence}), previous="", hash="",
        )
        for i, (minute, kind, subject, occurrence) in enumerate(rows, start=1)
    ]  # fmt: skip


def minutes(unit: str, *rows: tuple[float, str, str, int]) -> list[list[float]]:
    found = told(journal(*rows), UNIT_OF, *SPAN).stretches.get(unit, np.zeros((0, 2)))
    return [[(begin + AROUND_NS) / MIN_NS, (end - AROUND_NS) / MIN_NS] for begin, end in found.tolist()]


def test_an_alarm_takes_its_unit_out_from_ten_minutes_before_to_ten_after_and_no_other_unit() -> None:
    rows = (100, "alarm_raised", "T.H", 1), (105, "alarm_cleared", "T.H", 1)
    assert minutes("R1", *rows) == [[100, 105]]
    assert minutes("R2", *rows) == []
    inside = told(journal(*rows), UNIT_OF, *SPAN).inside("R1", np.array([89, 91, 114, 116]) * MIN_NS)
    assert inside.tolist() == [False, True, True, False]


def test_an_alarm_that_stands_takes_out_all_that_follows() -> None:
    assert minutes("R2", (500, "alarm_raised", "P.H", 1)) == [[500, 600]]


def test_demands_count_and_what_was_long_before_does_not() -> None:
    assert minutes("R1", (200, "demand_started", "SIF-1", 0)) == [[200, 200]]
    assert minutes("R1", (-90, "alarm_raised", "T.H", 1), (-80, "alarm_cleared", "T.H", 1)) == []


def test_a_confirmed_finding_goes_out_a_rejected_one_stays_and_one_that_nobody_judged_is_told() -> None:
    one = (50, "finding_raised", "T.ewma", 1), (60, "finding_cleared", "T.ewma", 1)
    assert minutes("R1", *one, (70, "finding_confirmed", "T.ewma", 1)) == [[50, 60]]
    assert minutes("R1", *one, (70, "finding_rejected", "T.ewma", 1)) == []
    assert minutes("R1", *one) == []
    found = told(
        journal(*one, (80, "finding_raised", "P.ewma", 2), (90, "finding_rejected", "P.ewma", 2)), UNIT_OF, *SPAN
    )
    assert dict(found.unjudged) == {"R1": 1}
