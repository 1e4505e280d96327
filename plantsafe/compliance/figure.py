"""What a summary is made of: figures with their rule, value, verdict and evidence. Plain values, no process values."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from plantsafe.compliance.rules import Rule, holds
from plantsafe.plant.model import Text


class Outcome(StrEnum):
    """The answer to a rule. Time that cannot be judged never makes a rule met."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_VERIFIABLE = "not_verifiable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark by its key in the texts, with the words that fill it in."""

    key: str
    words: tuple[tuple[str, str | int | float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where to look: the scan range, how many recorded scans, samples and journal rows, event sequence numbers."""

    first_scan: int
    last_scan: int
    scans: int
    samples: int = 0
    rows: int = 0
    events: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Scheduled scans of the period for one subject, each in exactly one place.

    well: judged and well. beyond: judged and not well. unjudged: recorded, but the data do not tell. missing: not
    recorded. Sums over several subjects count each subject's scans.
    """

    well: int = 0
    beyond: int = 0
    unjudged: int = 0
    missing: int = 0

    @property
    def scheduled(self) -> int:
        """All of them."""
        return self.well + self.beyond + self.unjudged + self.missing

    @property
    def judged_share(self) -> float:
        """Share of the scheduled scans that could be judged, 0 where none was scheduled."""
        return (self.well + self.beyond) / self.scheduled if self.scheduled else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One subject under a rule. `value` and `limit` in the rule's unit; None where there is no value."""

    subject: str
    title: Text
    value: float | None
    limit: float
    outcome: Outcome
    counts: Counts
    evidence: Evidence
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The answer to one rule: the worst of its rows, or a value of its own where it has none."""

    rule: Rule
    value: float | None
    limit: float
    outcome: Outcome
    counts: Counts
    evidence: Evidence
    rows: tuple[Row, ...] = ()
    notes: tuple[Note, ...] = ()


def judge(rule: Rule, limit: float, *, seen: float | None, best: float, worst: float, judged_share: float) -> Outcome:
    """Compare what was seen, and what the time that was not judged could at best and at worst have made of it."""
    if not holds(best, limit, rule.comparator):
        return Outcome.NOT_MET
    if holds(worst, limit, rule.comparator):
        return Outcome.MET
    if seen is not None and holds(seen, limit, rule.comparator) and judged_share >= rule.judged_share_min > 0.0:
        return Outcome.MET
    return Outcome.NOT_VERIFIABLE


def worst_outcome(outcomes: Iterable[Outcome]) -> Outcome:
    """Not met before not verifiable before met; nothing at all is not verifiable."""
    found = set(outcomes)
    for outcome in (Outcome.NOT_MET, Outcome.NOT_VERIFIABLE):
        if outcome in found:
            return outcome
    return Outcome.MET if found else Outcome.NOT_VERIFIABLE


def figure_of_rows(
    rule: Rule, limit: float, rows: tuple[Row, ...], evidence: Evidence, notes: tuple[Note, ...]
) -> Figure:
    """The figure of a rule with subjects: worst outcome and worst value of the rows, sums of their counts."""
    values = [row.value for row in rows if row.value is not None]
    worst = max if rule.comparator in ("<=", "<") else min
    events = sorted({seq for row in rows for seq in row.evidence.events})
    return Figure(
        rule=rule,
        value=worst(values) if values else None,
        limit=limit,
        outcome=worst_outcome(row.outcome for row in rows),
        counts=Counts(
            well=sum(row.counts.well for row in rows),
            beyond=sum(row.counts.beyond for row in rows),
            unjudged=sum(row.counts.unjudged for row in rows),
            missing=sum(row.counts.missing for row in rows),
        ),
        evidence=Evidence(
            first_scan=evidence.first_scan,
            last_scan=evidence.last_scan,
            scans=evidence.scans,
            samples=sum(row.evidence.samples for row in rows),
            events=tuple(events),
        ),
        rows=rows,
        notes=notes if rows else (*notes, Note(key="no_subjects")),
    )
