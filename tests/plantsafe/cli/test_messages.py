"""Bad input at the command line: one clear message, a status that is not zero, never a traceback."""

import socket
from pathlib import Path

import pytest
from conftest_cli import DEMO, command

from plantsafe.store.record import RECORD


def _check(result: object, *parts: str) -> None:
    text = result.stdout + result.stderr  # type: ignore[attr-defined]
    assert result.returncode not in (0, 70), text  # type: ignore[attr-defined]
    assert "Traceback" not in text
    for part in parts:
        assert part in text


def test_a_good_plant_file() -> None:
    result = command("check", str(DEMO))
    assert result.returncode == 0
    assert "21 safety functions" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("check", "none.yaml"), ("none.yaml:1:1", "cannot be read", "mend:")),
        (("journal", "verify", "--data", "nowhere"), ("there is no nowhere", "mend:")),
        (("history", "replay", "--data", "nowhere"), ("there is no nowhere", "mend:")),
        (("summary", "--data", "nowhere", "--out", "x.pdf"), ("there is no nowhere", "mend:")),
        (("fault", "list", "--data", "nowhere"), ("no demo is running here", "mend:")),
        (("scenario", "run", "none.yaml"), ("none.yaml:1:1", "cannot be read")),
        (("demo", "--headless", "--fault", "x@soon"), ("is not NAME@SECONDS", "mend:")),
        (("run", "--plant", str(DEMO), "--data", "d", "--source", "DCS"), ("is not NAME=ENDPOINT", "mend:")),
        (("run", "--plant", str(DEMO), "--data", "d", "--source", "X=opc.tcp://h:1"), ("has no source 'X'", "mend:")),
    ],
)
def test_bad_input_is_one_clear_message(
    arguments: tuple[str, ...], parts: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _check(command(*arguments), *parts)


def test_a_health_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = command("run", "--plant", str(DEMO), "--data", str(tmp_path), "--health-port", str(port))
    _check(result, f"port {port} on 127.0.0.1 is in use", "--health-port")


@pytest.mark.parametrize("flag", ["--opcua-port", "--modbus-port"])
def test_a_port_of_the_simulated_plant_in_use(tmp_path: Path, flag: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = command("demo", "--headless", "--duration", "5", flag, str(port), "--data", str(tmp_path))
    _check(result, str(port), flag, "mend:")


def test_a_damaged_record(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_bytes(b"no database" * 1000)
    _check(command("run", "--plant", str(DEMO), "--data", str(tmp_path)), "is damaged", "backup")
    _check(command("journal", "verify", "--data", str(tmp_path)), "is damaged", "mend:")


def test_a_scenario_names_its_mistakes_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(
        f"title: {{en: a, zh: b}}\nplant: {DEMO}\nduration_s: 60\n"
        "faults:\n  - {name: sb_coling_loss, at_s: 5}\nact:\n  - {function: SIF-999, within_s: 5}\n",
        encoding="utf-8",
    )
    result = command("scenario", "run", str(path))
    assert result.returncode == 2
    _check(result, "wrong.yaml:5", "did you mean 'sb_cooling_loss'?", "wrong.yaml:7")


def test_the_samples_of_a_folder_without_a_record(tmp_path: Path) -> None:
    for words in (("export", "--out", "x.csv"), ("stats",), ("gaps",)):
        _check(command("history", words[0], "--data", str(tmp_path), *words[1:]), "there is no", "mend:")
