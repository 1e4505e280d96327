"""Stepping over encoded things that no point can be, without trusting a length: OPC UA Part 6, 5.2.2."""

import struct

from plantsafe.errors import SourceError

_INT = struct.Struct("<i")
FIXED = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 8, 9: 8, 10: 4, 11: 8, 13: 8, 14: 16, 19: 4}  # bytes by type
STRINGS = (12, 15, 16)  # String, ByteString, XmlElement
NODE_IDS = {0: 2, 1: 4, 2: 7, 4: 19}  # bytes by encoding; 3 and 5 hold a string
DEEPEST = 24  # site default: variants in variants; real values have one level
MOST_PARTS = 50_000  # site default: more elements of varying length in one value would hold up the loop


def past_bytes(body: bytes, at: int) -> int:
    """After a String or ByteString."""
    (size,) = _INT.unpack_from(body, at)
    if size < -1:
        raise SourceError(f"a text has the length {size}")
    return _within(body, at + 4 + max(size, 0))


def past_strings(body: bytes, at: int) -> int:
    """After an array of strings."""
    count = _count(body, at)
    at += 4
    for _ in range(count):
        at = past_bytes(body, at)
    return at


def past_node_id(body: bytes, at: int) -> int:
    """After a NodeId or ExpandedNodeId."""
    encoding = body[at]
    kind = encoding & 0x3F
    if kind in NODE_IDS:
        end = _within(body, at + NODE_IDS[kind])
    elif kind in (3, 5):
        end = past_bytes(body, at + 3)
    else:
        raise SourceError(f"a node identifier has the encoding {encoding:#x}")
    end = past_bytes(body, end) if encoding & 0x80 else end
    return _within(body, end + 4) if encoding & 0x40 else end


def past_extension_object(body: bytes, at: int) -> int:
    """After an ExtensionObject, whatever it holds."""
    at = past_node_id(body, at)
    encoding = body[at]
    if encoding > 2:
        raise SourceError(f"an extension object has the encoding {encoding:#x}")
    return past_bytes(body, at + 1) if encoding else at + 1


def past_diagnostics(body: bytes, at: int, *, single: bool = False) -> int:
    """After one DiagnosticInfo, or after an array of them."""
    if single:
        return _past_diagnostic(body, at, 0)
    count = _count(body, at)
    at += 4
    for _ in range(count):
        at = _past_diagnostic(body, at, 0)
    return at


def past_variant(body: bytes, at: int, depth: int = 0) -> int:
    """After a Variant: scalar, array, or array with dimensions."""
    encoding = body[at]
    kind = encoding & 0x3F
    at += 1
    if not encoding & 0x80:
        if encoding & 0x40:
            raise SourceError("a scalar has dimensions")
        return _past_scalar(body, at, kind, depth)
    count = _count(body, at, FIXED.get(kind, 0))
    at += 4
    if kind in FIXED:
        at = _within(body, at + count * FIXED[kind])
    elif kind:
        for _ in range(count):
            at = _past_scalar(body, at, kind, depth + 1)
    if encoding & 0x40:
        at = _within(body, at + 4 + 4 * _count(body, at, 4))
    return at


def _past_scalar(body: bytes, at: int, kind: int, depth: int) -> int:
    if depth > DEEPEST:
        raise SourceError(f"a value is nested deeper than {DEEPEST}")
    if kind in FIXED:
        return _within(body, at + FIXED[kind])
    if kind in STRINGS or kind > 25:  # reserved types are byte strings: Part 6, 5.2.2.16
        return past_bytes(body, at)
    match kind:
        case 0:
            return at
        case 17 | 18:
            return past_node_id(body, at)
        case 20:
            return past_bytes(body, at + 2)
        case 21:
            return _past_localized_text(body, at)
        case 22:
            return past_extension_object(body, at)
        case 23:
            return _past_data_value(body, at, depth + 1)
        case 24:
            return past_variant(body, at, depth + 1)
        case _:
            return _past_diagnostic(body, at, depth)


def _past_localized_text(body: bytes, at: int) -> int:
    mask = body[at]
    if mask > 3:
        raise SourceError(f"a localized text has the encoding {mask:#x}")
    at += 1
    for bit in (1, 2):
        at = past_bytes(body, at) if mask & bit else at
    return at


def _past_data_value(body: bytes, at: int, depth: int) -> int:
    mask = body[at]
    if mask > 63:
        raise SourceError(f"a value has the encoding mask {mask:#x}, which means nothing")
    at = past_variant(body, at + 1, depth) if mask & 1 else at + 1
    return _within(body, at + sum(size for bit, size in ((2, 4), (4, 8), (8, 8), (16, 2), (32, 2)) if mask & bit))


def _past_diagnostic(body: bytes, at: int, depth: int) -> int:
    mask = body[at]
    if mask > 127 or depth > DEEPEST:
        raise SourceError(f"diagnostics have the encoding {mask:#x} at depth {depth}")
    at = _within(body, at + 1 + 4 * (mask & 0x0F).bit_count())
    at = past_bytes(body, at) if mask & 0x10 else at
    at = _within(body, at + 4) if mask & 0x20 else at
    return _past_diagnostic(body, at, depth + 1) if mask & 0x40 else at


def _count(body: bytes, at: int, size: int = 0) -> int:
    """Elements of an array, which must have room in what is left."""
    count: int = _INT.unpack_from(body, at)[0]
    if count < -1 or count * max(size, 1) > len(body) - at - 4 or (not size and count > MOST_PARTS):
        raise SourceError(f"an array says that it has {count} elements")
    return max(count, 0)


def _within(body: bytes, at: int) -> int:
    if at > len(body):
        raise IndexError
    return at
