"""The summary as PDF, by typst, from the same texts as the page."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources

from plantsafe.compliance.pages import head_for_page, rows_for_page
from plantsafe.compliance.summary import Summary
from plantsafe.compliance.texts import Language, language_of, moment, said
from plantsafe.typesetting import typeset


def render_pdf(summary: Summary, *, language: str, made_ns: int, families: Sequence[str] | None = None) -> bytes:
    """The PDF; `families`: the fonts that may be used, all of the machine's without it.

    Without a Chinese font a Chinese summary is printed in English, and the footer says so.
    """
    return typeset(
        resources.files("plantsafe.compliance").joinpath("report.typ").read_bytes(),
        lambda shown: _document(summary, shown, made_ns),
        language=language_of(language),
        made_ns=made_ns,
        families=families,
    )


def _document(summary: Summary, language: Language, made_ns: int) -> dict[str, object]:
    head = head_for_page(summary, language)
    made = (said("labels", "made", language), moment(made_ns, summary.timezone))
    names = ("value", "limit", "result", "not_judged", "evidence", "basis", "status", "subject", "page")
    return {
        "language": language,
        "head": asdict(head) | {"lines": [*head.lines, made]},
        "labels": {name: said("labels", name, language) for name in names},
        "rules": [asdict(row) for row in rows_for_page(summary, language)],
    }
