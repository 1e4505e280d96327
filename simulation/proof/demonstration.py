"""One function in one scenario: when it is demanded, when it acts, and until when acting would have been enough.

All runs are of the simulator alone, with every other function defeated: what is shown is owed to this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from plantsafe.plant.model import SafetyFunction
from simulation.proof.no_return import point_of_no_return, resolution_s
from simulation.runner import measures_of
from simulation.scenario import Scenario
from simulation.trial.course import true_demand_s, true_safe_s
from simulation.trial.trace import Trace, Wanted
from simulation.trial.variation import NOMINAL
from simulation.trial.virtual import run_alone

HALF = (
    0.5  # of the available time: what a response may take (reference practice: at most half of the process safety time)
)
WATCH_S = (300.0, 1800.0)  # how long is watched after the loss of the twin, at least and at most (site default)


class Standing(StrEnum):
    """What was shown of a function, a row, or a function in one scenario."""

    PROVED = "proved"
    RED = "red"
    NOT_DEMONSTRABLE = "not_demonstrable"
    UNPROVED = "unproved"


class Why(StrEnum):
    """What is wrong with it."""

    NO_SCENARIO = "no_scenario"
    NO_LOSS = "no_loss"
    NO_DEMAND = "no_demand"
    NO_POINT = "no_point"
    NOT_AVERTED = "not_averted"
    LATE_FOR_POINT = "late_for_point"
    LATE_FOR_SPECIFICATION = "late_for_specification"
    LOOSE_SPECIFICATION = "loose_specification"
    EFFECT_MISSING = "effect_missing"
    NO_FUNCTION = "no_function"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """Seconds from the first fault; None: never. `required_s`: the response that the specification allows.

    trip_s: true crossing of the trip point. safe_s: final elements truly in the safe state, the function alone.
    no_return_s: latest moment at which beginning to act averts the loss, told `resolution_s` closely.
    effects: final elements that the function's effects must move, and whether each stood at its safe end.
    """

    function: str
    scenario: str
    required_s: float
    lost_s: float | None
    trip_s: float | None = None
    safe_s: float | None = None
    averted: bool = False
    no_return_s: float | None = None
    resolution_s: float = 1.0
    effects: Mapping[str, bool]
    runs: int
    cpu_s: float

    @property
    def available_s(self) -> float | None:
        """From the trip point to the point of no return."""
        return None if self.no_return_s is None or self.trip_s is None else self.no_return_s - self.trip_s

    @property
    def response_s(self) -> float | None:
        """From the true crossing of the trip point to the true safe state."""
        return None if self.safe_s is None or self.trip_s is None else max(0.0, self.safe_s - self.trip_s)

    @property
    def margin_s(self) -> float | None:
        """What is left of half of the available time."""
        available_s, response_s = self.available_s, self.response_s
        return None if available_s is None or response_s is None else HALF * available_s - response_s

    @property
    def specified_margin_s(self) -> float:
        """What the required response would leave of half of the available time."""
        return HALF * (self.available_s or 0.0) - self.required_s

    @property
    def why(self) -> Why | None:
        """What is wrong, the gravest first; None where it is shown to be fast enough."""
        if self.lost_s is None:
            return Why.NO_LOSS
        if self.trip_s is None:
            return Why.NO_DEMAND
        if self.no_return_s is None:
            return Why.NO_POINT
        if self.response_s is None or not self.averted:
            return Why.NOT_AVERTED
        if self.margin_s is None or self.margin_s < 0.0:
            return Why.LATE_FOR_POINT
        if self.response_s > self.required_s:
            return Why.LATE_FOR_SPECIFICATION
        return Why.LOOSE_SPECIFICATION if self.specified_margin_s < 0.0 else None

    @property
    def standing(self) -> Standing:
        """Proved, or what it is instead."""
        match self.why:
            case None:
                return Standing.PROVED
            case Why.NO_LOSS:
                return Standing.UNPROVED
            case Why.NO_POINT:
                return Standing.NOT_DEMONSTRABLE
            case _:
                return Standing.RED


class _Bench:
    """Runs of one scenario, with what they took."""

    def __init__(self, scenario: Scenario, function: SafetyFunction) -> None:
        self._scenario, self._function = scenario, function
        self._wanted = _wanted(scenario, function)
        self.runs, self.cpu_s = 0, 0.0

    def run(self, n_scans: int, *, alone: bool = False, from_s: float | None = None) -> Trace:
        name = self._function.name if alone or from_s is not None else None
        seed = self._scenario.file.seed
        trace = run_alone(
            self._scenario, self._wanted, seed=seed, drawn=NOMINAL, function=name, from_s=from_s, n_scans=n_scans
        )
        self.runs += 1
        self.cpu_s += trace.cpu_s
        return trace


def demonstrate(scenario: Scenario, function: SafetyFunction) -> Demonstration:
    """Run the unprotected twin, the function alone, and the function ever later."""
    bench, measures = _Bench(scenario, function), measures_of(scenario.plant)
    effects = dict.fromkeys(_elements_of(scenario, function), False)
    twin = bench.run(scenario.n_scans)
    onset_s = twin.onset()
    lost_s, period_s = twin.lost_s, twin.period_s
    if lost_s is None:
        return Demonstration(
            function=function.name,
            scenario=scenario.name,
            required_s=function.response_s,
            lost_s=None,
            effects=effects,
            runs=bench.runs,
            cpu_s=bench.cpu_s,
        )
    trip_s = true_demand_s(twin, function, measures, onset_s)
    watch_s = min(max(lost_s - (trip_s or onset_s), WATCH_S[0]), WATCH_S[1])
    n_scans = int((lost_s + watch_s) / period_s)
    alone = bench.run(n_scans, alone=True)
    if trip_s is None:
        trip_s = true_demand_s(alone, function, measures, onset_s)
    tripped_s = alone.first_s(alone.tripped[function.name], onset_s)
    if trip_s is None:
        trip_s = tripped_s
    safe_s = true_safe_s(alone, function, onset_s)
    no_return_s = None
    if trip_s is not None:
        no_return_s = point_of_no_return(
            lambda at_s: bench.run(n_scans, from_s=at_s).lost_s is None,
            first_s=onset_s,
            trip_s=min(trip_s, lost_s),
            lost_s=lost_s,
        )
    return Demonstration(
        function=function.name,
        scenario=scenario.name,
        required_s=function.response_s,
        lost_s=lost_s - onset_s,
        trip_s=None if tripped_s is None or trip_s is None else trip_s - onset_s,
        safe_s=None if safe_s is None else safe_s - onset_s,
        averted=alone.lost_s is None,
        no_return_s=None if no_return_s is None else no_return_s - onset_s,
        resolution_s=resolution_s(trip_s or onset_s, lost_s),
        effects={name: bool(alone.safe[name][-1]) for name in effects},
        runs=bench.runs,
        cpu_s=bench.cpu_s,
    )


def _elements_of(scenario: Scenario, function: SafetyFunction) -> list[str]:
    """The function's own, and those of every effect that its rows trip."""
    file = scenario.plant.file
    moved = {effect.name: effect.elements for effect in file.effects}
    names = [element.name for element in function.elements]
    for row in file.causes_and_effects:
        if row.function == function.name:
            names += [name for cell in row.cells if cell.action in ("X", "T") for name in moved[cell.effect]]
    return list(dict.fromkeys(names))


def _wanted(scenario: Scenario, function: SafetyFunction) -> Wanted:
    measures, loss = measures_of(scenario.plant), scenario.file.loss
    points = [channel.point for channel in function.inputs]
    points += [] if function.hazardous_mode is None else [function.hazardous_mode]
    quantities = [*([] if loss is None else [loss.quantity]), *(measures[point] for point in points)]
    return Wanted(
        quantities=tuple(dict.fromkeys(quantities)),
        points=(),
        functions=(function.name,),
        elements=tuple(_elements_of(scenario, function)),
    )
