"""Rows of computed figures: a sign where one is beyond its limit, what it is, its value, what it is held against."""

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from dashboards.components.glyph import priority_glyph


class Figure(NamedTuple):
    """One row; `beyond` where it is past what it is held against."""

    what: str
    value: str
    against: str = ""
    beyond: bool = False


def figure_table(figures: Iterable[Figure]) -> str:
    """HTML of the rows."""
    rows = "".join(
        f"<tr><td>{priority_glyph(3, filled=True) if one.beyond else ''}</td><td>{escape(one.what)}</td>"
        f"<td class=ps-num>{escape(one.value)}</td><td class=ps-quiet>{escape(one.against)}</td></tr>"
        for one in figures
    )
    return f"<table class='ps ps-figures'>{rows}</table>"
