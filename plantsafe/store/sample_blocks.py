"""Values and statuses of one frame in blocks of points, so that a few points do not open them all."""

import struct

import numpy as np

from plantsafe.errors import DamagedFileError
from plantsafe.frame import F8, U4
from plantsafe.store.column import U8
from plantsafe.store.zstd import ZstdError, compress, decompress

_MAGIC = b"psB1"  # what frames had before begins as zstd does
_BLOCK = 1024  # points: 12 kB, a hundredth of a millisecond to open (site default)
_LEVEL = 1  # as of the other parts of a frame
_ROW_BYTES = 12  # a double and a status


def in_blocks(data: bytes) -> bool:
    """True for what `encode_blocks` wrote."""
    return data.startswith(_MAGIC)


def encode_blocks(value: F8, status: U4) -> bytes:
    """The samples of n points."""
    n = len(value)
    blocks = [
        compress(value[i : i + _BLOCK].tobytes() + status[i : i + _BLOCK].tobytes(), _LEVEL)
        for i in range(0, n, _BLOCK)
    ]
    return b"".join([_MAGIC, struct.pack(f"<I{len(blocks)}I", n, *map(len, blocks)), *blocks])


def decode_blocks(data: bytes) -> tuple[F8, U4]:
    """All of them again."""
    n, begins, ends = _layout(data)
    value, status = np.empty(n), np.empty(n, dtype=np.uint32)
    for block, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        rows = slice(block * _BLOCK, min((block + 1) * _BLOCK, n))
        value[rows], status[rows] = _open(data[begin:end], rows.stop - rows.start)
    return value, status


def pick(data: bytes, rows: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> tuple[F8, U4]:
    """Samples of the points `rows`; only their blocks are opened."""
    n, begins, ends = _layout(data)
    value, status = np.empty(len(rows)), np.empty(len(rows), dtype=np.uint32)
    block_of = rows // _BLOCK
    for block in np.unique(block_of).tolist():
        here = block_of == block
        values, statuses = _open(data[begins[block] : ends[block]], min(_BLOCK, n - block * _BLOCK))
        at = rows[here] - block * _BLOCK
        value[here], status[here] = values[at], statuses[at]
    return value, status


def _layout(data: bytes) -> tuple[int, U8, U8]:
    try:
        (n,) = struct.unpack_from("<I", data, len(_MAGIC))
        count = -(-n // _BLOCK)
        lengths = np.frombuffer(data, dtype=np.uint32, count=count, offset=len(_MAGIC) + 4).astype(np.uint64)
    except (struct.error, ValueError) as error:
        raise _damaged(error) from error
    ends = len(_MAGIC) + 4 + 4 * count + np.cumsum(lengths, dtype=np.uint64)
    return n, ends - lengths, ends


def _open(block: bytes, n: int) -> tuple[F8, U4]:
    try:
        raw = decompress(block)
        if len(raw) != n * _ROW_BYTES:
            raise ValueError(f"{len(raw)} bytes for {n} points")
        return np.frombuffer(raw, dtype=np.float64, count=n), np.frombuffer(raw, dtype=np.uint32, offset=8 * n)
    except (ZstdError, ValueError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> DamagedFileError:
    return DamagedFileError(f"the samples of a frame are damaged ({error})", mend="restore the file from a backup")
