"""From the image of the devices' registers to values, and from Modbus exceptions to statuses; whole arrays."""

import numpy as np
from numpy.typing import NDArray

from connectors.misfits import BAD_NOT_SUPPORTED, BAD_OUT_OF_RANGE
from connectors.modbus.map import KINDS, RegisterMap
from plantsafe.frame import BAD, BAD_COMMUNICATION_ERROR, BAD_NO_COMMUNICATION, BAD_NODE_ID_UNKNOWN, F8, U4, is_bad

Image = NDArray[np.uint16]

BAD_DEVICE_FAILURE = 0x808B0000
BAD_RESOURCE_UNAVAILABLE = 0x80040000

ILLEGAL_ADDRESS = 2
EXCEPTION_STATUS = {  # Modbus application protocol V1.1b3, chapter 7 -> OPC UA Part 6, annex A
    1: BAD_NOT_SUPPORTED,  # illegal function
    ILLEGAL_ADDRESS: BAD_NODE_ID_UNKNOWN,
    3: BAD_OUT_OF_RANGE,  # illegal data value
    4: BAD_DEVICE_FAILURE,
    5: BAD_RESOURCE_UNAVAILABLE,  # acknowledge: answer later
    6: BAD_RESOURCE_UNAVAILABLE,  # device busy
    8: BAD_DEVICE_FAILURE,  # memory parity error
    10: BAD_NO_COMMUNICATION,  # gateway path unavailable
    11: BAD_NO_COMMUNICATION,  # gateway target failed to respond
}


def status_of(exception: int) -> int:
    """The status of the points of a block that the device answered with this exception code."""
    return EXCEPTION_STATUS.get(exception, BAD_COMMUNICATION_ERROR)


def decode(registers: RegisterMap, image: Image, status: U4) -> tuple[F8, U4]:
    """Value and status (n_points), engineering units; NaN where `status` is Bad, Bad where a float is not finite."""
    first = image[registers.at].astype(np.uint32)
    second = image[np.minimum(registers.at + 1, registers.size - 1)].astype(np.uint32)
    high = np.where(registers.little, second, first)
    low = np.where(registers.little, first, second)
    double = (high << np.uint32(16)) | low
    single = first.astype(np.uint16)
    raw = np.empty(len(registers.at))
    for code, kind in enumerate(KINDS):
        mine = registers.kind == code
        match kind:
            case "bool":
                shift = np.maximum(registers.bit[mine], 0).astype(np.uint32)
                word = first[mine]
                raw[mine] = np.where(registers.bit[mine] >= 0, (word >> shift) & np.uint32(1), word != 0)
            case "uint16":
                raw[mine] = single[mine]
            case "int16":
                raw[mine] = single[mine].view(np.int16)
            case "uint32":
                raw[mine] = double[mine]
            case "int32":
                raw[mine] = double[mine].view(np.int32)
            case _:
                raw[mine] = double[mine].view(np.float32)
    value = raw * registers.scale + registers.offset
    status = np.where(~np.isfinite(value) & ~is_bad(status), np.uint32(BAD), status)
    return np.where(is_bad(status), np.nan, value), status
