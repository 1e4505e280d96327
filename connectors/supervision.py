"""Keeps one connection to one server: connect, wait for its end, wait a little, connect anew. At most one at a time."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

import structlog

FIRST_DELAY_S = 0.2  # site default: a restarted server is found again within one scan
LAST_DELAY_S = 3.0  # site default: a server that returns is found within 5 s, connecting included
STEADY_S = 10.0  # site default: a connection that held this long starts the delays anew
CLOSE_S = 1.0  # site default: a dead server is not waited for longer when its connection is given up

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Link(Protocol):
    """One connection from its beginning to its end."""

    async def ended(self) -> str:
        """Return when the connection is over, with the reason in words."""
        ...

    async def close(self) -> None:
        """Give the connection up."""
        ...


L = TypeVar("L", bound=Link)


def delay_s(attempt: int, spread: float) -> float:
    """Wall seconds before the next attempt: doubling, capped, and drawn by `spread` (0-1) from the upper half."""
    full_s = min(LAST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(attempt, 30))
    return full_s * (0.5 + 0.5 * spread)


class Ending:
    """The end of a connection, said once by whoever notices it first."""

    def __init__(self) -> None:
        self._reason: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def say(self, reason: str) -> None:
        """The connection is over; later reasons are ignored."""
        if not self._reason.done():
            self._reason.set_result(reason)

    @property
    def said(self) -> bool:
        """True once the connection is over."""
        return self._reason.done()

    async def wait(self) -> str:
        """The reason, when there is one."""
        return await asyncio.shield(self._reason)


class Supervisor(Generic[L]):
    """Runs in the background so that a dead server delays neither a scan nor another source.

    `connect` makes a new connection each time (never a revived one) and raises when it cannot; every exception it
    raises counts as "not now". `link` is the connection that holds, or None. A change of state is logged once.
    """

    def __init__(self, source: str, connect: Callable[[], Awaitable[L]]) -> None:
        self.link: L | None = None
        self._connect = connect
        self._log = log.bind(source=source)
        self._task: asyncio.Task[None] | None = None
        self._spread = random.Random()  # noqa: S311  spreads reconnections, not a secret

    def start(self) -> None:
        """Begin to connect; returns at once."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Close the connection and end."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def _run(self) -> None:
        attempt, said = 0, ""
        while True:
            began_s, spent_s = asyncio.get_running_loop().time(), 0.0
            try:
                link = await self._connect()
            except Exception as error:  # noqa: BLE001  whatever a server does, it is tried again
                reason = f"{type(error).__name__}: {error}"
                if reason != said:
                    self._log.warning("link_down", reason=reason)
                said = reason
                spent_s = asyncio.get_running_loop().time() - began_s  # an attempt that hung was delay enough
            else:
                said = ""
                await self._hold(link)
                if asyncio.get_running_loop().time() - began_s > STEADY_S:
                    attempt = 0
            await asyncio.sleep(max(FIRST_DELAY_S, delay_s(attempt, self._spread.random()) - spent_s))
            attempt += 1

    async def _hold(self, link: L) -> None:
        self.link = link
        self._log.info("link_up")
        try:
            reason = await link.ended()
            self._log.warning("link_lost", reason=reason)
        finally:
            self.link = None
            with contextlib.suppress(Exception):  # it is given up; how it ends does not matter
                await asyncio.wait_for(link.close(), CLOSE_S)
