"""Points that nothing judges: their day is reduced to the deadband of the plant file, and never further."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from stored_samples import MIDNIGHT_NS, SECOND_NS, compact, frames_of, record, same

from plantsafe.frame import BAD_NO_COMMUNICATION, Frame
from plantsafe.history.buckets import read_buckets
from plantsafe.history.compaction import Compaction, day_file_name
from plantsafe.history.reader import HistoryReader
from plantsafe.history.reduction import held
from plantsafe.history.repair import repair
from plantsafe.history.stats import stats_of
from plantsafe.history.verify import faults
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.plant.tables import Plant
from plantsafe.scan.engine import Engine
from plantsafe.store.record import RecordReader, RecordWriter
from plantsafe.verdict import Fact

STEP_S = 30
DAY = 86_400 // STEP_S
ALARM = 1500
DEADBAND = 2.0
REDUCED = "X1"


def at_ns(number: int) -> int:
    return MIDNIGHT_NS + number * STEP_S * SECOND_NS


@pytest.fixture
def plant(small_plant_of: Callable[..., Plant], small_document: dict[str, Any]) -> Plant:
    like = next(point for point in small_document["points"] if point["name"] == "T")
    more = [
        like | {"name": REDUCED, "opcua": {"node": "s=X1"}, "reduce_deadband": DEADBAND},
        like | {"name": "X2", "opcua": {"node": "s=X2"}},
    ]
    return small_plant_of(points=[*small_document["points"], *more])


@pytest.fixture
def frames(tmp_path: Path, plant: Plant) -> list[Frame]:
    """A day and what comes after, with one alarm."""
    made = frames_of(plant, range(1, DAY + 100), at_ns)
    record(tmp_path, plant, made)
    facts = [Fact(kind="alarm_raised", subject="T.HH", body={})]
    with closing(RecordWriter(tmp_path)) as writer:
        writer.write_events(chained(facts, scan=ALARM, time_ns=at_ns(ALARM), seq=0, previous=GENESIS))
    compact(tmp_path)
    with HistoryReader(tmp_path) as history:
        mark = history.mark()
    with closing(RecordWriter(tmp_path)) as writer:
        writer._connection.execute("DELETE FROM frames WHERE number <= ?", (mark,))
    return made


def reduce(folder: Path, *, sent: int | None = None) -> list[str]:
    with closing(Compaction(folder)) as compaction, RecordReader(folder) as reader:
        return compaction.reduce(reader, sent=sent)


DAY_FILE = day_file_name(MIDNIGHT_NS)


def column(frames: list[Frame], row: int) -> np.ndarray:
    return np.array([frame.value[row] for frame in frames])


def test_what_is_read_back_is_within_the_deadband_and_all_else_is_as_it_was(
    tmp_path: Path, plant: Plant, frames: list[Frame]
) -> None:
    row = plant.points.row[REDUCED]
    edges = (at_ns(0), at_ns(DAY + 99))
    with HistoryReader(tmp_path) as open_before:
        hours = read_buckets(open_before, plant.points.names, *edges, 24)
        before = stats_of(open_before, (REDUCED, "X2"), *edges)
        assert reduce(tmp_path) == [DAY_FILE]
        back = list(open_before.frames(1, 10**9))
        after = stats_of(open_before, (REDUCED, "X2"), *edges)
        again = read_buckets(open_before, plant.points.names, *edges, 24)
    assert [frame.number for frame in back] == [frame.number for frame in frames]
    true, kept = column(frames, row), column(back, row)
    both = np.isnan(true) & np.isnan(kept)
    assert (both | (np.abs(true - kept) <= DEADBAND)).all()
    assert (true[~both] != kept[~both]).sum() > len(frames) / 4
    for one, other in zip(back, frames, strict=True):
        value, stamp = one.value.copy(), one.source_time_ns.copy()
        value[row], stamp[row] = other.value[row], other.source_time_ns[row]
        assert same(replace(one, value=value, source_time_ns=stamp), other)
    assert [point.within for point in after.points] == [DEADBAND, 0.0]
    assert after.points[0].stored_bytes < 0.7 * before.points[0].stored_bytes
    assert after.points[1].stored_bytes == before.points[1].stored_bytes
    for name in ("count", "good", "low", "high", "mean", "last", "worst"):
        np.testing.assert_array_equal(getattr(hours, name), getattr(again, name))
    assert list(faults(tmp_path)) == []


def test_the_surroundings_of_an_alarm_stay_raw(tmp_path: Path, plant: Plant, frames: list[Frame]) -> None:
    reduce(tmp_path)
    around = range(ALARM - 600 // STEP_S, ALARM + 1800 // STEP_S + 1)
    with HistoryReader(tmp_path) as history:
        back = {frame.number: frame for frame in history.frames(1, 10**9)}
    assert all(same(back[frame.number], frame) for frame in frames if frame.number in around)


def test_it_happens_once_though_a_crash_forgot_that_it_did(tmp_path: Path, plant: Plant, frames: list[Frame]) -> None:
    reduce(tmp_path)
    assert reduce(tmp_path) == []
    before = (tmp_path / DAY_FILE).read_bytes()
    with closing(sqlite3.connect(tmp_path / "rollup.db")) as rollup:
        rollup.execute("UPDATE files SET reduced = 0")
        rollup.commit()
    assert reduce(tmp_path) == []
    assert (tmp_path / DAY_FILE).read_bytes() == before


def test_a_repair_keeps_the_word_for_it(tmp_path: Path, plant: Plant, frames: list[Frame]) -> None:
    reduce(tmp_path)
    repair(tmp_path, DAY_FILE)
    with HistoryReader(tmp_path) as history:
        assert history.reduced() == {REDUCED: DEADBAND}


def test_a_day_waits_for_the_historian_and_for_what_may_reach_back(
    tmp_path: Path, plant: Plant, frames: list[Frame]
) -> None:
    assert reduce(tmp_path, sent=DAY - 100) == []
    clock_put_back = "UPDATE frames SET time_ns = time_ns + ? WHERE number = (SELECT max(number) FROM frames)"
    with closing(RecordWriter(tmp_path)) as writer:
        writer._connection.execute(clock_put_back, (-90 * STEP_S * SECOND_NS,))
    assert reduce(tmp_path) == []
    with closing(RecordWriter(tmp_path)) as writer:
        writer._connection.execute(clock_put_back, (90 * STEP_S * SECOND_NS,))
    assert reduce(tmp_path) == [DAY_FILE]


def test_the_engine_does_not_see_the_difference(tmp_path: Path, plant: Plant, frames: list[Frame]) -> None:
    reduce(tmp_path)
    with HistoryReader(tmp_path) as history:
        back = list(history.frames(1, 10**9))
    one, other = Engine(plant), Engine(plant)
    for raw, kept in zip(frames, back, strict=True):
        assert one.step(raw, []).facts == other.step(kept, []).facts
    assert one.snapshot() == other.snapshot()


def test_a_reduced_point_is_in_no_statistical_monitor(plant: Plant) -> None:
    subjects = {condition.subject for condition in Engine(plant).conditions}
    assert "X2" in subjects
    assert REDUCED not in subjects


SHAPE = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)


@given(data=st.data(), shape=SHAPE)
@settings(max_examples=200)
def test_no_value_is_ever_off_by_more_than_its_deadband(data: st.DataObject, shape: tuple[int, ...]) -> None:
    numbers = st.one_of(st.floats(width=32), st.sampled_from([0.0, -0.0, 1.0, 1.5, 2.0, np.nan, np.inf]))
    value = data.draw(arrays.arrays(np.float64, shape, elements=numbers))
    status = data.draw(arrays.arrays(np.uint32, shape, elements=st.sampled_from([0, BAD_NO_COMMUNICATION])))
    deadband = data.draw(arrays.arrays(np.float64, shape[1], elements=st.floats(0.001, 5.0)))
    stamp = np.arange(value.size, dtype=np.int64).reshape(shape)
    kept, kept_stamp = held(value, status, stamp, deadband)
    with np.errstate(invalid="ignore"):
        near = np.abs(kept - value) <= deadband
    same_kind = (np.isnan(kept) & np.isnan(value)) | (kept == value)
    assert (near | same_kind).all()
    for point in range(shape[1]):  # every value kept was read, at the time that stands with it, under the same status
        at = kept_stamp[:, point] // shape[1]
        np.testing.assert_array_equal(kept[:, point], value[at, point])
        np.testing.assert_array_equal(status[:, point], status[at, point])
