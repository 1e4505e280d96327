"""Consoles: floods and key figures of each operator, live and from the record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from plantsafe.alarms.console import consoles, consoles_of
from plantsafe.cli import app
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.store.record import RecordWriter

TEXT = {"en": "text", "zh": "文字"}
MANY = 12


def alarm(name: str, of: str, limit: float, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "point": of, "direction": "H", "limit": limit, "deadband": 0.01, "priority": 3,
        "class": "process",
        "consequence": TEXT, "action": TEXT, "respond_min": 20, **more,
    }  # fmt: skip


def two_consoles(make_trace: Callable[..., Any]) -> Any:
    """The unit is A's; of its twenty-four alarms twelve are on console B."""
    unit = {
        "name": "R1", "title": TEXT, "workshop": "W1", "partition": "W1-A", "process": "nitration_semibatch",
        "console": "A",
    }  # fmt: skip
    alarms = [alarm(f"T.{i}", "T", 100.0 + i) for i in range(MANY)]
    alarms += [alarm(f"P.{i}", "P", 100.0 + i, console="B") for i in range(MANY)]
    return make_trace(units=[unit], alarms=alarms)


def test_an_alarm_belongs_to_its_own_console_else_to_that_of_its_unit_and_what_has_no_unit_to_all(
    make_trace: Callable[..., Any],
) -> None:
    engine = two_consoles(make_trace).engine
    of = dict(zip((c.name for c in engine.conditions), consoles_of(engine.plant, engine.conditions), strict=True))
    assert consoles(engine.plant) == ("A", "B")
    assert (of["T.0"], of["P.0"], of["DCS.lost"], of["clock.step"]) == ("A", "B", "", "")


def test_a_flood_at_one_console_is_none_at_the_other(make_trace: Callable[..., Any]) -> None:
    trace = two_consoles(make_trace)
    trace.scan(T=60.0, P=40.0)
    assert "flood_started alarms" in trace.scan(T=130.0)
    flood = next(fact for fact in trace.last.facts if fact.kind == "flood_started")
    assert (flood.body["console"], flood.body["first"], flood.body["count"]) == ("A", "T.0", MANY)
    assert trace.last.live["flood"].tolist() == [[2, MANY], [0, 0]]
    told = trace.scan(P=130.0)
    assert next(f for f in trace.last.facts if f.kind == "flood_started").body["console"] == "B"
    assert told.count("flood_started alarms") == 1


def test_floods_of_both_consoles_outlive_a_restart(make_trace: Callable[..., Any]) -> None:
    trace = two_consoles(make_trace)
    trace.scan(T=60.0, P=40.0)
    trace.scan(T=130.0, P=105.0)
    again = two_consoles(make_trace)
    again.engine.restore(trace.engine.snapshot())
    again.number, again.values = trace.number, dict(trace.values)
    assert again.scan(P=130.0) == trace.scan(P=130.0)
    assert again.engine.snapshot() == trace.engine.snapshot()


def test_figures_are_a_console_at_a_time(tmp_path: Path, make_trace: Callable[..., Any]) -> None:
    trace = two_consoles(make_trace)
    writer = RecordWriter(tmp_path)
    writer.add_plant(trace.engine.plant.hash, trace.engine.plant.document())
    seq, head = 0, GENESIS
    for i, values in enumerate([{"T": 60.0, "P": 40.0}, {"T": 130.0}, {"P": 102.0}]):
        trace.scan(**values)
        rows = chained(trace.last.facts, scan=trace.number, time_ns=i * 10**9, seq=seq, previous=head)
        if rows:
            seq, head = rows[-1].seq, rows[-1].hash
        writer.write_scan(trace.last.frame, rows, [], trace.last.live, None)
    writer.close()
    both = CliRunner().invoke(app, ["alarms", "kpi", "--data", str(tmp_path)])
    assert both.exit_code == 0, both.output
    assert [line.split()[-1] for line in both.output.splitlines() if line.startswith(("console", "annunc"))] == [
        "A", "12", "B", "3",
    ]  # fmt: skip
    one = CliRunner().invoke(app, ["alarms", "kpi", "--data", str(tmp_path), "--console", "B"])
    assert "annunciations     3" in one.output
    wrong = CliRunner().invoke(app, ["alarms", "kpi", "--data", str(tmp_path), "--console", "C"])
    assert wrong.exit_code != 0


def test_a_log_of_several_consoles_is_read_one_at_a_time(tmp_path: Path) -> None:
    log = tmp_path / "dcs.csv"
    rows = [f"2026-01-01 08:{i:02d}:00,TI-1,H,{'A' if i % 3 else 'B'}" for i in range(12)]
    log.write_text("\n".join(["timestamp,tag,type,console", *rows]), encoding="utf-8")
    command = ["alarms", "kpi", "--log", str(log), "--console-column", "console", "--console"]
    assert "annunciations     8" in CliRunner().invoke(app, [*command, "A"]).output
    assert "annunciations     4" in CliRunner().invoke(app, [*command, "B"]).output
    assert CliRunner().invoke(app, [*command[:-1]]).exit_code != 0
