"""The booklet as a frozen tree of texts, the same for paper and screen: chapters, sections, and what stands in them."""

from dataclasses import dataclass
from typing import Literal

from plantsafe.language import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of text; `to`: the anchor that it leads to, empty for none."""

    text: str
    to: str = ""


Cell = tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A label and what stands beside it."""

    label: str
    cell: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Labels and values, one below the other."""

    facts: tuple[Fact, ...]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its head, how wide it is against the others (0: as wide as its content), where its text stands."""

    head: str
    width: float = 0.0
    align: Literal["left", "center", "right"] = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of a table; `anchor` names it as a place to lead to, empty for none."""

    cells: tuple[Cell, ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; `caption` stands over it, empty for none."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    caption: str = ""
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A table of many narrow columns: heads stand upright, the first column names the row."""

    caption: str
    corner: str
    heads: tuple[Cell, ...]
    lines: tuple[Line, ...]
    kind: Literal["matrix"] = "matrix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One alarm or one function: a head, short facts side by side, long ones below, and tables.

    grade: 1 to 4 by urgency, which colours the mark.
    """

    anchor: str
    name: str
    title: str
    figure: str
    mark: str
    grade: int
    short: tuple[Fact, ...]
    long: tuple[Fact, ...]
    tables: tuple[Table, ...] = ()
    kind: Literal["card"] = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence."""

    text: str
    kind: Literal["note"] = "note"


Part = Facts | Table | Matrix | Card | Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a chapter with its own heading; without a title, what stands under the chapter's."""

    parts: tuple[Part, ...]
    title: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A chapter; `intro` says how to read it. opens_page: on paper it begins on a new page."""

    anchor: str
    title: str
    sections: tuple[Section, ...]
    intro: str = ""
    opens_page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Booklet:
    """The whole booklet in one language."""

    language: Language
    title: str
    site: str
    head: tuple[Fact, ...]
    status: str
    contents: str
    page: str
    footer: str
    chapters: tuple[Chapter, ...]
