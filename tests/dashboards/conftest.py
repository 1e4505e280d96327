"""A quiet demo plant, and page servers over its record."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dashboard_scene import APP, NS_PER_S, PASSWORD, Scene, Server, standing_clock
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboards import visit
from dashboards.page_roles import urls_for
from plantsafe.clock import Clock
from plantsafe.request import Role
from plantsafe.store.access import ensure_demo_accounts, set_language, sign_in


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A quiet plant after three scans, two minutes ago, with the demo accounts."""
    made = Scene(tmp_path / "data", start_ns=time.time_ns() - 120 * NS_PER_S)
    ensure_demo_accounts(made.folder, PASSWORD)
    made.scans(3)
    yield made
    made.close()


@pytest.fixture
def page_server() -> Iterator[Callable[[Path, Clock | None], Server]]:
    """Starts page servers on free ports and ends them."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path, clock: Clock | None = None) -> Server:
        command = [sys.executable, "-m", "dashboards.serve", "--data", str(folder), "--port", "0"]
        command += ["--clock", clock.encode()] if clock is not None else []
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=folder, env={**os.environ, "PYTHONWARNINGS": "default"}
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the page server ended with {process.wait()} before it answered"
        return Server(url=json.loads(line)["url"], process=process)

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=15)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="session")
def program(pytestconfig: pytest.Config) -> Callable[..., str]:
    """`need_program` of the suite's own settings."""
    suite = pytestconfig.pluginmanager.getplugin(str(Path(__file__).parents[1] / "conftest.py"))
    assert suite is not None
    found: Callable[..., str] = suite.need_program
    return found


@pytest.fixture
def opened(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens a page as a person; only the browser's cookie is put in by hand, for AppTest has no browser."""

    def open_page(name: str, url: str, *, language: str = "en", **query: str) -> AppTest:
        token = sign_in(scene.folder, name, PASSWORD, now_ns=time.time_ns())
        set_language(scene.folder, name, language)
        monkeypatch.setenv(visit.DATA_VARIABLE, str(scene.folder))
        monkeypatch.setenv(visit.CLOCK_VARIABLE, standing_clock(scene).encode())
        monkeypatch.setattr(visit, "cookie_token", lambda: token)
        page = AppTest.from_file(APP, default_timeout=30)
        if url != urls_for(Role(name))[0]:
            page._page_hash = calc_hash(url)
        for key, value in query.items():
            page.query_params[key] = value
        return page.run()

    return open_page
