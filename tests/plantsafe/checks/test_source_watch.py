"""Conditions on what sources say of their own work, as traces through the whole engine."""

from collections.abc import Callable
from typing import Any

import pytest

from plantsafe.frame import BAD_NO_COMMUNICATION


@pytest.fixture
def secured(trace: Any, make_trace: Callable[..., Any]) -> Any:
    """A plant whose control system has certificates."""
    entries = [entry.model_dump(exclude_defaults=True) for entry in trace.engine.plant.file.sources]
    entries[0] |= {"security": "Basic256Sha256", "certificates": "pki"}
    made = make_trace(sources=entries)
    made.values["DCS.certificate_days"] = 400.0
    return made


def said(trace: Any, scans: int) -> list[str]:
    return [fact for _ in range(scans) for fact in trace.scan()]


def test_a_quiet_plant_says_nothing(trace: Any) -> None:
    assert said(trace, 10) == []
    assert {"DCS.certificate_ends", "SIS.clock_wrong", "SIS.writable"}.isdisjoint(trace.engine.book.row)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_clock_that_differs_is_a_finding_and_one_that_is_wrong_an_alarm(trace: Any, side: float) -> None:
    trace.scan()
    trace.values["DCS.clock_offset"] = side * 0.49
    assert said(trace, 10) == []
    trace.values["DCS.clock_offset"] = side * 0.5
    assert [trace.scan() for _ in range(5)] == [[], [], [], [], ["finding_raised DCS.clock_differs"]]
    trace.values["DCS.clock_offset"] = side * 2.1
    assert said(trace, 5) == ["alarm_raised DCS.clock_wrong"]
    trace.values["DCS.clock_offset"] = 0.0
    assert said(trace, 62) == ["alarm_cleared DCS.clock_wrong", "finding_cleared DCS.clock_differs"]


def test_a_clock_that_is_not_known_neither_raises_nor_clears(trace: Any) -> None:
    trace.values["DCS.clock_offset"] = 3.0
    raised = said(trace, 5)
    assert raised == ["finding_raised DCS.clock_differs", "alarm_raised DCS.clock_wrong"]
    trace.values["DCS.clock_offset"] = 0.0
    for _ in range(70):
        assert not [f for f in trace.scan(status={"DCS.clock_offset": BAD_NO_COMMUNICATION}) if "cleared" in f]


def test_a_certificate_warns_thirty_days_ahead(secured: Any) -> None:
    secured.values["DCS.certificate_days"] = 30.1
    assert said(secured, 3) == []
    secured.values["DCS.certificate_days"] = 29.9
    assert secured.scan() == ["alarm_raised DCS.certificate_ends"]
    secured.values["DCS.certificate_days"] = 1000.0
    assert secured.scan() == ["alarm_cleared DCS.certificate_ends"]


def test_a_right_to_write_is_a_finding_with_its_count(trace: Any) -> None:
    trace.values["DCS.writable_points"] = 3.0
    assert trace.scan() == ["finding_raised DCS.writable"]
    row = trace.engine.book.row["DCS.writable"]
    assert trace.last.live["value"][row] == 3.0


def test_reads_that_overrun_three_scans_in_a_row_are_a_finding(trace: Any) -> None:
    trace.values["SIS.overruns"] = 1.0
    assert [trace.scan(), trace.scan()] == [[], []]
    trace.values["SIS.overruns"] = 0.0
    trace.scan()
    trace.values["SIS.overruns"] = 2.0
    assert [trace.scan() for _ in range(3)] == [[], [], ["finding_raised SIS.overruns"]]


def test_a_lost_source_hides_what_is_said_of_its_link(trace: Any) -> None:
    trace.scan()
    trace.silent.add("DCS")
    said(trace, 3)
    trace.values["DCS.clock_offset"] = 9.0
    said(trace, 6)
    assert trace.engine.book.suppressed[trace.engine.book.row["DCS.clock_wrong"]]


def test_every_condition_has_its_texts_in_both_languages(secured: Any) -> None:
    kinds = ("source_clock", "source_certificate", "source_writable", "source_overruns")
    conditions = [c for c in secured.engine.conditions if c.kind.startswith(kinds)]
    assert len(conditions) == 6
    for condition in conditions:
        assert all(condition.subject in condition.consequence[language] for language in ("en", "zh"))
        for texts in (condition.consequence, condition.action):
            assert "$" not in texts["en"] + texts["zh"]


def test_what_the_service_says_of_itself_is_judged(make_trace: Any) -> None:
    trace = make_trace()
    for _ in range(3):
        trace.scan()
    assert "alarm_raised plantsafe.historian_behind" in trace.scan(**{"plantsafe.forward_lag": 700.0})
    assert "finding_raised plantsafe.historian_refused" in trace.scan(**{"plantsafe.dead_letters": 1.0})
    assert "alarm_raised plantsafe.history_behind" in trace.scan(**{"plantsafe.compaction_lag": 4000.0})
    assert "alarm_raised plantsafe.disk_low" in trace.scan(**{"plantsafe.disk_free": 1.5})
    assert trace.state("plantsafe.disk_low") == "UNACK"
    trace.scan(**{"plantsafe.disk_free": 2.5})  # inside the deadband
    assert trace.state("plantsafe.disk_low") == "UNACK"
    trace.scan(**{"plantsafe.disk_free": 4.0})
    assert trace.state("plantsafe.disk_low") == "RTNUN"
