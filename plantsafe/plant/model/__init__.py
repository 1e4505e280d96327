"""The plant description as a person writes it: one YAML file, validated here, compiled in `tables`.

Names are unique in their kind. Every reference is by name. Units of measure are part of the value's meaning and never
converted silently. Fields that a rule or a check needs have no default; the rest says what its default means.
"""

from plantsafe.plant.model.alarm import Alarm, ExpressionAlarm
from plantsafe.plant.model.cause_effect import CauseRow, Cell, Effect, Precondition
from plantsafe.plant.model.entry import Day, Entry, Found, Name, Text, Waiver
from plantsafe.plant.model.event_buffer import BufferField, EventBuffer, EventCode
from plantsafe.plant.model.file import PlantFile
from plantsafe.plant.model.function import (
    BypassLimits,
    FinalElement,
    FunctionInput,
    GasDetector,
    Reliability,
    SafetyFunction,
    Subsystem,
)
from plantsafe.plant.model.point import Deviation, ModbusAddress, OpcUaAddress, Point
from plantsafe.plant.model.register import (
    Certificate,
    Inventory,
    LaboratorySample,
    PowerSupply,
    Registers,
    ReliefDevice,
)
from plantsafe.plant.model.seal_place import SealMail, SealPlace, SealWebhook
from plantsafe.plant.model.site import Partition, Person, Site, Workshop
from plantsafe.plant.model.source import Credentials, FastGroup, Recorded, SourceEntry, SourceLimits
from plantsafe.plant.model.unit import Hazard, NotApplicable, Phase, ProcessType, RestartLock, Unit, Window

__all__ = [
    "Alarm", "BufferField", "BypassLimits", "CauseRow", "Cell", "Certificate", "Credentials", "Day", "Deviation",
    "Effect", "Entry", "EventBuffer", "EventCode", "ExpressionAlarm", "FastGroup", "FinalElement", "Found",
    "FunctionInput", "GasDetector", "Hazard", "Inventory", "LaboratorySample", "ModbusAddress", "Name",
    "NotApplicable", "OpcUaAddress", "Partition", "Person", "Phase", "PlantFile", "Point", "PowerSupply",
    "Precondition", "ProcessType", "Recorded", "Registers", "Reliability", "ReliefDevice", "RestartLock",
    "SafetyFunction", "SealMail", "SealPlace", "SealWebhook", "Site", "SourceEntry", "SourceLimits", "Subsystem",
    "Text", "Unit", "Waiver", "Window", "Workshop",
]  # fmt: skip
