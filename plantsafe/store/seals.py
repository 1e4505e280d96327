"""seals.db: the seals of the journal, and which of them each place outside has. The sealer is the only writer."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from plantsafe.errors import StoreError
from plantsafe.store.sqlite import open_reader, open_writer, transaction, translated

SEALS = "seals.db"
_SLICE = 500  # rows a read takes at most (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceStanding:
    """delivered: number of the last seal that the place has, 0 for none; scan_ns: time of the scan of that seal, or of
    the first seal after the place was named. trouble: why nothing goes on, else empty; since_ns: since when.
    """

    name: str
    delivered: int
    scan_ns: int
    delivered_ns: int
    trouble: str
    since_ns: int


def _version_1(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE seals (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, scan_ns INTEGER NOT NULL, "
        "document TEXT NOT NULL) STRICT"
    )
    connection.execute(
        "CREATE TABLE places (name TEXT PRIMARY KEY, delivered INTEGER NOT NULL, scan_ns INTEGER NOT NULL, "
        "delivered_ns INTEGER NOT NULL, trouble TEXT NOT NULL, since_ns INTEGER NOT NULL) STRICT"
    )


MIGRATIONS = (_version_1,)


class SealWriter:
    """The one writer of seals.db."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / SEALS
        self._connection = open_writer(self.path, MIGRATIONS)

    def add(self, number: int, seq: int, scan_ns: int, document: str) -> None:
        """Keep a seal."""
        with transaction(self._connection, self.path):
            self._connection.execute("INSERT INTO seals VALUES (?, ?, ?, ?)", (number, seq, scan_ns, document))

    def only_places(self, names: Sequence[str], scan_ns: int) -> None:
        """These are the places now; a new one begins to wait at `scan_ns`, and gets the newest seal first."""
        with transaction(self._connection, self.path):
            self._connection.executemany(
                "INSERT OR IGNORE INTO places SELECT ?, max(0, coalesce(max(number), 0) - 1), ?, 0, '', 0 FROM seals",
                [(name, scan_ns) for name in names],
            )
            marks = ",".join("?" * len(names))
            self._connection.execute(f"DELETE FROM places WHERE name NOT IN ({marks})", list(names))  # noqa: S608  # fixed text

    def delivered(self, name: str, number: int, now_ns: int) -> None:
        """The place has every seal up to `number`."""
        with transaction(self._connection, self.path):
            self._connection.execute(
                "UPDATE places SET delivered = ?1, delivered_ns = ?2, trouble = '', since_ns = 0, "
                "scan_ns = (SELECT scan_ns FROM seals WHERE number = ?1) WHERE name = ?3 AND delivered < ?1",
                (number, now_ns, name),
            )

    def trouble(self, name: str, reason: str, now_ns: int) -> None:
        """The place takes nothing, and why."""
        with transaction(self._connection, self.path):
            self._connection.execute(
                "UPDATE places SET trouble = ?, since_ns = CASE since_ns WHEN 0 THEN ? ELSE since_ns END "
                "WHERE name = ?",
                (reason, now_ns, name),
            )

    def close(self) -> None:
        """Fold the log into the file and close it."""
        self._connection.close()


class SealReader:
    """Read-only view of seals.db."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / SEALS
        self._connection = open_reader(self.path, len(MIGRATIONS))

    def documents(self, after: int = 0, most: int | None = None) -> Iterator[str]:
        """Seals with numbers above `after`, in order; the newest `most` of them where it is given."""
        if most is not None:
            with translated(self.path):
                newest = self._connection.execute("SELECT coalesce(max(number), 0) FROM seals").fetchone()[0]
            after = max(after, newest - most)
        while True:
            with translated(self.path):
                rows = self._connection.execute(
                    "SELECT number, document FROM seals WHERE number > ? ORDER BY number LIMIT ?", (after, _SLICE)
                ).fetchall()
            yield from (str(document) for _, document in rows)
            if len(rows) < _SLICE:
                return
            after = int(rows[-1][0])

    def places(self) -> list[PlaceStanding]:
        """How it stands with each place, by name."""
        with translated(self.path):
            rows = self._connection.execute(
                "SELECT name, delivered, scan_ns, delivered_ns, trouble, since_ns FROM places ORDER BY name"
            ).fetchall()
        return [
            PlaceStanding(name=n, delivered=d, scan_ns=s, delivered_ns=at, trouble=t, since_ns=since)
            for n, d, s, at, t, since in rows
        ]

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def __enter__(self) -> "SealReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def outside_since_ns(folder: Path) -> int | None:
    """Time of the scan whose head every place outside has; None where no place is known, or none can be read."""
    if not (folder / SEALS).is_file():
        return None
    try:
        with SealReader(folder) as reader:
            return min((place.scan_ns for place in reader.places()), default=None)
    except StoreError:
        return None
