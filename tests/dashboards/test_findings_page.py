"""A finding on the pages: what moved, what it may be, what was like it; an engineer judges it, a scan decides."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from dashboard_scene import Scene, text_of
from streamlit.testing.v1 import AppTest

from plantsafe.checks.warm_up import WARM_UP_SCANS
from plantsafe.request import RequestKind
from plantsafe.store.inbox import InboxReader
from plantsafe.store.record import RecordReader

Open = Callable[..., AppTest]
POINTS = ("FI-203", "FT-203A", "FT-203B", "TI-206", "PDI-201")


def coolant_lost(scene: Scene, times: int = 1) -> None:
    """M201 runs quietly for its warm-up, then its coolant flow falls a little, `times` over."""
    dice = np.random.default_rng(4)
    at_rest = {name: scene.values[name] for name in POINTS}
    span = {p.name: p.range[1] - p.range[0] for p in scene.plant.file.points}

    def live(scans: int, shift: dict[str, float]) -> None:
        for _ in range(scans):
            noise = {name: 0.002 * span[name] * dice.normal() for name in POINTS}
            scene.scan({name: at_rest[name] + noise[name] + shift.get(name, 0.0) * span[name] for name in POINTS})

    live(WARM_UP_SCANS + 5, {})
    for _ in range(times):
        live(120, {"FI-203": -0.07, "FT-203A": -0.07, "FT-203B": -0.07})
        if times > 1:
            live(400, {})
    if times > 1:
        live(120, {"FI-203": -0.07, "FT-203A": -0.07, "FT-203B": -0.07})


@pytest.fixture
def found(scene: Scene) -> Scene:
    coolant_lost(scene)
    return scene


@pytest.mark.parametrize(
    ("language", "cause", "check"),
    [("en", "Less coolant flows", "Coolant pump"), ("zh", "冷却剂流量下降", "检查冷却泵")],
)
def test_a_finding_says_what_moved_first_and_what_it_may_be(
    found: Scene, opened: Open, language: str, cause: str, check: str
) -> None:
    text = text_of(opened("engineer", "alarms", language=language))
    assert "FI-203" in text
    assert cause in text
    assert check in text
    assert "▼" in text


def test_an_engineer_rejects_a_finding_and_the_next_scan_decides(found: Scene, opened: Open) -> None:
    page = opened("engineer", "alarms")
    judge = [button for button in page.button if (button.key or "").startswith("judge-")]
    occurrence = judge[-1].key.removeprefix("judge-")
    judge[-1].click().run()
    key = f"finding-{occurrence}"
    page.text_input(key=f"{key}-comment").input("flow was throttled for a test").run()
    page.button(key=f"{key}-reject").click().run()
    asked = [entry.request for entry in InboxReader(found.folder).after(0)][-1]
    assert (asked.kind, str(asked.occurrence)) == (RequestKind.REJECT_FINDING, occurrence)
    found.scan()
    with RecordReader(found.folder) as reader:
        (event,) = reader.events(kinds=("finding_rejected",))
    assert json.loads(event.body)["comment"] == "flow was throttled for a test"
    assert "flow was throttled for a test" in text_of(opened("engineer", "alarms"))


def test_an_operator_sees_the_explanation_and_no_button_to_judge(found: Scene, opened: Open) -> None:
    page = opened("operator", "alarms")
    assert "Less coolant flows" in text_of(page)
    assert not [button for button in page.button if (button.key or "").startswith("judge-")]
