"""A scenario as a safety engineer writes it: what fails, what must be seen and done by when, and where the loss is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from plantsafe.errors import Mistake, ScenarioError
from plantsafe.plant import Plant, load_plant
from plantsafe.plant.described import Described, read_described
from plantsafe.plant.model import Entry, Name, Text
from plantsafe.scan.engine import Engine


class InjectedFault(Entry):
    """A fault of the simulator's catalogue and when it begins, seconds from the start of the scenario."""

    name: str
    at_s: float = Field(ge=0)


class MustRaise(Entry):
    """A condition that must be raised within so many seconds of the first fault."""

    condition: str
    within_s: float = Field(gt=0)


class MustAct(Entry):
    """A safety function that must trip and reach its safe state within so many seconds of the first fault."""

    function: Name
    within_s: float = Field(gt=0)


class Loss(Entry):
    """The limit that must not be crossed, of a true quantity of the simulated process.

    unprotected: whether the same run with every safety function defeated crosses it (`crosses`), or not (`never`).
    """

    quantity: str
    limit: float
    direction: Literal["H", "L"] = "H"
    unprotected: Literal["crosses", "never"]


class ScenarioFile(Entry):
    """One simulated accident. `plant` is relative to the scenario file. Functions not named in `act` must not act."""

    title: Text
    plant: str
    seed: int = 1
    duration_s: float = Field(gt=0, le=172_800)
    faults: tuple[InjectedFault, ...] = Field(min_length=1)
    raises: tuple[MustRaise, ...] = ()
    act: tuple[MustAct, ...] = ()
    may_act: tuple[Name, ...] = ()
    loss: Loss | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario that can be run: its name, its file, and the plant with the plant's path."""

    name: str
    file: ScenarioFile
    plant: Plant
    plant_path: Path


def load_scenario(path: Path, known_faults: frozenset[str]) -> Scenario:
    """The scenario of a file; raises ScenarioError with every mistake and its place.

    `known_faults` is the simulator's catalogue.
    """
    described = read_described(path, ScenarioFile, ScenarioError)
    plant_path = (path.parent / described.value.plant).resolve()
    if not plant_path.is_file():
        raise ScenarioError(
            (described.mistake(("plant",), f"there is no {described.value.plant}", "give its path from here"),)
        )
    plant = load_plant(plant_path)
    mistakes = _mistakes(described, plant, known_faults)
    if mistakes:
        raise ScenarioError(tuple(mistakes))
    return Scenario(name=path.stem, file=described.value, plant=plant, plant_path=plant_path)


def _mistakes(described: Described[ScenarioFile], plant: Plant, known_faults: frozenset[str]) -> list[Mistake]:
    file, found = described.value, []
    conditions = {condition.name for condition in Engine(plant).conditions}
    functions = {function.name for function in plant.file.functions}
    for i, fault in enumerate(file.faults):
        if fault.name not in known_faults:
            found.append(described.unknown(("faults", i, "name"), fault.name, known_faults, "fault"))
        elif fault.at_s >= file.duration_s:
            wrong = f"begins at {fault.at_s:g} s, after the end at {file.duration_s:g} s"
            found.append(described.mistake(("faults", i, "at_s"), wrong, "let it begin earlier, or run for longer"))
    for i, must in enumerate(file.raises):
        if must.condition not in conditions:
            found.append(described.unknown(("raises", i, "condition"), must.condition, conditions, "condition"))
    for i, act in enumerate(file.act):
        if act.function not in functions:
            found.append(described.unknown(("act", i, "function"), act.function, functions, "function"))
    for i, name in enumerate(file.may_act):
        if name not in functions:
            found.append(described.unknown(("may_act", i), name, functions, "function"))
    return found
