"""Reads a device's event buffer over the line of its source, between the source's own reads."""

import asyncio
from dataclasses import replace

import numpy as np
import structlog

from connectors.modbus.blocks import Block
from connectors.modbus.client import REQUEST_OCTETS
from connectors.modbus.decode import Image, words_of
from connectors.modbus.event_buffer import RingReader
from connectors.modbus.supervisor import REQUEST_TIMEOUT_S, Line
from plantsafe.plant.model import EventBuffer
from plantsafe.source import SourceCounts, Stamped

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class BufferPoll:
    """One event buffer. Each request takes the line for itself, so that a read waits for one of them at most."""

    def __init__(self, source: str, buffer: EventBuffer, timeout_s: float, registers_per_read: int) -> None:
        self._ring = RingReader(buffer, registers_per_read)
        self._timeout_s = timeout_s
        self.counts = SourceCounts()
        self._refused = False
        self._log = log.bind(source=source)

    @property
    def newest(self) -> Block:
        """The request that a device is asked with for its newest number."""
        return self._ring.newest

    async def poll(self, line: Line) -> Stamped | None:
        """What is new, in the requests of one scan; None for nothing, or for no answer."""
        words = await self._ask(line, self._ring.newest)
        if words is None:
            return None
        parts = []
        for first, block in self._ring.wanted(words):
            words = await self._ask(line, block)
            if words is None:
                break
            if (part := self._ring.take(first, words)) is not None:
                parts.append(part)
        if not parts:
            return None
        return Stamped(
            sequence=np.concatenate([part.sequence for part in parts]),
            time_ns=np.concatenate([part.time_ns for part in parts]),
            code=np.concatenate([part.code for part in parts]),
            state=np.concatenate([part.state for part in parts]),
        )

    async def _ask(self, line: Line, block: Block) -> Image | None:
        """The registers of one block, None where they did not come."""
        if line.units.rests(block.device):
            return None
        try:
            async with line.turn(self._timeout_s):
                link = line.link
                if link is None:
                    return None
                limit_s = min(REQUEST_TIMEOUT_S, self._timeout_s)
                exchange = await link.ask([block], depth=1, timeout_s=limit_s, within_s=limit_s, pause_s=line.pause_s)
                if exchange.failure:
                    line.units.silent(block.device, exchange.failure, asyncio.get_running_loop().time())
                    await line.renewed(link, limit_s)
        except TimeoutError:  # reads kept the line all the time: they go first
            return None
        self.counts = replace(
            self.counts,
            requests=self.counts.requests + exchange.requests,
            sent_bytes=self.counts.sent_bytes + REQUEST_OCTETS * exchange.requests,
            received_bytes=self.counts.received_bytes + exchange.received_bytes,
        )
        answer = exchange.answers[0]
        if isinstance(answer, int) and not self._refused:
            self._log.warning("event_buffer_refused", exception=answer, start=block.start, count=block.count)
        self._refused = isinstance(answer, int)
        return words_of(block.table, answer, block.count) if isinstance(answer, bytes) else None
