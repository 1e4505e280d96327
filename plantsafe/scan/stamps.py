"""Asks the event buffers of all sources beside the scan; what is new goes with the frame, or with the next one."""

import asyncio
from collections.abc import Sequence

import numpy as np

from plantsafe.frame import NO_DEVICE_EVENTS, DeviceEvents
from plantsafe.plant.tables import Plant
from plantsafe.source import Source, Stamped, StampingSource

WAIT_SHARE = 0.1  # of the time in which sources may answer: a device that is slower tells the next scan (site default)


class EventWatch:
    """The event buffers of one plant description."""

    def __init__(self, plant: Plant, sources: Sequence[Source]) -> None:
        self._sources: dict[int, StampingSource] = {
            row: source
            for source in sources
            if isinstance(source, StampingSource)
            and plant.file.sources[row := plant.sources.row[source.name]].event_buffer is not None
        }
        self._tasks: dict[int, asyncio.Task[Stamped | None]] = {}
        self._taken: list[tuple[int, Stamped]] = []

    def begin(self) -> None:
        """Ask every device that is not still answering."""
        for row, source in self._sources.items():
            self._take_if_done(row)
            if row not in self._tasks:
                self._tasks[row] = asyncio.create_task(source.stamped())

    async def events(self, allowed_s: float) -> DeviceEvents:
        """What came since it was asked last; waits for a share of `allowed_s` at most."""
        if not self._sources:
            return NO_DEVICE_EVENTS
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=allowed_s * WAIT_SHARE)
        for row in self._sources:
            self._take_if_done(row)
        taken, self._taken = self._taken, []
        return device_events(taken)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _take_if_done(self, row: int) -> None:
        task = self._tasks.get(row)
        if task is not None and task.done():
            del self._tasks[row]
            if (stamped := task.result()) is not None:
                self._taken.append((row, stamped))


def device_events(taken: Sequence[tuple[int, Stamped]]) -> DeviceEvents:
    """What buffers gave, by the row of their source, as the arrays of a frame."""
    if not taken:
        return NO_DEVICE_EVENTS
    taken = sorted(taken, key=lambda part: part[0])
    return DeviceEvents(
        source=np.repeat([row for row, _ in taken], [len(part.code) for _, part in taken]).astype(np.intp),
        sequence=np.concatenate([part.sequence for _, part in taken]),
        time_ns=np.concatenate([part.time_ns for _, part in taken]),
        code=np.concatenate([part.code for _, part in taken]),
        state=np.concatenate([part.state for _, part in taken]),
    )
