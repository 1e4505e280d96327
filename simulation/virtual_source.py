"""The simulated plant as a Source without sockets: values pass the same maps as on the wire, in no time."""

import numpy as np
from numpy.typing import NDArray

from connectors.modbus.decode import Image
from connectors.modbus.decode import decode as decode_registers
from connectors.modbus.map import register_map
from connectors.opcua.decode import RESOLUTION_NS, settle
from connectors.opcua.stock import RESOLUTION_NS as SHOWN_NS  # asyncua's server shows no finer times
from plantsafe.clock import Clock
from plantsafe.frame import GOOD, Origin
from plantsafe.source import Columns, Source, SourceCounts, silence
from simulation.living import LivingPlant
from simulation.servers.register_image import encode


class VirtualOpcUaSource:
    """One OPC UA source: doubles pass unchanged, times lose what lies below a microsecond."""

    def __init__(self, simulated: LivingPlant, source_name: str) -> None:
        self._name = source_name
        self._points = simulated.plant.sources.points[simulated.plant.sources.row[source_name]]
        self._simulated = simulated

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        return self._name

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        return self._points

    def counts(self) -> SourceCounts:
        """The plant's clock is ours, and its server is read only."""
        return SourceCounts(clock_offset_s=0.0, writable_points=0)

    async def open(self) -> None:
        """Nothing to open."""

    async def read(self, clock: Clock) -> Columns:  # noqa: ARG002  the plant is where it was advanced to
        """What the connector would read now."""
        if self._name in self._simulated.silent_sources():
            return silence(len(self._points))
        shown = self._simulated.instruments
        value, status = settle(shown.value[self._points], shown.status[self._points])
        return Columns(
            value=value,
            status=status,
            source_time_ns=shown.source_time_ns[self._points] // SHOWN_NS * SHOWN_NS,
            answered=True,
            origin=Origin.SERVER,
            resolution_ns=RESOLUTION_NS,
        )

    async def close(self) -> None:
        """Nothing to close."""


class VirtualModbusSource:
    """One Modbus source: values pass through registers, statuses and times are lost as on the wire."""

    def __init__(self, simulated: LivingPlant, source_name: str) -> None:
        self._name = source_name
        self._map = register_map(simulated.plant, source_name)
        self._image: Image = np.zeros(self._map.size, dtype=np.uint16)
        self._simulated = simulated

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        return self._name

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        return self._map.rows

    async def open(self) -> None:
        """Nothing to open."""

    async def read(self, clock: Clock) -> Columns:  # noqa: ARG002  the plant is where it was advanced to
        """What the connector would read now."""
        shown = self._simulated.instruments
        encode(self._map, shown.value[self._map.rows], shown.status[self._map.rows], self._image)
        if self._name in self._simulated.silent_sources():
            return silence(len(self._map.rows))
        came = np.full(len(self._map.rows), GOOD, dtype=np.uint32)
        value, status = decode_registers(self._map, self._image, came)
        return Columns(
            value=value,
            status=status,
            source_time_ns=np.zeros(len(value), dtype=np.int64),
            answered=True,
            origin=Origin.RECEIVE,
            resolution_ns=0,
        )

    async def close(self) -> None:
        """Nothing to close."""


def virtual_sources(simulated: LivingPlant) -> tuple[Source, ...]:
    """All sources of a simulated plant, in the order of its plant file."""
    return tuple(
        VirtualOpcUaSource(simulated, entry.name)
        if entry.protocol == "opcua"
        else VirtualModbusSource(simulated, entry.name)
        for entry in simulated.plant.file.sources
    )
