"""The figures as JSON and CSV: raw numbers, the same as on the page, with all sequence numbers of the evidence."""

import csv
import io
import json
from typing import Any

from plantsafe.compliance.figure import Counts, Evidence, Figure, Row
from plantsafe.compliance.summary import Summary
from plantsafe.plant.model import Text

FORMAT = "plantsafe-compliance/1"
_COLUMNS = (
    "site",
    "plant",
    "plant_approved",
    "from_ns",
    "to_ns",
    "journal_head",
    "made_ns",
    "rule",
    "status",
    "subject",
    "value",
    "unit",
    "comparator",
    "limit",
    "outcome",
    "well_scans",
    "beyond_scans",
    "unjudged_scans",
    "missing_scans",
    "first_scan",
    "last_scan",
    "scans",
    "samples",
    "journal_rows",
    "events",
)


def render_json(summary: Summary, *, made_ns: int) -> bytes:
    """The whole summary; texts in both languages."""
    coverage = summary.coverage
    document = {
        "format": FORMAT,
        "site": {"name": summary.site, "title": _text(summary.site_title), "timezone": summary.timezone},
        "plant": summary.plant,
        "plant_approved": summary.approved,
        "other_plants": list(summary.other_plants),
        "from_ns": summary.from_ns,
        "to_ns": summary.to_ns,
        "made_ns": made_ns,
        "scan_period_ns": summary.period_ns,
        "coverage": {
            "first_scan": coverage.first_scan,
            "last_scan": coverage.last_scan,
            "first_ns": coverage.first_ns,
            "last_ns": coverage.last_ns,
            "scheduled": coverage.scheduled,
            "recorded": coverage.recorded,
            "lost": coverage.lost,
            "outside": coverage.outside,
        },
        "journal": {"head": summary.journal_head, "rows": summary.journal_rows},
        "figures": [_figure(figure) for figure in summary.figures],
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False).encode()


def render_csv(summary: Summary, *, made_ns: int) -> bytes:
    """One line a figure and one a subject; UTF-8 with a mark at its begin, so that office programs read it right."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    head = (
        summary.site,
        summary.plant,
        int(summary.approved),
        summary.from_ns,
        summary.to_ns,
        summary.journal_head,
        made_ns,
    )
    for figure in summary.figures:
        writer.writerow([*head, *_cells(figure, "", figure)])
        for row in figure.rows:
            writer.writerow([*head, *_cells(figure, row.subject, row)])
    return out.getvalue().encode("utf-8-sig")


def _cells(figure: Figure, subject: str, of: Figure | Row) -> list[Any]:
    rule, counts, evidence = figure.rule, of.counts, of.evidence
    return [
        rule.id,
        rule.status,
        subject,
        "" if of.value is None else of.value,
        rule.unit,
        rule.comparator,
        of.limit,
        of.outcome.value,
        counts.well,
        counts.beyond,
        counts.unjudged,
        counts.missing,
        evidence.first_scan,
        evidence.last_scan,
        evidence.scans,
        evidence.samples,
        evidence.rows,
        " ".join(str(seq) for seq in evidence.events),
    ]


def _figure(figure: Figure) -> dict[str, Any]:
    rule = figure.rule
    return {
        "rule": rule.id,
        "title": _text(rule.title),
        "basis": {"document": _text(rule.basis.document), "clause": _text(rule.basis.clause)},
        "status": rule.status,
        "unit": rule.unit,
        "comparator": rule.comparator,
        **_answer(figure),
        "rows": [{"subject": row.subject, "title": _text(row.title), **_answer(row)} for row in figure.rows],
    }


def _answer(of: Figure | Row) -> dict[str, Any]:
    return {
        "value": of.value,
        "limit": of.limit,
        "outcome": of.outcome.value,
        "counts": _counts(of.counts),
        "evidence": _evidence(of.evidence),
        "notes": [{"key": note.key, **dict(note.words)} for note in of.notes],
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "well": counts.well,
        "beyond": counts.beyond,
        "unjudged": counts.unjudged,
        "missing": counts.missing,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "first_scan": evidence.first_scan,
        "last_scan": evidence.last_scan,
        "scans": evidence.scans,
        "samples": evidence.samples,
        "journal_rows": evidence.rows,
        "events": list(evidence.events),
    }


def _text(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
