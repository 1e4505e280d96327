"""Key figures: golden vectors exactly, and the shared logs against a straightforward count."""

import csv
import gzip
from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.alarms.dcs_log import Columns, read_dcs_log
from plantsafe.alarms.flood import FloodWatch, floods
from plantsafe.alarms.kpi import ACKNOWLEDGED, CAME, GONE, SHELVED, UNSHELVED, Moves, figures, level
from plantsafe.errors import StoreError

S = 10**9


def times(*seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([round(t * S) for t in seconds], dtype=np.int64)


def moves(*entries: tuple[float, int, int, int]) -> Moves:
    """(second, alarm, what, priority), rising."""
    table = np.array([(round(t * S), a, w, p) for t, a, w, p in entries], dtype=np.int64).reshape(-1, 4)
    return Moves(
        names=("A", "B", "C"), time_ns=table[:, 0], alarm=table[:, 1], what=table[:, 2].astype(np.uint8),
        priority=table[:, 3].astype(np.uint8),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("last", "strict", "golden"),
    [(270, False, [(0, 270, 750)]), (270, True, []), (300, True, [(0, 300, 780)])],
)
def test_golden_vectors_of_floods(last: int, strict: bool, golden: list[tuple[int, int, int]]) -> None:
    found = floods(times(*range(0, last + 1, 30)), strict=strict)
    assert [(f.first_ns // S, f.detected_ns // S, (f.end_ns or 0) // S) for f in found] == golden


def straightforward(seconds: list[int], *, strict: bool) -> list[tuple[int, int, int]]:
    """The reference algorithm, second by second."""
    found, first, detected = [], 0, -1
    for now in range(max(seconds, default=0) + 700):
        window = [t for t in seconds if now - 600 < t <= now]
        if detected < 0 and now in seconds and len(window) >= (11 if strict else 10):
            first, detected = window[0], now
        elif detected >= 0 and len(window) < 5:
            found.append((first, detected, now))
            detected = -1
    return found


@given(seconds=st.lists(st.integers(0, 1500), max_size=60).map(sorted), strict=st.booleans())
def test_floods_as_the_reference_counts_them(seconds: list[int], strict: bool) -> None:
    found = floods(times(*seconds), strict=strict)
    said = [(f.first_ns // S, f.detected_ns // S, (f.end_ns or 0) // S) for f in found]
    assert said == straightforward(seconds, strict=strict)


@given(seconds=st.lists(st.integers(0, 1500), max_size=60).map(sorted))
def test_the_watch_of_the_running_book_says_the_same(seconds: list[int]) -> None:
    watch, said, open_since = FloodWatch(1.0), [], (0, 0)
    for now in range(2300):
        match watch.step(now, [0] * seconds.count(now)):
            case ("started", _, first):
                open_since = (first, now)
            case ("ended", _, _):
                said.append((*open_since, now))
    assert said == straightforward(seconds, strict=False)


def test_rates_peaks_and_shares_of_a_day() -> None:
    entries = [(600.0 * i + 1, 0, CAME, 3) for i in range(144)] + [(3600.0 + i, 1, CAME, 2) for i in range(12)]
    found = figures(moves(*sorted(entries)), 0, 86_400 * S)
    assert (found.count, round(found.per_day, 9), found.per_10_min) == (156, 156.0, 156 / 144)
    assert found.peak_10_min == 13
    assert found.busy_intervals_share == 1 / 144
    assert found.busy_hours_share == 0.0
    assert [(entry.name, entry.count) for entry in found.top] == [("A", 144), ("B", 12)]
    assert found.priority_share == {2: 12 / 156, 3: 144 / 156}
    assert found.level == 3
    assert len(found.floods) == 1
    assert found.flood_first == ("B",)  # the oldest in the window, not the most frequent


def test_acknowledge_times_by_priority() -> None:
    found = figures(
        moves(
            (0, 0, CAME, 1), (10, 0, ACKNOWLEDGED, 1), (20, 1, CAME, 1), (30, 1, CAME, 1), (60, 1, ACKNOWLEDGED, 1),
            (61, 1, ACKNOWLEDGED, 1), (70, 2, CAME, 3), (75, 2, ACKNOWLEDGED, 3),
        ),
        0, 100 * S,
    )  # fmt: skip
    assert [(a.priority, a.p50_s, a.p95_s) for a in found.ack_times] == [(1, 25.0, 38.5), (3, 5.0, 5.0)]


def test_chattering_fleeting_stale_standing_and_shelved() -> None:
    day = 86_400
    found = figures(
        moves(
            (0, 0, CAME, 3), (1, 2, CAME, 3), (2, 2, ACKNOWLEDGED, 3), (5, 0, GONE, 3), (30, 0, CAME, 3),
            (35, 0, GONE, 3), (60, 0, CAME, 3), (65, 0, GONE, 3), (500, 1, CAME, 3), (505, 1, GONE, 3),
            (600, 1, SHELVED, 3), (700, 0, SHELVED, 3), (800, 0, UNSHELVED, 3),
        ),
        0, 2 * day * S,
    )  # fmt: skip
    assert [(c.name, c.count) for c in found.chattering] == [("A", 1)]
    assert [(c.name, c.count) for c in found.fleeting] == [("A", 1), ("B", 1)]  # the last of A's did not repeat
    assert found.stale == ("C",)
    assert found.standing == ("C",)
    assert found.shelved == ("B",)


@pytest.mark.parametrize(
    ("average", "peak", "expected"),
    [(0.5, 5, 1), (1, 10, 2), (0.2, 50, 2), (5, 50, 3), (11, 50, 4), (5, 200, 4), (101, 0, 5)],
)
def test_levels_of_eemua(average: float, peak: int, expected: int) -> None:
    assert level(average, peak) == expected


def test_an_empty_period_has_no_alarms_and_says_so() -> None:
    found = figures(moves(), 0, 86_400 * S)
    assert (found.count, found.floods, found.top_share, found.ack_times, found.level) == (0, (), 0.0, (), 1)


def test_a_log_without_the_column_or_with_a_wrong_time_is_refused_by_its_line(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("time,tag,type\n2024-01-01 00:00:00,A,H\nnoon,A,H\n", encoding="utf-8")
    with pytest.raises(StoreError, match="has no column 'timestamp'"):
        read_dcs_log(log, Columns())
    with pytest.raises(StoreError, match="line 3: 'noon' is no time"):
        read_dcs_log(log, Columns(time="time"))


@pytest.mark.parametrize("kind", ["original", "filter", "deadband"])
@pytest.mark.parametrize("case", ["1", "11", "13", "15"])
def test_shared_logs_give_the_counts_of_a_straightforward_count(shared: Path, kind: str, case: str) -> None:
    path = shared / "data" / "tep_alarms" / kind / f"text_alarms_{kind}_{case}.csv.gz"
    found_moves = read_dcs_log(path, Columns())
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if "NR" not in row["type"]]
    seconds = sorted(int(datetime.fromisoformat(f"{row['timestamp']}+00:00").timestamp()) for row in rows)
    begin, end = seconds[0] // 600 * 600, seconds[-1] // 600 * 600 + 600
    found = figures(found_moves, begin * S, end * S)
    assert found.count == len(rows)
    assert {entry.name: entry.count for entry in found.top}.items() <= Counter(
        f"{row['tag']}.{row['type']}" for row in rows
    ).items()
    assert found.peak_10_min == max(Counter(second // 600 for second in seconds).values())
    shifted = [second - begin for second in seconds]
    assert [(f.first_ns // S - begin, f.detected_ns // S - begin) for f in found.floods] == _starts(shifted)
    if kind == "original":
        assert found.floods


def _starts(seconds: list[int]) -> list[tuple[int, int]]:
    """As `straightforward`, alarm by alarm and second by second inside floods only: long logs."""
    found, detected, low, high = [], False, 0, 0
    for now in range(seconds[-1] + 1):
        while high < len(seconds) and seconds[high] <= now:
            high += 1
        while low < high and seconds[low] <= now - 600:
            low += 1
        if not detected and high - low >= 10:
            found.append((seconds[low], now))
            detected = True
        elif detected and high - low < 5:
            detected = False
    return found
