"""Figures of points over spans of time, from whatever answers soonest: hourly figures, headers of stretches, samples.

Buckets of an hour and more stand on whole hours of UTC, so that the hourly figures serve them; `edges_ns` says where.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plantsafe.errors import RequestError
from plantsafe.frame import F8, I8, U4, is_bad, is_good
from plantsafe.history.hours import FIGURES, HOUR_NS, HOURS, Figures, header, nothing, unpacked
from plantsafe.history.reader import HistoryReader
from plantsafe.store.column import decode_samples
from plantsafe.store.rollup import DayFile

_DAY_NS = HOURS * HOUR_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """m spans of time of k points. edges_ns (m + 1,): a span holds the scans from its edge up to the next.

    count, good (m, k): usable values, and how many of them are Good. low, high, mean (m, k): of the usable values,
    NaN where there is none. last (m, k): value of the last scan, NaN where it is Bad or there is no scan.
    worst (m, k): the largest status code.
    """

    edges_ns: I8
    count: I8
    good: I8
    low: F8
    high: F8
    mean: F8
    last: F8
    worst: U4


def read_buckets(history: HistoryReader, points: Sequence[str], from_ns: int, to_ns: int, n: int) -> Buckets:
    """At most `n` buckets of `points` over [from_ns, to_ns); raises RequestError for a span that is empty."""
    if to_ns <= from_ns or n < 1:
        raise RequestError("a span of time ends after it begins", mend="give a later end, and at least one bucket")
    edges = bucket_edges(from_ns, to_ns, n)
    figures = np.stack([_of_point(history, point, edges) for point in points], axis=1)
    count = figures["count"].astype(np.int64)
    with np.errstate(invalid="ignore"):
        mean = figures["total"] / np.where(count > 0, count, np.nan)
    return Buckets(
        edges_ns=edges,
        count=count,
        good=figures["good"].astype(np.int64),
        low=np.where(count > 0, figures["low"], np.nan),
        high=np.where(count > 0, figures["high"], np.nan),
        mean=mean,
        last=figures["last"],
        worst=figures["worst"],
    )


def bucket_edges(from_ns: int, to_ns: int, n: int) -> I8:
    """Edges of at most `n` buckets that cover [from_ns, to_ns)."""
    width = -(-(to_ns - from_ns) // n)
    if width < HOUR_NS:
        return from_ns + width * np.arange(-(-(to_ns - from_ns) // width) + 1, dtype=np.int64)
    hours = -(-width // HOUR_NS)
    first = from_ns // HOUR_NS
    while (m := -(-(-(-to_ns // HOUR_NS) - first) // hours)) > n:
        hours += 1
    return (first + hours * np.arange(m + 1, dtype=np.int64)) * HOUR_NS


@dataclass(frozen=True, slots=True)
class _Parts:
    """What answers for one point: figures with the instant they stand for, and samples; in the order of the scans."""

    at_ns: list[I8]
    figures: list[Figures]
    time_ns: list[I8]
    value: list[F8]
    status: list[U4]


def _of_point(history: HistoryReader, point: str, edges: I8) -> Figures:
    parts = _Parts([], [], [], [], [])
    rolled = set()
    if edges[1] - edges[0] >= HOUR_NS and history.rollup is not None:
        rolled = _hours(history, point, edges, parts)
    mark = history.mark()
    for file in history.files():
        if file.name not in rolled and file.last_ns >= edges[0] and file.first_ns < edges[-1]:
            _stretches(history, file, point, edges, parts)
    hot = history.window((point,), mark + 1, history.last_number())
    inside = (hot.time_ns >= edges[0]) & (hot.time_ns < edges[-1])
    _keep(parts, hot.time_ns[inside], hot.value[inside, 0], hot.status[inside, 0])
    return _added(parts, edges)


def _hours(history: HistoryReader, point: str, edges: I8, parts: _Parts) -> set[str]:
    """Take hourly figures of the days that are over; returns the files that need not be read."""
    rollup = history.rollup
    assert rollup is not None  # noqa: S101  # asked only where there is one
    rolled = rollup.rolled_files()
    days = rollup.days(point, int(edges[0]) // _DAY_NS, int(edges[-1] - 1) // _DAY_NS)
    for day, file, data in days:
        if file in rolled or not history.has(file):
            hours = unpacked(data)
            at = day * _DAY_NS + np.arange(HOURS) * HOUR_NS
            some = (hours["count"] > 0) | (hours["worst"] > 0) | ~np.isnan(hours["last"])
            some &= (at >= edges[0]) & (at < edges[-1])
            parts.at_ns.append(at[some])
            parts.figures.append(hours[some])
    return rolled


def _stretches(history: HistoryReader, file: DayFile, point: str, edges: I8, parts: _Parts) -> None:
    """Headers of stretches inside one bucket, samples of the others."""
    if (day := history.day(file)) is None:
        return
    (row,) = day.ids((point,))
    if row is None:
        return
    with day.view():
        heads = day.between(int(edges[0]), int(edges[-1]))
        chunks = day.chunks_of(row, [head[0] for head in heads])
    begins = np.searchsorted(edges, [head[1] for head in heads], side="right").tolist()
    ends = np.searchsorted(edges, [head[2] for head in heads], side="right").tolist()
    for (first, first_ns, _last_ns, time_ns), begin, end in zip(heads, begins, ends, strict=True):
        chunk = chunks.get(first)
        if chunk is None:
            continue
        if begin == end and 0 < begin < len(edges):
            parts.at_ns.append(np.array([first_ns]))
            parts.figures.append(np.array([header(chunk)], dtype=FIGURES))
            continue
        value, status = decode_samples(chunk.samples, len(time_ns))
        if begin == 0 or end == len(edges):
            inside = (time_ns >= edges[0]) & (time_ns < edges[-1])
            time_ns, value, status = time_ns[inside], value[inside], status[inside]
        _keep(parts, time_ns, value, status)


def _keep(parts: _Parts, time_ns: I8, value: F8, status: U4) -> None:
    parts.time_ns.append(time_ns)
    parts.value.append(value)
    parts.status.append(status)


def _added(parts: _Parts, edges: I8) -> Figures:
    """Everything in its bucket; of several last values, the one with the latest instant."""
    sampled_ns, sampled = _of_samples(parts, edges)
    at_ns = np.concatenate([*parts.at_ns, sampled_ns])
    part = np.concatenate([*parts.figures, sampled])
    figures, row = nothing(len(edges) - 1), np.searchsorted(edges, at_ns, side="right") - 1
    for name in ("count", "good", "total"):
        np.add.at(figures[name], row, part[name])
    np.minimum.at(figures["low"], row, part["low"])
    np.maximum.at(figures["high"], row, part["high"])
    np.maximum.at(figures["worst"], row, part["worst"])
    order = np.argsort(at_ns, kind="stable")
    figures["last"][row[order]] = part["last"][order]
    return figures


def _of_samples(parts: _Parts, edges: I8) -> tuple[I8, Figures]:
    """Figures of the samples of each bucket, with the instant of the last one."""
    time_ns = np.concatenate(parts.time_ns) if parts.time_ns else np.zeros(0, dtype=np.int64)
    if not len(time_ns):
        return time_ns, nothing(0)
    value, status = np.concatenate(parts.value), np.concatenate(parts.status)
    if (time_ns[1:] < time_ns[:-1]).any():  # the clock was put back
        order = np.argsort(time_ns, kind="stable")
        time_ns, value, status = time_ns[order], value[order], status[order]
    begins = np.searchsorted(time_ns, edges)
    begins, ends = begins[:-1][begins[1:] > begins[:-1]], begins[1:][begins[1:] > begins[:-1]] - 1
    figures = nothing(len(begins))
    figures["last"] = value[ends]
    usable = ~np.isnan(value)
    good = usable
    doubt = bool(status.any())
    if doubt:
        figures["worst"] = np.maximum.reduceat(status, begins)
        usable = usable & ~is_bad(status)
        good = usable & is_good(status)
    low = high = total = value
    if doubt or not usable.all():
        low, high = np.where(usable, value, np.inf), np.where(usable, value, -np.inf)
        total = np.where(usable, value, 0.0)
        figures["count"] = np.add.reduceat(usable, begins, dtype=np.int64)
        figures["good"] = np.add.reduceat(good, begins, dtype=np.int64)
    else:
        figures["count"] = figures["good"] = ends - begins + 1
    figures["low"] = np.minimum.reduceat(low, begins)
    figures["high"] = np.maximum.reduceat(high, begins)
    figures["total"] = np.add.reduceat(total, begins)
    return time_ns[ends], figures
