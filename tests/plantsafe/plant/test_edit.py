"""Values changed in the text of a plant file: only their own bytes differ."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from plantsafe.errors import PlantFileError
from plantsafe.plant import load_plant
from plantsafe.plant.edit import Place, Scalar, edit_file, set_values

DEMO = Path(__file__).resolve().parents[3] / "simulation" / "plants" / "demo.yaml"

FLOW = """# limits, reviewed
alarms:
  - {name: TI-101.HH, limit: 70, on: true, "note": 'as "built"'}   # do not touch
  - {name: TI-101.H,   limit:  67.0 , on: no, note: "a \\"b\\" 硝化"}

  # the last one
  - { note: plain words, limit: 6e1, name: FI-1.L, on: off }
"""
BLOCK = """alarms:   # limits
- name: TI-101.HH
  # why: HAZOP
  limit: 70  # °C
  on: true
  note: 'as "built"'
- limit: "67.0"

  on: no
  name: TI-101.H
  note:
    words over
    two lines
-   name: FI-1.L
    note: "a \\"b\\" 硝化"
    limit:
      60
    on: off
"""
NAMES = ("TI-101.HH", "TI-101.H", "FI-1.L")
NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _entries(text: str) -> list[dict[str, object]]:
    return [dict(entry) for entry in YAML(typ="safe", pure=True).load(text)["alarms"]]


@given(
    text=st.sampled_from([FLOW, BLOCK, FLOW.replace("\n", "\r\n"), BLOCK.replace("\n", "\r\n")]),
    row=st.integers(0, 2),
    change=st.one_of(
        st.tuples(st.just("limit"), NUMBERS), st.tuples(st.just("note"), TEXTS), st.tuples(st.just("on"), st.booleans())
    ),
)
def test_only_the_bytes_of_the_changed_scalar_differ(text: str, row: int, change: tuple[str, Scalar]) -> None:
    field, value = change
    before = _entries(text)
    old = before[row][field]
    changed = set_values(text, {("alarms", NAMES[row], field): value})

    after = _entries(changed)
    assert [{**entry, field: None} if i == row else entry for i, entry in enumerate(after)] == [
        {**entry, field: None} if i == row else entry for i, entry in enumerate(before)
    ]
    new = after[row][field]
    if isinstance(value, bool):
        assert str(new).lower() == str(value).lower()
    elif isinstance(value, str):
        assert new == value
    else:
        assert float(str(new)) == pytest.approx(value, rel=1e-15, abs=0)

    head = 0
    while head < min(len(text), len(changed)) and text[head] == changed[head]:
        head += 1
    tail = 0
    while tail < min(len(text), len(changed)) - head and text[-1 - tail] == changed[-1 - tail]:
        tail += 1
    removed = text[head : len(text) - tail]
    assert "\n  #" not in removed
    assert "name" not in removed
    assert len(removed) <= len(json.dumps(old)) + 12


@given(value=NUMBERS)
def test_what_is_changed_and_changed_back_is_the_same_text(value: float) -> None:
    there = set_values(FLOW, {("alarms", "TI-101.HH", "limit"): value})
    assert set_values(there, {("alarms", "TI-101.HH", "limit"): 70}) == FLOW


def test_several_changes_in_one_go_keep_the_rest() -> None:
    changed = set_values(FLOW, {("alarms", "FI-1.L", "limit"): 61, ("alarms", "TI-101.HH", "limit"): 71.5})
    assert changed == FLOW.replace("limit: 70", "limit: 71.5").replace("limit: 6e1", "limit: 61")


def test_changes_of_the_demo_plant_are_those_changes_alone(tmp_path: Path) -> None:
    steps: list[tuple[Place, Scalar, str, str]] = [
        (("alarms", "TI-101.H", "limit"), 68, "direction: H, limit: 67,", "direction: H, limit: 68,"),
        (("functions", "SIF-101", "setpoint"), 72.5, "    setpoint: 73\n", "    setpoint: 72.5\n"),
        (("points", "TI-101", "range", 1), 160.0, '"°C", range: [0, 150]', '"°C", range: [0, 160]'),
        (("units", "R101", "hazard", "date"), "2025-07-01", '"2025-06-12"', '"2025-07-01"'),
        (("site", "title", "en"), "It's: a #1", "{en: Demo nitration plant,", '{en: "It\'s: a #1",'),
        (("site", "county"), "yes", "county: 上虞区", 'county: "yes"'),
        (("gas_detectors", "AI-132", "level_2"), 45, "level_1: 25, level_2: 50", "level_1: 25, level_2: 45"),
        (("functions", "SIF-101", "elements", "XV-104", "safe_value"), 0, "ZSO, safe_value: 1", "ZSO, safe_value: 0"),
    ]  # fmt: skip
    path = tmp_path / "plant.yaml"
    path.write_bytes(DEMO.read_bytes())
    edit_file(path, {place: value for place, value, _, _ in steps})
    expected = DEMO.read_text(encoding="utf-8")
    for _, _, old, new in steps:
        assert old in expected
        expected = expected.replace(old, new, 1)
    assert path.read_text(encoding="utf-8") == expected
    assert list(tmp_path.iterdir()) == [path]


def test_the_loaded_plant_differs_in_the_changed_field_only(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    path.write_bytes(DEMO.read_bytes())
    edit_file(path, {("alarms", "TI-101.H", "limit"): 68})
    before, after = (json.loads(load_plant(file).document()) for file in (DEMO, path))
    alarm = next(entry for entry in before["alarms"] if entry["name"] == "TI-101.H")
    assert alarm["limit"] == 67
    alarm["limit"] = 68
    assert before == after


@pytest.mark.parametrize(
    ("text", "place", "value", "says"),
    [
        (FLOW, ("alarms", "TI-999", "limit"), 1, "2:3|3:3"),
        (FLOW, ("alarms", "TI-101.H", "limitt"), 1, "there is no 'limitt' here"),
        (FLOW, ("alarms",), 1, "holds more than one value"),
        (FLOW, ("alarms", "TI-101.H", "limit"), float("nan"), "cannot become nan"),
        ("a: &x {b: 1}\nc: *x\n", ("c", "b"), 2, "shared by the anchor &x"),
        ("a: &x {b: 1}\nc: *x\n", ("a", "b"), 2, "shared by the anchor &x"),
        ("a: {<<: {b: 1}}\n", ("a", "b"), 2, "there is no 'b' here"),
        ("a: |\n  text\n", ("a",), "other", "several lines"),
        ("a:\nb: 1\n", ("a",), "other", "is empty"),
        ("a: [{name: x, v: 1}, {name: x, v: 2}]\n", ("a", "x", "v"), 3, "there twice"),
        ("- 1\n", (0,), 3, "does not hold a mapping"),
        ("a: [1\n", ("a", 0), 3, "is not YAML"),
    ],
)
def test_a_place_that_cannot_be_changed_alone_is_refused_with_its_line(
    text: str, place: Place, value: Scalar, says: str
) -> None:
    with pytest.raises(PlantFileError, match=says):
        set_values(text, {place: value})


def test_every_refused_place_is_named_at_once() -> None:
    with pytest.raises(PlantFileError) as caught:
        set_values(FLOW, {("alarms", "A", "limit"): 1, ("alarms", "B", "limit"): 1})
    assert [mistake.field for mistake in caught.value.mistakes] == ["alarms.A.limit", "alarms.B.limit"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_field_that_an_entry_lacks_is_written_behind_its_last_value_on_one_line(ending: str) -> None:
    flow, block = FLOW.replace("\n", ending), BLOCK.replace("\n", ending)
    changed = set_values(
        flow, {("alarms", "TI-101.H", "limit"): 68.0}, added={("alarms", "TI-101.HH", "off_delay_s"): 60}
    )
    assert changed == flow.replace("'as \"built\"'}", "'as \"built\"', off_delay_s: 60}").replace(" 67.0 ", " 68.0 ")
    changed = set_values(block, {}, added={("alarms", "TI-101.HH", "off_delay_s"): 60})
    assert changed == block.replace(f"'as \"built\"'{ending}", f"'as \"built\"'{ending}  off_delay_s: 60{ending}")
    changed = set_values(block, {}, added={("alarms", "FI-1.L", "delay"): 1.5})
    assert changed == block.replace(f"on: off{ending}", f"on: off{ending}    delay: 1.5{ending}")


def test_a_field_that_is_there_is_not_added() -> None:
    with pytest.raises(PlantFileError, match="has 'limit' already"):
        set_values(FLOW, {}, added={("alarms", "TI-101.H", "limit"): 1})
