"""The safe operating windows on the page of a unit: what the phase asks, what is outside, and for how long."""

from typing import Any

from dashboard_scene import Scene, text_of


def _row(page: Any, point: str) -> str:
    """The line of a point in the table of the windows."""
    table = next(part for part in text_of(page).split("<table") if "Safe window" in part or "安全窗口" in part)
    return next(line for line in table.split("<tr>") if f"{point} <" in line)


def test_a_value_outside_its_window_stands_with_the_minutes_outside(scene: Scene, opened: Any) -> None:
    scene.scans(10)
    scene.scans(70, {"TI-101": 68.0})
    page = opened("operator", "unit", unit="R101")
    assert "Safe operating windows" in text_of(page)
    assert "<b>Dose</b>" in text_of(page)
    assert "its beginning was not seen" in text_of(page)
    told = _row(page, "TI-101")
    assert "53 … 67 °C" in told
    assert "58 … 65 °C" in told
    assert "<b>above the window</b>" in told
    assert told.count("1 min 10 s") == 3  # phase, batch, day
    assert "inside" in _row(page, "SI-101")
    assert "no window in this phase" in _row(page, "LI-101")
    scene.scans(1, {"PH-101": 4.0})
    page.run()
    assert "<b>React out</b>" in text_of(page)
    assert _row(page, "TI-101").count("1 min 11 s") == 2  # in the batch and today; the new phase has a second
    assert "≤ 67 °C" in _row(page, "TI-101")


def test_what_cannot_be_judged_is_never_inside_in_chinese_too(scene: Scene, opened: Any) -> None:
    scene.scans(10)
    scene.bad.add("TI-101")
    scene.scans(5)
    page = opened("operator", "unit", unit="R101", language="zh")
    assert "未判断" in _row(page, "TI-101")
    assert "(? 5 s)" in _row(page, "TI-101")
    scene.bad.add("PH-101")
    scene.scans(5)
    page.run()
    assert "当前阶段未知" in text_of(page)
    assert "未判断" in _row(page, "SI-101")
    assert "窗口内" not in _row(page, "SI-101")


def test_a_unit_without_windows_has_no_such_table(scene: Scene, opened: Any) -> None:
    scene.scan()
    assert "Safe operating windows" not in text_of(opened("operator", "unit", unit="T301"))
