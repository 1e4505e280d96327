"""The panel of one alarm: shelve, out of service, reset; each click is one request, each refusal is shown."""

from typing import Any

from dashboard_scene import Scene, text_of

from plantsafe.request import RequestKind
from plantsafe.store.inbox import InboxReader


def _open_panel(scene: Scene, page: Any) -> Any:
    book = scene.engine.book
    return page.button(key=f"more-{int(book.occurrence[book.row['FI-101.H']])}").click().run()


def _choose(page: Any, kind: RequestKind) -> Any:
    act = next(radio for radio in page.radio if (radio.key or "").startswith("act-"))
    return act.set_value(kind).run()


def test_shelving_takes_the_alarm_off_the_list_and_shows_its_remaining_time(scene: Scene, opened: Any) -> None:
    scene.scans(8, {"FI-101": 490.0})
    page = _choose(_open_panel(scene, opened("operator", "alarms")), RequestKind.SHELVE)
    page.text_input(key="act-reason").set_value("sensor is being exchanged")
    page.button(key="act-go").click().run()
    request = InboxReader(scene.folder).after(0)[-1].request
    assert (request.kind, request.subject) == (RequestKind.SHELVE, "FI-101.H")
    assert (request.body["minutes"], request.body["comment"]) == (10, "sensor is being exchanged")
    scene.scan()
    page.run()
    assert "done · operator" in text_of(page)
    assert "on the shelf for another" in text_of(page)


def test_a_refusal_stands_in_the_panel_with_its_reason(scene: Scene, opened: Any) -> None:
    scene.scans(8, {"FI-101": 490.0})
    page = _choose(_open_panel(scene, opened("operator", "alarms")), RequestKind.SHELVE)
    page.button(key="act-go").click().run()
    scene.scan()
    page.run()
    assert "shelving needs a reason" in text_of(page)


def test_out_of_service_asks_the_second_person_for_the_password(scene: Scene, opened: Any) -> None:
    scene.scans(8, {"FI-101": 490.0})
    page = _choose(_open_panel(scene, opened("engineer", "alarms")), RequestKind.OUT_OF_SERVICE)
    page.text_input(key="act-permit").set_value("MOC-7")
    page.text_input(key="act-reason").set_value("transmitter removed")
    page.text_input(key="act-second").set_value("operator")
    page.text_input(key="act-password").set_value("wrong")
    before = len(InboxReader(scene.folder).after(0))
    page.button(key="act-go").click().run()
    assert len(InboxReader(scene.folder).after(0)) == before


def test_an_operator_is_not_offered_what_the_role_may_not_do(scene: Scene, opened: Any) -> None:
    scene.scans(8, {"FI-101": 490.0})
    page = _open_panel(scene, opened("operator", "alarms"))
    act = next(radio for radio in page.radio if (radio.key or "").startswith("act-"))
    assert "Out of service" not in act.options
    assert "Shelve" in act.options


def test_the_first_alarm_of_a_group_is_marked_and_reset_here(scene: Scene, opened: Any) -> None:
    scene.scan({"TI-101": 71.0})
    page = opened("operator", "alarms")
    assert "first in its group (R101)" in text_of(page)
    page.button(key="reset-group-R101").click().run()
    scene.scan()
    page.run()
    assert "first in its group (R101)" in text_of(page)
    assert "still hold" in text_of(page)


def test_the_key_figures_of_the_day_stand_on_the_page(scene: Scene, opened: Any) -> None:
    scene.scan({"TI-101": 71.0})
    page = opened("operator", "alarms")
    page.button(key="kpi-go").click().run()
    assert not page.exception
    assert "Announced alarms" in text_of(page)


def test_the_guidance_of_the_present_phase_stands_in_the_row(scene: Scene, opened: Any) -> None:
    scene.scan({"TI-101": 68.0, "PH-101": 3.0})
    page = opened("operator", "alarms")
    assert "Lower the dosing rate first" in text_of(page)
    assert "Open the cold water valve fully" not in text_of(page)
    scene.scan({"PH-101": 4.0})
    page.run()
    assert "Open the cold water valve fully" in text_of(page)
