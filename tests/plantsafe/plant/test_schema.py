"""The JSON Schema of plant files agrees with what the loader takes and refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.plant.assemble import HEAD, SECTIONS
from plantsafe.plant.schema import plant_schema

DEMO = Path(__file__).resolve().parents[3] / "simulation" / "plants" / "demo.yaml"


@pytest.fixture(scope="module")
def demo() -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(json.dumps(YAML(typ="safe", pure=True).load(DEMO.read_text(encoding="utf-8"))))
    return tree


def _wrong(schema: dict[str, Any], value: Any) -> list[str]:
    return ["/".join(map(str, error.absolute_path)) for error in Draft202012Validator(schema).iter_errors(value)]


def test_the_command_prints_a_schema_that_is_one() -> None:
    result = CliRunner().invoke(app, ["plant", "schema"])
    assert result.exit_code == 0
    schema = json.loads(result.output)
    Draft202012Validator.check_schema(schema)
    assert schema == plant_schema()


def test_the_demo_plant_is_valid(demo: dict[str, Any]) -> None:
    assert _wrong(plant_schema(), demo) == []


def test_a_key_or_a_word_that_is_wrong_is_marked_at_its_place(demo: dict[str, Any]) -> None:
    unit = demo["units"][0]
    assert _wrong(plant_schema(), {**demo, "alarmz": []}) == [""]
    assert _wrong(plant_schema(), {**demo, "units": [{**unit, "process": "baking"}]}) == ["units"]
    assert _wrong(plant_schema(), {**demo, "scan_period_s": "fast"}) == ["scan_period_s"]


def test_tables_and_included_files_are_valid(demo: dict[str, Any]) -> None:
    points = {"points": [{"table": "points.csv"}, demo["points"][0], {"table": "more.xlsx", "sheet": "DCS"}]}
    assert _wrong(plant_schema(), {**demo, **points, "include": ["ws1.yaml"]}) == []
    assert _wrong(plant_schema(), {**demo, "points": {"table": "points.csv"}}) == []
    assert _wrong(plant_schema(), {**demo, "points": {"tabel": "points.csv"}}) == ["points"]


def test_an_included_file_needs_no_head(demo: dict[str, Any]) -> None:
    assert _wrong(plant_schema(part=True), {"points": demo["points"]}) == []
    assert _wrong(plant_schema(), {"points": demo["points"]}) != []


def test_every_part_of_the_file_is_in_the_schema() -> None:
    known = {section[0] for section in SECTIONS} | {*HEAD, "include"}
    assert known == set(plant_schema()["properties"])
