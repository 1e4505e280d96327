"""A control system's OPC UA server as a Source."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import structlog
from numpy.typing import NDArray

from connectors.misfits import Misfits
from connectors.opcua.access import WriteAccess
from connectors.opcua.group import OpcUaGroup, columns_of
from connectors.opcua.map import NodeMap, node_map
from connectors.opcua.security import Security, security_of
from connectors.opcua.server_clock import ServerClock
from connectors.opcua.supervisor import OpcUaLink, Reading, connect
from connectors.pace import Pace
from connectors.supervision import Supervisor
from plantsafe.clock import Clock
from plantsafe.errors import PlantsafeError, ReadOnlyError
from plantsafe.plant import Plant
from plantsafe.source import Columns, SourceCounts, silence

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
        self._limits = entry.limits
        self._pace = Pace(entry.limits.requests_per_s)
        self._failing = ""
        self._connections = 0
        self._closed = SourceCounts()
        self._link: OpcUaLink | None = None
        self._clock = ServerClock()
        self._ends: datetime | None = None
        self.access: WriteAccess | None = None

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

    def counts(self) -> SourceCounts:
        """What went over this connection and those before it, and what the server says of itself."""
        counts, link = self._closed, self._link
        if link is not None:
            counts = _with(counts, link)
        return replace(
            counts,
            reconnects=max(0, self._connections - 1),
            clock_offset_s=self._clock.offset_s,
            writable_points=math.nan if self.access is None else len(self.access.writable),
            certificate_days=math.nan if self._ends is None else (self._ends - datetime.now(UTC)) / timedelta(days=1),
        )

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
            self._clock.forget()
            return silence(len(self._map.rows))
        try:
            reading = await link.read(self._timeout_s)
        except ReadOnlyError:
            raise
        except Exception as error:  # noqa: BLE001  a broken answer is the plant's doing and must not end the scan
            if isinstance(error, TimeoutError):
                self._closed = replace(self._closed, overruns=self._closed.overruns + 1)
            self._note(_in_words(error))
            return silence(len(self._map.rows))
        self._note("")
        self._clock.look(reading.look)
        return self._columns(reading)

    def _columns(self, reading: Reading) -> Columns:
        columns = columns_of(reading, self._map)
        self._misfits.look(columns.status)
        return columns

    async def _connect(self) -> OpcUaLink:
        """A new connection; the first one also learns where the server would let us write."""
        if self._link is not None:
            self._closed, self._link = _with(self._closed, self._link), None
        self._clock.forget()
        link = await connect(
            self._endpoint,
            self._map,
            self._security,
            limits=self._limits,
            pace=self._pace,
            ask_access=self.access is None,
        )
        self._link = link
        self._connections += 1
        if link.access is not None:
            self._report(link.access)
        self._ends = link.certificates_end
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


def _with(counts: SourceCounts, link: OpcUaLink) -> SourceCounts:
    """The counts and what went over a link."""
    return replace(
        counts,
        requests=counts.requests + link.requests,
        sent_bytes=counts.sent_bytes + link.sent_bytes,
        received_bytes=counts.received_bytes + link.received_bytes,
    )


def _in_words(error: Exception) -> str:
    return str(error) if isinstance(error, PlantsafeError) else f"{type(error).__name__}: {error}"
