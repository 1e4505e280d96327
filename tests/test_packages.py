"""The five packages are this project's own, and the wheel works where nothing else is."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("models", "plantsafe", "connectors", "simulation", "dashboards")


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_our_own(name: str) -> None:
    """A stray third-party top-level `models` would shadow ours."""
    file = importlib.import_module(name).__file__
    assert file is not None
    assert Path(file).parent == ROOT / name


def test_the_scan_service_imports_nothing_heavy() -> None:
    """Its memory is the plant's: pandas and pyarrow alone are over 140 MB (measured)."""
    code = (
        "import sys; import plantsafe.cli.scan_service; "
        "print([m for m in ('pandas', 'pyarrow', 'scipy.signal', 'numba', 'streamlit') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_wheel_runs_the_headless_demo_in_an_empty_environment(tmp_path: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            arguments, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    python = str(tmp_path / "empty" / "bin" / "python")
    run(
        uv,
        "build",
        "--quiet",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "-o",
        str(tmp_path),
        str(ROOT),
    )
    run(uv, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "empty"))
    run(uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", str(ROOT / "requirements.lock"))
    run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", str(next(tmp_path.glob("*.whl"))))
    where = run(python, "-c", "import models; print(models.__file__)")
    assert str(tmp_path) in where
    out = run(str(tmp_path / "empty" / "bin" / "plantsafe"), "demo", "--headless", "--duration", "5", "--speed", "20")
    assert "scans:" in out
