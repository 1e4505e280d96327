"""Whatever the file holds: it is told what is wrong, or it compiles. No traceback, no hang, nothing in between."""

import copy
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from plantsafe.errors import Mistake, PlantFileError
from plantsafe.plant.load import check_plant, plant_of_document

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "simulation" / "plants" / "demo.yaml"
WIDE = Path(__file__).with_name("wide.yaml")
LONGEST_S = 20.0  # a check of the demo takes half a second; a hang is more than that on any machine

TREE: Any = YAML(typ="safe", pure=True).load(WIDE.read_text(encoding="utf-8"))
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["TI", "HB", "R1", "SIF-1", "dose", "2025-13-40", "opc.tcp://h:x", '"TI" > 1', "%", ".nan", "*t"]),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.sampled_from(["name", "en", "zh", "table", "x"]), st.text(max_size=3), max_size=3),
)


def _places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, value in inside for place in _places(value, (*at, key)))]


PLACES = [place for place in _places(TREE) if place]


def _judged(path: Path, text: str) -> bool:
    """True when the file was accepted; what is accepted compiles, and its document is the same plant."""
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    began = time.monotonic()
    mistakes: tuple[Mistake, ...] = ()
    try:
        plant = check_plant(path)
    except PlantFileError as error:
        mistakes = error.mistakes
    assert time.monotonic() - began < LONGEST_S
    if not mistakes:
        assert plant_of_document(plant.document()).hash == plant.hash
    assert all(mistake.line > 0 and mistake.column > 0 and mistake.mend for mistake in mistakes)
    return not mistakes


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "plant.yaml"


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), ODD, st.booleans()), min_size=1, max_size=4))
def test_structures_with_odd_values(path: Path, changes: list[tuple[tuple[Any, ...], Any, bool]]) -> None:
    tree = copy.deepcopy(TREE)
    for place, odd, remove in changes:
        node = tree
        try:
            for step in place[:-1]:
                node = node[step]
            if remove:
                del node[place[-1]]
            else:
                node[place[-1]] = odd
        except (KeyError, IndexError, TypeError):
            continue
    _judged(path, json.dumps(tree, ensure_ascii=False, default=str))


def _edited(text: str, source: random.Random) -> str:
    """A few edits as a hand on a keyboard makes them."""
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(text))
        upto = min(at + source.choice([1, 1, 1, 5, 40]), len(text))
        match source.randrange(6):
            case 0:
                text = text[:at] + text[upto:]
            case 1:
                text = text[:at] + source.choice(":-,{}[]\"'&*!|>%@`#? \n\t0a\x00\U0001f600") + text[at:]
            case 2:
                text = text[:at] + text[at:upto] * 2 + text[upto:]
            case 3:
                lines = text.splitlines(keepends=True)
                i, j = source.randrange(len(lines)), source.randrange(len(lines))
                lines[i], lines[j] = lines[j], lines[i]
                text = "".join(lines)
            case 4:
                lines = text.splitlines(keepends=True)
                i = source.randrange(len(lines))
                lines[i : i + 1] = source.choice([[], [lines[i]] * 2, ["  " + lines[i]], [lines[i].lstrip()]])
                text = "".join(lines) or "\n"
            case _:
                digits = [i for i, sign in enumerate(text) if sign.isdigit()]
                at = source.choice(digits or [0])
                text = text[:at] + source.choice(["-", "9999", "x", "0.", "1e9", ""]) + text[at + 1 :]
    return text


def _edit_for(path: Path, original: str, seconds: float, seed: int, least: int) -> int:
    """Edits until the time is over, at least `least` of them; how many were judged."""
    began, done = time.monotonic(), 0
    while done < least or time.monotonic() - began < seconds:
        _judged(path, _edited(original, random.Random(seed + done)))
        done += 1
    return done


def test_edited_small_files(path: Path) -> None:
    assert _edit_for(path, WIDE.read_text(encoding="utf-8"), 0, seed=1, least=150) == 150


def test_edited_demo_files(path: Path) -> None:
    assert _edit_for(path, DEMO.read_text(encoding="utf-8"), 0, seed=2, least=15) == 15


@pytest.mark.long
def test_edited_files_for_ten_minutes(path: Path) -> None:
    seed = time.time_ns() % 10**9
    print(f"first seed {seed}")  # to run a failure again
    half = 300.0
    small = _edit_for(path, WIDE.read_text(encoding="utf-8"), half, seed, 1)
    large = _edit_for(path, DEMO.read_text(encoding="utf-8"), half, seed, 1)
    print(f"{small} edited small files and {large} edited demo files were judged")
