"""A plant's own past through the scan service: from an export to alarms in the journal, without a connection."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from conftest_cli import command
from typer.testing import CliRunner, Result

from plantsafe.cli import app
from plantsafe.errors import PlantFileError, PlantsafeError, RequestError, StoreError
from plantsafe.frame import is_bad, is_good
from plantsafe.plant import load_plant
from plantsafe.plant.load import check_plant
from plantsafe.store.record import RecordReader

BEGIN = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
N = 90
PLANT = """
schema: 1
author: test
site: {name: past, title: {en: Past, zh: 过去}}
workshops: [{name: W1, title: {en: W, zh: W}, head_count_max: 9}]
units: [{name: R1, title: {en: R, zh: R}, workshop: W1, process: utility}]
sources:
  - {name: DCS, title: {en: D, zh: D}, %s, heartbeat: HB, consequence: {en: c, zh: c}, action: {en: a, zh: a}}
points:
  - {name: TI-1, title: {en: T, zh: T}, unit: R1, source: DCS, eu: "°C", range: [0, 200]%s}
  - {name: HB, title: {en: H, zh: H}, unit: R1, source: DCS, kind: count, range: [0, 65535]%s}
alarms:
  - {name: TI-1.H, point: TI-1, direction: H, limit: 80, deadband: 2, priority: 2, class: process, respond_min: 10,
     consequence: {en: c, zh: c}, action: {en: a, zh: a}}
"""


def temperature(i: int) -> float:
    """Over the limit from the 41st row to the 60th."""
    return 90.0 if 40 <= i < 60 else 60.0


def plant_file(folder: Path, source: str, *addresses: str) -> Path:
    path = folder / "plant.yaml"
    path.write_text(PLANT % (source, *(addresses or ("", ""))), encoding="utf-8")
    return path


def wide(path: Path) -> None:
    rows = [f"{(BEGIN + timedelta(seconds=i)).isoformat()},{temperature(i)},{i}" for i in range(N)]
    rows[20] = f"{(BEGIN + timedelta(seconds=20)).isoformat()},broken,20"
    path.write_text("\n".join(["time,TI-1,HB", *rows]) + "\n", encoding="utf-8")


def long(path: Path) -> None:
    local = BEGIN.replace(tzinfo=None) + timedelta(hours=8)
    rows = [f"{(local + timedelta(seconds=i)).isoformat(sep=' ')},T_1,{temperature(i)},192" for i in range(N)]
    path.write_text("\n".join(["ts,tag,value,quality", *rows]) + "\n", encoding="utf-8")


def parquet(path: Path) -> None:
    times = [BEGIN + timedelta(seconds=i) for i in range(N)]
    table = {"time": times, "TI-1": [temperature(i) for i in range(N)], "HB": list(range(N))}
    pyarrow.parquet.write_table(pyarrow.table(table), path)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def story(data: Path) -> list[tuple[str, int]]:
    with RecordReader(data) as reader:
        kinds = ("alarm_raised", "alarm_cleared", "scans_lost")
        return [(event.kind, event.scan) for event in reader.events(kinds=kinds) if event.subject == "TI-1.H"]


def frames(data: Path) -> list[Any]:
    with RecordReader(data) as reader:
        return list(reader.frames(reader.first_number(), reader.last_number()))


def test_wide_export_in_the_place_of_a_control_system(tmp_path: Path) -> None:
    wide(tmp_path / "export.csv")
    node = ", opcua: {node: s=%s, namespace: 'urn:x'}"
    plant = plant_file(
        tmp_path, "protocol: opcua, endpoint: 'opc.tcp://127.0.0.1:1'", node % "TI-1", node % "HB"
    )  # fmt: skip
    result = run("replay", str(plant), "--data", str(tmp_path / "data"), "--file", f"DCS={tmp_path / 'export.csv'}")
    assert result.exit_code == 0, result.exception
    assert "DCS: 90 rows, 1 bad" in result.output
    assert f"{tmp_path / 'export.csv'}:22: TI-1: could not convert string to float: 'broken'" in result.output
    assert "scans: 90 done (numbers 1 to 90), 0 lost" in result.output
    assert story(tmp_path / "data") == [("alarm_raised", 41), ("alarm_cleared", 61)]
    scans = frames(tmp_path / "data")
    assert [frame.time_ns for frame in scans] == [
        int(BEGIN.timestamp()) * 10**9 + i * 10**9 for i in range(N)
    ]  # fmt: skip
    assert [i for i, frame in enumerate(scans) if is_bad(frame.status[:1]).any()] == [20]
    assert load_plant(plant).hash == scans[0].plant
    replayed = run("history", "replay", "--data", str(tmp_path / "data"))
    assert "all as recorded" in replayed.output
    again = run("replay", str(plant), "--data", str(tmp_path / "data"), "--file", f"DCS={tmp_path / 'export.csv'}")
    assert isinstance(again.exception, StoreError)


def test_long_export_that_a_plant_file_names(tmp_path: Path) -> None:
    long(tmp_path / "long.csv")
    recorded = "{files: [long.csv], time_column: ts, time_zone: Asia/Shanghai, names: {T_1: TI-1}, speed: fast}"
    plant = plant_file(tmp_path, f"protocol: replay, recorded: {recorded}")
    check_plant(plant)
    done = command("run", "--plant", str(plant), "--data", str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    assert '{"health": "http://127.0.0.1:' in done.stdout
    assert "no file holds its heartbeat" in done.stdout
    assert story(tmp_path / "data") == [("alarm_raised", 41), ("alarm_cleared", 61)]
    assert all(is_good(frame.status).all() for frame in frames(tmp_path / "data"))


def test_parquet_gives_the_record_of_the_csv(tmp_path: Path) -> None:
    parquet(tmp_path / "export.parquet")
    wide(tmp_path / "export.csv")
    plant = plant_file(tmp_path, "protocol: replay, recorded: {files: [nowhere.csv]}")
    for name in ("export.parquet", "export.csv"):
        result = run("replay", str(plant), "--data", str(tmp_path / name[7:]), "--file", f"DCS={tmp_path / name}")
        assert result.exit_code == 0, result.exception
    assert story(tmp_path / "parquet") == story(tmp_path / "csv")
    pairs = zip(frames(tmp_path / "parquet"), frames(tmp_path / "csv"), strict=True)
    assert [i for i, (a, b) in enumerate(pairs) if not np.array_equal(a.value, b.value)] == [20]


def test_files_of_one_source_follow_each_other(tmp_path: Path) -> None:
    wide(tmp_path / "all.csv")
    head, *rows = (tmp_path / "all.csv").read_text().splitlines()
    for name, part in (("a.csv", rows[:50]), ("b.csv", rows[50:])):
        (tmp_path / name).write_text("\n".join([head, *part]))
    plant = plant_file(tmp_path, "protocol: replay, recorded: {files: [a.csv, b.csv], speed: fast}")
    result = run("run", "--plant", str(plant), "--data", str(tmp_path / "data"))
    assert result.exit_code == 0, result.exception
    assert story(tmp_path / "data") == [("alarm_raised", 41), ("alarm_cleared", 61)]


def test_in_step_with_a_clock_it_takes_as_long_as_the_speed_says(tmp_path: Path) -> None:
    wide(tmp_path / "export.csv")
    plant = plant_file(tmp_path, "protocol: replay, recorded: {files: [export.csv]}")
    result = run("replay", str(plant), "--data", str(tmp_path / "data"), "--speed", "40")
    assert result.exit_code == 0, result.exception
    assert [kind for kind, _ in story(tmp_path / "data")] == ["alarm_raised", "alarm_cleared"]
    last = frames(tmp_path / "data")[-1]
    assert last.time_ns >= int(BEGIN.timestamp() + N - 1) * 10**9
    assert last.number < N + 40  # it stops within a second of the end


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--file", "PLC=x.csv"], "no source 'PLC'"),
        (["--file", "x.csv"], "is not NAME=VALUE"),
        (["--file", "DCS=nowhere.csv"], "cannot be read"),
        (["--speed", "0"], "--speed"),
        (["--file", "DCS=export.csv", "--zone", "Mars"], "no time zone 'Mars'"),
    ],
)
def test_what_cannot_be_replayed_is_one_clear_message(
    tmp_path: Path, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wide(tmp_path / "export.csv")
    plant = plant_file(tmp_path, "protocol: replay, recorded: {files: [export.csv]}")
    result = run("replay", str(plant), "--data", str(tmp_path / "data"), *words)
    assert isinstance(result.exception, PlantsafeError | RequestError)
    assert says in str(result.exception)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("protocol: replay", "a replay of no files"),
        ("protocol: replay, endpoint: 'tcp://h:1', recorded: {files: [a.csv]}", "has no endpoint"),
        ("protocol: modbus, endpoint: 'tcp://h:1', recorded: {files: [a.csv]}", "the source speaks modbus"),
        ("protocol: opcua, endpoint: 'opc.tcp://h:1'", "one address"),
    ],
)
def test_source_that_is_half_a_replay_is_a_mistake(tmp_path: Path, source: str, says: str) -> None:
    with pytest.raises(PlantFileError, match=says):
        check_plant(plant_file(tmp_path, source))
