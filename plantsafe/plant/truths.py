"""Many expressions judged at once: calculations, then comparisons, then `and` and `or`, each level by level.

A comparison is unknown where one of its sides is not finite. Unknown follows Kleene: of the codes FALSE < UNKNOWN <
TRUE an `and` is the least and an `or` the greatest; a `not` stands in the comparisons themselves. A plant with a
thousand expressions costs the same few numpy calls as one with ten.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8

FALSE, UNKNOWN, TRUE = (np.uint8(code) for code in range(3))
Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PointValue:
    """The value of a point, by its row."""

    row: int


@dataclass(frozen=True, slots=True)
class Calculated:
    """A numpy function of one or two numbers."""

    by: np.ufunc
    parts: tuple["Number", ...]


Number = PointValue | float | Calculated


@dataclass(frozen=True, slots=True)
class Comparison:
    """left < right, or left == right if `equal`; or not so, if `opposite`."""

    equal: bool
    left: Number
    right: Number
    opposite: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Every part must hold, or any."""

    every: bool
    parts: tuple["Condition", ...]


Condition = Comparison | Joined


def opposite(condition: Condition) -> Condition:
    """True where `condition` is false, false where it is true."""
    if isinstance(condition, Joined):
        return Joined(not condition.every, tuple(opposite(part) for part in condition.parts))
    return Comparison(condition.equal, condition.left, condition.right, not condition.opposite)


class Numbers:
    """Different numbers of an expression, a column each; `column` says which."""

    def __init__(self, numbers: Iterable[Number]) -> None:
        levels: dict[tuple[int, str, np.ufunc], dict[Number, None]] = {}
        for number in numbers:
            _collect_number(number, levels)
        columns = [number for _, level in sorted(levels.items(), key=lambda one: one[0][:2]) for number in level]
        self.column = {number: i for i, number in enumerate(columns)}
        points = [number for number in columns if isinstance(number, PointValue)]
        constants = [number for number in columns if isinstance(number, float)]
        self._rows = np.array([point.row for point in points], dtype=np.intp)
        self._fixed = slice(len(points), len(points) + len(constants))
        self._constants = np.array(constants, dtype=np.float64)
        self._calculations = []
        for (_, _, by), level in sorted(levels.items(), key=lambda one: one[0][:2]):
            found = [number for number in level if isinstance(number, Calculated)]
            if found:
                fills = slice(self.column[found[0]], self.column[found[-1]] + 1)
                parts = np.array([[self.column[part] for part in number.parts] for number in found], dtype=np.intp).T
                self._calculations.append((by, parts, fills))

    def of(self, value: F8) -> F8:
        """(..., n_columns) for values (..., n_points); what is no number is NaN or infinite."""
        columns = np.empty((*value.shape[:-1], len(self.column)))
        columns[..., : len(self._rows)] = value.take(self._rows, axis=-1)
        columns[..., self._fixed] = self._constants
        with np.errstate(all="ignore"):
            for by, parts, fills in self._calculations:
                by(*(columns.take(part, axis=-1) for part in parts), out=columns[..., fills])
        return columns


class Truths:
    """n conditions over the same points."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        found: dict[Comparison, None] = {}
        levels: dict[tuple[int, bool], dict[Joined, None]] = {}
        for condition in conditions:
            _collect(condition, found, levels)
        comparisons = sorted(found, key=lambda comparison: comparison.equal)
        self._numbers = Numbers(side for one in comparisons for side in (one.left, one.right))
        column = self._numbers.column
        self._left = np.array([column[one.left] for one in comparisons], dtype=np.intp)
        self._right = np.array([column[one.right] for one in comparisons], dtype=np.intp)
        self._less = sum(not one.equal for one in comparisons)
        self._opposite = np.array([one.opposite for one in comparisons], dtype=np.bool_)
        place: dict[Condition, int] = {one: i for i, one in enumerate(comparisons)}
        self._joins = []
        for (_, every), joined in sorted(levels.items(), key=lambda level: level[0]):
            starts = np.cumsum([0, *(len(one.parts) for one in joined)])[:-1]
            parts = np.array([place[part] for one in joined for part in one.parts], dtype=np.intp)
            fills = slice(len(place), len(place) + len(joined))
            self._joins.append((np.minimum if every else np.maximum, parts, starts, fills))
            place |= {one: fills.start + i for i, one in enumerate(joined)}
        self._n_places = len(place)
        self._asked = np.array([place[condition] for condition in conditions], dtype=np.intp)

    def of(self, value: F8) -> Codes:
        """FALSE, UNKNOWN or TRUE of each condition, for values (..., n_points) as (..., n)."""
        numbers = self._numbers.of(value)
        left, right = numbers.take(self._left, axis=-1), numbers.take(self._right, axis=-1)
        known = np.isfinite(left) & np.isfinite(right)
        holds, less = left < right, self._less
        np.equal(left[..., less:], right[..., less:], out=holds[..., less:])
        holds ^= self._opposite
        codes = np.empty((*value.shape[:-1], self._n_places), dtype=np.uint8)
        codes[..., : len(self._left)] = np.where(known, holds * TRUE, UNKNOWN)
        for join, parts, starts, fills in self._joins:
            join.reduceat(codes.take(parts, axis=-1), starts, axis=-1, out=codes[..., fills])
        asked: Codes = codes.take(self._asked, axis=-1)
        return asked


def _collect_number(number: Number, levels: dict[tuple[int, str, np.ufunc], dict[Number, None]]) -> int:
    """Put every different number into its level: points, constants, then what is calculated from those below."""
    if isinstance(number, Calculated):
        level = 1 + max(_collect_number(part, levels) for part in number.parts)
        levels.setdefault((level, number.by.__name__, number.by), {})[number] = None
        return level
    level = -2 if isinstance(number, PointValue) else -1
    levels.setdefault((level, "", np.positive), {})[number] = None
    return 0


def _collect(
    condition: Condition, comparisons: dict[Comparison, None], levels: dict[tuple[int, bool], dict[Joined, None]]
) -> int:
    """Put every different condition into its level; the level of `condition`, 0 for a comparison."""
    if isinstance(condition, Comparison):
        comparisons[condition] = None
        return 0
    level = 1 + max(_collect(part, comparisons, levels) for part in condition.parts)
    levels.setdefault((level, condition.every), {})[condition] = None
    return level
