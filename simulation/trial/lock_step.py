"""A clock that stands still until its hand is moved: the scan service on it does one scan a step of the plant."""

import asyncio
from dataclasses import dataclass

from plantsafe.clock import Clock

PATIENCE = (
    0.05  # rate: what may take a plant second may take 20 wall seconds, nothing that lives is waiting (site default)
)


class Hand:
    """Where the clock stands, UTC nanoseconds; moves forward only."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self._moved = asyncio.Event()

    def move(self, now_ns: int) -> None:
        """To another instant; whoever waits looks again."""
        self.now_ns = max(self.now_ns, now_ns)
        self._moved.set()
        self._moved = asyncio.Event()

    async def moved(self) -> None:
        """Wait for the next move."""
        await self._moved.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandClock(Clock):
    """Plant time as a hand shows it; waiting for an instant ends when the hand comes to it."""

    hand: Hand

    @classmethod
    def at(cls, now_ns: int) -> "HandClock":
        """A clock that stands at `now_ns`."""
        return cls(epoch_ns=now_ns, start_ns=0, rate=PATIENCE, hand=Hand(now_ns))

    def now_ns(self) -> int:
        """Where the hand stands."""
        return self.hand.now_ns

    def utc_ns(self) -> int:
        """Where the hand stands: a stepped plant has no other time."""
        return self.hand.now_ns

    async def sleep_until(self, plant_ns: int) -> None:
        """Sleep until the hand is there."""
        while self.hand.now_ns < plant_ns:
            await self.hand.moved()

    async def wait_until(self, plant_ns: int, stop: asyncio.Event) -> bool:
        """Wait for the hand or for `stop`; True when it was `stop`."""
        there, stopped = asyncio.create_task(self.sleep_until(plant_ns)), asyncio.create_task(stop.wait())
        await asyncio.wait((there, stopped), return_when=asyncio.FIRST_COMPLETED)
        there.cancel()
        stopped.cancel()
        return stop.is_set()
