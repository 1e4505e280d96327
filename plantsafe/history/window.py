"""Samples of some points over a range of scans."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plantsafe.frame import F8, I8, U4


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """n recorded scans of k points. number, time_ns (n,); value, status (n, k).

    A point that a plant description does not have is NaN and BadNodeIdUnknown in its scans. Lost scans have no row.
    """

    number: I8
    time_ns: I8
    value: F8
    status: U4


def cut(window: Window, first: int, last: int) -> Window:
    """Scans with numbers first..last."""
    begin, end = np.searchsorted(window.number, [first, last + 1])
    return Window(
        number=window.number[begin:end],
        time_ns=window.time_ns[begin:end],
        value=window.value[begin:end],
        status=window.status[begin:end],
    )


def during(window: Window, from_ns: int, to_ns: int) -> Window:
    """Scans whose instants are in [from_ns, to_ns)."""
    inside = (window.time_ns >= from_ns) & (window.time_ns < to_ns)
    if inside.all():
        return window
    return Window(
        number=window.number[inside],
        time_ns=window.time_ns[inside],
        value=window.value[inside],
        status=window.status[inside],
    )


def joined(parts: Sequence[Window]) -> Window:
    """Windows of the same points, one after the other, as one."""
    return one_of(parts, parts[0].value.shape[1] if parts else 0)


def one_of(parts: Sequence[Window], k: int) -> Window:
    """Windows of the same k points as one; empty without any."""
    none = Window(
        number=np.zeros(0, dtype=np.int64),
        time_ns=np.zeros(0, dtype=np.int64),
        value=np.zeros((0, k)),
        status=np.zeros((0, k), dtype=np.uint32),
    )
    parts = parts or [none]
    return Window(
        number=np.concatenate([part.number for part in parts]),
        time_ns=np.concatenate([part.time_ns for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        status=np.concatenate([part.status for part in parts]),
    )
