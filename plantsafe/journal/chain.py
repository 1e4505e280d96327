"""The hash chain: each event carries the hash of the one before, so that a changed byte anywhere breaks it there."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plantsafe.store.record import EventRow, RecordReader
from plantsafe.verdict import Fact

GENESIS = hashlib.sha256(b"plantsafe journal").hexdigest()
"""What the first event names as its predecessor."""

_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_BODY = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_UNESCAPED = re.compile(rb"[\x00-\x1f]").search  # JSON writes these in a way of their own; hardly any text has one


def digest(seq: int, scan: int, time_ns: int, kind: str, subject: str, actor: str, body: str, previous: str) -> str:
    """SHA-256 over the canonical JSON of all other columns of a row."""
    text = _CANONICAL([seq, scan, time_ns, kind, subject, actor, body, previous])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def chained(facts: Sequence[Fact], *, scan: int, time_ns: int, seq: int, previous: str) -> list[EventRow]:
    """`facts` as rows that continue the chain after row `seq` whose hash is `previous`."""
    rows = []
    for fact in facts:
        seq += 1
        body = _BODY(fact.body)
        own = digest(seq, scan, time_ns, fact.kind, fact.subject, fact.actor, body, previous)
        rows.append(
            EventRow(
                seq=seq,
                scan=scan,
                time_ns=time_ns,
                kind=fact.kind,
                subject=fact.subject,
                actor=fact.actor,
                body=body,
                previous=previous,
                hash=own,
            )
        )
        previous = own
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The answer of `verify`: how many rows hold, the hash of the last, and the first bad row with the reason.

    first: number of the first row that is here; before: hash of the row before it. anchored: last row that agrees with
    a head from outside, 0 for none.
    """

    rows: int
    head: str
    bad_row: int | None
    reason: str
    first: int = 1
    before: str = GENESIS
    anchored: int = 0

    @property
    def last(self) -> int:
        """Number of the last row that holds; the one before the first where none does."""
        return self.first + self.rows - 1

    @property
    def not_anchored(self) -> int:
        """Rows that hold, and that no head from outside vouches for."""
        return self.last - max(self.anchored, self.first - 1)


def verify(
    rows: Iterable[tuple[Any, ...]], *, after: int = 0, previous: str = GENESIS, heads: Mapping[int, str] | None = None
) -> Verified:
    """Walk rows in the order of seq (text as bytes, as SQLite holds it) and stop at the first that does not hold.

    after, previous: number and hash of the row before the first. heads: hashes by the number of their row, as they
    were known outside: a chain that was written anew, or cut, disagrees with them.
    """
    known, first, anchored = dict(heads or {}), after + 1, after if (heads or {}).get(after) == previous else 0
    expected, begin = first, previous

    def bad(row: int, reason: str) -> Verified:
        return Verified(
            rows=expected - first,
            head=previous,
            bad_row=row,
            reason=reason,
            first=first,
            before=begin,
            anchored=anchored,
        )

    if known.get(after, previous) != previous:
        return bad(first, f"it follows a row {after} that is not the one known outside")
    for row in rows:
        if reason := _wrong(row, expected, previous):
            return bad(expected, reason)
        own = row[8].decode("ascii")
        if expected in known:
            if known[expected] != own:
                return bad(max(anchored, after) + 1, _rewritten(max(anchored, after) + 1, expected))
            anchored = expected
        previous = own
        expected += 1
    missing = max(known, default=0)
    if missing >= expected:
        return bad(expected, f"rows {expected} to {missing} are missing: they were there when the head left the house")
    return Verified(
        rows=expected - first,
        head=previous,
        bad_row=None,
        reason="",
        first=first,
        before=begin,
        anchored=anchored,
    )


def begin_of(record: RecordReader) -> tuple[int, str]:
    """Number and hash of the row before the first one of a record: of the last one that was moved out, if any were."""
    archived = record.archived()
    return (archived.seq, archived.hash) if archived is not None else (0, GENESIS)


def verify_record(record: RecordReader, heads: Mapping[int, str] | None = None) -> Verified:
    """Walk the journal of a record from where it begins; heads of rows that were moved out cannot be compared here."""
    after, previous = begin_of(record)
    known = {seq: head for seq, head in (heads or {}).items() if seq >= after}
    return verify(record.raw_events(after=after), after=after, previous=previous, heads=known)


def _rewritten(first: int, last: int) -> str:
    if first == last:
        return "its hash is not the one known outside: the chain was written anew"
    return f"one of the rows {first} to {last} is not as it was: row {last} has not the hash known outside"


def _wrong(row: tuple[Any, ...], expected: int, previous: str) -> str:
    seq, scan, time_ns, kind, subject, actor, body, before, own = row
    if type(seq) is not int or seq != expected:
        return f"row {expected} is missing or out of order; row {seq!r} stands in its place"
    texts = (kind, subject, actor, body, before, own)
    if type(scan) is not int or type(time_ns) is not int or any(type(text) is not bytes for text in texts):
        return "a column does not have its type"
    if before != previous.encode("ascii"):
        return "it does not name the hash of the row before it"
    said = b'[%d,%d,%d,"%b","%b","%b","%b","%b"]' % (
        seq,
        scan,
        time_ns,
        _in_json(kind),
        _in_json(subject),
        _in_json(actor),
        body.replace(b"\\", b"\\\\").replace(b'"', b'\\"') if not _UNESCAPED(body) else _in_json(body),
        before,
    )
    if hashlib.sha256(said).hexdigest().encode("ascii") != own:
        return "its columns do not give its hash"
    return ""


def _in_json(text: bytes) -> bytes:
    """UTF-8 text as it stands between the quotes of a JSON text; what is no UTF-8 gives no hash that was ever made."""
    if b'"' not in text and b"\\" not in text and not _UNESCAPED(text):
        return text
    return _CANONICAL(text.decode("utf-8", "surrogateescape"))[1:-1].encode("utf-8", "surrogateescape")
