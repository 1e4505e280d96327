"""The language of expressions in the plant file: points, numbers, comparisons, and / or / not, arithmetic.

A point is its name in quotes, a number is a number: `"TI-101" > 60 and not "XA-101" >= 0.5`. Functions: `abs(x)`,
`min(x, y, ...)`, `max(x, y, ...)`. The text is parsed by `ast` and rebuilt from a list of allowed nodes into numpy
operations on whole arrays; none of it is ever executed as Python.

A value that is NaN (a Bad reading) or a division by zero makes what hangs on it unknown. Unknown follows Kleene: `x and
y` is false as soon as one is false, `x or y` true as soon as one is true.
"""

import ast
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np

from plantsafe.frame import F8, Bool
from plantsafe.plant.described import nearest
from plantsafe.plant.truths import (
    TRUE,
    UNKNOWN,
    Calculated,
    Comparison,
    Condition,
    Joined,
    Number,
    Numbers,
    PointValue,
    Truths,
    opposite,
)

LENGTH_MAX = 2_000  # characters, site default
Kind = Literal["truth", "number"]

_ARITHMETIC: dict[type[ast.operator], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_COMPARED: dict[type[ast.cmpop], tuple[bool, bool, bool]] = {  # equal or less, sides changed, opposite
    ast.Lt: (False, False, False),
    ast.LtE: (False, True, True),
    ast.Gt: (False, True, False),
    ast.GtE: (False, False, True),
    ast.Eq: (True, False, False),
    ast.NotEq: (True, False, True),
}
_FUNCTIONS: dict[str, tuple[np.ufunc, int, int]] = {
    "abs": (np.abs, 1, 1),
    "min": (np.minimum, 2, 20),
    "max": (np.maximum, 2, 20),
}


class ExpressionMistakeError(ValueError):
    """An expression cannot be used; `column` counts from 1 in its own text."""

    def __init__(self, wrong: str, mend: str, column: int = 1) -> None:
        super().__init__(wrong)
        self.wrong, self.mend, self.column = wrong, mend, column


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A compiled expression; `points` are the names in it, in the order of their first use.

    asks: its condition or number, to be judged together with others (see `truths`).
    """

    text: str
    kind: Kind
    points: tuple[str, ...]
    asks: Condition | Number
    _truths: Truths
    _numbers: Numbers

    def number(self, value: F8) -> F8:
        """Result for values (..., n_points) as (...); NaN is unknown."""
        if self.kind != "number":
            raise TypeError(f"{self.text!r} is a truth, not a number")
        result = self._numbers.of(value)[..., -1]  # calculated last
        return np.where(np.isfinite(result), result, np.nan)

    def truth(self, value: F8) -> tuple[Bool, Bool]:
        """Where it holds and where it is unknown, for values (..., n_points) as (...) each."""
        if self.kind != "truth":
            raise TypeError(f"{self.text!r} is a number, not a truth")
        code = self._truths.of(value)[..., 0]
        return code == TRUE, code == UNKNOWN


def compile_expression(text: str, row: Mapping[str, int], kind: Kind) -> Expression:
    """The expression over points at the given rows; raises ExpressionMistakeError."""
    builder = _Builder(row)
    tree = _parsed(text)
    try:
        asks = builder.truth(tree) if kind == "truth" else builder.number(tree)
        truths = Truths([asks] if isinstance(asks, Condition) else [])
        numbers = Numbers([] if isinstance(asks, Condition) else [asks])
    except RecursionError:
        raise ExpressionMistakeError("is nested too deeply", "split it") from None
    if not builder.used:
        raise ExpressionMistakeError("names no point: it never changes", 'compare a point, as in "TI-101" > 60')
    return Expression(text=text, kind=kind, points=tuple(builder.used), asks=asks, _truths=truths, _numbers=numbers)


def points_of(text: str) -> tuple[str, ...]:
    """The names in an expression, whether or not there are such points; raises ExpressionMistakeError."""
    names = [node.value for node in ast.walk(_parsed(text)) if isinstance(node, ast.Constant)]
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))


def _parsed(text: str) -> ast.expr:
    if len(text) > LENGTH_MAX:
        raise ExpressionMistakeError(f"has {len(text)} characters", f"write at most {LENGTH_MAX}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        mend = 'write for example "TI-101" > 60 and "XA-101" >= 0.5; names of points stand in quotes'
        raise ExpressionMistakeError(f"is no expression: {error.msg}", mend, error.offset or 1) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise ExpressionMistakeError(f"is no expression: {error}", "write a shorter one") from None


class _Builder:
    """Conditions and numbers from allowed nodes."""

    def __init__(self, row: Mapping[str, int]) -> None:
        self._row = row
        self.used: dict[str, None] = {}

    def truth(self, node: ast.expr) -> Condition:
        match node:
            case ast.BoolOp(op=op, values=values):
                return Joined(isinstance(op, ast.And), tuple(self.truth(value) for value in values))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return opposite(self.truth(operand))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [self.number(side) for side in (left, *comparators)]
                parts = []
                for i, sign in enumerate(ops):
                    if (compared := _COMPARED.get(type(sign))) is None:
                        raise _mistake(
                            node, f"{type(sign).__name__} is no comparison of numbers", "use < <= > >= == !="
                        )
                    equal, changed, other = compared
                    first, second = (sides[i + 1], sides[i]) if changed else (sides[i], sides[i + 1])
                    parts.append(Comparison(equal, first, second, other))
                return parts[0] if len(parts) == 1 else Joined(True, tuple(parts))
            case _:
                self.number(node)
                raise _mistake(node, "a number stands where a condition must", 'compare it, as in "TI-101" > 60')

    def number(self, node: ast.expr) -> Number:
        match node:
            case ast.Constant(value=str(name)):
                return self._point(node, name)
            case ast.Constant(value=bool() | None):
                raise _mistake(node, f"{ast.unparse(node)} is no number", "write 1 or 0")
            case ast.Constant(value=int() | float() as constant):
                return _constant(node, constant)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Calculated(np.negative, (self.number(operand),))
            case ast.BinOp(left=left, op=op, right=right):
                if (done := _ARITHMETIC.get(type(op))) is None:
                    raise _mistake(node, f"{type(op).__name__} is not allowed", "use + - * /")
                return Calculated(done, (self.number(left), self.number(right)))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
                function, least, most = _FUNCTIONS[name]
                if not least <= len(args) <= most:
                    raise _mistake(node, f"{name} of {len(args)} values", f"{name} takes {least} to {most}")
                first, *others = [self.number(arg) for arg in args]
                if not others:
                    return Calculated(function, (first,))
                return reduce(lambda so_far, other: Calculated(function, (so_far, other)), others, first)
            case ast.Name(id=name):
                raise _mistake(node, f"{name} is not in quotes", f'write "{name}"')
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                raise _mistake(node, "a condition stands where a number must", "do not calculate with conditions")
            case _:
                mend = "use points in quotes, numbers, + - * /, comparisons, and, or, not, abs, min, max"
                raise _mistake(node, f"{type(node).__name__} is not part of the language", mend)

    def _point(self, node: ast.expr, name: str) -> PointValue:
        if name not in self._row:
            raise _mistake(node, f"there is no point {name!r}", nearest(name, self._row))
        self.used[name] = None
        return PointValue(self._row[name])


def _constant(node: ast.expr, constant: float) -> float:
    try:
        number = float(constant)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _mistake(node, "the number is too large", "write a finite number")
    return number


def _mistake(node: ast.expr, wrong: str, mend: str) -> ExpressionMistakeError:
    return ExpressionMistakeError(wrong, mend, node.col_offset + 1)
