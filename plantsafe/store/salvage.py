"""What can still be read of a day's file whose bytes changed: row by row, each against its sum."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plantsafe.errors import DamagedFileError
from plantsafe.store.arrays import unpack
from plantsafe.store.day_file import (
    COLUMNS,
    STRETCH,
    Chunk,
    DayHole,
    DayWriter,
    Reduced,
    Stretch,
    beside_sum,
    chunk_of,
    row_id,
    stretch_of,
)

NOT_READABLE = "not readable in the damaged file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """How many stretches and rows of samples were kept, and how many rows of kept stretches were not."""

    stretches: int
    rows: int
    lost_rows: int


def salvage(damaged: Path, new: Path, first: int, last: int, names_of: Callable[[str], Sequence[str]]) -> Salvaged:
    """Write into `new` what `damaged` holds of scans first..last, and name the points that are missing from them.

    names_of: points of a plant description, in the order of its frames.
    """
    stretches = rows = lost = 0
    with closing(_opened(damaged)) as old, closing(DayWriter(new)) as kept:
        known = _known(old)
        for begin in _firsts(old, first, last):
            if (found := _stretch(old, begin)) is None:
                continue
            stretch, about = found
            names = names_of(stretch.plant)
            if known is not None:
                kept.ids(known)  # the numbers that the file has
            ids = kept.ids(names)  # without its table of points: as they came, stretch by stretch
            chunks = _chunks(old, damaged, stretch.first, ids)
            missing = [name for name, row in zip(names, ids, strict=True) if row not in chunks]
            kept.put(stretch, about, list(chunks.values()))
            kept.put_holes(
                [DayHole(first=stretch.first, last=stretch.last, point=n, reason=NOT_READABLE) for n in missing]
            )
            stretches, rows, lost = stretches + 1, rows + len(chunks), lost + len(missing)
        kept.put_reduced(_reduced(old))
        kept.put_holes(_holes(old))
    return Salvaged(stretches=stretches, rows=rows, lost_rows=lost)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0)


def _rows(connection: sqlite3.Connection, statement: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Rows up to the first that cannot be read."""
    try:
        yield from connection.execute(statement, values)
    except (sqlite3.DatabaseError, OverflowError):
        return


def _known(old: sqlite3.Connection) -> list[str] | None:
    """The points by their numbers, None where the table does not hold all of them."""
    found = list(_rows(old, "SELECT id, name FROM points ORDER BY id"))
    count = list(_rows(old, "SELECT count(*) FROM points"))
    whole = bool(found) and count == [(len(found),)] and [row for row, _ in found] == list(range(len(found)))
    return [str(name) for _, name in found] if whole else None


def _firsts(old: sqlite3.Connection, first: int, last: int) -> list[int]:
    """First scans of the stretches: from both ends of the table, and number by number where its middle is damaged."""
    found = {row[0] for row in _rows(old, "SELECT first FROM stretches ORDER BY first")}
    found |= {row[0] for row in _rows(old, "SELECT first FROM stretches ORDER BY first DESC")}
    found |= {row[0] for row in _rows(old, "SELECT first FROM stretches ORDER BY last")}
    if list(_rows(old, "SELECT count(*) FROM stretches NOT INDEXED")) != [(len(found),)]:
        for number in range(first, last + 1):
            found |= {row[0] for row in _rows(old, "SELECT first FROM stretches WHERE first = ?", (number,))}
    return sorted(number for number in found if isinstance(number, int) and first <= number <= last)


def _stretch(old: sqlite3.Connection, first: int) -> tuple[Stretch, bytes] | None:
    found = list(_rows(old, f"SELECT {STRETCH}, about FROM stretches WHERE first = ?", (first,)))  # noqa: S608  # fixed text
    sums = list(_rows(old, "SELECT sum FROM stretches WHERE first = ?", (first,)))
    if not found:
        return None
    try:
        *columns, about = found[0]
        if sums and sums[0][0] is not None and beside_sum(columns[-1], about) != sums[0][0]:
            return None
        unpack(about)
        return stretch_of(*columns), about
    except (DamagedFileError, ValueError, TypeError):
        return None


def _chunks(old: sqlite3.Connection, path: Path, first: int, ids: Sequence[int]) -> Mapping[int, Chunk]:
    """Rows whose sum holds, by point."""
    statement = f"SELECT {COLUMNS} FROM chunks WHERE id "  # noqa: S608  # fixed text
    low, high = row_id(first, min(ids)), row_id(first, max(ids))
    found = {row[0]: row for row in _rows(old, f"{statement} BETWEEN ? AND ?", (low, high))}
    wanted = set(ids)
    for number in (row_id(first, point) for point in wanted):
        if number not in found:
            found |= {row[0]: row for row in _rows(old, f"{statement} = ?", (number,))}
    kept: dict[int, Chunk] = {}
    for row in found.values():
        try:
            chunk = chunk_of(path, row)
        except (DamagedFileError, TypeError):
            continue
        if chunk.point in wanted:
            kept[chunk.point] = chunk
    return kept


def _reduced(old: sqlite3.Connection) -> list[Reduced]:
    return [Reduced(point=row[0], deadband=row[1]) for row in _rows(old, "SELECT point, deadband FROM reduced")]


def _holes(old: sqlite3.Connection) -> list[DayHole]:
    """What a repair before this one could not keep."""
    rows = _rows(old, "SELECT first, last, point, reason FROM holes")
    return [DayHole(first=row[0], last=row[1], point=row[2], reason=row[3]) for row in rows]
