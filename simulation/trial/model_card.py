"""Which model stood for the plant: its version, its fingerprint, and where it may be believed."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import models
import simulation
from simulation.faults import load_catalogue
from simulation.scenario import Scenario
from simulation.trial.told import Told

EVERYWHERE = "sis"  # every scenario runs through instruments, logic and valves
_OF_PLANT = ("instrument", "sis", "valve", "source", "heartbeat")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One part of the simulated plant: what the model is, where it is valid, bounds of its true quantities."""

    part: str
    title: Told
    model: Told
    valid: Told
    ranges: Mapping[str, tuple[float, float]]


@cache
def load_cards() -> tuple[str, dict[str, ModelCard]]:
    """The version of the models and all cards, by part."""
    text = resources.files("simulation.trial").joinpath("model_cards.yaml").read_text(encoding="utf-8")
    tree: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    cards = {
        part: ModelCard(
            part=part,
            title=Told(**card["title"]),
            model=Told(**card["model"]),
            valid=Told(**card["valid"]),
            ranges={name: (float(low), float(high)) for name, (low, high) in card["ranges"].items()},
        )
        for part, card in tree["cards"].items()
    }
    return str(tree["version"]), cards


@cache
def fingerprint() -> str:
    """The first 12 digits of the SHA-256 over the sources of the models and of the simulated plant."""
    digest = hashlib.sha256()
    for root in (Path(models.__file__).parent / "process", Path(simulation.__file__).parent):
        for path in sorted(root.rglob("*.py")):
            if "trial" not in path.parts:
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def cards_of(scenario: Scenario) -> tuple[ModelCard, ...]:
    """The parts that a scenario leans on: where its faults act, what its loss and its safe states are measured by."""
    file, catalogue = scenario.file, load_catalogue()
    quantities = [effect.knob for fault in file.faults for effect in catalogue[fault.name].effects]
    quantities += [act.safe.quantity for act in file.act if act.safe is not None]
    if file.loss is not None:
        quantities.append(file.loss.quantity)
    known = load_cards()[1]
    return tuple(known[part] for part in dict.fromkeys((*_parts(quantities), EVERYWHERE)) if part in known)


def _parts(quantities: Iterable[str]) -> Iterable[str]:
    return (part for quantity in quantities if (part := quantity.split(".", 1)[0]) not in _OF_PLANT)
