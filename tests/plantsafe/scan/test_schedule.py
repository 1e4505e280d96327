"""Scan numbers: fixed instants, skipped when missed, never shifted."""

from hypothesis import given
from hypothesis import strategies as st

from plantsafe.scan.schedule import Schedule, after_downtime

S = 1_000_000_000


def test_an_overrun_skips_to_the_present_period() -> None:
    schedule = Schedule(first=10, start_ns=0, period_ns=S)
    assert schedule.due(11, S - 1) == 11
    assert schedule.due(11, S + S // 2) == 11
    assert schedule.due(11, 2 * S) == 12
    assert schedule.due(11, 5 * S + 7) == 15


@given(first=st.integers(1, 10**6), start=st.integers(0, 10**18), steps=st.integers(0, 10**6))
def test_instants_do_not_drift(first: int, start: int, steps: int) -> None:
    schedule = Schedule(first=first, start_ns=start, period_ns=S)
    assert schedule.instant_ns(first + steps) - start == steps * S


@given(down=st.integers(1, 10**15))
def test_downtime_is_a_gap_on_the_old_grid(down: int) -> None:
    number, time_ns = after_downtime(100, 5 * S, 5 * S + down, S)
    assert time_ns >= 5 * S + down
    assert time_ns - (5 * S + down) < S
    assert (time_ns - 5 * S) == (number - 100) * S


def test_a_clock_set_back_gives_the_next_number_now() -> None:
    assert after_downtime(100, 50 * S, 40 * S, S) == (101, 40 * S)


def test_the_first_scan_ever_is_number_one() -> None:
    assert after_downtime(0, 0, 77, S) == (1, 77)
