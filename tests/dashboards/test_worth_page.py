"""The page of what each function is worth: two figures side by side, the ledger, and a proof test put on record."""

from typing import Any

from dashboard_scene import Scene, text_of

from plantsafe.request import RequestKind
from plantsafe.store.inbox import InboxReader


def test_now_and_twelve_months_stand_side_by_side(scene: Scene, opened: Any) -> None:
    page = opened("engineer", "worth")
    assert not page.exception
    text = text_of(page)
    for word in ("NOW", "TWELVE MONTHS", "Not verifiable", "too little judged", "Demands / expected"):
        assert word in text
    assert "2oo3" in text
    scene.scan({"TT-101A.BYP": 1.0})
    page.run()
    assert "2oo2" in text_of(page)


def test_a_proof_test_put_on_record_moves_the_next_one(scene: Scene, opened: Any) -> None:
    page = opened("engineer", "worth")
    page.text_input(key="proof-document").set_value("PT-2026-7")
    page.button(key="proof-go").click().run()
    request = InboxReader(scene.folder).after(0)[-1].request
    assert (request.kind, request.subject) == (RequestKind.PROOF_TEST, "SIF-101")
    assert (request.body["subsystem"], request.body["result"], request.body["left_good"]) == ("sensors", "pass", True)
    scene.scan()
    page.run()
    assert "done · engineer" in text_of(page)


def test_a_refusal_names_its_reason(scene: Scene, opened: Any) -> None:
    page = opened("engineer", "worth")
    page.button(key="proof-go").click().run()
    scene.scan()
    page.run()
    assert "needs the number of its written record" in text_of(page)


def test_a_deferral_asks_the_second_person_for_the_password(scene: Scene, opened: Any) -> None:
    page = opened("engineer", "worth")
    page.radio(key="proof-kind").set_value(RequestKind.DEFER_TEST).run()
    page.text_input(key="proof-second").set_value("admin")
    page.text_input(key="proof-password").set_value("wrong")
    before = len(InboxReader(scene.folder).after(0))
    page.button(key="proof-go").click().run()
    assert len(InboxReader(scene.folder).after(0)) == before


def test_an_operator_sees_the_figures_and_no_form(scene: Scene, opened: Any) -> None:
    page = opened("operator", "worth")
    assert "TWELVE MONTHS" in text_of(page)
    assert not [radio for radio in page.radio if radio.key == "proof-kind"]


def test_a_function_in_high_demand_is_told_with_its_pfh(scene: Scene, opened: Any) -> None:
    function = next(one for one in scene.plant.file.functions if one.name == "SIF-102")
    beyond = {channel.point: function.setpoint - 40.0 for channel in function.inputs}
    safe = {element.feedback: element.safe_value for element in function.elements} | {function.tripped: 1.0}
    calm = {name: scene.values[name] for name in (*beyond, *safe)}
    for _ in range(2):
        scene.scans(1, beyond)
        scene.scans(2, safe)
        scene.scans(2, calm)
    page = opened("engineer", "worth")
    assert not page.exception
    assert "high demand: judge it by PFH, not PFD" in text_of(page)
    assert "PFH " in text_of(page)
    assert "应按PFH而非PFD评价" in text_of(opened("engineer", "worth", language="zh"))
