"""YYYYMMDD.db: the samples of one UTC day, a stretch of scans of one point a row; the compactor is the only writer.

Rows are found by their number (first scan of the stretch, point), which grows as the day does: no index, and a page
that is full is never written again. Each row has the sum of its bytes, for SQLite does not sum its pages.
"""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plantsafe.errors import DamagedFileError
from plantsafe.frame import I8
from plantsafe.store.sqlite import open_reader, open_writer, transaction, translated

_POINT_BITS = 20  # a million points a day
_MASK = (1 << _POINT_BITS) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One point over one stretch. count, low, high, total: of its usable values; good: how many of them are Good.

    last: the newest value; None where it is NaN. worst: the largest status code.
    """

    point: int
    count: int
    good: int
    low: float | None
    high: float | None
    total: float
    last: float | None
    worst: int
    samples: bytes
    times: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Consecutive scans of one plant description. first_ns, last_ns: the earliest and the latest instant.

    number, time_ns (n,): of each scan.
    """

    first: int
    last: int
    first_ns: int
    last_ns: int
    plant: str
    number: I8
    time_ns: I8


def _version_1(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE points (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT")
    connection.execute(
        "CREATE TABLE stretches (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, first_ns INTEGER NOT NULL, "
        "last_ns INTEGER NOT NULL, plant TEXT NOT NULL, scans BLOB NOT NULL, about BLOB NOT NULL) STRICT"
    )
    connection.execute("CREATE INDEX stretches_by_last ON stretches (last)")
    connection.execute(
        "CREATE TABLE chunks (id INTEGER PRIMARY KEY, count INTEGER NOT NULL, good INTEGER NOT NULL, low REAL, "
        "high REAL, total REAL NOT NULL, last REAL, worst INTEGER NOT NULL, samples BLOB NOT NULL, "
        "times BLOB NOT NULL, sum INTEGER NOT NULL) STRICT"
    )


MIGRATIONS = (_version_1,)
_COLUMNS = "id, count, good, low, high, total, last, worst, samples, times, sum"
_STRETCH = "first, last, first_ns, last_ns, plant, scans"
_ONE = f"SELECT {_COLUMNS} FROM chunks WHERE id = ?"  # noqa: S608  # fixed text


class DayWriter:
    """The one writer of a day's file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_writer(path, MIGRATIONS)
        with translated(path):
            self._ids = {str(name): int(row) for row, name in self._connection.execute("SELECT id, name FROM points")}

    def ids(self, names: Sequence[str]) -> list[int]:
        """The number of each point in this file; new ones get the next."""
        new = [name for name in names if name not in self._ids]
        if new:
            with transaction(self._connection, self.path):
                for name in new:
                    row = len(self._ids)
                    self._connection.execute("INSERT INTO points VALUES (?, ?)", (row, name))
                    self._ids[name] = row
        return [self._ids[name] for name in names]

    def stretches(self) -> list[Stretch]:
        """All stretches, oldest first."""
        return _stretches(self._connection, self.path)

    def chunks(self, first: int, low: int = 0, high: int = _MASK) -> list[Chunk]:
        """The points numbered low..high of the stretch that begins with scan `first`."""
        return _chunks(self._connection, self.path, first, low, high)

    def about(self, first: int) -> bytes:
        """What the scans of the stretch that begins with scan `first` have beside their samples."""
        return _about(self._connection, self.path, first)

    def put(self, stretch: Stretch, about: bytes, chunks: Sequence[Chunk], *, instead_of: Sequence[int] = ()) -> None:
        """One stretch, whole or not at all, in the place of the stretches that begin with `instead_of`."""
        with transaction(self._connection, self.path):
            for first in instead_of:
                self._drop(first)
            self._connection.execute(
                "INSERT INTO stretches VALUES (?, ?, ?, ?, ?, ?, ?)",
                (stretch.first, stretch.last, stretch.first_ns, stretch.last_ns, stretch.plant, _scans(stretch), about),
            )
            self._connection.executemany(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (stretch.first << _POINT_BITS | c.point, c.count, c.good, c.low, c.high, c.total, c.last, c.worst,
                     c.samples, c.times, zlib.crc32(c.times, zlib.crc32(c.samples)))
                    for c in chunks
                ],
            )  # fmt: skip

    def drop_after(self, number: int) -> None:
        """Forget stretches that begin after scan `number`: written, but never marked as taken."""
        with transaction(self._connection, self.path):
            for stretch in self.stretches():
                if stretch.first > number:
                    self._drop(stretch.first)

    def _drop(self, first: int) -> None:
        self._connection.execute("DELETE FROM stretches WHERE first = ?", (first,))
        self._connection.execute(
            "DELETE FROM chunks WHERE id BETWEEN ? AND ?", (first << _POINT_BITS, first << _POINT_BITS | _MASK)
        )

    def close(self) -> None:
        """Fold the log into the file and close it."""
        self._connection.close()


class DayReader:
    """Read-only view of one day's file, safe beside the writer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_reader(path, len(MIGRATIONS))
        self._ids: dict[str, int] = {}

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def ids(self, names: Sequence[str]) -> list[int | None]:
        """The number of each point in this file, None for one that it does not have."""
        with translated(self.path):
            for name in names:
                if name not in self._ids:
                    row = self._connection.execute("SELECT id FROM points WHERE name = ?", (name,)).fetchone()
                    if row is not None:
                        self._ids[name] = int(row[0])
        return [self._ids.get(name) for name in names]

    def names(self) -> list[str]:
        """The names of the points, by their numbers."""
        with translated(self.path):
            return [str(row[0]) for row in self._connection.execute("SELECT name FROM points ORDER BY id")]

    @contextmanager
    def view(self) -> Iterator[None]:
        """What is read inside belongs together, whatever the compactor does meanwhile; hold it for one stretch."""
        with translated(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    def stretch_at(self, number: int, last: int) -> Stretch | None:
        """The first stretch that has a scan in number..last."""
        with translated(self.path):
            row = self._connection.execute(
                f"SELECT {_STRETCH} FROM stretches WHERE last >= ? AND first <= ? ORDER BY first LIMIT 1",  # noqa: S608  # fixed text
                (number, last),
            ).fetchone()
        return None if row is None else _stretch(*row)

    def stretches(self, first: int, last: int) -> list[Stretch]:
        """Stretches with scans in first..last, oldest first."""
        return _stretches(self._connection, self.path, first, last)

    def between(self, from_ns: int, to_ns: int) -> list[tuple[int, int, int, I8]]:
        """(first scan, first_ns, last_ns, time_ns (n,)) of the stretches with scans in [from_ns, to_ns), in order."""
        with translated(self.path):
            rows = self._connection.execute(
                "SELECT first, first_ns, last_ns, scans FROM stretches "
                "WHERE last_ns >= ? AND first_ns < ? ORDER BY first",
                (from_ns, to_ns),
            ).fetchall()
        return [(*row[:3], _instants(row[3], row[1])) for row in rows]

    def chunks(self, first: int) -> list[Chunk]:
        """All points of the stretch that begins with scan `first`."""
        return _chunks(self._connection, self.path, first)

    def about(self, first: int) -> bytes:
        """What the scans of the stretch that begins with scan `first` have beside their samples."""
        return _about(self._connection, self.path, first)

    def chunk(self, first: int, point: int) -> Chunk | None:
        """One point of the stretch that begins with scan `first`, None where it is not in it."""
        with translated(self.path):
            row = self._connection.execute(_ONE, (first << _POINT_BITS | point,)).fetchone()
        return None if row is None else _chunk(self.path, row)

    def stored_bytes(self, first: int, point: int) -> int:
        """What one point of a stretch takes, without the head of its row."""
        with translated(self.path):
            row = self._connection.execute(
                "SELECT length(samples) + length(times) FROM chunks WHERE id = ?", (first << _POINT_BITS | point,)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def damage(self) -> list[str]:
        """What is wrong with the file, in words; empty when nothing is."""
        try:
            with translated(self.path):
                words = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check(20)")]
        except DamagedFileError as error:
            return [error.message]
        found = [word for word in words if word != "ok"]
        for stretch in self.stretches(0, 1 << 62):
            try:
                self.chunks(stretch.first)
            except DamagedFileError as error:
                found.append(f"scans {stretch.first} to {stretch.last}: {error.message}")
        return found


def _scans(stretch: Stretch) -> bytes:
    """Numbers and times of the scans from the first on; 12 bytes a scan, read in no time."""
    number = (stretch.number - stretch.first).astype(np.uint32)
    return number.tobytes() + (stretch.time_ns - stretch.first_ns).tobytes()


def _stretches(connection: sqlite3.Connection, path: Path, first: int = 0, last: int = 1 << 62) -> list[Stretch]:
    with translated(path):
        rows = connection.execute(
            f"SELECT {_STRETCH} FROM stretches "  # noqa: S608  # fixed text
            "WHERE first <= ? AND last >= ? ORDER BY first",
            (last, first),
        ).fetchall()
    return [_stretch(*row) for row in rows]


def _stretch(first: int, last: int, first_ns: int, last_ns: int, plant: str, scans: bytes) -> Stretch:
    n = len(scans) // 12
    return Stretch(
        first=first,
        last=last,
        first_ns=first_ns,
        last_ns=last_ns,
        plant=plant,
        number=np.frombuffer(scans, dtype=np.uint32, count=n).astype(np.int64) + first,
        time_ns=_instants(scans, first_ns),
    )


def _instants(scans: bytes, first_ns: int) -> I8:
    return np.frombuffer(scans, dtype=np.int64, offset=len(scans) // 3) + first_ns


def _about(connection: sqlite3.Connection, path: Path, first: int) -> bytes:
    with translated(path):
        return bytes(connection.execute("SELECT about FROM stretches WHERE first = ?", (first,)).fetchone()[0])


def _chunks(connection: sqlite3.Connection, path: Path, first: int, low: int = 0, high: int = _MASK) -> list[Chunk]:
    with translated(path):
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id",  # noqa: S608  # fixed text
            (first << _POINT_BITS | low, first << _POINT_BITS | high),
        ).fetchall()
    return [_chunk(path, row) for row in rows]


def _chunk(path: Path, row: tuple[int, int, int, float, float, float, float, int, bytes, bytes, int]) -> Chunk:
    number, count, good, low, high, total, last, worst, samples, times, kept = row
    if zlib.crc32(times, zlib.crc32(samples)) != kept:
        raise DamagedFileError(
            f"{path}: samples of point {number & _MASK} from scan {number >> _POINT_BITS} on are damaged",
            mend="plantsafe history repair takes the file aside and keeps what can be read",
        )
    return Chunk(
        point=number & _MASK,
        count=count,
        good=good,
        low=low,
        high=high,
        total=total,
        last=last,
        worst=worst,
        samples=samples,
        times=times,
    )
