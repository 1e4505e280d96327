"""Whether what is stored is whole: every file's bytes, and every scan number there or named as lost."""

from collections.abc import Iterator
from pathlib import Path

from plantsafe.errors import StoreError
from plantsafe.history.compaction import point_names
from plantsafe.history.gaps import named_gaps, unexplained
from plantsafe.history.reader import HistoryReader
from plantsafe.store.record import RECORD
from plantsafe.store.rollup import ROLLUP
from plantsafe.store.sqlite import integrity_of


def faults(folder: Path) -> Iterator[str]:
    """What is wrong, in words, each with its file; nothing when all is well. Services may run meanwhile."""
    broken = False
    for name in (RECORD, ROLLUP):
        if (folder / name).exists() or name == RECORD:
            for words in integrity_of(folder / name):
                broken = True
                yield f"{name}: {words}"
    if broken:
        return
    with HistoryReader(folder) as history:
        known: dict[str, tuple[str, ...]] = {}

        def names_of(plant: str) -> tuple[str, ...]:
            if plant not in known:
                known[plant] = point_names(history.record, plant)
            return known[plant]

        for file in history.files():
            if not history.has(file.name):
                yield f"{file.name}: not in the folder; scans {file.first} to {file.last} were in it"
                continue
            try:
                day = history.day(file)
                for words in day.damage(names_of) if day is not None else ():
                    broken = True
                    yield f"{file.name}: {words}"
            except StoreError as error:
                broken = True
                yield f"{file.name}: {error.message}"
        try:
            for hole in unexplained(history, named_gaps(history)):
                yield f"scans {hole.first} to {hole.last}: {hole.reason}"
        except StoreError as error:
            if not broken:
                yield error.message
