"""rollup.db: how far the record is compacted, which day's file holds which scans, and hourly figures kept for years.

The compactor is its only writer. The scan service reads the mark and deletes what is taken; readers find files by it.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from plantsafe.errors import StoreError
from plantsafe.store.sqlite import open_reader, open_writer, transaction, translated

ROLLUP = "rollup.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFile:
    """One day's file: its name, and the first and last scan and instant in it."""

    name: str
    first: int
    last: int
    first_ns: int
    last_ns: int


def _version_1(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE mark (id INTEGER PRIMARY KEY CHECK (id = 1), compacted INTEGER NOT NULL) STRICT")
    connection.execute("INSERT INTO mark VALUES (1, 0)")
    connection.execute(
        "CREATE TABLE files (name TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, "
        "first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, rolled INTEGER NOT NULL DEFAULT 0) STRICT"
    )
    connection.execute("CREATE TABLE points (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT")
    connection.execute(
        "CREATE TABLE days (day INTEGER NOT NULL, point INTEGER NOT NULL, file TEXT NOT NULL, hours BLOB NOT NULL, "
        "PRIMARY KEY (day, point, file)) STRICT, WITHOUT ROWID"
    )


def _version_2(connection: sqlite3.Connection) -> None:
    """Files of which only what is kept for ever is left, and which scans were dropped as too old."""
    connection.execute("ALTER TABLE files ADD COLUMN thinned INTEGER NOT NULL DEFAULT 0")
    connection.execute("CREATE TABLE dropped (first INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT")


def _version_3(connection: sqlite3.Connection) -> None:
    """Files that are done with: of points that nothing judges, they keep what the plant file asks for."""
    connection.execute("ALTER TABLE files ADD COLUMN reduced INTEGER NOT NULL DEFAULT 0")


MIGRATIONS = (_version_1, _version_2, _version_3)


class RollupWriter:
    """The one writer of rollup.db."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ROLLUP
        self._connection = open_writer(self.path, MIGRATIONS)

    def compacted(self) -> int:
        """Number of the last scan that is in a day's file."""
        return _compacted(self._connection, self.path)

    def files(self) -> list[DayFile]:
        """The day's files, by their first scan."""
        return _files(self._connection, self.path)

    def take(self, file: DayFile) -> None:
        """`file` holds its scans now: the mark moves to its last."""
        with transaction(self._connection, self.path):
            self._connection.execute(
                "INSERT INTO files (name, first, last, first_ns, last_ns) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) "
                "DO UPDATE SET last = excluded.last, last_ns = max(last_ns, excluded.last_ns), "
                "first_ns = min(first_ns, excluded.first_ns), rolled = 0",
                (file.name, file.first, file.last, file.first_ns, file.last_ns),
            )
            self._connection.execute("UPDATE mark SET compacted = ?", (file.last,))

    def not_rolled(self) -> list[str]:
        """Files whose hourly figures are not kept here yet."""
        with translated(self.path):
            rows = self._connection.execute("SELECT name FROM files WHERE rolled = 0 ORDER BY first").fetchall()
        return [str(row[0]) for row in rows]

    def roll(self, name: str, day: int, hours: Iterable[tuple[str, bytes]]) -> None:
        """Keep the hourly figures that the file `name` has of a day (days since 1970-01-01), by point name."""
        with transaction(self._connection, self.path):
            execute = self._connection.execute
            ids = {str(point): int(row) for row, point in execute("SELECT id, name FROM points")}
            for point, data in hours:
                if point not in ids:
                    ids[point] = len(ids)
                    execute("INSERT INTO points VALUES (?, ?)", (ids[point], point))
                execute("INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?)", (day, ids[point], name, data))

    def rolled(self, name: str) -> None:
        """All days of the file `name` have their hourly figures here."""
        with transaction(self._connection, self.path):
            self._connection.execute("UPDATE files SET rolled = 1 WHERE name = ?", (name,))

    def not_reduced(self) -> list[DayFile]:
        """Files whose hourly figures are kept here and that were not looked at for points to reduce."""
        with translated(self.path):
            names = self._connection.execute("SELECT name FROM files WHERE rolled = 1 AND reduced = 0").fetchall()
        return [file for file in self.files() if (file.name,) in names]

    def reduced(self, name: str) -> None:
        """Of the file `name`, points that nothing judges are reduced."""
        with transaction(self._connection, self.path):
            self._connection.execute("UPDATE files SET reduced = 1 WHERE name = ?", (name,))

    def thinned_files(self) -> set[str]:
        """Names of the files of which only what is kept for ever is left."""
        with translated(self.path):
            return {str(row[0]) for row in self._connection.execute("SELECT name FROM files WHERE thinned = 1")}

    def drop(self, name: str, scans: Iterable[tuple[int, int]], *, whole: bool) -> None:
        """Scans (first, last) of the file were dropped as too old; `whole`: and the file with them."""
        with transaction(self._connection, self.path):
            if whole:
                self._connection.execute("DELETE FROM files WHERE name = ?", (name,))
            else:
                self._connection.execute("UPDATE files SET thinned = 1 WHERE name = ?", (name,))
            self._connection.executemany("INSERT OR REPLACE INTO dropped VALUES (?, ?)", scans)

    def close(self) -> None:
        """Fold the log into the file and close it."""
        self._connection.close()


class RollupReader:
    """Read-only view of rollup.db."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ROLLUP
        self._connection = open_reader(self.path, len(MIGRATIONS))

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def compacted(self) -> int:
        """Number of the last scan that is in a day's file."""
        return _compacted(self._connection, self.path)

    def files(self) -> list[DayFile]:
        """The day's files, by their first scan."""
        return _files(self._connection, self.path)

    def dropped(self) -> list[tuple[int, int]]:
        """First and last of the scans that were dropped as too old, in order."""
        with translated(self.path):
            if int(self._connection.execute("PRAGMA user_version").fetchone()[0]) < 2:
                return []
            return [(int(a), int(b)) for a, b in self._connection.execute("SELECT first, last FROM dropped ORDER BY 1")]

    def rolled_files(self) -> set[str]:
        """Names of the files whose hourly figures are complete."""
        with translated(self.path):
            return {str(row[0]) for row in self._connection.execute("SELECT name FROM files WHERE rolled = 1")}

    def days(self, point: str, first: int, last: int) -> list[tuple[int, str, bytes]]:
        """Day (since 1970-01-01), file and hourly figures of a point on days first..last; a day may be in two files."""
        with translated(self.path):
            found = self._connection.execute("SELECT id FROM points WHERE name = ?", (point,)).fetchone()
            if found is None:
                return []
            statement = "SELECT day, file, hours FROM days WHERE day = ? AND point = ? ORDER BY file"
            return [
                (int(row[0]), str(row[1]), bytes(row[2]))
                for day in range(first, last + 1)
                for row in self._connection.execute(statement, (day, found[0]))
            ]


def compacted_to(folder: Path, before: int) -> int:
    """The mark of a folder as the scan service needs it: `before` while it cannot be read, so nothing is deleted."""
    if not (folder / ROLLUP).is_file():
        return before
    try:
        reader = RollupReader(folder)
        try:
            return reader.compacted()
        finally:
            reader.close()
    except StoreError:
        return before


def _compacted(connection: sqlite3.Connection, path: Path) -> int:
    with translated(path):
        return int(connection.execute("SELECT compacted FROM mark").fetchone()[0])


def _files(connection: sqlite3.Connection, path: Path) -> list[DayFile]:
    with translated(path):
        rows = connection.execute("SELECT name, first, last, first_ns, last_ns FROM files ORDER BY first").fetchall()
    return [DayFile(name=r[0], first=r[1], last=r[2], first_ns=r[3], last_ns=r[4]) for r in rows]
