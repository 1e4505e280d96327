"""OPC UA's own 6,000 nodes, which every server holds, loaded without waiting longer than needed."""

import asyncio
import contextlib
import gc
import pickle
from collections.abc import Iterator
from pathlib import Path

from asyncua.server.internal_server import InternalServer


class QuickServer(InternalServer):
    """asyncua's internal server, sooner up and sooner down.

    Python's collector walks all nodes again and again while they are made (2.2 s of 3.2 s measured), so it pauses. The
    second server of a process keeps a copy for all later ones (0.3 s each): scenarios and tests start many.
    """

    _loads = 0
    _copy: bytes | None = None

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:
        """Load from the copy, or as asyncua does."""
        with _without_collector():
            if QuickServer._copy is not None:
                self.aspace._nodes = pickle.loads(QuickServer._copy)  # noqa: S301  bytes of this very process
                return
            await super().load_standard_address_space(shelf_file)
            QuickServer._loads += 1
            if QuickServer._loads == 2:
                QuickServer._copy = pickle.dumps(self.aspace._nodes, pickle.HIGHEST_PROTOCOL)

    async def stop(self) -> None:
        """End at once instead of after the next tick of the server's clock."""
        if self.time_task is not None:
            self.time_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.time_task
            self.time_task = None
        await super().stop()


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()
