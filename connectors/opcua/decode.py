"""From the bytes of a ReadResponse to columns: numbers stay numbers, texts are kept aside, everything else turns bad.

Records whose two leading bytes agree (encoding mask and type) have one length, so a run of them is one numpy view; the
rest is read one by one. Whatever does not add up to the last byte raises SourceError: no value comes out of damage.
OPC UA Part 6, 5.2.2 has the encodings.
"""

import math
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaStatusCodeError

from connectors.opcua.skipping import past_bytes, past_diagnostics, past_extension_object, past_strings, past_variant
from plantsafe.errors import SourceError
from plantsafe.frame import BAD, BAD_TYPE_MISMATCH, BAD_WAITING_FOR_INITIAL_DATA, F8, I8, U4, is_bad

RESOLUTION_NS = 100  # OPC UA Part 6, 5.2.2.5: times count 100 ns since 1601
EPOCH_TICKS = 116_444_736_000_000_000  # 1970
LATEST_TICKS = EPOCH_TICKS + 90_000_000_000_000_000  # year 2255: later times do not fit 64 bits of nanoseconds
LAST_TICKS = 2_650_467_743_990_000_000  # end of year 9999, the greatest time that has a date
TICKS_A_SECOND = 1e7

VALUE, STATUS, SOURCE_TIME, SERVER_TIME, SOURCE_PICO, SERVER_PICO = 1, 2, 4, 8, 16, 32  # bits of a DataValue's mask
NULL, BOOLEAN, STRING, DATE_TIME, LOCALIZED_TEXT = 0, 1, 12, 13, 21
NUMBERS = {
    BOOLEAN: "?",
    2: "b",
    3: "B",
    4: "h",
    5: "H",
    6: "i",
    7: "I",
    8: "q",
    9: "Q",
    10: "f",
    11: "d",
    DATE_TIME: "q",
}
RUN = 8  # measured: a run of equal records this long pays for a view of what follows
WINDOW = 4096  # records looked at in one view, so that a torn run costs little

_FOUR_BYTE_ID = 1
_READ_RESPONSE = ObjectIds.ReadResponse_Encoding_DefaultBinary
_SERVICE_FAULT = ObjectIds.ServiceFault_Encoding_DefaultBinary
_TYPE = struct.Struct("<BBH")
_HEADER = struct.Struct("<qII")  # timestamp, request handle, service result
_COUNT = struct.Struct("<i")
_STATUS = struct.Struct("<I")
_TIME = struct.Struct("<q")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """One answer a node: value (NaN where there is no number), status, source time (UTC ns, 0 where none).

    texts: for an answer that is a text, its row and what a frame cannot hold: the text and the server's status.
    """

    value: F8
    status: U4
    source_time_ns: I8
    texts: dict[int, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def blank(cls, count: int, status: int = BAD) -> "Answers":
        """Room for `count` answers, all bad until they are filled."""
        return cls(
            value=np.full(count, np.nan),
            status=np.full(count, status, dtype=np.uint32),
            source_time_ns=np.zeros(count, dtype=np.int64),
        )


def decode(body: bytes, into: Answers, start: int, count: int) -> None:
    """Fill `count` rows from `start` on; raises UaStatusCodeError for a refusal and SourceError for damage."""
    try:
        at = _begin(body)
        (found,) = _COUNT.unpack_from(body, at)
        if found != count:
            raise SourceError(f"asked for {count} values, the answer says {found}")
        at = _records(body, at + 4, into, start, count)
        at = past_diagnostics(body, at)
    except (struct.error, IndexError) as error:
        raise SourceError(f"the answer ends too early, after {len(body)} bytes") from error
    if at != len(body):
        raise SourceError(f"the answer has {len(body) - at} bytes too many")


def server_time_s(body: bytes) -> float:
    """The server's clock when it answered, from the header of any response (UTC seconds); NaN where it says none."""
    ticks, _, _ = _HEADER.unpack_from(body, _TYPE.size)
    return float(ticks - EPOCH_TICKS) / TICKS_A_SECOND if EPOCH_TICKS < ticks < LATEST_TICKS else math.nan


def settle(value: F8, status: U4) -> tuple[F8, U4]:
    """NaN wherever the status is Bad, and Bad wherever the value is not finite although the server calls it usable."""
    finite = np.isfinite(value)
    if finite.all() and not status.any():
        return value, status
    broken = ~finite & ~is_bad(status)
    status = np.where(broken, np.uint32(BAD), status)
    return np.where(is_bad(status), np.nan, value), status


def _begin(body: bytes) -> int:
    """Where the results begin, after the header says that the service worked."""
    encoding, namespace, kind = _TYPE.unpack_from(body, 0)
    if encoding != _FOUR_BYTE_ID or namespace or kind not in (_READ_RESPONSE, _SERVICE_FAULT):
        raise SourceError(f"the answer to a Read is of type ns={namespace};i={kind}")
    _, _, result = _HEADER.unpack_from(body, _TYPE.size)
    at = past_diagnostics(body, _TYPE.size + _HEADER.size, single=True)
    at = past_extension_object(body, past_strings(body, at))
    if result & BAD or kind == _SERVICE_FAULT:
        raise UaStatusCodeError(result)  # type: ignore[no-untyped-call]  # asyncua's constructor has no types
    return at


class _Layout:
    """How records with one head (mask, and type where there is a value) lie in memory."""

    __slots__ = ("clock", "fields", "record", "size", "status", "time", "truth", "value")

    def __init__(self, head: int) -> None:
        mask, kind = head & 0xFF, head >> 8
        self.value = bool(mask & VALUE) and kind != NULL
        self.status, self.time = bool(mask & STATUS), bool(mask & SOURCE_TIME)
        self.clock, self.truth = kind == DATE_TIME, kind == BOOLEAN
        two = mask & VALUE
        parts = [("head", "<u2" if two else "u1")]
        if self.value:
            parts.append(("value", "u1" if self.truth else f"<{NUMBERS[kind]}"))
        if self.status:
            parts.append(("status", "<u4"))
        if self.time:
            parts.append(("time", "<i8"))
        unused = 2 * bool(mask & SOURCE_PICO) + 8 * bool(mask & SERVER_TIME) + 2 * bool(mask & SERVER_PICO)
        if unused:
            parts.append(("unused", f"V{unused}"))
        self.record = np.dtype(parts)
        self.size = self.record.itemsize
        self.fields = struct.Struct(
            "<"
            + ("xx" if two else "x")
            + (NUMBERS[kind] if self.value else "")
            + ("I" if self.status else "")
            + ("q" if self.time else "")
            + f"{unused}x"
        )


_LAYOUTS: dict[int, _Layout | None] = {}


def _layout(head: int) -> _Layout | None:
    """The layout of a head, or None where the length varies; made when first seen (at most 64 x 13)."""
    if head not in _LAYOUTS:
        mask, kind = head & 0xFF, head >> 8
        fixed = mask < 64 and (not mask & VALUE or kind == NULL or kind in NUMBERS)
        if not fixed:
            return None
        _LAYOUTS[head] = _Layout(head)
    return _LAYOUTS[head]


def _records(body: bytes, at: int, into: Answers, start: int, count: int) -> int:
    value, status, time_ns = into.value, into.status, into.source_time_ns
    row, stop, last, usual, same = start, start + count, -1, -1, 0
    while row < stop:
        head = body[at]
        if head & VALUE:
            head |= body[at + 1] << 8
        layout = _LAYOUTS.get(head) or _layout(head)
        if layout is None:
            at = _varying(body, at, into, row)
            row, last = row + 1, -1
            continue
        same = same + 1 if head == last else RUN if head == usual else 0
        last = head
        if same == RUN:
            taken = _run(body, at, into, row, min(stop - row, WINDOW), head, layout)
            at, row, same, usual = at + taken * layout.size, row + taken, RUN - 1, head
            if taken:
                continue
        got = layout.fields.unpack_from(body, at)
        code = got[layout.value] if layout.status else 0
        if layout.value:
            value[row] = _seconds(got[0]) if layout.clock else got[0]
        else:
            value[row] = np.nan
            code = code if code & BAD else BAD_WAITING_FOR_INITIAL_DATA
        status[row] = code
        time_ns[row] = _nanoseconds(got[-1]) if layout.time else 0
        at, row = at + layout.size, row + 1
    return at


def _run(body: bytes, at: int, into: Answers, row: int, most: int, head: int, layout: _Layout) -> int:
    """Fill as many rows as begin with `head` one after the other; how many there were."""
    fitting = min(most, (len(body) - at) // layout.size)
    if fitting <= 0:
        return 0
    records: Any = np.frombuffer(body, layout.record, fitting, at)
    equal = records["head"] == head
    taken = fitting if equal.all() else int(np.argmin(equal))
    records = records[:taken]
    rows = slice(row, row + taken)
    code = records["status"] if layout.status else np.zeros(taken, dtype=np.uint32)
    if layout.clock:
        into.value[rows] = (np.clip(records["value"], 0, LAST_TICKS) - EPOCH_TICKS) / TICKS_A_SECOND
    elif layout.value:
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            into.value[rows] = records["value"] != 0 if layout.truth else records["value"]
    else:
        into.value[rows] = np.nan
        code = np.where(is_bad(code), code, np.uint32(BAD_WAITING_FOR_INITIAL_DATA))
    into.status[rows] = code
    if layout.time:
        ticks = records["time"]
        known = (ticks > EPOCH_TICKS) & (ticks < LATEST_TICKS)
        into.source_time_ns[rows] = (np.where(known, ticks, EPOCH_TICKS) - EPOCH_TICKS) * RESOLUTION_NS
    else:
        into.source_time_ns[rows] = 0
    return taken


def _varying(body: bytes, at: int, into: Answers, row: int) -> int:
    """One record whose length is in its bytes: a text, or something that no point can be."""
    mask = body[at]
    if mask >= 64:
        raise SourceError(f"a value has the encoding mask {mask:#x}, which means nothing")
    kind = body[at + 1]
    begin, at = at + 2, past_variant(body, at + 1)
    text = _text(body, begin, kind)
    code = 0
    if mask & STATUS:
        (code,) = _STATUS.unpack_from(body, at)
        at += 4
    time_ns = 0
    if mask & SOURCE_TIME:
        time_ns = _nanoseconds(_TIME.unpack_from(body, at)[0])
        at += 8
    at += 2 * bool(mask & SOURCE_PICO) + 8 * bool(mask & SERVER_TIME) + 2 * bool(mask & SERVER_PICO)
    if at > len(body):
        raise IndexError
    put_other(into, row, text, code)
    into.source_time_ns[row] = time_ns
    return at


def put_other(into: Answers, row: int, text: str | None, code: int) -> None:
    """An answer that is no number: bad as the server says, else a mismatch; a text is kept for who knows its code."""
    into.value[row] = np.nan
    into.status[row] = code if code & BAD else BAD_TYPE_MISMATCH
    if text is not None and not code & BAD:
        into.texts[row] = (text, code)


def _text(body: bytes, at: int, kind: int) -> str | None:
    """The text of a String or LocalizedText whose bytes were found to be there."""
    if kind == LOCALIZED_TEXT:
        mask = body[at]
        if not mask & 2:
            return None
        at = past_bytes(body, at + 1) if mask & 1 else at + 1
    elif kind != STRING:
        return None
    (size,) = _COUNT.unpack_from(body, at)
    return None if size < 0 else body[at + 4 : at + 4 + size].decode("utf-8", errors="surrogateescape")


def _nanoseconds(ticks: int) -> int:
    return (ticks - EPOCH_TICKS) * RESOLUTION_NS if EPOCH_TICKS < ticks < LATEST_TICKS else 0


def _seconds(ticks: int) -> float:
    """A time as a value (a server's clock is a heartbeat): UTC seconds since 1970."""
    return (min(max(ticks, 0), LAST_TICKS) - EPOCH_TICKS) / TICKS_A_SECOND
