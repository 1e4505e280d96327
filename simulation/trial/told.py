"""A text in both languages, made from the table of texts beside this module."""

from dataclasses import dataclass
from typing import Any

from plantsafe.language import said_by


@dataclass(frozen=True, slots=True)
class Told:
    """What is said, in English and in Chinese."""

    en: str
    zh: str


def told(table: str, key: str, **words: Any) -> Told:
    """The text of `key` in a table of texts.yaml with its words filled in; a word that is Told goes in by language."""
    return Told(
        en=said_by(__package__ or "simulation.trial", table, key, "en", {k: _in(v, "en") for k, v in words.items()}),
        zh=said_by(__package__ or "simulation.trial", table, key, "zh", {k: _in(v, "zh") for k, v in words.items()}),
    )


def _in(word: Any, language: str) -> Any:
    if isinstance(word, Told):
        return word.zh if language == "zh" else word.en
    return word
