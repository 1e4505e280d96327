"""One cell of a historian's export: a time, a number, a status or a quality. What cannot be read raises ValueError."""

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from plantsafe.frame import (
    BAD,
    BAD_COMMUNICATION_ERROR,
    BAD_OUT_OF_SERVICE,
    BAD_SENSOR_FAILURE,
    BAD_WAITING_FOR_INITIAL_DATA,
    GOOD,
    LIMIT_HIGH,
    LIMIT_LOW,
    UNCERTAIN,
    UNCERTAIN_EU_EXCEEDED,
    UNCERTAIN_LAST_USABLE_VALUE,
    UNCERTAIN_SENSOR_NOT_ACCURATE,
)

Cell = str | int | float | bool | datetime | None

MAX_NS = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS = {"good": GOOD, "uncertain": UNCERTAIN, "bad": BAD}
_CLASSIC = {  # OPC Data Access 2.05a, 6.8: quality and substatus, six of eight bits -> OPC UA Part 8, 6.3
    0x00: BAD,
    0x04: BAD,  # configuration error
    0x08: BAD_COMMUNICATION_ERROR,  # not connected
    0x0C: BAD_SENSOR_FAILURE,  # device failure
    0x10: BAD_SENSOR_FAILURE,
    0x14: BAD_COMMUNICATION_ERROR,  # last known value: no value of now
    0x18: BAD_COMMUNICATION_ERROR,
    0x1C: BAD_OUT_OF_SERVICE,
    0x20: BAD_WAITING_FOR_INITIAL_DATA,
    0x40: UNCERTAIN,
    0x44: UNCERTAIN_LAST_USABLE_VALUE,
    0x50: UNCERTAIN_SENSOR_NOT_ACCURATE,
    0x54: UNCERTAIN_EU_EXCEEDED,
    0x58: UNCERTAIN,  # sub-normal
    0xC0: GOOD,
    0xD8: GOOD,  # local override
}
_CLASSIC_LIMIT = {0: 0, 1: LIMIT_LOW, 2: LIMIT_HIGH, 3: 0}


def empty(cell: Cell) -> bool:
    """True where the export has nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def nanoseconds(cell: Cell) -> int:
    """UTC nanoseconds written as such."""
    if isinstance(cell, (float, datetime)) or empty(cell):
        raise ValueError(f"{cell!r} is no whole number of nanoseconds")
    return _checked_ns(int(str(cell)))


def instant(cell: Cell, zone: ZoneInfo | None) -> int:
    """UTC nanoseconds of a time as ISO 8601 writes it; one without its own zone is of `zone`."""
    if empty(cell):
        raise ValueError("there is no time")
    if isinstance(cell, datetime):
        at, fraction_ns = cell, 0
    else:
        text, fraction_ns = _whole_microseconds(str(cell).strip())
        at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        if zone is None:
            raise ValueError(f"{cell} has no time zone")
        at = at.replace(tzinfo=zone)
        if at.utcoffset() != at.replace(fold=1).utcoffset():
            raise ValueError(f"{cell} is not one instant in {zone.key}: clocks are changed there")
    passed = at.astimezone(UTC) - _EPOCH
    return _checked_ns((passed.days * 86_400 + passed.seconds) * 10**9 + passed.microseconds * 1000 + fraction_ns)


def number(cell: Cell) -> float:
    """A number, NaN for an empty cell."""
    if empty(cell):
        return math.nan
    if isinstance(cell, datetime):
        raise ValueError(f"{cell} is a time, not a number")  # noqa: TRY004  what a cell holds, not what a caller gave
    return float(cell) if cell is not None else math.nan


def status(cell: Cell) -> int:
    """An OPC UA status code: 0x... or a number; Good for an empty cell."""
    if empty(cell):
        return GOOD
    code = int(cell.strip(), 0) if isinstance(cell, str) else cell
    if not isinstance(code, int) or not 0 <= code < 2**32:
        raise ValueError(f"{cell!r} is no OPC UA status code")
    return code


def quality(cell: Cell) -> int:
    """Good, Uncertain or Bad in words, or an OPC Data Access quality (192 is good), as an OPC UA status code."""
    if empty(cell):
        return GOOD
    if isinstance(cell, str) and (word := cell.strip().lower()) in _WORDS:
        return _WORDS[word]
    try:
        classic = int(str(cell), 0)
    except ValueError:
        classic = -1
    if not 0 <= classic <= 0xFF or classic & 0xFC not in _CLASSIC:
        raise ValueError(f"{cell!r} is no quality: write Good, Uncertain, Bad or an OPC DA quality (192 is good)")
    return _CLASSIC[classic & 0xFC] | _CLASSIC_LIMIT[classic & 0x03]


def _whole_microseconds(text: str) -> tuple[str, int]:
    """Nanosecond digits, which datetime does not know, taken out of a time."""
    head, point, tail = text.partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    if not point or len(digits) <= 6:
        return text, 0
    return f"{head}.{digits[:6]}{tail[len(digits) :]}", int(digits[6:9].ljust(3, "0"))


def _checked_ns(time_ns: int) -> int:
    if not 0 <= time_ns <= MAX_NS:
        raise ValueError(f"time {time_ns} ns is before 1970 or after 2262")
    return time_ns
