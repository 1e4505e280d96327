"""The compactor as a process: at low priority, so that it never delays a scan."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from plantsafe.errors import StoreError
from plantsafe.history.compaction import Compaction
from plantsafe.lifeline import end_with_parent
from plantsafe.store.forward import FORWARD, ForwardReader
from plantsafe.store.record import RECORD, RecordReader
from plantsafe.store.turn import turn

EVERY_S = 5.0  # wall seconds between two looks; a full minute waits no longer (site default)
PATIENCE_S = 10.0  # of one by hand for another to end (site default)
NICENESS = 10  # the scan service goes first (site default)


def run_compactor(folder: Path, *, follow: bool, keep_days: int, parent: int, say: Callable[[str], None]) -> None:
    """Take over what is due, once or until SIGTERM; raises StoreError for files that cannot be used."""
    if parent:
        end_with_parent(parent)
    os.nice(NICENESS)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if not follow:
        with turn(folder, PATIENCE_S) as mine:
            if not mine:
                raise StoreError(
                    f"another process works on the days' files of {folder}",
                    mend="a running service compacts by itself; a backup or a repair ends by itself",
                )
            with closing(Compaction(folder)) as compaction, RecordReader(folder) as reader:
                say(f"{_step(compaction, reader, keep_days)} scans moved to the files of the days")
        return
    while not (folder / RECORD).is_file():  # the scan service is about to make it
        if stop.wait(EVERY_S):
            return
    with closing(Compaction(folder)) as compaction:
        while not stop.wait(EVERY_S):
            with turn(folder, 0.0) as mine, RecordReader(folder) as reader:
                if mine:
                    _step(compaction, reader, keep_days)


def _step(compaction: Compaction, reader: RecordReader, keep_days: int) -> int:
    taken, sent = compaction.step(reader), _sent(reader.path.parent)
    compaction.reduce(reader, sent=sent)
    if keep_days:
        compaction.drop_older(keep_days, reader, sent=sent)
    return taken


def _sent(folder: Path) -> int | None:
    if not (folder / FORWARD).is_file():
        return None
    forward = ForwardReader(folder)
    try:
        return forward.standing().scan
    finally:
        forward.close()
