"""A new file in the place of another: at any moment one of the two is there, and readers may have the old one open."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from plantsafe.store.sqlite import translated


def logs(path: Path) -> tuple[Path, Path]:
    """What SQLite keeps beside a file."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def new_beside(path: Path) -> Path:
    """Where the file that will take the place of `path` is made; what an earlier try left there is gone."""
    new = path.with_name(f"{path.name}.new")
    with translated(new):
        for rest in (new, *logs(new)):
            rest.unlink(missing_ok=True)
    return new


def swap(path: Path, new: Path, aside: Path | None) -> None:
    """`new` takes the place of `path`, which stays as `aside`; without `aside` it is gone already.

    Its log goes with it: on the new one SQLite would play it as its own. So it is folded in first, where it can be.
    """
    if aside is None:
        with translated(path):
            for log in logs(path):
                log.unlink(missing_ok=True)
            new.replace(path)
        return
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with translated(path):
        aside.hardlink_to(path)
        for log, kept in zip(logs(path), logs(aside), strict=True):
            if log.exists():
                log.replace(kept)
        new.replace(path)
