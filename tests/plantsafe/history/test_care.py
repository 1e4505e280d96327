"""Backup, verify and repair: copies that hold together, damage that is named, and a repair that touches one file."""

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from stored_samples import MIDNIGHT_NS, SECOND_NS, compact, frames_of, record, same

from plantsafe.errors import DamagedFileError, RequestError, StoreError
from plantsafe.frame import BAD_NO_DATA, Frame
from plantsafe.history.backup import LIST, backup, changed_since_backup
from plantsafe.history.compaction import Compaction, day_file_name
from plantsafe.history.compactor import run_compactor
from plantsafe.history.gaps import named_gaps
from plantsafe.history.reader import HistoryReader
from plantsafe.history.repair import repair
from plantsafe.history.verify import faults
from plantsafe.plant.tables import Plant
from plantsafe.store.record import RecordReader, RecordWriter
from plantsafe.store.turn import turn

FIRST_DAY, SECOND_DAY = day_file_name(MIDNIGHT_NS - 1), day_file_name(MIDNIGHT_NS)


@pytest.fixture(scope="module")
def plant(small_plant_of: Callable[..., Plant]) -> Plant:
    return small_plant_of()


def at_ns(number: int) -> int:
    return MIDNIGHT_NS + (number - 1500) * SECOND_NS


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory, plant: Plant) -> tuple[Path, list[Frame]]:
    """Two days' files and a record that keeps what is not in them."""
    folder = tmp_path_factory.mktemp("whole")
    frames = frames_of(plant, range(1, 2400), at_ns)
    record(folder, plant, frames[:2000])
    compact(folder)
    with HistoryReader(folder) as history:
        mark = history.mark()
    record(folder, plant, frames[2000:], compacted=mark)
    compact(folder)
    assert sorted(path.name for path in folder.glob("2*.db")) == [FIRST_DAY, SECOND_DAY]
    return folder, frames


@pytest.fixture
def folder(two_days: tuple[Path, list[Frame]], tmp_path: Path) -> Path:
    shutil.copytree(two_days[0], tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def frames(two_days: tuple[Path, list[Frame]]) -> list[Frame]:
    return two_days[1]


def all_same(folder: Path, frames: list[Frame]) -> bool:
    with HistoryReader(folder) as history:
        back = list(history.frames(1, 10**9))
    return len(back) == len(frames) and all(same(one, other) for one, other in zip(back, frames, strict=True))


def spoil(path: Path, seed: int, *, from_page: int = 0) -> None:
    """Other bytes on a page of the file."""
    chance, data = np.random.default_rng(seed), bytearray(path.read_bytes())
    at = int(chance.integers(from_page * 4096, len(data) - 200))
    data[at : at + 200] = chance.bytes(200)
    path.write_bytes(data)


def test_nothing_is_wrong_with_what_is_whole(folder: Path, frames: list[Frame]) -> None:
    assert list(faults(folder)) == []
    assert all_same(folder, frames)


def test_a_backup_is_the_folder_and_goes_on(folder: Path, frames: list[Frame], plant: Plant, tmp_path: Path) -> None:
    assert backup(folder, tmp_path / "copy", lambda _: None) == []
    assert all_same(tmp_path / "copy", frames)
    assert list(changed_since_backup(tmp_path / "copy")) == []
    later = frames_of(plant, range(2400, 2700), at_ns)
    record(tmp_path / "copy", plant, later)
    assert compact(tmp_path / "copy") == 300
    assert all_same(tmp_path / "copy", [*frames, *later])
    assert len(list(changed_since_backup(tmp_path / "copy"))) == 3  # record, rollup, the day of today
    with pytest.raises(RequestError, match="is not empty"):
        backup(folder, tmp_path / "copy", lambda _: None)


def test_backups_while_scans_are_recorded_and_compacted_hold_together(tmp_path: Path, plant: Plant) -> None:
    folder, stop = tmp_path / "data", threading.Event()
    frames = frames_of(plant, range(1, 6000), at_ns)
    record(folder, plant, frames[:100])
    done = threading.Event()

    def scan() -> None:
        writer = RecordWriter(folder)
        writer._connection.execute("PRAGMA synchronous=OFF")
        writer.add_plant(plant.hash, plant.document())
        with closing(writer), closing(Compaction(folder)) as compaction, RecordReader(folder) as reader:
            for frame in frames[100:]:
                writer.write_scan(frame, [], [], {}, None, compacted=compaction._rollup.compacted())
                if frame.number % 30 == 0:
                    with turn(folder, 0.0) as mine:
                        if mine:
                            compaction.step(reader)
                if stop.is_set():
                    break
        done.set()

    scanning = threading.Thread(target=scan)
    scanning.start()
    try:
        for number in range(6):
            to = tmp_path / f"copy-{number}"
            assert backup(folder, to, lambda _: None) == []
            last = json.loads((to / LIST).read_text())["last_scan"]
            assert list(faults(to)) == []
            assert all_same(to, frames[:last])
    finally:
        stop.set()
        scanning.join()
    assert done.is_set()
    assert not scanning.is_alive()


def test_a_number_that_is_gone_and_a_file_that_is_gone_are_named(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "record.db")) as record_db:
        record_db.execute("DELETE FROM frames WHERE number = 2390")
        record_db.commit()
    (folder / FIRST_DAY).unlink()
    found = list(faults(folder))
    assert found[0].startswith(f"{FIRST_DAY}: not in the folder; scans 1 to ")
    assert found[1:] == ["scans 2390 to 2390: neither recorded nor named as lost"]


def test_a_changed_value_is_found_by_its_sum(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FIRST_DAY)) as day:
        day.execute("UPDATE chunks SET samples = zeroblob(length(samples)) WHERE id = (SELECT min(id) FROM chunks)")
        day.commit()
    assert [words.partition("samples of")[2] for words in faults(folder)] == [" point 0 from scan 1 on are damaged"]
    with HistoryReader(folder) as history, pytest.raises(DamagedFileError) as caught:
        list(history.frames(1, 100))
    assert caught.value.mend.startswith(f"plantsafe history repair {FIRST_DAY[:8]} ")


@pytest.mark.parametrize("seed", range(12))
def test_a_repair_keeps_what_can_be_read_and_names_the_rest(
    folder: Path, frames: list[Frame], plant: Plant, seed: int
) -> None:
    others = {p.name: p.read_bytes() for p in folder.glob("*.db") if p.name != FIRST_DAY}
    before = (folder / FIRST_DAY).read_bytes()
    spoil(folder / FIRST_DAY, seed, from_page=0 if seed < 4 else 1)
    spoilt = (folder / FIRST_DAY).read_bytes()
    assert spoilt != before
    done = repair(folder, FIRST_DAY[:8])
    assert done.aside.read_bytes() == spoilt
    assert {p.name: p.read_bytes() for p in folder.glob("*.db") if p.name != FIRST_DAY} == others
    assert list(faults(folder)) == []
    with HistoryReader(folder) as history:
        back = {frame.number: frame for frame in history.frames(1, 10**9)}
        points = {(hole.first, hole.point) for hole in history.repaired() if hole.point}
        heads = list(history.stretches(1, 10**9, lambda _day, stretch: (stretch.first, stretch.last)))
        gone = {n for hole in named_gaps(history) for n in range(hole.first, hole.last + 1)}
    assert {*back} | gone == {frame.number for frame in frames}
    assert not {*back} & gone
    for frame in frames:
        if frame.number in gone:
            continue
        first = next((a for a, b in heads if a <= frame.number <= b), 0)
        lost = np.array([(first, name) in points for name in plant.points.names])
        kept = back[frame.number]
        assert kept.value[~lost].tobytes() == frame.value[~lost].tobytes()
        assert kept.status[~lost].tobytes() == frame.status[~lost].tobytes()
        assert (kept.status[lost] == BAD_NO_DATA).all()
    assert len(points) == done.kept.lost_rows


@pytest.mark.parametrize("seed", range(0, 12, 2))
def test_a_repair_from_a_backup_brings_all_back_and_touches_no_other_file(
    folder: Path, frames: list[Frame], tmp_path: Path, seed: int
) -> None:
    backup(folder, tmp_path / "copy", lambda _: None)
    others = {p.name: p.read_bytes() for p in folder.glob("*.db") if p.name != FIRST_DAY}
    spoil(folder / FIRST_DAY, seed, from_page=0 if seed < 4 else 1)
    if seed == 2:
        repair(folder, FIRST_DAY)  # the backup was found later
    done = repair(folder, FIRST_DAY, tmp_path / "copy")
    assert done.holes == ()
    assert all_same(folder, frames)
    assert list(faults(folder)) == []
    assert {p.name: p.read_bytes() for p in folder.glob("*.db") if p.name != FIRST_DAY} == others


def test_a_backup_from_before_the_stretches_were_joined_serves_too(tmp_path: Path, plant: Plant) -> None:
    folder, frames = tmp_path / "data", frames_of(plant, range(1, 1300), lambda n: MIDNIGHT_NS + n * SECOND_NS)
    name = day_file_name(MIDNIGHT_NS)
    record(folder, plant, frames[:200])
    compact(folder)
    record(folder, plant, frames[200:610])
    compact(folder)
    backup(folder, tmp_path / "copy", lambda _: None)
    record(folder, plant, frames[610:])
    compact(folder)
    with HistoryReader(folder) as history:
        mark = history.mark()
    with closing(RecordWriter(folder)) as writer:
        writer._connection.execute("DELETE FROM frames WHERE number <= ?", (mark,))
    with closing(sqlite3.connect(folder / name)) as day:
        day.execute("UPDATE chunks SET samples = zeroblob(length(samples)) WHERE id = (SELECT min(id) FROM chunks)")
        day.execute("UPDATE chunks SET samples = zeroblob(length(samples)) WHERE id = (SELECT max(id) FROM chunks)")
        day.commit()
    done = repair(folder, name, tmp_path / "copy")
    with HistoryReader(folder) as history:
        back = list(history.frames(1, 10**9))
        (hole,) = history.repaired()
    assert [frame.number for frame in back] == [frame.number for frame in frames]
    assert hole.first >= 600
    assert all(same(one, other) for one, other in zip(back[:599], frames, strict=False))
    assert (done.restored, done.holes) == ((0, 1), ())


def test_a_day_that_was_deleted_comes_back_from_a_backup(folder: Path, frames: list[Frame], tmp_path: Path) -> None:
    backup(folder, tmp_path / "copy", lambda _: None)
    (folder / FIRST_DAY).unlink()
    with pytest.raises(RequestError, match="is not in") as error:
        repair(folder, FIRST_DAY)
    assert "--from-backup" in str(error.value.mend)
    done = repair(folder, FIRST_DAY, tmp_path / "copy")
    assert (done.aside, done.holes) == (None, ())
    assert all_same(folder, frames)
    assert list(faults(folder)) == []


def test_a_backup_that_was_changed_or_is_of_another_plant_is_refused(
    folder: Path, plant: Plant, tmp_path: Path
) -> None:
    backup(folder, tmp_path / "copy", lambda _: None)
    before = (folder / FIRST_DAY).read_bytes()
    spoil(tmp_path / "copy" / FIRST_DAY, 1)
    with pytest.raises(RequestError, match="not as it was copied"):
        repair(folder, FIRST_DAY, tmp_path / "copy")
    other = tmp_path / "other"
    record(other, plant, frames_of(plant, range(1, 2000), lambda n: at_ns(n) + 500))
    compact(other)
    with pytest.raises(RequestError, match="is not of this record"):
        repair(folder, FIRST_DAY, other)
    assert (folder / FIRST_DAY).read_bytes() == before


def test_a_repair_loses_only_the_row_that_is_damaged(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FIRST_DAY)) as day:
        day.execute("UPDATE chunks SET samples = zeroblob(length(samples)) WHERE id = (SELECT min(id) FROM chunks)")
        day.commit()
    done = repair(folder, FIRST_DAY)
    assert (done.kept.lost_rows, done.holes) == (1, ())


def test_a_reader_that_was_open_reads_the_repaired_file(folder: Path) -> None:
    with HistoryReader(folder) as history:
        assert len(history.frame_numbers(1, 100)) == 100
        spoil(folder / FIRST_DAY, 5, from_page=1)
        repair(folder, FIRST_DAY)
        numbers = history.frame_numbers(1, 100)
        window = history.window(("T",), 1, 100)
    assert window.number.tolist() == numbers


def test_a_file_that_is_deleted_under_a_reader_is_a_hole(folder: Path) -> None:
    with HistoryReader(folder) as history:
        walking = history.frames(1, 10**9)
        next(walking)
        (folder / FIRST_DAY).unlink()
        numbers = [frame.number for frame in walking]
        (hole,) = history.holes()
    assert numbers[-1] == 2399
    assert {*range(hole.last + 1, 2400)} <= {*numbers}


def test_damage_in_the_day_of_today_stops_no_compaction(folder: Path, plant: Plant) -> None:
    with closing(sqlite3.connect(folder / SECOND_DAY)) as day:
        day.execute("UPDATE chunks SET samples = zeroblob(length(samples))")
        day.commit()
    record(folder, plant, frames_of(plant, range(2400, 3700), at_ns))
    assert compact(folder) > 1200
    done = repair(folder, SECOND_DAY)
    assert done.kept.lost_rows > 0
    assert list(faults(folder)) == []


def test_two_that_change_days_files_wait_for_each_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plantsafe.history.compactor.PATIENCE_S", 0.1)
    monkeypatch.setattr("plantsafe.history.compactor.NICENESS", 0)
    with turn(folder, 0.0) as mine:
        assert mine
        with pytest.raises(StoreError, match="another process works on"):
            run_compactor(folder, follow=False, keep_days=0, parent=0, say=lambda _: None)
    run_compactor(folder, follow=False, keep_days=0, parent=0, say=lambda _: None)


def test_a_clock_that_jumps_over_midnight_and_back(tmp_path: Path, plant: Plant) -> None:
    """Into tomorrow at scan 300, back at 700, and once far ahead: every scan is read once, in the order of numbers."""

    def jumping(number: int) -> int:
        ahead = 86_400 if 300 <= number < 700 else 70 * 365 * 86_400 if 900 <= number < 960 else 0
        return MIDNIGHT_NS + (number - 500 + ahead) * SECOND_NS

    frames = frames_of(plant, range(1, 1500), jumping)
    for begin in range(0, 1500, 250):
        record(tmp_path, plant, frames[begin : begin + 250])
        compact(tmp_path)
    assert all_same(tmp_path, frames)
    assert list(faults(tmp_path)) == []
    with HistoryReader(tmp_path) as history:
        window = history.window(("T",), 1, 1499)
    assert window.number.tolist() == list(range(1, 1500))
    with closing(Compaction(tmp_path)) as compaction, RecordReader(tmp_path) as reader:
        assert compaction.drop_older(30, reader) == []


def test_from_the_command_line(folder: Path, tmp_path: Path) -> None:
    """Backup, damage, verify, repair, verify, as a person does it."""

    def history(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "plantsafe", "history", *words], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    data = ("--data", str(folder))
    assert history("backup", *data, "--to", str(tmp_path / "copy"))[0] == 0
    assert history("verify", "--data", str(tmp_path / "copy")) == (
        0, "all files are whole; every scan is there or named\n",
    )  # fmt: skip
    spoil(folder / FIRST_DAY, 7, from_page=1)
    status, words = history("verify", *data)
    assert status == 1
    assert f"{FIRST_DAY}: " in words
    assert "plantsafe history repair DAY" in words
    assert history("repair", "20010101", *data)[0] == 1
    status, words = history("repair", FIRST_DAY[:8], *data)
    assert status == 0, words
    assert f"{FIRST_DAY}.damaged-1" in words
    assert history("verify", *data)[0] == 0
