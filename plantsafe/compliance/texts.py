"""Words, numbers and times of the summary in one language."""

import math
from typing import Any

from plantsafe.compliance.rules import Comparator, Unit
from plantsafe.language import Language, Texts, language_of, moment, of, said_by, texts_of

__all__ = [
    "Language", "duration", "grouped", "language_of", "limit_text", "moment", "of", "quantity", "said", "share",
    "tables",
]  # fmt: skip

_PACKAGE = "plantsafe.compliance"
_AS_LIMIT: dict[Comparator, str] = {"<=": "at_most", "<": "less_than", ">=": "at_least", ">": "more_than"}


def tables() -> Texts:
    """The texts of the summary: table, key, language."""
    return texts_of(_PACKAGE)


def said(table: str, key: str, language: Language, /, **words: Any) -> str:
    """The text of `key` in one of the tables of texts.yaml, with its names filled in."""
    return said_by(_PACKAGE, table, key, language, words)


def duration(seconds: float, language: Language, *, up: bool) -> str:
    """Hours, minutes and whole seconds down to the last that is not zero; rounded to the side that does not flatter."""
    whole = math.ceil(seconds - 1e-9) if up else math.floor(seconds + 1e-9)
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    key = "duration_" + ("h" * (hours > 0) + "m" * (minutes > 0 or (hours > 0 and rest > 0)) + "s" * (rest > 0) or "s")
    return said("words", key, language, h=hours, m=minutes, s=rest)


def share(value: float, *, up: bool) -> str:
    """Per cent with two decimals, rounded to the side that does not flatter: 99.999 % is never 100 %."""
    scaled = value * 10_000
    whole = math.ceil(scaled - 1e-6) if up else math.floor(scaled + 1e-6)
    return f"{whole // 100}.{whole % 100:02d} %"


def quantity(value: float | None, unit: Unit, language: Language, *, up: bool) -> str:
    """A value in its rule's unit; `up` where a smaller value would look better."""
    if value is None:
        return said("words", "no_value", language)
    match unit:
        case "share":
            return share(value, up=up)
        case "s":
            return duration(value, language, up=up)
        case "person":
            return said("words", "persons", language, n=grouped(math.ceil(value) if up else math.floor(value)))
        case "scan":
            return said("words", "scan_count", language, n=grouped(int(value)))
        case "event":
            return said("words", "event_count", language, n=grouped(int(value)))
        case "row":
            return said("words", "row_count", language, n=grouped(int(value)))


def limit_text(limit: float, unit: Unit, comparator: Comparator, language: Language) -> str:
    """The limit in words: at most 3, at least 99.00 %."""
    smaller_is_better = comparator in ("<=", "<")
    text = quantity(limit, unit, language, up=not smaller_is_better)
    return said("words", _AS_LIMIT[comparator], language, limit=text)


def grouped(number: int) -> str:
    """A count with thousands apart."""
    return f"{number:,}"
