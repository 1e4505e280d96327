"""From the answers of a Read to columns: numbers stay numbers, everything else turns bad."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from asyncua import ua

from plantsafe.frame import BAD, BAD_TYPE_MISMATCH, BAD_WAITING_FOR_INITIAL_DATA, F8, I8, U4, is_bad

RESOLUTION_NS = 1_000  # asyncua keeps times as datetime: microseconds
LATEST_S = 9_000_000_000.0  # year 2255: later times do not fit 64 bits of nanoseconds and say nothing


def decode(answers: Sequence[ua.DataValue]) -> tuple[F8, U4, I8]:
    """Value, status and source time (UTC ns, 0 where none) of each answer, by the rules of `settle`."""
    value = np.empty(len(answers))
    status = np.empty(len(answers), dtype=np.uint32)
    seconds = np.zeros(len(answers))
    for i, answer in enumerate(answers):
        code = answer.StatusCode.value if answer.StatusCode is not None else 0
        content = answer.Value.Value if answer.Value is not None else None
        if isinstance(content, (float, int)):  # bool is an int
            value[i] = content
        else:
            value[i], code = _other(content, code)
        status[i] = code
        if answer.SourceTimestamp is not None:
            seconds[i] = _seconds(answer.SourceTimestamp)
    value, status = settle(value, status)
    return value, status, source_time_ns(seconds)


def settle(value: F8, status: U4) -> tuple[F8, U4]:
    """NaN wherever the status is Bad, and Bad wherever the value is not finite although the server calls it usable."""
    broken = ~np.isfinite(value) & ~is_bad(status)
    status = np.where(broken, np.uint32(BAD), status)
    return np.where(is_bad(status), np.nan, value), status


def source_time_ns(seconds: F8) -> I8:
    """UTC nanoseconds at the resolution that the wire keeps; 0 for a time before 1970 or past the year 2255."""
    known = (seconds > 0.0) & (seconds < LATEST_S)
    return np.rint(np.where(known, seconds, 0.0) * 1e6).astype(np.int64) * RESOLUTION_NS


def _other(content: object, code: int) -> tuple[float, int]:
    """A value that is no number: a time counts in seconds (a server's clock is a heartbeat), the rest is bad."""
    if code & BAD:
        return np.nan, code
    if isinstance(content, datetime):
        return _seconds(content), code
    return np.nan, BAD_WAITING_FOR_INITIAL_DATA if content is None else BAD_TYPE_MISMATCH


def _seconds(moment: datetime) -> float:
    """UTC seconds since 1970."""
    return moment.timestamp()
