"""Many conditions of the expression language judged at once: all comparisons, then `and` and `or` level by level.

A comparison is unknown where one of its sides is not finite. Unknown follows Kleene: of the codes FALSE < UNKNOWN <
TRUE an `and` is the least and an `or` the greatest; a `not` stands in the comparisons themselves. A plant with a
thousand expressions costs the same few numpy calls as one with ten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8

FALSE, UNKNOWN, TRUE = (np.uint8(code) for code in range(3))
Codes = NDArray[np.uint8]
Number = Callable[[F8], F8]


@dataclass(frozen=True, slots=True)
class PointSide:
    """The value of a point, by its row."""

    row: int


@dataclass(frozen=True, slots=True)
class ConstantSide:
    """A number as it is written."""

    number: float


@dataclass(frozen=True, slots=True)
class ComputedSide:
    """A calculation over values (..., n_points), to (...)."""

    of: Number


Side = PointSide | ConstantSide | ComputedSide


@dataclass(frozen=True, slots=True)
class Comparison:
    """Holds where left is less than right if `less`, equal if `equal`, more if `more`."""

    left: Side
    right: Side
    less: bool
    equal: bool
    more: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Every part must hold, or any."""

    every: bool
    parts: tuple["Node", ...]


Node = Comparison | Joined


def opposite(node: Node) -> Node:
    """True where `node` is false, false where it is true."""
    if isinstance(node, Joined):
        return Joined(not node.every, tuple(opposite(part) for part in node.parts))
    return Comparison(node.left, node.right, not node.less, not node.equal, not node.more)


class Truths:
    """n conditions over the same points."""

    def __init__(self, conditions: Sequence[Node]) -> None:
        leaves: dict[Comparison, None] = {}
        levels: dict[tuple[int, bool], dict[Joined, None]] = {}
        for condition in conditions:
            _collect(condition, leaves, levels)
        sides = tuple(dict.fromkeys(side for leaf in leaves for side in (leaf.left, leaf.right)))
        points = [side for side in sides if isinstance(side, PointSide)]
        constants = [side for side in sides if isinstance(side, ConstantSide)]
        computed = [side for side in sides if isinstance(side, ComputedSide)]
        self._rows = np.array([side.row for side in points], dtype=np.intp)
        self._fixed = slice(len(points), len(points) + len(constants))
        self._constants = np.array([side.number for side in constants], dtype=np.float64)
        self._computed = [(self._fixed.stop + i, side.of) for i, side in enumerate(computed)]
        ordered: list[Side] = [*points, *constants, *computed]
        column = {side: i for i, side in enumerate(ordered)}
        self._n_sides = len(column)
        self._left = np.array([column[leaf.left] for leaf in leaves], dtype=np.intp)
        self._right = np.array([column[leaf.right] for leaf in leaves], dtype=np.intp)
        self._less, self._equal, self._more = np.array(
            [(leaf.less, leaf.equal, leaf.more) for leaf in leaves], dtype=np.bool_
        ).reshape(-1, 3).T  # fmt: skip
        place: dict[Node, int] = {leaf: i for i, leaf in enumerate(leaves)}
        self._n_leaves = len(place)
        self._joins = []
        for (_, every), joined in sorted(levels.items(), key=lambda level: level[0]):
            starts = np.cumsum([0, *(len(one.parts) for one in joined)])[:-1]
            parts = np.array([place[part] for one in joined for part in one.parts], dtype=np.intp)
            fills = slice(len(place), len(place) + len(joined))
            self._joins.append((np.minimum if every else np.maximum, parts, starts, fills))
            place |= {one: fills.start + i for i, one in enumerate(joined)}
        self._n_nodes = len(place)
        self._asked = np.array([place[condition] for condition in conditions], dtype=np.intp)

    def of(self, value: F8) -> Codes:
        """FALSE, UNKNOWN or TRUE of each condition, for values (..., n_points) as (..., n)."""
        shape = value.shape[:-1]
        sides = np.empty((*shape, self._n_sides))
        sides[..., : len(self._rows)] = value[..., self._rows]
        sides[..., self._fixed] = self._constants
        with np.errstate(all="ignore"):
            for column, computed in self._computed:
                sides[..., column] = computed(value)
        left, right = sides[..., self._left], sides[..., self._right]
        known = np.isfinite(left) & np.isfinite(right)
        holds = ((left < right) & self._less) | ((left == right) & self._equal) | ((left > right) & self._more)
        codes = np.empty((*shape, self._n_nodes), dtype=np.uint8)
        codes[..., : self._n_leaves] = np.where(known, holds * TRUE, UNKNOWN)
        for join, parts, starts, fills in self._joins:
            codes[..., fills] = join.reduceat(codes[..., parts], starts, axis=-1)
        asked: Codes = codes[..., self._asked]
        return asked


def _collect(node: Node, leaves: dict[Comparison, None], levels: dict[tuple[int, bool], dict[Joined, None]]) -> int:
    """Put every different node into its level; the level of `node`, 0 for a comparison."""
    if isinstance(node, Comparison):
        leaves[node] = None
        return 0
    level = 1 + max(_collect(part, leaves, levels) for part in node.parts)
    levels.setdefault((level, node.every), {})[node] = None
    return level
