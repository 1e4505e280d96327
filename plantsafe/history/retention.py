"""What stays of a day that is too old to keep: the raw samples around alarms and trips."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from plantsafe.store.day_file import Chunk, DayReader, DayWriter, Reduced, Stretch
from plantsafe.store.record import RecordReader
from plantsafe.store.swap import logs, new_beside, swap

BEFORE_NS, AFTER_NS = 600_000_000_000, 1_800_000_000_000  # 10 min before, 30 after (site default)
KINDS = ("alarm_raised", "tripped", "spurious_trip", "failure_on_demand")


def surrounded(record: RecordReader) -> list[int]:
    """Instants of alarms and trips, in order."""
    return sorted({event.time_ns for event in record.events(kinds=KINDS)})


def thin(path: Path, instants_ns: Sequence[int]) -> tuple[bool, list[tuple[int, int]]]:
    """Leave in a day's file the stretches around `instants_ns`, whole: whether any is left, and what scans went.

    Readers of the file go on; a crash leaves the old file or the new one.
    """
    with closing(DayReader(path)) as old:
        stretches = old.stretches(0, 1 << 62)
        kept = [stretch for stretch in stretches if near(stretch, instants_ns)]
        firsts = {stretch.first for stretch in kept}
        gone = [(stretch.first, stretch.last) for stretch in stretches if stretch.first not in firsts]
        if not kept or not gone:
            return bool(kept), gone
        rewrite(old, kept, lambda stretch: old.chunks(stretch.first), old.reduced())
    return True, gone


def rewrite(
    old: DayReader, kept: Sequence[Stretch], chunks: Callable[[Stretch], Sequence[Chunk]], reduced: Sequence[Reduced]
) -> None:
    """Put a file with the stretches `kept`, in each the rows `chunks`, in the place of `old`."""
    path, firsts = old.path, {stretch.first for stretch in kept}
    new = new_beside(path)
    with closing(DayWriter(new)) as writer:
        writer.ids(old.names())
        writer.put_holes([hole for hole in old.holes() if hole.first in firsts or not hole.point])
        writer.put_reduced(reduced)
        for stretch in kept:
            writer.put(stretch, old.about(stretch.first), chunks(stretch))
    aside = path.with_name(f"{path.name}.old")
    remove(aside)
    swap(path, new, aside)
    remove(aside)


def remove(path: Path) -> None:
    """Delete a file, with what SQLite keeps beside it."""
    for rest in (path, *logs(path)):
        rest.unlink(missing_ok=True)


def near(stretch: Stretch, instants_ns: Sequence[int]) -> bool:
    """Whether any scan of it is from 10 min before one of the instants to 30 min after."""
    at = bisect_left(instants_ns, stretch.first_ns - AFTER_NS)
    return at < len(instants_ns) and instants_ns[at] <= stretch.last_ns + BEFORE_NS
