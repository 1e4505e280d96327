"""Shipped scenarios are green, and a protective function that was made worse turns its verdict red."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from plantsafe.errors import ScenarioError
from plantsafe.plant import Plant, load_plant
from simulation.runner import Outcome, Task, judge, run_all, run_file
from simulation.scenario import SHIPPED, Scenario, load_scenario
from simulation.scenario_file import InjectedFault

DEMO = SHIPPED.parent / "plants" / "demo.yaml"


def wrong_lines(outcome: Outcome) -> set[tuple[str, str]]:
    return {(line.key, line.subject) for line in outcome.lines if not line.holds}


LONG_S = 2_700  # plant seconds: beyond, a scenario with its twin takes most of 20 s


def marked(path: Path) -> object:
    """A shipped scenario as a test's parameter; a long one is among the long tests."""
    tree = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    lived_s = tree["duration_s"] + tree.get("warm_s", 3_600) / 4
    return pytest.param(path, id=path.stem, marks=[pytest.mark.long] if lived_s > LONG_S else [])


@pytest.mark.parametrize("path", [marked(path) for path in sorted(SHIPPED.glob("*.yaml"))])
def test_a_shipped_scenario_is_green(path: Path) -> None:
    outcome = run_file(path)
    assert outcome.green, outcome.report


def test_every_function_of_the_demo_plant_has_a_scenario_whose_unprotected_twin_comes_to_harm() -> None:
    files = [load_scenario(path).file for path in SHIPPED.glob("*.yaml")]
    lossy = [file for file in files if file.loss is not None and file.loss.unprotected == "crosses"]
    with_teeth = {one.function for file in lossy for one in file.act}
    assert with_teeth == {function.name for function in load_plant(DEMO).file.functions}


def test_every_shipped_scenario_stands_in_the_reference() -> None:
    page = (SHIPPED.parents[1] / "docs" / "reference" / "scenarios.md").read_text(encoding="utf-8")
    assert [path.stem for path in SHIPPED.glob("*.yaml") if f"`{path.stem}`" not in page] == []


def shipped(name: str, *, duration_s: float, faults: tuple[InjectedFault, ...] = ()) -> Scenario:
    """A shipped scenario with further faults from its beginning, shorter and without its twin."""
    whole = load_scenario(SHIPPED / f"{name}.yaml")
    after = {"after": whole.file.faults[0].name}
    changed = {
        "faults": (*whole.file.faults, *faults),
        "raises": tuple(one.model_copy(update=after) for one in whole.file.raises),
        "act": tuple(one.model_copy(update=after) for one in whole.file.act),
        "loss": None,
        "duration_s": duration_s,
    }
    return Scenario(
        name=name, file=whole.file.model_copy(update=changed), plant=whole.plant, plant_path=whole.plant_path
    )


def bypass(point: str) -> InjectedFault:
    return InjectedFault(name="sis_bypass_left_on", at_s=0, point=point)


def worse(*faults: InjectedFault) -> Outcome:
    return judge(shipped("sb_agitator_stop", duration_s=120, faults=faults))


def test_the_agitator_function_is_green_before_anything_is_made_worse() -> None:
    assert judge(shipped("sb_agitator_stop", duration_s=120)).green


def test_a_slowed_valve_turns_the_verdict_of_its_function_red() -> None:
    outcome = worse(InjectedFault(name="sif_valve_slow", at_s=0))
    assert ("response", "SIF-102") in wrong_lines(outcome), outcome.report
    assert ("trips", "SIF-102") not in wrong_lines(outcome)


def test_a_stuck_valve_turns_the_verdict_of_its_function_red() -> None:
    outcome = worse(InjectedFault(name="sif_valve_stuck", at_s=0))
    assert wrong_lines(outcome) >= {("safe", "SIF-102"), ("no_failure", "SIF-102")}, outcome.report


def test_bypasses_left_on_turn_the_verdict_of_their_function_red() -> None:
    one = worse(bypass("ST-101A"))
    assert one.green, one.report
    both = worse(bypass("ST-101A"), bypass("ST-101B"))
    assert wrong_lines(both) >= {("trips", "SIF-102"), ("safe", "SIF-102")}, both.report


@pytest.fixture
def widened(tmp_path: Path) -> Plant:
    """The demo plant with the agitator function's setpoint lowered from 80 to 10 rpm, in the SIS and in its file."""
    text = DEMO.read_text(encoding="utf-8")
    before = "    direction: L\n    setpoint: 80\n"  # that of R101 stands first, R102 has the same
    assert text.count(before) == 2
    path = tmp_path / "demo.yaml"
    path.write_text(text.replace(before, "    direction: L\n    setpoint: 10\n", 1), encoding="utf-8")
    return load_plant(path)


def test_a_widened_setpoint_turns_the_verdict_of_its_function_red(widened: Plant) -> None:
    narrow = shipped("sb_agitator_stop", duration_s=120)
    within = narrow.file.model_copy(update={"act": (narrow.file.act[0].model_copy(update={"within_s": 8}),)})
    scenario = Scenario(name="narrow", file=within, plant=narrow.plant, plant_path=narrow.plant_path)
    assert judge(scenario).green
    outcome = judge(Scenario(name="widened", file=within, plant=widened, plant_path=narrow.plant_path))
    assert wrong_lines(outcome) >= {("trips", "SIF-102"), ("safe", "SIF-102")}, outcome.report


def test_the_same_seed_gives_identical_bytes_and_another_seed_others() -> None:
    scenario = shipped("micro_coolant_loss", duration_s=200)
    first, again, other = judge(scenario), judge(scenario), judge(scenario, seed=2)
    assert first.protected.digest == again.protected.digest
    assert first.protected.events == again.protected.events
    assert first.protected.digest != other.protected.digest
    assert judge(scenario, seed=2).protected.digest == other.protected.digest
    assert other.protected.drawn.kinetics != 1.0


def test_tasks_in_two_processes_give_what_one_gives() -> None:
    path = SHIPPED / "micro_coolant_loss.yaml"
    tasks = [Task(path=path, seed=seed) for seed in (1, 2)]
    seen: list[Outcome] = []
    outcomes = run_all(tasks, 2, seen.append)
    assert [outcome.protected.seed for outcome in outcomes] == [1, 2]
    assert len(seen) == 2
    assert outcomes[1].protected.digest == run_file(path, 2).protected.digest


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "wrong.yaml"
        path.write_text(text.replace("DEMO", str(DEMO)), encoding="utf-8")
        return path

    return write


WRONG = """\
title: {en: Wrong, zh: 错}
plant: DEMO
duration_s: 100
faults:
  - {name: sb_coolingloss, at_s: 10}
  - {name: sensor_stuck, at_s: 200, point: TT-101X}
  - {name: sb_agitator_stop, at_s: 20, point: TT-101A}
raises:
  - {condition: TI-101.HHH, within_s: 20}
act:
  - {function: SIF-1O1, within_s: 500, safe: {quantity: r101.dosing}}
events:
  - {kind: alarm_rised, within_s: 5, after: nothing}
loss: {quantity: r101.temperature, limit: 97, unprotected: crosses}
"""


def test_every_mistake_of_a_scenario_is_named_with_its_line_and_what_would_mend_it(
    written: Callable[[str], Path],
) -> None:
    with pytest.raises(ScenarioError) as of_the_form:
        load_scenario(written(WRONG))
    assert [(m.line, m.wrong) for m in of_the_form.value.mistakes] == [
        (11, "one bound is needed; give either at_most or at_least")
    ]
    with pytest.raises(ScenarioError) as of_the_names:
        load_scenario(written(WRONG.replace("r101.dosing}", "r101.dose_kgh, at_most: 5}")))
    found = {(m.line, m.field): m.mend for m in of_the_names.value.mistakes}
    assert found[5, "faults.sb_coolingloss.name"] == "did you mean 'sb_cooling_loss'?"
    assert found[6, "faults.sensor_stuck.at_s"] == "let it begin earlier, or run for longer"
    assert found[6, "faults.sensor_stuck.point"].startswith("did you mean 'TT-101")
    assert found[7, "faults.sb_agitator_stop.point"] == "leave the point out"
    assert found[9, "raises.0.condition"] == "did you mean 'TI-101.HH'?"
    assert found[11, "act.0.function"].startswith("did you mean 'SIF-1")
    assert found[11, "act.0.safe.quantity"] == "did you mean 'r101.dose_kg_h'?"
    assert found[11, "act.0.within_s"] == "run for longer, or ask for it earlier"
    assert found[13, "events.0.kind"] == "did you mean 'alarm_raised'?"
    assert (13, "events.0.after") in found
    assert (14, "loss.quantity") in found


def test_the_late_trip_heats_as_the_model_says() -> None:
    """The demand is seen and not answered: the tank goes on heating until the dosing is cut after half an hour."""
    outcome = judge(load_scenario(SHIPPED / "sb_cooling_loss_late_trip.yaml"))
    assert outcome.protected.first(("failure_on_demand",), "SIF-101") is not None
