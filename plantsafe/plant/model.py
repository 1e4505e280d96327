"""The plant description as a person writes it: one YAML file, validated here, compiled in `tables`.

Names are unique in their kind. Every reference is by name. Units of measure are part of the value's meaning and never
converted silently. Fields that a rule or a check needs have no default; the rest says what its default means.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=80)]


class Entry(BaseModel):
    """Base of all entries: unknown keys are mistakes, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Text(Entry):
    """A text in both languages."""

    en: str
    zh: str


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


class Site(Entry):
    """The plant as a whole."""

    name: Name
    title: Text
    timezone: str = "Asia/Shanghai"
    county: str = ""
    township: str = ""


class Partition(Entry):
    """An explosion-proof partition; people in it are counted by `head_count`, a point."""

    name: Name
    title: Text
    head_count: Name
    head_count_max: int = Field(ge=0)


class Workshop(Entry):
    """A workshop and its partitions."""

    name: Name
    title: Text
    head_count_max: int = Field(ge=0)
    partitions: tuple[Partition, ...] = ()


class Hazard(Entry):
    """The assessed reaction hazard (GB/T 42300): temperatures in °C, class 1-5."""

    tp_c: float
    mtsr_c: float
    mtt_c: float
    td24_c: float
    assessed_class: int = Field(ge=1, le=5)
    report: str
    date: str


class Unit(Entry):
    """A process unit.

    parameters: for each monitored parameter of the process (a key of the rule pack) the points that measure it.
    display: the points that the overview shows, most important first.
    running: a point that is above 0.5 while the unit runs; without it the unit counts as running.
    """

    name: Name
    title: Text
    workshop: Name
    partition: Name | None = None
    process: ProcessType
    hazard: Hazard | None = None
    parameters: dict[str, tuple[Name, ...]] = {}
    display: tuple[Name, ...] = ()
    running: Name | None = None


class OpcUaAddress(Entry):
    """An OPC UA node: identifier text (`s=...` or `i=...`) in the source's namespace or in one named by URI."""

    node: str = Field(pattern=r"^[isgb]=.+$")
    namespace: str | None = None


class ModbusAddress(Entry):
    """A place in a Modbus device; `address` is zero-based as on the wire."""

    table: Literal["coil", "discrete", "input", "holding"]
    address: int = Field(ge=0, le=65535)
    device: int = Field(default=1, ge=0, le=255)
    type: Literal["bool", "int16", "uint16", "int32", "uint32", "float32"] = "uint16"
    bit: int | None = Field(default=None, ge=0, le=15)
    word_order: Literal["big", "little"] = "big"
    scale: float = 1.0
    offset: float = 0.0


class Point(Entry):
    """One measured or computed value.

    range: what the instrument can show, engineering units. resolution: its smallest step, 0 for unknown.
    fail_direction: where the instrument drives on a fault of its own; `none` means that an instrument at the end of
    its range is taken at its word and counts as beyond every limit on that side.
    states: names of the codes of a state point.
    """

    name: Name
    title: Text
    unit: Name
    source: Name
    kind: Literal["analog", "state", "count"] = "analog"
    eu: str = ""
    range: tuple[float, float] = (0.0, 1.0)
    resolution: float = Field(default=0.0, ge=0.0)
    fail_direction: Literal["none", "high", "low"] = "none"
    opcua: OpcUaAddress | None = None
    modbus: ModbusAddress | None = None
    states: dict[int, Text] = {}

    @model_validator(mode="after")
    def _range_in_order(self) -> "Point":
        if self.range[0] >= self.range[1]:
            raise ValueError(f"range {self.range[0]} to {self.range[1]} is empty; write the lower end first")
        if (self.opcua is None) == (self.modbus is None):
            raise ValueError("a point has one address: either opcua or modbus")
        return self


class SourceEntry(Entry):
    """Where values come from. `heartbeat` is a point that changes while the source is alive."""

    name: Name
    title: Text
    protocol: Literal["opcua", "modbus"]
    endpoint: str
    namespace: str | None = None
    security: Literal["None"] = "None"
    timeout_s: float = Field(default=0.5, gt=0, le=10)
    heartbeat: Name
    consequence: Text
    action: Text


class Alarm(Entry):
    """A rationalised alarm: a limit on a point, what happens if nobody acts, and what to do."""

    name: Name
    point: Name
    direction: Literal["HH", "H", "L", "LL"]
    limit: float
    deadband: float = Field(ge=0.0)
    on_delay_s: float = Field(default=0.0, ge=0.0)
    off_delay_s: float = Field(default=0.0, ge=0.0)
    priority: int = Field(ge=1, le=4)
    klass: Literal["safety", "environment", "process", "SIS", "GDS", "occupancy", "diagnostic"] = Field(alias="class")
    consequence: Text
    action: Text
    respond_min: float = Field(gt=0)


class FunctionInput(Entry):
    """One channel of a safety function: its transmitter and the SIS bits that say it is bypassed or faulted."""

    point: Name
    bypass: Name | None = None
    fault: Name | None = None


class FinalElement(Entry):
    """One final element: the feedback point and the value it shows in the safe state."""

    name: Name
    feedback: Name
    safe_value: float
    command: Name | None = None


class SafetyFunction(Entry):
    """A safety instrumented function as specified; the SIS executes it, we watch it.

    vote: how many inputs beyond the setpoint trip it. on_fault, on_bypass: what such a channel counts as.
    response_s: required, from the true crossing of the setpoint to the safe state, sensor lag included.
    tripped: the SIS output bit, above 0.5 while the function demands the safe state.
    element_vote: how many final elements must reach their safe state.
    hazardous_mode: the function is needed while this point is one of `hazardous_values`; without it, always.
    """

    name: Name
    title: Text
    unit: Name
    inputs: tuple[FunctionInput, ...] = Field(min_length=1)
    direction: Literal["H", "L"]
    setpoint: float
    vote: int = Field(ge=1)
    on_fault: Literal["vote_trip", "vote_healthy", "remove"]
    on_bypass: Literal["vote_trip", "vote_healthy", "remove"]
    tripped: Name
    elements: tuple[FinalElement, ...] = Field(min_length=1)
    element_vote: int = Field(ge=1)
    response_s: float = Field(gt=0)
    sensor_lag_s: float = Field(default=0.0, ge=0)
    hazardous_mode: Name | None = None
    hazardous_values: tuple[float, ...] = ()
    sil: int = Field(ge=0, le=3)
    rrf: float = Field(gt=1)
    consequence: Text
    action: Text

    @model_validator(mode="after")
    def _votes_fit(self) -> "SafetyFunction":
        if self.vote > len(self.inputs):
            raise ValueError(f"vote {self.vote} of {len(self.inputs)} inputs can never trip")
        if self.element_vote > len(self.elements):
            raise ValueError(f"element_vote {self.element_vote} of {len(self.elements)} elements can never succeed")
        if self.sensor_lag_s >= self.response_s:
            raise ValueError(
                f"sensor lag {self.sensor_lag_s} s leaves nothing of the required response of {self.response_s} s"
            )
        return self


class GasDetector(Entry):
    """A gas detector: substance, set points in the point's unit of measure, place on the site grid."""

    name: Name
    point: Name
    substance: str
    level_1: float
    level_2: float
    partition: Name | None = None
    x_m: float
    y_m: float


class PlantFile(Entry):
    """The whole file. `schema` is the version of this model; `author` is who wrote this state of the file."""

    schema_version: Literal[1] = Field(alias="schema")
    author: str
    scan_period_s: float = Field(default=1.0, gt=0)
    site: Site
    workshops: tuple[Workshop, ...] = Field(min_length=1)
    units: tuple[Unit, ...] = Field(min_length=1)
    sources: tuple[SourceEntry, ...] = Field(min_length=1)
    points: tuple[Point, ...] = Field(min_length=1)
    alarms: tuple[Alarm, ...] = ()
    functions: tuple[SafetyFunction, ...] = ()
    gas_detectors: tuple[GasDetector, ...] = ()
