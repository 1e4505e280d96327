"""A damaged day's file taken aside, and what can be read of it put in its place; no other file is touched."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plantsafe.errors import RequestError, StoreError
from plantsafe.history.compaction import point_names
from plantsafe.history.gaps import named_gaps, unexplained
from plantsafe.history.reader import HistoryReader, Hole
from plantsafe.history.restore import checked, restore
from plantsafe.store.day_file import DayHole, DayWriter
from plantsafe.store.rollup import DayFile
from plantsafe.store.salvage import NOT_READABLE, Salvaged, salvage
from plantsafe.store.swap import new_beside, swap
from plantsafe.store.turn import turn

_PATIENCE_S = 60.0  # a step of the compactor takes seconds (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """aside: where the damaged file is now, None where there was none. holes: scans that are lost with it.

    restored: how many scans, and rows of single points, came from a backup.
    """

    aside: Path | None
    kept: Salvaged
    holes: tuple[Hole, ...]
    restored: tuple[int, int] = (0, 0)


def repair(folder: Path, day: str, backup: Path | None = None) -> Repaired:
    """Repair the file of `day` (YYYYMMDD), what it lacks from a backup; services and pages may run meanwhile.

    The new file is whole before it takes the place: killed in between, either the old or the new one is there.
    """
    with turn(folder, _PATIENCE_S) as mine:
        if not mine:
            raise StoreError(
                "another process works on the days' files", mend="wait for the backup or compaction to end"
            )
        with HistoryReader(folder) as history:
            file = _file(history, f"{day.removesuffix('.db')}.db", needed=backup is None)
            path, source = folder / file.name, checked(backup, file.name) if backup is not None else None
            new = new_beside(path)
            there, names_of = path.is_file(), _names_of(history)
            kept = Salvaged(stretches=0, rows=0, lost_rows=0)
            if there:
                kept = salvage(path, new, file.first, file.last, names_of)
            restored = (0, 0)
            if source is not None:
                restored = restore(new, source, file.first, file.last, names_of)
        aside = _aside(path) if there else None
        swap(path, new, aside)
        with HistoryReader(folder) as history:
            missing = unexplained(history, named_gaps(history))
        lost = [hole for hole in missing if hole.first >= file.first and hole.last <= file.last]
        writer = DayWriter(path)
        writer.put_holes([DayHole(first=h.first, last=h.last, point="", reason=NOT_READABLE) for h in lost])
        writer.close()
    return Repaired(aside=aside, kept=kept, holes=tuple(lost), restored=restored)


def _file(history: HistoryReader, name: str, *, needed: bool) -> DayFile:
    for file in history.files():
        if file.name == name:
            if needed and not history.has(name):
                raise RequestError(f"{name} is not in {history.folder}", mend="repair it with --from-backup FOLDER")
            return file
    known = ", ".join(file.name.removesuffix(".db") for file in history.files()[-3:])
    raise RequestError(f"there is no day's file {name}", mend=f"give a day as 20261123; the newest are {known}")


def _names_of(history: HistoryReader) -> Callable[[str], tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {}

    def names_of(plant: str) -> tuple[str, ...]:
        if plant not in known:
            known[plant] = point_names(history.record, plant)
        return known[plant]

    return names_of


def _aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside
