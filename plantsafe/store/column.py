"""One point over a stretch of scans as bytes and back, bit for bit.

Instruments quantise, so most stretches hold few distinct values: they become small whole numbers (multiples of the
resolution, or places in a dictionary), plain or as differences, whichever zstd makes smaller. Source times move
when the value does or with every scan, so what they are behind the scan's instant is kept.
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.errors import DamagedFileError
from plantsafe.frame import F8, I8, U4, Bool
from plantsafe.store.zstd import ZstdError, compress, decompress

U8 = NDArray[np.uint64]

_LEVEL = 3  # 1 to 9 differ by 3 % in size on quantised signals (site default)
_CONSTANT, _STEP, _STEP_WITH_NAN, _DICTIONARY_4, _DICTIONARY_8, _RAW = range(6)
_STILL, _CHANGING, _FOLLOWING = range(3)
_MOST_CODES = 0xFFFF
_NAN = np.array([np.nan]).view(np.uint64)[0]


def encode_column(value: F8, status: U4, source_time_ns: I8, time_ns: I8) -> tuple[bytes, bytes]:
    """Samples (values with statuses) and source times of n scans whose instants are `time_ns`."""
    samples = _part(_values(value)) + _part(_runs(status))
    return samples, _times(source_time_ns, time_ns, _moved(value, status))


def decode_samples(data: bytes, n: int) -> tuple[F8, U4]:
    """Values and statuses of the n scans; raises DamagedFileError where the bytes cannot be theirs."""
    try:
        length = int.from_bytes(data[:4], "little")
        value = _decode_values(data[4 : 4 + length], n)
        status = _decode_runs(data[8 + length :], n)
    except (ZstdError, ValueError, IndexError, struct.error) as error:
        raise _damaged(error) from error
    return value, status


def decode_times(data: bytes, value: F8, status: U4, time_ns: I8) -> I8:
    """Source times of the scans whose samples are `value` and `status`."""
    try:
        kind, first = struct.unpack_from("<Bq", data)
        times = np.full(len(value), first, dtype=np.int64)
        if kind == _STILL:
            return times
        if kind == _FOLLOWING:
            return time_ns - _spread(data[9:], len(value))
        at = np.flatnonzero(_moved(value, status)[1:]) + 1
        lag = _spread(data[9:], len(at))
        last = np.zeros(len(value), dtype=np.intp)
        last[at] = at
        last = np.maximum.accumulate(last)
        times[at] = time_ns[at] - lag
        return times[last]
    except (ZstdError, ValueError, IndexError, struct.error) as error:
        raise _damaged(error) from error


def _zip(data: bytes) -> bytes:
    return compress(data, _LEVEL)


def _damaged(error: Exception) -> DamagedFileError:
    return DamagedFileError(f"a stretch of samples is damaged ({error})", mend="restore the day's file from a backup")


def _part(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data


def _moved(value: F8, status: U4) -> Bool:
    """(n,) True where value or status differ from the scan before; the first counts as moved."""
    moved: Bool = np.ones(len(value), dtype=np.bool_)
    bits = value.view(np.uint64)
    moved[1:] = (bits[1:] != bits[:-1]) | (status[1:] != status[:-1])
    return moved


def _values(value: F8) -> bytes:
    bits = value.view(np.uint64)
    if (bits == bits[0]).all():
        return bytes([_CONSTANT]) + value[:1].tobytes()
    known, codes = np.unique(bits, return_inverse=True)
    if len(known) > _MOST_CODES:
        return bytes([_RAW]) + _zip(value.tobytes())
    distinct = known.view(np.float64)
    if (step := _step(distinct)) is not None:
        size, low, multiple = step
        empty = np.isnan(value)
        codes = np.where(empty, 0, multiple[codes] - low + 1)
        kind = _STEP_WITH_NAN if empty.any() else _STEP
        return bytes([kind]) + struct.pack("<dq", size, low) + _codes(codes)
    if len(known) * 2 > len(value):
        return bytes([_RAW]) + _zip(value.tobytes())
    with np.errstate(all="ignore"):
        short = distinct.astype(np.float32)
    if (short.astype(np.float64).view(np.uint64) == known).all():
        return bytes([_DICTIONARY_4]) + struct.pack("<H", len(known)) + short.tobytes() + _codes(codes)
    return bytes([_DICTIONARY_8]) + struct.pack("<H", len(known)) + distinct.tobytes() + _codes(codes)


def _step(distinct: F8) -> tuple[float, int, I8] | None:
    """The resolution of which all values are multiples, the lowest multiple, and each value's; None without one."""
    finite = np.sort(distinct[~np.isnan(distinct)])
    if len(finite) < 2 or not np.isfinite(finite).all():
        return None
    with np.errstate(all="ignore"):
        size = float(f"{np.diff(finite).min():.9g}")
        if size <= 0.0 or not np.abs(finite[[0, -1]] / size).max() < 2**52:
            return None
    with np.errstate(all="ignore"):
        whole = np.rint(distinct / size)
    back = whole * size
    back[np.isnan(distinct)] = np.nan
    if not (back.view(np.uint64) == distinct.view(np.uint64)).all():
        return None
    multiple = np.where(np.isnan(whole), 0.0, whole).astype(np.int64)
    low = int(multiple[~np.isnan(whole)].min())
    if int(multiple[~np.isnan(whole)].max()) - low >= _MOST_CODES:
        return None
    return size, low, multiple


def _codes(codes: NDArray[Any]) -> bytes:
    """Whole numbers below 2**16: plain or as differences, whichever is smaller."""
    kind = np.uint8 if codes.max() <= 0xFF else np.uint16
    plain = codes.astype(kind)
    first, second = _zip(plain.tobytes()), _zip(np.diff(plain, prepend=plain[:1] * 0).tobytes())
    wide = 2 if kind is np.uint16 else 0
    return bytes([wide]) + first if len(first) <= len(second) else bytes([wide + 1]) + second


def _decode_codes(data: bytes, n: int) -> NDArray[Any]:
    kind = np.uint16 if data[0] & 2 else np.uint8
    codes = np.frombuffer(decompress(data[1:]), dtype=kind, count=n)
    return np.cumsum(codes, dtype=kind) if data[0] & 1 else codes


def _decode_values(data: bytes, n: int) -> F8:
    kind = data[0]
    if kind == _CONSTANT:
        return np.full(n, np.frombuffer(data, dtype=np.float64, count=1, offset=1)[0])
    if kind == _RAW:
        return np.frombuffer(decompress(data[1:]), dtype=np.float64, count=n).copy()
    if kind in (_STEP, _STEP_WITH_NAN):
        size, low = struct.unpack_from("<dq", data, 1)
        codes = _decode_codes(data[17:], n)
        value: F8 = (codes.astype(np.int64) + (low - 1)) * size
        value[codes == 0] = np.nan
        return value
    (count,) = struct.unpack_from("<H", data, 1)
    short = kind == _DICTIONARY_4
    known = np.frombuffer(data, dtype=np.float32 if short else np.float64, count=count, offset=3).astype(np.float64)
    looked_up: F8 = known[_decode_codes(data[3 + count * (4 if short else 8) :], n)]
    return looked_up


def _runs(status: U4) -> bytes:
    """Where the status changes and to what; 4 bytes for one that never does."""
    at = np.flatnonzero(np.diff(status)) + 1
    if not len(at):
        return status[:1].tobytes()
    return status[:1].tobytes() + _zip(at.astype(np.uint32).tobytes() + status[at].tobytes())


def _decode_runs(data: bytes, n: int) -> U4:
    status = np.full(n, int.from_bytes(data[:4], "little"), dtype=np.uint32)
    if len(data) > 4:
        at, to = np.frombuffer(decompress(data[4:]), dtype=np.uint32).reshape(2, -1)
        for begin, end, code in zip(at, [*at[1:], n], to, strict=True):
            status[begin:end] = code
    return status


def _times(source_time_ns: I8, time_ns: I8, moved: Bool) -> bytes:
    step = np.diff(source_time_ns)
    first = int(source_time_ns[0])
    if not step.any():
        return struct.pack("<Bq", _STILL, first)
    if not step[~moved[1:]].any() and not moved.all():
        at = np.flatnonzero(moved[1:]) + 1
        return struct.pack("<Bq", _CHANGING, first) + _gathered(time_ns[at] - source_time_ns[at])
    return struct.pack("<Bq", _FOLLOWING, first) + _gathered(time_ns - source_time_ns)


def _gathered(lag: I8) -> bytes:
    """Lags: one number when they are all the same."""
    if (lag == lag[0]).all():
        return lag[:1].tobytes()
    return lag[:1].tobytes() + _zip(np.diff(lag, prepend=0).tobytes())


def _spread(data: bytes, n: int) -> I8:
    if len(data) == 8:
        return np.full(n, np.frombuffer(data, dtype=np.int64)[0])
    return np.cumsum(np.frombuffer(decompress(data[8:]), dtype=np.int64, count=n))
