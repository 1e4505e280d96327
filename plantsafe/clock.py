"""One clock for plant, servers, service and page: plant time against the machine's monotonic clock."""

import asyncio
import time
from dataclasses import dataclass, field

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

    async def wait_until(self, plant_ns: int, stop: asyncio.Event) -> bool:
        """Wait for an instant of steady plant time or for `stop`; True when it was `stop`."""
        wait_s = self.wall_s(plant_ns - self.now_ns())
        if wait_s <= 0:
            await asyncio.sleep(0)
            return stop.is_set()
        try:
            await asyncio.wait_for(stop.wait(), wait_s)
        except TimeoutError:
            return False
        return True

    def encode(self) -> str:
        """The clock as text, for a child process on the same machine."""
        return f"{self.epoch_ns},{self.start_ns},{self.rate!r},{int(self.live)}"

    @classmethod
    def decode(cls, text: str) -> "Clock":
        """The clock that `encode` wrote."""
        epoch_ns, start_ns, rate, live = text.split(",")
        return cls(epoch_ns=int(epoch_ns), start_ns=int(start_ns), rate=float(rate), live=live == "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedClock(Clock):
    """Plant time that stands until somebody waits for an instant, and is there at once: recorded values, unhurried.

    `rate` only says how patient a wait in wall time is: at 0.01 what may take a plant second may take 100 wall seconds,
    so that a busy machine gives the same record as an idle one.
    """

    rate: float = 0.01
    _at: list[int] = field(default_factory=list)

    @classmethod
    def at(cls, epoch_ns: int) -> "SteppedClock":
        """A clock that stands at `epoch_ns`."""
        return cls(epoch_ns=epoch_ns, start_ns=0, _at=[epoch_ns])

    def now_ns(self) -> int:
        """The instant that was last waited for."""
        return self._at[0]

    async def wait_until(self, plant_ns: int, stop: asyncio.Event) -> bool:
        """Be there, after everyone else had a turn."""
        await asyncio.sleep(0)
        self._at[0] = max(self._at[0], plant_ns)
        return stop.is_set()

    async def sleep_until(self, plant_ns: int) -> None:
        """Be there."""
        await self.wait_until(plant_ns, asyncio.Event())
