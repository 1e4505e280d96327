"""What a connector, the simulator in virtual time and the store in replay have in common."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from plantsafe.clock import Clock
from plantsafe.frame import BAD_NO_COMMUNICATION, F8, I8, U4, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """One answer of one source; arrays in the order of `Source.points`.

    `answered` is False when nothing came back: then every status is Bad and every value NaN.
    """

    value: F8
    status: U4
    source_time_ns: I8
    answered: bool
    origin: Origin
    resolution_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCounts:
    """What one source did since it was made: totals that only grow, and two figures of its last read.

    read_ns: wall time spent reading, total; last_read_ns: of the last read. requests, sent_bytes, received_bytes:
    on the wire. reconnects: connections made after the first. overruns: reads that time ended before all was asked.
    bad_points: how many points the last read left Bad.
    """

    reads: int = 0
    read_ns: int = 0
    last_read_ns: int = 0
    requests: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    reconnects: int = 0
    overruns: int = 0
    bad_points: int = 0


@runtime_checkable
class CountingSource(Protocol):
    """A source that watches itself; those that have nothing to count leave it out."""

    def counts(self) -> SourceCounts:
        """The counts as they stand now."""
        ...


class Source(Protocol):
    """A place that values come from. Reading never raises for what the plant does: silence is a status."""

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        ...

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        ...

    async def open(self) -> None:
        """Begin; returns at once, the connection may come later."""
        ...

    async def read(self, clock: Clock) -> Columns:
        """All points, once; bounded in time by the source's timeout."""
        ...

    async def close(self) -> None:
        """End the connection; a source that was never open is left alone."""
        ...


@runtime_checkable
class GroupedSource(Protocol):
    """A source whose fast groups can be read by themselves; one that cannot leaves it out."""

    def group(self, name: str) -> Source:
        """The points of a fast group as a source of their own, over the connection of this one.

        Its wire traffic is in the counts of this one.
        """
        ...


def silence(n_points: int, *, status: int = BAD_NO_COMMUNICATION, origin: Origin = Origin.RECEIVE) -> Columns:
    """The columns of a source that did not answer: NaN and Bad for all of its `n_points` points."""
    return Columns(
        value=np.full(n_points, np.nan),
        status=np.full(n_points, status, dtype=np.uint32),
        source_time_ns=np.zeros(n_points, dtype=np.int64),
        answered=False,
        origin=origin,
        resolution_ns=0,
    )
