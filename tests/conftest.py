"""Settings of the whole suite: reproducible hypothesis, and system packages that CI must have."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "plantsafe", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("plantsafe")

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "simulation" / "plants" / "demo.yaml"


def need_program(*names: str) -> str:
    """The path of a program that a Debian package brings; skips without it, or fails where CI installed it."""
    for name in names:
        if path := shutil.which(name):
            return path
    reason = f"needs the Debian package that brings {' or '.join(names)}"
    if os.environ.get("PLANTSAFE_REQUIRE_PACKAGES") == "1":
        pytest.fail(f"{reason}, and CI says that it is installed")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def program() -> Callable[..., str]:
    """`need_program`, for tests that cannot import this file."""
    return need_program


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of measuring data beside the checkout; tests that need it skip without it."""
    path = Path(os.environ.get("PLANTSAFE_SHARED", ROOT.parent / "shared"))
    if not path.is_dir():
        pytest.skip("needs the folder of shared measuring data (PLANTSAFE_SHARED)")
    return path
