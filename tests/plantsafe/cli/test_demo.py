"""The demo as a person starts it: unattended to its summary, and Ctrl-C that leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest_cli import command, until

from plantsafe.frame import is_good
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import load_plant

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Cooling lost in the first wall second, 20 plant seconds a wall second, until well after the trip."""
    data = tmp_path_factory.mktemp("demo")
    arguments = ("--headless", "--duration", "76", "--speed", "20", "--fault", "sb_cooling_loss@1", "--data", str(data))
    return command("demo", *arguments, timeout=180), data


def test_the_headless_demo_ends_with_a_summary(run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    result, _ = run
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"scans: \d+ done \(numbers 1 to \d+\), \d+ lost, \d+ late", result.stdout)
    assert "SIF-101: tripped in scan" in result.stdout
    assert "SIF-101: safe state reached in scan" in result.stdout
    assert "FAILURE ON DEMAND" not in result.stdout


def test_the_temperature_alarms_come_within_two_scans_of_the_crossing(
    run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    result, _ = run
    found = dict(re.findall(r"  (TI-101\.HH?): .*: (\d+) scans from crossing to alarm", result.stdout))
    assert set(found) == {"TI-101.H", "TI-101.HH"}
    assert all(int(scans) <= 2 for scans in found.values())


def test_the_chain_verifies_and_the_run_steps_again(run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    _, data = run
    assert "events verified" in command("journal", "verify", "--data", str(data)).stdout
    assert "all as recorded" in command("history", "replay", "--data", str(data)).stdout
    shown = command("journal", "show", "--data", str(data), "--kind", "tripped").stdout
    assert "SIF-101" in shown


def test_summaries_of_the_run_are_written(run: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path) -> None:
    _, data = run
    for name in ("summary.pdf", "summary.json", "summary.csv"):
        result = command("summary", "--data", str(data), "--out", str(tmp_path / name), "--language", "zh")
        assert result.returncode == 0, result.stderr
        assert (tmp_path / name).stat().st_size > 500


def test_three_workshops_were_read_and_good(run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    _, data = run
    plant = load_plant(ROOT / "simulation" / "plants" / "demo.yaml")
    with HistoryReader(data) as history:
        frame = next(iter(history.frames(10, 60)))  # a busy machine loses scans at 20 a second
    assert len(plant.file.workshops) >= 3
    assert is_good(frame.status).all()


def test_ctrl_c_stops_all_and_leaves_nothing(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "plantsafe", "demo", "--headless", "--speed", "5"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert demo.stdout is not None
    lines = []
    while not any("scan service:" in line for line in lines):
        line = demo.stdout.readline()
        assert line, "".join(lines)
        lines.append(line)
    children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()
    assert len(children) == 2
    until("the first scans", 30, lambda: "scan" in demo.stdout.readline())
    demo.send_signal(signal.SIGINT)
    rest = demo.communicate(timeout=30)[0]
    assert demo.returncode == 0, rest
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert not list(tmp_path.iterdir())
