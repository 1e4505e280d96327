"""Proxies on the way between a client and a server: one that listens in, the base of one that lies (wire_faults)."""

import asyncio
import contextlib


class Proxy:
    """Passes bytes both ways and keeps what the client sent; when one side ends, the other is ended, too.

    sent: by the client. open, most_open: connections now, and the most at a time.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.sent = bytearray()
        self.open = self.most_open = 0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError, ExceptionGroup):
                theirs, to_server = await asyncio.open_connection("127.0.0.1", self._target)
                self.open += 1
                self.most_open = max(self.most_open, self.open)
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._requests(reader, to_server))
                        group.create_task(self._answers(theirs, writer))
                finally:
                    self.open -= 1
                    to_server.close()
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.sent.extend(data)
            writer.write(data)
            await writer.drain()
        raise ConnectionError

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        raise ConnectionError
