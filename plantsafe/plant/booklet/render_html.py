"""The booklet as one HTML file without anything outside it; well-formed as XML too."""

from collections.abc import Iterator
from html import escape
from importlib import resources
from typing import assert_never

from plantsafe.plant.booklet.content import booklet_of
from plantsafe.plant.booklet.document import (
    Booklet,
    Card,
    Cell,
    Chapter,
    Fact,
    Facts,
    Line,
    Matrix,
    Note,
    Part,
    Section,
    Table,
)
from plantsafe.plant.tables import Plant

_LANG = {"en": "en", "zh": "zh-CN"}


def render_html(plant: Plant, *, language: str, made_ns: int) -> bytes:
    """The page, UTF-8; every unit, point, alarm and function has an anchor: `alarm-NAME`."""
    booklet = booklet_of(plant, language=language, made_ns=made_ns)
    style = resources.files("plantsafe.plant.booklet").joinpath("booklet.css").read_text(encoding="utf-8")
    return "".join(_page(booklet, style)).encode()


def _page(booklet: Booklet, style: str) -> Iterator[str]:
    title = f"{booklet.site} · {booklet.title}"
    yield f'<!DOCTYPE html>\n<html lang="{_LANG[booklet.language]}">\n<head>\n<meta charset="utf-8" />\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1" />\n'
    yield f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
    yield f'<nav id="contents"><h2>{escape(booklet.contents)}</h2><ol>'
    for chapter in booklet.chapters:
        yield f'<li><a href="#{escape(chapter.anchor)}">{escape(chapter.title)}</a><ul>'
        for section in chapter.sections:
            if section.title:
                yield f'<li><a href="#{escape(section.anchor)}">{escape(section.title)}</a></li>'
        yield "</ul></li>"
    yield f"</ol></nav>\n<main>\n<header><p>{escape(booklet.title)}</p><h1>{escape(booklet.site)}</h1>"
    yield from _facts(booklet.head)
    yield f"<p>{escape(booklet.status)}</p></header>\n"
    for number, chapter in enumerate(booklet.chapters, start=1):
        yield from _chapter(number, chapter)
    yield f"<footer>{escape(booklet.footer)}</footer>\n</main>\n</body>\n</html>\n"


def _chapter(number: int, chapter: Chapter) -> Iterator[str]:
    yield f'<section class="chapter" id="{escape(chapter.anchor)}"><h2>{number} {escape(chapter.title)}</h2>'
    if chapter.intro:
        yield f"<p>{escape(chapter.intro)}</p>"
    for section in chapter.sections:
        yield from _section(section)
    yield "</section>\n"


def _section(section: Section) -> Iterator[str]:
    yield f'<section id="{escape(section.anchor)}">' if section.anchor else "<section>"
    if section.title:
        yield f"<h3>{escape(section.title)}</h3>"
    for part in section.parts:
        yield from _part(part)
    yield "</section>\n"


def _part(part: Part) -> Iterator[str]:
    match part:
        case Note():
            yield f"<p>{escape(part.text)}</p>"
        case Facts():
            yield from _facts(part.facts)
        case Table():
            yield from _table(part)
        case Matrix():
            yield from _matrix(part)
        case Card():
            yield from _card(part)
        case _:
            assert_never(part)


def _facts(facts: tuple[Fact, ...], kind: str = "facts") -> Iterator[str]:
    yield f'<dl class="{kind}">'
    for fact in facts:
        yield f"<div><dt>{escape(fact.label)}</dt><dd>{_cell(fact.cell)}</dd></div>"
    yield "</dl>"


def _table(table: Table) -> Iterator[str]:
    yield "<table>"
    if table.caption:
        yield f"<caption>{escape(table.caption)}</caption>"
    heads = (f'<th class="{one.align}" scope="col">{escape(one.head)}</th>' for one in table.columns)
    yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
    for line in table.lines:
        cells = (
            f'<td class="{one.align}{"" if one.width else " tight"}">{_cell(cell)}</td>'
            for one, cell in zip(table.columns, line.cells, strict=True)
        )
        yield f"<tr{_id(line)}>{''.join(cells)}</tr>"
    yield "</tbody></table>"


def _matrix(matrix: Matrix) -> Iterator[str]:
    yield '<table class="matrix">'
    if matrix.caption:
        yield f"<caption>{escape(matrix.caption)}</caption>"
    heads = (f'<th scope="col"><span>{_cell(head)}</span></th>' for head in matrix.heads)
    yield f'<thead><tr><th class="corner">{escape(matrix.corner)}</th>{"".join(heads)}</tr></thead><tbody>'
    for line in matrix.lines:
        marks = (f"<td>{_cell(cell)}</td>" for cell in line.cells[1:])
        yield f'<tr{_id(line)}><th scope="row">{_cell(line.cells[0])}</th>{"".join(marks)}</tr>'
    yield "</tbody></table>"


def _card(card: Card) -> Iterator[str]:
    yield f'<article class="card grade-{card.grade}" id="{escape(card.anchor)}"><h4>'
    yield f'<a href="#{escape(card.anchor)}">{escape(card.name)}</a> <span>{escape(card.title)}</span>'
    yield f"<strong>{escape(card.figure)}</strong><em>{escape(card.mark)}</em></h4>"
    yield from _facts(card.short, "short")
    yield from _facts(card.long, "long")
    for table in card.tables:
        yield from _table(table)
    yield "</article>\n"


def _id(line: Line) -> str:
    return f' id="{escape(line.anchor)}"' if line.anchor else ""


def _cell(cell: Cell) -> str:
    return "".join(
        f'<a href="#{escape(run.to)}">{escape(run.text)}</a>' if run.to else escape(run.text) for run in cell
    )
