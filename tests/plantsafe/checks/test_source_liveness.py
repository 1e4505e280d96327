"""When a source is lost, frozen or stale: traces through the whole engine."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from plantsafe.frame import GOOD, UNCERTAIN_LAST_USABLE_VALUE, Frame
from plantsafe.scan.engine import Engine


def sources(trace: Any, **changes: Any) -> list[dict[str, Any]]:
    """The sources of the small plant with fields of the SIS changed."""
    entries = [entry.model_dump(exclude_defaults=True) for entry in trace.engine.plant.file.sources]
    return [entries[0], entries[1] | changes]


def test_a_heartbeat_that_repeats_just_before_silence_is_one_alarm(trace: Any) -> None:
    trace.scan()
    trace.still.add("SIS")
    trace.scan()
    assert trace.scan() == []  # its beat stood still twice
    trace.silent.add("SIS")
    assert [trace.scan() for _ in range(6)] == [[], [], ["alarm_raised SIS.lost"], [], [], []]


def test_a_source_that_answers_with_the_same_beat_freezes_at_the_third(trace: Any) -> None:
    trace.scan()
    trace.still.add("SIS")
    assert [trace.scan() for _ in range(3)] == [[], [], ["alarm_raised SIS.frozen"]]


def test_silence_in_between_neither_counts_nor_forgets(trace: Any) -> None:
    trace.scan()
    trace.still.add("SIS")
    trace.scan()
    trace.silent.add("SIS")
    assert [trace.scan(), trace.scan()] == [[], []]
    trace.silent.clear()
    assert trace.scan() == []
    assert trace.scan() == ["alarm_raised SIS.frozen"]


def test_a_slow_source_is_lost_after_two_of_its_own_periods(trace: Any, make_trace: Callable[..., Any]) -> None:
    slow = make_trace(sources=sources(trace, scan_period_s=3.0))
    for number in range(1, 8):
        slow.silent = set() if number % 3 == 1 else {"SIS"}
        assert slow.scan() == []
    slow.silent = {"SIS"}  # it last answered in scan 7
    assert [slow.scan() for _ in range(7)] == [[], [], [], [], [], [], ["alarm_raised SIS.lost"]]


def test_values_stamped_too_long_ago_are_uncertain_where_the_file_asks(
    trace: Any, make_trace: Callable[..., Any]
) -> None:
    asked = make_trace(sources=sources(trace, max_source_age_s=2.0))
    points = asked.engine.plant.points.row
    for age_s, want in ((1.9, GOOD), (2.1, UNCERTAIN_LAST_USABLE_VALUE), (0.0, GOOD)):
        asked.number += 1
        raw = asked.raw()
        stamps = np.full(len(raw.value), raw.time_ns - round(age_s * 1e9), dtype=np.int64)
        frame = asked.engine.step(with_stamps(raw, stamps)).frame
        assert frame.status[points["P"]] == want
        assert frame.status[points["T"]] == GOOD  # the file says nothing of the DCS
    asked.number += 1
    assert asked.engine.step(asked.raw()).frame.status[points["P"]] == GOOD  # no stamp, nothing to judge


def test_a_recorded_stale_frame_is_judged_the_same_again(trace: Any, make_trace: Callable[..., Any]) -> None:
    asked = make_trace(sources=sources(trace, max_source_age_s=2.0))
    again = Engine(asked.engine.plant, approved=True)
    for age_s in (0.0, 5.0, 5.0, 0.0):
        asked.number += 1
        raw = asked.raw()
        stamps = np.full(len(raw.value), raw.time_ns - round(age_s * 1e9), dtype=np.int64)
        recorded = asked.engine.step(with_stamps(raw, stamps)).frame
        assert again.step(recorded).frame.status.tolist() == recorded.status.tolist()
    assert again.snapshot() == asked.engine.snapshot()


def with_stamps(frame: Frame, source_time_ns: np.ndarray) -> Frame:
    """The frame with other source times."""
    return replace(frame, source_time_ns=source_time_ns)
