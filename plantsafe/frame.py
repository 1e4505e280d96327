"""One scan as arrays: value, status and source time of every point, and how fresh each source is.

Status codes are OPC UA's whatever the protocol (OPC UA Part 4, 7.39 and annex A): two severity bits, and limit bits
that say whether the instrument was driven to an end of its range.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
U4 = NDArray[np.uint32]
I8 = NDArray[np.int64]
Bool = NDArray[np.bool_]

GOOD = 0x00000000
UNCERTAIN = 0x40000000
UNCERTAIN_LAST_USABLE_VALUE = 0x40900000
UNCERTAIN_SENSOR_NOT_ACCURATE = 0x40930000
UNCERTAIN_EU_EXCEEDED = 0x40940000
BAD = 0x80000000
BAD_COMMUNICATION_ERROR = 0x80050000
BAD_NO_COMMUNICATION = 0x80310000
BAD_WAITING_FOR_INITIAL_DATA = 0x80320000
BAD_NODE_ID_UNKNOWN = 0x80340000
BAD_TYPE_MISMATCH = 0x80740000
BAD_SENSOR_FAILURE = 0x808C0000
BAD_OUT_OF_SERVICE = 0x808D0000
BAD_NO_DATA = 0x809B0000

SEVERITY_MASK = 0xC0000000
LIMIT_MASK = 0x00000700  # InfoType DataValue (bit 10) and LimitBits (bits 8, 9): OPC UA Part 4, 7.39.1
LIMIT_LOW = 0x00000500
LIMIT_HIGH = 0x00000600


class Origin(IntEnum):
    """Where the source times of a source come from."""

    RECEIVE = 0
    SERVER = 1
    DEVICE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FastSamples:
    """What the fast groups showed between the scan before and this one.

    point (k): rows of the frame. group (k): the row of its group. value, status (k, n): the samples of each point,
    oldest first, as in a frame; BadNoData where the group had no read. begun_ns, ended_ns (g, n): when each read of a
    group began and ended, in nanoseconds from the instant of this scan, so mostly negative; its values are from in
    between.
    """

    point: NDArray[np.intp]
    group: NDArray[np.intp]
    value: F8
    status: U4
    begun_ns: I8
    ended_ns: I8

    @classmethod
    def none(cls) -> "FastSamples":
        """Of a plant without fast groups, and of one that was not read."""
        rows, nothing = np.zeros(0, dtype=np.intp), np.zeros((0, 0), dtype=np.int64)
        return cls(
            point=rows,
            group=rows,
            value=nothing.astype(np.float64),
            status=nothing.astype(np.uint32),
            begun_ns=nothing,
            ended_ns=nothing,
        )


NO_FAST_SAMPLES = FastSamples.none()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEvents:
    """What devices stamped themselves, as their event buffers gave it since the scan before.

    source (m): row of the source. sequence (m): the device's number of the record. time_ns (m): UTC by the device's
    own clock. code, state (m): as the device writes them. In the order of each source's numbers.
    """

    source: NDArray[np.intp]
    sequence: I8
    time_ns: I8
    code: I8
    state: I8

    @classmethod
    def none(cls) -> "DeviceEvents":
        """Of a scan in which no device had anything new."""
        numbers = np.zeros(0, dtype=np.int64)
        return cls(source=np.zeros(0, dtype=np.intp), sequence=numbers, time_ns=numbers, code=numbers, state=numbers)


NO_DEVICE_EVENTS = DeviceEvents.none()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One scan of the whole plant. Arrays are read-only by convention; a step that judges makes a new frame.

    number: persistent counter of scheduled instants, never reset; downtime is a gap.
    plant: hash of the compiled plant description whose point order the arrays have.
    time_ns: UTC of the instant.
    value (n_points): engineering units; NaN where status is Bad; texts are codes.
    status (n_points): OPC UA StatusCode.
    source_time_ns (n_points): UTC of the last change as the source says, 0 where it does not.
    received (n_sources): number of the scan in which the source last answered, 0 before its first answer.
    origin (n_sources), resolution_ns (n_sources): what the source times mean and how fine they are.
    fast: samples since the scan before. events: what devices stamped themselves and was read since then.
    """

    number: int
    plant: str
    time_ns: int
    value: F8
    status: U4
    source_time_ns: I8
    received: I8
    origin: NDArray[np.uint8]
    resolution_ns: I8
    fast: FastSamples = NO_FAST_SAMPLES
    events: DeviceEvents = NO_DEVICE_EVENTS
    _good: list["Bool"] = field(default_factory=list, init=False, repr=False, compare=False)
    _seen: list["F8"] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def good(self) -> "Bool":
        """(n_points,) Where the status is Good; worked out once."""
        if not self._good:
            self._good.append(is_good(self.status))
        return self._good[0]

    @property
    def seen(self) -> F8:
        """(n_points,) The values that are Good, NaN elsewhere; worked out once."""
        if not self._seen:
            self._seen.append(np.where(self.good, self.value, np.nan))
        return self._seen[0]


def is_good(status: U4) -> Bool:
    """True where the two severity bits say Good."""
    answer: Bool = np.equal(status & np.uint32(SEVERITY_MASK), 0)
    return answer


def is_bad(status: U4) -> Bool:
    """True where the value must not be used (severity bits 10 or 11)."""
    answer: Bool = np.not_equal(status & np.uint32(BAD), 0)
    return answer


def is_uncertain(status: U4) -> Bool:
    """True where a value is there but not trusted."""
    answer: Bool = np.equal(status & np.uint32(SEVERITY_MASK), np.uint32(UNCERTAIN))
    return answer


def driven_high(status: U4) -> Bool:
    """True where the limit bits say that the instrument stands at the upper end of its range."""
    answer: Bool = np.equal(status & np.uint32(LIMIT_MASK), np.uint32(LIMIT_HIGH))
    return answer


def driven_low(status: U4) -> Bool:
    """True where the limit bits say that the instrument stands at the lower end of its range."""
    answer: Bool = np.equal(status & np.uint32(LIMIT_MASK), np.uint32(LIMIT_LOW))
    return answer
