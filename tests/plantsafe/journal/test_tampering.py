"""Whatever somebody changes in a journal, verify names the first row; heads outside find cut and rewritten ones."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sealed_record import changed, raw, rows_of, some_facts, tamper, write_events

from plantsafe.journal.chain import GENESIS, chained, verify, verify_record
from plantsafe.store.record import EventRow, RecordReader

EVENTS = 20_000
CHANGES = 1_000


@pytest.fixture(scope="module")
def rows() -> list[EventRow]:
    return rows_of(EVENTS)


def test_each_of_a_thousand_random_changes_deletions_and_swaps_is_named(rows: list[EventRow]) -> None:
    """The walk before the change is the same each time: it is taken up 50 rows before it."""
    whole, dice = [raw(row) for row in rows], random.Random(7)
    assert verify(whole).bad_row is None
    for _ in range(CHANGES):
        new, bad, done = changed(whole, dice)
        start = max(0, min(bad) - 50)
        previous = rows[start - 1].hash if start else GENESIS
        found = verify(new[start:], after=start, previous=previous)
        assert found.bad_row in bad, done
        assert found.reason


def test_ten_whole_walks_name_the_change_too(rows: list[EventRow]) -> None:
    whole, dice = [raw(row) for row in rows], random.Random(8)
    for _ in range(10):
        new, bad, done = changed(whole, dice)
        found = verify(new)
        assert found.bad_row in bad, done
        assert found.last == min(bad) - 1


@pytest.mark.long
def test_ten_of_ten_in_ten_million() -> None:
    """Rows are made as they are walked, and changed on the way: a change, a deletion or a swap at a random place."""
    dice = random.Random(9)
    for kind in ("scan", "time_ns", "kind", "subject", "actor", "body", "previous", "hash", "delete", "swap"):
        at = dice.randrange(1, 10_000_000)
        found = verify(_changed_on_the_way(_ten_million(), kind, at))
        assert found.bad_row == at, kind


def _ten_million() -> Iterator[tuple[Any, ...]]:
    seq, previous = 0, GENESIS
    facts = some_facts(0, 1000)
    for scan in range(1, 10_001):
        rows = chained(facts, scan=scan, time_ns=scan * 10**9, seq=seq, previous=previous)
        seq, previous = rows[-1].seq, rows[-1].hash
        yield from map(raw, rows)


def _changed_on_the_way(rows: Iterator[tuple[Any, ...]], kind: str, at: int) -> Iterator[tuple[Any, ...]]:
    columns = ("seq", "scan", "time_ns", "kind", "subject", "actor", "body", "previous", "hash")
    for row in rows:
        if row[0] != at:
            yield row
        elif kind == "swap":
            after = next(rows)
            yield after
            yield row
        elif kind != "delete":
            i = columns.index(kind)
            wrong = row[i] + 1 if isinstance(row[i], int) else row[i][:-1] + bytes([row[i][-1] ^ 1])
            yield (*row[:i], wrong, *row[i + 1 :])


def test_a_cut_tail_shows_no_break_by_itself_and_is_found_with_a_head(rows: list[EventRow]) -> None:
    whole = [raw(row) for row in rows[:100]]
    assert verify(whole[:90]).bad_row is None
    found = verify(whole[:90], heads={95: rows[94].hash})
    assert found.bad_row == 91
    assert "rows 91 to 95 are missing" in found.reason


def test_a_chain_written_anew_holds_by_itself_and_is_found_with_heads(rows: list[EventRow]) -> None:
    """The new chain is right from row 60 on; the heads say where the old one was last seen as it is."""
    facts = [fact if i != 59 else some_facts(7, 1)[0] for i, fact in enumerate(some_facts(0, 100))]
    new = []
    seq, previous = 0, GENESIS
    for scan in range(1, 11):
        part = facts[10 * (scan - 1) : 10 * scan]
        new += chained(part, scan=scan, time_ns=rows[10 * (scan - 1)].time_ns, seq=seq, previous=previous)
        seq, previous = new[-1].seq, new[-1].hash
    assert [row.hash for row in new[:59]] == [row.hash for row in rows[:59]]
    assert verify(map(raw, new)).bad_row is None
    heads = {n: rows[n - 1].hash for n in (50, 80)}
    found = verify(map(raw, new), heads=heads)
    assert found.bad_row == 51
    assert "rows 51 to 80" in found.reason
    assert found.anchored == 50


def test_what_is_past_the_last_head_is_called_not_anchored(rows: list[EventRow]) -> None:
    found = verify(map(raw, rows[:100]), heads={80: rows[79].hash})
    assert (found.bad_row, found.anchored, found.not_anchored) == (None, 80, 20)


def test_a_file_changed_by_hand_is_named(tmp_path: Path, rows: list[EventRow]) -> None:
    write_events(tmp_path, rows[:500])
    with RecordReader(tmp_path) as reader:
        assert verify_record(reader).rows == 500
    tamper(tmp_path, "DELETE FROM events WHERE seq = 400", "UPDATE events SET actor = 'Li Na' WHERE seq = 300")
    with RecordReader(tmp_path) as reader:
        assert verify_record(reader).bad_row == 300
