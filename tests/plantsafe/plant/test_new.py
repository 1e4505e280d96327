"""A first plant file from a few answers."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.errors import PlantFileError, RequestError, StoreError
from plantsafe.plant import load_plant
from plantsafe.plant.load import check_plant
from plantsafe.plant.model import ProcessType
from plantsafe.plant.new import Answers, first_file, to_fill

ANSWERS = {"author": 'Li "Na"', "site": "shangyu", "title": "上虞: 硝化 #1", "workshop": "WS1", "unit": "R101"}


@pytest.mark.parametrize("process", [kind for kind in ProcessType if kind is not ProcessType.NITRATION_SEMIBATCH])
@pytest.mark.parametrize(
    "addresses",
    [
        {"opcua": "opc.tcp://dcs:4840", "modbus": "tcp://sis:502"},
        {"opcua": "opc.tcp://dcs:4840", "namespace": "urn:vendor:dcs"},
        {"modbus": "tcp://sis:502"},
    ],
)
def test_a_first_file_is_good_as_it_is(tmp_path: Path, process: ProcessType, addresses: dict[str, str]) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text(first_file(Answers(process=process, **ANSWERS, **addresses)), encoding="utf-8")
    plant = check_plant(path)
    assert plant.file.site.title.zh == "上虞: 硝化 #1"
    assert plant.file.author == 'Li "Na"'
    assert len(plant.file.sources) == len([key for key in addresses if key != "namespace"])


def test_a_first_nitration_says_which_parameters_it_waits_for(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    text = first_file(Answers(process=ProcessType.NITRATION_SEMIBATCH, modbus="tcp://sis:502", **ANSWERS))
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PlantFileError) as caught:
        check_plant(path)
    missing = {mistake.wrong.split()[-1] for mistake in caught.value.mistakes}
    assert "reactor_temperature" in missing
    assert all(f"#     {key}: [POINT, ...]" in text for key in missing)


def test_each_place_to_fill_in_is_named_with_its_line() -> None:
    text = first_file(Answers(process=ProcessType.UTILITY, opcua="opc.tcp://dcs:4840", **ANSWERS))
    lines = text.splitlines()
    places = to_fill(text)
    assert len(places) >= 4
    assert all(words in lines[number - 1] for number, words in places)


def test_unattended_the_command_takes_options_and_asks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    result = CliRunner().invoke(
        app,
        ["plant", "new", str(path), "--defaults", "--site", "shangyu", "--opcua", "opc.tcp://dcs:4840", "--modbus", "-",
         "--schema-file", "plant.schema.json"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "it can be used as it is" in result.output
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=plant.schema.json\n")
    assert load_plant(path).sources.names == ("DCS", "plantsafe")


def test_attended_the_command_asks_what_was_not_given(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    said = "Li Na\nshangyu\nShangyu site\nWS7\nS101\n-\ntcp://sis:502\nseparation\n"
    result = CliRunner().invoke(app, ["plant", "new", str(path)], input=said)
    assert result.exit_code == 0, result.output
    plant = load_plant(path)
    assert (plant.file.author, plant.file.units[0].name, plant.file.units[0].process) == ("Li Na", "S101", "separation")
    assert plant.sources.names == ("SIS", "plantsafe")


def test_an_answer_that_is_no_name_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    result = CliRunner().invoke(app, ["plant", "new", str(path), "--defaults", "--unit", "硝化釜"])
    assert "before it can be used" in result.output
    assert f"{path}:" in result.output


def test_no_file_is_written_over_another(tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(app, ["plant", "new", str(path), "--defaults"])
    assert isinstance(result.exception, StoreError)
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("options", "says"), [(["--process", "baking"], "no process type"), (["--opcua", "", "--modbus", "-"], "no source")]
)
def test_answers_that_cannot_be_are_refused(tmp_path: Path, options: list[str], says: str) -> None:
    result = CliRunner().invoke(app, ["plant", "new", str(tmp_path / "plant.yaml"), "--defaults", *options])
    assert isinstance(result.exception, RequestError)
    assert says in str(result.exception)
    assert list(tmp_path.iterdir()) == []
