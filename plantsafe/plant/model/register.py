"""What the plant holds and keeps books of: inventories, power supplies, relief devices, samples, certificates."""

from collections.abc import Iterator

from pydantic import Field

from plantsafe.plant.model.entry import Day, Entry, Found, Name, PointName, Ruled, Text, UnitName


class Inventory(Ruled):
    """How much of a hazardous substance a unit may hold, tonnes (GB 18218).

    points: what weighs it live, masses; critical_t: Q of the standard; beta: its correction factor.
    """

    name: Name
    title: Text
    unit: UnitName
    substance: str = Field(min_length=1)
    cas: str = Field(default="", pattern=r"^(\d{2,7}-\d{2}-\d)?$")
    design_max_t: float = Field(gt=0)
    registered_max_t: float = Field(gt=0)
    critical_t: float | None = Field(default=None, gt=0)
    beta: float | None = Field(default=None, gt=0)
    points: tuple[PointName, ...] = ()

    def own_mistakes(self) -> Iterator[Found]:
        """No more registered than the design can hold."""
        if self.registered_max_t > self.design_max_t:
            wrong = f"registered maximum {self.registered_max_t:g} t is over the design maximum {self.design_max_t:g} t"
            yield Found(("registered_max_t",), wrong, "correct one of the two", "inventory")


class Kept(Entry):
    """What has a term: last done on a day, due every so many days."""

    name: Name
    title: Text
    last: Day | None = None
    every_days: int = Field(ge=1)
    document: str = ""


class PowerSupply(Kept):
    """An uninterruptible power supply or an emergency generator; `ready` is a state point that is 1 when ready."""

    unit: UnitName
    autonomy_min: float = Field(gt=0)
    ready: PointName | None = None


class ReliefDevice(Kept):
    """A safety valve or a rupture disc; set pressure in kPa gauge; `intact` is a state point that is 1 when intact."""

    unit: UnitName
    set_pressure_kpa: float
    intact: PointName | None = None


class LaboratorySample(Ruled):
    """A sample that the laboratory takes of a unit; every so many hours, with a limit in `eu`."""

    name: Name
    title: Text
    unit: UnitName
    every_h: float = Field(gt=0)
    eu: str
    low: float | None = None
    high: float | None = None

    def own_mistakes(self) -> Iterator[Found]:
        """Limits in order."""
        if self.low is not None and self.high is not None and self.low >= self.high:
            yield Found(("low",), f"low {self.low:g} is not below high {self.high:g}", "write them in order", "sample")


class Certificate(Entry):
    """A certificate of a person or a device and the day that it ends."""

    name: Name
    title: Text
    holder: str
    until: Day


class Registers(Entry):
    """The registers that some rules need; an empty one leaves its rule 'not judged'."""

    power_supplies: tuple[PowerSupply, ...] = ()
    relief_devices: tuple[ReliefDevice, ...] = ()
    samples: tuple[LaboratorySample, ...] = ()
    certificates: tuple[Certificate, ...] = ()
