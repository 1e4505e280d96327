"""A run as a table: CSV (comma, semicolon or tab, plain or .gz) or Parquet, with a header of point names."""

import gzip
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # no stubs
import pyarrow.csv  # type: ignore[import-untyped]  # no stubs
import pyarrow.parquet  # type: ignore[import-untyped]  # no stubs

from connectors.replay.cells import Cell, instant, number
from plantsafe.errors import SourceError
from plantsafe.frame import F8

TIME_NAMES = ("time", "timestamp", "datetime", "date_time", "ts", "date")
LABEL_NAMES = ("label", "anomaly", "fault", "changepoint")
_UTC = ZoneInfo("UTC")  # of times that name no zone: only their differences count


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One run. values (n_rows, n_columns), NaN where a cell is empty or cannot be read; time_s (n_rows,) or None.

    notes: what was found while reading, for a person.
    """

    file: str
    names: tuple[str, ...]
    values: F8
    time_s: F8 | None
    notes: tuple[str, ...] = ()

    def columns(self, names: tuple[str, ...]) -> F8:
        """(n_rows, n_names) in this order."""
        place = {name: i for i, name in enumerate(self.names)}
        return self.values[:, [place[name] for name in names]]

    def without(self, name: str | None) -> "Table":
        """The same run less one column, where it has it."""
        if name not in self.names:
            return self
        kept = tuple(other for other in self.names if other != name)
        return replace(self, names=kept, values=self.columns(kept))


def read_table(path: Path, time_column: str | None = None) -> Table:
    """Read one run. A file that is no table, names a column twice or goes back in time is one clear error."""
    read = _columns(path)
    names = [name.strip() for name in read.column_names]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise SourceError(f"{path}: column {double[0]!r} is there twice", mend="name each point once")
    if read.num_rows == 0:
        raise SourceError(f"{path} has a header and no rows", mend="export the values too")
    time_name = _time_name(names, time_column, path)
    notes, kept, columns, time_s = [], [], [], None
    for name, column in zip(names, read.columns, strict=True):
        if name == time_name:
            time_s = _times(column, path, name)
            continue
        if not name:
            notes.append("a column without a name is left out")
            continue
        values, unreadable = _numbers(column)
        if unreadable == read.num_rows:
            notes.append(f"{name}: no cell is a number; left out")
            continue
        if unreadable:
            notes.append(f"{name}: {unreadable} cells are no numbers; taken as missing")
        kept.append(name)
        columns.append(values)
    if not columns:
        raise SourceError(f"{path} has no column of numbers", mend="give a header of point names and a row a sample")
    return Table(file=path.name, names=tuple(kept), values=np.column_stack(columns), time_s=time_s, notes=tuple(notes))


def _columns(path: Path) -> pyarrow.Table:
    if not path.is_file():
        raise SourceError(f"{path} is not there", mend="check the name")
    try:
        if path.suffix == ".parquet":
            return pyarrow.parquet.read_table(path)
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            head = file.readline()
            file.seek(0)
            delimiter = max(";\t,", key=lambda sign: head.count(sign.encode()))
            return pyarrow.csv.read_csv(
                file,
                read_options=pyarrow.csv.ReadOptions(use_threads=False),
                parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter),
                convert_options=pyarrow.csv.ConvertOptions(timestamp_parsers=[], strings_can_be_null=True),
            )
    except (pyarrow.ArrowException, OSError, EOFError) as error:
        raise SourceError(
            f"{path} cannot be read as a table: {error}", mend="give CSV with a header, or Parquet"
        ) from error


def _time_name(names: list[str], wanted: str | None, path: Path) -> str | None:
    if wanted is not None:
        if wanted not in names:
            raise SourceError(f"{path} has no column {wanted!r}", mend=f"one of {', '.join(names[:20])}")
        return wanted
    return next((name for name in names if name.lower() in TIME_NAMES), None)


def _times(column: pyarrow.ChunkedArray, path: Path, name: str) -> F8:
    """Seconds, from any zero: numbers are seconds, everything else is a time as ISO 8601 writes it."""
    kind = column.type
    if pyarrow.types.is_timestamp(kind):
        ns = column.cast(pyarrow.timestamp("ns", tz=kind.tz)).cast(pyarrow.int64()).to_numpy()
        found = np.asarray(ns, dtype=np.float64) / 1e9
    elif pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind):
        found = column.to_numpy().astype(np.float64)
    else:
        found = np.array([_seconds(cell, path, name, row) for row, cell in enumerate(column.to_pylist())])
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found))[0])
        raise SourceError(f"{path}, row {row + 1}: {name} is empty", mend="give every row its time, or none")
    back = np.flatnonzero(np.diff(found) < 0.0)
    if len(back):
        raise SourceError(
            f"{path}, row {back[0] + 2}: {name} goes back in time", mend="sort the rows by time; each run is one file"
        )
    return found


def _seconds(cell: Cell, path: Path, name: str, row: int) -> float:
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).timestamp()
    try:
        return instant(str(cell) if cell is not None else None, _UTC) / 1e9
    except ValueError as error:
        raise SourceError(
            f"{path}, row {row + 1}: {name}: {error}", mend="write times as 2026-03-01T08:00:00, or as seconds"
        ) from error


def _numbers(column: pyarrow.ChunkedArray) -> tuple[F8, int]:
    """Values, infinite ones as missing, and how many cells hold something that is no number."""
    kind = column.type
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind):
        values = column.cast(pyarrow.float64()).to_numpy().astype(np.float64)
        return np.where(np.isfinite(values), values, np.nan), 0
    values, unreadable = np.full(len(column), np.nan), 0
    for row, cell in enumerate(column.to_pylist()):
        try:
            values[row] = number(cell.replace(",", ".") if isinstance(cell, str) else cell)
        except (ValueError, TypeError):
            unreadable += 1
    return np.where(np.isfinite(values), values, np.nan), unreadable
