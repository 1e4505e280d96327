"""From a historian's export to a recording: CSV or Parquet, wide or long. The whole file is read into memory.

A cell that cannot be read makes its point Bad at its time; a row whose time or point cannot be read is left out. Both
are counted and named with their line: nothing is guessed.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.replay import cells
from connectors.replay.cells import Cell
from connectors.replay.map import NONE, TIME_NS, Layout, layout_of, points_of
from connectors.replay.recording import Recording, Report, Samples
from plantsafe.errors import SourceError
from plantsafe.frame import BAD
from plantsafe.plant import Plant

Row = tuple[int, Sequence[Cell]]


def read_csv(
    plant: Plant, source: str, path: Path, *, names: Mapping[str, str], zone: str | None
) -> tuple[Recording, Report]:
    """The samples of a CSV file in UTF-8; raises SourceError where the file as a whole is of no use."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            header = next(lines, None)
            if header is None:
                raise SourceError(f"{path}: is empty", mend=f"begin with a line {TIME_NS},POINT,...")
            rows = ((lines.line_num, fields) for fields in lines if fields)
            return _read(plant, source, path, header, rows, names=names, zone=zone)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path}: cannot be read: {error}", mend="give the path of a CSV file in UTF-8") from error


def read_parquet(
    plant: Plant, source: str, path: Path, *, names: Mapping[str, str], zone: str | None
) -> tuple[Recording, Report]:
    """The samples of a Parquet file; raises SourceError where the file as a whole is of no use."""
    import pyarrow as arrow  # type: ignore[import-untyped]  # here only: 40 MB that a scan service does without
    import pyarrow.parquet as parquet  # type: ignore[import-untyped]

    def rows(file: parquet.ParquetFile) -> Iterator[Row]:
        number = 0
        for batch in file.iter_batches():
            columns = [_plain(arrow, column) for column in batch.columns]
            for fields in zip(*columns, strict=True):
                number += 1
                yield number, fields

    try:
        with parquet.ParquetFile(path) as file:
            return _read(plant, source, path, file.schema_arrow.names, rows(file), names=names, zone=zone)
    except (OSError, arrow.ArrowException) as error:
        raise SourceError(f"{path}: cannot be read: {error}", mend="give the path of a Parquet file") from error


def _plain(arrow: Any, column: Any) -> list[Cell]:
    """A column as Python values; times of whole nanoseconds as ISO text, which loses none."""
    if arrow.types.is_timestamp(column.type) and column.type.unit == "ns":
        zone = "Z" if column.type.tz else ""
        text = column.cast(arrow.timestamp("ns")).cast(arrow.string())
        return [None if cell is None else f"{cell}{zone}" for cell in text.to_pylist()]
    plain: list[Cell] = column.to_pylist()
    return plain


def _read(
    plant: Plant,
    source: str,
    path: Path,
    header: Sequence[str],
    rows: Iterable[Row],
    *,
    names: Mapping[str, str],
    zone: str | None,
) -> tuple[Recording, Report]:
    try:
        layout = layout_of(plant, source, header, names)
        of_zone = None if zone is None else ZoneInfo(zone)
    except SourceError as error:
        raise SourceError(f"{path}: {error.message}", mend=error.mend) from error
    except (KeyError, ValueError, OSError) as error:
        raise SourceError(f"there is no time zone {zone!r}", mend="write one as Asia/Shanghai") from error
    report = Report(file=str(path), strangers=dict.fromkeys(layout.strangers, 0))
    samples = Samples()
    mine = points_of(plant, source)
    for line, fields in rows:
        report.rows += 1
        if len(fields) != len(header):
            report.bad(line, f"{len(fields)} fields under {len(header)} columns")
            continue
        try:
            time_ns = _time(fields, layout, of_zone, report.rows - 1)
        except (ValueError, OverflowError) as error:
            report.bad(line, f"{header[layout.time]}: {error}")
            continue
        if layout.wide:
            wrong = _wide(samples, time_ns, fields, layout, header)
        else:
            wrong = _long(samples, time_ns, fields, layout, mine, names, plant, report)
        if wrong:
            report.bad(line, wrong)
    recording = samples.recording(len(mine), layout)
    if not len(recording):
        first = f"; line {report.named[0].line}: {report.named[0].wrong}" if report.named else ""
        raise SourceError(
            f"{path}: no sample of source {source} in {report.rows} rows{first}",
            mend="see that names and times are as the plant file and the time zone have them",
        )
    return recording, report


def _time(fields: Sequence[Cell], layout: Layout, zone: ZoneInfo | None, row: int) -> int:
    if layout.time == NONE:
        return row
    cell = fields[layout.time]
    return cells.nanoseconds(cell) if layout.time_is_ns else cells.instant(cell, zone)


def _wide(samples: Samples, time_ns: int, fields: Sequence[Cell], layout: Layout, header: Sequence[str]) -> str:
    """All samples of a row; what is wrong with it, or nothing."""
    wrong = []
    for column in layout.wide:
        try:
            value, status = _sample(fields, column.place, column.status, column.quality)
        except (ValueError, OverflowError) as error:
            wrong.append(f"{header[column.place]}: {error}")
            value, status = float("nan"), BAD
        samples.add(time_ns, column.point, value, status)
    return "; ".join(wrong)


def _long(
    samples: Samples,
    time_ns: int,
    fields: Sequence[Cell],
    layout: Layout,
    mine: Mapping[str, int],
    names: Mapping[str, str],
    plant: Plant,
    report: Report,
) -> str:
    """The sample of a row; what is wrong with it, or nothing. Points of other sources are passed over."""
    theirs = str(fields[layout.point] or "").strip()
    name = names.get(theirs, theirs)
    if not name:
        return "names no point"
    if name not in mine:
        if name not in plant.points.row:
            report.strangers[name] = report.strangers.get(name, 0) + 1
        return ""
    try:
        value, status = _sample(fields, layout.value, layout.status, layout.quality)
    except (ValueError, OverflowError) as error:
        samples.add(time_ns, mine[name], float("nan"), BAD)
        return f"{name}: {error}"
    samples.add(time_ns, mine[name], value, status)
    return ""


def _sample(fields: Sequence[Cell], value: int, status: int, quality: int) -> tuple[float, int]:
    """Value and status of one sample; of a status and a quality the worse counts."""
    code = cells.status(fields[status]) if status != NONE else 0
    if quality != NONE:
        code = max(cells.quality(fields[quality]), code, key=lambda each: each >> 30)  # the two severity bits
    return cells.number(fields[value]), code
