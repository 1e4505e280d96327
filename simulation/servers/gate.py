"""A server that falls silent: connections stay and are accepted, requests are taken, nothing is answered."""

import asyncio


class Gate:
    """Open while the server answers."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def set_silent(self, *, silent: bool) -> None:
        """Close or open the gate; requests that wait at it are answered when it opens, too late to be of use."""
        if silent:
            self._open.clear()
        else:
            self._open.set()

    async def passed(self) -> None:
        """Return when the server may answer."""
        await self._open.wait()
