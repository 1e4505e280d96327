"""Packs: rows with basis and status, and what a plant file gives for them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import simulation
from plantsafe.cli import app
from plantsafe.errors import PlantFileError
from plantsafe.plant import load_plant
from plantsafe.plant.packs import coverage, load_packs

DEMO = Path(simulation.__file__).parent / "plants" / "demo.yaml"


def test_nitration_has_its_seven_requirements_and_continuous_flow_its_seven() -> None:
    assert {pack.key: len(pack.requirements) for pack in load_packs()} == {"nitration": 7, "continuous_flow": 7}
    assert all(row.status in ("text_seen", "site_default") for pack in load_packs() for row in pack.requirements)


def test_the_tanks_of_the_demo_plant_meet_all_of_nitration_and_its_lines_all_that_applies_to_them() -> None:
    rows = list(coverage(load_plant(DEMO).file))
    tanks = [row for row in rows if row.pack.key == "nitration"]
    assert {row.unit.name for row in tanks} == {"R101", "R102"}
    assert all(row.met for row in tanks)
    assert [row.requirement.key for row in rows if row.lacking] == []
    apart = {(row.unit.name, row.requirement.key) for row in rows if not row.met}
    assert apart == {("H302", "inlet_temperatures"), *((unit, "conveyors") for unit in ("M201", "T301", "H302"))}


def test_what_does_not_apply_is_told_with_its_reason_and_not_counted_as_met() -> None:
    told = CliRunner().invoke(app, ["plant", "coverage", str(DEMO)])
    assert told.exit_code == 0
    assert "-- Conveyors: current, temperature, discharge [site_default]: not applicable: The product is" in told.output
    assert told.output.splitlines()[-1] == "31/31, 4 not applicable"


def test_a_finding_of_its_own_line_stands_for_a_row_and_that_of_another_unit_does_not(tmp_path: Path) -> None:
    path = changed(tmp_path, "[M201.mass_balance, M201.missing_mass]", "[]")
    told = CliRunner().invoke(app, ["plant", "coverage", str(path)])
    assert told.exit_code == 1
    assert "NO Mass balance in and out [site_default]: - (0/1)" in told.output
    with pytest.raises(PlantFileError, match=r"there is no 'T301\.mass_balance'"):
        load_plant(changed(tmp_path, "[M201.mass_balance, M201.missing_mass]", "[T301.mass_balance]"))


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = DEMO.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "changed.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_a_row_that_is_left_out_or_given_by_the_wrong_kind_is_missing(tmp_path: Path) -> None:
    path = changed(tmp_path, "      agitation_interlock: [CE-102]\n", "      agitation_interlock: [SI-101.L]\n")
    told = CliRunner().invoke(app, ["plant", "coverage", str(path)])
    assert told.exit_code == 1
    assert "NO Steady agitation and its interlock [text_seen]: - (0/1)" in told.output
    assert "ok Relief system [text_seen]: RD-101" in told.output
    assert (
        "搅拌的稳定控制和联锁系统"
        in CliRunner().invoke(app, ["plant", "coverage", str(path), "--language", "zh"]).output
    )


def test_a_misspelt_requirement_or_name_is_a_mistake_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(PlantFileError, match="did you mean 'relief'"):
        load_plant(changed(tmp_path, "      relief: [RD-101]", "      relieve: [RD-101]"))
    with pytest.raises(PlantFileError, match="there is no 'RD-1O1'"):
        load_plant(changed(tmp_path, "      relief: [RD-101]", "      relief: [RD-1O1]"))
