"""Consecutive scans of one plant description as whole arrays: from frames, to the rows of a day's file, and back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import (
    BAD_NO_DATA,
    F8,
    I8,
    NO_DEVICE_EVENTS,
    NO_FAST_SAMPLES,
    U4,
    DeviceEvents,
    FastSamples,
    Frame,
    is_bad,
    is_good,
)
from plantsafe.store.arrays import pack, unpack
from plantsafe.store.column import decode_samples, decode_times, encode_column
from plantsafe.store.day_file import Chunk, Stretch

_BY_SOURCE = ("received", "origin", "resolution_ns")
_EVENT = tuple(field.name for field in fields(DeviceEvents))
_FAST_TURNING = ("value", "status", "begun_ns", "ended_ns")  # a column a read; how many reads differs from scan to scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Scans:
    """n scans of a plant with p points. number, time_ns (n,); value, status, source_time_ns (n, p).

    about: `received`, `origin`, `resolution_ns` (n, n_sources), and where there are fast groups `fast.*` with
    `fast.reads` (n,): how many reads of its groups each scan has, -1 for a scan that has none of these arrays.
    Where devices stamped anything, `event.*` with `event.count` (n,): how many events each scan has.
    """

    plant: str
    number: I8
    time_ns: I8
    value: F8
    status: U4
    source_time_ns: I8
    about: dict[str, NDArray[Any]]


def gathered(frames: Sequence[Frame]) -> Scans:
    """Frames of one plant description as arrays."""
    about: dict[str, NDArray[Any]] = {name: np.stack([getattr(f, name) for f in frames]) for name in _BY_SOURCE}
    shown = [frame.fast for frame in frames if frame.fast.point.size]
    if shown:
        about["fast.reads"] = np.array([f.fast.value.shape[1] if f.fast.point.size else -1 for f in frames])
        about |= {"fast.point": shown[0].point, "fast.group": shown[0].group}
        about |= {f"fast.{name}": np.concatenate([getattr(f, name) for f in shown], axis=1) for name in _FAST_TURNING}
    if any(frame.events.source.size for frame in frames):
        about["event.count"] = np.array([frame.events.source.size for frame in frames])
        about |= {f"event.{name}": np.concatenate([getattr(f.events, name) for f in frames]) for name in _EVENT}
    return Scans(
        plant=frames[0].plant,
        number=np.array([frame.number for frame in frames], dtype=np.int64),
        time_ns=np.array([frame.time_ns for frame in frames], dtype=np.int64),
        value=np.stack([frame.value for frame in frames]),
        status=np.stack([frame.status for frame in frames]),
        source_time_ns=np.stack([frame.source_time_ns for frame in frames]),
        about=about,
    )


def frames_of(scans: Scans) -> Iterator[Frame]:
    """The frames again, as they were gathered."""
    about = scans.about
    reads = about.get("fast.reads", np.full(len(scans.number), -1))
    ends = np.cumsum(np.maximum(reads, 0))
    count = about.get("event.count", np.zeros(len(scans.number), dtype=np.int64))
    until = np.cumsum(count)
    for i, number in enumerate(scans.number):
        fast = NO_FAST_SAMPLES
        if reads[i] >= 0:
            turn = slice(ends[i] - reads[i], ends[i])
            fast = FastSamples(
                **{
                    field.name: about[f"fast.{field.name}"][:, turn].copy()
                    if field.name in _FAST_TURNING
                    else about[f"fast.{field.name}"]
                    for field in fields(FastSamples)
                }
            )
        events = NO_DEVICE_EVENTS
        if count[i]:
            own = slice(until[i] - count[i], until[i])
            events = DeviceEvents(**{name: about[f"event.{name}"][own].copy() for name in _EVENT})
        yield Frame(
            number=int(number),
            plant=scans.plant,
            time_ns=int(scans.time_ns[i]),
            value=scans.value[i],
            status=scans.status[i],
            source_time_ns=scans.source_time_ns[i],
            received=about["received"][i],
            origin=about["origin"][i],
            resolution_ns=about["resolution_ns"][i],
            fast=fast,
            events=events,
        )


def joined(parts: Sequence[Scans]) -> Scans:
    """Stretches of one plant description, one after the other, as one."""
    if len(parts) == 1:
        return parts[0]
    about: dict[str, NDArray[Any]] = {name: np.concatenate([p.about[name] for p in parts]) for name in _BY_SOURCE}
    shown = [part for part in parts if "fast.reads" in part.about]
    if shown:
        none = [np.full(len(part.number), -1) for part in parts]
        about["fast.reads"] = np.concatenate([p.about.get("fast.reads", n) for p, n in zip(parts, none, strict=True)])
        about |= {name: shown[0].about[name] for name in ("fast.point", "fast.group")}
        for name in _FAST_TURNING:
            about[f"fast.{name}"] = np.concatenate([p.about[f"fast.{name}"] for p in shown], axis=1)
    stamped = [part for part in parts if "event.count" in part.about]
    if stamped:
        about["event.count"] = np.concatenate(
            [p.about.get("event.count", np.zeros(len(p.number), dtype=np.int64)) for p in parts]
        )
        about |= {f"event.{n}": np.concatenate([p.about[f"event.{n}"] for p in stamped]) for n in _EVENT}
    return Scans(
        plant=parts[0].plant,
        number=np.concatenate([part.number for part in parts]),
        time_ns=np.concatenate([part.time_ns for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        status=np.concatenate([part.status for part in parts]),
        source_time_ns=np.concatenate([part.source_time_ns for part in parts]),
        about=about,
    )


def encoded(scans: Scans, ids: Sequence[int]) -> tuple[Stretch, bytes, list[Chunk]]:
    """The stretch, what it has beside its samples, and its rows; the plant's points have the numbers `ids`."""
    usable = ~is_bad(scans.status) & ~np.isnan(scans.value)
    count, good = usable.sum(axis=0), (usable & is_good(scans.status)).sum(axis=0)
    low = np.where(usable, scans.value, np.inf).min(axis=0, initial=np.inf)
    high = np.where(usable, scans.value, -np.inf).max(axis=0, initial=-np.inf)
    total = np.where(usable, scans.value, 0.0).sum(axis=0)
    worst = scans.status.max(axis=0)
    value, status = np.ascontiguousarray(scans.value.T), np.ascontiguousarray(scans.status.T)
    times = np.ascontiguousarray(scans.source_time_ns.T)
    chunks = []
    for column, point in enumerate(ids):
        samples, stamps = encode_column(value[column], status[column], times[column], scans.time_ns)
        some = bool(count[column])
        last = float(value[column, -1])
        chunks.append(
            Chunk(
                point=point,
                count=int(count[column]),
                good=int(good[column]),
                low=float(low[column]) if some else None,
                high=float(high[column]) if some else None,
                total=float(total[column]),
                last=None if np.isnan(last) else last,
                worst=int(worst[column]),
                samples=samples,
                times=stamps,
            )
        )
    stretch = Stretch(
        first=int(scans.number[0]),
        last=int(scans.number[-1]),
        first_ns=int(scans.time_ns.min()),
        last_ns=int(scans.time_ns.max()),
        plant=scans.plant,
        number=scans.number,
        time_ns=scans.time_ns,
    )
    return stretch, pack(scans.about), chunks


def decoded(stretch: Stretch, about: bytes, chunks: Sequence[Chunk], ids: Sequence[int]) -> Scans:
    """The scans of a stretch; the plant's points have the numbers `ids` in its file.

    A point without a row (it was damaged, and left out by a repair) is BadNoData.
    """
    number, time_ns = stretch.number, stretch.time_ns
    column = {point: i for i, point in enumerate(ids)}
    n, p = len(number), len(ids)
    value, status = np.full((p, n), np.nan), np.full((p, n), BAD_NO_DATA, dtype=np.uint32)
    times = np.zeros((p, n), dtype=np.int64)
    for chunk in chunks:
        i = column[chunk.point]
        value[i], status[i] = decode_samples(chunk.samples, n)
        times[i] = decode_times(chunk.times, value[i], status[i], time_ns)
    return Scans(
        plant=stretch.plant,
        number=number,
        time_ns=time_ns,
        value=np.ascontiguousarray(value.T),
        status=np.ascontiguousarray(status.T),
        source_time_ns=np.ascontiguousarray(times.T),
        about=unpack(about),
    )
