"""The whole file, as it is after included files and tables were put in their places."""

from typing import Literal

from pydantic import Field

from plantsafe.plant.model.alarm import Alarm, ExpressionAlarm
from plantsafe.plant.model.cause_effect import CauseRow, Effect
from plantsafe.plant.model.entry import Entry
from plantsafe.plant.model.function import GasDetector, SafetyFunction
from plantsafe.plant.model.point import Point
from plantsafe.plant.model.register import Inventory, Registers
from plantsafe.plant.model.seal_place import SealPlace
from plantsafe.plant.model.site import Person, Site, Workshop
from plantsafe.plant.model.source import SourceEntry
from plantsafe.plant.model.unit import Unit


class FileHead(Entry):
    """What the main file says itself."""

    schema_version: Literal[1] = Field(alias="schema")
    """Version of this model of the file."""
    author: str
    """Who wrote this state of the file; may not approve it."""
    scan_period_s: float = Field(default=1.0, ge=0.05, le=60)  # site default
    """How often every point is read and judged."""
    site: Site
    """What the plant is called and where it stands."""


class PlantFile(FileHead):
    """The whole file; its lists are those of the main file, of included files and of tables, in this order."""

    workshops: tuple[Workshop, ...] = Field(min_length=1)
    """Workshops and their explosion-proof partitions."""
    units: tuple[Unit, ...] = Field(min_length=1)
    """Process units."""
    sources: tuple[SourceEntry, ...] = Field(min_length=1)
    """The systems that values are read from."""
    points: tuple[Point, ...] = Field(min_length=1)
    """Measured and computed values."""
    alarms: tuple[Alarm, ...] = ()
    """Alarms on a limit of a point."""
    expression_alarms: tuple[ExpressionAlarm, ...] = ()
    """Alarms on an expression over points."""
    functions: tuple[SafetyFunction, ...] = ()
    """Safety instrumented functions."""
    effects: tuple[Effect, ...] = ()
    """Columns of the cause-and-effect matrix."""
    causes_and_effects: tuple[CauseRow, ...] = ()
    """Rows of the cause-and-effect matrix. Where there are rows, every function has one."""
    gas_detectors: tuple[GasDetector, ...] = ()
    """Gas detectors."""
    inventories: tuple[Inventory, ...] = ()
    """Hazardous substances and how much of each may be held."""
    registers: Registers = Registers()
    """Books that are kept beside the control system."""
    people: tuple[Person, ...] = ()
    """Who answers for what."""
    seal_places: tuple[SealPlace, ...] = ()
    """Places outside that get the signed heads of the journal, every ten minutes and at each event of priority 1."""
