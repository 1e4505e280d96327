"""YYYYMMDD.db: the samples of one UTC day, a stretch of scans of one point a row; the compactor is the only writer.

Rows are found by their number (first scan of the stretch, point), which grows as the day does: no index, and a page
that is full is never written again. Each row has the sum of its bytes, for SQLite does not sum its pages.
"""

import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plantsafe.errors import DamagedFileError
from plantsafe.frame import I8
from plantsafe.store.sqlite import integrity, open_reader, open_writer, transaction, translated

_POINT_BITS = 20  # a million points a day
_AT_ONCE = 500  # rows of one statement (site default)
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
class DayHole:
    """Scans of a point, or of all (`point` empty), that a repair could not keep."""

    first: int
    last: int
    point: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """Samples of a point that are up to `deadband` from what was read; minima, maxima and sums are of what was read."""

    point: str
    deadband: float


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


def _version_2(connection: sqlite3.Connection) -> None:
    """What a repair could not keep, and a sum over what a stretch has beside its rows (NULL: from before)."""
    connection.execute(
        "CREATE TABLE holes (first INTEGER NOT NULL, last INTEGER NOT NULL, point TEXT NOT NULL, "
        "reason TEXT NOT NULL, PRIMARY KEY (first, last, point)) STRICT, WITHOUT ROWID"
    )
    connection.execute("ALTER TABLE stretches ADD COLUMN sum INTEGER")


def _version_3(connection: sqlite3.Connection) -> None:
    """Points whose samples were reduced, by how much: it happens once, for twice would be twice the error."""
    connection.execute("CREATE TABLE reduced (point TEXT PRIMARY KEY, deadband REAL NOT NULL) STRICT, WITHOUT ROWID")


MIGRATIONS = (_version_1, _version_2, _version_3)
COLUMNS = "id, count, good, low, high, total, last, worst, samples, times, sum"
STRETCH = "first, last, first_ns, last_ns, plant, scans"
_ONE = f"SELECT {COLUMNS} FROM chunks WHERE id = ?"  # noqa: S608  # fixed text


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
            scans = _scans(stretch)
            self._connection.execute(
                "INSERT INTO stretches VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (stretch.first, stretch.last, stretch.first_ns, stretch.last_ns, stretch.plant, scans, about,
                 beside_sum(scans, about)),
            )  # fmt: skip
            self._insert(stretch.first, chunks)

    def _insert(self, first: int, chunks: Sequence[Chunk]) -> None:
        self._connection.executemany(
            "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (row_id(first, c.point), c.count, c.good, c.low, c.high, c.total, c.last, c.worst,
                 c.samples, c.times, zlib.crc32(c.times, zlib.crc32(c.samples)))
                for c in chunks
            ],
        )  # fmt: skip

    def put_holes(self, holes: Sequence[DayHole]) -> None:
        """Name what is not here."""
        with transaction(self._connection, self.path):
            self._connection.executemany(
                "INSERT OR REPLACE INTO holes VALUES (?, ?, ?, ?)",
                [(hole.first, hole.last, hole.point, hole.reason) for hole in holes],
            )

    def holes(self) -> list[DayHole]:
        """What a repair could not keep."""
        return _holes(self._connection, self.path)

    def fill(self, first: int, chunks: Sequence[Chunk], holes: Sequence[DayHole]) -> None:
        """Rows that the stretch that begins with scan `first` was without; the holes that named them are no more."""
        with transaction(self._connection, self.path):
            self._insert(first, chunks)
            self._connection.executemany(
                "DELETE FROM holes WHERE first = ? AND last = ? AND point = ?",
                [(hole.first, hole.last, hole.point) for hole in holes],
            )

    def put_reduced(self, points: Sequence[Reduced]) -> None:
        """Say whose samples are not all as they were read."""
        with transaction(self._connection, self.path):
            self._connection.executemany(
                "INSERT OR REPLACE INTO reduced VALUES (?, ?)", [(one.point, one.deadband) for one in points]
            )

    def drop_after(self, number: int) -> None:
        """Forget stretches that begin after scan `number`: written, but never marked as taken."""
        with transaction(self._connection, self.path):
            for stretch in self.stretches():
                if stretch.first > number:
                    self._drop(stretch.first)

    def _drop(self, first: int) -> None:
        self._connection.execute("DELETE FROM stretches WHERE first = ?", (first,))
        self._connection.execute(
            "DELETE FROM chunks WHERE id BETWEEN ? AND ?", (row_id(first, 0), row_id(first, _MASK))
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
                f"SELECT {STRETCH} FROM stretches WHERE last >= ? AND first <= ? ORDER BY first LIMIT 1",  # noqa: S608  # fixed text
                (number, last),
            ).fetchone()
        return None if row is None else stretch_of(*row)

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

    def chunks_of(self, point: int, firsts: Sequence[int]) -> dict[int, Chunk]:
        """One point in the stretches that begin with the scans `firsts`, where it is in them."""
        found: dict[int, Chunk] = {}
        with translated(self.path):
            for begin in range(0, len(firsts), _AT_ONCE):
                some = [row_id(first, point) for first in firsts[begin : begin + _AT_ONCE]]
                marks = ",".join("?" * len(some))
                rows = self._connection.execute(f"SELECT {COLUMNS} FROM chunks WHERE id IN ({marks})", some)  # noqa: S608  # marks only
                found |= {row[0] >> _POINT_BITS: chunk_of(self.path, row) for row in rows}
        return found

    def chunk(self, first: int, point: int) -> Chunk | None:
        """One point of the stretch that begins with scan `first`, None where it is not in it."""
        with translated(self.path):
            row = self._connection.execute(_ONE, (row_id(first, point),)).fetchone()
        return None if row is None else chunk_of(self.path, row)

    def stored_bytes(self, first: int, point: int) -> int:
        """What one point of a stretch takes, without the head of its row."""
        with translated(self.path):
            row = self._connection.execute(
                "SELECT length(samples) + length(times) FROM chunks WHERE id = ?", (row_id(first, point),)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def holes(self) -> list[DayHole]:
        """What a repair could not keep."""
        return _holes(self._connection, self.path)

    def reduced(self) -> list[Reduced]:
        """Points whose samples are not all as they were read."""
        with translated(self.path):
            if int(self._connection.execute("PRAGMA user_version").fetchone()[0]) < 3:
                return []
            rows = self._connection.execute("SELECT point, deadband FROM reduced ORDER BY point").fetchall()
        return [Reduced(point=point, deadband=deadband) for point, deadband in rows]

    def damage(self, names_of: Callable[[str], Collection[str]]) -> list[str]:
        """What is wrong with the file, in words; empty when nothing is. `names_of`: points of a plant description."""
        if found := integrity(self._connection, self.path):
            return found
        holes = {(hole.first, hole.point) for hole in self.holes()}
        for stretch in self.stretches(0, 1 << 62):
            where = f"scans {stretch.first} to {stretch.last}"
            try:
                chunks = self.chunks(stretch.first)
                self._check_sum(stretch.first)
            except DamagedFileError as error:
                found.append(f"{where}: {error.message}")
                continue
            ids = self.ids(tuple(names_of(stretch.plant)))
            missing = {*ids} - {chunk.point for chunk in chunks}
            lost = [n for n, row in zip(names_of(stretch.plant), ids, strict=True) if row in missing]
            lost = [name for name in lost if (stretch.first, name) not in holes]
            if lost:
                found.append(f"{where}: {len(lost)} points without samples, {lost[0]} the first")
        return found

    def _check_sum(self, first: int) -> None:
        with translated(self.path):
            if int(self._connection.execute("PRAGMA user_version").fetchone()[0]) < 2:
                return
            row = self._connection.execute(
                "SELECT scans, about, sum FROM stretches WHERE first = ?", (first,)
            ).fetchone()
        if row[2] is not None and beside_sum(row[0], row[1]) != row[2]:
            raise _damaged(self.path, f"what stands beside the samples from scan {first} on is damaged")


def row_id(first: int, point: int) -> int:
    """Number of the row of a point in the stretch that begins with scan `first`."""
    return first << _POINT_BITS | point


def beside_sum(scans: bytes, about: bytes) -> int:
    """Sum over what a stretch has beside its rows."""
    return zlib.crc32(about, zlib.crc32(scans))


def _scans(stretch: Stretch) -> bytes:
    """Numbers and times of the scans from the first on; 12 bytes a scan, read in no time."""
    number = (stretch.number - stretch.first).astype(np.uint32)
    return number.tobytes() + (stretch.time_ns - stretch.first_ns).tobytes()


def _stretches(connection: sqlite3.Connection, path: Path, first: int = 0, last: int = 1 << 62) -> list[Stretch]:
    with translated(path):
        rows = connection.execute(
            f"SELECT {STRETCH} FROM stretches "  # noqa: S608  # fixed text
            "WHERE first <= ? AND last >= ? ORDER BY first",
            (last, first),
        ).fetchall()
    return [stretch_of(*row) for row in rows]


def stretch_of(first: int, last: int, first_ns: int, last_ns: int, plant: str, scans: bytes) -> Stretch:
    """A row of `stretches` by its columns STRETCH."""
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


def _holes(connection: sqlite3.Connection, path: Path) -> list[DayHole]:
    with translated(path):
        if int(connection.execute("PRAGMA user_version").fetchone()[0]) < 2:
            return []
        rows = connection.execute("SELECT first, last, point, reason FROM holes ORDER BY first").fetchall()
    return [DayHole(first=first, last=last, point=point, reason=reason) for first, last, point, reason in rows]


def _about(connection: sqlite3.Connection, path: Path, first: int) -> bytes:
    with translated(path):
        return bytes(connection.execute("SELECT about FROM stretches WHERE first = ?", (first,)).fetchone()[0])


def _chunks(connection: sqlite3.Connection, path: Path, first: int, low: int = 0, high: int = _MASK) -> list[Chunk]:
    with translated(path):
        rows = connection.execute(
            f"SELECT {COLUMNS} FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id",  # noqa: S608  # fixed text
            (row_id(first, low), row_id(first, high)),
        ).fetchall()
    return [chunk_of(path, row) for row in rows]


def chunk_of(path: Path, row: tuple[int, int, int, float, float, float, float, int, bytes, bytes, int]) -> Chunk:
    """A row of `chunks` by its columns COLUMNS; raises DamagedFileError where its sum does not hold."""
    number, count, good, low, high, total, last, worst, samples, times, kept = row
    if zlib.crc32(times, zlib.crc32(samples)) != kept:
        raise _damaged(path, f"samples of point {number & _MASK} from scan {number >> _POINT_BITS} on are damaged")
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


def _damaged(path: Path, what: str) -> DamagedFileError:
    return DamagedFileError(
        f"{path}: {what}",
        mend=f"plantsafe history repair {path.stem} takes the file aside and keeps what can be read",
    )
