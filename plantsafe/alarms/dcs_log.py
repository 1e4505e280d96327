"""The alarm log of a control system as moves: a CSV file whose columns are mapped by name."""

import csv
import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from plantsafe.alarms.kpi import ACKNOWLEDGED, CAME, GONE, Moves
from plantsafe.errors import StoreError

_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y %H:%M:%S")
_GONE = frozenset({"nr", "rtn", "return", "returned", "normal", "cleared", "clear", "恢复", "消除"})
_ACKED = frozenset({"ack", "acked", "acknowledge", "acknowledged", "确认"})
_ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of the columns. An alarm is its tag and, where `kind` is a limit (HH, H, ...), that too.

    gone, acknowledged: further words of `kind` for a return to normal and an acknowledgement. A return without a
    limit ends all alarms of its tag. priorities: the file's words for 1 to 4; without the column all are 3.
    console, of_console: where a column names the console, the one whose rows are read.
    """

    time: str = "timestamp"
    tag: str = "tag"
    kind: str = "type"
    priority: str = ""
    gone: frozenset[str] = _GONE
    acknowledged: frozenset[str] = _ACKED
    priorities: Mapping[str, int] = field(default_factory=lambda: {"1": 1, "2": 2, "3": 3, "4": 4})
    zone: str = "UTC"
    console: str = ""
    of_console: str = ""


def read_dcs_log(path: Path, columns: Columns) -> Moves:
    """The moves of a log, in the order of time; raises StoreError naming the line that cannot be read."""
    names: dict[str, int] = {}
    of_tag: dict[str, list[int]] = {}
    rows: list[tuple[int, int, int, int]] = []
    for line, row in _rows(path, columns):
        tag, kind = row[columns.tag].strip(), row[columns.kind].strip()
        time_ns = _time_ns(path, line, row[columns.time].strip(), columns.zone)
        priority = _priority(path, line, row, columns)
        limit, word = _parts(kind, columns)
        what = GONE if word in columns.gone else ACKNOWLEDGED if word else CAME
        if what == CAME or limit:
            name = f"{tag}.{limit}" if limit else tag
            if name not in names:
                names[name] = len(names)
                of_tag.setdefault(tag, []).append(names[name])
            rows.append((time_ns, names[name], what, priority))
        else:
            rows += [(time_ns, i, what, priority) for i in of_tag.get(tag, [])]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return Moves(
        names=tuple(names),
        time_ns=table[:, 0].copy(),
        alarm=table[:, 1].copy(),
        what=table[:, 2].astype(np.uint8),
        priority=table[:, 3].astype(np.uint8),
        acknowledges=bool((table[:, 2] == ACKNOWLEDGED).any()),
    )


def _parts(kind: str, columns: Columns) -> tuple[str, str]:
    """`L NR` as the limit L and the word nr; a kind that is no such word is a limit alone."""
    limit, _, word = kind.rpartition(" ")
    word = word.casefold()
    return (limit, word) if word in columns.gone or word in columns.acknowledged else (kind, "")


def _rows(path: Path, columns: Columns) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(_text(path).splitlines())
    wanted = [name for name in (columns.time, columns.tag, columns.kind, columns.priority, columns.console) if name]
    missing = [name for name in wanted if name not in (reader.fieldnames or ())]
    if missing:
        has = ", ".join(reader.fieldnames or ()) or "none"
        raise StoreError(f"{path} has no column {missing[0]!r}", mend=f"name one of its columns: {has}")
    for row in reader:
        if any(row[name] is None for name in wanted):
            raise StoreError(f"{path}, line {reader.line_num}: a column is missing", mend="correct or remove the line")
        if not columns.console or row[columns.console].strip() == columns.of_console:
            yield reader.line_num, row


def _text(path: Path) -> str:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise StoreError(f"{path} cannot be read: {error}", mend="give the path of a CSV file") from error
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise StoreError(f"{path} is no text in {' or '.join(_ENCODINGS)}", mend="save it as CSV in UTF-8")


def _time_ns(path: Path, line: int, text: str, zone: str) -> int:
    moment = None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        for form in _FORMATS:
            try:
                moment = datetime.strptime(text, form)  # the zone is set below
                break
            except ValueError:
                continue
    if moment is None:
        raise StoreError(f"{path}, line {line}: {text!r} is no time", mend="write times as 2026-01-31 13:00:00")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def _priority(path: Path, line: int, row: Mapping[str, str], columns: Columns) -> int:
    if not columns.priority:
        return 3
    word = row[columns.priority].strip()
    if word not in columns.priorities:
        raise StoreError(
            f"{path}, line {line}: {word!r} is no priority that is mapped", mend=f"map it: --priority-word {word}=3"
        )
    return columns.priorities[word]
