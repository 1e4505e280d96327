"""How fast requests may follow one another, where the file says what a server bears."""

import asyncio


class Pace:
    """Requests evenly apart, over all connections of a source; without a limit it costs nothing."""

    def __init__(self, requests_per_s: float | None = None) -> None:
        self.pause_s = 1.0 / requests_per_s if requests_per_s else 0.0
        self._free_s = 0.0

    async def turn(self) -> None:
        """Return when the next request may be sent."""
        if self.pause_s <= 0.0:
            return
        now_s = asyncio.get_running_loop().time()
        mine_s = max(now_s, self._free_s)
        self._free_s = mine_s + self.pause_s
        if mine_s > now_s:
            await asyncio.sleep(mine_s - now_s)
