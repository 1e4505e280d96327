"""Lists of entries in CSV or Excel tables: one row an entry, one column a field.

A column is called like the field, with dots for what lies inside: `name`, `title.en`, `modbus.address`, `range.low`,
`range.high`. An empty cell leaves the field out. The cell of a state point's `states` reads
`0=stopped|停止; 1=running|运行`; the cell of a list reads `A; B`.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from plantsafe.errors import Mistake
from plantsafe.plant.csv_encoding import GB_18030, READ_AS_GB_18030, encoding_of
from plantsafe.plant.yaml_tree import Where, at

_ENDS = {"low": 0, "high": 1}
_LISTS = ("points", "workshops", "roles")
POINT_COLUMNS = (
    "name", "title.en", "title.zh", "unit", "source", "kind", "eu", "range.low", "range.high", "resolution", "states",
    "opcua.node", "opcua.namespace", "modbus.table", "modbus.address", "modbus.device", "modbus.type", "modbus.bit",
    "modbus.byte_order", "modbus.word_order", "modbus.scale",
)  # fmt: skip
ALARM_COLUMNS = (
    "name", "point", "direction", "limit", "deadband", "on_delay_s", "off_delay_s", "priority", "class",
    "consequence.en", "consequence.zh", "action.en", "action.zh", "respond_min",
)  # fmt: skip

Row = tuple[int, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table read: its rows as texts, the line of each in the file, and what each column holds.

    An entry is made of its row when it is asked for: as mappings, a large table would be many times its size.
    """

    path: Path
    rows: list[tuple[str, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    heads: list[Where] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    hints: list[Mistake] = field(default_factory=list)

    @cached_property
    def columns(self) -> dict[Where, int]:
        """The first column (from 1) of each field."""
        found: dict[Where, int] = {}
        for column, where in enumerate(self.heads, start=1):
            if where:
                found.setdefault(where, column)
        return found

    @cached_property
    def heading(self) -> str:
        """The whole heading as one text."""
        return repr(self.heads)

    @cached_property
    def _plan(self) -> list["_Setter | None"]:
        return [_setter(where) for where in self.heads]

    def entry(self, number: int) -> dict[str, Any]:
        """The row as the entry of a YAML file."""
        made: dict[str, Any] = {}
        for column, (cell, setter) in enumerate(zip(self.rows[number], self._plan, strict=False)):
            if not cell or setter is None:
                continue
            parent, leaf, kind = setter
            if kind:
                _put(made, self.heads[column], kind, cell)
            elif parent is None:
                made[leaf] = cell
            elif parent in made:
                if isinstance(inner := made[parent], dict):
                    inner[leaf] = cell
            else:
                made[parent] = {leaf: cell}
        return made

    def names(self) -> list[str]:
        """The name of every row, empty where it has none."""
        at = self.columns["name",] - 1
        return [row[at] if at < len(row) else "" for row in self.rows]

    def place(self, entry: int, where: Where) -> tuple[int, int]:
        """Line and column of a field of an entry; column 1 where the table has none for it."""
        for length in range(len(where), 0, -1):
            if column := self.columns.get(where[:length]):
                return self.lines[entry], column
        inside = [column for path, column in self.columns.items() if where and path[: len(where)] == where]
        return self.lines[entry], min(inside, default=1)


def read_table(path: Path, sheet: str | None, texts: dict[str, str] | None = None) -> Table:
    """The table; never raises for what the file holds. `texts`: equal cells share one text of it, and with others."""
    table = Table(path=path)
    texts = {} if texts is None else texts

    def wrong(line: int, column: int, where: str, text: str, mend: str) -> None:
        table.mistakes.append(at(path, line, column, where, text, mend))

    try:
        if path.suffix.lower() == ".xlsx":
            rows = _excel_rows(path, sheet)
        else:
            encoding = encoding_of(path)
            rows = _csv_rows(path, encoding)
            if encoding == GB_18030:
                mend = "compare a Chinese text, or save it as CSV UTF-8"
                table.hints.append(replace(at(path, 1, 1, "file", READ_AS_GB_18030, mend), rule="hint"))
        line, head = next(rows, (1, ()))
        table.heads.extend(_where(name) for name in head)
        for column, where in enumerate(table.heads, start=1):
            if where and table.columns[where] != column:
                wrong(line, column, head[column - 1], "is a column already", "remove one of the two")
        if ("name",) not in table.columns:
            wrong(line, 1, "file", "has no column `name`", "write the names of the fields into the first row")
            return table
        bare = [column for column, where in enumerate(table.heads) if not where]
        width = len(table.heads)
        for line, cells in rows:
            if not any(cells):
                continue
            for column in (*bare, *range(width, len(cells))):
                if column < len(cells) and cells[column]:
                    text = f"{cells[column][:40]!r} is under no heading"
                    wrong(line, column + 1, "cell", text, "give the column a heading")
            table.rows.append(tuple(map(texts.setdefault, cells, cells)))
            table.lines.append(line)
    except UnicodeDecodeError as problem:
        wrong(1, 1, "file", f"is neither UTF-8 nor GB 18030 at byte {problem.start}", "save it as CSV UTF-8")
    except (OSError, csv.Error, zipfile.BadZipFile, KeyError, ValueError) as problem:
        wrong(1, 1, "file", f"cannot be read as a table: {problem}", "save it as CSV UTF-8 or as .xlsx")
    return table


def points_text(rows: Sequence[Mapping[str, object]]) -> str:
    """A table for `points: {table: ...}`; columns that no row fills are left away."""
    return table_text([name for name in POINT_COLUMNS if any(row.get(name, "") != "" for row in rows)], rows)


def table_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A CSV table of these columns, as `read_table` reads it; what a row lacks is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _csv_rows(path: Path, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file)
        line = 1
        for cells in reader:
            yield line, list(map(str.strip, cells))
            line = reader.line_num + 1


def _excel_rows(path: Path, sheet: str | None) -> Iterator[Row]:
    from openpyxl import load_workbook  # here: the scan service reads no Excel in most plants

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise ValueError(f"there is no sheet {sheet!r}; it has {', '.join(book.sheetnames)}")
        page = book[sheet] if sheet is not None else book.worksheets[0]
        for number, cells in enumerate(page.iter_rows(values_only=True), start=1):
            yield number, [_as_text(cell) for cell in cells]
    finally:
        book.close()


def _as_text(cell: Any) -> str:
    """A cell as it would stand in a CSV file."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if hasattr(cell, "date") and hasattr(cell, "isoformat"):
        return str(cell.date().isoformat())
    return str(cell).strip()


def _where(name: str) -> Where:
    parts = tuple(part for part in name.strip().split(".") if part)
    if len(parts) == 2 and parts[0] == "range" and parts[1] in _ENDS:
        return ("range", _ENDS[parts[1]])
    return parts


_Setter = tuple[str | None, str, str]  # field around it, field, and how the cell is read: "" as it is


def _setter(where: Where) -> _Setter | None:
    """How the cells of a column are put into entries; nearly all are a field, or a field in a field."""
    if not where:
        return None
    kind = "range" if where[0] == "range" and len(where) == 2 else str(where[-1])
    if kind not in ("range", "states", *_LISTS):
        kind = "deep" if len(where) > 2 else ""
    return (str(where[0]) if len(where) > 1 else None), str(where[-1]), kind


def _put(entry: dict[str, Any], where: Where, kind: str, cell: str) -> None:
    if kind == "range":
        ends = entry.setdefault("range", [None, None])
        if isinstance(ends, list) and isinstance(where[1], int):
            ends[where[1]] = cell
        return
    node = entry
    for step in where[:-1]:
        inner = node.setdefault(str(step), {})
        if not isinstance(inner, dict):
            return
        node = inner
    node[str(where[-1])] = _listed(kind, cell)


def _listed(kind: str, cell: str) -> Any:
    if kind == "states":
        found = {}
        for part in cell.split(";"):
            code, _, text = part.partition("=")
            en, _, zh = text.partition("|")
            found[code.strip()] = {"en": en.strip(), "zh": zh.strip() or en.strip()}
        return found
    if kind in _LISTS:
        return [part.strip() for part in cell.split(";") if part.strip()]
    return cell
