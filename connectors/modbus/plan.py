"""What is asked in each read: the blocks of the map, and what the device has refused of them so far."""

from collections import deque
from collections.abc import Iterable

from connectors.modbus.blocks import LIMITS, Block, BlockLimits, Span, area_blocks, blocks, split
from connectors.modbus.map import RegisterMap

SPLITS_A_READ = 128  # site default: a device that refuses everything is not flooded with ever smaller requests
REST_READS = 10  # site default: an area that gave nothing when it was split is asked whole for that many reads
AGAIN_SHARE, AGAIN_LEAST, AGAIN_MOST = 4, 8, 50  # site default: refused places asked again, a read: a quarter, 8 to 50

AreaKey = tuple[int, str]


class ReadPlan:
    """Between `begin` and `end` of each read it is told what was refused; from the next read on it asks around that.

    Refusals are learned only where something else of the same table of the same device was answered in the same
    read: a device that refuses everything for a while (it starts, or its program is being loaded) keeps its blocks.
    """

    def __init__(self, registers: RegisterMap, limits: BlockLimits = LIMITS) -> None:
        self._map = registers
        self._limits = limits
        self._by_area: dict[AreaKey, list[Block]] = {}
        for block in blocks(registers, limits):
            self._by_area.setdefault(_area(block), []).append(block)
        self._refused: dict[AreaKey, dict[Span, int]] = {}
        self._lone: deque[tuple[Block, int]] = deque()
        self._rest: dict[AreaKey, int] = {}
        self._late: set[Span] = set()
        self._begin_read()

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What is asked in every read, as learned so far."""
        return tuple(block for area in self._by_area.values() for block in area)

    @property
    def resting(self) -> tuple[tuple[Block, int], ...]:
        """Refused places that this read leaves out, and the exception code that each was refused with."""
        return tuple(self._lone)[self._again :]

    def begin(self) -> list[Block]:
        """What to ask in this read: first what the last one did not reach, last some refused places once more."""
        self._begin_read()
        ordered = sorted(self.blocks, key=lambda block: block.span not in self._late)
        self._again = min(len(self._lone), max(AGAIN_LEAST, min(AGAIN_MOST, len(self._lone) // AGAIN_SHARE)))
        return ordered + [block for block, _ in tuple(self._lone)[: self._again]]

    def answered(self, block: Block) -> None:
        """The device gave the values of this block."""
        self._given.add(_area(block))
        if any(block is lone for lone, _ in self._lone):
            self._healed.append(block)

    def refused(self, block: Block, exception: int) -> tuple[Block, ...]:
        """The device refused the address or the length; what to ask instead, nothing for a place of its own."""
        area = _area(block)
        if self._splits >= SPLITS_A_READ or self._rest.get(area, 0) > 0:
            return ()
        self._fresh.setdefault(area, {})[block.span] = exception
        self._splits += 1
        return split(self._map, block) or ()

    def end(self, unreached: Iterable[Block]) -> None:
        """Learn from the read; `unreached` were not answered in its time."""
        self._late = {block.span for block in unreached}
        self._rest = {area: reads - 1 for area, reads in self._rest.items() if reads > 1}
        self._lone.rotate(-self._again)
        changed = set()
        for area, spans in self._fresh.items():
            if area not in self._given:
                self._rest[area] = REST_READS
                continue
            known = self._refused.setdefault(area, {})
            before = dict(known)
            known.update(spans)
            self._refused[area] = least = _least(known)
            if least != before:
                changed.add(area)
        for block in self._healed:
            self._refused[_area(block)].pop(block.span, None)
            changed.add(_area(block))
        for key in changed:
            self._learn(key)

    def _begin_read(self) -> None:
        self._given: set[AreaKey] = set()
        self._fresh: dict[AreaKey, dict[Span, int]] = {}
        self._healed: list[Block] = []
        self._splits = 0
        self._again = 0

    def _learn(self, key: AreaKey) -> None:
        refused = self._refused[key]
        area = next(area for area in self._map.areas if (area.device, area.table) == key)
        found = area_blocks(self._map, area, self._limits, tuple(refused))
        self._by_area[key] = [block for block in found if block.span not in refused]
        kept = [(block, code) for block, code in self._lone if _area(block) != key]
        self._lone = deque([*kept, *((block, refused[block.span]) for block in found if block.span in refused)])


def _area(block: Block) -> AreaKey:
    return block.device, block.table


def _least(spans: dict[Span, int]) -> dict[Span, int]:
    """The spans that cover no other of them: the smallest that is known to be refused says most."""
    least: dict[Span, int] = {}
    for low, high in sorted(spans, key=lambda span: span[1] - span[0]):
        if not any(low <= a and b <= high for a, b in least):
            least[low, high] = spans[low, high]
    return least
