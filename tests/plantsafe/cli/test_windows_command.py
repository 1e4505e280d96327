"""`plantsafe windows` over a record of the small plant: T is to stay below 70 while dosing (phase 1)."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.store.record import RecordWriter

TEXT = {"en": "text", "zh": "文字"}


@pytest.fixture(scope="module")
def record(make_trace: Callable[..., Any], small_document: dict[str, Any], tmp_path_factory: Any) -> Path:
    """A dosing with one excursion of 80 s, 10 scans of it bad, and a reaction in which a second one goes on."""
    unit, point = dict(small_document["units"][0]), dict(small_document["points"][1])
    point |= {"name": "PHASE", "kind": "state", "range": [0, 3], "states": dict.fromkeys(range(3), TEXT)}
    window = [{"point": "T", "high": 70}]
    unit |= {"phase_point": "PHASE", "phases": [
        {"code": 0, "name": "idle", "title": TEXT}, {"code": 1, "name": "dose", "title": TEXT, "windows": window},
        {"code": 2, "name": "react", "title": TEXT, "windows": window},
    ]}  # fmt: skip
    point["opcua"] = {"node": "s=PHASE"}
    trace = make_trace(units=[unit], points=[*small_document["points"], point])
    folder = tmp_path_factory.mktemp("windows")
    writer, seq, head = RecordWriter(folder), 0, GENESIS
    writer.add_plant(trace.engine.plant.hash, trace.engine.plant.document())
    story: list[tuple[int, dict[str, float], dict[str, int]]] = [
        (5, {"PHASE": 0.0}, {}), (20, {"PHASE": 1.0}, {}), (40, {"T": 75.0}, {}), (10, {}, {"T": 0x40000000}),
        (30, {"T": 77.5}, {}), (100, {"T": 60.0}, {}), (30, {"PHASE": 2.0, "T": 71.0}, {}),
    ]  # fmt: skip
    for scans, values, status in story:
        for _ in range(scans):
            trace.scan(status=status, **(values if not status else {"T": 69.0}))
            last = trace.last
            rows = chained(last.facts, scan=trace.number, time_ns=last.frame.time_ns, seq=seq, previous=head)
            writer.write_scan(last.frame, rows, (), last.live, None)
            if rows:
                seq, head = rows[-1].seq, rows[-1].hash
    writer.close()
    return folder


def run(*words: str | Path) -> Any:
    result = CliRunner().invoke(app, ["windows", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output


def test_lists_excursions_and_what_the_phases_came_to(record: Path) -> None:
    lines = run("--data", record).splitlines()
    assert "dose" in lines[1]
    assert "77.5" in lines[1]
    assert "1.2 min" in lines[1]  # 70 s outside
    assert "0.2 min" in lines[1]  # 10 s not judged
    assert "react" in lines[2]
    assert "still outside" in lines[2]
    assert lines[3] == "2 excursions"
    assert "batch from unseen beginning, dose, T: 1.2 min outside, 0.2 min not judged" in lines[4]


def test_writes_json_and_csv(record: Path, tmp_path: Path) -> None:
    assert run("--data", record, "--out", tmp_path / "w.json").startswith("2 excursions in ")
    told = json.loads((tmp_path / "w.json").read_text(encoding="utf-8"))
    first, second = told["excursions"]
    assert (first["outside_s"], first["not_judged_s"], first["worst"], first["high"]) == (70.0, 10.0, 77.5, 70.0)
    assert (second["phase"], second["ended_ns"], second["outside_s"]) == ("react", None, None)
    assert [(one["phase"], one["point"], one["outside_s"]) for one in told["accounts"]] == [("dose", "T", 70.0)]
    run("--data", record, "--out", tmp_path / "w.csv")
    with (tmp_path / "w.csv").open(encoding="utf-8-sig") as file:
        assert [row["worst"] for row in csv.DictReader(file)] == ["77.5", "71.0"]


def test_a_period_without_excursions_says_so(record: Path) -> None:
    assert "0 excursions" in run("--data", record, "--from", "2020-01-01T00:00", "--to", "2020-01-02T00:00")


def test_another_form_of_file_is_refused(record: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["windows", "--data", str(record), "--out", str(tmp_path / "w.txt")])
    assert result.exit_code == 1
    assert "neither .csv nor .json" in str(result.exception)
