"""Entries made small: what is equal in many of them is held once.

A validated entry of pydantic carries a set of the fields that were given, over 700 bytes in an alarm, and each entry
its own copy of texts and numbers that thousands share. A plant of 100,000 points takes less than half without them.
"""

from collections.abc import Hashable, Iterable
from typing import Any

from plantsafe.plant.model.entry import Entry, Text

_PLAIN = frozenset({type(None), bool, int, dict})


class Shared:
    """What entries of one file, or of two that are compared, have in common; they are frozen, so it may be the same.

    rows: the entries of table rows that were good, for a second file to take where it has the same row; None for one.
    """

    def __init__(self, *, two_files: bool = False) -> None:
        self.rows: dict[Hashable, Entry] | None = {} if two_files else None
        self.texts: dict[str, str] = {}
        self._pairs: dict[tuple[str, str], Text] = {}
        self._floats: dict[float, float] = {}
        self._tuples: dict[str, tuple[Any, ...]] = {}
        self._given: dict[frozenset[str], set[str]] = {}

    def slim(self, entries: Iterable[Entry]) -> None:
        """Put what is held already into the place of its equals, inside each entry."""
        texts, floats, pairs = self.texts, self._floats, self._pairs
        for entry in entries:
            fields = entry.__dict__
            for name, value in fields.items():
                kind = type(value)
                if kind is str:
                    fields[name] = texts.setdefault(value, value)
                elif kind in _PLAIN:
                    continue
                elif kind is float:
                    fields[name] = floats.setdefault(value, value) if value else value  # 0.0 and -0.0 are equal
                elif kind is Text:
                    self.slim((value,))
                    fields[name] = pairs.setdefault((value.en, value.zh), value)
                elif isinstance(value, Entry):
                    self.slim((value,))
                elif kind is tuple:
                    fields[name] = self._tuple(value)
            given = entry.__pydantic_fields_set__
            object.__setattr__(entry, "__pydantic_fields_set__", self._given.setdefault(frozenset(given), given))

    def _tuple(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if value and isinstance(value[0], Entry):
            self.slim(value)
            return value
        return self._tuples.setdefault(repr(value), value)
