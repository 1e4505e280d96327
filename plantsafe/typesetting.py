"""PDF by typst: which fonts the machine has, and what is printed where it has none for Chinese."""

import json
from collections.abc import Callable, Sequence

import typst

from plantsafe.errors import PlantsafeError
from plantsafe.language import Language

CJK_FAMILIES = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Noto Serif CJK SC")
LATIN_FAMILIES = ("Noto Sans", "Liberation Sans", "DejaVu Sans", "Libertinus Serif")  # typst brings the last itself
_NO_CJK: dict[Language, str] = {
    "en": "No Chinese font was found on this machine: Chinese characters are left out and shown as “?”.",
    "zh": "No Chinese font was found on this machine: this page is printed in English instead.",
}


def font_families() -> tuple[str, ...]:
    """Families of fonts that typst finds on this machine, with its own."""
    return tuple(typst.Fonts().families())


def typeset(
    template: bytes,
    document_in: Callable[[Language], dict[str, object]],
    *,
    language: Language,
    made_ns: int,
    families: Sequence[str] | None = None,
) -> bytes:
    """The PDF of a typst template that reads JSON from `sys.inputs.document`; `made_ns` is its date.

    `document_in(language)` makes the document; `fonts` and `no_cjk` are added to it. `families`: the fonts that may be
    used, all of the machine's without it. Without a Chinese font a Chinese document is made in English, Chinese
    characters are printed as question marks, and `no_cjk` is the sentence that says so.
    """
    known = font_families() if families is None else tuple(families)
    lowered = {family.lower() for family in known}
    chinese = [family for family in CJK_FAMILIES if family.lower() in lowered]
    latin = [family for family in LATIN_FAMILIES if family.lower() in lowered] or [LATIN_FAMILIES[-1]]
    document = document_in(language if chinese else "en") | {"fonts": [*latin, *chinese], "no_cjk": ""}
    if not chinese:
        document = json.loads(_without_cjk(json.dumps(document, ensure_ascii=False)))
        document["no_cjk"] = _NO_CJK[language]
    try:
        return typst.compile(
            template,
            format="pdf",
            sys_inputs={"document": json.dumps(document, ensure_ascii=False)},
            timestamp=made_ns // 1_000_000_000,
        )
    except typst.TypstError as error:
        raise PlantsafeError(
            f"the PDF could not be set: {error}", mend="take another form of the document, and report this message"
        ) from error


def _without_cjk(text: str) -> str:
    """Characters of Chinese, Japanese and Korean blocks, and full-width forms, as question marks."""
    return "".join("?" if "⺀" <= c <= "鿿" or "豈" <= c <= "﫿" or "＀" <= c <= "￯" else c for c in text)
