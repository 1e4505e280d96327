"""A copy of a data folder while everything runs, each file as it was at one instant, fit to go on from.

The order makes the copy hold together. The compactor waits until the files that it may change are copied, so that no
scan moves from one file into another meanwhile. forward.db first: its cursor then never is beyond the record. The
record next: frames leave it only once they are in a day's file, and those are copied after it. inbox.db after the
record: what the record took from it is then in it. Days that are over change no more: last, and without holding
anything up.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from plantsafe.errors import RequestError, StoreError
from plantsafe.store.access import ACCESS
from plantsafe.store.forward import FORWARD
from plantsafe.store.inbox import INBOX
from plantsafe.store.models import MODELS, models
from plantsafe.store.record import RECORD, RecordReader
from plantsafe.store.rollup import ROLLUP, RollupReader
from plantsafe.store.sqlite import copy, integrity_of, translated
from plantsafe.store.turn import turn

LIST = "backup.json"  # written last: a backup without it is not whole
_PATIENCE_S = 60.0  # a step of the compactor takes seconds (site default)


def backup(folder: Path, to: Path, say: Callable[[str], None]) -> list[str]:
    """Copy `folder` into the empty folder `to`; what is wrong with the copies, in words."""
    if not (folder / RECORD).is_file():
        raise StoreError(f"there is no {folder / RECORD}", mend="give the data folder of a scan service")
    with translated(to):
        to.mkdir(parents=True, exist_ok=True)
        if any(to.iterdir()):
            raise RequestError(f"{to} is not empty", mend="give a new folder for each backup")
    found: list[str] = []
    copied: dict[str, str] = {}

    def take(name: str) -> None:
        if not (folder / name).is_file() or not copy(folder / name, to / name):
            return
        found.extend(f"{name}: {words}" for words in integrity_of(to / name))
        copied[name] = _digest(to / name)
        say(f"{name}: {(to / name).stat().st_size} bytes")

    with turn(folder, _PATIENCE_S) as mine:
        if not mine:
            raise StoreError("another process works on the days' files", mend="wait for the other backup to end")
        for name in (FORWARD, RECORD, INBOX, ACCESS, ROLLUP):
            take(name)
        past, present = _days(to)
        for name in present:
            take(name)
    for name in past:
        take(name)
    for name in _models(folder):
        with translated(to):
            (to / MODELS).mkdir(exist_ok=True)
            (to / name).write_bytes((folder / name).read_bytes())
        copied[name] = _digest(to / name)
        say(f"{name}: {(to / name).stat().st_size} bytes")
    found += [f"{name}: not in {folder}" for name in (*past, *present) if name not in copied]
    _list(to, copied)
    return found


def _models(folder: Path) -> list[str]:
    """Files of the models of what is normal, which never change."""
    return sorted(f"{MODELS}/{digest}.{kind}" for digest in models(folder) for kind in ("json", "npz"))


def _days(copy_of: Path) -> tuple[list[str], list[str]]:
    """Files of days that are over, and of those that are not."""
    if not (copy_of / ROLLUP).is_file():
        return [], []
    reader = RollupReader(copy_of)
    try:
        over = reader.rolled_files()
        names = [file.name for file in reader.files()]
    finally:
        reader.close()
    return [name for name in names if name in over], [name for name in names if name not in over]


def _list(to: Path, copied: dict[str, str]) -> None:
    with RecordReader(to) as record:
        newest = next(record.events(newest=1), None)
        about = {
            "last_scan": record.last_number(),
            "journal": {"seq": newest.seq, "hash": newest.hash} if newest is not None else None,
            "sha256": copied,
        }
    with translated(to), (to / LIST).open("w", encoding="utf-8") as file:
        json.dump(about, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())


def _digest(path: Path) -> str:
    with translated(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed_since_backup(folder: Path) -> Iterator[str]:
    """Files of a backup that are not as they were copied; nothing for a folder that is no backup."""
    if not (folder / LIST).is_file():
        return
    about = json.loads((folder / LIST).read_text(encoding="utf-8"))
    for name, digest in about["sha256"].items():
        if not (folder / name).is_file():
            yield f"{name}: not in the folder"
        elif _digest(folder / name) != digest:
            yield f"{name}: not as it was copied"
