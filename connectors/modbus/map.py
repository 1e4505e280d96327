"""Where each point lies in the devices of one source, and which blocks of addresses are read for them.

All areas (one table of one device each) lie one after the other in one image, an array of 16-bit words (or bits, one
a word); a point is a place in the image and a way to read it. The simulator encodes through the same map.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plantsafe.errors import SourceError
from plantsafe.frame import F8, Bool
from plantsafe.plant import Plant
from plantsafe.plant.model import ModbusAddress

Places = NDArray[np.intp]

KINDS = ("bool", "uint16", "int16", "uint32", "int32", "float32")
WORDS = {"bool": 1, "uint16": 1, "int16": 1, "uint32": 2, "int32": 2, "float32": 2}
READ_FUNCTION = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}  # Modbus application protocol V1.1b3, 6.1-6.4
BIT_TABLES = ("coil", "discrete")
MAX_WORDS, MAX_BITS = 125, 2000  # Modbus application protocol V1.1b3, 6.1 and 6.3
MAX_GAP_WORDS, MAX_GAP_BITS = 50, 256  # site default: reading over a hole costs less than another request
MAX_WASTE = 0.5  # site default: at most this share of a block is read for nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One table of one device: addresses from `start`, `size` of them, at `base` in the image."""

    device: int
    table: str
    start: int
    size: int
    base: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One request: `count` addresses from `start`; `at` is its place in the image, `points` whom it serves."""

    device: int
    table: str
    start: int
    count: int
    at: int
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterMap:
    """The points of one source in the order of `Source.points`; `rows` are their rows in the frame.

    at, words, kind (index in KINDS), bit (-1 for none), little (low word first), scale, offset: (n_points).
    """

    rows: Places
    names: tuple[str, ...]
    areas: tuple[Area, ...]
    size: int
    at: Places
    words: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    bit: NDArray[np.int8]
    little: Bool
    scale: F8
    offset: F8


def register_map(plant: Plant, source: str) -> RegisterMap:
    """The map of a source of the plant; raises SourceError for an address that cannot work."""
    rows = plant.sources.points[plant.sources.row[source]]
    points = [plant.file.points[int(row)] for row in rows]
    places = [_checked(point.name, point.modbus, source) for point in points]
    kinds = [_kind(place) for place in places]
    words = [WORDS[kind] for kind in kinds]
    areas = _areas(places, words)
    base = {(area.device, area.table): area.base - area.start for area in areas}
    return RegisterMap(
        rows=rows,
        names=tuple(point.name for point in points),
        areas=areas,
        size=sum(area.size for area in areas),
        at=np.array([base[place.device, place.table] + place.address for place in places], dtype=np.intp),
        words=np.array(words, dtype=np.uint8),
        kind=np.array([KINDS.index(kind) for kind in kinds], dtype=np.uint8),
        bit=np.array([-1 if place.bit is None else place.bit for place in places], dtype=np.int8),
        little=np.array([place.word_order == "little" for place in places], dtype=np.bool_),
        scale=np.array([place.scale for place in places]),
        offset=np.array([place.offset for place in places]),
    )


def blocks(registers: RegisterMap) -> tuple[Block, ...]:
    """The fewest requests that the limits on size, gap and waste allow, area by area."""
    found: list[Block] = []
    for area in registers.areas:
        inside = np.flatnonzero((registers.at >= area.base) & (registers.at < area.base + area.size))
        order = inside[np.argsort(registers.at[inside], kind="stable")]
        group: list[int] = []
        for point in order.tolist():
            if group and not _fits(registers, area, group, point):
                found.append(block_of(registers, area, group))
                group = []
            group.append(point)
        found.append(block_of(registers, area, group))
    return tuple(found)


def split(registers: RegisterMap, block: Block) -> tuple[Block, Block] | None:
    """Two blocks for one that the device refused: parted at the widest hole, else in the middle; None for one place."""
    places = sorted(set(registers.at[list(block.points)].tolist()))
    if len(places) < 2:
        return None
    area = next(area for area in registers.areas if (area.device, area.table) == (block.device, block.table))
    words = {int(registers.at[i]): int(registers.words[i]) for i in block.points}
    holes = [after - before - words[before] for before, after in pairwise(places)]
    widest = int(np.argmax(holes))
    cut = places[widest + 1] if holes[widest] > 0 else places[len(places) // 2]
    low = [i for i in block.points if registers.at[i] < cut]
    high = [i for i in block.points if registers.at[i] >= cut]
    return block_of(registers, area, low), block_of(registers, area, high)


def block_of(registers: RegisterMap, area: Area, points: list[int]) -> Block:
    """The block that just covers the points."""
    first = int(registers.at[points].min())
    end = int((registers.at[points] + registers.words[points]).max())
    return Block(
        device=area.device,
        table=area.table,
        start=first - area.base + area.start,
        count=end - first,
        at=first,
        points=tuple(points),
    )


def _fits(registers: RegisterMap, area: Area, group: list[int], point: int) -> bool:
    """True when `point` (at or after all of `group`) may join the block of `group`."""
    bits = area.table in BIT_TABLES
    members = np.array([*group, point])
    first = int(registers.at[members].min())
    ends = registers.at[members] + registers.words[members]
    count = int(ends.max()) - first
    gap = int(registers.at[point] - ends[:-1].max())
    covered = np.zeros(count, dtype=np.bool_)
    covered[registers.at[members] - first] = True
    covered[ends - 1 - first] = True
    return (
        count <= (MAX_BITS if bits else MAX_WORDS)
        and gap <= (MAX_GAP_BITS if bits else MAX_GAP_WORDS)
        and 1.0 - float(covered.mean()) <= MAX_WASTE
    )


def _areas(places: list[ModbusAddress], words: list[int]) -> tuple[Area, ...]:
    spans: dict[tuple[int, str], tuple[int, int]] = {}
    for place, length in zip(places, words, strict=True):
        key = (place.device, place.table)
        low, high = spans.get(key, (place.address, place.address + length))
        spans[key] = (min(low, place.address), max(high, place.address + length))
    areas, base = [], 0
    for (device, table), (low, high) in sorted(spans.items()):
        areas.append(Area(device=device, table=table, start=low, size=high - low, base=base))
        base += high - low
    return tuple(areas)


def _kind(place: ModbusAddress) -> str:
    """Coils and discrete inputs are bits whatever the type says, and so is a bit of a word."""
    return "bool" if place.table in BIT_TABLES or place.bit is not None else place.type


def _checked(point: str, place: ModbusAddress | None, source: str) -> ModbusAddress:
    if place is None:
        raise SourceError(f"{point} has no Modbus address, but source {source} speaks modbus")
    if place.bit is not None and (place.table in BIT_TABLES or WORDS[place.type] == 2):
        raise SourceError(f"{point}: a bit is taken from one register", mend="name the register that holds the bit")
    if place.address + WORDS[_kind(place)] > 65536:
        raise SourceError(f"{point}: {place.type} at {place.address} reaches past the last register, 65535")
    if place.scale == 0.0:
        raise SourceError(f"{point}: scale 0 makes every value the same", mend="leave scale out, or give the step")
    return place
