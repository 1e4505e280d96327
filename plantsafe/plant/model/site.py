"""The site, its workshops and partitions, and the people who answer for them."""

from typing import Annotated, Literal

from pydantic import Field

from plantsafe.plant.model.entry import Day, Entry, Name, PointName, Refers, Text, WorkshopName
from plantsafe.request import Role

Comparator = Literal["<=", "<"]


class Site(Entry):
    """The plant as a whole."""

    name: Name
    """Short name of the site."""
    title: Text
    """The site in words."""
    timezone: str = "Asia/Shanghai"
    """IANA name of the time zone that shifts, days and reports follow."""
    shifts: tuple[Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")], ...] = ("08:00", "20:00")
    """When shifts begin, by the time zone; open bypasses are acknowledged within half an hour of it."""
    county: str = ""
    """County or district, for the head of reports."""
    township: str = ""
    """Township or street, for the head of reports."""


class Partition(Entry):
    """An explosion-proof partition; people in it are counted by `head_count`, a point."""

    name: Name
    """Short name, unique among all partitions."""
    title: Text
    """The partition in words."""
    head_count: PointName
    """Point that counts the people inside."""
    head_count_max: int = Field(ge=0)
    """How many people may be inside; the rule allows 3."""
    comparator: Comparator = "<="
    """How the count must stand to the limit (以下 is read both ways)."""
    document: str = ""
    """Number of the local document that fixes the limit."""


class Workshop(Entry):
    """A workshop and its partitions. explosion_hazard: the rule on head-counts applies to it."""

    name: Name
    """Short name, unique among workshops."""
    title: Text
    """The workshop in words."""
    head_count_max: int = Field(ge=0)
    """How many people may be inside; the rule allows 9 where there is an explosion hazard."""
    comparator: Comparator = "<="
    """How the count must stand to the limit."""
    document: str = ""
    """Number of the local document that fixes the limit."""
    explosion_hazard: bool = True
    """Whether the rule on head-counts applies to the workshop."""
    partitions: tuple[Partition, ...] = ()
    """Its explosion-proof partitions."""


class Person(Entry):
    """A person and what he or she may do here."""

    name: Name
    """Short name, unique among people."""
    title: str
    """The name as it is written in reports."""
    roles: tuple[Role, ...] = Field(min_length=1)
    """What he or she may do here."""
    duty: Literal["principal", "technical", "operations"] | None = None
    """The named duty for a registered major hazard (包保责任人)."""
    workshops: tuple[WorkshopName, ...] = ()
    """Where the duty holds; empty for all."""
    certificate: Annotated[Name, Refers("certificate")] | None = None
    """Entry of the register of certificates."""
    since: Day | None = None
    """First day of the duty."""
