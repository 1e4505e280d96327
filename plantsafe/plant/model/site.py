"""The site, its workshops and partitions, and the people who answer for them."""

from typing import Annotated, Literal

from pydantic import Field

from plantsafe.plant.model.entry import Day, Entry, Name, PointName, Refers, Text, WorkshopName
from plantsafe.request import Role

Comparator = Literal["<=", "<"]


class Site(Entry):
    """The plant as a whole."""

    name: Name
    title: Text
    timezone: str = "Asia/Shanghai"
    county: str = ""
    township: str = ""


class Partition(Entry):
    """An explosion-proof partition; people in it are counted by `head_count`, a point.

    comparator: how the count must stand to the limit (以下 is read both ways). document: the number of the local
    document that fixes the limit.
    """

    name: Name
    title: Text
    head_count: PointName
    head_count_max: int = Field(ge=0)
    comparator: Comparator = "<="
    document: str = ""


class Workshop(Entry):
    """A workshop and its partitions. explosion_hazard: the rule on head-counts applies to it."""

    name: Name
    title: Text
    head_count_max: int = Field(ge=0)
    comparator: Comparator = "<="
    document: str = ""
    explosion_hazard: bool = True
    partitions: tuple[Partition, ...] = ()


class Person(Entry):
    """A person and what he or she may do here.

    duty: the named duty for a registered major hazard (包保责任人); `workshops`: where it holds, empty for all.
    certificate: an entry of the register of certificates.
    """

    name: Name
    title: str
    roles: tuple[Role, ...] = Field(min_length=1)
    duty: Literal["principal", "technical", "operations"] | None = None
    workshops: tuple[WorkshopName, ...] = ()
    certificate: Annotated[Name, Refers("certificate")] | None = None
    since: Day | None = None
