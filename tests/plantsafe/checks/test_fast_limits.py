"""Limits on points of a fast group: judged by what was shown since the scan before."""

from collections.abc import Callable
from typing import Any

import pytest

from plantsafe.frame import BAD_NO_COMMUNICATION, LIMIT_HIGH, LIMIT_LOW, UNCERTAIN_EU_EXCEEDED

HIGH, LOW = UNCERTAIN_EU_EXCEEDED | LIMIT_HIGH, UNCERTAIN_EU_EXCEEDED | LIMIT_LOW
TEXT = {"en": "text", "zh": "文字"}


def source(name: str, protocol: str, points: list[str]) -> dict[str, Any]:
    endpoint = {"opcua": "opc.tcp://127.0.0.1:1", "modbus": "127.0.0.1:1"}[protocol]
    return {
        "name": name, "title": TEXT, "protocol": protocol, "endpoint": endpoint, "heartbeat": f"{name}.HB",
        "consequence": TEXT, "action": TEXT, "fast_groups": [{"name": "quick", "period_s": 0.2, "points": points}],
    }  # fmt: skip


@pytest.fixture
def trace(make_trace: Callable[..., Any]) -> Any:
    """P.H at 50, F.L at 10 (F fails low), T.H at 70 after 2 s, off after 3 s; each read four times between scans."""
    trace = make_trace(sources=[source("DCS", "opcua", ["F", "T"]), source("SIS", "modbus", ["P"])])
    trace.scan()
    return trace


def test_peak_between_two_scans_raises_and_shows_the_peak(trace: Any) -> None:
    assert trace.scan(between={"P": [40, 55, 41, 40]}) == ["alarm_raised P.H"]
    row = trace.engine.book.row["P.H"]
    assert trace.last.live["value"][row] == 55.0
    assert trace.scan() == ["alarm_cleared P.H"]


def test_dip_raises_a_low_limit_and_not_a_high_one(trace: Any) -> None:
    assert trace.scan(between={"F": [20, 20, 9, 20], "P": [40, 1, 1, 40]}) == ["alarm_raised F.L"]


def test_delays_count_scans_whose_interval_is_beyond(trace: Any) -> None:
    assert trace.scan(between={"T": [60, 75, 60, 60]}) == []
    assert trace.scan(between={"T": [75, 60, 60, 60]}) == []
    assert trace.scan(between={"T": [60, 60, 60, 75]}) == ["alarm_raised T.H"]
    for _ in range(3):
        trace.scan()
    assert trace.state("T.H") == "UNACK"
    trace.scan()
    assert trace.state("T.H") == "RTNUN"


def test_scan_without_a_peak_begins_the_delay_anew(trace: Any) -> None:
    for _ in range(4):
        assert trace.scan(between={"T": [60, 75, 60, 60]}) == []
        assert trace.scan() == []


def test_samples_that_are_bad_or_missing_say_nothing(trace: Any) -> None:
    assert trace.scan(between={"P": [(99.0, BAD_NO_COMMUNICATION), None, None, 40]}) == []
    assert trace.state("P.H") == "NORM"


def test_sample_beyond_raises_though_the_scan_itself_saw_nothing(trace: Any) -> None:
    said = trace.scan(between={"P": [40, 55, 40, 40]}, status={"P": BAD_NO_COMMUNICATION})
    assert said == ["alarm_raised P.H"]
    trace.scan(status={"P": BAD_NO_COMMUNICATION})
    assert trace.state("P.H") == "UNACK"


def test_sample_driven_over_its_range_raises_unless_that_is_how_it_fails(trace: Any) -> None:
    assert trace.scan(between={"P": [40, (45, HIGH), 40, 40]}) == ["alarm_raised P.H"]
    trace.scan()
    assert trace.scan(between={"F": [20, (0, LOW), 20, 20]}) == []
    assert trace.state("F.L") == "NORM"
    assert trace.available("F.L")
