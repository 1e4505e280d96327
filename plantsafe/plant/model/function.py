"""Safety instrumented functions as specified, and the gas detectors."""

from collections.abc import Iterator
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
    Waiver,
)

Policy = Literal["vote_trip", "vote_healthy", "remove"]


class FunctionInput(Entry):
    """One channel of a safety function: its transmitter and the SIS bits that say it is bypassed or faulted."""

    point: PointName
    """Transmitter of the channel."""
    bypass: PointName | None = None
    """Bit of the SIS that says that the channel is bypassed."""
    fault: PointName | None = None
    """Bit of the SIS that says that the channel is faulted."""
    first_out: PointName | None = None
    """Bit of the SIS that says that the channel was the first beyond its set point."""


class BypassLimits(Entry):
    """Longest bypass of a channel by its type, from the bit of the SIS; site defaults."""

    maintenance_min: float = Field(default=480.0, gt=0, le=10080)
    """While an instrument is repaired or tested: one shift."""
    start_up_min: float = Field(default=30.0, gt=0, le=10080)
    """While a unit starts and the channel cannot yet be healthy."""
    process_min: float = Field(default=480.0, gt=0, le=10080)
    """While the process runs in a way that the function does not fit."""


class FinalElement(Entry):
    """One final element: the feedback point and the value it shows in the safe state."""

    name: Name
    """Short name; one element has the same feedback in every function."""
    feedback: PointName
    """Point that shows where the element is."""
    safe_value: float
    """What the feedback shows in the safe state."""
    command: PointName | None = None
    """Point that shows what the SIS tells the element: 1 for its safe state. Without it, the trip bits of its
    functions are the command."""
    stroke_s: float | None = Field(default=None, gt=0)
    """Its stroke to the safe state at commissioning; a fifth more asks for maintenance."""
    pair: Annotated[Name, Refers("final element")] | None = None
    """The other element of a double block; named in one of the two, it holds for both."""


class Subsystem(Ruled):
    """Reliability data of the sensors, the logic solver or the final elements; rates per hour, times in hours."""

    lambda_du_per_h: float = Field(gt=0, lt=1)
    """Rate of dangerous failures that diagnostics do not find."""
    lambda_dd_per_h: float = Field(default=0.0, ge=0, lt=1)
    """Rate of dangerous failures that diagnostics find."""
    lambda_s_per_h: float = Field(default=0.0, ge=0, lt=1)
    """Rate of safe failures."""
    beta: float = Field(default=0.1, ge=0, le=1)
    """Share of undetected failures with a common cause."""
    beta_d: float = Field(default=0.05, ge=0, le=1)
    """Share of detected failures with a common cause."""
    mttr_h: float = Field(default=8.0, gt=0)
    """Mean time to restoration after a detected failure."""
    mrt_h: float = Field(default=8.0, gt=0)
    """Mean repair time after a failure that a proof test found."""
    proof_test_interval_h: float = Field(gt=0)
    """Time between two proof tests."""
    proof_test_coverage: float = Field(default=1.0, gt=0, le=1)
    """Share of dangerous failures that the proof test finds."""
    mission_time_h: float | None = Field(default=None, gt=0)
    """Time until the device is replaced; needed where the proof test does not find all."""
    installed: Day | None = None
    """Day since which the devices serve; without it they count as new at the last proof test."""
    last_test: Day | None = None
    """Day of the last proof test before the record began; a later one in the record goes before it."""
    trip_coverage: float | None = Field(default=None, gt=0, lt=1)
    """Share of the dangerous failures that a real trip shows of a device that was seen to move; None: no credit."""
    basis: str = Field(min_length=1)
    """Where the figures come from."""

    def own_mistakes(self) -> Iterator[Found]:
        """A test that does not find everything needs the time until replacement."""
        if self.proof_test_coverage < 1 and self.mission_time_h is None:
            wrong = f"proof_test_coverage {self.proof_test_coverage:g} without mission_time_h"
            yield Found(("proof_test_coverage",), wrong, "give the hours until the device is replaced", "reliability")
        if self.mission_time_h is not None and self.mission_time_h < self.proof_test_interval_h:
            wrong = f"mission time {self.mission_time_h:g} h ends before the first proof test"
            yield Found(("mission_time_h",), wrong, "write more than proof_test_interval_h", "reliability")
        if self.installed is not None and self.last_test is not None and self.last_test < self.installed:
            wrong = f"tested on {self.last_test}, before it was installed on {self.installed}"
            yield Found(("last_test",), wrong, "correct one of the two days", "reliability")
        if self.trip_coverage is not None and self.trip_coverage > self.proof_test_coverage:
            wrong = (
                f"a trip shows {self.trip_coverage:g} of the failures, and a proof test {self.proof_test_coverage:g}"
            )
            yield Found(("trip_coverage",), wrong, "write at most proof_test_coverage", "reliability")


class Reliability(Entry):
    """The three subsystems of a function; one left out makes its PFD undetermined."""

    sensors: Subsystem | None = None
    """The sensors."""
    logic: Subsystem | None = None
    """The logic solver."""
    elements: Subsystem | None = None
    """The final elements."""


class SafetyFunction(Ruled):
    """A safety instrumented function as specified; the SIS executes it, we watch it."""

    name: Name
    """Short name, unique among functions."""
    title: Text
    """The function in words."""
    unit: UnitName
    """Process unit that it protects."""
    inputs: tuple[FunctionInput, ...] = Field(min_length=1)
    """Its channels."""
    direction: Literal["H", "L"]
    """Whether it trips high or low."""
    setpoint: float
    """Where it trips, in the inputs' unit of measure."""
    vote: int = Field(ge=1)
    """How many inputs beyond the setpoint trip it."""
    on_fault: Policy
    """What a faulted channel counts as: a vote to trip, a healthy vote, or no vote."""
    on_bypass: Policy
    """What a bypassed channel counts as."""
    tripped: PointName
    """Output bit of the SIS, above 0.5 while the function demands the safe state."""
    elements: tuple[FinalElement, ...] = Field(min_length=1)
    """Its final elements."""
    element_vote: int = Field(ge=1)
    """How many final elements must reach their safe state."""
    response_s: float = Field(gt=0)
    """Required response, from the true crossing of the setpoint to the safe state, sensor lag included."""
    sensor_lag_s: float = Field(default=0.0, ge=0)
    """How much of it the sensor takes."""
    setpoint_readback: PointName | None = None
    """Point that shows the setpoint that the SIS has; a difference is an unauthorised change."""
    test_mode: PointName | None = None
    """Bit of the SIS that is on while the function is tested; a trip in it is no spurious one."""
    manual_trip: PointName | None = None
    """Bit of the SIS that is on while people trip the function by hand."""
    bypass_max_min: BypassLimits = BypassLimits()
    """How long a channel may be bypassed."""
    hazardous_mode: PointName | None = None
    """State point; the function is needed while it is one of `hazardous_values`. Without it, always."""
    hazardous_values: tuple[float, ...] = ()
    """Codes of `hazardous_mode` in which the function is needed."""
    sil: int = Field(ge=0, le=3)
    """Required safety integrity level; 0 for a function without one."""
    rrf: float = Field(gt=1)
    """Required risk reduction; belongs to the level (IEC 61511-1, table 4)."""
    events: Literal["scan", "fast_group", "sis_buffer"] = "scan"
    """Who stamps demand and response: our scan, a fast group of the source, or the SIS in its event buffer."""
    demands_per_year: float | None = Field(default=None, gt=0)
    """Demands that the layer-of-protection analysis assumes."""
    spurious_per_year: float | None = Field(default=None, gt=0)
    """Spurious trips that the design assumes."""
    repair_h: float | None = Field(default=None, gt=0)
    """Longest time that it may be degraded (MPRT)."""
    reliability: Reliability | None = None
    """Figures of its subsystems; one left out makes its PFD undetermined."""
    consequence: Text
    """What it protects against."""
    action: Text
    """What the operator does when it trips."""
    unproved: Waiver | None = None
    """Lets `plantsafe scenario prove` pass although no scenario shows that the function is fast enough."""

    def own_mistakes(self) -> Iterator[Found]:
        """Votes that can be reached, a lag that leaves time to act, a reduction that fits the level."""
        if self.vote > len(self.inputs):
            wrong = f"vote {self.vote} of {len(self.inputs)} inputs can never trip"
            yield Found(("vote",), wrong, f"write at most {len(self.inputs)}", "vote")
        if self.element_vote > len(self.elements):
            wrong = f"element_vote {self.element_vote} of {len(self.elements)} elements can never succeed"
            yield Found(("element_vote",), wrong, f"write at most {len(self.elements)}", "vote")
        if self.sensor_lag_s >= self.response_s:
            wrong = (
                f"sensor lag {self.sensor_lag_s:g} s leaves nothing of the required response of {self.response_s:g} s"
            )
            yield Found(("sensor_lag_s",), wrong, "correct the lag, or specify a longer response", "response")
        if (self.hazardous_mode is None) != (not self.hazardous_values):
            has = "hazardous_values" if self.hazardous_mode is None else "hazardous_mode"
            wrong = f"{has} alone"
            yield Found((has,), wrong, "give both hazardous_mode and hazardous_values, or neither", "mode")
        low, high = 10.0**self.sil, 10.0 ** (self.sil + 1)
        if self.rrf < (low if self.sil else 1.0) or self.rrf > high:  # IEC 61511-1, table 4
            wrong = f"risk reduction {self.rrf:g} does not belong to SIL {self.sil}"
            yield Found(("rrf",), wrong, f"SIL {self.sil} is {low if self.sil else 1:g} to {high:g}", "sil")


class GasDetector(Ruled):
    """A gas detector: substance, set points in the point's unit of measure, place on the site grid."""

    name: Name
    """Short name, unique among gas detectors."""
    point: PointName
    """Point that shows the concentration."""
    substance: str
    """What it detects."""
    level_1: float
    """First set point, in the point's unit of measure."""
    level_2: float
    """Second set point, in the point's unit of measure."""
    partition: PartitionName | None = None
    """Partition that it hangs in."""
    x_m: float
    """Place on the site grid, east."""
    y_m: float
    """Place on the site grid, north."""
    z_m: float | None = None
    """Height above the floor."""
    calibration_days: int | None = Field(default=None, ge=1)
    """Longest time between two calibrations."""

    def own_mistakes(self) -> Iterator[Found]:
        """The first level below the second; oxygen also falls."""
        if self.level_1 >= self.level_2 and self.substance != "O2":
            wrong = f"level_1 {self.level_1:g} is not below level_2 {self.level_2:g}"
            yield Found(("level_1",), wrong, "write the lower set point as level_1", "gas")
