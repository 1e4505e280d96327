"""The safety system of the stand-in plant: pymodbus' server over an image of registers that is filled as it runs."""

import asyncio
import logging
from functools import partial

import numpy as np
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from connectors.modbus.decode import Image
from connectors.modbus.map import (
    BIT_TABLES,
    READ_FUNCTION,
    WORDS,
    Area,
    Place,
    Places,
    RegisterMap,
    codes_of,
    map_of,
    register_map,
)
from plantsafe.frame import F8, U4
from plantsafe.plant import Plant
from simulation.servers.gate import Gate
from simulation.servers.port import HOST, claim, in_use
from simulation.servers.register_image import encode

TABLES = ("coil", "discrete", "holding", "input")  # the order of the four blocks of a SimDevice
_TABLE = {function: table for table, function in READ_FUNCTION.items()}
FLAG = "--modbus-port"

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it logs each client that goes; the link log says it once


class ModbusServer:
    """Serves one source of the plant, read only: function codes that write are answered with exception 1."""

    def __init__(self, plant: Plant, source: str, port: int = 0) -> None:
        self._map, self._ring = _with_ring(plant, source)
        self._image: Image = np.zeros(self._map.size, dtype=np.uint16)
        self._used = np.zeros(self._map.size, dtype=np.bool_)
        for word in range(int(self._map.words.max(initial=0))):
            self._used[(self._map.at + word)[self._map.words > word]] = True
        self._areas = {(area.device, area.table): area for area in self._map.areas}
        self._wanted = port
        self._server: ModbusTcpServer | None = None
        self._gate = Gate()
        self.port = 0
        self.requests = 0

    @property
    def endpoint(self) -> str:
        """Where a client finds the server."""
        return f"tcp://{HOST}:{self.port}"

    async def start(self) -> None:
        """Listen; raises PortInUseError."""
        self.port = claim(self._wanted, FLAG)
        devices = [self._device(device) for device in sorted({area.device for area in self._map.areas})]
        self._server = ModbusTcpServer(devices, address=(HOST, self.port))
        try:
            await self._server.serve_forever(background=True)
        except RuntimeError as error:
            raise in_use(self.port, FLAG) from error

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus left it untyped
            self._server = None
            await asyncio.sleep(0)  # transports close on the next turn of the loop

    async def update(self, value: F8, status: U4, source_time_ns: object = None) -> None:  # noqa: ARG002
        """Show these values (n points of the source, in its order) from now on; Modbus carries no times."""
        nothing = len(self._ring)
        encode(
            self._map,
            np.concatenate([value, np.full(nothing, np.nan)]),
            np.concatenate([status, np.zeros(nothing, dtype=np.uint32)]),
            self._image,
        )

    def show_events(self, newest: Image, ring: Image) -> None:
        """Show these registers of the newest number and of the event buffer from now on."""
        self._image[self._ring] = np.concatenate([newest, ring])

    def set_silent(self, *, silent: bool) -> None:
        """Stop answering, or answer again."""
        self._gate.set_silent(silent=silent)

    def _device(self, device: int) -> SimDevice:
        coils, discrete, holding, inputs = (self._table(self._areas.get((device, table)), table) for table in TABLES)
        return SimDevice(device, simdata=(coils, discrete, holding, inputs), action=partial(self._answer, device))

    @staticmethod
    def _table(area: Area | None, table: str) -> list[SimData]:
        """Room for the addresses of an area; `_answer` fills it and refuses the addresses that no point uses."""
        if table in BIT_TABLES:
            first, end = (area.start // 16, (area.start + area.size + 15) // 16) if area else (0, 1)
            return [SimData(first * 16, values=[False] * (16 * (end - first)), datatype=DataType.BITS)]
        start, size = (area.start, area.size) if area else (0, 1)
        return [SimData(start, values=[0] * size, datatype=DataType.REGISTERS)]

    async def _answer(
        self,
        device: int,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        wanted: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Called by pymodbus for each request before it answers from `registers`, which begin at `start`."""
        await self._gate.passed()
        self.requests += 1
        if wanted is not None or function not in _TABLE:
            return ExcCodes.ILLEGAL_FUNCTION
        area = self._areas.get((device, _TABLE[function]))
        if area is None:
            return ExcCodes.ILLEGAL_ADDRESS
        if area.table in BIT_TABLES:
            return self._answer_bits(area, start, address, count, registers)
        first = address - area.start + area.base
        inside = area.base <= first and first + count <= area.base + area.size
        if not inside or not self._used[first : first + count].all():
            return ExcCodes.ILLEGAL_ADDRESS
        registers[address - start : address - start + count] = self._image[first : first + count].tolist()
        return None

    def _answer_bits(self, area: Area, start: int, address: int, count: int, registers: list[int]) -> ExcCodes | None:
        """pymodbus packs 16 bits a register and hands over the count in registers, `start` likewise."""
        low = max(address // 16 * 16, area.start)
        high = min((address // 16 + count) * 16, area.start + area.size)
        if address < area.start or address >= area.start + area.size:
            return ExcCodes.ILLEGAL_ADDRESS
        for place in range(low, high):
            word, bit = place // 16 - start, place % 16
            on = int(self._image[place - area.start + area.base]) & 1
            registers[word] = registers[word] & ~(1 << bit) | on << bit
        return None


def _with_ring(plant: Plant, source: str) -> tuple[RegisterMap, Places]:
    """The map of the points and of the registers of the event buffer; where those are in the image, newest first."""
    registers = register_map(plant, source)
    buffer = plant.file.sources[plant.sources.row[source]].event_buffer
    if buffer is None:
        return registers, np.zeros(0, dtype=np.intp)
    newest = range(buffer.newest, buffer.newest + WORDS[buffer.sequence.type])
    ring = range(buffer.address, buffer.address + buffer.records * buffer.words)
    words = [Place(table=buffer.table, address=address, device=buffer.device) for address in (*newest, *ring)]
    points = [plant.file.points[row] for row in registers.rows.tolist()]
    places = [Place(**point.modbus.model_dump()) for point in points if point.modbus is not None]
    both = map_of(
        np.concatenate([registers.rows, np.full(len(words), -1, dtype=np.intp)]),
        (*registers.names, *(f"register {word.address}" for word in words)),
        [*places, *words],
        codes_of(points),
    )
    return both, both.at[len(places) :]
