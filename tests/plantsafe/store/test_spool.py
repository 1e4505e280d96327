"""A record that cannot be written: what it does not take waits in the spool, whole and in order, over restarts too."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from plantsafe.errors import StoreError
from plantsafe.frame import Frame
from plantsafe.journal.chain import GENESIS, chained, verify_record
from plantsafe.request import Request, RequestKind, Role
from plantsafe.store.record import RECORD, EventRow, RecordReader, Snapshot, Taken
from plantsafe.store.record_keeper import LONGEST_WAIT_S, RecordKeeper
from plantsafe.store.spool import SPOOL, Spool, Waiting
from plantsafe.verdict import Fact


class Kept:
    """Scans of a trace, written through a keeper whose clock the test moves."""

    def __init__(self, folder: Path, trace: Any) -> None:
        self.folder, self.trace = folder, trace
        self.seq, self.head, self.now_s = 0, GENESIS, 0.0
        self.frames: list[Frame] = []
        self.open()

    def open(self, **more: Any) -> int:
        self.keeper = RecordKeeper(self.folder, now_s=lambda: self.now_s, **more)
        done = self.keeper.take_up()
        plant = self.trace.engine.plant
        self.keeper.add_plant(plant.hash, plant.document())
        return done

    def scan(self, count: int = 1) -> None:
        for _ in range(count):
            self.trace.scan()
            frame, number = self.trace.last.frame, self.trace.number
            some = [Fact(kind="note", subject=f"s{number}", body={"文": number})]
            rows = chained(some, scan=number, time_ns=frame.time_ns, seq=self.seq, previous=self.head)
            self.seq, self.head = rows[-1].seq, rows[-1].hash
            request = Request(
                id=f"r{number}", kind=RequestKind.COMMENT, subject="T.HH", occurrence=1, actor="Li",
                role=Role.OPERATOR, second_actor="", made_ns=1, valid_until_ns=2, body={"comment": "看过"},
            )  # fmt: skip
            snapshot = Snapshot(number=number, plant=frame.plant, engine="x", data=b"abc")
            taken = [Taken(inbox_row=number, request=request)]
            self.keeper.write_scan(frame, rows, taken, self.trace.last.live, snapshot)
            self.frames.append(frame)

    def fill(self) -> None:
        """The file may not grow: SQLite says that the disk is full."""
        self.scan()
        assert self.keeper._writer is not None
        connection = self.keeper._writer._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    def whole(self) -> bool:
        """Every scan, event, request is in the record, bit for bit and in order."""
        with RecordReader(self.folder) as reader:
            back = list(reader.frames(1, 10**9))
            found = verify_record(reader)
            taken = [request.id for frame in back for request in reader.taken(frame.number)]
            snapshot = reader.snapshot(self.frames[0].plant, "x")
        assert [frame.number for frame in back] == [frame.number for frame in self.frames]
        assert all(one.value.tobytes() == other.value.tobytes() for one, other in zip(back, self.frames, strict=True))
        assert taken == [f"r{frame.number}" for frame in back]
        assert snapshot is not None
        assert snapshot.number == back[-1].number
        return (found.bad_row, found.rows, found.head) == (None, self.seq, self.head)


@pytest.fixture
def kept(tmp_path: Path, trace: Any) -> Iterator[Kept]:
    made = Kept(tmp_path, trace)
    yield made
    made.keeper.close()


def test_what_a_full_disk_refuses_waits_and_is_appended_in_order(kept: Kept) -> None:
    """Over the limit a page is still free here and there, so it takes some scans until the file cannot grow."""
    kept.fill()
    kept.scan(40)
    assert kept.keeper.waiting > 0
    assert "the disk is full" in kept.keeper.trouble
    kept.now_s += LONGEST_WAIT_S
    kept.scan()  # over a new connection, which has no limit
    assert kept.keeper.waiting == 0
    assert kept.keeper.trouble == ""
    assert kept.whole()


def test_a_restart_loses_nothing_of_the_spool(kept: Kept) -> None:
    kept.fill()
    kept.scan(40)
    waiting = kept.keeper.waiting
    kept.keeper.close()  # as kill -9: nothing else happens at the end
    assert kept.open() == waiting
    kept.scan(3)
    assert kept.whole()


def test_a_run_that_ended_while_the_spool_was_emptied_appends_nothing_twice(kept: Kept) -> None:
    kept.fill()
    kept.scan(40)
    for _ in range(3):
        entry = kept.keeper.spool.first()
        assert entry is not None
        kept.keeper._append(entry)
        kept.keeper.spool.drop_first()  # in memory alone, until the last one is appended
    left = kept.keeper.waiting
    kept.keeper.close()
    assert kept.open() == left
    assert kept.whole()


def test_an_entry_that_was_not_written_whole_is_not_there(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    rows = chained([Fact(kind="k", subject="s")], scan=1, time_ns=2, seq=0, previous=GENESIS)
    for _ in range(3):
        spool.append(Waiting(events=rows))
    spool.close()
    data = bytearray((tmp_path / SPOOL).read_bytes())
    data[-20] ^= 1
    (tmp_path / SPOOL).write_bytes(data)
    again = Spool(tmp_path)
    assert len(again) == 2
    first = again.first()
    assert first is not None
    assert list(first.events) == rows
    again.append(Waiting(plant=("hash", "{}")))
    assert len(again) == 3
    again.close()


def test_the_space_of_the_spool_is_taken_at_the_start(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_bytes=2**20)
    spool.reserve()
    assert (tmp_path / SPOOL).stat().st_blocks * 512 >= 2**20
    assert len(spool) == 0
    spool.close()


def test_a_full_spool_is_an_error_that_says_what_to_do(kept: Kept) -> None:
    kept.keeper.close()
    kept.open(most_bytes=20_000)
    kept.fill()
    with pytest.raises(StoreError, match="is full with") as caught:
        kept.scan(200)
    assert "what is in the spool is appended" in caught.value.mend
    kept.keeper.close()
    assert kept.open() > 0


def test_a_damaged_page_stops_the_record_and_nothing_else(kept: Kept) -> None:
    """The page comes back as it was, as from a repair, and so do the scans."""
    kept.scan(200)
    kept.keeper.close()
    kept.open()
    file = kept.folder / RECORD
    with closing(sqlite3.connect(file)) as look:
        look.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = look.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events_by_kind'").fetchone()[0]
        size = look.execute("PRAGMA page_size").fetchone()[0]
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        good = raw.read(size)
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)
    kept.keeper._failed(StoreError("the disk is looked at"))  # a new connection has no page of it in its memory
    kept.scan(10)
    assert kept.keeper.waiting > 0
    assert "damaged" in kept.keeper.trouble
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(good)
    kept.now_s += LONGEST_WAIT_S
    kept.scan(2)
    assert kept.keeper.waiting == 0
    assert kept.whole()


def test_a_spool_that_does_not_continue_the_record_is_not_appended(tmp_path: Path, trace: Any) -> None:
    """The record was put back as it was earlier: the events between are nowhere."""
    kept = Kept(tmp_path, trace)
    kept.scan(5)
    spool = kept.keeper.spool
    rows: list[EventRow] = chained([Fact(kind="k", subject="s")], scan=9, time_ns=2, seq=8, previous=GENESIS)
    spool.append(Waiting(events=rows))
    kept.keeper.close()
    with pytest.raises(StoreError, match="continues event 8") as caught:
        kept.open()
    assert "not the one that was written last" in caught.value.mend
    kept.keeper.close()
    assert (tmp_path / SPOOL).stat().st_size > 0
