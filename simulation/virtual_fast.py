"""Fast groups of a simulated plant in virtual time: read exactly as planned, through the maps of the wire."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from connectors.fast_group import rows_read
from connectors.modbus.decode import decode as decode_registers
from connectors.modbus.map import RegisterMap, register_map
from connectors.opcua.decode import settle
from plantsafe.clock import NS_PER_S
from plantsafe.frame import BAD_NO_COMMUNICATION, BAD_NO_DATA, F8, GOOD, NO_FAST_SAMPLES, U4, FastSamples
from plantsafe.plant import Plant
from plantsafe.plant.tables import Index
from simulation.plant import SimulatedPlant
from simulation.servers.register_image import encode


@dataclass(frozen=True, slots=True)
class _Group:
    """A fast group: its rows among the fast points and in the frame; registers where it is read over Modbus."""

    source: str
    places: Index
    rows: Index
    registers: RegisterMap | None


@dataclass(frozen=True, slots=True)
class _Read:
    """One planned read: in which second since the scan before, after which fraction of it."""

    group: int
    column: int
    second: int
    fraction: float


class VirtualFast:
    """Lives a simulated plant from scan to scan and reads its fast groups on the way."""

    def __init__(self, simulated: SimulatedPlant) -> None:
        self._simulated = simulated
        self._plant = plant = simulated.plant
        self._table = table = plant.fast
        self._groups = tuple(_groups(plant))
        self._reads = tuple(
            _Read(group, column, int((after_ns - 1) // NS_PER_S), ((after_ns - 1) % NS_PER_S + 1) / NS_PER_S)
            for group in range(len(self._groups))
            for column in range(int(table.reads[group]))
            for after_ns in (int(table.period_ns[group]) * (column + 1),)
        )
        columns = np.arange(1, int(table.reads.max(initial=0)) + 1, dtype=np.int64)
        self._at_ns = table.period_ns[:, None] * columns - plant.period_ns

    def live(self, seconds: int) -> FastSamples:
        """Live the seconds up to the next scan; what was read between them and within."""
        if not self._groups:
            self._simulated.advance(seconds)
            return NO_FAST_SAMPLES
        shape = (self._table.point.size, self._at_ns.shape[1])
        value, status = np.full(shape, np.nan), np.full(shape, BAD_NO_DATA, dtype=np.uint32)
        for second in range(seconds):
            self._simulated.advance()
            same: dict[int, tuple[F8, U4]] = {}  # reads of a second in which nothing moves all show the same
            for read in self._reads:
                if read.second != second:
                    continue
                shown = self._simulated.within(read.fraction)
                if shown is not None or read.group not in same:
                    same[read.group] = self._read(self._groups[read.group], shown)
                places = self._groups[read.group].places
                value[places, read.column], status[places, read.column] = same[read.group]
        return FastSamples(
            point=self._table.point,
            group=self._table.group,
            value=value,
            status=status,
            begun_ns=self._at_ns,
            ended_ns=self._at_ns,
        )

    def _read(self, group: _Group, shown: F8 | None) -> tuple[F8, U4]:
        simulated, rows = self._simulated, group.rows
        if group.source in simulated.silent_sources():
            return np.full(len(rows), np.nan), np.full(len(rows), BAD_NO_COMMUNICATION, dtype=np.uint32)
        values = (simulated.instruments.value if shown is None else shown)[rows]
        statuses = simulated.instruments.status[rows]
        if group.registers is None:
            return settle(values, statuses)
        image = np.zeros(group.registers.size, dtype=np.uint16)
        encode(group.registers, values, statuses, image)
        return decode_registers(group.registers, image, np.full(len(rows), GOOD, dtype=np.uint32))


def _groups(plant: Plant) -> Iterator[_Group]:
    for i, (name, source) in enumerate(zip(plant.fast.names, plant.fast.source.tolist(), strict=True)):
        entry = plant.file.sources[source]
        yield _Group(
            source=entry.name,
            places=np.flatnonzero(plant.fast.group == i),
            rows=rows_read(plant, entry.name, name),
            registers=register_map(plant, entry.name, name) if entry.protocol == "modbus" else None,
        )
