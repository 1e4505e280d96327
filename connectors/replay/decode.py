"""From a CSV file to one Columns a line.

Columns are `time_ns`, one a point by its name, and where wanted `POINT.status` (an OPC UA code, 0x... or a number).
An empty field is a point without a value at that time. The whole file is read into memory.
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from connectors.replay.map import TIME, columns_of
from plantsafe.errors import SourceError
from plantsafe.frame import BAD, BAD_WAITING_FOR_INITIAL_DATA, GOOD, Origin, is_bad
from plantsafe.plant import Plant
from plantsafe.source import Columns

Places = NDArray[np.intp]


def read_csv(plant: Plant, source: str, path: Path) -> tuple[Columns, ...]:
    """The rows of a file as answers of the source; raises SourceError with the line that cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path}: cannot be read: {error}", mend="give the path of a CSV file in UTF-8") from error
    if not lines:
        raise SourceError(f"{path}: is empty", mend=f"begin with a line {TIME},POINT,...")
    header, rows = lines[0], lines[1:]
    value_at, status_at = columns_of(plant, source, header)
    time_at = np.intp(header.index(TIME) if TIME in header else -1)
    answers = []
    for number, fields in enumerate(rows, start=2):
        if len(fields) != len(header):
            raise SourceError(f"{path}:{number}: {len(fields)} fields under {len(header)} columns")
        try:
            answers.append(_row(fields, value_at, status_at, time_at))
        except (ValueError, OverflowError) as error:
            wrong = f"{path}:{number}: {error}"
            raise SourceError(wrong, mend="write numbers; leave a field empty for none") from error
    return tuple(answers)


def _row(fields: list[str], value_at: Places, status_at: Places, time_at: np.intp) -> Columns:
    def field(place: np.intp) -> str:
        return fields[place] if place >= 0 else ""

    value = np.array([float(field(place) or "nan") for place in value_at])
    there = ~np.isnan(value)
    status = np.array(
        [_status(field(place), there=bool(is_there)) for place, is_there in zip(status_at, there, strict=True)],
        dtype=np.uint32,
    )
    status = np.where(np.isinf(value) & ~is_bad(status), np.uint32(BAD), status)
    return Columns(
        value=np.where(is_bad(status), np.nan, value),
        status=status,
        source_time_ns=np.full(len(value), int(field(time_at) or 0), dtype=np.int64),
        answered=True,
        origin=Origin.DEVICE,
        resolution_ns=0,
    )


def _status(text: str, *, there: bool) -> int:
    """The status written, else Good for a value that is there; a value that is not there is never usable."""
    status = int(text, 0) if text else GOOD
    return status if there or status & BAD else BAD_WAITING_FOR_INITIAL_DATA
