"""A scenario that can be run: its file, checked against its plant and against what the simulator can do."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from plantsafe.errors import Mistake, ScenarioError
from plantsafe.plant import Plant, load_plant
from plantsafe.plant.described import Described, nearest_name, read_described
from plantsafe.plant.yaml_tree import Where
from plantsafe.scan.engine import Engine
from simulation.faults import Fault, load_catalogue
from simulation.plant import SimulatedPlant
from simulation.scenario_file import EVENT_KINDS, ScenarioFile

SHIPPED = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario that can be run: its name, its file, and the plant with the plant's path."""

    name: str
    file: ScenarioFile
    plant: Plant
    plant_path: Path

    def onset_s(self, after: str | None = None) -> float:
        """When the first fault begins, or the one named."""
        return min(fault.at_s for fault in self.file.faults if after is None or fault.name == after)

    @property
    def n_scans(self) -> int:
        """How many scans it lasts."""
        return int(self.file.duration_s / self.plant.file.scan_period_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The names that a scenario of one plant may use."""

    conditions: frozenset[str]
    functions: frozenset[str]
    elements: frozenset[str]
    points: frozenset[str]
    subjects: frozenset[str]
    quantities: frozenset[str]


@lru_cache(maxsize=8)
def _plant_at(path: Path, changed_ns: int) -> tuple[Plant, Known]:  # noqa: ARG001  a file that changed is read anew
    plant = load_plant(path)
    conditions = frozenset(condition.name for condition in Engine(plant).conditions)
    functions = frozenset(function.name for function in plant.file.functions)
    newborn = SimulatedPlant(plant, seed=0, epoch_ns=0, warm_s=1)
    known = Known(
        conditions=conditions,
        functions=functions,
        elements=frozenset(element.name for function in plant.file.functions for element in function.elements),
        points=frozenset(plant.points.names),
        subjects=conditions
        | functions
        | frozenset(plant.points.names)
        | frozenset(plant.read_sources)
        | {"alarms"}
        | frozenset(unit.name for unit in plant.file.units)
        | frozenset(effect.name for effect in plant.file.effects),
        quantities=frozenset(newborn.truth()),
    )
    return plant, known


def find_scenario(name: str) -> Path:
    """The file of a scenario, given by its path or, for a shipped one, by its name; raises ScenarioError."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return path
    shipped = {file.stem: file for file in sorted(SHIPPED.glob("*.yaml"))}
    if name not in shipped:
        near = nearest_name(name, shipped)
        mend = f"did you mean {near!r}?" if near else "`plantsafe scenario list` names them; a file ends in .yaml"
        raise ScenarioError(
            (Mistake(file=name, line=1, column=1, field="name", wrong="is no shipped scenario", mend=mend),)
        )
    return shipped[name]


def load_scenario(path: Path, plant_path: Path | None = None) -> Scenario:
    """The scenario of a file, on its own plant or on that of `plant_path`; raises ScenarioError with every mistake."""
    described = read_described(path, ScenarioFile, ScenarioError)
    plant_path = (plant_path or path.parent / described.value.plant).resolve()
    if not plant_path.is_file():
        raise ScenarioError(
            (described.mistake(("plant",), f"there is no {described.value.plant}", "give its path from here"),)
        )
    plant, known = _plant_at(plant_path, plant_path.stat().st_mtime_ns)
    if mistakes := tuple(_mistakes(described, known)):
        raise ScenarioError(mistakes)
    return Scenario(name=path.stem, file=described.value, plant=plant, plant_path=plant_path)


def _mistakes(described: Described[ScenarioFile], known: Known) -> Iterator[Mistake]:
    file = described.value
    yield from _faults(described, known)
    names: list[tuple[Where, str, frozenset[str], str]] = []
    for i, must in enumerate(file.raises):
        names.append((("raises", i, "condition"), must.condition, known.conditions, "condition"))
    for i, act in enumerate(file.act):
        names.append((("act", i, "function"), act.function, known.functions, "function"))
        if act.safe is not None:
            names.append((("act", i, "safe", "quantity"), act.safe.quantity, known.quantities, "true quantity"))
    names += [(("may_act", i), name, known.functions, "function") for i, name in enumerate(file.may_act)]
    names += [(("may_move", i), name, known.elements, "final element") for i, name in enumerate(file.may_move)]
    names += [(("show", i), name, known.quantities, "true quantity") for i, name in enumerate(file.show)]
    if file.loss is not None:
        acting = frozenset(act.function for act in file.act)
        averting = (("loss", "averted_by", i) for i in range(len(file.loss.averted_by)))
        names += [
            (at, name, acting, "function under `act`") for at, name in zip(averting, file.loss.averted_by, strict=True)
        ]
        names.append((("loss", "quantity"), file.loss.quantity, known.quantities, "true quantity"))
    of_events = [(("events", i), e.kind, e.subject) for i, e in enumerate(file.events)]
    of_events += [(("no_events", i), e.kind, e.subject) for i, e in enumerate(file.no_events)]
    for at, event, subject in of_events:
        names.append(((*at, "kind"), event, EVENT_KINDS, "event"))
        if subject is not None:
            names.append(((*at, "subject"), subject, known.subjects, "subject of an event"))
    for where, name, choices, kind in names:
        if name not in choices:
            yield described.unknown(where, name, choices, kind)
    yield from _times(described)


def _faults(described: Described[ScenarioFile], known: Known) -> Iterator[Mistake]:
    file, catalogue = described.value, load_catalogue()
    for i, injected in enumerate(file.faults):
        fault: Fault | None = catalogue.get(injected.name)
        if fault is None:
            yield described.unknown(("faults", i, "name"), injected.name, catalogue, "fault")
            continue
        if injected.at_s >= file.duration_s:
            wrong = f"begins at {injected.at_s:g} s, after the end at {file.duration_s:g} s"
            yield described.mistake(("faults", i, "at_s"), wrong, "let it begin earlier, or run for longer")
        if injected.point is not None and fault.point is None:
            wrong = f"{injected.name} does not act on one point"
            yield described.mistake(("faults", i, "point"), wrong, "leave the point out")
        elif injected.point is not None and injected.point not in known.points:
            yield described.unknown(("faults", i, "point"), injected.point, known.points, "point")


def _times(described: Described[ScenarioFile]) -> Iterator[Mistake]:
    """What must happen must be able to happen before the end of the run."""
    file = described.value
    onset_s = {fault.name: fault.at_s for fault in reversed(file.faults)}
    first_s = min(fault.at_s for fault in file.faults)
    for key, entries in (("raises", file.raises), ("act", file.act), ("events", file.events)):
        for i, must in enumerate(entries):
            if must.after is not None and must.after not in onset_s:
                yield described.unknown((key, i, "after"), must.after, onset_s, "fault in this scenario")
                continue
            due_s = must.within_s + (first_s if must.after is None else onset_s[must.after])
            if due_s > file.duration_s:
                wrong = f"is due at {due_s:g} s, after the end of the run at {file.duration_s:g} s"
                yield described.mistake((key, i, "within_s"), wrong, "run for longer, or ask for it earlier")
