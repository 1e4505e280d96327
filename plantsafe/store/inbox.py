"""inbox.db: what people ask for. Dashboard and CLI write rows; the scan service reads them and never writes here."""

import sqlite3
from pathlib import Path

from plantsafe.errors import RequestError
from plantsafe.request import Request
from plantsafe.store.record import Taken, document_of, request_of
from plantsafe.store.sqlite import open_reader, open_writer, transaction, translated

INBOX = "inbox.db"


def _version_1(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE requests (row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, "
        "document TEXT NOT NULL) STRICT"
    )


def _version_2(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE documents (hash TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT")


MIGRATIONS = (_version_1, _version_2)


def submit(folder: Path, request: Request, *, document: str | None = None) -> None:
    """Put `request` into the inbox; a retry with the same id is taken once.

    `document` is a plant description that the request is about, kept under the request's subject, its hash.
    """
    if not request.actor:
        raise RequestError("a request needs the name of who makes it", mend="log in first")
    path = folder / INBOX
    connection = open_writer(path, MIGRATIONS)
    try:
        with transaction(connection, path):
            connection.execute(
                "INSERT OR IGNORE INTO requests (id, document) VALUES (?, ?)", (request.id, document_of(request))
            )
            if document is not None:
                connection.execute("INSERT OR IGNORE INTO documents VALUES (?, ?)", (request.subject, document))
    finally:
        connection.close()


def ensure_inbox(folder: Path) -> None:
    """Create an empty inbox, so that the scan service can watch it from the start."""
    open_writer(folder / INBOX, MIGRATIONS).close()


class InboxReader:
    """What came in since a row, in its order."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / INBOX
        self._connection = open_reader(self.path, len(MIGRATIONS))

    def after(self, row: int, limit: int = 200) -> list[Taken]:
        """Requests with rows above `row`, oldest first, at most `limit` a scan."""
        with translated(self.path):
            rows = self._connection.execute(
                "SELECT row, document FROM requests WHERE row > ? ORDER BY row LIMIT ?", (row, limit)
            ).fetchall()
        return [Taken(inbox_row=int(number), request=request_of(document)) for number, document in rows]

    def document(self, plant_hash: str) -> str | None:
        """The plant description that came with a request, by its hash."""
        with translated(self.path):
            row = self._connection.execute("SELECT document FROM documents WHERE hash = ?", (plant_hash,)).fetchone()
        return str(row[0]) if row else None

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
