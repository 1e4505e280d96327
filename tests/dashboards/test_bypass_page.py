"""The protection page: a bypass recorded by one person and approved by another, and what the functions stand on."""

from collections.abc import Callable

from dashboard_scene import PASSWORD, Scene, text_of
from streamlit.testing.v1 import AppTest

from plantsafe.store.record import RecordReader


def fill(page: AppTest, *, approver: str = "manager") -> AppTest:
    page.text_input(key="bypass-why").set_value("Calibration of TT-101A")
    page.text_area(key="bypass-hazard").set_value("Two channels are left")
    page.text_area(key="bypass-measure").set_value("Operator at TI-101")
    page.text_input(key="bypass-approver").set_value(approver)
    page.text_input(key="bypass-password").set_value(PASSWORD)
    return page.button(key="bypass-go").click().run()


def kinds(scene: Scene) -> list[str]:
    with RecordReader(scene.folder) as reader:
        return [event.kind for event in reader.events(kinds=("bypass_approved", "request_refused"), newest=5)]


def test_a_record_approved_by_another_person_stands_on_the_page(scene: Scene, opened: Callable[..., AppTest]) -> None:
    fill(opened("engineer", "protection"))
    scene.scan()
    assert "bypass_approved" in kinds(scene)
    scene.scans(2, {"TT-101A.BYP": 1.0})
    text = text_of(opened("engineer", "protection"))
    assert "Calibration of TT-101A" in text
    assert "engineer → manager" in text
    assert "ON WITHOUT A RECORD" not in text


def test_one_person_alone_is_refused_with_the_reason(scene: Scene, opened: Callable[..., AppTest]) -> None:
    fill(opened("engineer", "protection"), approver="engineer")
    scene.scan()
    assert "request_refused" in kinds(scene)


def test_the_page_shows_what_the_functions_stand_on_in_both_languages(
    scene: Scene, opened: Callable[..., AppTest]
) -> None:
    scene.scans(8, {"TT-101B.BYP": 1.0, "LI-502": 20.0, "SIF-104.SP": 600.0})
    english = text_of(opened("engineer", "protection"))
    for words in ("ON WITHOUT A RECORD", "Emergency cooling water: missing", "now 2oo2", "in the SIS: 600"):
        assert words in english
    chinese = text_of(opened("engineer", "protection", language="zh"))
    for words in ("无审批记录已旁路", "应急冷却水储量: 缺失", "现为 2oo2", "SIS内为 600"):
        assert words in chinese


def test_an_operator_takes_over_but_does_not_approve(scene: Scene, opened: Callable[..., AppTest]) -> None:
    page = opened("operator", "protection")
    assert [button.key for button in page.button if str(button.key).startswith("bypass-")] == []


def test_one_bypass_is_one_alarm_that_lists_what_follows(scene: Scene, opened: Callable[..., AppTest]) -> None:
    scene.scans(3, {"TT-101A.BYP": 1.0})
    page = opened("operator", "alarms")
    rows = [part for part in text_of(page).split("<div class='ps ps-alarm'>") if "bypass" in part.split("</div>")[0]]
    assert len(rows) == 1
    assert "With it, not announced apart" in rows[0]
    for function in ("SIF-101", "SIF-105", "SIF-106"):
        assert f"{function} bypassed, degraded" in rows[0] or f"{function} degraded, bypassed" in rows[0]
    assert "told by TT-101A.BYP.unauthorised" in text_of(page)
    assert "not announced" in text_of(page)  # in the history
    assert "Last alarm" in (overview := text_of(opened("operator", "overview")))
    assert "bypass without a record" in overview
    assert "随之产生（不单独报警）" in text_of(opened("operator", "alarms", language="zh"))
