"""A frame as bytes and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8, NO_DEVICE_EVENTS, NO_FAST_SAMPLES, U4, DeviceEvents, FastSamples, Frame
from plantsafe.store.arrays import pack, unpack
from plantsafe.store.sample_blocks import decode_blocks, encode_blocks, in_blocks, pick


def encode_frame(frame: Frame) -> tuple[bytes, bytes]:
    """The samples of `frame` and what else it has; number, plant and time are columns beside them.

    Apart, because most readers want the samples alone. Fast samples and device events only where there are any.
    """
    about: dict[str, NDArray[Any]] = {
        "source_time_ns": frame.source_time_ns,
        "received": frame.received,
        "origin": frame.origin,
        "resolution_ns": frame.resolution_ns,
    }
    if frame.fast.point.size:
        about |= {f"fast.{field.name}": getattr(frame.fast, field.name) for field in fields(FastSamples)}
    if frame.events.source.size:
        about |= {f"event.{field.name}": getattr(frame.events, field.name) for field in fields(DeviceEvents)}
    return encode_blocks(frame.value, frame.status), pack(about)


def decode_samples(data: bytes, rows: NDArray[np.intp]) -> tuple[F8, U4]:
    """Values and statuses of the points `rows` of a frame, without the rest."""
    if in_blocks(data):
        return pick(data, rows)
    arrays = unpack(data)
    return arrays["value"][rows], arrays["status"][rows]


def decode_frame(number: int, plant: str, time_ns: int, data: bytes, about: bytes | None) -> Frame:
    """The frame that `encode_frame` wrote; before there were blocks, its arrays were packed in `data`."""
    arrays = unpack(about) if about is not None else {}
    if in_blocks(data):
        arrays["value"], arrays["status"] = decode_blocks(data)
    else:
        arrays |= unpack(data)
    return Frame(
        number=number,
        plant=plant,
        time_ns=time_ns,
        value=arrays["value"].astype(np.float64, copy=False),
        status=arrays["status"].astype(np.uint32, copy=False),
        source_time_ns=arrays["source_time_ns"].astype(np.int64, copy=False),
        received=arrays["received"].astype(np.int64, copy=False),
        origin=arrays["origin"].astype(np.uint8, copy=False),
        resolution_ns=arrays["resolution_ns"].astype(np.int64, copy=False),
        fast=_fast(arrays),
        events=_events(arrays),
    )


def _fast(arrays: Mapping[str, NDArray[Any]]) -> FastSamples:
    """Frames of a plant without fast groups have none of these arrays."""
    if "fast.point" not in arrays:
        return NO_FAST_SAMPLES
    return FastSamples(**{field.name: arrays[f"fast.{field.name}"] for field in fields(FastSamples)})


def _events(arrays: Mapping[str, NDArray[Any]]) -> DeviceEvents:
    """Most frames have none."""
    if "event.source" not in arrays:
        return NO_DEVICE_EVENTS
    return DeviceEvents(**{field.name: arrays[f"event.{field.name}"] for field in fields(DeviceEvents)})
