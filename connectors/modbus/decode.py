"""From the image of the devices' registers to values, and from Modbus exceptions to statuses; whole arrays."""

import numpy as np
from numpy.typing import NDArray

from connectors.misfits import BAD_NOT_SUPPORTED, BAD_OUT_OF_RANGE
from connectors.modbus.map import BIT_TABLES, DTYPES, RegisterMap
from plantsafe.frame import (
    BAD,
    BAD_COMMUNICATION_ERROR,
    BAD_NO_COMMUNICATION,
    BAD_NODE_ID_UNKNOWN,
    BAD_TYPE_MISMATCH,
    F8,
    U4,
    is_bad,
)

Image = NDArray[np.uint16]

BAD_DEVICE_FAILURE = 0x808B0000
BAD_RESOURCE_UNAVAILABLE = 0x80040000

PADDING = b" \0"  # behind a text that is shorter than its registers
ILLEGAL_ADDRESS, ILLEGAL_VALUE = 2, 3
NO_PATH, NO_TARGET = 10, 11
EXCEPTION_STATUS = {  # Modbus application protocol V1.1b3, chapter 7 -> OPC UA Part 6, annex A
    1: BAD_NOT_SUPPORTED,  # illegal function
    ILLEGAL_ADDRESS: BAD_NODE_ID_UNKNOWN,
    ILLEGAL_VALUE: BAD_OUT_OF_RANGE,
    4: BAD_DEVICE_FAILURE,
    5: BAD_RESOURCE_UNAVAILABLE,  # acknowledge: answer later
    6: BAD_RESOURCE_UNAVAILABLE,  # device busy
    8: BAD_DEVICE_FAILURE,  # memory parity error
    NO_PATH: BAD_NO_COMMUNICATION,  # gateway path unavailable
    NO_TARGET: BAD_NO_COMMUNICATION,  # gateway target failed to respond
}


def status_of(exception: int) -> int:
    """The status of the points of a block that the device answered with this exception code."""
    return EXCEPTION_STATUS.get(exception, BAD_COMMUNICATION_ERROR)


def words_of(table: str, payload: bytes, count: int) -> Image:
    """The data octets of an answer as `count` words of the image: registers high octet first, bits low bit first."""
    if table in BIT_TABLES:
        return np.unpackbits(np.frombuffer(payload, np.uint8), bitorder="little")[:count].astype(np.uint16)
    return np.frombuffer(payload, ">u2").astype(np.uint16)


def decode(registers: RegisterMap, image: Image, status: U4) -> tuple[F8, U4]:
    """Value and status (n_points), engineering units; NaN where `status` is Bad, Bad where a value is not finite.

    A text is the code that the point's states give it. A 64-bit integer past 2**53 loses what a float64 cannot hold.
    """
    octets = image.astype(">u2").view(np.uint8)
    raw = np.empty(len(registers.at))
    with np.errstate(invalid="ignore"):  # a signalling NaN is as bad as a quiet one
        for group in registers.groups:
            read = octets[group.octets].view(DTYPES[group.kind])[:, 0]
            if group.kind == "bool":
                one_bit = (read >> np.maximum(group.bit, 0)) & 1
                raw[group.points] = np.where(group.bit >= 0, one_bit, read != 0)
            else:
                raw[group.points] = read
    for text in registers.texts:
        code = text.known.get(text_of(octets[text.octets].tobytes()))
        raw[text.point] = np.nan if code is None else code
        if code is None and not is_bad(status[text.point]):
            status = status.copy()
            status[text.point] = BAD_TYPE_MISMATCH  # as a text of an OPC UA server that is no state of the point
    with np.errstate(over="ignore", invalid="ignore"):
        value = raw * registers.scale + registers.offset
    status = np.where(~np.isfinite(value) & ~is_bad(status), np.uint32(BAD), status)
    return np.where(is_bad(status), np.nan, value), status


def text_of(octets: bytes) -> bytes:
    """A text up to the first zero, without the blanks behind it."""
    return octets.partition(b"\0")[0].rstrip(PADDING)
