"""What two files have in common is held once, and nothing of it changes what either of them says."""

from pathlib import Path

import pytest

from plantsafe.errors import PlantFileError
from plantsafe.plant import load_plant
from plantsafe.plant.diff import differences
from plantsafe.plant.load import check_plant
from plantsafe.plant.slim import Shared

HEAD = """schema: 1
author: test
site: {name: s, title: {en: s, zh: s}}
workshops: [{name: W, title: {en: w, zh: w}, head_count_max: 9}]
units: [{name: U, title: {en: u, zh: u}, workshop: W, process: utility}]
sources: [{name: S, title: {en: s, zh: s}, protocol: opcua, endpoint: "opc.tcp://h:4840", heartbeat: P0,
           consequence: {en: c, zh: c}, action: {en: a, zh: a}}]
points: {table: points.csv}
"""
COLUMNS = "name,title.en,title.zh,unit,source,eu,range.low,range.high,opcua.node\n"


def _plant(folder: Path, eu: dict[int, str], source: str = "S", columns: str = COLUMNS) -> Path:
    folder.mkdir()
    rows = "".join(f"P{i},same,同,U,{source},{eu.get(i, 'kPa')},-0.0,{5 + i % 2},s=P{i}\n" for i in range(2500))
    (folder / "points.csv").write_text(columns + rows, encoding="utf-8")
    (folder / "plant.yaml").write_text(HEAD, encoding="utf-8")
    return folder / "plant.yaml"


def test_rows_that_two_files_share_are_the_same_entries(tmp_path: Path) -> None:
    shared = Shared(two_files=True)
    old = load_plant(_plant(tmp_path / "old", {}), shared)
    new = check_plant(_plant(tmp_path / "new", {1200: "bar"}), shared)
    different = [i for i, (a, b) in enumerate(zip(old.file.points, new.file.points, strict=True)) if a is not b]
    assert different == [1200]
    assert [change.en for change in differences(old, new)] == ["point P1200: eu changed kPa to bar"]


def test_equal_texts_and_ranges_of_one_file_are_held_once(tmp_path: Path) -> None:
    points = load_plant(_plant(tmp_path / "one", {})).file.points
    assert len({id(point.title) for point in points}) == 1
    assert len({id(point.range) for point in points}) == 2
    assert len({id(point.__pydantic_fields_set__) for point in points}) == 1


def test_what_is_shared_does_not_change_the_hash(tmp_path: Path) -> None:
    shared = Shared(two_files=True)
    path = _plant(tmp_path / "one", {})
    text = HEAD.replace("name: s, title: {en: s, zh: s}}", "name: s, title: {en: same, zh: 同}}", 1)
    load_plant(path, shared)
    path.write_text(text, encoding="utf-8")
    assert load_plant(path, shared).hash == load_plant(path).hash


def test_a_mistake_in_the_second_file_is_told_at_its_row(tmp_path: Path) -> None:
    shared = Shared(two_files=True)
    load_plant(_plant(tmp_path / "old", {}), shared)
    with pytest.raises(PlantFileError) as caught:
        check_plant(_plant(tmp_path / "new", {1200: "bar,"}), shared)
    assert {(Path(one.file).name, one.line) for one in caught.value.mistakes} == {("points.csv", 1202)}


def test_the_same_rows_under_another_heading_are_read_anew(tmp_path: Path) -> None:
    shared = Shared(two_files=True)
    old = load_plant(_plant(tmp_path / "old", {}), shared)
    turned = COLUMNS.replace("title.en,title.zh", "title.zh,title.en")
    new = load_plant(_plant(tmp_path / "new", {}, columns=turned), shared)
    assert (old.file.points[0].title.en, new.file.points[0].title.en) == ("same", "同")
