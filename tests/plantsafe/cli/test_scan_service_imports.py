"""What the running scan service has imported, late imports included: its memory is the plant's."""

from pathlib import Path

from conftest_cli import DEMO, SimulatedPlant, last_number, until

from plantsafe.cli.children import Child

HEAVY = {"pandas", "pyarrow", "numba", "streamlit", "simpy", "plotly", "openpyxl", "pint", "typst"}
HEAVY_PARTS = ("scipy.signal", "scipy.stats", "scipy.optimize", "scipy.integrate", "scipy.interpolate")
"""Of scipy the service has what its matrices need."""


def test_a_running_scan_service_has_imported_nothing_heavy(simulated: SimulatedPlant, tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    run = ["-X", "importtime", "-m", "plantsafe", "run", "--child", "--plant", str(DEMO), "--data", str(tmp_path)]
    ways = [f"--source={name}={where}" for name, where in simulated.endpoints.items()]
    child = Child("scan service", [*run, "--clock", simulated.clock.encode(), *ways], log)
    try:
        child.ready()
        first = until("the first scan", 30, lambda: last_number(tmp_path))
        until("a snapshot's worth of scans", 30, lambda: last_number(tmp_path) > first + 60)
    finally:
        child.end()
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    assert "plantsafe.scan.service" in imported
    assert {name.partition(".")[0] for name in imported} & HEAVY == set()
    assert [name for name in imported if name.startswith(HEAVY_PARTS)] == []
