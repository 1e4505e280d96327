"""Sheets of an instrument list: the cells of an Excel or CSV file, and where the header and its columns are."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plantsafe.errors import PlantsafeError
from plantsafe.plant.csv_encoding import GB_18030, READ_AS_GB_18030, encoding_of
from plantsafe.plant.instrument_cell import CellError, register
from plantsafe.plant.instrument_unit import read_unit

HEADER_ROWS_MAX = 40  # rows from the top in which a header is looked for; site default
COLUMNS_MIN = 3  # known columns that make a row a header; site default
_NO_VALUE = "\0formula"

# what a column holds, and what its heading says (see `_plain`); both languages, in any order
HEADINGS: dict[str, tuple[str, ...]] = {
    "name": ("位号", "仪表位号", "点名", "工位号", "仪表编号", "测点编号", "tag", "tagno", "tagname", "tagnumber",
             "instrumenttag", "instrumentno"),
    "title": ("名称", "描述", "说明", "用途", "仪表名称", "测点名称", "测点描述", "点描述", "名称描述", "description",
              "service", "desc", "servicedescription", "title", "name"),
    "title.zh": ("中文描述", "中文名称", "中文说明", "chinesedescription", "descriptionzh", "descriptioncn"),
    "title.en": ("英文描述", "英文名称", "英文说明", "englishdescription", "descriptionen"),
    "eu": ("单位", "工程单位", "计量单位", "engunit", "engunits", "engineeringunit", "engineeringunits", "eu", "uom",
           "unitofmeasure"),
    "eu or unit": ("unit", "units"),
    "range": ("量程", "测量范围", "仪表量程", "量程范围", "range", "measuringrange", "span", "instrumentrange"),
    "low": ("量程下限", "下限", "量程低限", "量程min", "量程最小值", "rangelow", "rangelo", "lowrange", "lowerrange",
            "lrv", "rangemin", "min", "lowerrangevalue", "range下限", "rangelowerlimit"),
    "high": ("量程上限", "上限", "量程高限", "量程max", "量程最大值", "rangehigh", "rangehi", "highrange", "upperrange",
             "urv", "rangemax", "max", "upperrangevalue", "range上限", "rangeupperlimit"),
    "limits": ("报警值", "报警限", "报警设定", "报警设定值", "报警限值", "alarm", "alarms", "alarmlimits",
               "alarmsettings"),
    "HH": ("高高", "高高限", "hh", "hihi", "highhigh", "h2"),
    "H": ("高", "高限", "h", "hi", "highalarm"),
    "L": ("低", "低限", "l", "lo", "lowalarm"),
    "LL": ("低低", "低低限", "ll", "lolo", "lowlow", "l2"),
    "signal": ("信号类型", "信号", "信号形式", "io类型", "点类型", "类型", "signal", "signaltype", "iotype", "io",
               "type"),
    "node": ("opc地址", "opc点名", "opc", "opc项", "opcua", "opcua地址", "opcua节点", "opc节点", "opcitem", "opctag",
             "nodeid", "opcnode", "opcaddress", "opcuanodeid", "opcuanode", "opcpoint"),
    "register": ("modbus地址", "寄存器地址", "modbus", "寄存器", "通讯地址", "通信地址", "modbusaddress",
                 "modbusaddr", "register", "registeraddress"),
    "node or register": ("地址", "点地址", "address", "addr"),
    "type": ("数据类型", "datatype", "数据格式"),
    "order": ("字节序", "字序", "字节顺序", "byteorder", "wordorder"),
    "device": ("站号", "从站号", "设备地址", "从站地址", "slave", "slaveid", "deviceid", "unitid"),
    "scale": ("倍率", "系数", "缩放", "scale", "scaling", "factor"),
    "resolution": ("分辨率", "resolution"),
    "unit": ("单元", "装置", "工序", "所属单元", "所属装置", "单元装置", "装置单元", "processunit", "plantunit", "area",
             "section"),
}  # fmt: skip
_FIELD = {word: name for name, words in HEADINGS.items() for word in words}
_ALARM_BEFORE = re.compile(r"^(报警|alarm)(设定值?|限值?|值|limits?|set(point|ting)s?)?")
_ALARM_AFTER = re.compile(r"(报警|报|alarm)?(设定值?|限值?|值|limit|setpoint)?$")


@dataclass(slots=True)
class Sheet:
    """The cells of one sheet, from row 1 and column 1; merged cells hold their value in every place."""

    title: str
    rows: list[list[Any]]
    struck: set[tuple[int, int]] = field(default_factory=set)
    note: str = ""
    from_excel: bool = True

    def blank(self, row: int) -> bool:
        """Whether the row has nothing but blanks."""
        return all(str(cell).strip() == "" for cell in self.rows[row] if cell is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where the columns are: `columns` by what they hold, `unused` headings; data begin at row `first` (from 0)."""

    top: int
    first: int
    columns: dict[str, int]
    unused: tuple[str, ...]


def read_sheets(path: Path) -> list[Sheet]:
    """All sheets of an .xlsx or .csv file."""
    try:
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            return _read_excel(path)
        if path.suffix.lower() in (".csv", ".txt", ".tsv"):
            return [_read_csv(path)]
    except OSError as problem:
        raise PlantsafeError(f"{path} cannot be read: {problem.strerror or problem}",
                             mend="give the path of a readable .xlsx or .csv file") from None  # fmt: skip
    raise PlantsafeError(f"{path} is no .xlsx or .csv file", mend="save the list as .xlsx or as CSV")


def is_formula_without_value(value: object) -> bool:
    """True for a formula whose result the spreadsheet program did not store."""
    return value == _NO_VALUE


def _read_excel(path: Path) -> list[Sheet]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, data_only=False)
        stored = None
        sheets = []
        for page in book.worksheets:
            struck: set[tuple[int, int]] = set()
            rows: list[list[Any]] = []
            for r, cells in enumerate(page.iter_rows()):
                row: list[Any] = []
                for c, cell in enumerate(cells):
                    value = cell.value
                    if isinstance(value, str) and cell.data_type == "f":
                        stored = stored or load_workbook(path, data_only=True)
                        value = stored[page.title].cell(r + 1, c + 1).value
                        value = _NO_VALUE if value is None else value
                    if value is not None and cell.has_style and cell.font.strike:
                        struck.add((r, c))
                    row.append(value)
                rows.append(row)
            for merged in page.merged_cells.ranges:
                value = rows[merged.min_row - 1][merged.min_col - 1]
                for r in range(merged.min_row - 1, min(merged.max_row, len(rows))):
                    for c in range(merged.min_col - 1, min(merged.max_col, len(rows[r]))):
                        rows[r][c] = value
            hidden = sum(1 for number, size in page.row_dimensions.items() if size.hidden and number <= len(rows))
            note = f"{hidden} hidden rows were read as the others" if hidden else ""
            if page.sheet_state != "visible":
                note = "; ".join(part for part in ("the sheet is hidden; it was read as the others", note) if part)
            sheets.append(Sheet(title=page.title, rows=rows, struck=struck, note=note))
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError) as problem:
        raise PlantsafeError(f"{path} is no readable workbook: {problem}",
                             mend="open it in the spreadsheet program and save it as .xlsx") from None  # fmt: skip
    return sheets


def _read_csv(path: Path) -> Sheet:
    try:
        encoding = encoding_of(path)
    except UnicodeDecodeError:
        raise PlantsafeError(f"{path} is neither UTF-8 nor GB 18030", mend="save it as CSV UTF-8") from None
    text = path.read_bytes().decode(encoding)
    note = READ_AS_GB_18030 if encoding == GB_18030 else ""
    head = "\n".join(text.splitlines()[:HEADER_ROWS_MAX])
    delimiter = max(",;\t", key=head.count)
    try:
        rows: list[list[Any]] = [list(row) for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter)]
    except csv.Error as problem:
        raise PlantsafeError(f"{path} is no readable CSV: {problem}", mend="save it anew as CSV UTF-8") from None
    return Sheet(title=path.stem, rows=rows, note=note, from_excel=False)


def find_header(sheet: Sheet) -> Header | None:
    """The header with the most known columns, of one row or of two; None where the sheet has none."""
    best: Header | None = None
    for top in range(min(len(sheet.rows), HEADER_ROWS_MAX)):
        one = _columns(sheet, top, 1)
        two = _columns(sheet, top, 2) if top + 1 < len(sheet.rows) else one
        header = two if len(two.columns) >= len(one.columns) + 2 else one
        known = len(header.columns)
        if "name" in header.columns and known >= COLUMNS_MIN and (best is None or known > len(best.columns)):
            best = header
    return None if best is None else _nodes_or_registers(sheet, _units_or_plant_units(sheet, best))


def repeats(sheet: Sheet, header: Header, row: int) -> bool:
    """Whether the row is the header once more, as at the top of a printed page."""
    words = [_plain(cell) for cell in sheet.rows[row] if cell is not None and _plain(cell)]
    head = {_plain(cell) for above in sheet.rows[header.top : header.first] for cell in above if cell is not None}
    return len(words) >= COLUMNS_MIN and all(word in head for word in words)


def _columns(sheet: Sheet, top: int, depth: int) -> Header:
    found: dict[str, int] = {}
    unused = []
    above = sheet.rows[top]
    below: Sequence[Any] = sheet.rows[top + 1] if depth == 2 else ()
    for c in range(max(len(above), len(below))):
        upper = str(above[c]) if c < len(above) and above[c] is not None else ""
        lower = str(below[c]) if c < len(below) and below[c] is not None else ""
        texts = [upper] if not lower or lower == upper else [f"{upper} {lower}", lower, upper]
        name = next((name for text in texts if (name := _meaning(text))), None)
        if name is not None and name not in found:
            found[name] = c
        elif (upper or lower).strip():
            unused.append(f"{upper} {lower}".strip() if lower != upper else upper.strip())
    return Header(top=top, first=top + depth, columns=found, unused=tuple(unused))


def _meaning(heading: str) -> str | None:
    """What a heading says: as a whole, without its brackets, or by its Chinese or its Latin part."""
    text = unicodedata.normalize("NFKC", heading)
    outside = re.sub(r"\([^)]*\)", " ", text)
    chinese = " ".join(re.findall(r"[\u4e00-\u9fff]+", outside))
    latin = " ".join(re.findall(r"[A-Za-z][A-Za-z0-9 .]*", outside))
    parts = [text, outside, *re.split(r"[/\n|]", outside), chinese, latin]
    for part in parts:
        plain = _plain(part)
        if name := _FIELD.get(plain):
            return name
        bare = _ALARM_AFTER.sub("", _ALARM_BEFORE.sub("", plain))
        if bare and bare != plain and _FIELD.get(bare) in ("HH", "H", "L", "LL"):
            return _FIELD[bare]
        if bare in ("上限", "下限") and bare != plain:
            return "H" if bare == "上限" else "L"
    return None


def _plain(value: object) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", str(value)).casefold())


def _units_or_plant_units(sheet: Sheet, header: Header) -> Header:
    """A column `Unit` holds units of measure or process units; which, its cells say."""
    columns = dict(header.columns)
    column = columns.pop("eu or unit", None)
    if column is None:
        return header
    cells = [row[column] for row in sheet.rows[header.first :] if column < len(row) and row[column] is not None]
    measures = sum(1 for cell in cells if read_unit(str(cell)) is not None)
    name = "eu" if 2 * measures >= len(cells) else "unit"
    unused = header.unused
    if name in columns:
        unused = (*unused, "Unit")
    else:
        columns[name] = column
    return Header(top=header.top, first=header.first, columns=columns, unused=unused)


def _nodes_or_registers(sheet: Sheet, header: Header) -> Header:
    """A column `地址` alone holds OPC nodes or Modbus references; which, its cells say."""
    columns = dict(header.columns)
    column = columns.pop("node or register", None)
    if column is None:
        return header
    unused = header.unused
    if "node" in columns or "register" in columns:
        unused = (*unused, "地址")
    else:
        cells = [
            row[column] for row in sheet.rows[header.first :] if column < len(row) and row[column] not in (None, "")
        ]
        columns["register" if 2 * sum(map(_is_register, cells)) >= len(cells) else "node"] = column
    return Header(top=header.top, first=header.first, columns=columns, unused=unused)


def _is_register(value: object) -> bool:
    try:
        return register(value) is not None
    except CellError:
        return False
