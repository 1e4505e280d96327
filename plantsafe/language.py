"""The two languages of everything that people read: words from a table of texts, and times on the site's clock."""

from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib import resources
from typing import Any, Literal, Protocol, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ruamel.yaml import YAML

from plantsafe.errors import RequestError

Language = Literal["en", "zh"]
Texts = dict[str, dict[str, dict[str, str]]]
_NS_PER_S = 1_000_000_000


class Bilingual(Protocol):
    """A text in both languages, as the plant file and the rules have them."""

    @property
    def en(self) -> str:
        """English."""

    @property
    def zh(self) -> str:
        """Chinese."""


@cache
def texts_of(package: str) -> Texts:
    """texts.yaml of a package: table, key, language."""
    text = resources.files(package).joinpath("texts.yaml").read_text(encoding="utf-8")
    answer: Texts = YAML(typ="safe", pure=True).load(text)
    return answer


def said_by(package: str, table: str, key: str, language: Language, words: dict[str, Any]) -> str:
    """The text of `key` in a table of the package's texts.yaml, with its names filled in."""
    return texts_of(package)[table][key][language].format(**words)


def language_of(language: str) -> Language:
    """The language of that code; raises RequestError for one that there is not."""
    for known in get_args(Language):
        if language == known:
            return known  # type: ignore[no-any-return]  # get_args gives the literals themselves
    raise RequestError(f"there are no texts in the language {language!r}", mend="ask for en or zh")


def of(text: Bilingual, language: Language) -> str:
    """A text of the plant file or of a rule."""
    return text.zh if language == "zh" else text.en


def moment(time_ns: int, zone: str) -> str:
    """A time on the site's clock, with its distance from UTC; in UTC for a zone that this machine does not know."""
    place: tzinfo
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        place = UTC
    when = datetime.fromtimestamp(time_ns // _NS_PER_S, tz=place)
    offset = when.strftime("%z")
    return f"{when:%Y-%m-%d %H:%M:%S} UTC{offset[:3]}:{offset[3:5]}"
