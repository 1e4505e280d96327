"""`plantsafe scenario prove` on the demo plant: what it shows is what the simulator does, and it can turn red."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plantsafe.cli import app
from simulation.proof.demonstration import Standing, Why, demonstrate
from simulation.proof.run import prove
from simulation.runner import wanted_of
from simulation.scenario import SHIPPED, Scenario, load_scenario
from simulation.trial.variation import NOMINAL
from simulation.trial.virtual import run_alone

DEMO = SHIPPED.parent / "plants" / "demo.yaml"
TODAY = date(2026, 3, 31)
WARM_S = 300  # the continuous lines are at rest by then


@pytest.fixture(scope="module")
def single_feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped accident of a stopped pump, with a shorter life before it."""
    text = (SHIPPED / "micro_single_feed.yaml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("scenarios") / "micro_single_feed.yaml"
    path.write_text(text.replace("../plants/demo.yaml", str(DEMO)) + f"\nwarm_s: {WARM_S}\n", encoding="utf-8")
    return path


def lost(scenario: Scenario, from_s: float, n_scans: int) -> bool:
    """Whether the loss comes when SIF-303 alone begins to act at that second."""
    trace = run_alone(
        scenario, wanted_of(scenario), seed=1, drawn=NOMINAL, function="SIF-303", from_s=from_s, n_scans=n_scans
    )
    return trace.lost_s is not None


def test_the_point_of_no_return_is_where_trying_every_second_finds_it(single_feed: Path) -> None:
    scenario = load_scenario(single_feed)
    function = next(one for one in scenario.plant.file.functions if one.name == "SIF-303")
    shown = demonstrate(scenario, function)
    assert shown.standing is Standing.PROVED
    assert shown.no_return_s is not None
    assert shown.lost_s is not None
    onset_s = scenario.onset_s()
    n_scans = int(onset_s + shown.lost_s) + 300
    seconds = range(round(shown.no_return_s) - 1, round(shown.lost_s) + 1)
    tried = {s: lost(scenario, onset_s + s, n_scans) for s in seconds}
    last = max(s for s, is_lost in tried.items() if not is_lost)
    assert last == shown.no_return_s
    assert all(is_lost == (s > last) for s, is_lost in tried.items())


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The demo plant with a line of SIF-303 changed."""
    text = DEMO.read_text(encoding="utf-8")
    begin = text.index("  - name: SIF-303")
    at = text.index(old, begin)
    path = tmp_path / "changed.yaml"
    path.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
    return path


def test_a_vote_that_the_accident_does_not_reach_turns_its_function_red(single_feed: Path, tmp_path: Path) -> None:
    plant = changed(tmp_path, "vote: 1", "vote: 2")
    proof = prove(plant, [single_feed], day=TODAY, only=["SIF-303"])
    (claim,) = proof.functions
    assert (claim.standing, claim.why) == (Standing.RED, Why.NO_DEMAND)
    assert [row.standing for row in proof.rows] == [Standing.RED]


def test_a_specified_response_longer_than_half_of_the_available_time_is_red(single_feed: Path, tmp_path: Path) -> None:
    plant = changed(tmp_path, "response_s: 5", "response_s: 50")
    (claim,) = prove(plant, [single_feed], day=TODAY, only=["SIF-303"]).functions
    assert claim.why is Why.LOOSE_SPECIFICATION


def test_the_command_says_it_in_text_json_and_html_and_by_its_exit_status(single_feed: Path, tmp_path: Path) -> None:
    html, report = tmp_path / "proof.html", tmp_path / "proof.json"
    common = ["scenario", "prove", str(DEMO), "--scenarios", str(single_feed), "--jobs", "1"]
    good = CliRunner().invoke(app, [*common, "--function", "SIF-303", "--html", str(html), "--json", str(report)])
    assert good.exit_code == 0, good.output
    assert "PROVED" in good.output
    document = json.loads(report.read_text(encoding="utf-8"))
    assert [(one["name"], one["standing"]) for one in document["functions"]] == [("SIF-303", "proved")]
    assert document["functions"][0]["times_s"]["available"] > 0
    page = html.read_text(encoding="utf-8")
    assert "SIF-303" in page
    assert "无可挽回点" in page
    missing = CliRunner().invoke(app, [*common, "--function", "SIF-302", "--language", "zh"])
    assert missing.exit_code == 1
    assert "未证明" in missing.output


def test_a_waiver_of_the_plant_file_passes_until_its_day(single_feed: Path, tmp_path: Path) -> None:
    waiver = "unproved: {reason: Drive not modelled, until: 2026-06-30, approved_by: Chen}\n    setpoint: 60"
    plant = changed(tmp_path, "setpoint: 60", waiver)
    text = plant.read_text(encoding="utf-8").replace(
        "    function: SIF-303\n", "    function: SIF-303\n    " + waiver.partition("\n")[0] + "\n"
    )
    plant.write_text(text, encoding="utf-8")
    other = SHIPPED / "occupancy_breach.yaml"
    common = ["scenario", "prove", str(plant), "--scenarios", str(other), "--function", "SIF-303", "--jobs", "1"]
    within = CliRunner().invoke(app, [*common, "--date", "2026-06-30"])
    assert (within.exit_code, "WAIVED" in within.output) == (0, True), within.output
    after = CliRunner().invoke(app, [*common, "--date", "2026-07-01"])
    assert (after.exit_code, "waiver ended" in after.output) == (1, True), after.output


def test_a_wrong_name_is_told_with_what_there_is(single_feed: Path) -> None:
    wrong = CliRunner().invoke(app, ["scenario", "prove", str(DEMO), "--function", "SIF-3O3"])
    assert wrong.exit_code == 1
    assert "SIF-303" in str(wrong.exception)


@pytest.mark.long
def test_every_function_and_row_of_the_demo_plant_is_proved() -> None:
    proof = prove(DEMO, sorted(SHIPPED.glob("*.yaml")), day=TODAY, jobs=2)
    wrong = [(claim.name, claim.standing, claim.why) for claim in (*proof.functions, *proof.rows) if not claim.holds]
    assert wrong == []
    assert {claim.standing for claim in (*proof.functions, *proof.rows)} == {Standing.PROVED}
