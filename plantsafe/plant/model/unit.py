"""Process units: what they run, how dangerous the reaction is, their recipe and its safe operating windows."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from plantsafe.plant.model.entry import (
    Day,
    Entry,
    Found,
    Name,
    PartitionName,
    PointName,
    Refers,
    Ruled,
    Text,
    WorkshopName,
)


class ProcessType(StrEnum):
    """What kind of process a unit runs; rules and models choose by it."""

    NITRATION_SEMIBATCH = "nitration_semibatch"
    SEPARATION = "separation"
    CONVEYING = "conveying"
    MICROCHANNEL = "microchannel"
    TUBULAR = "tubular"
    HIGH_GRAVITY = "high_gravity"
    UTILITY = "utility"
    AREA = "area"


class Hazard(Entry):
    """The assessed reaction hazard (GB/T 42300): temperatures in °C, class 1-5, the report and its day."""

    tp_c: float
    mtsr_c: float
    mtt_c: float
    td24_c: float
    assessed_class: int = Field(ge=1, le=5)
    report: str = Field(min_length=1)
    date: Day


class Window(Ruled):
    """The safe operating window of a point in a phase, in the point's unit of measure.

    low, high: limits of safe operation; normal_low, normal_high: where the recipe keeps the value. None: no limit.
    """

    point: PointName
    low: float | None = None
    normal_low: float | None = None
    normal_high: float | None = None
    high: float | None = None

    def own_mistakes(self) -> Iterator[Found]:
        """The four limits in order, at least one of them."""
        keys = ("low", "normal_low", "normal_high", "high")
        given = [(key, value) for key in keys if (value := getattr(self, key)) is not None]
        if not given:
            yield Found((), f"the window of {self.point} has no limit", "give low, high, or both", "window")
        for (before, lower), (after, upper) in pairwise(given):
            crosses = before in ("low", "normal_low") and after in ("normal_high", "high")
            if lower > upper or (crosses and lower == upper):
                yield Found((after,), f"{after} {upper:g} is below {before} {lower:g}", "write them in order", "window")


class Phase(Entry):
    """A recipe phase: the code that the unit's `phase_point` shows, its windows, how long it lasts at most."""

    code: int
    name: Name
    title: Text
    max_duration_min: float | None = Field(default=None, gt=0)
    windows: tuple[Window, ...] = ()


class NotApplicable(Entry):
    """Why a monitored parameter does not apply to a unit (a microchannel has no agitator), and who approved it."""

    evidence: str = Field(min_length=1)
    approved_by: str = Field(min_length=1)


class Unit(Ruled):
    """A process unit.

    parameters: for each monitored parameter of the process (a key of the rule pack) the points that measure it.
    sampled: parameters that the laboratory measures, by the name of the sample in the register.
    not_applicable: parameters that the unit cannot have, with evidence.
    display: the points that the overview shows, most important first.
    running: a point that is above 0.5 while the unit runs; without it the unit counts as running.
    reaction: the listed hazardous reaction that a continuous unit runs; `nitration_semibatch` says it by itself.
    phase_point: the state point that shows the code of the phase; needed where `phases` are given.
    """

    name: Name
    title: Text
    workshop: WorkshopName
    partition: PartitionName | None = None
    process: ProcessType
    reaction: Literal["nitration", "other"] | None = None
    hazard: Hazard | None = None
    parameters: dict[str, tuple[PointName, ...]] = Field(default_factory=dict)
    sampled: dict[str, Annotated[Name, Refers("sample")]] = Field(default_factory=dict)
    not_applicable: dict[str, NotApplicable] = Field(default_factory=dict)
    display: tuple[PointName, ...] = ()
    running: PointName | None = None
    phase_point: PointName | None = None
    phases: tuple[Phase, ...] = ()

    @property
    def nitrates(self) -> bool:
        """True where the unit is declared a nitration."""
        return self.process is ProcessType.NITRATION_SEMIBATCH or self.reaction == "nitration"

    def own_mistakes(self) -> Iterator[Found]:
        """Phases in the order of their codes, with a point that shows them."""
        if self.phases and self.phase_point is None:
            yield Found(("phases",), "phases without a phase_point", "name the point that shows the phase", "phase")
        for i, (before, after) in enumerate(pairwise(self.phases), start=1):
            if after.code <= before.code:
                wrong = f"phase {after.name} has code {after.code}, after code {before.code}"
                yield Found(("phases", i, "code"), wrong, "write the phases in the order of their codes", "phase")
