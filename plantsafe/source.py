"""What a connector, the simulator in virtual time and the store in replay have in common."""

import math
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
    """What a source says of its link. How long reads take and which points come back bad is seen from outside.

    Totals since the source was made: requests, sent_bytes, received_bytes on the wire; reconnects, the connections
    after the first; overruns, reads that time ended before all was answered. As known now, NaN where it is not:
    clock_offset_s, its clock minus ours; writable_points, those that it would let us write; certificate_days, until
    the first of the certificates in use ends.
    """

    requests: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    reconnects: int = 0
    overruns: int = 0
    clock_offset_s: float = math.nan
    writable_points: float = math.nan
    certificate_days: float = math.nan


@runtime_checkable
class CountingSource(Protocol):
    """A source that watches its link; those that have none leave it out."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """Records of one event buffer, oldest first: the device's number, UTC by the device's clock, code and state."""

    sequence: I8
    time_ns: I8
    code: I8
    state: I8


@runtime_checkable
class StampingSource(Protocol):
    """A source whose device may keep an event buffer; one that cannot have any leaves it out."""

    async def stamped(self) -> Stamped | None:
        """What its device stamped since it was asked last, as far as a bounded read brings it; None for nothing new.

        It goes between the source's own reads, request by request: none waits for more than one of its requests.
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
