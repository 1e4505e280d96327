"""The chapter of causes and effects: which function drives which final element, and the matrix as described."""

from collections.abc import Iterator

from plantsafe.plant.booklet.document import Cell, Chapter, Column, Line, Matrix, Note, Part, Run, Section, Table
from plantsafe.plant.booklet.phrase import Phrase, number
from plantsafe.plant.model import CauseRow, Effect, Precondition

_COLUMNS_A_PAGE = 22  # that fit beside the names on A4


def matrix_chapter(phrase: Phrase) -> Chapter:
    """Functions against final elements; causes against effects where the file has them."""
    sections = [
        Section(
            title=phrase.label("functions_by_elements"),
            anchor="functions-by-elements",
            parts=tuple(_functions_by_elements(phrase)) or (Note(text=phrase.word("nothing")),),
        ),
        Section(
            title=phrase.label("causes_by_effects"),
            anchor="causes-by-effects",
            parts=tuple(_causes_by_effects(phrase)) or (Note(text=phrase.word("nothing")),),
        ),
    ]
    return phrase.chapter("matrix", tuple(sections), opens_page=True)


def _functions_by_elements(phrase: Phrase) -> Iterator[Part]:
    functions = phrase.file.functions
    if not functions:
        return
    yield Note(text=phrase.said("intros", "elements"))
    elements = list(dict.fromkeys(element.name for function in functions for element in function.elements))
    heads = {name: phrase.plain(name) for name in elements}
    rows = [
        (
            (*phrase.ref("function", one.name), Run(text=f" {phrase.of(one.title)}")),
            {element.name: "X" for element in one.elements},
        )
        for one in functions
    ]
    yield from _matrices(phrase, phrase.label("function"), heads, rows)


def _causes_by_effects(phrase: Phrase) -> Iterator[Part]:
    file = phrase.file
    if not file.causes_and_effects and not file.effects:
        return
    yield Note(text=phrase.said("intros", "causes"))
    heads = {effect.name: phrase.ref("effect", effect.name) for effect in file.effects}
    rows = [
        (
            (*phrase.ref("cause", row.name), Run(text=f" {phrase.of(row.title)}")),
            {cell.effect: cell.action + (number(cell.delay_s) if cell.delay_s else "") for cell in row.cells},
        )
        for row in file.causes_and_effects
    ]
    yield from _matrices(phrase, phrase.label("cause_row"), heads, rows)
    if file.effects:
        yield _effects(phrase, file.effects)
    if file.causes_and_effects:
        yield _causes(phrase, file.causes_and_effects)
        yield _cells(phrase, file.causes_and_effects)


def _matrices(
    phrase: Phrase, corner: str, heads: dict[str, Cell], rows: list[tuple[Cell, dict[str, str]]]
) -> Iterator[Matrix]:
    """As many matrices as the columns need, each with the rows that have a cell in it."""
    names = list(heads)
    parts = [names[i : i + _COLUMNS_A_PAGE] for i in range(0, len(names), _COLUMNS_A_PAGE)]
    for i, part in enumerate(parts, start=1):
        lines = tuple(
            Line(cells=(title, *((Run(text=cells.get(name, "")),) for name in part)))
            for title, cells in rows
            if any(name in cells for name in part)
        )
        caption = phrase.said("labels", "part", i=i, n=len(parts)) if len(parts) > 1 else ""
        yield Matrix(caption=caption, corner=corner, heads=tuple(heads[name] for name in part), lines=lines)


def _effects(phrase: Phrase, effects: tuple[Effect, ...]) -> Table:
    columns = (
        Column(head="effect"),
        Column(head="title_of", width=1.4),
        Column(head="unit"),
        Column(head="elements", width=1),
        Column(head="precondition", width=2.4),
    )
    lines = [
        phrase.line(
            one.name,
            phrase.of(one.title),
            phrase.ref("unit", one.unit),
            phrase.word("list").join(one.elements),
            phrase.word("clause").join(_precondition(phrase, need) for need in one.preconditions),
            anchor=f"effect-{one.name}",
        )
        for one in effects
    ]
    return phrase.table(columns, lines, "effects")


def _precondition(phrase: Phrase, need: Precondition) -> str:
    how = need.expression or phrase.word("register_entry", name=need.register_entry)
    return phrase.word("coded", code=phrase.of(need.title), text=how)


def _causes(phrase: Phrase, rows: tuple[CauseRow, ...]) -> Table:
    columns = (
        Column(head="cause_row"),
        Column(head="title_of", width=1.6),
        Column(head="judged_by", width=1.6),
        Column(head="bypass_allowed"),
        Column(head="reset_permit", width=1.2),
    )
    lines = [
        phrase.line(
            row.name,
            phrase.of(row.title),
            _judged_by(phrase, row),
            phrase.word("bypass_yes" if row.bypass_allowed else "bypass_no"),
            row.reset_permit or "",
            anchor=f"cause-{row.name}",
        )
        for row in rows
    ]
    return phrase.table(columns, lines, "causes_by_effects")


def _judged_by(phrase: Phrase, row: CauseRow) -> Cell:
    if row.function is not None:
        return phrase.ref("function", row.function)
    return phrase.ref("alarm", row.alarm) if row.alarm is not None else phrase.plain(row.expression or "")


def _cells(phrase: Phrase, rows: tuple[CauseRow, ...]) -> Table:
    columns = (
        Column(head="cause_row", width=1),
        Column(head="effect", width=1),
        Column(head="cell_action"),
        Column(head="delay"),
        Column(head="reset", width=1),
        Column(head="override", width=1),
    )
    lines = [
        phrase.line(
            phrase.ref("cause", row.name),
            phrase.ref("effect", cell.effect),
            cell.action,
            phrase.seconds(cell.delay_s) if cell.delay_s else "",
            phrase.word("reset_by_hand" if cell.reset else "reset_by_itself"),
            phrase.said("overrides", cell.override),
        )
        for row in rows
        for cell in row.cells
    ]
    return phrase.table(columns, lines, "cells")
