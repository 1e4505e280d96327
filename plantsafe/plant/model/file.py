"""The whole file, as it is after included files and tables were put in their places."""

from typing import Literal

from pydantic import Field

from plantsafe.plant.model.alarm import Alarm, ExpressionAlarm
from plantsafe.plant.model.cause_effect import CauseRow, Effect
from plantsafe.plant.model.entry import Entry
from plantsafe.plant.model.function import GasDetector, SafetyFunction
from plantsafe.plant.model.point import Point
from plantsafe.plant.model.register import Inventory, Registers
from plantsafe.plant.model.site import Person, Site, Workshop
from plantsafe.plant.model.source import SourceEntry
from plantsafe.plant.model.unit import Unit


class FileHead(Entry):
    """What the main file says itself. `schema`: version of this model; `author`: who wrote this state of the file."""

    schema_version: Literal[1] = Field(alias="schema")
    author: str
    scan_period_s: float = Field(default=1.0, gt=0)
    site: Site


class PlantFile(FileHead):
    """The whole file; its lists are those of the main file, of included files and of tables, in this order."""

    workshops: tuple[Workshop, ...] = Field(min_length=1)
    units: tuple[Unit, ...] = Field(min_length=1)
    sources: tuple[SourceEntry, ...] = Field(min_length=1)
    points: tuple[Point, ...] = Field(min_length=1)
    alarms: tuple[Alarm, ...] = ()
    expression_alarms: tuple[ExpressionAlarm, ...] = ()
    functions: tuple[SafetyFunction, ...] = ()
    effects: tuple[Effect, ...] = ()
    causes_and_effects: tuple[CauseRow, ...] = ()
    gas_detectors: tuple[GasDetector, ...] = ()
    inventories: tuple[Inventory, ...] = ()
    registers: Registers = Registers()
    people: tuple[Person, ...] = ()
