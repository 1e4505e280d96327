"""`plantsafe backtest`: normal runs and a run to judge in, one row a sample and a summary out; bad input is said."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from plantsafe.cli import app
from plantsafe.errors import PlantsafeError, RequestError, SourceError, StoreError

F8 = NDArray[np.float64]
NAMES = ("TI-1", "PI-1", "FI-1", "ZI-1")
MEAN = np.array([60.0, 5.0, 120.0, 40.0])
SPREAD = np.array([0.5, 0.02, 1.0, 0.8])
START, FAULT = "2026-03-01T00:00:{:02d}", slice(200, 300)


def plant(rows: int, seed: int) -> F8:
    """Four coupled points: a slow wander that all share, noise of their own, the valve follows the temperature."""
    dice = np.random.default_rng(seed)
    wander, level = np.zeros(rows), 0.0
    for i in range(rows):
        level = 0.95 * level + 0.3 * dice.normal()
        wander[i] = level
    own = dice.normal(size=(rows, 4))
    z = 0.7 * wander[:, None] * np.array([1.0, 0.5, -0.5, 1.0]) + 0.5 * own
    return MEAN + SPREAD * z


def write(path: Path, values: F8, names: Sequence[str] = NAMES, every_s: float | None = 1.0) -> Path:
    head = [*(["time"] if every_s else []), *names]
    rows = [",".join([*([f"{i * every_s:g}"] if every_s else []), *map(cell, row)]) for i, row in enumerate(values)]
    path.write_text("\n".join([",".join(head), *rows]) + "\n", encoding="utf-8")
    return path


def cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.9g}"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["backtest", *map(str, words)])


def done(folder: Path, train: Path | list[Path], test: Path, *more: str) -> tuple[list[dict[str, str]], str]:
    trains = [word for path in ([train] if isinstance(train, Path) else train) for word in ("--train", path)]
    result = run(*trains, "--test", test, "--out", folder / "flags.csv", *more)
    assert result.exception is None, result.exception
    with (folder / "flags.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file)), result.output


def refused(folder: Path, train: Path, test: Path, *more: str) -> PlantsafeError:
    result = run("--train", train, "--test", test, "--out", folder / "flags.csv", *more)
    assert isinstance(result.exception, PlantsafeError), result.exception
    assert not (folder / "flags.csv").exists()
    return result.exception


@pytest.fixture
def normal(tmp_path: Path) -> Path:
    return write(tmp_path / "normal.csv", plant(600, seed=1))


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """The flow sticks in rows 201 to 300, then all is well again; the label says so."""
    values = np.column_stack([plant(400, seed=2), np.zeros(400)])
    values[FAULT, 2] = values[FAULT.start, 2]
    values[FAULT, 4] = 1.0
    return write(tmp_path / "run.csv", values, (*NAMES, "label"))


def test_a_stuck_flow_is_flagged_named_and_measured_against_the_label(
    tmp_path: Path, normal: Path, faulty: Path
) -> None:
    rows, text = done(tmp_path, normal, faulty, "--label", "label")
    flag = np.array([int(row["flag"]) for row in rows])
    assert list(rows[0]) == ["flag", "statistic", "limit", "top"]
    assert len(rows) == 400
    assert flag[:200].mean() <= 0.02
    assert flag[240:300].mean() >= 0.95
    assert all(row["top"].split(";")[0] == "FI-1" for row in rows[240:300])
    assert all((float(row["statistic"]) > float(row["limit"])) == (row["flag"] == "1") for row in rows[3:])
    assert "labelled rows 100: found" in text
    assert "rows 201 to 300: announced after" in text
    assert "taken as labels" not in text


def test_runs_are_learnt_apart_and_parquet_gives_the_same_flags_as_csv(tmp_path: Path, faulty: Path) -> None:
    trains = [write(tmp_path / f"n{i}.csv", plant(300, seed=10 + i)) for i in range(2)]
    by_csv, text = done(tmp_path, trains, faulty)
    assert "trained on 594 rows" in text  # the first three rows of each run have no past
    table = {
        "time": np.arange(400.0),
        **dict(zip(NAMES, np.loadtxt(faulty, delimiter=",", skiprows=1).T[1:5], strict=True)),
    }
    pyarrow.parquet.write_table(pyarrow.table(table), tmp_path / "run.parquet")
    assert done(tmp_path, trains, tmp_path / "run.parquet")[0] == by_csv


def test_points_that_are_asked_for_are_the_only_ones(tmp_path: Path, normal: Path, faulty: Path) -> None:
    rows, text = done(tmp_path, normal, faulty, "--points", "TI-1,PI-1")
    assert "of 2 points" in text
    assert not any("FI-1" in row["top"] for row in rows)
    assert "PI-9" in str(refused_name(tmp_path, normal, faulty))


def refused_name(folder: Path, normal: Path, faulty: Path) -> PlantsafeError:
    (folder / "flags.csv").unlink()
    return refused(folder, normal, faulty, "--points", "TI-1,PI-9")


def test_three_rows_of_training_are_refused_with_the_number_that_is_needed(tmp_path: Path, faulty: Path) -> None:
    error = refused(tmp_path, write(tmp_path / "short.csv", plant(3, seed=1)), faulty)
    assert "3 rows of training" in str(error)
    assert "at least 90" in str(error)


def test_few_rows_are_used_and_what_they_cannot_show_is_said(tmp_path: Path, faulty: Path) -> None:
    _, text = done(tmp_path, write(tmp_path / "short.csv", plant(100, seed=1)), faulty)
    assert "cannot confirm a false-alarm rate of 0.50%" in text


def test_a_constant_column_is_named_and_its_first_change_is_seen(tmp_path: Path) -> None:
    normal, test = plant(600, seed=1), plant(300, seed=2)
    normal[:, 3] = test[:, 3] = 40.0
    test[200:, 3] = 41.0
    rows, text = done(tmp_path, write(tmp_path / "n.csv", normal), write(tmp_path / "t.csv", test))
    flag = np.array([int(row["flag"]) for row in rows])
    assert "constant in the training, judged by any change of more than 0.1%: ZI-1" in text
    assert flag[:200].mean() <= 0.02
    assert flag[200]
    assert rows[200]["top"].startswith("ZI-1")


def test_missing_values_are_imputed_and_rows_with_too_few_are_said_not_called_normal(
    tmp_path: Path, normal: Path
) -> None:
    whole = plant(400, seed=2)
    holes = whole.copy()
    holes[np.random.default_rng(3).random(holes.shape) < 0.05] = np.nan
    holes[100:110] = np.nan
    rows, text = done(tmp_path, normal, write(tmp_path / "holes.csv", holes))
    assert all(np.isfinite(float(row["statistic"])) for row in rows)
    assert {row["top"] for row in rows[100:110]} == {"not judged"}
    assert "rows could not be judged" in text
    assert np.mean([row["flag"] == "1" for row in rows]) <= 0.02


def test_a_missing_point_does_not_hide_a_fault_of_another(tmp_path: Path, normal: Path, faulty: Path) -> None:
    values = np.loadtxt(faulty, delimiter=",", skiprows=1)[:, 1:5]
    values[150:, 1] = np.nan
    rows, _ = done(tmp_path, normal, write(tmp_path / "lost.csv", values))
    assert np.mean([row["flag"] == "1" for row in rows[245:300]]) >= 0.95


def test_holes_in_the_training_are_bridged_and_a_point_that_is_mostly_missing_is_left_out(
    tmp_path: Path, faulty: Path
) -> None:
    values = plant(600, seed=1)
    values[np.random.default_rng(4).random(600) < 0.03, 0] = np.nan
    values[100:, 3] = np.nan
    _, text = done(tmp_path, write(tmp_path / "n.csv", values), faulty)
    assert "missing cells of the training were bridged" in text
    assert "missing in more than half of the training, left out: ZI-1" in text


def test_gaps_begin_anew_and_duplicates_are_counted(tmp_path: Path, normal: Path) -> None:
    values = plant(300, seed=2)
    at = np.arange(300.0)
    at[150:] += 3600.0
    at[50] = at[49]
    rows = [",".join([f"{t:g}", *map(cell, row)]) for t, row in zip(at, values, strict=True)]
    path = tmp_path / "gaps.csv"
    path.write_text("\n".join([",".join(["time", *NAMES]), *rows]) + "\n", encoding="utf-8")
    found, text = done(tmp_path, normal, path)
    assert "1 gaps; the forecast begins anew" in text
    assert "1 rows repeat a time; not judged" in text
    assert [i for i, row in enumerate(found) if row["top"] == "not judged"] == [0, 1, 2, 50, 150, 151, 152]


def test_another_unit_is_named_and_a_real_departure_is_not_taken_for_one(tmp_path: Path, normal: Path) -> None:
    values = plant(300, seed=2)
    fahrenheit = values.copy()
    fahrenheit[:, 0] = values[:, 0] * 1.8 + 32.0
    error = refused(tmp_path, normal, write(tmp_path / "f.csv", fahrenheit))
    assert "TI-1 lies around 140" in str(error)
    assert "it looks like °F for °C" in str(error)
    away = values.copy()
    away[:, 0] += 55.0
    rows, _ = done(tmp_path, normal, write(tmp_path / "away.csv", away))
    assert all(row["flag"] == "1" for row in rows[3:6])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time,TI-1,TI-1\n1,2,3\n", "twice"),
        ("time,TI-1\n", "no rows"),
        ("time,TI-1\n5,1\n4,1\n", "goes back in time"),
        ("time,TI-1\nyesterday,1\n", "yesterday"),
        ("time,TI-1\n1,warm\n", "no column of numbers"),
        ("", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_message(tmp_path: Path, normal: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    error = refused(tmp_path, normal, path)
    assert isinstance(error, SourceError)
    assert says in str(error)


def test_another_interval_another_header_and_a_missing_file_are_refused(tmp_path: Path, normal: Path) -> None:
    slow = write(tmp_path / "slow.csv", plant(100, seed=2), every_s=60.0)
    assert "every 60 s" in str(refused(tmp_path, normal, slow))
    other = write(tmp_path / "other.csv", plant(100, seed=2), ("A", "B", "C", "D"))
    assert "does not have TI-1" in str(refused(tmp_path, normal, other))
    assert "is not there" in str(refused(tmp_path, normal, tmp_path / "none.csv"))
    assert isinstance(refused(tmp_path, normal, normal, "--false-alarms", "2"), RequestError)
    assert "no column 'x'" in str(refused(tmp_path, normal, normal, "--label", "x"))
    result = run("--train", normal, "--test", normal, "--out", tmp_path / "no" / "flags.csv")
    assert isinstance(result.exception, StoreError)


def test_text_cells_are_missing_and_semicolons_with_decimal_commas_are_read(tmp_path: Path, normal: Path) -> None:
    values = plant(100, seed=2)
    rows = [";".join([f"{i}", *(cell(v).replace(".", ",") for v in row)]) for i, row in enumerate(values)]
    rows[40] = "40;Bad;" + rows[40].split(";", 2)[2]
    path = tmp_path / "german.csv"
    path.write_text("\n".join([";".join(["time", *NAMES]), *rows]) + "\n", encoding="utf-8")
    found, text = done(tmp_path, normal, path)
    assert "TI-1: 1 cells are no numbers; taken as missing" in text
    assert sum(row["flag"] == "1" for row in found) <= 3


def test_the_tennessee_eastman_normal_run_stays_quiet_and_a_cooling_fault_is_named(
    tmp_path: Path, shared: Path
) -> None:
    """Trained on d00 alone; benchmarks/detection.py has the whole table."""
    names = [*(f"XMEAS{i}" for i in range(1, 42)), *(f"XMV{i}" for i in range(1, 12))]
    folder = shared / "data" / "tep"
    paths = {
        name: write(tmp_path / f"{name}.csv", np.loadtxt(folder / f"{name}.dat.gz", ndmin=2), names, None)
        if name != "d00"
        else write(tmp_path / "d00.csv", np.loadtxt(folder / "d00.dat.gz").T, names, None)
        for name in ("d00", "d00_te", "d04_te")
    }
    quiet, _ = done(tmp_path, paths["d00"], paths["d00_te"])
    assert np.mean([row["flag"] == "1" for row in quiet]) <= 0.01
    found, _ = done(tmp_path, paths["d00"], paths["d04_te"])
    assert np.mean([row["flag"] == "1" for row in found[160:]]) >= 0.99
    assert "XMV10" in found[170]["top"].split(";")
