"""Carrying samples to a real InfluxDB: rows there are rows here, less the named dead letters, whatever happens."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from historian_server import MOST_POINTS, Historian

from plantsafe.errors import DamagedFileError, StoreError
from plantsafe.frame import BAD_NO_COMMUNICATION, Frame
from plantsafe.history import forward
from plantsafe.history.buckets import read_buckets
from plantsafe.history.compaction import Compaction
from plantsafe.history.forward import Answer, Forwarder, NotNowError, Word
from plantsafe.history.forwarder import go_on, sink_of
from plantsafe.history.influx_reader import InfluxReader
from plantsafe.history.lines import LineMaker
from plantsafe.history.reader import HistoryReader
from plantsafe.history.repair import repair
from plantsafe.plant.tables import Plant
from plantsafe.store.forward import DeadLetter, ForwardWriter, Standing, ask_again, asked_again
from plantsafe.store.record import RecordReader, RecordWriter

START_NS = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def historian(tmp_path_factory: pytest.TempPathFactory, program: Callable[..., str]) -> Iterator[Historian]:
    server = Historian(tmp_path_factory.mktemp("influx"), program("influxd"), program("nginx"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def plant(small_plant_of: Callable[..., Plant]) -> Plant:
    return small_plant_of()


@pytest.fixture
def fresh(historian: Historian) -> Iterator[Historian]:
    """An empty bucket of a server that is well."""
    historian.ask('DROP MEASUREMENT "pv"')
    yield historian
    for sign in ("away", "locked"):
        historian.says(sign, now=False)


def record(folder: Path, plant: Plant, numbers: Sequence[int]) -> list[Frame]:
    """Random values, some Bad."""
    writer = RecordWriter(folder)
    writer.add_plant(plant.hash, plant.document())
    chance = np.random.default_rng(numbers[0])
    made = []
    for number in numbers:
        status = np.where(chance.random(plant.n_points) < 0.1, np.uint32(BAD_NO_COMMUNICATION), np.uint32(0))
        frame = Frame(
            number=number,
            plant=plant.hash,
            time_ns=START_NS + number * 10**9,
            value=np.where(status > 0, np.nan, chance.normal(60.0, 1.0, plant.n_points)),
            status=status,
            source_time_ns=np.zeros(plant.n_points, dtype=np.int64),
            received=np.full(plant.n_sources, number, dtype=np.int64),
            origin=np.zeros(plant.n_sources, dtype=np.uint8),
            resolution_ns=np.zeros(plant.n_sources, dtype=np.int64),
        )
        writer.write_scan(frame, [], [], {}, None)
        made.append(frame)
    writer.close()
    return made


class Forwarding:
    """A forwarder that is stepped until all is sent; a new one each time, as after a kill."""

    def __init__(self, folder: Path, where: str) -> None:
        self.folder, self.where = folder, where

    def step(self, sink: Any = None) -> int:
        writer, own = ForwardWriter(self.folder), sink or sink_of(self.where)
        try:
            with HistoryReader(self.folder) as history:
                forwarder = Forwarder(history, writer, own, time.time_ns)
                try:
                    return forwarder.step()
                finally:
                    forwarder.close()
        finally:
            writer.close()
            if sink is None:
                own.close()

    def all(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if not self.step():
                    return
            except NotNowError:
                time.sleep(0.05)
        raise AssertionError("not all was sent")

    def standing(self) -> tuple[Standing, list[DeadLetter]]:
        writer = ForwardWriter(self.folder)
        try:
            return writer.standing(), writer.dead()
        finally:
            writer.close()


def same(historian: Historian, plant: Plant, frames: Sequence[Frame]) -> bool:
    """Every point of every scan there is as it was recorded."""
    for row, name in enumerate(plant.points.names):
        there = historian.rows(name)
        here = {f.number: (None if np.isnan(f.value[row]) else float(f.value[row]), int(f.status[row])) for f in frames}
        if there != here:
            return False
    return True


def test_rows_there_are_rows_here_compacted_or_not(tmp_path: Path, plant: Plant, fresh: Historian) -> None:
    frames = record(tmp_path, plant, range(1, 200))
    compaction = Compaction(tmp_path)
    with RecordReader(tmp_path) as reader:
        compaction.step(reader)
    compaction.close()
    Forwarding(tmp_path, fresh.where).all()
    assert same(fresh, plant, frames)


def test_what_is_read_back_is_what_our_own_reader_finds(tmp_path: Path, plant: Plant, fresh: Historian) -> None:
    record(tmp_path, plant, range(1, 300))
    Forwarding(tmp_path, fresh.where).all()
    names = plant.points.names[:3]
    theirs = InfluxReader(fresh.where)
    with HistoryReader(tmp_path) as history:
        for a, b, n in ((1, 300, 7), (20, 21, 1), (100, 260, 40)):
            begin, end = START_NS + a * 10**9, START_NS + b * 10**9
            _same(theirs.between(names, begin, end), history.between(names, begin, end))
            _same(theirs.buckets(names, begin, end, n), read_buckets(history, names, begin, end, n))
        for ours, there in zip(history.latest(names), theirs.latest(names), strict=True):
            assert np.array_equal(ours, there, equal_nan=True)


def _same(one: Any, other: Any) -> None:
    for field in fields(one):
        np.testing.assert_allclose(getattr(one, field.name), getattr(other, field.name), rtol=1e-12)


def test_a_server_that_is_no_influxdb_is_not_read_as_empty(fresh: Historian) -> None:
    with pytest.raises(StoreError, match="does not answer a query"):
        InfluxReader(f"{fresh.url}/plant/elsewhere").latest(("P",))


def test_a_second_time_nothing_is_added(tmp_path: Path, plant: Plant, fresh: Historian) -> None:
    frames = record(tmp_path, plant, range(1, 40))
    forwarding = Forwarding(tmp_path, fresh.where)
    forwarding.all()
    (tmp_path / "forward.db").unlink()
    forwarding.all()
    assert same(fresh, plant, frames)


def test_a_killed_server_gets_what_it_missed(tmp_path: Path, plant: Plant, fresh: Historian) -> None:
    frames = record(tmp_path, plant, range(1, 30))
    forwarding = Forwarding(tmp_path, fresh.where)
    forwarding.all()
    fresh.kill()
    frames += record(tmp_path, plant, range(30, 60))
    with pytest.raises(NotNowError, match="502"):
        forwarding.step()
    assert forwarding.standing()[0].scan == 29
    fresh.start()
    forwarding.all()
    assert same(fresh, plant, frames)


@pytest.mark.parametrize(("sign", "words"), [("away", "503"), ("locked", "401")])
def test_what_a_server_refuses_for_now_is_kept(
    tmp_path: Path, plant: Plant, fresh: Historian, sign: str, words: str
) -> None:
    frames = record(tmp_path, plant, range(1, 30))
    forwarding = Forwarding(tmp_path, fresh.where)
    fresh.says(sign, now=True)
    for _ in range(3):
        with pytest.raises(NotNowError, match=words):
            forwarding.step()
    assert forwarding.standing()[0].scan == 0
    fresh.says(sign, now=False)
    forwarding.all()
    assert same(fresh, plant, frames)
    assert forwarding.standing()[1] == []


def test_rows_that_are_refused_for_good_are_named_and_the_others_arrive(
    tmp_path: Path, plant: Plant, fresh: Historian
) -> None:
    frames = record(tmp_path, plant, range(1, 30))
    known = LineMaker(plant).of_frame(frames[0])[1:]
    others = [f"pv,point=other{i} status=0i {START_NS}" for i in range(MOST_POINTS)]
    for lines in (known, others):
        assert sink_of(fresh.where).write("\n".join(lines).encode()) == Answer(Word.TAKEN)
    forwarding = Forwarding(tmp_path, fresh.where)
    forwarding.all()
    standing, dead = forwarding.standing()
    refused, *arrived = plant.points.names
    assert standing.scan == 29
    assert [letter.scan for letter in dead] == [frame.number for frame in frames]
    assert all("max-values-per-tag" in letter.reason and f"point={refused}" in letter.line for letter in dead)
    assert all(len(fresh.rows(name)) == 29 for name in arrived)


def test_scans_older_than_the_historian_keeps_are_one_letter(tmp_path: Path, plant: Plant, fresh: Historian) -> None:
    fresh.ask("ALTER RETENTION POLICY autogen ON process DURATION 1h SHARD DURATION 1h DEFAULT")
    try:
        record(tmp_path, plant, range(1, 100))
        forwarding = Forwarding(tmp_path, fresh.where)
        forwarding.all()
    finally:
        fresh.ask("ALTER RETENTION POLICY autogen ON process DURATION INF SHARD DURATION 168h DEFAULT")
    standing, (letter,) = forwarding.standing()
    assert (standing.scan, letter.scan, letter.line) == (99, 1, "")
    assert letter.reason.startswith("scans 1 to 99: the historian keeps no samples this old")


class Scripted:
    """A sink that answers from a list."""

    def __init__(self, *words: Word) -> None:
        self.words, self.bodies = list(words), list[bytes]()

    def write(self, body: bytes) -> Answer:
        self.bodies.append(body)
        return Answer(self.words.pop(0) if self.words else Word.TAKEN, "scripted")


def test_a_server_that_rejects_everything_buries_nothing(tmp_path: Path, plant: Plant) -> None:
    record(tmp_path, plant, range(1, 60))
    forwarding = Forwarding(tmp_path, "")
    with pytest.raises(NotNowError, match="too much to be right"):
        forwarding.step(Scripted(*[Word.REJECTED] * 10_000))
    assert forwarding.standing() == (
        Standing(scan=0, seq=0, confirmed_ns=0, trouble="", since_ns=0, dead=0),
        [],
    )


class Picky:
    """Takes every body but those with a line of `scan`, until that is 0."""

    def __init__(self, scan: int) -> None:
        self.scan, self.lines = scan, dict[bytes, int]()

    def write(self, body: bytes) -> Answer:
        if self.scan and f"scan={self.scan}i".encode() in body:
            return Answer(Word.LATER, "busy")
        for line in body.split(b"\n"):
            self.lines[line] = self.lines.get(line, 0) + 1
        return Answer(Word.TAKEN)


def test_a_body_that_arrived_before_an_earlier_one_does_not_move_the_cursor(
    tmp_path: Path, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "LINES", 30)
    frames = record(tmp_path, plant, range(1, 60))
    sink, scans_a_body = Picky(40), -(-30 // plant.n_points)
    before = (39 // scans_a_body) * scans_a_body
    with closing(ForwardWriter(tmp_path)) as writer, HistoryReader(tmp_path) as history:
        with closing(Forwarder(history, writer, sink, time.time_ns)) as forwarder:
            while writer.standing().scan < before:
                assert forwarder.step()
            for _ in range(3):
                with pytest.raises(NotNowError, match="busy"):
                    forwarder.step()
                assert writer.standing().scan == before
            sink.scan = 0
            while forwarder.step():
                pass
        assert (writer.standing().scan, writer.dead()) == (59, [])
    lines = {line for frame in frames for line in LineMaker(plant).of_frame(frame)}
    assert {line.decode() for line in sink.lines} == lines


def test_a_wiped_historian_gets_everything_again_when_asked(tmp_path: Path, plant: Plant, fresh: Historian) -> None:
    """By itself the forwarder goes on from its cursor: it cannot know what a server has lost."""
    frames = record(tmp_path, plant, range(1, 30))
    forwarding = Forwarding(tmp_path, fresh.where)
    forwarding.all()
    fresh.ask('DROP MEASUREMENT "pv"')
    frames += record(tmp_path, plant, range(30, 40))
    forwarding.all()
    assert set(fresh.rows("T")) == set(range(30, 40))
    ask_again(tmp_path, 11)
    stop = threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and len(fresh.rows("T")) < 29:
            time.sleep(0.05)
        stop.set()

    watching = threading.Thread(target=watch)
    watching.start()
    with (
        closing(sink_of(fresh.where)) as sink,
        closing(ForwardWriter(tmp_path)) as writer,
        HistoryReader(tmp_path) as history,
        closing(Forwarder(history, writer, sink, time.time_ns)) as forwarder,
    ):
        go_on(tmp_path, forwarder, writer, stop)
    watching.join()
    assert asked_again(tmp_path) is None
    assert same(fresh, plant, frames[10:])


def test_a_damaged_day_is_a_trouble_with_its_remedy_until_it_is_repaired(
    tmp_path: Path, plant: Plant, fresh: Historian
) -> None:
    frames = record(tmp_path, plant, range(1, 700))
    compaction = Compaction(tmp_path)
    with RecordReader(tmp_path) as reader:
        compaction.step(reader)
    compaction.close()
    day = next(tmp_path.glob("2*.db"))
    with closing(sqlite3.connect(day)) as spoilt:
        spoilt.execute("UPDATE chunks SET samples = zeroblob(length(samples)) WHERE id = (SELECT max(id) FROM chunks)")
        spoilt.commit()
    forwarding = Forwarding(tmp_path, fresh.where)
    with pytest.raises(DamagedFileError, match=f"history repair {day.stem}"):
        forwarding.all()
    repair(tmp_path, day.stem)
    with HistoryReader(tmp_path) as history:
        kept = list(history.frames(1, 1000))
    forwarding.all()
    assert len(kept) == len(frames)
    assert same(fresh, plant, kept)
