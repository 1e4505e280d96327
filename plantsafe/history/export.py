"""Samples as a table for others: CSV, Parquet or Excel, written a stretch at a time, so that a year fits in memory.

Columns `time` (UTC, ISO 8601, to the nanosecond), `local_time` (the site's clock), `scan`; wide then has a column and a
`.status` column a point, long has `point`, `value`, `status`. `plantsafe replay` reads CSV and Parquet of both again,
without a difference. A value that is not there is an empty cell; a status is an OPC UA status code, 0 is Good.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from plantsafe.errors import RequestError, StoreError
from plantsafe.frame import I8
from plantsafe.history.reader import HistoryReader
from plantsafe.history.window import Window, joined

EXCEL_ROWS, EXCEL_COLUMNS = 1_048_576, 16_384  # of a sheet (ECMA-376, what Excel opens)
_SAMPLES = 500_000  # written at once: tens of MB (site default)
_QUARTER_NS = 900_000_000_000  # clocks are changed on quarters of an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is exported: points, the span [from_ns, to_ns), one row a scan or (`long`) one a scan and point."""

    points: tuple[str, ...]
    from_ns: int
    to_ns: int
    zone: str
    long: bool = False


class _Sheet(Protocol):
    def add(self, window: Window) -> None: ...

    def close(self) -> None: ...


def export(history: HistoryReader, wanted: Wanted, out: Path) -> int:
    """Write `out`, in the form that its name ends in; how many scans that were. Nothing stays of one that failed."""
    makers: dict[str, Callable[[Path, Wanted], _Sheet]] = {".csv": _Csv, ".parquet": _Parquet, ".xlsx": _Excel}
    make = makers.get(out.suffix.lower())
    if make is None:
        raise RequestError(f"{out} is no form to export to", mend="end the name in .csv, .parquet or .xlsx")
    if out.suffix.lower() == ".xlsx":
        _fits(history, wanted)
    part, scans = out.with_name(f"{out.name}.part"), 0
    try:
        try:
            sheet = make(part, wanted)
            try:
                for window in _gathered(history, wanted):
                    sheet.add(window)
                    scans += len(window.number)
            finally:
                sheet.close()
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"{out} cannot be written: {error.strerror or error}", mend="check the folder, and the room on its disk"
        ) from error
    return scans


def arrow_table(window: Window, wanted: Wanted) -> Any:
    """A window as a pyarrow Table, with times as such and empty values as null; imports pyarrow."""
    import pyarrow as arrow  # type: ignore[import-untyped]  # here only: no service needs its 40 MB

    def rows(column: NDArray[Any]) -> NDArray[Any]:
        return np.repeat(column, len(wanted.points)) if wanted.long else column

    stamp = arrow.array(rows(window.time_ns), arrow.timestamp("ns", "UTC"))
    columns = {
        "time": stamp,
        "local_time": stamp.cast(arrow.timestamp("ns", wanted.zone)),
        "scan": arrow.array(rows(window.number)),
    }
    if wanted.long:
        names = arrow.array(wanted.points, arrow.string())
        codes = arrow.array(np.tile(np.arange(len(wanted.points), dtype=np.int32), len(window.number)))
        columns["point"] = arrow.DictionaryArray.from_arrays(codes, names)
        columns["value"] = arrow.array(window.value.ravel(), from_pandas=True)
        columns["status"] = arrow.array(window.status.ravel())
    else:
        for i, name in enumerate(wanted.points):
            columns[name] = arrow.array(np.ascontiguousarray(window.value[:, i]), from_pandas=True)
            columns[f"{name}.status"] = arrow.array(np.ascontiguousarray(window.status[:, i]))
    return arrow.table(columns)


def _gathered(history: HistoryReader, wanted: Wanted) -> Iterator[Window]:
    """Windows large enough to be worth a row group."""
    parts: list[Window] = []
    for window in history.windows(wanted.points, wanted.from_ns, wanted.to_ns):
        parts.append(window)
        if sum(part.value.size for part in parts) >= _SAMPLES:
            yield joined(parts)
            parts = []
    if parts:
        yield joined(parts)


def _fits(history: HistoryReader, wanted: Wanted) -> None:
    scans = sum(len(window.number) for window in history.windows((), wanted.from_ns, wanted.to_ns))
    rows = scans * (len(wanted.points) if wanted.long else 1)
    if rows >= EXCEL_ROWS:
        raise RequestError(
            f"{rows} rows do not fit into an Excel sheet, which holds {EXCEL_ROWS - 1} and a heading",
            mend="export a shorter span, or to .csv or .parquet" + (", or without --long" if wanted.long else ""),
        )
    if not wanted.long and (columns := 3 + 2 * len(wanted.points)) > EXCEL_COLUMNS:
        raise RequestError(
            f"{columns} columns do not fit into an Excel sheet, which holds {EXCEL_COLUMNS}",
            mend="export fewer points, or with --long, or to .csv or .parquet",
        )


def _heading(wanted: Wanted) -> list[str]:
    if wanted.long:
        return ["time", "local_time", "scan", "point", "value", "status"]
    return ["time", "local_time", "scan", *(part for name in wanted.points for part in (name, f"{name}.status"))]


def _offset_s(time_ns: I8, zone: ZoneInfo) -> I8:
    """What the clock of `zone` was ahead of UTC at each instant."""
    quarters, which = np.unique(time_ns // _QUARTER_NS, return_inverse=True)
    ahead = [datetime.fromtimestamp(int(q) * 900, UTC).astimezone(zone).utcoffset() for q in quarters]
    return np.array([0 if some is None else some.total_seconds() for some in ahead], dtype=np.int64)[which]


def _rows(
    window: Window, wanted: Wanted, heads: Sequence[tuple[Any, ...]], code: Callable[[int], Any]
) -> Iterator[list[Any]]:
    """Rows of plain values: None for a value that is not there."""
    cells: NDArray[Any] = window.value.astype(object)
    cells[np.isnan(window.value)] = None
    values = cells.tolist()
    for head, value, status in zip(heads, values, window.status.tolist(), strict=True):
        if wanted.long:
            for name, one, state in zip(wanted.points, value, status, strict=True):
                yield [*head, name, one, code(state)]
        else:
            yield [*head, *(part for one, state in zip(value, status, strict=True) for part in (one, code(state)))]


class _Csv:
    def __init__(self, path: Path, wanted: Wanted) -> None:
        self._wanted, self._zone = wanted, ZoneInfo(wanted.zone)
        self._file = path.open("w", encoding="utf-8", newline="")
        self._lines = csv.writer(self._file, lineterminator="\n")
        self._lines.writerow(_heading(wanted))

    def add(self, window: Window) -> None:
        ahead_s = _offset_s(window.time_ns, self._zone)
        utc = np.datetime_as_string(window.time_ns.view("M8[ns]"))
        local = np.datetime_as_string((window.time_ns + ahead_s * 1_000_000_000).view("M8[ns]"))
        heads = [
            (f"{one}Z", f"{other}{_zone_text(ahead)}", number)
            for one, other, ahead, number in zip(utc, local, ahead_s.tolist(), window.number.tolist(), strict=True)
        ]
        self._lines.writerows(_rows(window, self._wanted, heads, lambda code: f"0x{code:08X}" if code else "0"))

    def close(self) -> None:
        self._file.close()


def _zone_text(ahead_s: int) -> str:
    minutes = abs(ahead_s) // 60
    return f"{'-' if ahead_s < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


class _Parquet:
    def __init__(self, path: Path, wanted: Wanted) -> None:
        import pyarrow.parquet as parquet  # type: ignore[import-untyped]  # here only, as above

        none = Window(
            number=np.zeros(0, dtype=np.int64),
            time_ns=np.zeros(0, dtype=np.int64),
            value=np.zeros((0, len(wanted.points))),
            status=np.zeros((0, len(wanted.points)), dtype=np.uint32),
        )
        self._wanted = wanted
        self._file = parquet.ParquetWriter(path, arrow_table(none, wanted).schema, compression="zstd")

    def add(self, window: Window) -> None:
        self._file.write_table(arrow_table(window, self._wanted))

    def close(self) -> None:
        self._file.close()


class _Excel:
    """Excel knows neither zones nor nanoseconds: its times are to the millisecond, the heading says of which clock."""

    def __init__(self, path: Path, wanted: Wanted) -> None:
        from openpyxl import Workbook

        self._path, self._wanted, self._zone = path, wanted, ZoneInfo(wanted.zone)
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet("samples")
        self._sheet.freeze_panes = "D2"
        self._sheet.append(["time (UTC)", f"local_time ({wanted.zone})", *_heading(wanted)[2:]])

    def add(self, window: Window) -> None:
        ahead_s = _offset_s(window.time_ns, self._zone)
        utc = window.time_ns.view("M8[ns]").astype("M8[ms]").tolist()
        local = (window.time_ns + ahead_s * 1_000_000_000).view("M8[ns]").astype("M8[ms]").tolist()
        heads = list(zip(utc, local, window.number.tolist(), strict=True))
        finite = replace(window, value=np.where(np.isfinite(window.value), window.value, np.nan))
        for row in _rows(finite, self._wanted, heads, lambda code: code):
            self._sheet.append(row)

    def close(self) -> None:
        self._book.save(self._path)
