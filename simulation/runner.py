"""Runs scenarios and says whether the plant's protection was shown to work in the model.

Expectations are judged from the record (what the engine said) and from the simulator's true state, never from what the
scenario hopes. It shows that the functions as specified would be fast enough in the model; it never verifies an
installed system.
"""

import logging
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import structlog

from plantsafe.lifeline import end_with_parent
from plantsafe.plant import Plant
from plantsafe.plant.model import SafetyFunction
from simulation.instruments import load_binding
from simulation.scenario import Scenario, load_scenario
from simulation.scenario_file import ScenarioFile
from simulation.trial.model_card import ModelCard, cards_of
from simulation.trial.told import Told
from simulation.trial.trace import Trace, Wanted, wanted_by
from simulation.trial.variation import NOMINAL, Drawn, draw
from simulation.trial.verdict import Judged, Line, Moments, judge_traces, wire_line
from simulation.trial.virtual import run_virtual
from simulation.trial.wire import WireRun, run_wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a point or a true quantity is called, and its unit of measure."""

    name: str
    title: Told
    eu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdict of a scenario: green when every line holds. `unprotected` is there where a loss is declared.

    plant: hash of the plant description. functions: those that must act, as specified. labels: what quantities and
    points are called. measures: true quantity by point, of the functions' inputs. It goes from process to process, so
    it holds data only.
    """

    name: str
    file: ScenarioFile
    plant: str
    functions: tuple[SafetyFunction, ...]
    labels: Mapping[str, Label]
    measures: Mapping[str, str]
    lines: tuple[Line, ...]
    moments: Moments
    cards: tuple[ModelCard, ...]
    protected: Trace
    unprotected: Trace | None

    @property
    def green(self) -> bool:
        """True when every expectation holds."""
        return all(line.holds for line in self.lines)

    @property
    def report(self) -> str:
        """The verdict in English, a line an expectation."""
        head = f"{self.name} (seed {self.protected.seed}): {'GREEN' if self.green else 'RED'}"
        return "\n".join([head, *(f"  {'ok' if e.holds else 'NO'} {e.what.en}: {e.found.en}" for e in self.lines)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One scenario with one seed; without a seed the scenario's own and the nominal plant, with one a varied plant.

    wire: also on the wire, where it must say the same at the same scan numbers.
    """

    path: Path
    seed: int | None = None
    wire: bool = False


def run_file(path: Path, seed: int | None = None) -> Outcome:
    """Load and run one scenario with its unprotected twin; with a seed, a varied plant."""
    return judge(load_scenario(path), seed)


def run_file_on_wire(path: Path, seed: int | None = None) -> WireRun:
    """Repeat what matters in a scenario on the wire, and compare it with virtual time."""
    scenario = load_scenario(path)
    number, drawn = _drawn(scenario, seed)
    return run_wire(scenario, seed=number, drawn=drawn)


def _drawn(scenario: Scenario, seed: int | None) -> tuple[int, Drawn]:
    if seed is None:
        return scenario.file.seed, NOMINAL
    return seed, draw(scenario.file.variation, seed)


def measures_of(plant: Plant) -> dict[str, str]:
    """The true quantity that each point measures."""
    return dict(zip(plant.points.names[: plant.n_read], load_binding(plant).quantity, strict=True))


def labels_of(plant: Plant, wanted: Wanted) -> dict[str, Label]:
    """What the wanted points and quantities are called; a quantity is called after the first point that measures it."""
    titled: dict[str, Label] = {}
    for point, quantity in zip(plant.file.points, measures_of(plant).values(), strict=True):
        label = Label(name=point.name, title=Told(en=point.title.en, zh=point.title.zh), eu=point.eu)
        titled[point.name] = label
        titled.setdefault(quantity, label)
    names = (*wanted.quantities, *wanted.points)
    return {name: titled.get(name) or Label(name=name, title=Told(name, name), eu="") for name in names}


def wanted_of(scenario: Scenario) -> Wanted:
    """What a run of `scenario` keeps."""
    limits = [quantity for card in cards_of(scenario) for quantity in card.ranges]
    return wanted_by(scenario, limits, measures_of(scenario.plant))


def judge(scenario: Scenario, seed: int | None = None) -> Outcome:
    """Run `scenario`, and its twin where a loss is declared, and compare with what must be."""
    number, drawn = _drawn(scenario, seed)
    wanted, cards, measures = wanted_of(scenario), cards_of(scenario), measures_of(scenario.plant)
    protected = run_virtual(scenario, wanted, seed=number, drawn=drawn, protected=True)
    twin = None
    if scenario.file.loss is not None:
        twin = run_virtual(scenario, wanted, seed=number, drawn=drawn, protected=False)
    judged: Judged = judge_traces(scenario, protected, twin, cards, measures)
    expected = {act.function for act in scenario.file.act}
    return Outcome(
        name=scenario.name,
        file=scenario.file,
        plant=scenario.plant.hash,
        functions=tuple(function for function in scenario.plant.file.functions if function.name in expected),
        labels=labels_of(scenario.plant, wanted),
        measures={point: quantity for point, quantity in measures.items() if point in wanted.points},
        lines=judged.lines,
        moments=judged.moments,
        cards=cards,
        protected=protected,
        unprotected=twin,
    )


def run_all(tasks: Sequence[Task], jobs: int, done: Callable[[Outcome], None] | None = None) -> list[Outcome]:
    """All tasks in their order, in `jobs` processes; `done` is told of each as it ends."""
    return each_of(_run, tasks, jobs, done)


T = TypeVar("T")
R = TypeVar("R")


def each_of(work: Callable[[T], R], tasks: Sequence[T], jobs: int, done: Callable[[R], None] | None = None) -> list[R]:
    """What `work` gives for each task, in their order, from `jobs` processes; `done` is told of each as it ends."""
    if jobs <= 1 or len(tasks) <= 1:
        found = []
        for task in tasks:
            found.append(work(task))
            if done is not None:
                done(found[-1])
        return found
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the processes share the cores already
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(jobs, len(tasks)), mp_context=spawn, initializer=_begin, initargs=(os.getpid(),)
    ) as pool:
        futures = [pool.submit(work, task) for task in tasks]
        for future in as_completed(futures):
            if done is not None:
                done(future.result())
        return [future.result() for future in futures]


def _begin(parent: int) -> None:
    """A worker ends with the process that wanted its verdicts; a connection that comes up is no news in it."""
    end_with_parent(parent)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def _run(task: Task) -> Outcome:
    outcome = run_file(task.path, task.seed)
    if not task.wire:
        return outcome
    return replace(outcome, lines=(*outcome.lines, wire_line(run_file_on_wire(task.path, task.seed))))
