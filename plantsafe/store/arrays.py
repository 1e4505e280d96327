"""Named arrays as bytes: a JSON header, the raw columns, zstd around both. The same arrays give the same bytes."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.errors import DamagedFileError
from plantsafe.store.zstd import ZstdError, compress, decompress

_LEVEL = 1  # 5 bytes a sample at 7 million samples a second; higher levels cost scan time (site default)


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """`arrays` as bytes; plain dtypes only, byte order as it is on this kind of processor."""
    header = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    head = json.dumps(header, separators=(",", ":")).encode()
    body = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays.values())
    return compress(len(head).to_bytes(4, "little") + head + body, _LEVEL)


def unpack(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of `pack`, writable; raises DamagedFileError where the bytes are not what was packed."""
    try:
        raw = decompress(data)
        length = int.from_bytes(raw[:4], "little")
        offset = 4 + length
        arrays: dict[str, NDArray[Any]] = {}
        for name, dtype, shape in json.loads(raw[4:offset]):
            kind = np.dtype(dtype)
            count = int(np.prod(shape, dtype=np.int64))
            arrays[name] = np.frombuffer(raw, dtype=kind, count=count, offset=offset).reshape(shape).copy()
            offset += count * kind.itemsize
    except (ZstdError, ValueError, TypeError, KeyError) as error:
        raise DamagedFileError(
            f"a packed block of arrays is damaged ({error})", mend="restore the file from a backup"
        ) from error
    return arrays
