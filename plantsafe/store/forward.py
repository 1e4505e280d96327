"""forward.db: how far the plant's historian has confirmed, what it will not take, and how it stands with it.

The forwarder is the only writer. The samples themselves are not here: the store is the spool.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plantsafe.errors import StoreError
from plantsafe.store.sqlite import open_reader, open_writer, transaction, translated

FORWARD = "forward.db"
_AGAIN = "forward.again"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A line that the historian refused for good, or scans that were gone before they could be sent."""

    scan: int
    line: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """scan, seq: last scan and event that are confirmed. confirmed_ns: when. trouble: why nothing goes on, else empty.

    dead: how many dead letters there are. since_ns: since when there is trouble, 0 without.
    """

    scan: int
    seq: int
    confirmed_ns: int
    trouble: str
    since_ns: int
    dead: int


def _version_1(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE standing (id INTEGER PRIMARY KEY CHECK (id = 1), scan INTEGER NOT NULL, seq INTEGER NOT NULL, "
        "confirmed_ns INTEGER NOT NULL, trouble TEXT NOT NULL, since_ns INTEGER NOT NULL) STRICT"
    )
    connection.execute("INSERT INTO standing VALUES (1, 0, 0, 0, '', 0)")
    connection.execute(
        "CREATE TABLE dead (id INTEGER PRIMARY KEY, scan INTEGER NOT NULL, line TEXT NOT NULL, "
        "reason TEXT NOT NULL) STRICT"
    )


MIGRATIONS = (_version_1,)


class ForwardWriter:
    """The one writer of forward.db."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FORWARD
        self._connection = open_writer(self.path, MIGRATIONS)

    def standing(self) -> Standing:
        """As it is now."""
        return _standing(self._connection, self.path)

    def confirm(self, scan: int, seq: int, now_ns: int, dead: Sequence[DeadLetter]) -> None:
        """Everything up to `scan` and event `seq` is at the historian, or a dead letter: one transaction."""
        with transaction(self._connection, self.path):
            self._connection.execute(
                "UPDATE standing SET scan = ?, seq = ?, confirmed_ns = ?, trouble = '', since_ns = 0",
                (scan, seq, now_ns),
            )
            self._bury(dead)

    def trouble(self, reason: str, now_ns: int) -> None:
        """Nothing goes on, and why."""
        with transaction(self._connection, self.path):
            self._connection.execute(
                "UPDATE standing SET trouble = ?, since_ns = CASE since_ns WHEN 0 THEN ? ELSE since_ns END",
                (reason, now_ns),
            )

    def rewind(self, scan: int, seq: int) -> None:
        """Send again what follows `scan` and event `seq`; what is refused then is a dead letter again."""
        with transaction(self._connection, self.path):
            self._connection.execute("DELETE FROM dead WHERE scan > ?", (scan,))
            self._connection.execute("UPDATE standing SET scan = min(scan, ?), seq = min(seq, ?)", (scan, seq))

    def dead(self) -> list[DeadLetter]:
        """All dead letters, oldest first."""
        return _dead(self._connection, self.path)

    def keep_dead(self, letters: Sequence[DeadLetter], *, of: int) -> None:
        """Of the oldest `of` dead letters only `letters` stay, the others were taken after all: one transaction."""
        with transaction(self._connection, self.path):
            self._connection.execute("DELETE FROM dead WHERE id IN (SELECT id FROM dead ORDER BY id LIMIT ?)", (of,))
            self._bury(letters)

    def _bury(self, letters: Sequence[DeadLetter]) -> None:
        self._connection.executemany(
            "INSERT INTO dead (scan, line, reason) VALUES (?, ?, ?)", [(d.scan, d.line, d.reason) for d in letters]
        )

    def close(self) -> None:
        """Fold the log into the file and close it."""
        self._connection.close()


class ForwardReader:
    """Read-only view of forward.db."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FORWARD
        self._connection = open_reader(self.path, len(MIGRATIONS))

    def standing(self) -> Standing:
        """As it is now."""
        return _standing(self._connection, self.path)

    def dead(self) -> list[DeadLetter]:
        """All dead letters, oldest first."""
        return _dead(self._connection, self.path)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def ask_again(folder: Path, scan: int) -> None:
    """Leave word for the forwarder, which may be running: send scans from `scan` on once more."""
    path = folder / _AGAIN
    with translated(path):
        new = path.with_name(f"{path.name}.new")
        new.write_text(str(scan), encoding="ascii")
        new.replace(path)


def asked_again(folder: Path) -> int | None:
    """From which scan on `ask_again` wants everything once more; None where nobody asked."""
    try:
        return int((folder / _AGAIN).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def answered_again(folder: Path) -> None:
    """The cursor is back there: the word is taken away."""
    (folder / _AGAIN).unlink(missing_ok=True)


def forwarded_to(folder: Path) -> tuple[int | None, int]:
    """The last scan that the historian has confirmed, None without a historian; and how many lines it refused."""
    if not (folder / FORWARD).is_file():
        return None, 0
    try:
        reader = ForwardReader(folder)
        try:
            standing = reader.standing()
        finally:
            reader.close()
    except StoreError:
        return None, 0
    return standing.scan, standing.dead


def _standing(connection: sqlite3.Connection, path: Path) -> Standing:
    with translated(path):
        row = connection.execute(
            "SELECT scan, seq, confirmed_ns, trouble, since_ns, (SELECT count(*) FROM dead) FROM standing"
        ).fetchone()
    return Standing(scan=row[0], seq=row[1], confirmed_ns=row[2], trouble=row[3], since_ns=row[4], dead=row[5])


def _dead(connection: sqlite3.Connection, path: Path) -> list[DeadLetter]:
    with translated(path):
        rows = connection.execute("SELECT scan, line, reason FROM dead ORDER BY id").fetchall()
    return [DeadLetter(scan=row[0], line=row[1], reason=row[2]) for row in rows]
