"""A safety system's Modbus TCP server as a Source."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from connectors.misfits import Misfits
from connectors.modbus.decode import ILLEGAL_ADDRESS, Image, decode, status_of
from connectors.modbus.map import Block, RegisterMap, blocks, register_map, split
from connectors.modbus.supervisor import ModbusLink, SilentDevices, host_and_port
from connectors.supervision import Supervisor
from plantsafe.clock import Clock
from plantsafe.errors import ReadOnlyError
from plantsafe.frame import BAD_NO_COMMUNICATION, GOOD, U4, Origin
from plantsafe.plant import Plant
from plantsafe.source import Columns, silence


class ModbusSource:
    """Reads all points of one source block by block; what a device does wrong becomes a status, never an exception.

    Modbus carries no times and no statuses: source times are 0, a value that came is Good.
    """

    def __init__(self, plant: Plant, source_name: str, endpoint: str | None = None) -> None:
        """`endpoint` replaces the one of the plant file (a simulated plant finds its port when it starts)."""
        entry = plant.file.sources[plant.sources.row[source_name]]
        self._name = source_name
        self._timeout_s = entry.timeout_s
        self._map: RegisterMap = register_map(plant, source_name)
        self._blocks: list[Block] = list(blocks(self._map))
        self._misfits = Misfits(source_name, self._map.names)
        self._silent = SilentDevices()
        host, port = host_and_port(endpoint or entry.endpoint, source_name)
        self._supervisor: Supervisor[ModbusLink] = Supervisor(source_name, lambda: ModbusLink(host, port).open())

    @property
    def name(self) -> str:
        """The name the plant file gives it."""
        return self._name

    @property
    def points(self) -> NDArray[np.intp]:
        """Rows of the frame that this source fills."""
        return self._map.rows

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The requests of one read, as learned so far."""
        return tuple(self._blocks)

    async def open(self) -> None:
        """Begin to connect; returns at once."""
        self._supervisor.start()

    async def close(self) -> None:
        """Close the socket."""
        await self._supervisor.stop()

    async def read(self, clock: Clock) -> Columns:  # noqa: ARG002  Modbus carries no times
        """All points, once, within the source's timeout; blocks that were not answered in it are Bad."""
        link = self._supervisor.link
        if link is None:
            return silence(len(self._map.rows))
        image: Image = np.zeros(self._map.size, dtype=np.uint16)
        status: U4 = np.full(len(self._map.rows), BAD_NO_COMMUNICATION, dtype=np.uint32)
        if not await self._ask_all(link, image, status):
            return silence(len(self._map.rows))
        value, status = decode(self._map, image, status)
        self._misfits.look(status)
        return Columns(
            value=value,
            status=status,
            source_time_ns=np.zeros(len(status), dtype=np.int64),
            answered=True,
            origin=Origin.RECEIVE,
            resolution_ns=0,
        )

    async def _ask_all(self, link: ModbusLink, image: Image, status: U4) -> bool:
        """Fill `image` and `status` as far as time and link allow; True when any device answered at all."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._timeout_s
        alone = len({block.device for block in self._blocks}) == 1
        waiting = sorted(self._blocks, key=lambda block: self._silent.trouble(block.device), reverse=True)
        answered = False
        while waiting:
            block = waiting.pop()
            if not alone and self._silent.rests(block.device, loop.time()):
                continue
            try:
                words, exception = await link.ask(block, deadline_s - loop.time())
            except ReadOnlyError:
                raise
            except TimeoutError:
                self._silent.timed_out(block.device, loop.time())
                return answered
            except Exception:  # noqa: BLE001  a broken answer is the device's doing; the link said it and is over
                return answered
            answered = True
            self._silent.answered(block.device)
            if exception == ILLEGAL_ADDRESS and (halves := split(self._map, block)):
                waiting.extend(reversed(halves))
                place = self._blocks.index(block)
                self._blocks[place : place + 1] = halves
            elif exception:
                status[list(block.points)] = status_of(exception)
            else:
                image[block.at : block.at + block.count] = words
                status[list(block.points)] = GOOD
        return answered
