"""The pages in a real Chromium: what a person can reach, what a click writes, what it looks like."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from dashboard_scene import PASSWORD, Scene, Server
from playwright.sync_api import Browser, Page, sync_playwright

from dashboards.page_roles import TITLES
from plantsafe.store.access import set_language
from plantsafe.store.record import RecordReader

pytestmark = pytest.mark.browser
WAIT_MS = 60_000
NS_PER_S = 1_000_000_000
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
Start = Callable[..., Server]


@pytest.fixture(scope="module")
def chromium(program: Callable[..., str]) -> Iterator[Browser]:
    """One browser for the whole file."""
    path = program("chromium", "chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window without cookies; whatever it asks of another machine fails the test."""
    context = chromium.new_context(viewport={"width": 1500, "height": 950})
    window = context.new_page()
    window.set_default_timeout(WAIT_MS)
    foreign: list[str] = []
    window.on("request", lambda r: None if _is_local(r.url) else foreign.append(r.url))
    yield window
    context.close()
    assert foreign == []


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname == "127.0.0.1" or url.startswith(("data:", "blob:"))


def sign_in(page: Page, server: Server, name: str, onward: str = "/") -> None:
    """By the form, as a person does."""
    page.goto(f"{server.url}/login?lang=en&next={onward}")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button")
    page.wait_for_selector(".ps-bar")


def live(scene: Scene) -> Scene:
    """Bring the scene up to this moment, scan by scan."""
    while scene.time_ns < time.time_ns() - NS_PER_S:
        scene.scan()
    return scene


def until(scene: Scene, holds: Callable[[], bool]) -> None:
    """Scan on in real time until something holds, for a minute at most."""
    deadline = time.monotonic() + WAIT_MS / 1000
    while not holds():
        assert time.monotonic() < deadline
        live(scene)
        time.sleep(0.05)


def test_viewer_reaches_nothing_but_the_summary_on_a_fresh_server(scene: Scene, page_server: Start, page: Page) -> None:
    scene.scan({"TI-101": 68.5})
    sign_in(page, page_server(scene.folder), "viewer", "/alarms")
    page.get_by_text("Page not found").wait_for()
    page.get_by_text("Compliance summary").wait_for()
    shown = page.inner_text("body")
    assert "TI-101" not in shown
    assert "Acknowledge" not in shown
    base = page.url.split("/alarms")[0].rstrip("/")
    for url in TITLES:
        if url not in ("summary", "alarms"):
            page.goto(f"{base}/{url}")
            page.get_by_text("Page not found").wait_for()
            assert "TI-101" not in page.inner_text("body")
    assert page.locator("[data-testid=stSidebarNavLink]").count() <= 1


def test_click_on_acknowledge_stands_in_the_journal_within_two_scans(
    scene: Scene, page_server: Start, page: Page
) -> None:
    scene.scan(dict.fromkeys(("TI-101", "TT-101A", "TT-101B", "TT-101C"), 68.5))
    live(scene)
    server = page_server(scene.folder)
    sign_in(page, server, "operator", "/alarms")
    button = page.get_by_role("button", name="Acknowledge")
    until(scene, lambda: button.count() == 1)
    live(scene)
    button.click()
    from plantsafe.store.inbox import InboxReader

    inbox = InboxReader(scene.folder)
    until(scene, lambda: any(t.request.subject == "TI-101.H" for t in inbox.after(0)))
    before = scene.number
    scene.scans(2)
    with RecordReader(scene.folder) as reader:
        event = next(reader.events(kinds=("alarm_acknowledged",), newest=1))
    assert (event.subject, event.actor) == ("TI-101.H", "operator")
    assert event.scan <= before + 2
    done = page.get_by_text("done · operator")
    until(scene, lambda: done.count() == 1)
    assert button.count() == 0


def test_page_greys_out_when_scans_stop_and_when_the_server_is_gone(
    scene: Scene, page_server: Start, page: Page
) -> None:
    live(scene)
    server = page_server(scene.folder)
    sign_in(page, server, "engineer")
    page.get_by_text("No new scan since").wait_for()
    faded = page.locator(".ps-grid").first.evaluate(
        "e => { while (e && getComputedStyle(e).opacity === '1') e = e.parentElement; return e !== null }"
    )
    assert faded
    server.process.terminate()
    page.wait_for_function("getComputedStyle(document.querySelector('.stApp'), '::before').visibility === 'visible'")


def test_pictures_of_all_pages_in_both_languages(scene: Scene, page_server: Start, page: Page, tmp_path: Path) -> None:
    scene.scans(60, {"TI-101": 60.0})
    scene.bad.add("TI-103")
    scene.scans(4, {"TI-101": 68.5, "TT-101A.BYP": 1.0, "HC-11": 4.0})
    live(scene)
    server = page_server(scene.folder)
    folder = Path(os.environ.get("PLANTSAFE_PICTURES", tmp_path))
    sign_in(page, server, "engineer")
    for language, words in (("en", "Demo nitration plant"), ("zh", "示范硝化工厂")):
        set_language(scene.folder, "engineer", language)
        for url in TITLES:
            page.goto(f"{server.url}/{url}")
            page.wait_for_selector(".ps-bar")
            page.get_by_text(words).first.wait_for()
            until(scene, lambda: page.locator(".ps-card, table.ps").count() > 0)
            live(scene)
            page.screenshot(path=folder / f"{url}-{language}.png")
            assert "Traceback" not in page.inner_text("body")
            assert (folder / f"{url}-{language}.png").stat().st_size > 10_000
