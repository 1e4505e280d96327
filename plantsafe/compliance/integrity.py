"""Is the record itself there, fresh, good and unbroken?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plantsafe.compliance.figure import Counts, Evidence, Figure, Note, Outcome, judge
from plantsafe.compliance.period import NS_PER_S
from plantsafe.compliance.rules import Rule, holds
from plantsafe.errors import StoreError
from plantsafe.journal.chain import begin_of, verify
from plantsafe.journal.kept_seals import kept_seals
from plantsafe.journal.seal import Seal, heads_of
from plantsafe.store.record import RecordReader
from plantsafe.store.seals import outside_since_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What of the period is in the record. Times are those of the first and the last frame, 0 without any.

    scheduled = recorded + lost (between two recorded scans) + outside (before the first or after the last).
    """

    first_scan: int
    last_scan: int
    first_ns: int
    last_ns: int
    scheduled: int
    recorded: int
    lost: int
    outside: int

    @property
    def counts(self) -> Counts:
        """The same as counts of scans."""
        return Counts(well=self.recorded, missing=self.lost + self.outside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The verified journal: its figure, the hash of its last row that holds, and how many rows there are."""

    figure: Figure
    head: str
    rows: int


def recorded_scans(rule: Rule, coverage: Coverage, evidence: Evidence) -> Figure:
    """Share of the scheduled scans that are recorded."""
    share = coverage.recorded / coverage.scheduled
    return _exact(rule, share, coverage.counts, evidence, Note(key="no_scans"))


def good_samples(rule: Rule, good: int, samples: int, coverage: Coverage, evidence: Evidence) -> Figure:
    """Share of the recorded samples that are Good; what was not recorded may have been either."""
    if not samples:
        return _exact(rule, None, coverage.counts, evidence, Note(key="no_scans"))
    missing = (coverage.lost + coverage.outside) * (samples // coverage.recorded)
    limit, share = rule.limit_in(0.0), good / samples
    return Figure(
        rule=rule,
        value=share,
        limit=limit,
        outcome=judge(
            rule,
            limit,
            seen=share,
            best=(good + missing) / (samples + missing),
            worst=good / (samples + missing),
            judged_share=coverage.recorded / coverage.scheduled,
        ),
        counts=coverage.counts,
        evidence=replace(evidence, samples=samples),
    )


def age(rule: Rule, coverage: Coverage, to_ns: int, evidence: Evidence) -> Figure:
    """Seconds from the newest scan of the period to its end."""
    seconds = (to_ns - coverage.last_ns) / NS_PER_S if coverage.recorded else None
    return _exact(rule, seconds, coverage.counts, evidence, Note(key="no_scans"))


def lost_scans(rule: Rule, coverage: Coverage, evidence: Evidence) -> Figure:
    """Scans missing between two recorded ones."""
    lost = float(coverage.lost) if coverage.recorded else None
    return _exact(rule, lost, coverage.counts, evidence, Note(key="no_scans"))


def chain(rule: Rule, reader: RecordReader) -> Chain:
    """Verify the journal from where it begins to its end, whatever the period, and against its own signed heads."""
    after, previous = begin_of(reader)
    counted = _Counted(reader.raw_events(after=after))
    seals, seal_notes = _seals(reader.path.parent)
    heads = {seq: head for seq, head in heads_of(seals).items() if seq >= after}
    answer = verify(counted, after=after, previous=previous, heads=heads)
    for _ in counted:
        pass
    notes = (Note(key="chain_broken", words=(("row", answer.bad_row),)),) if answer.bad_row else ()
    if after:
        seal_notes = (*seal_notes, Note(key="moved_out", words=(("row", after),)))
    bad = counted.rows - answer.rows
    if answer.bad_row and not bad:  # the tail was cut
        bad = max(heads) - answer.last
    evidence = Evidence(first_scan=0, last_scan=0, scans=0, rows=counted.rows)
    value = float(bad) if counted.rows else None
    figure = _exact(rule, value, Counts(), evidence, Note(key="empty_journal"))
    notes = (*figure.notes, *notes, *seal_notes)
    return Chain(figure=replace(figure, notes=notes), head=answer.head, rows=counted.rows)


def _seals(folder: Path) -> tuple[list[Seal], tuple[Note, ...]]:
    """The signed heads that the folder keeps, and what is to be said of them."""
    try:
        seals = kept_seals(folder)
    except StoreError:  # damaged: they vouch for nothing
        return [], (Note(key="seals_damaged"),)
    if not seals:
        return [], (Note(key="not_sealed"),)
    newest = seals[-1]
    note = Note(key="sealed", words=(("row", newest.seq), ("n", newest.number), ("key", newest.key[:16])))
    since_ns = outside_since_ns(folder)
    if since_ns is None:
        return seals, (note, Note(key="not_outside"))
    row = max((seal.seq for seal in seals if seal.scan_ns <= since_ns), default=0)
    return seals, (note, Note(key="outside", words=(("row", row),)))


class _Counted:
    """An iterator that knows how many rows went through it."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._of = rows
        self.rows = 0

    def __iter__(self) -> "_Counted":
        return self

    def __next__(self) -> tuple[Any, ...]:
        row = next(self._of)
        self.rows += 1
        return row


def _exact(rule: Rule, value: float | None, counts: Counts, evidence: Evidence, nothing: Note) -> Figure:
    """A figure that is known, or not verifiable with the reason."""
    limit = rule.limit_in(0.0)
    outcome = Outcome.NOT_VERIFIABLE
    if value is not None:
        outcome = Outcome.MET if holds(value, limit, rule.comparator) else Outcome.NOT_MET
    return Figure(
        rule=rule,
        value=value,
        limit=limit,
        outcome=outcome,
        counts=counts,
        evidence=evidence,
        notes=(nothing,) if value is None else (),
    )
