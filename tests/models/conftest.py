"""The acceptance cases, where the shared folder is present, and a summary of the worst error of each group."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

_CHECKOUT = Path(__file__).resolve().parents[2]
_WORST = pytest.StashKey[dict[str, tuple[float, float, str]]]()


def cases_file() -> Path | None:
    """The file of cases: below $PLANTSAFE_SHARED, or in the folder `shared` beside the checkout."""
    root = os.environ.get("PLANTSAFE_SHARED")
    folder = Path(root) if root else _CHECKOUT.parent / "shared"
    path = folder / "cases" / "process_cases.json"
    return path if path.is_file() else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    path = cases_file()
    if path is None:
        skip = pytest.mark.skip(reason="no shared/cases/process_cases.json beside the checkout or in $PLANTSAFE_SHARED")
        metafunc.parametrize("case", [pytest.param({}, marks=skip, id="absent")])
        return
    document = json.loads(path.read_text(encoding="utf-8"))
    metafunc.parametrize("case", document["cases"], ids=[case["id"] for case in document["cases"]])


class ErrorLog:
    """Notes one error of one output against its tolerance, for the summary."""

    def __init__(self, worst: dict[str, tuple[float, float, str]]) -> None:
        self._worst = worst

    def note(self, group: str, label: str, error: float, tolerance: float, reference: float) -> None:
        relative = error / abs(reference) if reference else error
        share = error / tolerance if tolerance else (0.0 if error == 0.0 else float("inf"))
        if group not in self._worst or relative > self._worst[group][0]:
            used = max(share, self._worst[group][1]) if group in self._worst else share
            self._worst[group] = (relative, used, label)
        elif share > self._worst[group][1]:
            old = self._worst[group]
            self._worst[group] = (old[0], share, old[2])


@pytest.fixture
def error_log(request: pytest.FixtureRequest) -> ErrorLog:
    return ErrorLog(request.config.stash.setdefault(_WORST, {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    worst = config.stash.get(_WORST, {})
    if not worst:
        return
    terminalreporter.write_sep("-", "acceptance cases: worst relative error of each group")
    for group, (relative, used, label) in sorted(worst.items()):
        terminalreporter.write_line(f"{group:5s} {relative:9.2e}  at {label:32s} {used:7.1%} of the tolerance used")
