"""record.db: frames, chained events, requests taken, snapshots and the latest picture; one transaction a scan.

The scan service is its only writer. Readers open it read-only and hold no transaction for longer than one slice.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.errors import StoreError
from plantsafe.frame import Frame
from plantsafe.request import Request, RequestKind, Role
from plantsafe.store.arrays import pack, unpack
from plantsafe.store.frames import decode_frame, encode_frame
from plantsafe.store.sqlite import open_reader, open_writer, transaction, translated

RECORD = "record.db"
_SLICE = 500  # rows a read transaction takes at most (site default)
_SNAPSHOTS_KEPT = 5  # site default
_FRAMES_KEPT = 300  # newest frames: a restart needs those since its snapshot, pages draw five minutes (site default)
_FRAMES_DROPPED = 4  # numbers a scan; a backlog goes four times as fast as it came (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One row of the journal as it is stored; `body` is canonical JSON text."""

    seq: int
    scan: int
    time_ns: int
    kind: str
    subject: str
    actor: str
    body: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The engine's whole state after scan `number`, valid for one plant and one engine version."""

    number: int
    plant: str
    engine: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A request that a scan took up, with its row in the inbox (the cursor)."""

    inbox_row: int
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """Up to which event the journal was moved out: its number, its hash, and the states after it as JSON text."""

    seq: int
    hash: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The samples of one frame, still packed (`frames.decode_samples`)."""

    number: int
    plant: str
    time_ns: int
    packed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The picture after the newest scan: the frame, and the live arrays of the engine by name."""

    frame: Frame
    live: dict[str, NDArray[Any]]


def _version_1(connection: sqlite3.Connection) -> None:
    for statement in (
        "CREATE TABLE plants (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, document TEXT NOT NULL) STRICT",
        "CREATE TABLE frames (number INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, plant INTEGER NOT NULL, "
        "data BLOB NOT NULL) STRICT",
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, scan INTEGER NOT NULL, time_ns INTEGER NOT NULL, "
        "kind TEXT NOT NULL, subject TEXT NOT NULL, actor TEXT NOT NULL, body TEXT NOT NULL, "
        "previous TEXT NOT NULL, hash TEXT NOT NULL) STRICT",
        "CREATE INDEX events_by_kind ON events (kind, seq)",
        "CREATE INDEX events_by_subject ON events (subject, seq)",
        "CREATE TABLE requests (id TEXT PRIMARY KEY, scan INTEGER NOT NULL, inbox_row INTEGER NOT NULL, "
        "document TEXT NOT NULL) STRICT",
        "CREATE INDEX requests_by_scan ON requests (scan, inbox_row)",
        "CREATE TABLE snapshots (number INTEGER PRIMARY KEY, plant TEXT NOT NULL, engine TEXT NOT NULL, "
        "data BLOB NOT NULL) STRICT",
        "CREATE TABLE latest (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, "
        "data BLOB NOT NULL) STRICT",
    ):
        connection.execute(statement)


def _version_2(connection: sqlite3.Connection) -> None:
    """Samples apart from the rest of a frame; rows from before keep both in `data`."""
    connection.execute("ALTER TABLE frames ADD COLUMN about BLOB")


def _version_3(connection: sqlite3.Connection) -> None:
    """What alarms did, in typed columns: key figures read no JSON. The names stand once each."""
    connection.execute("CREATE TABLE alarm_names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT")
    connection.execute(
        "CREATE TABLE alarm_moves (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, time_ns INTEGER NOT NULL, "
        "name INTEGER NOT NULL, what INTEGER NOT NULL, priority INTEGER NOT NULL) STRICT"
    )
    _insert_moves(connection, 1, 2**62)


def _insert_moves(connection: sqlite3.Connection, first: int, last: int) -> None:
    """Typed rows of the alarm events first..last; an event may be two moves: off the shelf, and announced."""
    alarms = "seq BETWEEN ? AND ? AND kind LIKE 'alarm\\_%' ESCAPE '\\'"
    connection.execute(
        f"INSERT OR IGNORE INTO alarm_names (name) SELECT DISTINCT subject FROM events WHERE {alarms}",  # noqa: S608  # fixed text
        (first, last),
    )
    connection.execute(
        f"WITH told AS (SELECT seq, time_ns, subject, kind, "  # noqa: S608  # fixed text
        "coalesce(json_extract(body, '$.annunciates'), kind = 'alarm_raised') AS came, "
        f"coalesce(json_extract(body, '$.priority'), 0) AS priority FROM events WHERE {alarms}), "
        "moves AS (SELECT seq, 1 AS part, CASE kind WHEN 'alarm_acknowledged' THEN 2 WHEN 'alarm_shelved' THEN 3 "
        "WHEN 'alarm_unshelved' THEN 4 ELSE 1 END AS what FROM told WHERE kind IN ('alarm_acknowledged', "
        "'alarm_shelved', 'alarm_unshelved', 'alarm_cleared', 'alarm_suppressed', 'alarm_out_of_service', "
        "'alarm_removed') UNION ALL SELECT seq, 2, 0 FROM told WHERE came) "
        "INSERT INTO alarm_moves (seq, time_ns, name, what, priority) SELECT m.seq, t.time_ns, n.id, m.what, "
        "t.priority FROM moves m JOIN told t ON t.seq = m.seq JOIN alarm_names n ON n.name = t.subject "
        "ORDER BY m.seq, m.part",
        (first, last),
    )


def _version_4(connection: sqlite3.Connection) -> None:
    """Where the journal begins, once its first years were moved out."""
    connection.execute(
        "CREATE TABLE archived (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, "
        "state TEXT NOT NULL) STRICT"
    )


MIGRATIONS = (_version_1, _version_2, _version_3, _version_4)


class RecordWriter:
    """The one writer of record.db."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / RECORD
        self._connection = open_writer(self.path, MIGRATIONS)
        self._plant_ids: dict[str, int] = {}
        self._dropped = 0  # up to which event `drop_archived` came

    def add_plant(self, plant_hash: str, document: str) -> None:
        """Keep the plant description that frames of `plant_hash` belong to; bytes under a hash are never rewritten."""
        with transaction(self._connection, self.path):
            self._connection.execute(
                "INSERT OR IGNORE INTO plants (hash, document) VALUES (?, ?)", (plant_hash, document)
            )
        row = self._connection.execute("SELECT id FROM plants WHERE hash = ?", (plant_hash,)).fetchone()
        self._plant_ids[plant_hash] = int(row[0])

    def knows(self, plant_hash: str) -> bool:
        """Whether `add_plant` was called for that description."""
        return plant_hash in self._plant_ids

    def write_scan(
        self,
        frame: Frame,
        events: Sequence[EventRow],
        taken: Sequence[Taken],
        live: dict[str, NDArray[Any]] | None,
        snapshot: Snapshot | None,
        *,
        compacted: int = 0,
    ) -> None:
        """One scan, whole or not at all, on disk when this returns. Without `live` the latest picture stays as it is.

        Frames up to scan `compacted` are in a day's file: a few of them go with each scan, the newest ones stay.
        """
        data, about = encode_frame(frame)
        picture = pack(live) if live is not None else None
        with transaction(self._connection, self.path):
            execute = self._connection.execute
            execute(
                "INSERT INTO frames (number, time_ns, plant, data, about) VALUES (?, ?, ?, ?, ?)",
                (frame.number, frame.time_ns, self._plant_ids[frame.plant], data, about),
            )
            if (last := min(compacted, frame.number - _FRAMES_KEPT)) > 0:
                execute(
                    "DELETE FROM frames WHERE number <= min(?, (SELECT min(number) FROM frames) + ?)",
                    (last, _FRAMES_DROPPED - 1),
                )
            self._insert_events(events)
            if taken:
                self._connection.executemany(
                    "INSERT INTO requests VALUES (?, ?, ?, ?)",
                    [(t.request.id, frame.number, t.inbox_row, document_of(t.request)) for t in taken],
                )
            if picture is not None:
                execute("INSERT OR REPLACE INTO latest VALUES (1, ?, ?)", (frame.number, picture))
            if snapshot is not None:
                execute(
                    "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)",
                    (snapshot.number, snapshot.plant, snapshot.engine, snapshot.data),
                )
                execute(
                    "DELETE FROM snapshots WHERE number NOT IN "
                    "(SELECT number FROM snapshots ORDER BY number DESC LIMIT ?)",
                    (_SNAPSHOTS_KEPT,),
                )

    def write_events(self, events: Sequence[EventRow]) -> None:
        """Events outside a scan: the stop of the service."""
        with transaction(self._connection, self.path):
            self._insert_events(events)

    def _insert_events(self, events: Sequence[EventRow]) -> None:
        if events:
            self._connection.executemany(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(e.seq, e.scan, e.time_ns, e.kind, e.subject, e.actor, e.body, e.previous, e.hash) for e in events],
            )
            _insert_moves(self._connection, events[0].seq, events[-1].seq)

    def archive(self, archived: Archived) -> None:
        """The journal begins after that event from now on; raises StoreError where that event is not as it says."""
        with transaction(self._connection, self.path):
            row = self._connection.execute("SELECT hash FROM events WHERE seq = ?", (archived.seq,)).fetchone()
            if row is None or row[0] != archived.hash:
                raise StoreError(
                    f"event {archived.seq} is not the one that was moved out", mend="make the archive once more"
                )
            self._connection.execute(
                "INSERT OR REPLACE INTO archived VALUES (1, ?, ?, ?)", (archived.seq, archived.hash, archived.state)
            )
        self._dropped = 0

    def drop_archived(self, kinds: Sequence[str]) -> bool:
        """Drop some events of these kinds that were moved out; False when none is left."""
        marks = ",".join("?" * len(kinds))
        with transaction(self._connection, self.path):
            rows = self._connection.execute(
                f"SELECT seq FROM events WHERE +kind IN ({marks}) AND seq > ? "  # noqa: S608  # fixed text
                "AND seq <= coalesce((SELECT seq FROM archived), 0) ORDER BY seq LIMIT ?",
                (*kinds, self._dropped, _SLICE),
            ).fetchall()
            self._connection.executemany("DELETE FROM events WHERE seq = ?", rows)
        self._dropped = int(rows[-1][0]) if rows else self._dropped
        return len(rows) == _SLICE

    def close(self) -> None:
        """Fold the log into the file and close it."""
        self._connection.close()


class RecordReader:
    """Read-only view of record.db, safe beside the writer."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / RECORD
        self._connection = open_reader(self.path, len(MIGRATIONS))

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def __enter__(self) -> "RecordReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with translated(self.path):
            return self._connection.execute(statement, values).fetchall()

    def last_number(self) -> int:
        """Number of the newest recorded scan, 0 in an empty record."""
        return int(self._rows("SELECT coalesce(max(number), 0) FROM frames")[0][0])

    def first_number(self) -> int:
        """Number of the oldest recorded scan, 0 in an empty record."""
        return int(self._rows("SELECT coalesce(min(number), 0) FROM frames")[0][0])

    def scan_count(self, *, after: int = 0) -> int:
        """How many scans later than number `after` are here."""
        return int(self._rows("SELECT count(*) FROM frames WHERE number > ?", (after,))[0][0])

    def next_number(self, number: int) -> int | None:
        """Number of the first scan after `number` that is here."""
        found = self._rows("SELECT min(number) FROM frames WHERE number > ?", (number,))[0][0]
        return None if found is None else int(found)

    def latest(self) -> Latest | None:
        """The newest frame with the live arrays, or None before the first scan."""
        rows = self._rows(
            "SELECT f.number, p.hash, f.time_ns, f.data, f.about, l.data FROM latest l "
            "JOIN frames f ON f.number = l.number JOIN plants p ON p.id = f.plant"
        )
        if not rows:
            return None
        number, plant, time_ns, data, about, picture = rows[0]
        return Latest(frame=decode_frame(number, plant, time_ns, data, about), live=unpack(picture))

    def newest_scan(self) -> tuple[int, int]:
        """Number and time of the newest recorded scan, zeros in an empty record."""
        rows = self._rows("SELECT number, time_ns FROM frames ORDER BY number DESC LIMIT 1")
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)

    def head(self) -> tuple[int, str] | None:
        """Number and hash of the newest event."""
        rows = self._rows("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
        return (int(rows[0][0]), str(rows[0][1])) if rows else None

    def archived(self) -> Archived | None:
        """Where the journal in this file begins; None where nothing of it was moved out."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'archived'"):  # of an older plantsafe
            return None
        rows = self._rows("SELECT seq, hash, state FROM archived")
        return Archived(seq=int(rows[0][0]), hash=str(rows[0][1]), state=str(rows[0][2])) if rows else None

    def has_priority(self, priority: int, *, after: int) -> bool:
        """Whether an event after number `after` is of that priority."""
        statement = "SELECT 1 FROM events WHERE seq > ? AND json_extract(body, '$.priority') = ? LIMIT 1"
        return bool(self._rows(statement, (after, priority)))

    def newest_plant_hash(self) -> str:
        """The plant of the newest frame, empty without any."""
        rows = self._rows("SELECT p.hash FROM frames f JOIN plants p ON p.id = f.plant ORDER BY f.number DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def plant_document(self, plant_hash: str) -> str | None:
        """The plant description under a hash, as canonical JSON."""
        rows = self._rows("SELECT document FROM plants WHERE hash = ?", (plant_hash,))
        return str(rows[0][0]) if rows else None

    def newest_plant(self) -> tuple[str, str] | None:
        """Hash and document of the plant of the newest frame, else of the newest plant."""
        rows = self._rows(
            "SELECT hash, document FROM plants ORDER BY id = (SELECT plant FROM frames ORDER BY number DESC LIMIT 1) "
            "DESC, id DESC LIMIT 1"
        )
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    def frames(self, first: int, last: int) -> Iterator[Frame]:
        """Frames with numbers first..last that are not compacted away, in order, read in slices."""
        while first <= last:
            rows = self._rows(
                "SELECT f.number, p.hash, f.time_ns, f.data, f.about FROM frames f JOIN plants p ON p.id = f.plant "
                "WHERE f.number BETWEEN ? AND ? ORDER BY f.number LIMIT ?",
                (first, last, _SLICE),
            )
            for number, plant, time_ns, data, about in rows:
                yield decode_frame(number, plant, time_ns, data, about)
            if len(rows) < _SLICE:
                return
            first = int(rows[-1][0]) + 1

    def samples(self, first: int, last: int) -> list[Samples]:
        """Values and statuses of the frames first..last that are not compacted away, without what else they have."""
        rows = self._rows(
            "SELECT f.number, p.hash, f.time_ns, f.data FROM frames f JOIN plants p ON p.id = f.plant "
            "WHERE f.number BETWEEN ? AND ? ORDER BY f.number",
            (first, last),
        )
        return [Samples(number=n, plant=p, time_ns=t, packed=data) for n, p, t, data in rows]

    def frame_numbers(self, first: int, last: int) -> list[int]:
        """Numbers of the recorded scans in first..last, in order."""
        return [
            int(row[0])
            for row in self._rows(
                "SELECT number FROM frames WHERE number BETWEEN ? AND ? ORDER BY number", (first, last)
            )
        ]

    def number_at(self, time_ns: int, *, after: int = 0) -> int:
        """Number of the first scan later than `after` and at or after a UTC time, or the one after the newest."""
        rows = self._rows(
            "SELECT number FROM frames WHERE time_ns >= ? AND number > ? ORDER BY number LIMIT 1", (time_ns, after)
        )
        return int(rows[0][0]) if rows else self.last_number() + 1

    def taken(self, number: int) -> list[Request]:
        """Requests that scan `number` took up, in their order."""
        rows = self._rows("SELECT document FROM requests WHERE scan = ? ORDER BY inbox_row", (number,))
        return [request_of(str(row[0])) for row in rows]

    def inbox_cursor(self) -> int:
        """Row of the inbox up to which everything was taken."""
        return int(self._rows("SELECT coalesce(max(inbox_row), 0) FROM requests")[0][0])

    def snapshot(self, plant: str, engine: str) -> Snapshot | None:
        """The newest snapshot of this plant and engine version."""
        rows = self._rows(
            "SELECT number, data FROM snapshots WHERE plant = ? AND engine = ? ORDER BY number DESC LIMIT 1",
            (plant, engine),
        )
        return Snapshot(number=rows[0][0], plant=plant, engine=engine, data=rows[0][1]) if rows else None

    def events(
        self,
        *,
        after: int = 0,
        kinds: Sequence[str] = (),
        subject: str | None = None,
        newest: int | None = None,
        from_ns: int | None = None,
    ) -> Iterator[EventRow]:
        """Events after sequence number `after`, oldest first; `newest` gives the last n instead, newest first."""
        where, values = ["seq > ?"], [after]
        if kinds:
            where.append(f"kind IN ({','.join('?' * len(kinds))})")
            values.extend(kinds)  # type: ignore[arg-type]  # a mixed list of SQL parameters
        if subject is not None:
            where.append("subject = ?")
            values.append(subject)  # type: ignore[arg-type]  # a mixed list of SQL parameters
        if from_ns is not None:
            where.append("time_ns >= ?")
            values.append(from_ns)
        columns = "SELECT seq, scan, time_ns, kind, subject, actor, body, previous, hash FROM events WHERE "
        if newest is not None:
            for row in self._rows(f"{columns}{' AND '.join(where)} ORDER BY seq DESC LIMIT ?", [*values, newest]):
                yield _event(row)
            return
        while True:
            rows = self._rows(f"{columns}{' AND '.join(where)} ORDER BY seq LIMIT ?", [*values, _SLICE])
            for row in rows:
                yield _event(row)
            if len(rows) < _SLICE:
                return
            values[0] = int(rows[-1][0])

    def told(
        self, kinds: Sequence[str], *, after: int = 0, until: int | None = None
    ) -> Iterator[tuple[str, str, int, str]]:
        """Kind, subject, scan and body of events of these kinds after one and up to another, oldest first.

        By number, whatever the kinds: most of a journal is asked for, and an index by kind would sort it each time.
        """
        last = 2**62 if until is None else until
        statement = (
            f"SELECT seq, kind, subject, scan, body FROM events WHERE seq > ? AND seq <= ? "  # noqa: S608  # fixed text
            f"AND +kind IN ({','.join('?' * len(kinds))}) ORDER BY seq LIMIT ?"
        )
        while True:
            rows = self._rows(statement, [after, last, *kinds, _SLICE * 20])
            for row in rows:
                yield row[1:]
            if len(rows) < _SLICE * 20:
                return
            after = rows[-1][0]

    def alarm_names(self) -> dict[int, str]:
        """Names of alarms by the number that `alarm_moves` has."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'alarm_names'"):
            raise StoreError(
                f"{self.path} was written by an older plantsafe, without the columns of the key figures",
                mend="start the scan service on it once",
            )
        return {int(number): str(name) for number, name in self._rows("SELECT id, name FROM alarm_names")}

    def alarm_moves(self, until_ns: int) -> Iterator[NDArray[np.int64]]:
        """What alarms did before a UTC time, oldest first, in slices (n, 4): time_ns, name, what, priority.

        what: 0 announced, 1 returned or no longer shown, 2 acknowledged, 3 shelved, 4 off the shelf.
        """
        after = 0
        while True:
            rows = self._rows(
                "SELECT id, time_ns, name, what, priority FROM alarm_moves WHERE id > ? AND time_ns < ? "
                "ORDER BY id LIMIT ?",
                (after, until_ns, _SLICE * 100),
            )
            if rows:
                table = np.array(rows, dtype=np.int64)
                after = int(table[-1, 0])
                yield table[:, 1:]
            if len(rows) < _SLICE * 100:
                return

    def raw_events(self, *, after: int | None = None, until: int | None = None) -> Iterator[tuple[Any, ...]]:
        """Every event row after `after`, up to `until`, as SQLite holds it, text as bytes: what `verify` looks at."""
        with translated(self.path):
            connection = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
            connection.text_factory = bytes
            try:
                while True:
                    where, values = ("WHERE seq > ?", [after]) if after is not None else ("WHERE true", [])
                    if until is not None:
                        where, values = f"{where} AND seq <= ?", [*values, until]
                    rows = connection.execute(
                        f"SELECT seq, scan, time_ns, kind, subject, actor, body, previous, hash FROM events {where} "  # noqa: S608  # fixed text
                        "ORDER BY seq LIMIT ?",
                        [*values, _SLICE * 20],
                    ).fetchall()
                    yield from rows
                    if len(rows) < _SLICE * 20:
                        return
                    after = rows[-1][0]
            finally:
                connection.close()


def _event(row: tuple[Any, ...]) -> EventRow:
    seq, scan, time_ns, kind, subject, actor, body, previous, digest = row
    return EventRow(
        seq=seq,
        scan=scan,
        time_ns=time_ns,
        kind=kind,
        subject=subject,
        actor=actor,
        body=body,
        previous=previous,
        hash=digest,
    )


def document_of(request: Request) -> str:
    """A request as JSON text."""
    return json.dumps(
        {
            "id": request.id,
            "kind": request.kind.value,
            "subject": request.subject,
            "occurrence": request.occurrence,
            "actor": request.actor,
            "role": request.role.value,
            "second_actor": request.second_actor,
            "made_ns": request.made_ns,
            "valid_until_ns": request.valid_until_ns,
            "body": request.body,
        },
        sort_keys=True,
        ensure_ascii=False,
    )


def request_of(document: str) -> Request:
    """The request that `document_of` wrote."""
    fields = json.loads(document)
    fields["kind"] = RequestKind(fields["kind"])
    fields["role"] = Role(fields["role"])
    return Request(**fields)
