"""The summary as PDF, by typst, from the same texts as the page."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources

import typst

from plantsafe.compliance.pages import head_for_page, rows_for_page
from plantsafe.compliance.summary import Summary
from plantsafe.compliance.texts import Language, language_of, moment, said
from plantsafe.errors import PlantsafeError

CJK_FAMILIES = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Noto Serif CJK SC")
LATIN_FAMILIES = ("Noto Sans", "Liberation Sans", "DejaVu Sans", "Libertinus Serif")  # typst brings the last itself


def font_families() -> tuple[str, ...]:
    """Families of fonts that typst finds on this machine, with its own."""
    return tuple(typst.Fonts().families())


def render_pdf(summary: Summary, *, language: str, made_ns: int, families: Sequence[str] | None = None) -> bytes:
    """The PDF; `families`: the fonts that may be used, all of the machine's without it.

    Without a Chinese font a Chinese summary is printed in English, and the footer says so.
    """
    to = language_of(language)
    known = font_families() if families is None else tuple(families)
    lowered = {family.lower() for family in known}
    chinese = [family for family in CJK_FAMILIES if family.lower() in lowered]
    latin = [family for family in LATIN_FAMILIES if family.lower() in lowered] or [LATIN_FAMILIES[-1]]
    shown: Language = to if chinese else "en"
    document = _document(summary, shown, made_ns)
    document["fonts"] = [*latin, *chinese]
    if not chinese:
        document = json.loads(_without_cjk(json.dumps(document, ensure_ascii=False)))
        document["no_cjk"] = said("labels", "no_cjk", to)
    template = resources.files("plantsafe.compliance").joinpath("report.typ").read_bytes()
    try:
        return typst.compile(
            template,
            format="pdf",
            sys_inputs={"summary": json.dumps(document, ensure_ascii=False)},
            timestamp=made_ns // 1_000_000_000,
        )
    except typst.TypstError as error:
        raise PlantsafeError(
            f"the PDF could not be set: {error}", mend="take the JSON or CSV export, and report this message"
        ) from error


def _document(summary: Summary, language: Language, made_ns: int) -> dict[str, object]:
    head = head_for_page(summary, language)
    made = (said("labels", "made", language), moment(made_ns, summary.timezone))
    names = ("value", "limit", "result", "not_judged", "evidence", "basis", "status", "subject", "page")
    return {
        "language": language,
        "head": asdict(head) | {"lines": [*head.lines, made]},
        "labels": {name: said("labels", name, language) for name in names},
        "rules": [asdict(row) for row in rows_for_page(summary, language)],
        "no_cjk": "",
    }


def _without_cjk(text: str) -> str:
    """Characters of Chinese, Japanese and Korean blocks, and full-width forms, as question marks."""
    return "".join("?" if "⺀" <= c <= "鿿" or "豈" <= c <= "﫿" or "＀" <= c <= "￯" else c for c in text)
