"""`plantsafe sif` over a record: what it lists, shows and writes."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.plant import plant_of_document
from plantsafe.protection.period import Line
from plantsafe.request import Request, RequestKind, Role
from plantsafe.scan.engine import Engine
from plantsafe.scan.restart import resume
from plantsafe.store.record import RecordReader, RecordWriter, Taken
from plantsafe.verdict import Fact

BEGIN_NS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
DEVICE = {
    "lambda_du_per_h": 2e-7, "proof_test_interval_h": 8760, "installed": "2025-01-01", "last_test": "2025-07-01",
    "trip_coverage": 0.6, "basis": "test",
}  # fmt: skip


def _test_of(subject: str, tested: str) -> Request:
    body = {"subsystem": "sensors", "tested": tested, "result": "pass", "failed": 0, "left_good": True}
    return Request(
        id=tested, kind=RequestKind.PROOF_TEST, subject=subject, occurrence=0, actor="li", role=Role.ENGINEER,
        second_actor="", made_ns=0, valid_until_ns=2**62, body=body | {"document": "PT-7"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def record(make_watch: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demand with its trip, then a bypass that lasts; a proof test on record and one refused."""
    reliability = {"sensors": DEVICE, "logic": DEVICE, "elements": DEVICE}
    watch = make_watch(reliability=reliability, demands_per_year=0.1, spurious_per_year=0.2, repair_h=8.0)
    engine, folder = Engine(watch.plant), tmp_path_factory.mktemp("sif")
    writer, seq, head = RecordWriter(folder), 0, GENESIS
    writer.add_plant(watch.plant.hash, watch.plant.document())
    story = [{}, {"A": 120.0, "B": 120.0}, {"TRIP": 1.0, "V1": 0.0}, {"A": 50.0, "B": 50.0}, {"TRIP": 0.0, "V1": 1.0},
             {}, {"A_byp": 1.0}, {}]  # fmt: skip
    asked = {2: _test_of("F1", "2025-12-01"), 3: _test_of("F1", "2025-11-01")}
    for number, values in enumerate(story, start=1):
        watch.values |= values
        watch.number = number
        watch.values["HB"] = float(number)
        sources = watch.plant.n_sources
        frame = replace(
            watch.frame({}), time_ns=BEGIN_NS + number * 10**9, received=watch.frame({}).received.repeat(sources),
            origin=watch.frame({}).origin.repeat(sources), resolution_ns=watch.frame({}).resolution_ns.repeat(sources),
        )  # fmt: skip
        requests = [asked[number]] if number in asked else []
        scan = engine.step(frame, requests)
        rows = chained(scan.facts, scan=number, time_ns=frame.time_ns, seq=seq, previous=head)
        if rows:
            seq, head = rows[-1].seq, rows[-1].hash
        taken = [Taken(inbox_row=number, request=request) for request in requests]
        writer.write_scan(scan.frame, rows, taken, scan.live, None)
    writer.close()
    return folder


def sif(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["sif", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_list_has_now_and_period_side_by_side(record: Path) -> None:
    head, line = sif("list", "--data", str(record)).splitlines()
    assert head.split()[:3] == ["function", "now", "vote"]
    assert line.split()[:3] == ["F1", "degraded", "2oo2"]
    assert "not_verifiable" in line, "eight seconds are no period"
    assert "2026-07-01 logic (good)" in line


def test_all_figures_of_one_function(record: Path) -> None:
    text = sif("show", "F1", "--data", str(record))
    assert "NOW                degraded, 2oo2" in text
    assert "demand mode      low (1.0 demands in twelve months, 1.00 a year over the record, at most 1)" in text
    assert "demands          1, expected 0.10, probability 0.095" in text
    assert "trips to review  XV1" in text
    assert "sensors          tested 2025-12-01, due 2026-12-01 (334 days, good)" in text
    assert "bypasses         1, open: A" in text
    assert "0 failed in 24048 device hours: at most 5.01e-05 an hour (70 %), assumed 2.00e-07" in text


def test_high_demand_is_told_with_the_clauses_and_pfh(record: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(record, again)
    with RecordReader(again) as reader:
        newest, last, described = reader.latest(), list(reader.events())[-1], reader.newest_plant()
    assert newest is not None
    assert described is not None
    second = chained(
        [Fact(kind="demand_started", subject="F1")], scan=9, time_ns=newest.frame.time_ns + 10**9, seq=last.seq,
        previous=last.hash,
    )  # fmt: skip
    writer = RecordWriter(again)
    writer.add_plant(newest.frame.plant, described[1])
    frame = replace(newest.frame, number=9, time_ns=newest.frame.time_ns + 10**9)
    writer.write_scan(frame, second, [], newest.live, None)
    writer.close()
    told = sif("list", "--data", str(again)).splitlines()[-1]
    assert told.startswith("F1: HIGH DEMAND (2.0 demands in twelve months")
    assert "IEC 61511-1 3.2.39, IEC 61508-4 3.5.16" in told
    assert told.endswith("PFH 2.41e-07 an hour as specified, its level allows less than 1e-06")
    sif("list", "--data", str(again), "--out", str(tmp_path / "f.csv"))
    with (tmp_path / "f.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.DictReader(file))["demand_mode"] == "high"


def test_the_history_is_what_the_journal_says(record: Path) -> None:
    kinds = [line.split()[2] for line in sif("history", "F1", "--data", str(record)).splitlines()]
    assert kinds[0] == "proof_test_recorded"
    assert [kind for kind in kinds if kind != "elements_moved"][1:] == [
        "demand_started", "tripped", "safe_state_reached", "bypass_on"
    ]  # fmt: skip


def test_exports_have_the_same_rows(record: Path, tmp_path: Path) -> None:
    sif("list", "--data", str(record), "--out", str(tmp_path / "f.csv"))
    sif("list", "--data", str(record), "--out", str(tmp_path / "f.json"))
    with (tmp_path / "f.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    (whole,) = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert row["function"] == whole["function"] == "F1"
    assert float(row["pfd_avg_now"]) == whole["pfd_avg_now"]
    assert (row["next_test_state"], row["to_credit"]) == ("good", "XV1")
    assert [test["due"] for test in whole["tests"]] == ["2026-12-01", "2026-07-01", "2026-07-01"]
    for name in ("one.csv", "one.json"):
        assert sif("show", "F1", "--data", str(record), "--out", str(tmp_path / name)).startswith("F1 in ")
    assert json.loads((tmp_path / "one.json").read_text(encoding="utf-8")) == [whole]
    with (tmp_path / "one.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.DictReader(file)) == row
    sif("history", "F1", "--data", str(record), "--out", str(tmp_path / "h.json"))
    assert json.loads((tmp_path / "h.json").read_text(encoding="utf-8"))[0]["kind"] == "proof_test_recorded"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["show", "F9"], "there is no function 'F9'"), (["list", "--out", "x.pdf"], "neither .csv nor .json")],
)
def test_a_wrong_name_gets_one_clear_message(record: Path, arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(app, ["sif", *arguments, "--data", str(record)])
    assert result.exit_code == 1
    assert says in str(result.exception)


def test_a_service_without_a_snapshot_goes_on_with_tests_and_hours_of_the_journal(record: Path) -> None:
    with RecordReader(record) as reader:
        document = reader.newest_plant()
        assert document is not None
        engine, resumed = resume(plant_of_document(document[1]), reader)
    assert resumed.last_number == 8
    memory = next(check for check in engine.checks if check.name == "pfd").state()
    tested = datetime(2025, 12, 1, tzinfo=UTC)
    assert memory["tests.tested_ns"][0, 0] == int(tested.timestamp()) * 10**9
    assert (memory["tests.moved_ns"] > 0).tolist() == [[True, False]]
    assert memory["period.current"][0, Line.SERVICE] == pytest.approx(8 / 3600)
