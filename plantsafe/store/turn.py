"""Who may change the files of the days, or another file of a name: one process at a time.

The kernel gives the turn back when its holder dies.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plantsafe.store.sqlite import translated

TURN = "days.lock"
_LOOK_S = 0.05  # between two tries (site default)


@contextmanager
def turn(folder: Path, wait_s: float, name: str = TURN) -> Iterator[bool]:
    """Have the turn inside; False when another process kept it for all of `wait_s`."""
    path = folder / name
    with translated(path):
        file = path.open("a")
    with file:
        deadline = time.monotonic() + wait_s
        while not (mine := _taken(file.fileno())) and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        yield mine


def _taken(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
