"""Every page in every language for every role, run by Streamlit's own test runner over a real record."""

import time
from collections.abc import Callable
from contextlib import closing

import pytest
from dashboard_scene import PASSWORD, Scene, standing_clock, text_of
from streamlit.testing.v1 import AppTest

from dashboards import visit
from dashboards.page_roles import ROLES, TITLES
from plantsafe.history.compaction import Compaction
from plantsafe.request import RequestKind, Role
from plantsafe.store.inbox import InboxReader
from plantsafe.store.record import RecordReader

Open = Callable[..., AppTest]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("url", list(TITLES))
def test_page_opens_for_an_engineer(scene: Scene, opened: Open, url: str, language: str) -> None:
    scene.scans(3, {"TI-101": 68.5, "TT-101A.BYP": 1.0})
    page = opened("engineer", url, language=language)
    assert not page.exception
    site = {"en": "Demo nitration plant", "zh": "示范硝化工厂"}[language]
    assert site in text_of(page)


@pytest.mark.parametrize("url", [url for url in TITLES if Role.VIEWER not in ROLES[url]])
def test_viewer_gets_the_summary_and_no_values_under_any_other_address(opened: Open, url: str) -> None:
    page = opened("viewer", url)
    assert not page.exception
    assert "Compliance summary" in text_of(page)
    assert "TI-101" not in text_of(page)
    assert not [button for button in page.button if (button.key or "").startswith("ack-")]


def test_operator_sees_no_download_that_the_role_may_not_take(opened: Open) -> None:
    assert not opened("operator", "alarms").get("download_button")
    assert opened("engineer", "alarms").get("download_button")


def test_nobody_signed_in_sees_nothing_but_the_way_to_sign_in(
    scene: Scene, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened("engineer", "overview")
    monkeypatch.setattr(visit, "cookie_token", lambda: "no such session")
    page.run()
    assert "/login" in text_of(page)
    assert "Demo nitration plant" not in text_of(page)


def test_language_switch_changes_the_page_and_is_remembered(opened: Open) -> None:
    page = opened("engineer", "protection")
    assert "Margin to trip" in text_of(page)
    page.radio(key="language_choice").set_value("zh").run()
    assert "距联锁值裕度" in text_of(page)
    assert "R101釜温高高联锁停止滴加" in text_of(page)


def test_acknowledge_is_one_request_for_the_occurrence_in_the_row(scene: Scene, opened: Open) -> None:
    scene.scan({"TI-101": 68.5})
    page = opened("operator", "alarms")
    acks = [button for button in page.button if (button.key or "").startswith("ack-")]
    assert len(acks) == 1
    occurrence = int((acks[0].key or "").removeprefix("ack-"))
    before = time.time_ns()
    acks[0].click().run()
    taken = InboxReader(scene.folder).after(0)
    request = taken[-1].request
    assert (request.kind, request.subject, request.occurrence) == (RequestKind.ACKNOWLEDGE, "TI-101.H", occurrence)
    assert (request.actor, request.role) == ("operator", Role.OPERATOR)
    assert request.body["wall_ns"] >= before
    scene.scan()
    page.run()
    assert "done · operator" in text_of(page)
    assert not [button for button in page.button if (button.key or "").startswith("ack-")]


def test_an_occurrence_that_ended_is_refused_with_the_reason(scene: Scene, opened: Open) -> None:
    scene.scan({"TI-101": 68.5})
    page = opened("operator", "alarms")
    ack = next(button for button in page.button if (button.key or "").startswith("ack-"))
    scene.scans(3, {"TI-101": 60.0})
    scene.scan({"TI-101": 68.5})
    ack.click().run()
    scene.scan()
    page.run()
    assert "refused" in text_of(page)
    assert "is over" in text_of(page)
    assert scene.engine.book.state_name("TI-101.H") == "UNACK"


def test_new_alarm_waits_above_the_list_until_it_is_asked_for(scene: Scene, opened: Open) -> None:
    scene.scan({"TI-101": 68.5})
    page = opened("operator", "alarms")
    first = [button.key for button in page.button if (button.key or "").startswith("ack-")]
    scene.scan({"TI-101": 71.0})
    page.run()
    assert [button.key for button in page.button if (button.key or "").startswith("ack-")] == first
    assert "1 new alarms wait" in text_of(page)
    page.button(key="show-new").click().run()
    keys = [button.key for button in page.button if (button.key or "").startswith("ack-")]
    assert len(keys) == 2
    assert set(first) < set(keys)


def test_account_that_lost_its_role_is_refused_before_anything_is_written(scene: Scene, opened: Open) -> None:
    from dashboards.acts import acknowledge
    from plantsafe.errors import RequestError
    from plantsafe.store.access import Session

    pretended = visit.Visit(
        session=Session(name="viewer", role=Role.ENGINEER, language="", expires_ns=0),
        tongue=visit.Tongue("en"),
        folder=scene.folder,
        clock=standing_clock(scene),
    )
    with pytest.raises(RequestError, match="viewer may not acknowledge"):
        acknowledge(pretended, "TI-101.H", 1)
    assert InboxReader(scene.folder).after(0) == []


def test_lost_source_marks_its_values_and_lists_what_it_suppresses(scene: Scene, opened: Open) -> None:
    scene.silent.add("DCS")
    scene.scans(6)
    overview = text_of(opened("engineer", "overview"))
    assert "DCS <span class" in overview
    assert "bad: no usable value" in overview
    alarms = text_of(opened("engineer", "alarms"))
    assert "alarms cannot be judged while DCS is lost" in alarms
    assert "TI-101.H" in alarms


def test_blind_safety_system_is_not_verifiable_and_never_protected(scene: Scene, opened: Open) -> None:
    assert "protected" in text_of(opened("engineer", "protection"))
    scene.silent.add("SIS")
    scene.scans(6)
    text = text_of(opened("engineer", "protection"))
    assert "not verifiable" in text
    assert "> protected<" not in text


def test_old_scan_greys_the_whole_page(scene: Scene, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("engineer", "overview")
    assert "No new scan since" not in text_of(page)
    scene.start_ns -= 60_000_000_000
    monkeypatch.setenv(visit.CLOCK_VARIABLE, "")
    scene.scan()
    page.run()
    text = text_of(page)
    assert "No new scan since" in text
    assert "grayscale" in text
    assert "not verifiable" in text


def test_unit_page_draws_the_points_that_were_chosen(scene: Scene, opened: Open) -> None:
    scene.scans(20)
    page = opened("engineer", "unit", unit="M201")
    assert page.selectbox[0].value == "M201"
    assert len(page.get("plotly_chart")) == 1
    assert "SIF-301" in text_of(page)
    assert "SIF-101" not in text_of(page)


def test_names_from_a_person_cannot_carry_markup(scene: Scene, opened: Open) -> None:
    from plantsafe.store.access import ensure_demo_accounts

    ensure_demo_accounts(scene.folder, PASSWORD)
    scene.scan({"TI-101": 68.5})
    from dashboards.acts import note_login

    note_login(scene.folder, standing_clock(scene), "<img src=x onerror=alert(1)>", Role.OPERATOR, "sign-in")
    scene.scan()
    with RecordReader(scene.folder) as reader:
        assert any(event.actor.startswith("<img") for event in reader.events(kinds=("login",)))
    page = opened("engineer", "alarms")
    page.multiselect(key="h-kinds").set_value(["login"]).run()
    text = text_of(page)
    assert "&lt;img src=x" in text
    assert "<img src=x" not in text


@pytest.mark.parametrize("url", ["unit", "connection"])
def test_a_damaged_day_is_a_message_in_its_place_and_the_rest_of_the_page_goes_on(
    scene: Scene, opened: Open, url: str
) -> None:
    scene.scans(130)
    with closing(Compaction(scene.folder)) as compaction, RecordReader(scene.folder) as reader:
        assert compaction.step(reader) > 60
    day = next(scene.folder.glob("2*.db"))
    day.write_bytes(day.read_bytes()[:4096] + b"\xff" * (day.stat().st_size - 4096))
    page = opened("engineer", url)
    assert not page.exception
    assert "The record cannot be read" in text_of(page)
    assert f"plantsafe history repair {day.stem}" in text_of(page)
    assert "Demo nitration plant" in text_of(page)
