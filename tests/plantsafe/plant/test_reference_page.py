"""The reference page says what the model says, and its example uses every field."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from plantsafe.plant.load import check_plant
from plantsafe.plant.reference import reference_page
from plantsafe.plant.schema import plant_schema

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"
EXAMPLE = DOCS / "plant-example" / "plant.yaml"


def test_the_page_is_in_step_with_the_model() -> None:
    page = (DOCS / "plant-file.md").read_text(encoding="utf-8")
    assert page == reference_page(EXAMPLE), "write it anew: python -m plantsafe.plant.reference"


def test_the_example_is_good() -> None:
    assert check_plant(EXAMPLE).n_read == 50


def test_every_field_is_in_the_example() -> None:
    schema = plant_schema()
    used = set(_used(schema, schema, "", YAML(typ="safe", pure=True).load(EXAMPLE.read_text(encoding="utf-8"))))
    models = {"": schema, **schema["$defs"]}
    every = {(name, key) for name, model in models.items() if name != "Table" for key in model.get("properties", {})}
    assert len(every) > 250
    assert every - used == set()


def test_every_field_says_what_it_means() -> None:
    models = {"": plant_schema(), **plant_schema()["$defs"]}
    silent = [
        (name, key)
        for name, model in models.items()
        if name != "Table"
        for key, value in model.get("properties", {}).items()
        if not value.get("description")
    ]
    assert silent == []


def test_every_link_of_the_page_leads_somewhere() -> None:
    page = (DOCS / "plant-file.md").read_text(encoding="utf-8")
    titles = {title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", page, re.MULTILINE)}
    assert {link for link in re.findall(r"\(#([^)]*)\)", page) if link not in titles} == set()


def _used(schema: Any, model: Any, name: str, value: Any) -> Iterator[tuple[str, str]]:
    for key, inner in value.items() if isinstance(value, dict) else ():
        if (field := model.get("properties", {}).get(key)) is None:
            continue
        yield name, key
        entries = inner if isinstance(inner, list) else [inner]
        if "additionalProperties" in field:
            entries = list(inner.values())
        for of in _models(field):
            for entry in entries:
                yield from _used(schema, schema["$defs"][of], of, entry)


def _models(field: Any) -> set[str]:
    """The models that a field refers to, tables left out."""
    return set(re.findall(r"#/\$defs/(\w+)", str(field))) - {"Table"}
