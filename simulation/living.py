"""What servers and virtual sources need of a plant that lives: a SimulatedPlant has it, and so has a synthetic one."""

from dataclasses import dataclass
from typing import Protocol

from plantsafe.frame import F8, I8, U4
from plantsafe.plant import Plant


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What all instruments show at one instant, in the point order of the plant file.

    value (n_points): engineering units, NaN where an instrument has failed. status (n_points): OPC UA StatusCode.
    source_time_ns (n_points): UTC of the last change of value or status. time_ns: the instant.
    """

    value: F8
    status: U4
    source_time_ns: I8
    time_ns: int


class Shown(Protocol):
    """Instruments: value, status and time of the last change of every point, replaced or moved on each second."""

    value: F8
    status: U4
    source_time_ns: I8


class LivingPlant(Protocol):
    """Lives a second at a time."""

    plant: Plant

    @property
    def instruments(self) -> Shown:
        """What the instruments show now."""
        ...

    @property
    def time_ns(self) -> int:
        """UTC of the readings."""
        ...

    def advance(self, scans: int = 1) -> None:
        """Live `scans` seconds."""
        ...

    def readings(self) -> Readings:
        """What the instruments show now; the arrays are the caller's own."""
        ...

    def silent_sources(self) -> set[str]:
        """Sources that do not answer."""
        ...
