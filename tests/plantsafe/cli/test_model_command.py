"""`plantsafe model`: from a table of a plant's past to a model that the service is asked to use, each step in words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from plantsafe.cli import app
from plantsafe.errors import PlantsafeError, RequestError, SourceError, StoreError
from plantsafe.request import RequestKind, Role
from plantsafe.store.access import add_account
from plantsafe.store.inbox import InboxReader

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
PLANT = """
schema: 1
author: test
site: {name: past, title: {en: Past, zh: 过去}}
workshops: [{name: W1, title: {en: W, zh: W}, head_count_max: 9}]
units: [{name: R1, title: {en: R, zh: R}, workshop: W1, process: utility}]
sources:
  - {name: DCS, title: {en: D, zh: D}, protocol: replay, recorded: {files: [past.csv]}, heartbeat: HB,
     consequence: {en: c, zh: c}, action: {en: a, zh: a}}
points:
  - {name: TI-1, title: {en: T, zh: T}, unit: R1, source: DCS, eu: "°C", range: [0, 200]}
  - {name: PI-1, title: {en: P, zh: P}, unit: R1, source: DCS, eu: kPa, range: [0, 200]}
  - {name: HB, title: {en: H, zh: H}, unit: R1, source: DCS, kind: count, range: [0, 65535]}
"""


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(error: type[PlantsafeError], *words: object) -> str:
    result = run(*words)
    assert isinstance(result.exception, error), result.output
    return str(result.exception)


def past(path: Path, rows: int, seed: int, shift: float = 0.0) -> Path:
    dice = np.random.default_rng(seed)
    both = dice.normal(size=rows)
    lines = [
        f"{(BEGIN + timedelta(seconds=i)).isoformat()},{60 + b + e + shift:.3f},{100 + b:.3f},{i % 60000}"
        for i, (b, e) in enumerate(zip(both, 0.3 * dice.normal(size=rows), strict=True))
    ]
    path.write_text("\n".join(["time,TI-1,PI-1,HB", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plant file, a recorded run of two minutes in `data`, an engineer, and two models."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    data = folder / "data"
    two_minutes = past(folder / "short.csv", 120, 7, shift=3.0)
    done = run("replay", folder / "plant.yaml", "--data", data, "--file", f"DCS={two_minutes}")
    assert done.exit_code == 0, done.output
    add_account(data, "Li Na", Role.ENGINEER, "secret word")
    for i, seed in enumerate((1, 2)):
        long = past(folder / f"long{i}.csv", 4500, seed, shift=float(i) * 3.0)
        done = run("model", "fit", folder / "plant.yaml", "--data", data, "--csv", long)
        assert done.exit_code == 0, done.output
    return folder


def hashes(place: Path) -> list[str]:
    found = sorted((place / "data" / "models").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    return [path.stem for path in found]


def test_a_model_says_what_it_was_learnt_from_and_how_far_the_plant_has_moved(place: Path) -> None:
    first, second = hashes(place)
    told = run("model", "show", "--data", place / "data", first[:10]).output
    for words in ("from       long0.csv", "4500 scans, 0 gaps", "false findings    0 in", "state             not in"):
        assert words in told
    moved = told.split("moved")[1]
    assert "of 2 points by over 5 spreads in the last 1 h" in moved
    assert moved.index("TI-1") < moved.index("PI-1")  # the one that was shifted is the furthest away
    assert second[:12] in told


def test_two_models_are_compared_by_their_references(place: Path) -> None:
    told = run("model", "compare", "--data", place / "data", *hashes(place)).output
    assert "TI-1             at []: +" in told
    assert "first" in told
    assert "second" in told


def test_the_service_is_asked_to_use_it_by_who_may(place: Path) -> None:
    data, (first, _) = place / "data", hashes(place)
    asked = ("model", "use", first[:10], "--data", data, "--reason", "reviewed", "--as")
    assert "no account" in refused(RequestError, *asked, "x")
    done = run(*asked, "Li Na")
    assert done.exit_code == 0, done.output
    reader = InboxReader(data)
    request = reader.after(0)[-1].request
    reader.close()
    assert (request.kind, request.subject) == (RequestKind.LOAD_MODEL, first)
    assert request.body == {"reason": "reviewed"}


def test_bad_input_gets_one_message(place: Path) -> None:
    data, plant = place / "data", place / "plant.yaml"
    three = past(place / "three.csv", 3, 1)
    assert "3 scans say nothing" in refused(SourceError, "model", "fit", plant, "--data", data, "--csv", three)
    assert "120 scans say nothing" in refused(SourceError, "model", "fit", plant, "--data", data)
    assert "no model begins with 'zzz'" in refused(StoreError, "model", "show", "zzz", "--data", data)
    assert "for a reason" in refused(RequestError, "model", "fit", plant, "--data", data, "--as", "Li Na")
    broken = data / "models" / f"{'0' * 64}.json"
    broken.write_text("{}", encoding="utf-8")
    assert "bytes changed" in refused(StoreError, "model", "show", "0000", "--data", data)
    broken.unlink()


def test_findings_are_listed_with_what_was_said_of_them(place: Path) -> None:
    told = run("model", "findings", "--data", place / "data").output
    assert "wrong of judged" in told
    assert "no finding in this span" in told
