"""Samples as tables for others: they come back without a difference, over every border, and never half written."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
from openpyxl import load_workbook
from stored_samples import SECOND_NS, compact, frames_of, record

from connectors.replay.decode import read_csv, read_parquet
from plantsafe.errors import RequestError, StoreError
from plantsafe.frame import Frame
from plantsafe.history import export as export_module
from plantsafe.history.export import Wanted, export
from plantsafe.history.gaps import unexplained
from plantsafe.history.reader import HistoryReader, Hole
from plantsafe.history.stats import stats_of
from plantsafe.plant.tables import Plant

START_NS = 1_790_000_000_000_000_000
ZONE = "Asia/Shanghai"
POINTS = ("T", "P")


@pytest.fixture(scope="module")
def plant(small_plant_of: Callable[..., Plant]) -> Plant:
    return small_plant_of()


def written(folder: Path, plant: Plant, numbers: Sequence[int], *, back_s: int = 0) -> list[Frame]:
    """All but the newest are compacted. After scan 200 the clock is put back by `back_s`."""

    def at_ns(number: int) -> int:
        return START_NS + (number - (back_s if number > 200 else 0)) * SECOND_NS

    made = frames_of(plant, numbers, at_ns)
    record(folder, plant, made)
    compact(folder)
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def frames(folder: Path, plant: Plant) -> list[Frame]:
    return written(folder, plant, range(1, 700))


@pytest.fixture
def history(folder: Path, frames: list[Frame]) -> Iterator[HistoryReader]:
    with HistoryReader(folder) as reader:
        yield reader


def asked(first: int = 50, last: int = 690, *, long: bool = False) -> Wanted:
    from_ns, to_ns = START_NS + first * SECOND_NS, START_NS + (last + 1) * SECOND_NS
    return Wanted(points=POINTS, from_ns=from_ns, to_ns=to_ns, zone=ZONE, long=long)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_an_export_replayed_is_what_was_recorded(
    history: HistoryReader, frames: list[Frame], plant: Plant, tmp_path: Path, ending: str, long: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(export_module, "_SAMPLES", 300)  # many row groups
    out = tmp_path / f"out{ending}"
    assert export(history, asked(long=long), out) == 641
    inside = [frame for frame in frames if 50 <= frame.number <= 690]
    for source, name in (("DCS", "T"), ("SIS", "P")):
        read = read_csv if ending == ".csv" else read_parquet
        recording, report = read(plant, source, out, names={}, zone=None)
        assert report.bad_rows == 0
        column = plant.sources.points[plant.sources.row[source]].tolist().index(plant.points.row[name])
        assert recording.times_ns.tolist() == [frame.time_ns for frame in inside]
        row = plant.points.row[name]
        back = [(columns.value[column], columns.status[column]) for columns in recording[:]]
        assert np.array_equal([value for value, _ in back], [f.value[row] for f in inside], equal_nan=True)
        assert [int(status) for _, status in back] == [int(f.status[row]) for f in inside]


def test_local_time_is_the_clock_of_the_site(history: HistoryReader, frames: list[Frame], tmp_path: Path) -> None:
    export(history, asked(), tmp_path / "out.csv")
    export(history, asked(), tmp_path / "out.parquet")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    at = datetime.fromtimestamp(frames[49].time_ns // SECOND_NS, UTC)
    assert row["time"].startswith(at.strftime("%Y-%m-%dT%H:%M:%S."))
    assert row["local_time"].startswith((at + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S."))
    assert row["local_time"].endswith("+08:00")
    assert parquet.read_schema(tmp_path / "out.parquet").field("local_time").type.tz == ZONE


def test_a_zone_that_changes_its_clock_in_between(tmp_path: Path, plant: Plant) -> None:
    change_ns = int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()) * SECOND_NS
    ahead = export_module._offset_s(np.array([change_ns - 1, change_ns]), export_module.ZoneInfo("Europe/Berlin"))
    assert ahead.tolist() == [7200, 3600]


def test_excel_holds_the_same_rows(history: HistoryReader, frames: list[Frame], plant: Plant, tmp_path: Path) -> None:
    assert export(history, asked(last=120), tmp_path / "out.xlsx") == 71
    rows = list(load_workbook(tmp_path / "out.xlsx")["samples"].iter_rows(values_only=True))
    assert rows[0] == ("time (UTC)", f"local_time ({ZONE})", "scan", "T", "T.status", "P", "P.status")
    t, p = (plant.points.row[name] for name in POINTS)
    for row, frame in zip(rows[1:], frames[49:120], strict=True):
        assert row[1] - row[0] == timedelta(hours=8)
        assert (row[2], row[4], row[6]) == (frame.number, int(frame.status[t]), int(frame.status[p]))
        for cell, point in ((row[3], t), (row[5], p)):
            value = frame.value[point]
            assert cell == (None if np.isnan(value) else pytest.approx(value, rel=1e-14))  # 15 digits are Excel's


def test_more_rows_than_excel_holds_are_refused_with_what_would_do(
    history: HistoryReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "EXCEL_ROWS", 1000)
    with pytest.raises(RequestError, match=r"1282 rows do not fit(?s:.*)without --long"):
        export(history, asked(long=True), tmp_path / "out.xlsx")
    assert export(history, asked(), tmp_path / "out.xlsx") == 641


def test_what_fails_leaves_nothing_behind(history: HistoryReader, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"end the name in \.csv"):
        export(history, asked(), tmp_path / "out.doc")
    with pytest.raises(StoreError, match="cannot be written"):
        export(history, asked(), tmp_path / "nowhere" / "out.csv")
    with pytest.raises(KeyError):
        export(history, Wanted(points=POINTS, from_ns=0, to_ns=2**62, zone="No/Where"), tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_figures_of_a_point_are_those_of_its_frames(history: HistoryReader, frames: list[Frame], plant: Plant) -> None:
    wanted = asked(100, 650)
    found = stats_of(history, POINTS, wanted.from_ns, wanted.to_ns)
    inside = np.array([frame.value[plant.points.row["P"]] for frame in frames[99:650]])
    point = found.points[1]
    assert (found.scans, point.count) == (551, np.count_nonzero(~np.isnan(inside)))
    assert (point.low, point.high) == (np.nanmin(inside), np.nanmax(inside))
    assert point.mean == pytest.approx(np.nanmean(inside))
    assert point.good_percent == pytest.approx(100 * np.mean(~np.isnan(inside)))
    assert 0 < point.stored_bytes < 660 * 12
    assert [file.name[-3:] for file in found.files] == [".db"] * len(found.files)


def test_a_scan_that_nobody_names_is_found(tmp_path: Path, plant: Plant) -> None:
    numbers = [n for n in range(1, 400) if n not in (30, 100, 101, 390)]
    written(tmp_path, plant, numbers)
    named = [Hole(first=30, last=30, reason="lost"), Hole(first=95, last=100, reason="stopped")]
    with HistoryReader(tmp_path) as history:
        found = unexplained(history, named)
    assert [(hole.first, hole.last) for hole in found] == [(101, 101), (390, 390)]


def test_windows_of_a_span_hold_its_scans_though_the_clock_was_put_back(tmp_path: Path, plant: Plant) -> None:
    made = written(tmp_path, plant, range(1, 400), back_s=150)
    from_ns, to_ns = START_NS + 100 * SECOND_NS, START_NS + 150 * SECOND_NS
    with HistoryReader(tmp_path) as history:
        numbers = [int(n) for window in history.windows(("T",), from_ns, to_ns) for n in window.number]
    assert numbers == [f.number for f in made if from_ns <= f.time_ns < to_ns]
    assert len(numbers) > 90
