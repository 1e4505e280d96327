"""The chain names the first bad row after any change of any column."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.journal.chain import GENESIS, chained, verify
from plantsafe.store.record import RECORD, RecordReader, RecordWriter
from plantsafe.verdict import Fact

COLUMNS = ("seq", "scan", "time_ns", "kind", "subject", "actor", "body", "previous", "hash")

facts = st.builds(
    Fact,
    kind=st.sampled_from(["alarm_raised", "login"]),
    subject=st.text(max_size=8),
    actor=st.text(min_size=1, max_size=8),
    body=st.dictionaries(st.text(max_size=4), st.one_of(st.integers(), st.booleans(), st.text(max_size=6)), max_size=3),
)


def _rows(entries: list[Fact]) -> list[tuple[Any, ...]]:
    rows = chained(entries, scan=7, time_ns=99, seq=0, previous=GENESIS)
    return [
        (r.seq, r.scan, r.time_ns, *(t.encode("utf-8", "surrogatepass") for t in
         (r.kind, r.subject, r.actor, r.body, r.previous, r.hash)))
        for r in rows
    ]  # fmt: skip


@given(entries=st.lists(facts, min_size=1, max_size=8), data=st.data())
def test_any_one_byte_of_any_column_is_named(entries: list[Fact], data: st.DataObject) -> None:
    rows = _rows(entries)
    assert verify(rows).bad_row is None
    at = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(COLUMNS) - 1))
    cell = rows[at][column]
    if isinstance(cell, int):
        changed: Any = cell ^ (1 << data.draw(st.integers(0, 62)))
    elif not cell:
        return
    else:
        place = data.draw(st.integers(0, len(cell) - 1))
        other = data.draw(st.integers(1, 255))
        changed = cell[:place] + bytes([cell[place] ^ other]) + cell[place + 1 :]
    rows[at] = (*rows[at][:column], changed, *rows[at][column + 1 :])
    found = verify(sorted(rows, key=lambda row: row[0]))
    assert found.bad_row is not None
    if column != 0:
        assert found.bad_row == at + 1


@given(entries=st.lists(facts, min_size=3, max_size=8), data=st.data())
def test_a_missing_or_swapped_row_is_named(entries: list[Fact], data: st.DataObject) -> None:
    rows = _rows(entries)
    at = data.draw(st.integers(0, len(rows) - 2))
    assert verify(rows[:at] + rows[at + 1 :]).bad_row == at + 1
    swapped = [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]]
    assert verify(swapped).bad_row == at + 1


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_in_the_file_itself_is_named(tmp_path: Path, column: str) -> None:
    writer = RecordWriter(tmp_path)
    rows = chained(
        [Fact(kind="k", subject=f"s{i}", body={"i": i}) for i in range(20)], scan=1, time_ns=2, seq=0, previous=GENESIS
    )
    writer.write_events(rows)
    writer.close()
    raw = sqlite3.connect(tmp_path / RECORD)
    value = "999" if column in ("seq", "scan", "time_ns") else f"substr({column}, 1, length({column}) - 1) || 'X'"
    raw.execute(f"UPDATE events SET {column} = {value} WHERE seq = 11")
    raw.commit()
    raw.close()
    with RecordReader(tmp_path) as reader:
        found = verify(reader.raw_events())
    assert found.bad_row == 11
    assert found.reason
