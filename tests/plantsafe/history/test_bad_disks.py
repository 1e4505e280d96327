"""Compactor and forwarder on a full or read-only disk, and newer files: each ends alone, and nothing is lost."""

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from stored_samples import MIDNIGHT_NS, SECOND_NS, compact, frames_of, record, same

from plantsafe.errors import NewerFileError
from plantsafe.frame import Frame
from plantsafe.history.reader import HistoryReader
from plantsafe.history.verify import faults
from plantsafe.plant.tables import Plant
from plantsafe.store.forward import FORWARD, ForwardWriter

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where another user may look, too."""
    with tempfile.TemporaryDirectory(prefix="ps-disk-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def frames(folder: Path, small_plant_of: Callable[..., Plant]) -> list[Frame]:
    plant = small_plant_of()
    made = frames_of(plant, range(1, 1300), lambda number: MIDNIGHT_NS + number * SECOND_NS)
    record(folder, plant, made)
    return made


def compactor(folder: Path, *, user: int | None = None, most_bytes: int | None = None) -> tuple[int, str]:
    """One run as a process, with the rights of a user or a limit on the size of files, as a disk that is full has."""
    return run("compact", folder, user=user, most_bytes=most_bytes)


def forwarder(folder: Path, *, user: int | None = None, most_bytes: int | None = None) -> tuple[int, str]:
    """One that runs until it cannot; nobody listens where it sends to."""
    return run("forward run", folder, "--to", "http://127.0.0.1:1/plant/process", user=user, most_bytes=most_bytes)


def run(what: str, folder: Path, *more: str, user: int | None, most_bytes: int | None) -> tuple[int, str]:
    rights = "" if user is None else f"import plantsafe.history.compactor, os; os.setuid({user});"
    if user is not None and what != "compact":
        modules = "plantsafe.history.forwarder, plantsafe.cli.forward, multiprocessing.pool, os"
        rights = f"import {modules}; os.setuid({user});"
    done = subprocess.run(
        [sys.executable, "-c", f"import plantsafe.cli; {rights} plantsafe.cli.main()",
         *what.split(), "--data", folder, *more],
        capture_output=True, text=True, check=False, timeout=120,
        preexec_fn=None if most_bytes is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes,) * 2),
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def whole(folder: Path, frames: list[Frame]) -> bool:
    with HistoryReader(folder) as history:
        back = list(history.frames(1, 10**9))
    return len(back) == len(frames) and all(same(one, other) for one, other in zip(back, frames, strict=True))


def test_a_full_disk_ends_the_compactor_and_it_goes_on_where_it_was(folder: Path, frames: list[Frame]) -> None:
    status, words = compactor(folder, most_bytes=60_000)
    assert status == 1
    assert "mend:" in words
    assert "Traceback" not in words
    assert whole(folder, frames)
    assert list(faults(folder)) == []
    assert compactor(folder)[0] == 0
    assert whole(folder, frames)
    assert list(faults(folder)) == []


def test_a_folder_that_cannot_be_written_leaves_everything_in_the_record(folder: Path, frames: list[Frame]) -> None:
    if os.geteuid() != 0:
        folder.chmod(0o555)
    status, words = compactor(folder, user=NOBODY if os.geteuid() == 0 else None)
    folder.chmod(0o755)
    assert status == 1
    assert "mend: check the folder's existence and its permissions" in words
    assert whole(folder, frames)


def test_a_full_disk_ends_the_forwarder_with_a_message(folder: Path, frames: list[Frame]) -> None:
    status, words = forwarder(folder, most_bytes=10_000)
    assert status == 1
    assert "mend:" in words
    assert "Traceback" not in words
    assert whole(folder, frames)


def test_a_folder_that_cannot_be_written_ends_the_forwarder_with_a_message(folder: Path, frames: list[Frame]) -> None:
    if os.geteuid() != 0:
        folder.chmod(0o555)
    status, words = forwarder(folder, user=NOBODY if os.geteuid() == 0 else None)
    folder.chmod(0o755)
    assert status == 1
    assert "mend: check the folder's existence and its permissions" in words


def test_a_newer_cursor_of_the_forwarder_is_refused_and_not_touched(folder: Path, frames: list[Frame]) -> None:
    with closing(ForwardWriter(folder)):
        pass
    with closing(sqlite3.connect(folder / FORWARD)) as file:
        file.execute("PRAGMA user_version=99")
    before = (folder / FORWARD).read_bytes()
    status, words = forwarder(folder)
    assert (status, "has version 99" in words) == (1, True)
    assert (folder / FORWARD).read_bytes() == before
    assert compactor(folder)[0] == 1  # it would not know what the historian has


@pytest.mark.parametrize("name", ["rollup.db", "20260922.db"])
def test_a_newer_file_is_refused_and_not_touched(
    folder: Path, frames: list[Frame], small_plant_of: Callable[..., Plant], name: str
) -> None:
    compact(folder)
    newer = folder / name
    with closing(sqlite3.connect(newer)) as file:
        file.execute("PRAGMA user_version=99")
    before = newer.read_bytes()
    record(folder, small_plant_of(), frames_of(small_plant_of(), range(1300, 1400), lambda n: frames[0].time_ns + n))
    status, words = compactor(folder)
    assert (status, "has version 99" in words) == (1, True)
    with pytest.raises(NewerFileError, match="run the newer plantsafe"), HistoryReader(folder) as history:
        list(history.frames(1, 100))
    assert newer.read_bytes() == before
