"""The balances of a continuous unit on its page: when all is well, when it is not, and when it is not known."""

from typing import Any

from dashboard_scene import Scene, text_of


def test_a_unit_in_order_shows_its_balances_without_a_sign(scene: Scene, opened: Any) -> None:
    scene.scans(70)
    said = text_of(opened("engineer", "unit", unit="M201"))
    for text in ("Balances", "90.0 kg/h · 90.0 kg/h", "100 %", "≤ 108 %", "12.0 kg", "≤ 30 kg", "Normal at this feed"):
        assert text in said
    assert "reached in" not in said


def test_what_gathers_is_told_with_the_time_that_is_left(scene: Scene, opened: Any) -> None:
    scene.scans(70)
    scene.scans(60, {"FI-204": 80.0, "FI-205": 20.0})
    said = text_of(opened("engineer", "unit", unit="M201"))
    assert "In less out" in said
    assert "reached in" in said
    assert "进料减出料" in text_of(opened("engineer", "unit", language="zh", unit="M201"))


def test_what_is_not_known_says_so_and_a_stopped_unit_says_that_it_is_stopped(scene: Scene, opened: Any) -> None:
    scene.scans(70)
    scene.bad.add("FI-204")
    scene.scans(3)
    assert "not known: an input is missing" in text_of(opened("engineer", "unit", unit="M201"))
    scene.bad.clear()
    scene.scans(3, {"XA-200": 0.0})
    said = text_of(opened("engineer", "unit", unit="M201"))
    assert "The unit does not run" in said
    assert "not known" not in said


def test_a_conveyor_shows_drive_and_temperature_and_no_mass_balance(scene: Scene, opened: Any) -> None:
    scene.scans(3, {"II-121": 17.0, "FI-122": 80.0})
    said = text_of(opened("engineer", "unit", unit="C101"))
    assert "142 %" in said
    assert "discharge 80.0 kg/h" in said
    assert "In less out" not in said
