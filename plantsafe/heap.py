"""Memory that was freed, given back to the system: what loading and importing leave behind is tens of megabytes."""

import ctypes
import gc
import sys


def give_back() -> None:
    """Collect garbage and return free memory; the latter is left to the allocator on systems without glibc."""
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
