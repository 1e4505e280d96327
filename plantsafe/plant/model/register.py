"""What the plant holds and keeps books of: inventories, power supplies, relief devices, samples, certificates."""

from collections.abc import Iterator

from pydantic import Field

from plantsafe.plant.model.entry import Day, Entry, Found, Name, PointName, Ruled, Text, UnitName


class Inventory(Ruled):
    """How much of a hazardous substance a unit may hold, tonnes (GB 18218)."""

    name: Name
    """Short name, unique among inventories."""
    title: Text
    """The inventory in words."""
    unit: UnitName
    """Process unit that holds it."""
    substance: str = Field(min_length=1)
    """Name of the substance."""
    cas: str = Field(default="", pattern=r"^(\d{2,7}-\d{2}-\d)?$")
    """Its CAS number."""
    design_max_t: float = Field(gt=0)
    """What the vessels can hold."""
    registered_max_t: float = Field(gt=0)
    """What is registered with the authority; not over the design maximum."""
    critical_t: float | None = Field(default=None, gt=0)
    """Critical quantity Q of GB 18218."""
    beta: float | None = Field(default=None, gt=0)
    """Correction factor of GB 18218 for the substance."""
    points: tuple[PointName, ...] = ()
    """Points that weigh it live, in a unit of mass."""

    def own_mistakes(self) -> Iterator[Found]:
        """No more registered than the design can hold."""
        if self.registered_max_t > self.design_max_t:
            wrong = f"registered maximum {self.registered_max_t:g} t is over the design maximum {self.design_max_t:g} t"
            yield Found(("registered_max_t",), wrong, "correct one of the two", "inventory")


class Kept(Entry):
    """What has a term: last done on a day, due every so many days."""

    name: Name
    """Short name, unique among all registers."""
    title: Text
    """The device in words."""
    last: Day | None = None
    """Day of the last test."""
    every_days: int = Field(ge=1)
    """Longest time between two tests."""
    document: str = ""
    """Where the record of the test is."""


class PowerSupply(Kept):
    """An uninterruptible power supply or an emergency generator; `ready` is a state point that is 1 when ready."""

    unit: UnitName
    """Process unit that it supplies."""
    autonomy_min: float = Field(gt=0)
    """How long it lasts."""
    ready: PointName | None = None
    """State point that is 1 when it is ready."""


class ReliefDevice(Kept):
    """A safety valve or a rupture disc; set pressure in kPa gauge; `intact` is a state point that is 1 when intact."""

    unit: UnitName
    """Process unit that it protects."""
    set_pressure_kpa: float
    """Set pressure, gauge."""
    intact: PointName | None = None
    """State point that is 1 when it is intact."""


class LaboratorySample(Ruled):
    """A sample that the laboratory takes of a unit; every so many hours, with a limit in `eu`."""

    name: Name
    """Short name, unique among all registers."""
    title: Text
    """The sample in words."""
    unit: UnitName
    """Process unit that it is taken of."""
    every_h: float = Field(gt=0)
    """Longest time between two samples."""
    eu: str
    """Unit of measure of the result."""
    low: float | None = None
    """Lower limit of the result."""
    high: float | None = None
    """Upper limit of the result."""

    def own_mistakes(self) -> Iterator[Found]:
        """Limits in order."""
        if self.low is not None and self.high is not None and self.low >= self.high:
            yield Found(("low",), f"low {self.low:g} is not below high {self.high:g}", "write them in order", "sample")


class Certificate(Entry):
    """A certificate of a person or a device and the day that it ends."""

    name: Name
    """Short name, unique among all registers."""
    title: Text
    """The certificate in words."""
    holder: str
    """Person or device that it is of."""
    until: Day
    """Last day that it holds."""


class Registers(Entry):
    """The registers that some rules need; an empty one leaves its rule 'not judged'."""

    power_supplies: tuple[PowerSupply, ...] = ()
    """Uninterruptible power supplies and emergency generators."""
    relief_devices: tuple[ReliefDevice, ...] = ()
    """Safety valves and rupture discs."""
    samples: tuple[LaboratorySample, ...] = ()
    """Samples that the laboratory takes."""
    certificates: tuple[Certificate, ...] = ()
    """Certificates of people and devices."""
