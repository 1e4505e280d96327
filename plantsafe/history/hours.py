"""Hourly figures of every point of a day: a year of them is read in milliseconds, and they outlive the samples."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8, I8, U4, is_bad, is_good
from plantsafe.store.column import decode_samples
from plantsafe.store.day_file import Chunk, DayReader
from plantsafe.store.zstd import compress, decompress

HOUR_NS = 3_600_000_000_000
HOURS = 24
_LEVEL = 3  # site default
FIGURES = np.dtype(
    {
        "names": ["count", "good", "low", "high", "total", "last", "worst"],
        "formats": ["<i4", "<i4", "<f8", "<f8", "<f8", "<f8", "<u4"],
    }
)
"""Of the usable values of a span: how many, how many of them Good, extremes, sum; its last value and worst status."""

Figures = NDArray[np.void]


def nothing(*shape: int) -> Figures:
    """Figures of hours without a scan."""
    figures = np.zeros(shape, dtype=FIGURES)
    figures["low"], figures["high"], figures["last"] = np.inf, -np.inf, np.nan
    return figures


def by_hour(reader: DayReader) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """For each UTC day that the file has scans of (days since 1970-01-01): its 24 hours of every point, packed."""
    names = reader.names()
    days: dict[int, Figures] = {}
    for stretch in reader.stretches(0, 1 << 62):
        hour = stretch.time_ns // HOUR_NS
        chunks = reader.chunks(stretch.first)
        rows = [chunk.point for chunk in chunks]
        for one, begin, end in _runs(hour):
            figures = days.setdefault(one // HOURS, nothing(len(names), HOURS))
            part = figures[:, one % HOURS]
            part[rows] = _merged(part[rows], _of(chunks, begin, end, len(hour)))
    for day, figures in days.items():
        yield day, [(name, compress(figures[row].tobytes(), _LEVEL)) for row, name in enumerate(names)]


def unpacked(data: bytes) -> Figures:
    """The 24 hours of one point that `by_hour` packed."""
    return np.frombuffer(decompress(data), dtype=FIGURES)


def figures_of(value: F8, status: U4) -> Figures:
    """Figures of each column of (n, p) samples."""
    usable = ~is_bad(status) & ~np.isnan(value)
    figures = nothing(value.shape[1])
    figures["count"], figures["good"] = usable.sum(axis=0), (usable & is_good(status)).sum(axis=0)
    figures["low"] = np.where(usable, value, np.inf).min(axis=0)
    figures["high"] = np.where(usable, value, -np.inf).max(axis=0)
    figures["total"] = np.where(usable, value, 0.0).sum(axis=0)
    figures["last"], figures["worst"] = value[-1], status.max(axis=0)
    return figures


def header(chunk: Chunk) -> tuple[int, int, float, float, float, float, int]:
    """The figures that stand beside the samples of a chunk."""
    low = np.inf if chunk.low is None else chunk.low
    high = -np.inf if chunk.high is None else chunk.high
    last = np.nan if chunk.last is None else chunk.last
    return (chunk.count, chunk.good, low, high, chunk.total, last, chunk.worst)


def _runs(hour: I8) -> Iterator[tuple[int, int, int]]:
    for begin, end in pairwise([0, *(np.flatnonzero(np.diff(hour)) + 1).tolist(), len(hour)]):
        yield int(hour[begin]), begin, end


def _of(chunks: Sequence[Chunk], begin: int, end: int, n: int) -> Figures:
    if end - begin == n:
        return np.array([header(chunk) for chunk in chunks], dtype=FIGURES)
    parts = [decode_samples(chunk.samples, n) for chunk in chunks]
    value = np.stack([value[begin:end] for value, _ in parts], axis=1)
    return figures_of(value, np.stack([status[begin:end] for _, status in parts], axis=1))


def _merged(before: Figures, after: Figures) -> Figures:
    both = before.copy()
    for name in ("count", "good", "total"):
        both[name] += after[name]
    both["low"], both["high"] = np.minimum(before["low"], after["low"]), np.maximum(before["high"], after["high"])
    both["last"], both["worst"] = after["last"], np.maximum(before["worst"], after["worst"])
    return both
