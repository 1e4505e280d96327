"""A frame as bytes and back."""

import numpy as np

from plantsafe.frame import Frame
from plantsafe.store.arrays import pack, unpack


def encode_frame(frame: Frame) -> bytes:
    """The arrays of `frame`; number, plant and time are columns beside them."""
    return pack(
        {
            "value": frame.value,
            "status": frame.status,
            "source_time_ns": frame.source_time_ns,
            "received": frame.received,
            "origin": frame.origin,
            "resolution_ns": frame.resolution_ns,
        }
    )


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
    )
