"""Carrying samples to a real InfluxDB: rows there are rows here, less the named dead letters, whatever happens."""

import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forwarding import START_NS, Forwarding, record, same
from historian_server import Historian

from plantsafe.errors import DamagedFileError, StoreError
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
from plantsafe.store.forward import ForwardWriter, ask_again, asked_again
from plantsafe.store.record import RecordReader


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
