"""Records with many events for the tests of seals, exports and archives, and changes that somebody might make."""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from plantsafe.journal.chain import GENESIS, chained
from plantsafe.store.record import RECORD, EventRow, RecordWriter
from plantsafe.verdict import Fact

COLUMNS = ("seq", "scan", "time_ns", "kind", "subject", "actor", "body", "previous", "hash")
SECOND_NS = 10**9
BEGIN_NS = 1_790_000_000 * SECOND_NS


def some_facts(first: int, count: int) -> list[Fact]:
    """Alarm events with the particulars that real ones have."""
    return [
        Fact(
            kind="alarm_raised" if i % 2 else "alarm_cleared",
            subject=f"TI-{i % 97}.HH",
            body={
                "kind": "HH", "about": f"TI-{i % 97}", "priority": 2 + i % 3, "value": i / 7, "limit": 80.0,
                "state": "UNACK" if i % 2 else "NORM", "occurrence": i, "active": bool(i % 2), "row": 1,
                "text": '温度"高"\\',
            },
        )
        for i in range(first, first + count)
    ]  # fmt: skip


def rows_of(count: int, *, each_scan: int = 10) -> list[EventRow]:
    """A whole chain of `count` events, ten a scan."""
    rows: list[EventRow] = []
    seq, previous = 0, GENESIS
    for scan in range(1, -(-count // each_scan) + 1):
        facts = some_facts(seq, min(each_scan, count - seq))
        rows += chained(facts, scan=scan, time_ns=BEGIN_NS + scan * SECOND_NS, seq=seq, previous=previous)
        seq, previous = rows[-1].seq, rows[-1].hash
    return rows


def write_events(folder: Path, rows: Sequence[EventRow]) -> None:
    writer = RecordWriter(folder)
    for first in range(0, len(rows), 5000):
        writer.write_events(rows[first : first + 5000])
    writer.close()


def raw(row: EventRow) -> tuple[Any, ...]:
    """As SQLite holds it."""
    texts = (row.kind, row.subject, row.actor, row.body, row.previous, row.hash)
    return (row.seq, row.scan, row.time_ns, *(text.encode() for text in texts))


def changed(rows: list[tuple[Any, ...]], dice: random.Random) -> tuple[list[tuple[Any, ...]], set[int], str]:
    """One change of any column, a deletion or a swap; with it the rows that may be called bad, and what was done."""
    at = dice.randrange(len(rows) - 1)
    match dice.choice(("change", "change", "delete", "swap", "shuffle columns")):
        case "delete":
            return rows[:at] + rows[at + 1 :], {at + 1}, f"row {at + 1} deleted"
        case "swap":
            other = dice.randrange(at + 1, len(rows))
            new = list(rows)
            new[at], new[other] = rows[other], rows[at]
            return new, {at + 1}, f"rows {at + 1} and {other + 1} swapped"
        case "shuffle columns":  # the columns of two rows change places, but each keeps its number
            other = dice.randrange(at + 1, len(rows))
            new = list(rows)
            new[at], new[other] = (rows[at][0], *rows[other][1:]), (rows[other][0], *rows[at][1:])
            return new, {at + 1}, f"the columns of {at + 1} and {other + 1} swapped"
        case _:
            column = dice.randrange(len(COLUMNS))
            cell = rows[at][column]
            if isinstance(cell, int):
                wrong: Any = cell ^ (1 << dice.randrange(40))
            else:
                place = dice.randrange(len(cell)) if cell else 0
                wrong = cell[:place] + bytes([cell[place] ^ dice.randrange(1, 256)]) + cell[place + 1 :]
            new = list(rows)
            new[at] = (*rows[at][:column], wrong, *rows[at][column + 1 :])
            return new, {at + 1}, f"{COLUMNS[column]} of row {at + 1} changed"


def tamper(folder: Path, *statements: str) -> None:
    """What somebody with the file in hand does."""
    with closing(sqlite3.connect(folder / RECORD)) as file:
        for statement in statements:
            file.execute(statement)
        file.commit()
