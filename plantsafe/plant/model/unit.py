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
    UnitName,
    WorkshopName,
)
from plantsafe.plant.model.heat_balance import HeatBalance
from plantsafe.plant.model.line import Line


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
    """Process temperature."""
    mtsr_c: float
    """Highest temperature that the synthesis reaches after loss of cooling."""
    mtt_c: float
    """Highest temperature for technical reasons, as the boiling point."""
    td24_c: float
    """Temperature at which decomposition takes 24 h to its maximum rate."""
    assessed_class: int = Field(ge=1, le=5)
    """Class of the reaction hazard in the report (GB/T 42300); check compares it with the temperatures."""
    report: str = Field(min_length=1)
    """Number of the assessment report."""
    date: Day
    """Day of the report."""


class Window(Ruled):
    """The safe operating window of a point in a phase, in the point's unit of measure; a value outside low to high is a
    finding, and its minutes are counted."""

    point: PointName
    """Point that the window is of; all limits in its unit of measure."""
    low: float | None = None
    """Lower limit of safe operation."""
    normal_low: float | None = None
    """Lower end of where the recipe keeps the value."""
    normal_high: float | None = None
    """Upper end of where the recipe keeps the value."""
    high: float | None = None
    """Upper limit of safe operation."""

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
    """Value of the unit's `phase_point` in this phase; phases stand in the order of their codes."""
    name: Name
    """Short name, as alarms name it in `guidance_by_phase`."""
    title: Text
    """The phase in words."""
    max_duration_min: float | None = Field(default=None, gt=0)
    """How long the phase lasts at most; longer is a finding."""
    windows: tuple[Window, ...] = ()
    """Safe operating windows while the phase runs."""


class NotApplicable(Entry):
    """Why a monitored parameter does not apply to a unit (a microchannel has no agitator), and who approved it."""

    evidence: str = Field(min_length=1)
    """Why the parameter does not apply (a microchannel has no agitator)."""
    approved_by: str = Field(min_length=1)
    """Who accepted that."""


class RestartLock(Entry):
    """When an agitator that stood still may not be started again: until two people confirmed temperature and sample."""

    stopped: str
    """Expression that is true while the agitator stands still."""
    dosing: str
    """Expression that is true while something is dosed that would gather without it."""
    after_s: float = Field(default=5.0, ge=0)  # site default
    """How long it may stand still before the lock comes."""
    effect: Annotated[Name, Refers("effect")]
    """Effect of the matrix that stands for the permission; its preconditions must be there when people confirm."""


class Unit(Ruled):
    """A process unit."""

    name: Name
    """Short name, unique among units."""
    title: Text
    """The unit in words."""
    workshop: WorkshopName
    """Where it stands."""
    partition: PartitionName | None = None
    """The partition of that workshop, if it stands in one."""
    process: ProcessType
    """What kind of process it runs; rules and models choose by it."""
    reaction: Literal["nitration", "other"] | None = None
    """The listed hazardous reaction of a continuous unit; `nitration_semibatch` says it by itself."""
    hazard: Hazard | None = None
    """The assessed reaction hazard."""
    parameters: dict[str, tuple[PointName, ...]] = Field(default_factory=dict)
    """For each monitored parameter of the process, by its key, the points that measure it."""
    sampled: dict[str, Annotated[Name, Refers("sample")]] = Field(default_factory=dict)
    """Monitored parameters that the laboratory measures, by the name of the sample in the register."""
    not_applicable: dict[str, NotApplicable] = Field(default_factory=dict)
    """Monitored parameters that the unit cannot have."""
    display: tuple[PointName, ...] = ()
    """Points that the overview shows, most important first."""
    running: PointName | None = None
    """Point that is above 0.5 while the unit runs; without it the unit counts as running."""
    phase_point: PointName | None = None
    """State point that shows the code of the phase; needed where there are `phases`."""
    phases: tuple[Phase, ...] = ()
    """Recipe phases, in the order of their codes."""
    requirements: dict[str, tuple[Name, ...]] = Field(default_factory=dict)
    """For each requirement of the packs of its process, the alarms, rows, effects, points or register entries that meet
    it; `plantsafe plant coverage` lists them."""
    restart_lock: RestartLock | None = None
    """Lock against the restart of its agitator."""
    console: Name | None = None
    """Operator console that its alarms are shown on; none where one operator has everything."""
    heat_balance: HeatBalance | None = None
    """Of a semi-batch tank: what its heat balance, accumulation and distance to the hazard limits are computed from."""
    line: Line | None = None
    """Of a continuous unit or a conveyor: what its mass balance, pressure drop, axial profile and hold-up are judged
    from."""
    follows: UnitName | None = None
    """Batch unit whose phases move this one's values (a buffer that it fills): normal is learnt along them."""

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
