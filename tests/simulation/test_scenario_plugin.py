"""A plant's own repository: the pytest fixture, and the examples of the how-to page."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from typer.main import get_command

from plantsafe.cli import app
from simulation.scenario import SHIPPED, load_scenario

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "scenarios-in-ci.md"


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_a_repository_asserts_on_a_scenario_in_three_lines(tmp_path: Path) -> None:
    (example,) = examples("python")
    assert len(example.strip().splitlines()) == 3
    text = (SHIPPED / "micro_coolant_loss.yaml").read_text(encoding="utf-8")
    text = re.sub(r"duration_s: \d+", "duration_s: 240", text.replace("../plants", str(SHIPPED.parent / "plants")))
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "agitator.yaml").write_text(text, encoding="utf-8")
    slow = re.sub(r"within_s: \d+", "within_s: 1", text)
    (tmp_path / "scenarios" / "slow.yaml").write_text(slow, encoding="utf-8")
    red = example.replace("agitator", "slow")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_plant.py").write_text(f"{example}\n\n{red}", encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "1 failed, 1 passed" in ran.stdout, ran.stdout
    assert "SIF-301 trips within 1 s: after 2 s by the record" in ran.stdout


def test_the_scenario_of_the_page_can_be_run(tmp_path: Path) -> None:
    text = next(text for text in examples("yaml") if text.startswith("title:"))
    path = tmp_path / "example.yaml"
    path.write_text(text.replace("../plant.yaml", str(SHIPPED.parent / "plants" / "demo.yaml")), encoding="utf-8")
    assert load_scenario(path).file.act[0].safe is not None


def commands_of(tree: Any) -> list[str]:
    """Every text in a CI file that is a plantsafe command."""
    if isinstance(tree, dict):
        return [command for value in tree.values() for command in commands_of(value)]
    if isinstance(tree, list):
        return [command for value in tree for command in commands_of(value)]
    return [tree] if isinstance(tree, str) and tree.startswith("plantsafe ") else []


def test_the_ci_examples_are_yaml_and_call_commands_that_exist() -> None:
    trees = [YAML(typ="safe").load(text) for text in examples("yaml") if "plantsafe " in text]
    assert [sorted(map(str, tree))[0] for tree in trees] == ["jobs", "scenarios"]
    for tree in trees:
        called = commands_of(tree)
        assert len(called) == 3
        for command in called:
            parse(command)
    shells = re.findall(r"```\n(plantsafe .*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(shells) == 2
    for command in "".join(shells).strip().splitlines():
        parse(command)


def parse(command: str) -> None:
    """Let the command line read it, without running it; an unknown option or command raises."""
    node: Any = get_command(app)
    words = command.split()[1:]
    while hasattr(node, "commands"):
        node = node.commands[words.pop(0)]
    node.make_context("plantsafe", words)
