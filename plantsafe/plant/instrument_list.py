"""A plant's instrument list, as Excel or CSV files have it, read into points and limits ready for the plant file.

Nothing is guessed silently. A row is taken as it stands, taken with a change that a remark tells, or left out with
every reason and what would mend it; each remark names sheet, row and column.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plantsafe.errors import PlantsafeError
from plantsafe.plant.instrument_cell import Level, is_tag
from plantsafe.plant.instrument_cell import node as read_node
from plantsafe.plant.instrument_point import LEVELS, Limits, point_of_row
from plantsafe.plant.instrument_row import ImportSettings, Kind, Remark, Row
from plantsafe.plant.instrument_sheet import Sheet, find_header, read_sheets, repeats
from plantsafe.plant.model import Point

__all__ = ["ImportSettings", "Imported", "Kind", "ListedLimit", "Remark", "import_list"]
Taken = tuple[Row, Point, Limits]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLimit:
    """An alarm limit from the list: the beginning of an alarm, which a person must rationalise."""

    name: str
    point: str
    direction: Level
    limit: float
    eu: str
    sheet: str
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a list. `rows`: how many rows had something in them; `unused`: headings that nothing was read from.

    places: sheet and row of each point that was taken.
    """

    path: Path
    points: tuple[Point, ...]
    limits: tuple[ListedLimit, ...]
    remarks: tuple[Remark, ...]
    places: dict[str, tuple[str, int]]
    rows: int
    unused: tuple[str, ...]

    def rows_with(self, kind: Kind) -> set[tuple[str, int]]:
        """The rows that have a remark of this kind."""
        return {(remark.sheet, remark.row) for remark in self.remarks if remark.kind == kind}


def import_list(path: Path, settings: ImportSettings) -> Imported:
    """The points and limits of all sheets that have a header; raises PlantsafeError where no sheet has one."""
    remarks: list[Remark] = []
    taken: list[Taken] = []
    refused: dict[str, list[Row]] = defaultdict(list)
    unused: list[str] = []
    rows = 0
    sheets = [sheet for sheet in read_sheets(path) if not settings.sheets or sheet.title in settings.sheets]
    headers = [(sheet, find_header(sheet)) for sheet in sheets]
    if not any(header for _, header in headers):
        raise PlantsafeError(
            f"{path}: no {'such ' if settings.sheets else ''}sheet has a header that is understood",
            mend="name the columns in one row, at least 位号 (tag), 单位 (unit of measure) and 量程 (range)",
        )
    for sheet, header in headers:
        if header is None:
            remarks.append(_of_sheet(sheet, 1, "the sheet has no header that is understood; nothing was read from it"))
            continue
        if sheet.note:
            remarks.append(_of_sheet(sheet, 1, sheet.note))
        unused += [f"{sheet.title}: {heading}" for heading in header.unused]
        for number in range(header.first, len(sheet.rows)):
            if sheet.blank(number):
                continue
            rows += 1
            row = Row(sheet, header, number)
            if why := _no_point(row):
                row.say("no point", "name", why)
                remarks += row.remarks
                continue
            point, limits = point_of_row(row, settings)
            remarks += row.faults + row.remarks
            if point is not None:
                taken.append((row, point, limits))
            else:
                refused[row.name.casefold()].append(row)
    taken, repeated = _without_duplicates(taken)
    remarks += repeated
    taken, elsewhere = _of_one_namespace(taken)
    remarks += elsewhere
    remarks += _also_refused(taken, refused)
    remarks += _same_address(taken)
    order = {sheet.title: i for i, sheet in enumerate(sheets)}
    remarks.sort(key=lambda remark: (order[remark.sheet], remark.row, remark.column))
    return Imported(
        path=path,
        points=tuple(point for _, point, _ in taken),
        limits=tuple(limit for row, point, limits in taken for limit in _listed(row, point, limits)),
        remarks=tuple(remarks),
        places={point.name: (row.sheet.title, row.number + 1) for row, point, _ in taken},
        rows=rows,
        unused=tuple(unused),
    )


def _of_sheet(sheet: Sheet, row: int, said: str) -> Remark:
    return Remark(kind="note", sheet=sheet.title, row=row, column=1, name="", field="sheet", found="", said=said)


def _no_point(row: Row) -> str:
    """Why a row is no point at all: the header once more, or a heading between groups of points."""
    if repeats(row.sheet, row.header, row.number):
        return "the header once more"
    texts = {str(value).strip() for value in row.sheet.rows[row.number] if value is not None and str(value).strip()}
    if len(texts) == 1 and not is_tag(row.raw("name")):
        return "a heading or a remark: one text in the whole row"
    return ""


def _without_duplicates(taken: list[Taken]) -> tuple[list[Taken], list[Remark]]:
    """One row a tag: a row that says the same again is dropped, rows that differ are all left out."""
    groups: dict[str, list[Taken]] = defaultdict(list)
    for entry in taken:
        groups[entry[1].name.casefold()].append(entry)
    kept: list[Taken] = []
    remarks: list[Remark] = []
    for group in groups.values():
        first_row, first, first_limits = group[0]
        at = ", ".join(f"{row.sheet.title}:{row.number + 1}" for row, _, _ in group)
        alike = all(point == first and limits == first_limits for _, point, limits in group)
        for row, _, _ in group[1:] if alike else group if len(group) > 1 else ():
            row.faults = []
            if alike:
                row.say("left out", "name", f"says the same as row {first_row.sheet.title}:{first_row.number + 1}",
                        "delete one of the rows")  # fmt: skip
            else:
                row.say("left out", "name", f"the tag is there more than once, with different content: {at}",
                        "keep the right row, rename or delete the others")  # fmt: skip
            remarks += row.faults
        if alike:
            kept.append(group[0])
    return kept, remarks


def _of_one_namespace(taken: list[Taken]) -> tuple[list[Taken], list[Remark]]:
    """Namespace indices without a URI stand for the source's own namespace; two of them cannot both do so."""
    index = {
        point.name: node.index
        for row, point, _ in taken
        if point.opcua and point.opcua.namespace is None and (node := row.read("node", read_node)) is not None
    }
    indices = sorted({one for one in index.values() if one is not None})
    if len(indices) < 2:
        return taken, []
    remarks: list[Remark] = []
    for row, point, _ in taken:
        if index.get(point.name) is not None:
            row.say("left out", "node", f"namespace indices {', '.join(map(str, indices))} are in the list",
                    f"give --namespace {index[point.name]}=URI")  # fmt: skip
            remarks += row.faults
    return [entry for entry in taken if index.get(entry[1].name) is None], remarks


def _also_refused(taken: list[Taken], refused: dict[str, list[Row]]) -> Iterator[Remark]:
    for row, point, _ in taken:
        for other in refused.get(point.name.casefold(), ()):
            row.remarks = []
            at = f"{other.sheet.title}:{other.number + 1}"
            row.say("note", "name", f"the tag is also in row {at}, which was left out", "keep the right row")
            yield from row.remarks


def _same_address(taken: list[Taken]) -> Iterator[Remark]:
    seen: dict[Any, str] = {}
    for row, point, _ in taken:
        first = seen.setdefault((point.opcua, point.modbus), point.name)
        if first != point.name:
            row.remarks = []
            row.say(
                "note", "node" if point.opcua else "register", f"the same address as {first}", "correct one of them"
            )
            yield from row.remarks


def _listed(row: Row, point: Point, limits: Limits) -> Iterator[ListedLimit]:
    for level in reversed(LEVELS):
        if level in limits:
            yield ListedLimit(
                name=f"{point.name}.{level}", point=point.name, direction=level, limit=limits[level], eu=point.eu,
                sheet=row.sheet.title, row=row.number + 1,
            )  # fmt: skip
