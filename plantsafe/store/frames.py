"""A frame as bytes and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import NO_FAST_SAMPLES, FastSamples, Frame
from plantsafe.store.arrays import pack, unpack


def encode_frame(frame: Frame) -> bytes:
    """The arrays of `frame`; number, plant and time are columns beside them. Fast samples only where there are any."""
    arrays: dict[str, NDArray[Any]] = {
        "value": frame.value,
        "status": frame.status,
        "source_time_ns": frame.source_time_ns,
        "received": frame.received,
        "origin": frame.origin,
        "resolution_ns": frame.resolution_ns,
    }
    if frame.fast.point.size:
        arrays |= {f"fast.{field.name}": getattr(frame.fast, field.name) for field in fields(FastSamples)}
    return pack(arrays)


def decode_frame(number: int, plant: str, time_ns: int, data: bytes) -> Frame:
    """The frame that `encode_frame` wrote."""
    arrays = unpack(data)
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
    )


def _fast(arrays: Mapping[str, NDArray[Any]]) -> FastSamples:
    """Frames of a plant without fast groups have none of these arrays."""
    if "fast.point" not in arrays:
        return NO_FAST_SAMPLES
    return FastSamples(**{field.name: arrays[f"fast.{field.name}"] for field in fields(FastSamples)})
