"""From a CSV file to one Columns a line: `time_ns,POINT,...` and, where wanted, `POINT.status` (OPC UA, 0x... or number).

An empty field is a point without a value at that time. The whole file is read into memory.
"""

import csv
from pathlib import Path

import numpy as np

from connectors.replay.map import TIME, columns_of
from plantsafe.errors import SourceError
from plantsafe.frame import BAD, BAD_WAITING_FOR_INITIAL_DATA, GOOD, Origin, is_bad
from plantsafe.plant import Plant
from plantsafe.source import Columns


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
    time_at = header.index(TIME) if TIME in header else -1
    answers = []
    for number, fields in enumerate(rows, start=2):
        if len(fields) != len(header):
            raise SourceError(f"{path}:{number}: {len(fields)} fields under {len(header)} columns")
        try:
            value = np.array([float(fields[i]) if i >= 0 and fields[i] else np.nan for i in value_at])
            status = np.array(
                [
                    _status(fields[i] if i >= 0 else "", there=not np.isnan(v))
                    for i, v in zip(status_at, value, strict=True)
                ],
                dtype=np.uint32,
            )
            time_ns = int(fields[time_at]) if time_at >= 0 else 0
        except (ValueError, OverflowError) as error:
            raise SourceError(
                f"{path}:{number}: {error}", mend="write numbers; leave a field empty for none"
            ) from error
        status = np.where(np.isinf(value) & ~is_bad(status), np.uint32(BAD), status)
        answers.append(
            Columns(
                value=np.where(is_bad(status), np.nan, value),
                status=status,
                source_time_ns=np.full(len(value), time_ns, dtype=np.int64),
                answered=True,
                origin=Origin.DEVICE,
                resolution_ns=0,
            )
        )
    return tuple(answers)


def _status(text: str, *, there: bool) -> int:
    """The status written, else Good for a value that is there; a value that is not there is never usable."""
    status = int(text, 0) if text else GOOD
    return status if there or status & BAD else BAD_WAITING_FOR_INITIAL_DATA
