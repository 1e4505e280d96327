"""Runs a scenario in virtual time and says whether the plant's protection was shown to work in the model.

Simulator and engine step together in one process; values go through the same maps as on the wire. Expectations are
judged from the record (what the engine said) and from the simulator's true state, never from what the scenario hopes.
It shows that the functions as specified would be fast enough in the model; it never verifies an installed system.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plantsafe.clock import NS_PER_S, Clock
from plantsafe.scan.assembly import Assembly
from plantsafe.scan.engine import Engine
from simulation.faults import load_catalogue
from simulation.plant import SimulatedPlant
from simulation.scenario import Scenario, load_scenario
from simulation.virtual_source import virtual_sources

EPOCH_NS = 1_767_225_600 * NS_PER_S  # 2026-01-01 00:00 UTC: virtual time begins there, so that runs are comparable


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event that the engine gave: seconds from the start, kind, subject."""

    at_s: float
    kind: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run showed: events, the true quantity each second, and when it first crossed the loss limit."""

    events: tuple[Said, ...]
    quantity: tuple[float, ...]
    crossed_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One expectation: what, what was found, and whether it holds."""

    what: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdict of a scenario: green when every line holds. Times to criticality stand beside it."""

    name: str
    lines: tuple[Line, ...]
    protected: Run
    unprotected: Run | None

    @property
    def green(self) -> bool:
        """True when every expectation holds."""
        return all(line.holds for line in self.lines)


def run_file(path: Path) -> Outcome:
    """Load and run one scenario with its unprotected twin."""
    return judge(load_scenario(path, frozenset(load_catalogue())))


def judge(scenario: Scenario) -> Outcome:
    """Run `scenario`, and its twin where a loss is declared, and compare with what must be."""
    protected = asyncio.run(_run(scenario, protected=True))
    twin = asyncio.run(_run(scenario, protected=False)) if scenario.file.loss is not None else None
    lines = tuple(_lines(scenario, protected, twin))
    return Outcome(name=scenario.name, lines=lines, protected=protected, unprotected=twin)


async def _run(scenario: Scenario, *, protected: bool) -> Run:
    plant, file = scenario.plant, scenario.file
    simulated = SimulatedPlant(plant, seed=file.seed, epoch_ns=EPOCH_NS)
    if not protected:
        simulated.faults.defeat(function.name for function in plant.file.functions)
    for fault in file.faults:
        simulated.faults.inject(fault.name, fault.at_s)
    engine, assembly = Engine(plant), Assembly(plant)
    sources = virtual_sources(simulated)
    clock = Clock.simulated(rate=1.0, epoch_ns=EPOCH_NS)
    events: list[Said] = []
    quantity: list[float] = []
    for number in range(1, int(file.duration_s / plant.file.scan_period_s) + 1):
        simulated.advance(max(1, round(plant.file.scan_period_s)))
        at_s = number * plant.file.scan_period_s
        if protected:
            for i, source in enumerate(sources):
                assembly.take(i, await source.read(clock), number)
            record = engine.step(assembly.frame(number, simulated.time_ns))
            events += [Said(at_s=at_s, kind=fact.kind, subject=fact.subject) for fact in record.facts]
        if file.loss is not None:
            quantity.append(simulated.truth()[file.loss.quantity])
    return Run(events=tuple(events), quantity=tuple(quantity), crossed_s=_crossed_s(scenario, quantity))


def _crossed_s(scenario: Scenario, quantity: list[float]) -> float | None:
    loss = scenario.file.loss
    if loss is None:
        return None
    sign = 1.0 if loss.direction == "H" else -1.0
    for i, value in enumerate(quantity):
        if sign * (value - loss.limit) >= 0.0:
            return (i + 1) * scenario.plant.file.scan_period_s
    return None


def _lines(scenario: Scenario, run: Run, twin: Run | None) -> Iterator[Line]:
    file = scenario.file
    onset_s = min(fault.at_s for fault in file.faults)
    for must in file.raises:
        at_s = _first(run, ("alarm_raised", "finding_raised"), must.condition, onset_s)
        yield _timely(f"{must.condition} raised within {must.within_s:g} s", at_s, onset_s, must.within_s)
    for act in file.act:
        at_s = _first(run, ("tripped",), act.function, onset_s)
        yield _timely(f"{act.function} trips within {act.within_s:g} s", at_s, onset_s, act.within_s)
        safe_s = _first(run, ("safe_state_reached",), act.function, onset_s)
        yield _timely(f"{act.function} reaches its safe state", safe_s, onset_s, act.within_s)
        failed_s = _first(run, ("failure_on_demand",), act.function, 0.0)
        yield Line(
            what=f"{act.function} does not fail on demand",
            found="none" if failed_s is None else f"failed at {failed_s:g} s",
            holds=failed_s is None,
        )
    allowed = {act.function for act in file.act} | set(file.may_act)
    others = sorted(
        {e.subject for e in run.events if e.kind in ("tripped", "spurious_trip") and e.subject not in allowed}
    )
    yield Line(what="no other function acts", found=", ".join(others) or "none", holds=not others)
    if file.loss is not None and twin is not None:
        yield from _loss_lines(scenario, run, twin, onset_s)


def _loss_lines(scenario: Scenario, run: Run, twin: Run, onset_s: float) -> Iterator[Line]:
    loss = scenario.file.loss
    assert loss is not None  # noqa: S101  # asked only where a loss is declared
    limit = f"{loss.quantity} {'above' if loss.direction == 'H' else 'below'} {loss.limit:g}"
    yield Line(
        what=f"protected: never {limit}",
        found="never" if run.crossed_s is None else f"after {run.crossed_s - onset_s:g} s",
        holds=run.crossed_s is None,
    )
    crosses = twin.crossed_s is not None
    expected = loss.unprotected == "crosses"
    yield Line(
        what=f"unprotected: {'' if expected else 'never '}{limit}",
        found=f"after {twin.crossed_s - onset_s:g} s" if twin.crossed_s is not None else "never",
        holds=crosses == expected,
    )


def _first(run: Run, kinds: tuple[str, ...], subject: str, after_s: float) -> float | None:
    return next((e.at_s for e in run.events if e.kind in kinds and e.subject == subject and e.at_s >= after_s), None)


def _timely(what: str, at_s: float | None, onset_s: float, within_s: float) -> Line:
    if at_s is None:
        return Line(what=what, found="never", holds=False)
    return Line(what=what, found=f"after {at_s - onset_s:g} s", holds=at_s - onset_s <= within_s)
