"""The language of expressions in the plant file: points, numbers, comparisons, and / or / not, arithmetic.

A point is its name in quotes, a number is a number: `"TI-101" > 60 and not "XA-101" >= 0.5`. Functions: `abs(x)`,
`min(x, y, ...)`, `max(x, y, ...)`. The text is parsed by `ast` and rebuilt from a list of allowed nodes into numpy
operations on whole arrays; none of it is ever executed as Python.

A value that is NaN (a Bad reading) or a division by zero makes what hangs on it unknown. Unknown follows Kleene: `x and
y` is false as soon as one is false, `x or y` true as soon as one is true.
"""

import ast
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8, Bool
from plantsafe.plant.described import nearest

LENGTH_MAX = 2_000  # characters, site default
Kind = Literal["truth", "number"]
_Number = Callable[[F8], F8]
_Truth = Callable[[F8], tuple[Bool, Bool]]  # where true, where false; neither: unknown

_ARITHMETIC: dict[type[ast.operator], Callable[[F8, F8], F8]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_COMPARED: dict[type[ast.cmpop], Callable[[F8, F8], NDArray[np.bool_]]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_FUNCTIONS: dict[str, tuple[Callable[..., F8], int, int]] = {
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
    """A compiled expression; `points` are the names in it, in the order of their first use."""

    text: str
    kind: Kind
    points: tuple[str, ...]
    _number: _Number | None
    _truth: _Truth | None

    def number(self, value: F8) -> F8:
        """Result for values (..., n_points) as (...); NaN is unknown."""
        if self._number is None:
            raise TypeError(f"{self.text!r} is a truth, not a number")
        with np.errstate(all="ignore"):
            result = np.broadcast_to(self._number(value), value.shape[:-1])
        return np.where(np.isfinite(result), result, np.nan)

    def truth(self, value: F8) -> tuple[Bool, Bool]:
        """Where it holds and where it is unknown, for values (..., n_points) as (...) each."""
        if self._truth is None:
            raise TypeError(f"{self.text!r} is a number, not a truth")
        with np.errstate(all="ignore"):
            true, false = self._truth(value)
        shape = value.shape[:-1]
        return _shaped(true, shape), _shaped(~(true | false), shape)


def _shaped(answer: Bool, shape: tuple[int, ...]) -> Bool:
    return answer if np.shape(answer) == shape else np.broadcast_to(answer, shape).copy()


def compile_expression(text: str, row: Mapping[str, int], kind: Kind) -> Expression:
    """The expression over points at the given rows; raises ExpressionMistakeError."""
    builder = _Builder(row)
    tree = _parsed(text)
    number: _Number | None = None
    truth: _Truth | None = None
    try:
        if kind == "truth":
            truth = builder.truth(tree)
        else:
            number = builder.number(tree)
    except RecursionError:
        raise ExpressionMistakeError("is nested too deeply", "split it") from None
    if not builder.used:
        raise ExpressionMistakeError("names no point: it never changes", 'compare a point, as in "TI-101" > 60')
    return Expression(text=text, kind=kind, points=tuple(builder.used), _number=number, _truth=truth)


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
    """Functions over arrays from allowed nodes."""

    def __init__(self, row: Mapping[str, int]) -> None:
        self._row = row
        self.used: dict[str, None] = {}

    def truth(self, node: ast.expr) -> _Truth:
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = [self.truth(value) for value in values]
                return _every(parts) if isinstance(op, ast.And) else _any(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.truth(operand)
                return lambda value: inner(value)[::-1]
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [self.number(side) for side in (left, *comparators)]
                pairs = []
                for i, sign in enumerate(ops):
                    if (compared := _COMPARED.get(type(sign))) is None:
                        raise _mistake(
                            node, f"{type(sign).__name__} is no comparison of numbers", "use < <= > >= == !="
                        )
                    pairs.append(_comparison(sides[i], compared, sides[i + 1]))
                return _every(pairs)
            case _:
                self.number(node)
                raise _mistake(node, "a number stands where a condition must", 'compare it, as in "TI-101" > 60')

    def number(self, node: ast.expr) -> _Number:
        match node:
            case ast.Constant(value=str(name)):
                return self._point(node, name)
            case ast.Constant(value=bool() | None):
                raise _mistake(node, f"{ast.unparse(node)} is no number", "write 1 or 0")
            case ast.Constant(value=int() | float() as constant):
                return self._constant(node, constant)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.number(operand)
                return lambda value: np.negative(inner(value))
            case ast.BinOp(left=left, op=op, right=right):
                if (done := _ARITHMETIC.get(type(op))) is None:
                    raise _mistake(node, f"{type(op).__name__} is not allowed", "use + - * /")
                a, b = self.number(left), self.number(right)
                return lambda value: done(a(value), b(value))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
                function, least, most = _FUNCTIONS[name]
                if not least <= len(args) <= most:
                    raise _mistake(node, f"{name} of {len(args)} values", f"{name} takes {least} to {most}")
                return _called(function, [self.number(arg) for arg in args])
            case ast.Name(id=name):
                raise _mistake(node, f"{name} is not in quotes", f'write "{name}"')
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                raise _mistake(node, "a condition stands where a number must", "do not calculate with conditions")
            case _:
                mend = "use points in quotes, numbers, + - * /, comparisons, and, or, not, abs, min, max"
                raise _mistake(node, f"{type(node).__name__} is not part of the language", mend)

    def _point(self, node: ast.expr, name: str) -> _Number:
        if name not in self._row:
            raise _mistake(node, f"there is no point {name!r}", nearest(name, self._row))
        at = self._row[name]
        self.used[name] = None
        return lambda value: value[..., at]

    def _constant(self, node: ast.expr, constant: float) -> _Number:
        try:
            number = np.float64(constant)
        except OverflowError:
            number = np.float64(np.inf)
        if not np.isfinite(number):
            raise _mistake(node, "the number is too large", "write a finite number")
        of_all = np.asarray(number)
        return lambda _: of_all


def _mistake(node: ast.expr, wrong: str, mend: str) -> ExpressionMistakeError:
    return ExpressionMistakeError(wrong, mend, node.col_offset + 1)


def _comparison(left: _Number, compared: Callable[[F8, F8], NDArray[np.bool_]], right: _Number) -> _Truth:
    def holds(value: F8) -> tuple[Bool, Bool]:
        a, b = left(value), right(value)
        known = np.isfinite(a) & np.isfinite(b)
        result = compared(a, b)
        return known & result, known & ~result

    return holds


def _every(parts: Iterable[_Truth]) -> _Truth:
    parts = tuple(parts)

    def holds(value: F8) -> tuple[Bool, Bool]:
        true, false = parts[0](value)
        for part in parts[1:]:
            its_true, its_false = part(value)
            true, false = true & its_true, false | its_false
        return true, false

    return holds


def _any(parts: Iterable[_Truth]) -> _Truth:
    parts = tuple(parts)

    def holds(value: F8) -> tuple[Bool, Bool]:
        true, false = parts[0](value)
        for part in parts[1:]:
            its_true, its_false = part(value)
            true, false = true | its_true, false & its_false
        return true, false

    return holds


def _called(function: Callable[..., F8], arguments: list[_Number]) -> _Number:
    def result(value: F8) -> F8:
        first, *rest = [argument(value) for argument in arguments]
        if not rest:
            return function(first)
        for other in rest:
            first = function(first, other)
        return first

    return result
