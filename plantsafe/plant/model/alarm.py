"""Alarms: a limit or an expression, what happens if nobody acts, and what to do."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from plantsafe.plant.model.entry import Found, Name, PointName, Ruled, Text, UnitName

Class = Literal["safety", "environment", "process", "SIS", "GDS", "occupancy", "diagnostic"]
SHELVE_MAX_MIN = {1: 0.0, 2: 60.0, 3: 480.0, 4: 480.0}  # by priority; site default
NEVER_SHELVED = ("SIS", "GDS")  # site default
LATCHING = ("SIS", "GDS")  # trips and gas stay until their reset; site default
SHELVE_TIMES_MAX = 2  # in a shift; site default
DELAY_MAX_S = 86_400.0  # a day; site default
DELAY_SHARE_MAX = 0.2  # of the time to respond; site default


class Rationalised(Ruled):
    """What every alarm says: how it is judged in time, how urgent it is, and what to do."""

    name: Name
    """Short name, unique among alarms of both kinds."""
    on_delay_s: float = Field(default=0.0, ge=0.0, le=DELAY_MAX_S)
    """How long it must hold before the alarm is raised; at most a fifth of `respond_min`, none on SIS and GDS."""
    off_delay_s: float = Field(default=0.0, ge=0.0, le=DELAY_MAX_S)
    """How long it must be gone before the alarm returns."""
    priority: int = Field(ge=1, le=4)
    """1 is the most urgent."""
    klass: Class = Field(alias="class")
    """Who is concerned; trips (SIS) and gas (GDS) are never delayed or shelved."""
    consequence: Text
    """What happens if nobody acts."""
    cause: Text | None = None
    """Why it usually comes."""
    action: Text
    """What the operator does."""
    respond_min: float = Field(gt=0)
    """How long the operator has until acting is too late."""
    suppress: str | None = None
    """Expression; while it is true the alarm is suppressed by design."""
    first_out: Name | None = None
    """Group of which the first alarm to come is marked."""
    shelve_max_min: float | None = Field(default=None, ge=0)
    """Longest time that it may be shelved, 0 for never; without it the most for its priority and class."""
    shelve_times_max: int | None = Field(default=None, ge=0)
    """How often it may be shelved in a shift; without it twice."""
    latching: bool | None = None
    """Whether it stays after its return until it is acknowledged and reset; without it SIS and GDS do."""
    ack_required: bool = True
    """Whether it waits for an acknowledgement."""
    auto_ack_on_return: bool = False
    """Whether its return acknowledges it."""
    confirm: bool = False
    """Whether, beside the acknowledgement, somebody confirms that the action was done."""
    realarm_min: float = Field(default=0.0, ge=0.0)
    """How long after its acknowledgement it sounds again while it still holds, 0 for never."""
    console: Name | None = None
    """Operator console that shows it; without it that of its unit. Key figures are counted a console at a time."""
    guidance_by_phase: dict[str, Text] = Field(default_factory=dict)
    """More to do in a phase of the unit, by the name of the phase."""

    @property
    def latches(self) -> bool:
        """Whether it stays until its reset."""
        return self.klass in LATCHING if self.latching is None else self.latching

    @property
    def longest_shelving_min(self) -> float:
        """How long it may be shelved, 0 for never."""
        most = 0.0 if self.klass in NEVER_SHELVED else SHELVE_MAX_MIN[self.priority]
        return most if self.shelve_max_min is None else min(most, self.shelve_max_min)

    def own_mistakes(self) -> Iterator[Found]:
        """A delay that leaves the time to respond, and shelving within the limits of priority and class."""
        if self.on_delay_s > DELAY_SHARE_MAX * self.respond_min * 60.0:
            most = DELAY_SHARE_MAX * self.respond_min * 60.0
            wrong = f"on-delay {self.on_delay_s:g} s is over a fifth of the {self.respond_min:g} min to respond"
            yield Found(("on_delay_s",), wrong, f"write at most {most:g}", "delay")
        if self.klass in NEVER_SHELVED:
            for key in ("on_delay_s", "off_delay_s"):
                if getattr(self, key) > 0:
                    wrong = f"a delay on a {self.klass} alarm"
                    yield Found((key,), wrong, "remove it: trips and gas are shown at once", "delay")
        most = 0.0 if self.klass in NEVER_SHELVED else SHELVE_MAX_MIN[self.priority]
        if self.shelve_max_min is not None and self.shelve_max_min > most:
            wrong = (
                f"{self.shelve_max_min:g} min of shelving; class {self.klass}, priority {self.priority} allow {most:g}"
            )
            yield Found(("shelve_max_min",), wrong, f"write at most {most:g}", "shelving")


class Alarm(Rationalised):
    """An alarm on a limit of a point; `deadband` and `limit` in the point's unit of measure."""

    point: PointName
    """Point that has the limit."""
    direction: Literal["HH", "H", "L", "LL"]
    """On which side of the limit the alarm is: high-high, high, low, low-low."""
    limit: float
    """Where it is raised, in the point's unit of measure."""
    deadband: float = Field(ge=0.0)
    """How far the value must return, in the point's unit of measure; at most half of the way to the next limit."""


class ExpressionAlarm(Rationalised):
    """An alarm on an expression over points of one unit (see `plantsafe.plant.expression`)."""

    unit: UnitName
    """Process unit that it belongs to."""
    title: Text
    """The alarm in words."""
    expression: str
    """What raises it while it is true; points in quotes, as `"XA" < 0.5 and abs("FI") > 20`."""
