"""The plant file: every mistake with its place and its mend."""

from pathlib import Path

import pytest

from plantsafe.errors import PlantFileError
from plantsafe.plant import load_plant, plant_of_document

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "simulation" / "plants" / "demo.yaml"


def _mistakes(tmp_path: Path, old: str, new: str) -> PlantFileError:
    text = DEMO.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "plant.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PlantFileError) as caught:
        load_plant(path)
    return caught.value


def test_the_demo_plant_loads_and_its_hash_is_of_its_meaning(tmp_path: Path) -> None:
    plant = load_plant(DEMO)
    commented = tmp_path / "plant.yaml"
    commented.write_text("# a remark\n" + DEMO.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_plant(commented).hash == plant.hash
    assert plant_of_document(plant.document()).hash == plant.hash


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    error = _mistakes(tmp_path, "deadband:", "deadbandd:")
    assert any("did you mean 'deadband'?" in mistake.mend for mistake in error.mistakes)
    assert all(mistake.line > 1 for mistake in error.mistakes)


def test_a_reference_to_nothing_names_the_nearest(tmp_path: Path) -> None:
    error = _mistakes(tmp_path, "heartbeat: ", "heartbeat: X")
    assert any("did you mean" in mistake.mend for mistake in error.mistakes)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PlantFileError, match="cannot be read"):
        load_plant(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "text", ["", "[1, 2", "a: b: c", "- 1", "schema: 1", "\x00", "schema: !!python/object:os.system {}"]
)
def test_text_that_is_no_plant_gives_mistakes_and_no_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PlantFileError):
        load_plant(path)
