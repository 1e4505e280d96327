"""How every SQLite file of ours is opened: WAL, full sync, a version, and errors that a person can act on."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from plantsafe.errors import DamagedFileError, EmptyFileError, NewerFileError, StoreError

_BUSY_S = 5.0  # how long a connection waits for another process (site default)
Migration = Callable[[sqlite3.Connection], None]


def open_writer(path: Path, migrations: Sequence[Migration]) -> sqlite3.Connection:
    """The writing connection, migrated to `len(migrations)`; a newer file is refused untouched."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
        try:
            version = _version(connection)
            if version > len(migrations):
                raise NewerFileError(
                    f"{path} has version {version}; this plantsafe knows {len(migrations)}",
                    mend="run the newer plantsafe, or give another data folder",
                )
            _to_wal(connection)
            connection.execute("PRAGMA synchronous=FULL")
            while version < len(migrations):
                connection.execute("BEGIN IMMEDIATE")
                version = _version(connection)  # another process may have migrated while this one waited
                if version < len(migrations):
                    migrations[version](connection)
                    version += 1
                    connection.execute(f"PRAGMA user_version={version:d}")
                connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection


def _to_wal(connection: sqlite3.Connection) -> None:
    """Two processes that open a new file at once: SQLite does not wait for the other with this change, so we do."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            busy = (error.sqlite_errorcode & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def open_reader(path: Path, known_version: int) -> sqlite3.Connection:
    """A read-only connection; the file must exist and not be newer than `known_version`."""
    if not path.is_file():
        raise StoreError(f"there is no {path}", mend="start the scan service with this data folder first")
    with translated(path):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=_BUSY_S
        )
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        except BaseException:
            connection.close()
            raise
        if version == 0:
            connection.close()
            raise EmptyFileError(f"{path} is still empty", mend="let the scan service run first")
        if version > known_version:
            connection.close()
            raise NewerFileError(
                f"{path} has version {version}; this plantsafe knows {known_version}", mend="run the newer plantsafe"
            )
        return connection


def integrity(connection: sqlite3.Connection, path: Path) -> list[str]:
    """What SQLite finds wrong with a file, in words; empty when nothing is."""
    try:
        with translated(path):
            words = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    except DamagedFileError as error:
        return [error.message]
    return [word for word in words if word != "ok"]


def integrity_of(path: Path) -> list[str]:
    """`integrity` of a file that nobody here has open, whatever it holds."""
    try:
        with translated(path):
            connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)
    except StoreError as error:
        return [error.message]
    with closing(connection):
        return integrity(connection, path)


def copy(path: Path, to: Path) -> bool:
    """A file as it is at one instant, while its writer goes on: SQLite's online backup, in one step.

    False, and no copy, of a file that its writer is about to make.
    """
    with (
        translated(path),
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source,
        translated(to),
        closing(sqlite3.connect(to)) as target,
    ):
        target.execute("PRAGMA synchronous=FULL")
        source.backup(target)
        made = _version(target) > 0
    if not made:
        to.unlink()
    return made


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All or nothing; a failure rolls back and becomes one clear error."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors as ours, with the file's name and what would mend it."""
    try:
        yield
    except sqlite3.Error as error:
        raise _error_of(path, error) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be used: {error.strerror or error}", mend="check the folder's existence and its permissions"
        ) from error


def _error_of(path: Path, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreError(
            f"the disk is full: {path} cannot grow; what was recorded is safe", mend="free disk space, then start again"
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        mend = "keep the file, restore the last backup, or give an empty data folder"
        if path.stem.isdigit():
            mend = f"plantsafe history repair {path.stem} takes the file aside and keeps what can be read"
        return DamagedFileError(f"{path} is damaged ({error})", mend=mend)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreError(f"{path} cannot be written ({error})", mend="check the folder's permissions")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{path} is in use by another writer", mend="stop the other scan service of this data folder")
    return StoreError(f"{path}: {error}", mend="check the disk and the data folder")
