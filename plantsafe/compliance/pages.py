"""The figures as text: what the dashboard shows and what the PDF prints, word for word the same."""

from dataclasses import dataclass
from typing import Any

from plantsafe.compliance.figure import Counts, Evidence, Figure, Note, Outcome, Row
from plantsafe.compliance.rules import Rule
from plantsafe.compliance.summary import Summary
from plantsafe.compliance.texts import Language, duration, grouped, language_of, limit_text, moment, of, quantity, said

_EVENTS_SHOWN = 6  # sequence numbers in a line of evidence; exports hold all (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLine:
    """One subject of a rule, as text; `outcome` for the mark."""

    subject: str
    title: str
    value: str
    limit: str
    outcome: Outcome
    outcome_text: str
    not_judged: str
    evidence: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """One rule, as text. `status` says how well the limit's source is known."""

    rule: str
    title: str
    value: str
    limit: str
    outcome: Outcome
    outcome_text: str
    not_judged: str
    evidence: str
    how: str
    basis: str
    status: str
    notes: tuple[str, ...]
    lines: tuple[PageLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHead:
    """What stands over the figures: label and text of each line, and the mark of an unapproved plant file."""

    title: str
    site: str
    lines: tuple[tuple[str, str], ...]
    mark: str
    mark_detail: str
    footer: str
    notes: tuple[str, ...]


def head_for_page(summary: Summary, language: str) -> PageHead:
    """Site, period, coverage, plant and journal hashes, and the mark."""
    to = language_of(language)
    coverage, zone = summary.coverage, summary.timezone
    covered = said("words", "none", to)
    if coverage.recorded:
        first, last = moment(coverage.first_ns, zone), moment(coverage.last_ns, zone)
        covered = said("words", "span", to, first=first, last=last)
    period = said("words", "span", to, first=moment(summary.from_ns, zone), last=moment(summary.to_ns, zone))
    scans = said(
        "words",
        "scans_line",
        to,
        expected=grouped(coverage.scheduled),
        recorded=grouped(coverage.recorded),
        lost=grouped(coverage.lost),
        outside=grouped(coverage.outside),
    )
    others = len(summary.other_plants)
    return PageHead(
        title=said("labels", "title", to),
        site=of(summary.site_title, to),
        lines=(
            (said("labels", "period", to), period),
            (said("labels", "covered", to), covered),
            (said("labels", "scans", to), scans),
            (said("labels", "plant", to), summary.plant),
            (said("labels", "head", to), summary.journal_head),
        ),
        mark="" if summary.approved else said("labels", "unapproved", to),
        mark_detail="" if summary.approved else said("labels", "unapproved_detail", to),
        footer=said("labels", "footer", to),
        notes=(said("notes", "other_plants", to, n=others),) if others else (),
    )


def rows_for_page(summary: Summary, language: str) -> tuple[PageRow, ...]:
    """Every figure as text, in the order of the summary."""
    to = language_of(language)
    period_s = summary.period_ns / 1e9
    return tuple(_page_row(figure, period_s, to) for figure in summary.figures)


def _page_row(figure: Figure, period_s: float, to: Language) -> PageRow:
    rule = figure.rule
    return PageRow(
        rule=rule.id,
        title=of(rule.title, to),
        value=_value(rule, figure.value, to),
        limit=limit_text(figure.limit, rule.unit, rule.comparator, to),
        outcome=figure.outcome,
        outcome_text=_outcome(rule, figure.outcome, figure.counts, to),
        not_judged=_not_judged(_worst(figure), period_s, to),
        evidence=_evidence(figure.evidence, to, scans=True),
        how=of(rule.evidence, to),
        basis=_joined([of(rule.basis.document, to), of(rule.basis.clause, to)], to),
        status=said("statuses", rule.status, to),
        notes=tuple(_note(note, to) for note in figure.notes),
        lines=tuple(_line(rule, row, period_s, to) for row in figure.rows),
    )


def _line(rule: Rule, row: Row, period_s: float, to: Language) -> PageLine:
    return PageLine(
        subject=row.subject,
        title=of(row.title, to),
        value=_value(rule, row.value, to),
        limit=limit_text(row.limit, rule.unit, rule.comparator, to),
        outcome=row.outcome,
        outcome_text=_outcome(rule, row.outcome, row.counts, to),
        not_judged=_not_judged(row.counts, period_s, to),
        evidence=_evidence(row.evidence, to, scans=False),
        notes=tuple(_note(note, to) for note in row.notes),
    )


def _value(rule: Rule, value: float | None, to: Language) -> str:
    return quantity(value, rule.unit, to, up=rule.comparator in ("<=", "<"))


def _outcome(rule: Rule, outcome: Outcome, counts: Counts, to: Language) -> str:
    if outcome is Outcome.MET and rule.judged_share_min and counts.unjudged + counts.missing:
        return said("words", "met_while_judged", to)
    return said("outcomes", outcome.value, to)


def _not_judged(counts: Counts, period_s: float, to: Language) -> str:
    """Time of the period with bad data, and time without a record."""
    parts = [
        said("words", word, to, time=duration(scans * period_s, to, up=True))
        for word, scans in (("bad_data", counts.unjudged), ("not_recorded", counts.missing))
        if scans
    ]
    return _joined(parts, to) or said("words", "none", to)


def _worst(figure: Figure) -> Counts:
    """Of the subjects of a figure the one with the most time not judged: times of subjects do not add up."""
    return max((row.counts for row in figure.rows), key=lambda c: c.unjudged + c.missing, default=figure.counts)


def _joined(parts: list[str], to: Language) -> str:
    return ("; " if to == "en" else "；").join(parts)


def _evidence(evidence: Evidence, to: Language, *, scans: bool) -> str:
    parts = []
    if evidence.rows:
        parts.append(said("words", "rows_counted", to, n=grouped(evidence.rows)))
    elif evidence.scans and scans:
        first, last, n = (grouped(x) for x in (evidence.first_scan, evidence.last_scan, evidence.scans))
        parts.append(said("words", "scan_range", to, first=first, last=last, n=n))
    elif not evidence.scans:
        parts.append(said("words", "no_scans", to))
    if evidence.samples:
        parts.append(said("words", "samples", to, n=grouped(evidence.samples)))
    if evidence.events:
        shown = ", ".join(f"#{seq}" for seq in evidence.events[:_EVENTS_SHOWN])
        more = len(evidence.events) - _EVENTS_SHOWN
        key = "events_more" if more > 0 else "events"
        parts.append(said("words", key, to, list=shown, n=grouped(max(more, 0))))
    return _joined(parts, to)


def _note(note: Note, to: Language) -> str:
    words: dict[str, Any] = dict(note.words)
    if "total_s" in words:
        words["total"] = duration(float(words["total_s"]), to, up=True)
    return said("notes", note.key, to, **words)
