"""Points: one measured or computed value each, and where it is read."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from plantsafe.plant.model.entry import Found, Name, PointName, Refers, Ruled, Text, UnitName

WORDS = {
    "bool": 1, "int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2, "int64": 4, "uint64": 4, "float64": 4
}  # fmt: skip  # registers of 16 bits
BIT_TABLES = ("coil", "discrete")


class OpcUaAddress(Ruled):
    """An OPC UA node: `node`, an identifier (`s=...` or `i=...`) in the source's namespace or in one named by URI."""

    node: str = Field(default="", pattern=r"^([isgb]=.+)?$")
    """Identifier of the node (`s=...`, `i=...`) in the source's namespace or in `namespace`."""
    namespace: str | None = None
    """URI of the namespace, where it is not that of the source."""
    browse_path: str = ""
    """Instead of `node`: the way from the Objects folder, `2:Unit/2:R101/2:TI-101`."""

    def own_mistakes(self) -> Iterator[Found]:
        """One way to find the node."""
        if bool(self.node) == bool(self.browse_path):
            yield Found((), "has not one way to its node", "give either node or browse_path", "address")


class ModbusAddress(Ruled):
    """A place in a Modbus device; `address` is zero-based as on the wire."""

    table: Literal["coil", "discrete", "input", "holding"]
    """Which table of the device: bits (coil, discrete) or registers (input, holding)."""
    address: int = Field(ge=0, le=65535)
    """Zero-based, as on the wire."""
    device: int = Field(default=1, ge=0, le=255)
    """Unit identifier of the device."""
    type: Literal[
        "bool", "int16", "uint16", "int32", "uint32", "float32", "int64", "uint64", "float64",
        "string",
    ] = "uint16"  # fmt: skip
    """How the registers are read; a `string` is a text of the point's `states`, padded with blanks or zeros."""
    length: int | None = Field(default=None, ge=1, le=125)
    """How many registers a string has, two characters of one byte in each."""
    bit: int | None = Field(default=None, ge=0, le=15)
    """Bit of one register that holds the value, 0 for the lowest."""
    byte_order: Literal["big", "little"] = "big"
    """Of the two bytes in a register."""
    word_order: Literal["big", "little"] = "big"
    """Of the registers of a number."""
    scale: float = 1.0
    """Value = raw * scale + offset."""
    offset: float = 0.0
    """Value = raw * scale + offset; in the unit of measure."""

    @property
    def words(self) -> int:
        """How many registers (or bits, in a table of bits) the value takes."""
        if self.type == "string":
            return self.length or 1
        return 1 if self.table in BIT_TABLES or self.bit is not None else WORDS[self.type]

    def own_mistakes(self) -> Iterator[Found]:
        """A bit only of one register, the last register at most 65535, a scale that keeps values apart."""
        if self.bit is not None and self.table in BIT_TABLES:
            yield Found(("bit",), f"a {self.table} is a bit already", "remove bit", "register")
        elif self.bit is not None and self.type == "string":
            yield Found(("bit",), "a bit of a string", "name the one register that holds the bit", "register")
        elif self.bit is not None and WORDS[self.type] > 1:
            yield Found(("bit",), f"a bit of a {self.type}", "name the one register that holds the bit", "register")
        if self.table in BIT_TABLES and self.type not in ("bool", "uint16"):
            yield Found(("type",), f"a {self.table} cannot hold a {self.type}", "write type: bool", "register")
        if (self.type == "string") != (self.length is not None):
            wrong = "a string without length" if self.length is None else f"a {self.type} with a length"
            yield Found(("length",), wrong, "give a string, and only that, its number of registers", "register")
        if self.type == "string" and (self.scale != 1.0 or self.offset != 0.0):
            yield Found(("scale",), "a string has no scale", "remove scale and offset", "register")
        if self.address + self.words > 65536:
            wrong = f"{self.type} at {self.address} reaches past the last register, 65535"
            yield Found(("address",), wrong, "correct the address; it is zero-based", "register")
        if self.scale == 0.0:
            yield Found(("scale",), "scale 0 makes every value the same", "leave it out, or give the step", "register")


class Deviation(Ruled):
    """How far points that measure the same may differ, in the unit of measure."""

    warn: float = Field(gt=0)
    """From here for 60 s they are compared by hand."""
    alarm: float = Field(gt=0)
    """From here for 30 s one of them is not to be trusted."""

    def own_mistakes(self) -> Iterator[Found]:
        """The warning comes first."""
        if self.warn >= self.alarm:
            wrong = f"warn {self.warn:g} is not below alarm {self.alarm:g}"
            yield Found(("warn",), wrong, "write the smaller difference as warn", "deviation")


class Point(Ruled):
    """One measured or computed value."""

    name: Name
    """Tag of the point, unique among points."""
    title: Text
    """The point in words."""
    unit: UnitName
    """Process unit that it belongs to."""
    source: Annotated[Name, Refers("source")]
    """System that it is read from."""
    kind: Literal["analog", "state", "count"] = "analog"
    """A measured value, a code with names, or a count."""
    eu: str = ""
    """Unit of measure, as °C, kPa, m³/h, %LEL; empty for none."""
    range: tuple[float, float] = (0.0, 1.0)
    """What the instrument can show, lower end first, in the unit of measure."""
    resolution: float = Field(default=0.0, ge=0.0)
    """Smallest step that it shows, in the unit of measure; 0 for unknown."""
    reduce_deadband: float = Field(default=0.0, ge=0.0)
    """For an analog point that nothing judges: once its day is over, the history keeps a value only where it is over so
    much from the one kept before, in the unit of measure; 0 keeps all. Such a point is left out of the statistical
    monitors."""
    fail_direction: Literal["none", "high", "low"] = "none"
    """Where the instrument drives on a fault of its own. With `none` a value at the end of the range is taken at its
    word and counts as beyond every limit on that side."""
    opcua: OpcUaAddress | None = None
    """Where an OPC UA server has it."""
    modbus: ModbusAddress | None = None
    """Where a Modbus device has it."""
    states: dict[int, Text] = Field(default_factory=dict)
    """Names of the codes of a state point."""
    same_as: PointName | None = None
    """Point of another system that measures the same thing."""
    deviation: Deviation | None = None
    """How far this point and those that are `same_as` it may differ; without it 2 % of the range (3 % from three
    points on) and 5 %."""

    def own_mistakes(self) -> Iterator[Found]:
        """A range with a lower and an upper end, one address, a step smaller than the range."""
        low, high = self.range
        if low >= high:
            yield Found(("range",), f"range {low:g} to {high:g} is empty", "write the lower end first", "range")
        elif self.resolution > high - low:
            wrong = f"resolution {self.resolution:g} is more than the range {low:g} to {high:g}"
            yield Found(("resolution",), wrong, "give the smallest step that the instrument shows", "range")
        if self.reduce_deadband and self.kind != "analog":
            wrong = f"a {self.kind} is kept as it was read"
            yield Found(("reduce_deadband",), wrong, "leave reduce_deadband out, or write kind: analog", "reduction")
        elif self.reduce_deadband and self.same_as is not None:
            wrong = f"a point that is compared with {self.same_as}"
            yield Found(("reduce_deadband",), wrong, "leave reduce_deadband out", "reduction")
        elif self.reduce_deadband >= high - low > 0.0:
            wrong = f"deadband {self.reduce_deadband:g} leaves nothing of the range {low:g} to {high:g}"
            yield Found(("reduce_deadband",), wrong, "give the error that its readers can do with", "reduction")
        if self.opcua is not None and self.modbus is not None:
            yield Found((), "a point has one address", "give either opcua or modbus", "address")
        if self.modbus is not None and self.modbus.type == "string" and (self.kind != "state" or not self.states):
            wrong = "a string, but no state point with its texts"
            yield Found(("modbus", "type"), wrong, "write kind: state, and in states the texts it may show", "register")
