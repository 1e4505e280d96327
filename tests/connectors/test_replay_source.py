"""Recorded values come back in order, and a file that cannot be read is named with its line."""

import contextlib
import csv
import functools
import itertools
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.replay import ReplaySource
from connectors.replay.cells import instant, quality
from plantsafe.clock import Clock
from plantsafe.errors import SourceError
from plantsafe.frame import (
    BAD,
    BAD_COMMUNICATION_ERROR,
    BAD_SENSOR_FAILURE,
    BAD_WAITING_FOR_INITIAL_DATA,
    GOOD,
    LIMIT_HIGH,
    UNCERTAIN,
    Frame,
    Origin,
    is_bad,
)
from plantsafe.plant import Plant, load_plant
from plantsafe.source import silence

ROOT = Path(__file__).resolve().parents[2]
T0 = 1_790_000_000_000_000_000


def frame_of(plant: Plant, number: int, *, dcs_answered: bool) -> Frame:
    n = plant.n_points
    return Frame(
        number=number,
        plant=plant.hash,
        time_ns=T0 + number,
        value=np.arange(n) + 100.0 * number,
        status=np.zeros(n, dtype=np.uint32),
        source_time_ns=np.full(n, T0),
        received=np.array([number if dcs_answered else number - 1, number]),
        origin=np.array([Origin.SERVER, Origin.RECEIVE], dtype=np.uint8),
        resolution_ns=np.array([1000, 0]),
    )


async def test_rows_come_in_order_and_then_silence(plant: Plant, clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"time_ns,TI-1,HB,HB.status\n{T0},61.5,1,\n{T0 + 1},,2,{BAD_SENSOR_FAILURE}\n{T0 + 2},inf,3,0\n")
    source = ReplaySource.from_file(plant, "DCS", path)
    await source.open()
    waiting = BAD_WAITING_FOR_INITIAL_DATA
    first, second, third = [await source.read(clock) for _ in range(3)]
    assert first.value[[0, 3]].tolist() == [61.5, 1.0]
    assert first.status.tolist() == [GOOD, waiting, waiting, GOOD]
    assert first.source_time_ns.tolist() == [T0, 0, 0, T0]
    assert second.status.tolist() == [waiting, waiting, waiting, BAD_SENSOR_FAILURE]
    assert np.isnan(second.value).all()
    assert third.status.tolist() == [BAD, waiting, waiting, GOOD]
    assert not (await source.read(clock)).answered
    await source.open()
    assert (await source.read(clock)).value[0] == 61.5


async def test_frames_give_the_part_of_the_source(plant: Plant, clock: Clock) -> None:
    frames = [frame_of(plant, 1, dcs_answered=True), frame_of(plant, 2, dcs_answered=False)]
    source = ReplaySource.from_frames(plant, "DCS", frames)
    first, second = await source.read(clock), await source.read(clock)
    assert first.value.tolist() == (source.points + 100.0).tolist()
    assert (first.answered, second.answered) == (True, False)
    assert (first.origin, first.resolution_ns) == (Origin.SERVER, 1000)


def test_frames_of_another_plant_are_refused(plant: Plant) -> None:
    stranger = frame_of(plant, 1, dcs_answered=True)
    object.__setattr__(stranger, "plant", "other")
    with pytest.raises(SourceError, match="frame 1 belongs to another"):
        ReplaySource.from_frames(plant, "DCS", [stranger])


def test_rows_of_another_width_are_refused(plant: Plant) -> None:
    with pytest.raises(SourceError, match="row 0 has 3 values, source DCS has 4 points"):
        ReplaySource(plant, "DCS", [silence(3)])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("time_ns,TI-1\n1,2,3\n", r"no sample.*line 2: 3 fields under 2 columns"),
        ("time_ns,TI-1\nnoon,2\n", r"line 2: time_ns: .*noon"),
        ("time_ns,TI-1\n99999999999999999999,2\n", r"line 2: "),
        ("time_ns,TI-7\n1,2\n", "TI-7 are no points of plant small"),
        ("TI-1,TI-1\n1,2\n", "twice"),
        ("time,point,value\n2026-01-01 00:00:00,TI-1,3\n", r"line 2: time: .* has no time zone"),
        ("point,value\nTI-1,3\n", "a long table without a time"),
        ("time_ns,PT-1\n1,3\n", "no column is a point of source DCS"),
    ],
)
def test_file_that_is_of_no_use_is_refused_with_the_reason(plant: Plant, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(SourceError, match=says):
        ReplaySource.from_file(plant, "DCS", path)


async def test_bad_rows_are_counted_and_named_with_their_line_and_nothing_is_guessed(
    plant: Plant, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        "time_ns,TI-1,PI-1,PI-1.status\n1,20,1,\n2,warm,2,\n3,22\nnoon,23,4,\n5,24,5,-1\n6,25,6,0x408F0000\n"
    )
    source = ReplaySource.from_file(plant, "DCS", path)
    rows = [await source.read(clock) for _ in range(source.left)]
    assert [row.source_time_ns[0] for row in rows] == [1, 2, 5, 6]
    assert [row.value[:2].tolist() for row in rows[::3]] == [[20.0, 1.0], [25.0, 6.0]]
    assert rows[1].status[:2].tolist() == [BAD, GOOD]
    assert rows[2].status[:2].tolist() == [GOOD, BAD]
    assert rows[3].status[1] == 0x408F0000
    assert (source.report.rows, source.report.bad_rows) == (6, 4)
    assert [(bad.line, bad.wrong.split(":")[0]) for bad in source.report.named] == [
        (3, "TI-1"), (4, "2 fields under 4 columns"), (5, "time_ns"), (6, "PI-1"),
    ]  # fmt: skip


LONG = """Timestamp,TagName,Value,Quality
2026-03-01 08:00:00,FIC.TI1,20.5,Good
2026-03-01 08:00:00,FIC.PI1,101.0,192
2026-03-01T08:00:02.000000001,FIC.TI1,21.5,Uncertain
2026-03-01 08:00:01,FIC.PI1,102.0,24
2026-03-01 08:00:05,FIC.TI1,bad input,Good
2026-03-01 08:00:05,XX.YY,1,Good
2026-03-01T08:00:06+08:00,FIC.PI1,103.0,194
"""
NAMES = {"Timestamp": "time", "TagName": "point", "Value": "value", "Quality": "quality",
         "FIC.TI1": "TI-1", "FIC.PI1": "PI-1"}  # fmt: skip
EIGHT_NS = 1_772_323_200_000_000_000  # 2026-03-01 08:00 in Shanghai, 00:00 UTC


async def test_long_table_is_in_order_of_time_and_values_stand_until_the_next(
    plant: Plant, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "long.csv"
    path.write_text(LONG)
    source = ReplaySource.from_file(plant, "DCS", path, names=NAMES, zone="Asia/Shanghai")
    rows = [await source.read(clock) for _ in range(source.left)]
    shown = [(row.value[0], row.value[1], int(row.status[0]), int(row.status[1])) for row in rows]
    assert np.array_equal(
        np.array(shown),
        np.array([
            (20.5, 101.0, GOOD, GOOD),
            (20.5, np.nan, GOOD, BAD_COMMUNICATION_ERROR),
            (21.5, np.nan, UNCERTAIN, BAD_COMMUNICATION_ERROR),
            (np.nan, np.nan, BAD, BAD_COMMUNICATION_ERROR),
            (np.nan, 103.0, BAD, LIMIT_HIGH),
        ]),
        equal_nan=True,
    )  # fmt: skip
    assert rows[2].source_time_ns[:2].tolist() == [EIGHT_NS + 2_000_000_001, EIGHT_NS + 1_000_000_000]
    assert [(bad.line, bad.wrong[:4]) for bad in source.report.named] == [(6, "TI-1")]
    assert source.report.strangers == {"XX.YY": 1}


@pytest.mark.parametrize("kind", ["long", "wide"])
async def test_parquet_gives_the_same_as_csv(plant: Plant, clock: Clock, tmp_path: Path, kind: str) -> None:
    times = [EIGHT_NS + i * 1_000_000_001 for i in range(3)]
    if kind == "long":
        table = {"time": times, "point": ["TI-1", "PI-1", "TI-1"], "value": [1.5, 2.5, None], "status": [0, 1 << 30, 0]}
        lines = [f"{t},{p},{'' if v is None else v},{s}" for t, p, v, s in zip(*table.values(), strict=True)]
        text = "\n".join(["time_ns,point,value,status", *lines])
    else:
        table = {"time": times, "TI-1": [1.5, None, 3.5], "HB": [1, 2, 3]}
        text = "\n".join(["time_ns,TI-1,HB", *(f"{t},{v or ''},{h}" for t, v, h in zip(*table.values(), strict=True))])
    (tmp_path / "rows.csv").write_text(text)
    for i, time_type in enumerate([pyarrow.timestamp("ns", tz="UTC"), pyarrow.timestamp("ns")]):
        arrays = {name: pyarrow.array(cells) for name, cells in table.items()}
        arrays["time"] = arrays["time"].cast(time_type)
        pyarrow.parquet.write_table(pyarrow.table(arrays), tmp_path / f"{i}.parquet")
        theirs = ReplaySource.from_file(plant, "DCS", tmp_path / f"{i}.parquet", zone="UTC")
        ours = ReplaySource.from_file(plant, "DCS", tmp_path / "rows.csv")
        assert theirs.left == ours.left == 3
        for _ in range(3):
            a, b = await theirs.read(clock), await ours.read(clock)
            assert np.array_equal(a.value, b.value, equal_nan=True)
            assert a.status.tolist() == b.status.tolist()
            assert a.source_time_ns.tolist() == b.source_time_ns.tolist()


def test_parquet_that_is_none_is_named(plant: Plant, tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_text("time_ns,TI-1\n1,2\n")
    with pytest.raises(SourceError, match=r"rows\.parquet: cannot be read"):
        ReplaySource.from_file(plant, "DCS", tmp_path / "rows.parquet")


class StepClock:
    """A clock that stands where it is put."""

    def __init__(self, at_ns: int) -> None:
        self.at_ns = at_ns

    def now_ns(self) -> int:
        return self.at_ns


async def test_pace_of_the_file_gives_the_row_that_the_clock_has_reached(plant: Plant, tmp_path: Path) -> None:
    second = 1_000_000_000
    path = tmp_path / "rows.csv"
    path.write_text("time_ns,TI-1\n" + "".join(f"{T0 + at * second},{at}\n" for at in (0, 1, 2, 3, 20, 21)))
    source = ReplaySource.from_file(plant, "DCS", path, pace="times")
    await source.open()
    clock = StepClock(5 * T0)
    seen = {}
    for at in (0, 0.5, 1, 2.9, 3, 5.9, 6.5, 19, 20, 24.5):
        clock.at_ns = 5 * T0 + round(at * second)
        columns = await source.read(clock)
        seen[at] = columns.value[0] if columns.answered else None
    assert seen == {0: 0, 0.5: 0, 1: 1, 2.9: 2, 3: 3, 5.9: 3, 6.5: None, 19: None, 20: 20, 24.5: None}
    clock.at_ns = 5 * T0 + 3 * second
    assert (await source.read(clock)).source_time_ns[0] == 5 * T0 + 3 * second
    assert source.left == 0


def test_pace_of_a_file_without_times_is_refused(plant: Plant, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("TI-1\n1\n2\n")
    assert ReplaySource.from_file(plant, "DCS", tmp_path / "rows.csv").left == 2
    with pytest.raises(SourceError, match="it has none"):
        ReplaySource.from_file(plant, "DCS", tmp_path / "rows.csv", pace="times")


def test_hour_that_happens_twice_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="not one instant in Europe/Berlin"):
        instant("2026-10-25 02:30:00", ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize("cell", ["fine", "256", "-1", 3.5, "0xA0"])
def test_quality_that_says_nothing_is_refused(cell: object) -> None:
    with pytest.raises(ValueError, match="no quality"):
        quality(cell)


@functools.cache
def load_plant_text() -> Plant:
    return load_plant(ROOT / "simulation" / "plants" / "demo.yaml")


cell = st.text(max_size=12) | st.sampled_from(["", "1", "nan", "inf", "1e999", "0x408F0000", "192", "2026-01-01T00Z"])


@given(st.lists(st.lists(cell, max_size=5), max_size=8))
def test_no_file_makes_it_fall_or_gives_a_value_that_was_not_written(rows: list[list[str]]) -> None:
    plant = load_plant_text()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
            csv.writer(file).writerows([["time", "TI-101", "TI-102", "TI-102.quality"], *rows])
        try:
            source = ReplaySource.from_file(plant, "DCS", path, zone="UTC")
        except SourceError:
            return
    written = set()
    for text in itertools.chain.from_iterable(rows):
        with contextlib.suppress(ValueError):
            written.add(float(text))
    for columns in source._columns:
        good = ~is_bad(columns.status)
        assert set(columns.value[good].tolist()) <= written


def test_file_that_is_not_there_is_named(plant: Plant, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv: cannot be read"):
        ReplaySource.from_file(plant, "DCS", tmp_path / "none.csv")
