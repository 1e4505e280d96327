"""Values into registers: the other way of connectors.modbus.decode, through the same map.

Modbus has no status. A float that is not there is NaN on the wire; an integer or a bit keeps what it had, as a device
does whose input card has failed.
"""

import numpy as np

from connectors.modbus.decode import Image
from connectors.modbus.map import KINDS, RegisterMap
from plantsafe.frame import F8, U4, Bool, is_bad

_RANGE = {"uint16": (0, 0xFFFF), "int16": (-0x8000, 0x7FFF), "uint32": (0, 0xFFFFFFFF), "int32": (-(2**31), 2**31 - 1)}


def encode(registers: RegisterMap, value: F8, status: U4, image: Image) -> None:
    """Write `value` (n_points) into `image` where the status is not Bad; integers saturate."""
    there = np.isfinite(value) & ~is_bad(status)
    raw = (np.where(there, value, 0.0) - registers.offset) / registers.scale
    for code, kind in enumerate(KINDS):
        mine = registers.kind == code
        if not mine.any():
            continue
        if kind == "bool":
            _encode_bits(registers, raw, mine & there, image)
        elif kind == "float32":
            with np.errstate(over="ignore"):  # a value past float32 is infinity on the wire
                single = np.where(there[mine], raw[mine], np.nan).astype(np.float32)
            _encode_double(registers, single.view(np.uint32), mine, image)
        else:
            mine &= there
            whole = np.clip(np.rint(raw[mine]), *_RANGE[kind]).astype(np.int64)
            if kind in ("uint16", "int16"):
                image[registers.at[mine]] = (whole & 0xFFFF).astype(np.uint16)
            else:
                _encode_double(registers, (whole & 0xFFFFFFFF).astype(np.uint32), mine, image)


def _encode_double(registers: RegisterMap, words: U4, mine: Bool, image: Image) -> None:
    high, low = (words >> np.uint32(16)).astype(np.uint16), (words & np.uint32(0xFFFF)).astype(np.uint16)
    little, at = registers.little[mine], registers.at[mine]
    image[at] = np.where(little, low, high)
    image[at + 1] = np.where(little, high, low)


def _encode_bits(registers: RegisterMap, raw: F8, mine: Bool, image: Image) -> None:
    at, on = registers.at[mine], raw[mine] > 0.5
    bit = registers.bit[mine]
    whole = bit < 0
    image[at[whole]] = on[whole]
    mask = np.left_shift(1, bit[~whole].astype(np.int64)).astype(np.uint16)
    np.bitwise_and.at(image, at[~whole], ~mask)
    np.bitwise_or.at(image, at[~whole], np.where(on[~whole], mask, np.uint16(0)))
