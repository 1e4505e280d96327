"""Values into registers: the other way of connectors.modbus.decode, through the same map.

Modbus has no status. A float that is not there is NaN on the wire; an integer or a bit keeps what it had, as a device
does whose input card has failed.
"""

import numpy as np
from numpy.typing import NDArray

from connectors.modbus.decode import Image
from connectors.modbus.map import DTYPES, ENCODINGS, Group, RegisterMap
from plantsafe.frame import F8, U4, Bool, is_bad

Octets = NDArray[np.uint8]


def encode(registers: RegisterMap, value: F8, status: U4, image: Image) -> None:
    """Write `value` (n_points) into `image` where the status is not Bad; integers saturate."""
    there = np.isfinite(value) & ~is_bad(status)
    raw = (np.where(there, value, 0.0) - registers.offset) / registers.scale
    octets: Octets = image.astype(">u2").view(np.uint8)
    for group in registers.groups:
        mine, present = raw[group.points], there[group.points]
        if group.kind == "bool":
            _encode_bits(group, mine > 0.5, present, octets)
        elif group.kind.startswith("float"):
            with np.errstate(over="ignore"):  # a value past float32 is infinity on the wire
                wire = np.where(present, mine, np.nan).astype(DTYPES[group.kind])
            octets[group.octets] = _octets(wire)
        else:
            octets[group.octets[present]] = _octets(_whole(mine[present], DTYPES[group.kind]))
    for text in registers.texts:
        said = next((words for words, code in text.codes.items() if code == raw[text.point]), None)
        if there[text.point] and said is not None:
            written = said.encode(ENCODINGS[0])[: len(text.octets)]
            octets[text.octets] = np.frombuffer(written.ljust(len(text.octets), b"\0"), np.uint8)
    image[:] = octets.view(">u2")


def _octets(wire: NDArray[np.generic]) -> Octets:
    return np.ascontiguousarray(wire)[:, None].view(np.uint8)


def _whole(raw: F8, dtype: str) -> NDArray[np.generic]:
    """Nearest integers of a type; the ends are compared as floats, as 2**63 and 2**64 - 1 are none that fit."""
    info = np.iinfo(dtype)
    nearest = np.rint(raw)
    low, high = nearest <= float(info.min), nearest >= float(info.max)
    whole = np.where(low | high, 0.0, nearest).astype(dtype)
    whole[low], whole[high] = info.min, info.max
    return whole


def _encode_bits(group: Group, on: Bool, present: Bool, octets: Octets) -> None:
    """Several points may share a word: its bits are set and cleared one point at a time, on the words as a whole."""
    places, bit = group.octets, group.bit
    if not present.all():
        places, bit, on = places[present], bit[present], on[present]
    high, low = places.T
    whole = bit < 0
    if whole.all():
        octets[high], octets[low] = 0, on
        return
    octets[high[whole]], octets[low[whole]] = 0, on[whole]
    place = np.where(bit >= 8, high, low)[~whole]
    mask = np.left_shift(1, bit[~whole] % 8).astype(np.uint8)
    np.bitwise_and.at(octets, place, ~mask)
    np.bitwise_or.at(octets, place, np.where(on[~whole], mask, np.uint8(0)))
