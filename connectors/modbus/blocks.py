"""Which blocks of addresses are read for the points of a map: the fewest requests that the limits allow."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from connectors.modbus.map import BIT_TABLES, READ_FUNCTION, Area, Places, RegisterMap

MAX_WORDS, MAX_BITS = 125, 2000  # Modbus application protocol V1.1b3, 6.1 and 6.3
MAX_GAP_WORDS, MAX_GAP_BITS = 50, 256  # site default: reading over a hole costs less than another request
MAX_WASTE = 0.8  # site default: four words for nothing cost less than a request, on a serial line of 9600 bit/s too
REQUEST = 1e6  # a request more outweighs any number of words more


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockLimits:
    """How much one request may ask for, and how much of it for nothing."""

    words: int = MAX_WORDS
    bits: int = MAX_BITS
    gap_words: int = MAX_GAP_WORDS
    gap_bits: int = MAX_GAP_BITS
    waste: float = MAX_WASTE


LIMITS = BlockLimits()
Span = tuple[int, int]  # from, to (not included), in the image


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """One request: `count` addresses from `start`; `at` is its place in the image, `points` whom it serves."""

    device: int
    table: str
    start: int
    count: int
    at: int
    points: Places = field(repr=False)

    @property
    def span(self) -> Span:
        """What it covers in the image."""
        return self.at, self.at + self.count

    @cached_property
    def function(self) -> int:
        """The function code that reads it."""
        return READ_FUNCTION[self.table]

    @cached_property
    def octets(self) -> int:
        """How many data octets its answer has."""
        return (self.count + 7) // 8 if self.table in BIT_TABLES else 2 * self.count

    @cached_property
    def request(self) -> bytes:
        """The request behind its transaction number: protocol 0, length 6, unit, function, address, count."""
        return struct.pack(">HHBBHH", 0, 6, self.device, self.function, self.start, self.count)


def blocks(registers: RegisterMap, limits: BlockLimits = LIMITS, refused: Sequence[Span] = ()) -> tuple[Block, ...]:
    """The fewest requests that the limits on size, gap and waste allow, and fewest words among those, area by area.

    No block of more than one place covers a span that is `refused`.
    """
    return tuple(block for area in registers.areas for block in area_blocks(registers, area, limits, refused))


def area_blocks(
    registers: RegisterMap, area: Area, limits: BlockLimits = LIMITS, refused: Sequence[Span] = ()
) -> list[Block]:
    """The blocks of one area, by dynamic programming over the places where a block can end."""
    inside = np.flatnonzero((registers.at >= area.base) & (registers.at < area.base + area.size))
    order = inside[np.argsort(registers.at[inside], kind="stable")]
    begin, first = np.unique(registers.at[order], return_index=True)
    end = np.maximum.reduceat(registers.at[order] + registers.words[order], first)
    cuts = _cuts(begin, end, limits, bits=area.table in BIT_TABLES, refused=refused)
    edges = [*first.tolist(), len(order)]
    return [block_of(registers, area, order[edges[low] : edges[high]]) for low, high in cuts]


def split(registers: RegisterMap, block: Block) -> tuple[Block, Block] | None:
    """Two blocks for one that the device refused: parted at the widest hole, else in the middle; None for one place."""
    at = registers.at[block.points]
    begin = np.unique(at)
    if len(begin) < 2:
        return None
    end = np.array([int((at + registers.words[block.points])[at == place].max()) for place in begin])
    holes = begin[1:] - np.maximum.accumulate(end)[:-1]
    widest = int(np.argmax(holes))
    cut = begin[widest + 1] if holes[widest] > 0 else begin[len(begin) // 2]
    area = next(area for area in registers.areas if (area.device, area.table) == (block.device, block.table))
    return (
        block_of(registers, area, block.points[at < cut]),
        block_of(registers, area, block.points[at >= cut]),
    )


def block_of(registers: RegisterMap, area: Area, points: Places) -> Block:
    """The block that just covers the points."""
    at = int(registers.at[points].min())
    end = int((registers.at[points] + registers.words[points]).max())
    return Block(
        device=area.device, table=area.table, start=at - area.base + area.start, count=end - at, at=at, points=points
    )


def _cuts(begin: Places, end: Places, limits: BlockLimits, *, bits: bool, refused: Sequence[Span]) -> list[Span]:
    """Blocks as ranges of places; begin and end (n_places) are sorted by begin."""
    max_count, max_gap = (limits.bits, limits.gap_bits) if bits else (limits.words, limits.gap_words)
    n = len(begin)
    reach = np.maximum.accumulate(end)
    new = np.minimum(end - begin, end - np.concatenate([[begin[0]], reach[:-1]]))  # words that no earlier place has
    covered = np.concatenate([[0], np.cumsum(np.maximum(new, 0))])
    wide = np.flatnonzero(begin[1:] - reach[:-1] > max_gap) + 1
    walls = np.zeros(n, dtype=np.intp)  # the first place that may share a block with this one
    walls[wide] = wide
    for low, high in refused:
        last = int(np.searchsorted(reach, high))  # from this place on, a block reaches over the end of the span
        after = int(np.searchsorted(begin, low, side="right"))  # from there on, it begins behind the span's begin
        if last < n:
            walls[last] = max(walls[last], min(last, after))
        if last + 1 < n:
            walls[last + 1] = max(walls[last + 1], min(last + 1, after))
    walls = np.maximum.accumulate(walls)
    walls = np.maximum(walls, np.searchsorted(begin, end - max_count))
    cost = np.zeros(n + 1)
    origin = np.zeros(n, dtype=np.intp)
    for j in range(n):
        i = int(min(walls[j], j))
        count = reach[j] - begin[i : j + 1]
        waste = 1.0 - (covered[j + 1] - covered[i : j + 1]) / count
        price = np.where((count <= max_count) & (waste <= limits.waste), cost[i : j + 1] + count, np.inf)
        price[-1] = cost[j] + (end[j] - begin[j])  # one place alone is always allowed
        best = int(np.argmin(price))
        cost[j + 1] = price[best] + REQUEST
        origin[j] = i + best
    found, j = [], n
    while j > 0:
        found.append((int(origin[j - 1]), j))
        j = int(origin[j - 1])
    return found[::-1]
