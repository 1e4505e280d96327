"""A control system's OPC UA server as a Source."""

import numpy as np
import structlog
from numpy.typing import NDArray

from connectors.misfits import Misfits
from connectors.opcua.decode import RESOLUTION_NS, decode
from connectors.opcua.map import NodeMap, node_map
from connectors.opcua.supervisor import OpcUaLink, connect
from connectors.supervision import Supervisor
from plantsafe.clock import Clock
from plantsafe.errors import ReadOnlyError
from plantsafe.frame import Origin
from plantsafe.plant import Plant
from plantsafe.source import Columns, silence

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class OpcUaSource:
    """Reads all points of one source at once; what the server does wrong becomes a status, never an exception."""

    def __init__(self, plant: Plant, source_name: str, endpoint: str | None = None) -> None:
        """`endpoint` replaces the one of the plant file (a simulated plant finds its port when it starts)."""
        entry = plant.file.sources[plant.sources.row[source_name]]
        self._name = source_name
        self._endpoint = endpoint or entry.endpoint
        self._timeout_s = entry.timeout_s
        self._map: NodeMap = node_map(plant, source_name)
        self._misfits = Misfits(source_name, self._map.names)
        self._supervisor: Supervisor[OpcUaLink] = Supervisor(source_name, lambda: connect(self._endpoint, self._map))
        self._failing = ""

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        return self._name

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        return self._map.rows

    async def open(self) -> None:
        """Begin to connect; returns at once."""
        self._supervisor.start()

    async def close(self) -> None:
        """End the session."""
        await self._supervisor.stop()

    async def read(self, clock: Clock) -> Columns:  # noqa: ARG002  the server stamps its values itself
        """All points, once, within the source's timeout."""
        link = self._supervisor.link
        if link is None:
            return silence(len(self._map.rows))
        try:
            answers = await link.read(self._timeout_s)
            value, status, source_time_ns = decode(answers)
        except ReadOnlyError:
            raise
        except Exception as error:  # noqa: BLE001  a broken answer is the plant's doing and must not end the scan
            self._note(f"{type(error).__name__}: {error}")
            return silence(len(self._map.rows))
        self._note("")
        self._misfits.look(status)
        return Columns(
            value=value,
            status=status,
            source_time_ns=source_time_ns,
            answered=True,
            origin=Origin.SERVER,
            resolution_ns=RESOLUTION_NS,
        )

    def _note(self, failure: str) -> None:
        """Log once when reads begin to fail, and once when they work again."""
        if failure and not self._failing:
            log.warning("read_failed", source=self._name, reason=failure)
        elif self._failing and not failure:
            log.info("read_again", source=self._name)
        self._failing = failure
