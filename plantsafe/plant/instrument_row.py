"""A row of an instrument list while it is read, and the remarks that tell what was done with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from plantsafe.plant.instrument_cell import CellError
from plantsafe.plant.instrument_sheet import Header, Sheet, is_formula_without_value

Kind = Literal["left out", "limit left out", "changed", "respelled", "no point", "note"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings:
    """What the person says beside the list.

    unit: for rows that name none. units: the plant's unit for each name in the list. protocol: which address is taken
    where a row has both. namespaces: the URI of each namespace index. node_pattern: `s={name}` for lists without
    addresses. sheets: those that are read, empty for all.
    """

    source: str
    unit: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    protocol: Literal["opcua", "modbus"] | None = None
    namespaces: Mapping[int, str] = field(default_factory=dict)
    node_pattern: str | None = None
    sheets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to know about a cell: what was found, what was done, what would mend it. Rows and columns from 1."""

    kind: Kind
    sheet: str
    row: int
    column: int
    name: str
    field: str
    found: str
    said: str
    mend: str = ""


@dataclass(slots=True)
class Row:
    """One row while it is read; `faults` leave it out, `remarks` go with it."""

    sheet: Sheet
    header: Header
    number: int  # from 0
    name: str = ""
    faults: list[Remark] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def raw(self, name: str) -> Any:
        """The cell of a column as it stands; None where the list has no such column."""
        column = self.header.columns.get(name)
        cells = self.sheet.rows[self.number]
        return cells[column] if column is not None and column < len(cells) else None

    def say(self, kind: Kind, name: str, said: str, mend: str = "") -> None:
        """Note something about the cell of a column; `left out` leaves the row out."""
        raw = self.raw(name)
        remark = Remark(
            kind=kind, sheet=self.sheet.title, row=self.number + 1,
            column=self.header.columns.get(name, self.header.columns["name"]) + 1, name=self.name, field=name,
            found="" if raw is None or is_formula_without_value(raw) else str(raw), said=said, mend=mend,
        )  # fmt: skip
        (self.faults if kind == "left out" else self.remarks).append(remark)

    def read(self, name: str, reader: Callable[[Any], T], *, limit: bool = False) -> T | None:
        """The cell by `reader`; what is wrong with it leaves out the row, or the limit alone."""
        raw = self.raw(name)
        try:
            if is_formula_without_value(raw):
                raise CellError("is a formula without a stored value", "open and save the list, or write the value")
            return reader(raw)
        except CellError as problem:
            self.say("limit left out" if limit else "left out", name, problem.wrong, problem.mend)
            return None
