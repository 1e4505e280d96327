"""Words, numbers and times of the summary in one language."""

import math
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ruamel.yaml import YAML

from plantsafe.compliance.rules import Comparator, Unit
from plantsafe.errors import RequestError
from plantsafe.plant.model import Text

Language = Literal["en", "zh"]
_NS_PER_S = 1_000_000_000
_AS_LIMIT: dict[Comparator, str] = {"<=": "at_most", "<": "less_than", ">=": "at_least", ">": "more_than"}


@cache
def tables() -> dict[str, dict[str, dict[str, str]]]:
    """texts.yaml: table, key, language."""
    text = resources.files("plantsafe.compliance").joinpath("texts.yaml").read_text(encoding="utf-8")
    answer: dict[str, dict[str, dict[str, str]]] = YAML(typ="safe", pure=True).load(text)
    return answer


def language_of(language: str) -> Language:
    """The language of that code; raises RequestError for one that there is not."""
    for known in get_args(Language):
        if language == known:
            return known  # type: ignore[no-any-return]  # get_args gives the literals themselves
    raise RequestError(f"there is no summary in the language {language!r}", mend="ask for en or zh")


def said(table: str, key: str, language: Language, **words: Any) -> str:
    """The text of `key` in one of the tables of texts.yaml, with its names filled in."""
    return tables()[table][key][language].format(**words)


def of(text: Text, language: Language) -> str:
    """A text of the plant file or of a rule."""
    return text.zh if language == "zh" else text.en


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


def moment(time_ns: int, zone: str) -> str:
    """A time on the site's clock, with its distance from UTC."""
    try:
        place: Any = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        place = timezone(timedelta(0))
    seconds = time_ns // _NS_PER_S
    when = datetime.fromtimestamp(seconds, tz=place)
    offset = when.strftime("%z")
    return f"{when:%Y-%m-%d %H:%M:%S} UTC{offset[:3]}:{offset[3:5]}"
