"""The commands of a changed plant file, as a person types them."""

import json
from pathlib import Path

from conftest_cli import DEMO, command


def test_a_diff_in_words(tmp_path: Path) -> None:
    changed = tmp_path / "plant.yaml"
    text = DEMO.read_text(encoding="utf-8")
    changed.write_text(text.replace("direction: HH, limit: 70,", "direction: HH, limit: 71,", 1), encoding="utf-8")
    result = command("check", "--diff", str(DEMO), str(changed))
    assert result.returncode == 0, result.stderr
    assert "alarm TI-101.HH: limit raised 70 to 71 °C" in result.stdout
    assert "1 change; needs approval" in result.stdout
    assert "共 1 处变更，须经批准" in command("check", "--diff", str(DEMO), str(changed), "--language", "zh").stdout
    told = json.loads(command("check", "--diff", str(DEMO), str(changed), "--format", "json").stdout)
    assert [(one["name"], one["field"], one["old"], one["new"]) for one in told["changes"]] == [
        ("TI-101.HH", "limit", 70.0, 71.0)
    ]
    assert "nothing changed" in command("check", "--diff", str(DEMO), str(DEMO)).stdout


def test_a_diff_with_a_file_that_has_mistakes_tells_them(tmp_path: Path) -> None:
    changed = tmp_path / "plant.yaml"
    changed.write_text("schema: 1\n", encoding="utf-8")
    result = command("check", "--diff", str(DEMO), str(changed), "--format", "json")
    assert result.returncode == 1
    assert {"author", "site"} <= {one["field"] for one in json.loads(result.stdout)["mistakes"]}
    assert "sarif" in command("check", "--diff", str(DEMO), str(DEMO), "--format", "sarif").stderr.lower()


def test_an_approval_needs_an_account(tmp_path: Path) -> None:
    result = command("approve", str(DEMO), "--data", str(tmp_path), "--as", "nobody", "--reason", "review")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "mend:" in result.stderr
