"""A control system's OPC UA server as a Source."""

import math
import time
from functools import partial

import numpy as np
import structlog
from numpy.typing import NDArray

from connectors.misfits import Misfits
from connectors.opcua.access import WriteAccess
from connectors.opcua.certificates import expiries
from connectors.opcua.group import OpcUaGroup, columns_of
from connectors.opcua.map import NodeMap, node_map
from connectors.opcua.security import Security, security_of
from connectors.opcua.supervisor import OpcUaLink, Reading, connect
from connectors.supervision import Supervisor
from connectors.watch import Watch
from plantsafe.clock import Clock
from plantsafe.errors import PlantsafeError, ReadOnlyError
from plantsafe.frame import is_bad
from plantsafe.plant import Plant
from plantsafe.source import Columns, silence

NAMED_AT_ONCE = 20  # site default: an event names no more points than a person reads

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class OpcUaSource:
    """Reads all points of one source at once; what the server does wrong becomes a status, never an exception."""

    def __init__(
        self, plant: Plant, source_name: str, endpoint: str | None = None, security: Security | None = None
    ) -> None:
        """`endpoint` and `security` replace those of the plant file (a simulated plant finds its port at its start)."""
        entry = plant.file.sources[plant.sources.row[source_name]]
        self._name = source_name
        self._endpoint = endpoint or entry.endpoint
        self._timeout_s = entry.timeout_s
        self._security = security or security_of(entry)
        self._map: NodeMap = node_map(plant, source_name)
        self._group_map = partial(node_map, plant, source_name)
        self._misfits = Misfits(source_name, self._map.names)
        self._supervisor: Supervisor[OpcUaLink] = Supervisor(source_name, self._connect)
        self._most = entry.limits.nodes_per_read
        self._failing = ""
        self._connections = self._requests = self._bytes = 0
        self._link: OpcUaLink | None = None
        self.access: WriteAccess | None = None
        self.watch = Watch()

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        return self._name

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        return self._map.rows

    def group(self, name: str) -> OpcUaGroup:
        """The points of a fast group, in the same session."""
        nodes = self._group_map(name)
        return OpcUaGroup(self._name, name, nodes, self._map, lambda: self._supervisor.link, self._timeout_s)

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
            return self._silent()
        began_s = time.monotonic()
        try:
            reading = await link.read(self._timeout_s)
        except ReadOnlyError:
            raise
        except Exception as error:  # noqa: BLE001  a broken answer is the plant's doing and must not end the scan
            self._note(_in_words(error))
            return self._silent()
        self._note("")
        return self._columns(reading, link, time.monotonic() - began_s)

    def _columns(self, reading: Reading, link: OpcUaLink, read_s: float) -> Columns:
        columns = columns_of(reading, self._map)
        self._misfits.look(columns.status)
        self.watch = Watch(
            read_s=read_s,
            requests=self._requests + link.requests,
            bytes_received=self._bytes + link.bytes_received,
            connections=self._connections,
            bad_points=int(is_bad(columns.status).sum()),
            clock_offset_s=reading.server_s - time.time(),
            certificate_days=self.watch.certificate_days,
        )
        return columns

    def _silent(self) -> Columns:
        n_points = len(self._map.rows)
        self.watch = Watch(
            requests=self.watch.requests,
            bytes_received=self.watch.bytes_received,
            connections=self._connections,
            bad_points=n_points,
            certificate_days=self.watch.certificate_days,
        )
        return silence(n_points)

    async def _connect(self) -> OpcUaLink:
        """A new connection; the first one also learns where the server would let us write."""
        if self._link is not None:
            self._requests += self._link.requests
            self._bytes += self._link.bytes_received
            self._link = None
        link = await connect(self._endpoint, self._map, self._security, most=self._most, ask_access=self.access is None)
        self._link = link
        self._connections += 1
        if link.access is not None:
            self._report(link.access)
        days = math.inf
        if self._security.folder is not None and self._security.policy != "None":
            days = min((expiry.days for expiry in expiries(self._security.folder)), default=math.inf)
        self.watch = Watch(connections=self._connections, certificate_days=days)
        return link

    def _report(self, access: WriteAccess) -> None:
        self.access = access
        if access.writable:
            log.warning(
                "server_would_let_us_write",
                source=self._name,
                count=len(access.writable),
                points=access.writable[:NAMED_AT_ONCE],
            )

    def _note(self, failure: str) -> None:
        """Log once when reads begin to fail, and once when they work again."""
        if failure and not self._failing:
            log.warning("read_failed", source=self._name, reason=failure)
        elif self._failing and not failure:
            log.info("read_again", source=self._name)
        self._failing = failure


def _in_words(error: Exception) -> str:
    return str(error) if isinstance(error, PlantsafeError) else f"{type(error).__name__}: {error}"
