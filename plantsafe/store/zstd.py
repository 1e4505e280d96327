"""zstd with one context a thread and level: making one costs more than most of our blocks, sharing one crashes."""

import threading

import zstandard

ZstdError = zstandard.ZstdError
_own = threading.local()


def compress(data: bytes, level: int) -> bytes:
    """`data` compressed; its length stands in the frame, a sum does not."""
    contexts: dict[int, zstandard.ZstdCompressor] = _own.__dict__.setdefault("compressors", {})
    context = contexts.get(level)
    if context is None:
        context = contexts[level] = zstandard.ZstdCompressor(level=level, write_checksum=False)
    return bytes(context.compress(data))


def decompress(data: bytes) -> bytes:
    """What was compressed; raises ZstdError for damaged bytes."""
    context = getattr(_own, "decompressor", None)
    if context is None:
        context = _own.decompressor = zstandard.ZstdDecompressor()
    return bytes(context.decompress(data))
