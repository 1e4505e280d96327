"""A source by its protocol."""

from pathlib import Path
from typing import assert_never

from connectors.modbus import ModbusSource
from connectors.opcua import OpcUaSource
from connectors.replay.recorded import recorded_source
from plantsafe.plant import Plant
from plantsafe.source import Source


def make_source(
    plant: Plant, name: str, endpoint: str | None = None, *, base: Path = Path(), own_times: bool = False
) -> Source:
    """The connector of source `name`, at `endpoint` or at the one the plant file gives.

    base: the folder from which relative paths of recorded files count. own_times: the clock shows the times of the
    recorded files.
    """
    protocol = plant.file.sources[plant.sources.row[name]].protocol
    match protocol:
        case "opcua":
            return OpcUaSource(plant, name, endpoint)
        case "modbus":
            return ModbusSource(plant, name, endpoint)
        case "replay":
            return recorded_source(plant, name, base=base, file=endpoint, own_times=own_times)
        case _:
            assert_never(protocol)
