"""The export has the names of OPC UA Part 9, and the states that the alarms were in."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asyncua import ua
from typer.testing import CliRunner

from plantsafe.alarms.part9 import FIELDS
from plantsafe.cli import app
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.request import RequestKind
from plantsafe.store.record import RecordWriter

TYPES = (
    "BaseEventType",
    "ConditionType",
    "AcknowledgeableConditionType",
    "AlarmConditionType",
    "ExclusiveLimitAlarmType",
)


def test_every_field_is_one_of_the_standard() -> None:
    known = {name for name in dir(ua.ObjectIds) if name.startswith(TYPES)}
    assert [field for field in FIELDS if not any(name.split("_")[1:2] == [field] for name in known)] == []


def record(folder: Path, trace: Any, steps: list[Callable[[], Any]]) -> None:
    writer = RecordWriter(folder)
    writer.add_plant(trace.engine.plant.hash, trace.engine.plant.document())
    seq, head = 0, GENESIS
    for i, step in enumerate(steps):
        step()
        rows = chained(trace.last.facts, scan=trace.number, time_ns=(i + 1) * 10**9, seq=seq, previous=head)
        if rows:
            seq, head = rows[-1].seq, rows[-1].hash
        writer.write_scan(trace.last.frame, rows, [], trace.last.live, None)
    writer.close()


def test_the_states_of_an_alarm_over_its_life(tmp_path: Path, trace: Any) -> None:
    def shelve() -> None:
        trace.ask(RequestKind.SHELVE, "F.L", minutes=5, one_shot=True, comment="being exchanged")
        trace.scan()

    def acknowledge() -> None:
        trace.ack("F.L")
        trace.scan()

    record(
        tmp_path,
        trace,
        [lambda: trace.scan(F=20), lambda: trace.scan(F=5), acknowledge, shelve, lambda: trace.scan(F=20)],
    )
    out = tmp_path / "alarms.json"
    result = CliRunner().invoke(
        app,
        ["alarms", "export", "--data", str(tmp_path), "--out", str(out), "--from", "1970-01-01", "--to", "2100-01-01"],
    )
    assert result.exit_code == 0, result.output
    rows = [row for row in json.loads(out.read_text(encoding="utf-8")) if row["ConditionName"] == "F.L"]
    keys = ("ActiveState", "AckedState", "ShelvingState", "SuppressedOrShelved", "Retain", "LimitState")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("Active", "Unacknowledged", "Unshelved", False, True, "Low"),
        ("Active", "Acknowledged", "Unshelved", False, True, "Low"),
        ("Active", "Acknowledged", "OneShotShelved", True, True, "Low"),
        ("Inactive", "Acknowledged", "OneShotShelved", True, True, ""),
        ("Inactive", "Acknowledged", "Unshelved", False, False, ""),
    ]
    assert [row["ClientUserId"] for row in rows] == ["", "Li Na", "Li Na", "", ""]
    assert rows[2]["Comment"] == "being exchanged"
    assert {row["EventType"] for row in rows} == {"ExclusiveLimitAlarmType"}
    assert {row["Severity"] for row in rows} == {700}
    assert {(row["SourceName"], row["InputNode"]) for row in rows} == {("F", "s=F")}


def test_the_same_as_a_table(tmp_path: Path, trace: Any) -> None:
    record(tmp_path, trace, [lambda: trace.scan(F=20), lambda: trace.scan(F=5)])
    out = tmp_path / "alarms.csv"
    command = ["alarms", "export", "--data", str(tmp_path), "--from", "1970-01-01", "--to", "2100-01-01", "--out"]
    assert CliRunner().invoke(app, [*command, str(out)]).exit_code == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == FIELDS
    assert CliRunner().invoke(app, [*command, str(tmp_path / "alarms.xls")]).exit_code != 0
