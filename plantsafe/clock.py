"""One clock for plant, servers, service and page: plant time against the machine's monotonic clock."""

import asyncio
import time
from dataclasses import dataclass

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Plant time runs at `rate` plant seconds a wall second since `start_ns`.

    `start_ns` is a reading of CLOCK_MONOTONIC, which all processes of one machine share, so a clock can be handed to
    another process as three numbers. The schedule and all delays run on `now_ns`, which never jumps. `utc_ns` is what
    frames are stamped with: in a live plant the machine's UTC, which may be stepped; in a simulated one plant time.
    """

    epoch_ns: int
    start_ns: int
    rate: float = 1.0
    live: bool = False

    @classmethod
    def system(cls) -> "Clock":
        """The clock of a real plant: rate 1, stamps are the machine's UTC."""
        return cls(epoch_ns=time.time_ns(), start_ns=time.monotonic_ns(), rate=1.0, live=True)

    @classmethod
    def simulated(cls, *, rate: float, epoch_ns: int | None = None) -> "Clock":
        """A clock for a stand-in plant, starting now (or at `epoch_ns`) and running at `rate`."""
        return cls(epoch_ns=time.time_ns() if epoch_ns is None else epoch_ns, start_ns=time.monotonic_ns(), rate=rate)

    def now_ns(self) -> int:
        """Steady plant time, UTC nanoseconds."""
        return self.epoch_ns + int((time.monotonic_ns() - self.start_ns) * self.rate)

    def utc_ns(self) -> int:
        """The stamp of this moment, UTC nanoseconds."""
        return time.time_ns() if self.live else self.now_ns()

    def wall_s(self, plant_ns: int) -> float:
        """Wall seconds that `plant_ns` nanoseconds of plant time take."""
        return plant_ns / self.rate / NS_PER_S

    async def sleep_until(self, plant_ns: int) -> None:
        """Sleep to an instant of steady plant time; returns at once when it has passed."""
        delay_s = self.wall_s(plant_ns - self.now_ns())
        await asyncio.sleep(max(0.0, delay_s))

    def encode(self) -> str:
        """The clock as text, for a child process on the same machine."""
        return f"{self.epoch_ns},{self.start_ns},{self.rate!r},{int(self.live)}"

    @classmethod
    def decode(cls, text: str) -> "Clock":
        """The clock that `encode` wrote."""
        epoch_ns, start_ns, rate, live = text.split(",")
        return cls(epoch_ns=int(epoch_ns), start_ns=int(start_ns), rate=float(rate), live=live == "1")
