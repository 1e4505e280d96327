"""Models of what is normal, as the journal has them in use and the data folder holds them."""

import json
from pathlib import Path
from typing import Any

from plantsafe.checks.normal import NormalModel, model_from
from plantsafe.errors import PlantsafeError
from plantsafe.request import NO_MODEL
from plantsafe.scan.engine import Engine
from plantsafe.store.models import read_model
from plantsafe.store.record import RecordReader
from plantsafe.verdict import Fact


def model_of_folder(folder: Path, digest: str) -> NormalModel | None:
    """The model of a hash, None for NO_MODEL; raises where its files are not there or not whole."""
    if digest in ("", NO_MODEL):
        return None
    file = read_model(folder, digest)
    return model_from(digest, file.units, file.arrays, file.about)


def model_or_why(folder: Path, digest: str) -> NormalModel | Fact | None:
    """The same, as an event where it cannot be read."""
    try:
        return model_of_folder(folder, digest)
    except PlantsafeError as error:
        return Fact(kind="model_load_failed", subject=digest, body={"reason": str(error)})


def taken_up(engine: Engine, model: NormalModel | None) -> Fact:
    """Use `model` from the next scan on, and the event that says so."""
    before = engine.model
    why = engine.use(model)
    body: dict[str, Any] = {"before": NO_MODEL if before is None else before.hash, "plant": engine.plant.hash}
    if model is not None:
        body |= {"units": [unit.name for unit in model.units if unit.name not in why], "not_used": why}
    return Fact(kind="model_loaded", subject=NO_MODEL if model is None else model.hash, body=body)


def models_used(reader: RecordReader) -> list[tuple[int, str]]:
    """From which scan on which model was in use, oldest first."""
    return [(event.scan, event.subject) for event in reader.events(kinds=("model_loaded",))]


def model_in_use(reader: RecordReader) -> str:
    """Hash of the model in use after the last event, NO_MODEL for none."""
    newest = next(iter(reader.events(kinds=("model_loaded",), newest=1)), None)
    return NO_MODEL if newest is None else newest.subject


def why_accepted(reader: RecordReader, digest: str) -> tuple[str, str]:
    """Who asked for a model, and why; empty where nobody did."""
    for event in reader.events(kinds=("model_load_accepted",), subject=digest, newest=1):
        return event.actor, str(json.loads(event.body).get("why", ""))
    return "", ""
