"""`plantsafe alarms kpi` over our own record and over a control system's log."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.request import RequestKind
from plantsafe.store.record import RecordReader, RecordWriter

S = 10**9


def test_figures_of_our_own_record(tmp_path: Path, make_trace: Callable[..., Any]) -> None:
    trace = make_trace()
    writer = RecordWriter(tmp_path)
    writer.add_plant(trace.engine.plant.hash, trace.engine.plant.document())
    seq, head = 0, GENESIS
    for i, value in enumerate([20, 5, 5, 20, 20, 5, 5, 5]):
        if i == 2:
            trace.ack("F.L")
        if i == 6:
            trace.ask(RequestKind.SHELVE, "F.L", minutes=5, comment="x")
        trace.scan(F=float(value))
        rows = chained(trace.last.facts, scan=trace.number, time_ns=i * 10 * S, seq=seq, previous=head)
        if rows:
            seq, head = rows[-1].seq, rows[-1].hash
        writer.write_scan(trace.last.frame, rows, [], trace.last.live, None)
    writer.close()
    with RecordReader(tmp_path) as reader:
        what = [row[2] for table in reader.alarm_moves(2**62) for row in table.tolist()]
    assert what == [0, 2, 1, 0, 3]
    result = CliRunner().invoke(app, ["alarms", "kpi", "--data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "annunciations     2" in result.output
    assert "priority 2: half within 10 s" in result.output
    assert "shelved           1: F.L" in result.output


def test_figures_of_a_log_with_mapped_columns(tmp_path: Path) -> None:
    log = tmp_path / "dcs.csv"
    lines = ["时间,位号,类型,级别"] + [f"2026-01-01 08:{i:02d}:00,TI-1,H,高" for i in range(12)]
    log.write_text("\n".join(lines), encoding="gb18030")
    columns = ["--time", "时间", "--tag", "位号", "--kind", "类型", "--priority", "级别", "--priority-word", "高=2"]
    result = CliRunner().invoke(app, ["alarms", "kpi", "--log", str(log), "--zone", "Asia/Shanghai", *columns])
    assert result.exit_code == 0, result.output
    assert "period            2026-01-01 00:00:00Z" in result.output
    assert "annunciations     12" in result.output
    assert "floods            1 (inclusive)" in result.output
    assert "priorities        2: 100.0%" in result.output
    assert "the log has no acknowledgements" in result.output


def test_our_record_and_a_log_are_never_counted_together(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["alarms", "kpi", "--data", str(tmp_path), "--log", str(tmp_path / "x.csv")])
    assert result.exit_code != 0
