"""The hash chain: each event carries the hash of the one before, so that a changed byte anywhere breaks it there."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from plantsafe.store.record import EventRow
from plantsafe.verdict import Fact

GENESIS = hashlib.sha256(b"plantsafe journal").hexdigest()
"""What the first event names as its predecessor."""


def digest(seq: int, scan: int, time_ns: int, kind: str, subject: str, actor: str, body: str, previous: str) -> str:
    """SHA-256 over the canonical JSON of all other columns of a row."""
    text = json.dumps(
        [seq, scan, time_ns, kind, subject, actor, body, previous], ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def chained(facts: Sequence[Fact], *, scan: int, time_ns: int, seq: int, previous: str) -> list[EventRow]:
    """`facts` as rows that continue the chain after row `seq` whose hash is `previous`."""
    rows = []
    for fact in facts:
        seq += 1
        body = json.dumps(fact.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
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
    """The answer of `verify`: how many rows hold, the hash of the last, and the first bad row with the reason."""

    rows: int
    head: str
    bad_row: int | None
    reason: str


def verify(rows: Iterable[tuple[Any, ...]]) -> Verified:
    """Walk rows in the order of seq (text as bytes, as SQLite holds it) and stop at the first that does not hold."""
    expected, previous = 1, GENESIS
    for row in rows:
        if reason := _wrong(row, expected, previous):
            return Verified(rows=expected - 1, head=previous, bad_row=expected, reason=reason)
        previous = row[8].decode()
        expected += 1
    return Verified(rows=expected - 1, head=previous, bad_row=None, reason="")


def _wrong(row: tuple[Any, ...], expected: int, previous: str) -> str:
    seq, scan, time_ns, *texts = row
    if not isinstance(seq, int) or seq != expected:
        return f"row {expected} is missing or out of order; row {seq!r} stands in its place"
    if not all(isinstance(number, int) for number in (scan, time_ns)) or not all(isinstance(t, bytes) for t in texts):
        return "a column does not have its type"
    try:
        kind, subject, actor, body, before, own = (text.decode("utf-8") for text in texts)
    except UnicodeDecodeError:
        return "a column is not UTF-8 text"
    if before != previous:
        return "it does not name the hash of the row before it"
    if digest(seq, scan, time_ns, kind, subject, actor, body, before) != own:
        return "its columns do not give its hash"
    return ""
