"""Safety instrumented functions as specified, and the gas detectors."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from plantsafe.plant.model.entry import Entry, Found, Name, PartitionName, PointName, Ruled, Text, UnitName

Policy = Literal["vote_trip", "vote_healthy", "remove"]


class FunctionInput(Entry):
    """One channel of a safety function: its transmitter and the SIS bits that say it is bypassed or faulted."""

    point: PointName
    bypass: PointName | None = None
    fault: PointName | None = None


class FinalElement(Entry):
    """One final element: the feedback point and the value it shows in the safe state."""

    name: Name
    feedback: PointName
    safe_value: float
    command: PointName | None = None


class Subsystem(Ruled):
    """Reliability data of the sensors, the logic solver or the final elements; rates per hour, times in hours.

    beta, beta_d: share of common causes. proof_test_coverage: share of dangerous failures that the test finds.
    mission_time_h: until replacement; needed where the test does not find all.
    """

    lambda_du_per_h: float = Field(gt=0, lt=1)
    lambda_dd_per_h: float = Field(default=0.0, ge=0, lt=1)
    lambda_s_per_h: float = Field(default=0.0, ge=0, lt=1)
    beta: float = Field(default=0.1, ge=0, le=1)
    beta_d: float = Field(default=0.05, ge=0, le=1)
    mttr_h: float = Field(default=8.0, gt=0)
    mrt_h: float = Field(default=8.0, gt=0)
    proof_test_interval_h: float = Field(gt=0)
    proof_test_coverage: float = Field(default=1.0, gt=0, le=1)
    mission_time_h: float | None = Field(default=None, gt=0)
    basis: str = Field(min_length=1)

    def own_mistakes(self) -> Iterator[Found]:
        """A test that does not find everything needs the time until replacement."""
        if self.proof_test_coverage < 1 and self.mission_time_h is None:
            wrong = f"proof_test_coverage {self.proof_test_coverage:g} without mission_time_h"
            yield Found(("proof_test_coverage",), wrong, "give the hours until the device is replaced", "reliability")
        if self.mission_time_h is not None and self.mission_time_h < self.proof_test_interval_h:
            wrong = f"mission time {self.mission_time_h:g} h ends before the first proof test"
            yield Found(("mission_time_h",), wrong, "write more than proof_test_interval_h", "reliability")


class Reliability(Entry):
    """The three subsystems of a function; one left out makes its PFD undetermined."""

    sensors: Subsystem | None = None
    logic: Subsystem | None = None
    elements: Subsystem | None = None


class SafetyFunction(Ruled):
    """A safety instrumented function as specified; the SIS executes it, we watch it.

    vote: how many inputs beyond the setpoint trip it. on_fault, on_bypass: what such a channel counts as.
    response_s: required, from the true crossing of the setpoint to the safe state, sensor lag included.
    tripped: the SIS output bit, above 0.5 while the function demands the safe state.
    element_vote: how many final elements must reach their safe state.
    hazardous_mode: the function is needed while this point is one of `hazardous_values`; without it, always.
    events: who stamps demand and response: our scan, a fast group of the source, or the SIS in its event buffer.
    demands_per_year: assumed by the layer-of-protection analysis. repair_h: longest time degraded (MPRT).
    """

    name: Name
    title: Text
    unit: UnitName
    inputs: tuple[FunctionInput, ...] = Field(min_length=1)
    direction: Literal["H", "L"]
    setpoint: float
    vote: int = Field(ge=1)
    on_fault: Policy
    on_bypass: Policy
    tripped: PointName
    elements: tuple[FinalElement, ...] = Field(min_length=1)
    element_vote: int = Field(ge=1)
    response_s: float = Field(gt=0)
    sensor_lag_s: float = Field(default=0.0, ge=0)
    hazardous_mode: PointName | None = None
    hazardous_values: tuple[float, ...] = ()
    sil: int = Field(ge=0, le=3)
    rrf: float = Field(gt=1)
    events: Literal["scan", "fast_group", "sis_buffer"] = "scan"
    demands_per_year: float | None = Field(default=None, gt=0)
    repair_h: float | None = Field(default=None, gt=0)
    reliability: Reliability | None = None
    consequence: Text
    action: Text

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
    point: PointName
    substance: str
    level_1: float
    level_2: float
    partition: PartitionName | None = None
    x_m: float
    y_m: float
    z_m: float | None = None
    calibration_days: int | None = Field(default=None, ge=1)

    def own_mistakes(self) -> Iterator[Found]:
        """The first level below the second; oxygen also falls."""
        if self.level_1 >= self.level_2 and self.substance != "O2":
            wrong = f"level_1 {self.level_1:g} is not below level_2 {self.level_2:g}"
            yield Found(("level_1",), wrong, "write the lower set point as level_1", "gas")
