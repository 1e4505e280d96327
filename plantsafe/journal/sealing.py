"""The sealer as a process beside the scan service: reads the record, writes seals.db, and no scan waits for it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from plantsafe.errors import DamagedFileError, NewerFileError, StoreError
from plantsafe.journal.dispatch import Dispatch
from plantsafe.journal.key import seal_key
from plantsafe.journal.seal import Seal
from plantsafe.journal.sealer import Sealer
from plantsafe.lifeline import end_with_parent
from plantsafe.store.record import RECORD, RecordReader
from plantsafe.store.seals import SealReader, SealWriter
from plantsafe.store.turn import turn

LOOK_S = 0.5  # between two looks at the record (site default)
LOCK = "seals.lock"
PATIENCE_S = 5.0  # for a sealer before this one to end (site default)
LAST_TRY_S = 4.0  # for the places to take the last seal when the service stops (site default)


def run_sealer(folder: Path, key: Path, *, parent: int) -> None:
    """Seal until SIGTERM; the last head is sealed at the end."""
    if parent:
        end_with_parent(parent)
    os.nice(10)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if not _wait_for_record(folder, stop):
        return
    with _opened(folder, key) as (sealer, writer), closing(Dispatch(folder, writer)) as dispatch:
        _go_on(sealer, dispatch, stop)


def seal_once(folder: Path, key: Path) -> Seal | None:
    """Sign the head now; None where the last seal says it already. The sealer must not run meanwhile."""
    with _opened(folder, key) as (sealer, _):
        return sealer.seal_now("asked")


def _wait_for_record(folder: Path, stop: threading.Event) -> bool:
    while not (folder / RECORD).is_file():  # the scan service is about to make it
        if stop.wait(LOOK_S):
            return False
    return True


@contextmanager
def _opened(folder: Path, key: Path) -> Iterator[tuple[Sealer, SealWriter]]:
    """One sealer at a time; raises StoreError when another one runs."""
    with turn(folder, PATIENCE_S, LOCK) as mine:
        if not mine:
            raise StoreError(f"a sealer runs on {folder}", mend="it seals by itself; stop the scan service first")
        with (
            closing(SealWriter(folder)) as writer,
            RecordReader(folder) as record,
            SealReader(folder) as seals,
        ):
            yield Sealer(record, writer, seals, seal_key(key), time.time_ns), writer


def _go_on(sealer: Sealer, dispatch: Dispatch, stop: threading.Event) -> None:
    places = sealer.places
    while True:
        over = stop.wait(LOOK_S)
        try:
            seal = sealer.seal_now("stop") if over else sealer.step()
        except (DamagedFileError, NewerFileError):
            raise
        except StoreError:  # the file is busy, or the disk full: it is looked at again
            seal = None
        if sealer.places != places:
            places = sealer.places
            dispatch.use(places)
        if over:
            if seal is not None:
                dispatch.settle(seal.number, LAST_TRY_S)
            dispatch.take_reports(time.time_ns())
            return
        if seal is not None:
            dispatch.wake()
        dispatch.take_reports(time.time_ns())
