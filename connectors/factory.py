"""A source by its protocol."""

from connectors.modbus import ModbusSource
from connectors.opcua import OpcUaSource
from plantsafe.plant import Plant
from plantsafe.source import Source


def make_source(plant: Plant, name: str, endpoint: str | None = None) -> Source:
    """The connector of source `name`, at `endpoint` or at the one the plant file gives."""
    protocol = plant.file.sources[plant.sources.row[name]].protocol
    return OpcUaSource(plant, name, endpoint) if protocol == "opcua" else ModbusSource(plant, name, endpoint)
