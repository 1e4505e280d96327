"""What is compacted and what is not reads as one: against the frames themselves, over every border."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsafe.frame import BAD, BAD_NO_COMMUNICATION, BAD_NODE_ID_UNKNOWN, DeviceEvents, FastSamples, Frame
from plantsafe.history.buckets import read_buckets
from plantsafe.history.compaction import LONG_SCANS, Compaction, day_file_name
from plantsafe.history.reader import HistoryReader
from plantsafe.plant.tables import Plant
from plantsafe.store.record import RecordReader, RecordWriter

SECOND_NS = 1_000_000_000
MIDNIGHT_NS = 20_718 * 86_400 * SECOND_NS


@pytest.fixture(scope="module")
def plants(small_plant_of: Callable[..., Plant], small_document: dict[str, Any]) -> tuple[Plant, Plant]:
    """A plant, and the same with one point less and another order."""
    points = [point for point in reversed(small_document["points"]) if point["name"] != "F"]
    alarms = [alarm for alarm in small_document["alarms"] if alarm["point"] != "F"]
    return small_plant_of(), small_plant_of(points=points, alarms=alarms)


def frames(
    plants: Sequence[Plant],
    numbers: Sequence[int],
    *,
    change_at: int,
    start_ns: int,
    seed: int,
    period_ns: int = SECOND_NS,
) -> list[Frame]:
    """Random values of which many repeat; statuses, now and then samples of a fast group and events of a device."""
    chance = np.random.default_rng(seed)
    made = []
    for number in numbers:
        plant = plants[number >= change_at]
        n, s = plant.n_points, plant.n_sources
        status = np.where(chance.random(n) < 0.05, np.uint32(BAD_NO_COMMUNICATION), np.uint32(0))
        value = np.where(status > 0, np.nan, np.round(chance.normal(50.0, 1.0, n), 1))
        time_ns = start_ns + number * period_ns + int(chance.integers(0, 1000))
        reads = int(chance.integers(1, 4))
        fast = FastSamples(
            point=np.array([1, 0]),
            group=np.array([0, 0]),
            value=chance.random((2, reads)),
            status=np.zeros((2, reads), dtype=np.uint32),
            begun_ns=chance.integers(-SECOND_NS, 0, (1, reads)),
            ended_ns=chance.integers(-SECOND_NS, 0, (1, reads)),
        )
        frame = Frame(
            number=number,
            plant=plant.hash,
            time_ns=time_ns,
            value=value,
            status=status,
            source_time_ns=np.where(chance.random(n) < 0.5, time_ns - 40, 0),
            received=np.full(s, number, dtype=np.int64),
            origin=np.ones(s, dtype=np.uint8),
            resolution_ns=np.full(s, 1000, dtype=np.int64),
        )
        frame = replace(frame, fast=fast) if chance.random() < 0.8 else frame
        if number % 7 < 2:
            stamps = np.arange(1 + number % 3, dtype=np.int64) + number
            frame = replace(frame, events=device_events(stamps, time_ns))
        made.append(frame)
    return made


def device_events(stamps: np.ndarray, time_ns: int) -> DeviceEvents:
    return DeviceEvents(source=stamps * 0, sequence=stamps, time_ns=stamps + time_ns, code=stamps % 5, state=stamps % 2)


def same(one: Frame, other: Frame) -> bool:
    """Bit for bit, fast samples and device events too."""
    arrays = ("value", "status", "source_time_ns", "received", "origin", "resolution_ns")
    pairs = [(getattr(one, name), getattr(other, name)) for name in arrays]
    pairs += [(getattr(one.fast, field.name), getattr(other.fast, field.name)) for field in fields(FastSamples)]
    pairs += [(getattr(one.events, field.name), getattr(other.events, field.name)) for field in fields(DeviceEvents)]
    heads = (one.number, one.plant, one.time_ns) == (other.number, other.plant, other.time_ns)
    return heads and all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


class Folder:
    """A record that grows, is compacted, and loses what is compacted, as in a plant."""

    def __init__(self, path: Path, plants: Sequence[Plant]) -> None:
        self.path, self.plants, self.frames = path, plants, list[Frame]()
        self.writer = RecordWriter(path)
        self.writer._connection.execute("PRAGMA synchronous=OFF")  # these tests kill nothing
        for plant in plants:
            self.writer.add_plant(plant.hash, plant.document())

    def record(self, frames: Sequence[Frame], *, compacted: int = 0) -> None:
        for frame in frames:
            self.writer.write_scan(frame, [], [], {}, None, compacted=compacted)
        self.frames += frames

    def compact(self) -> int:
        compaction = Compaction(self.path)
        with RecordReader(self.path) as reader:
            taken = compaction.step(reader)
        compaction.close()
        return taken


def check(folder: Folder, seed: int) -> None:
    """Frames and windows of the reader against the frames that were written."""
    chance = np.random.default_rng(seed)
    first, last = folder.frames[0].number, folder.frames[-1].number
    with HistoryReader(folder.path) as history:
        assert (history.first_number(), history.last_number()) == (first, last)
        assert history.scan_count() == len(folder.frames)
        for _ in range(3):
            a, b = sorted(int(n) for n in chance.integers(first - 5, last + 5, 2))
            inside = [frame for frame in folder.frames if a <= frame.number <= b]
            back = list(history.frames(a, b))
            assert [frame.number for frame in back] == [frame.number for frame in inside]
            assert all(same(one, other) for one, other in zip(back, inside, strict=True))
            assert history.frame_numbers(a, b) == [frame.number for frame in inside]
            _check_window(history, folder, a, b, inside)
        _check_buckets(history, folder, chance)
        moment = folder.frames[int(chance.integers(len(folder.frames)))]
        assert history.number_at(moment.time_ns) == moment.number


def _check_window(history: HistoryReader, folder: Folder, a: int, b: int, inside: Sequence[Frame]) -> None:
    rows = {plant.hash: plant.points.row for plant in folder.plants}
    window = history.window(("P", "F", "nowhere"), a, b)
    assert window.number.tolist() == [frame.number for frame in inside]
    assert window.time_ns.tolist() == [frame.time_ns for frame in inside]
    for column, name in enumerate(("P", "F", "nowhere")):
        at = [rows[frame.plant].get(name) for frame in inside]
        value = [np.nan if row is None else f.value[row] for row, f in zip(at, inside, strict=True)]
        status = [BAD_NODE_ID_UNKNOWN if row is None else int(f.status[row]) for row, f in zip(at, inside, strict=True)]
        assert np.array_equal(window.value[:, column], value, equal_nan=True)
        assert window.status[:, column].tolist() == status


def _check_buckets(history: HistoryReader, folder: Folder, chance: np.random.Generator) -> None:
    """Figures of each bucket against a plain count over the samples in it."""
    times = np.array([frame.time_ns for frame in folder.frames])
    rows = {plant.hash: plant.points.row for plant in folder.plants}
    a, b = sorted(int(t) for t in chance.integers(times[0] - 10**10, times[-1] + 10**10, 2))
    for name, n in (("P", int(chance.integers(1, 40))), ("F", 3), ("F", 1)):
        found = read_buckets(history, (name,), a, b, n)
        assert len(found.edges_ns) - 1 <= n
        assert found.edges_ns[0] <= a < b <= found.edges_ns[-1]
        for i, (begin, end) in enumerate(pairwise(found.edges_ns)):
            inside = [f for f in folder.frames if begin <= f.time_ns < end and name in rows[f.plant]]
            value = np.array([f.value[rows[f.plant][name]] for f in inside])
            status = np.array([f.status[rows[f.plant][name]] for f in inside], dtype=np.uint32)
            usable = value[(status < BAD) & ~np.isnan(value)]
            assert (found.count[i, 0], found.good[i, 0]) == (len(usable), np.count_nonzero(status == 0))
            assert found.worst[i, 0] == max(status, default=0)
            if len(usable):
                assert (found.low[i, 0], found.high[i, 0]) == (usable.min(), usable.max())
                assert found.mean[i, 0] == pytest.approx(usable.mean(), rel=1e-12)
            if len(value):
                assert np.array_equal(found.last[i, 0], value[-1], equal_nan=True)


@settings(max_examples=5)
@given(data=st.data())
def test_the_reader_equals_the_frames_over_every_border(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, plants: tuple[Plant, Plant]
) -> None:
    first = data.draw(st.integers(1, 900), label="first scan")
    gaps = data.draw(st.sets(st.integers(first + 1, first + 700), max_size=30), label="lost scans")
    start_ns = MIDNIGHT_NS - data.draw(st.integers(0, 1500), label="midnight") * SECOND_NS
    change_at = data.draw(st.integers(first, first + 1000), label="plant changes at")
    seed = data.draw(st.integers(0, 99), label="seed")
    numbers = [n for n in range(first, first + 750) if n not in gaps]
    everything = frames(plants, numbers, change_at=change_at, start_ns=start_ns, seed=seed)
    folder = Folder(tmp_path_factory.mktemp("data"), plants)
    mark, taken = 0, 0
    for cut in sorted({*data.draw(st.sets(st.integers(1, 749), max_size=4), label="compacted after"), 750}):
        folder.record(everything[len(folder.frames) : cut], compacted=mark)
        taken += folder.compact()
        with HistoryReader(folder.path) as history:
            mark = history.mark()
        check(folder, seed)
    assert taken == len([n for n in numbers if n <= mark])


def test_compacted_frames_leave_the_record_and_the_newest_stay(tmp_path: Path, plants: tuple[Plant, Plant]) -> None:
    folder = Folder(tmp_path, plants)
    everything = frames(plants, range(1, 1301), change_at=5000, start_ns=MIDNIGHT_NS, seed=1)
    folder.record(everything[:1000])
    assert folder.compact() == 959  # numbers 960 to 1000 are not a full minute yet
    folder.record(everything[1000:], compacted=959)
    with RecordReader(tmp_path) as reader:
        assert reader.first_number() == 960
    check(folder, 3)


def test_short_stretches_become_one_when_their_ten_minutes_are_over(
    tmp_path: Path, plants: tuple[Plant, Plant]
) -> None:
    folder = Folder(tmp_path, plants)
    for begin in range(600, 1300, 50):
        folder.record(frames(plants, range(begin, begin + 50), change_at=5000, start_ns=MIDNIGHT_NS, seed=begin))
        folder.compact()
    with HistoryReader(tmp_path) as history:
        lengths = list(history.stretches(0, 2000, lambda _day, stretch: len(stretch.number)))
    assert lengths == [LONG_SCANS, 60]
    check(folder, 5)


def test_what_a_crash_left_behind_the_mark_is_done_again(tmp_path: Path, plants: tuple[Plant, Plant]) -> None:
    folder = Folder(tmp_path, plants)
    folder.record(frames(plants, range(1, 400), change_at=5000, start_ns=MIDNIGHT_NS, seed=2))
    folder.compact()
    with sqlite3.connect(tmp_path / "rollup.db") as rollup:
        rollup.execute("UPDATE mark SET compacted = 119")
    rollup.close()
    assert folder.compact() == 240
    check(folder, 7)


def test_a_file_that_is_gone_is_named_and_the_rest_is_read(tmp_path: Path, plants: tuple[Plant, Plant]) -> None:
    folder = Folder(tmp_path, plants)
    folder.record(frames(plants, range(1, 1500), change_at=5000, start_ns=MIDNIGHT_NS - 700 * SECOND_NS, seed=2))
    folder.compact()
    gone = day_file_name(MIDNIGHT_NS - SECOND_NS)
    (tmp_path / gone).unlink()
    with HistoryReader(tmp_path) as history:
        holes = history.missing_files()
        numbers = history.frame_numbers(1, 2000)
    assert [(hole.first, hole.reason) for hole in holes] == [(1, f"the file {gone} is not in the folder")]
    assert numbers == list(range(holes[0].last + 1, 1500))


def test_hourly_figures_answer_for_days_and_outlive_their_samples(tmp_path: Path, plants: tuple[Plant, Plant]) -> None:
    folder = Folder(tmp_path, plants)
    numbers = range(1, 3 * 1440)
    start_ns = MIDNIGHT_NS + 50 * 60 * SECOND_NS
    folder.record(
        frames(plants, numbers, change_at=2000, start_ns=start_ns, seed=4, period_ns=60 * SECOND_NS), compacted=0
    )
    folder.compact()
    end_ns = folder.frames[-1].time_ns
    for seed in range(5):
        with HistoryReader(tmp_path) as history:
            _check_buckets(history, folder, np.random.default_rng(seed))
    with HistoryReader(tmp_path) as history:
        before = read_buckets(history, ("P", "F"), MIDNIGHT_NS, end_ns, 20)
    compaction = Compaction(tmp_path)
    with RecordReader(tmp_path) as reader:
        dropped = compaction.drop_older(1, reader)
    compaction.close()
    assert dropped == [day_file_name(MIDNIGHT_NS)]
    with HistoryReader(tmp_path) as history:
        after = read_buckets(history, ("P", "F"), MIDNIGHT_NS, end_ns, 20)
        assert history.files()[0].name == day_file_name(MIDNIGHT_NS + 86_400 * SECOND_NS)
    for name in ("edges_ns", "count", "good", "low", "high", "mean", "last", "worst"):
        assert np.array_equal(getattr(before, name), getattr(after, name), equal_nan=True)
