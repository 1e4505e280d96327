"""The restart lock on the page of its unit: what locks it, and the confirmation by two people."""

from typing import Any

from dashboard_scene import PASSWORD, Scene, text_of

from plantsafe.request import RequestKind, Role
from plantsafe.store.access import add_account
from plantsafe.store.inbox import InboxReader

STOPPED = {"SI-101": 0.0, "FI-101": 400.0, "TI-101": 60.0}


def test_two_people_confirm_the_restart_on_the_page_of_the_unit(scene: Scene, opened: Any) -> None:
    add_account(scene.folder, "Wang Fang", Role.ENGINEER, PASSWORD)
    scene.scans(10, STOPPED)
    page = opened("engineer", "unit", unit="R101")
    assert "Agitator locked against restart" in text_of(page)
    assert "✓ Tank below dosing temperature" in text_of(page)
    scene.scans(2, {"FI-101": 0.0})
    page.number_input(key="restart-R101-temperature").set_value(60.0)
    page.text_input(key="restart-R101-sample").set_value("LAB 17: 0.4 %")
    page.text_input(key="restart-R101-second").set_value("Wang Fang")
    page.text_input(key="restart-R101-password").set_value("wrong")
    before = len(InboxReader(scene.folder).after(0))
    page.button(key="restart-R101-go").click().run()
    assert len(InboxReader(scene.folder).after(0)) == before
    page.text_input(key="restart-R101-password").set_value(PASSWORD)
    page.button(key="restart-R101-go").click().run()
    request = InboxReader(scene.folder).after(0)[-1].request
    assert (request.kind, request.subject) == (RequestKind.RESTART_CONFIRM, "R101")
    assert (request.second_actor, request.body["temperature"]) == ("Wang Fang", 60.0)
    scene.scan()
    page.run()
    assert not page.exception
    assert "Agitator locked against restart" not in text_of(page)
    assert "done · engineer" in text_of(page)


def test_an_unconfirmed_restart_stands_above_the_unit_in_chinese_too(scene: Scene, opened: Any) -> None:
    scene.scans(10, STOPPED)
    scene.scans(2, {"SI-101": 120.0})
    page = opened("operator", "unit", unit="R101", language="zh")
    assert "搅拌已重启且未经确认" in text_of(page)
    assert not [button for button in page.button if button.key == "restart-R101-go"]
