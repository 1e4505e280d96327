"""What a run of scenarios leaves for people and for CI: HTML in two languages, JUnit, JSON, exit status."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plantsafe.cli import app
from plantsafe.cli.scenario import seeds_of
from plantsafe.errors import PlantsafeError
from simulation.runner import Outcome, Task, run_all
from simulation.scenario import SHIPPED
from simulation.trial.html import as_html

STATEMENT = "It never verifies the installed safety system"


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    path = SHIPPED / "micro_coolant_loss.yaml"
    return run_all([Task(path=path), Task(path=path, seed=2)], jobs=1)


def test_html_is_one_file_with_both_languages_the_curves_and_the_statement(outcomes: list[Outcome]) -> None:
    page = as_html(outcomes)
    assert STATEMENT in page
    assert "不构成对已安装安全系统的验证" in page
    assert len(re.findall('class="en"', page)) == len(re.findall('class="zh"', page))
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert "<script" not in page
    assert page.count("<path") >= 2
    for word in (
        "fault",
        "safe state 3 s",
        "trip 2 s",
        "setpoint 1.8",
        "Range of validity",
        outcomes[0].protected.digest[:16],
    ):
        assert word in page


def test_html_says_what_the_scenario_file_says_without_letting_it_write_html(outcomes: list[Outcome]) -> None:
    first = outcomes[0]
    title = first.file.title.model_copy(update={"en": "<b>&"})
    page = as_html([replace(first, file=first.file.model_copy(update={"title": title}))])
    assert "&lt;b&gt;&amp;" in page
    assert "<b>&" not in page


def test_the_command_writes_all_reports_and_ends_with_the_statement(tmp_path: Path) -> None:
    files = {name: tmp_path / f"report.{name}" for name in ("junit", "html", "json")}
    options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    ran = CliRunner().invoke(app, ["scenario", "run", "gas_leak_no2", "--seeds", "3", "--jobs", "1", *options])
    assert ran.exit_code == 0, ran.output
    assert STATEMENT in ran.output.splitlines()[-1]
    document = json.loads(files["json"].read_text(encoding="utf-8"))
    assert [entry["seed"] for entry in document["scenarios"]] == [3]
    assert document["scenarios"][0]["times"]["safe_s"] is not None
    suite = ET.parse(files["junit"]).getroot().find("testsuite")  # noqa: S314  written by ourselves
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert files["html"].stat().st_size < 300_000


def test_a_red_verdict_ends_with_1_and_an_invalid_file_with_2_and_its_line(tmp_path: Path) -> None:
    text = (SHIPPED / "gas_leak_no2.yaml").read_text(encoding="utf-8")
    text = text.replace("../plants", str(SHIPPED.parent / "plants")).replace("duration_s: 600", "duration_s: 120")
    red, wrong = tmp_path / "red.yaml", tmp_path / "wrong.yaml"
    red.write_text(text.replace("within_s: 60", "within_s: 9"), encoding="utf-8")
    wrong.write_text(text.replace("gas_leak_no2", "gas_leak_no3"), encoding="utf-8")
    ran = CliRunner().invoke(app, ["scenario", "run", str(red), "--jobs", "1", "--junit", str(tmp_path / "red.xml")])
    assert ran.exit_code == 1, ran.output
    assert "RED" in ran.output
    assert "<failure" in (tmp_path / "red.xml").read_text(encoding="utf-8")
    ran = CliRunner().invoke(app, ["scenario", "run", str(wrong)])
    assert ran.exit_code == 2
    line = 1 + next(i for i, row in enumerate(wrong.read_text(encoding="utf-8").splitlines()) if "gas_leak_no3" in row)
    assert f"{wrong}:{line}:" in ran.output
    assert "did you mean 'gas_leak_no2'?" in ran.output
    ran = CliRunner().invoke(app, ["scenario", "run", "gas_leak"])
    assert ran.exit_code == 2
    assert "did you mean 'gas_leak_no2'?" in ran.output


def test_seeds_are_ranges_and_lists() -> None:
    assert seeds_of("1-3,7") == [1, 2, 3, 7]
    assert seeds_of("") == [None]
    for wrong in ("a", "3-1", "1-", "-3"):
        with pytest.raises(PlantsafeError, match="seed"):
            seeds_of(wrong)
