"""Many expressions judged at once say what plain Python with three answers says of each."""

import ast
import math
import operator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.plant.expression import compile_expression
from plantsafe.plant.truths import FALSE, TRUE, UNKNOWN, Condition, Truths

ROW = {"TI-1": 0, "TI-2": 1, "XA-1": 2}
SIGNS = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
CODE = {False: FALSE, None: UNKNOWN, True: TRUE}

comparisons = st.tuples(
    st.sampled_from(['"TI-1"', '"TI-2"', 'abs("XA-1")', '"TI-1" / "TI-2"']),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.sampled_from(['"XA-1"', "1", "0", '-"TI-2"']),
).map(" ".join)
texts = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " and ".join(parts) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " or ".join(parts) + ")"),
        inner.map(lambda part: f"(not {part})"),
    ),
    max_leaves=6,
)
values = st.sampled_from([math.nan, -1.0, 0.0, 1.0, 2.0, math.inf])


@given(st.lists(texts, min_size=1, max_size=5), st.lists(st.tuples(values, values, values), min_size=1, max_size=4))
def test_every_condition_in_every_scan(asked: list[str], scans: list[tuple[float, float, float]]) -> None:
    said = Truths([condition_of(text) for text in asked]).of(np.array(scans))
    for shown, codes in zip(scans, said.tolist(), strict=True):
        expected = [CODE[holds(ast.parse(text, mode="eval").body, shown)] for text in asked]
        assert codes == expected


def test_a_negation_goes_through_and_or_and_chains() -> None:
    said = Truths([condition_of('not (0 < "TI-1" < 2 or "XA-1" == 1)')]).of(
        np.array([[1.0, 0.0, 0.0], [3.0, 0.0, 0.0], [3.0, 0.0, math.nan], [1.0, 0.0, math.nan]])
    )
    assert said[:, 0].tolist() == [FALSE, TRUE, UNKNOWN, FALSE]


def test_no_condition_is_no_answer() -> None:
    assert Truths(()).of(np.zeros((2, 3))).shape == (2, 0)


def condition_of(text: str) -> Condition:
    asks = compile_expression(text, ROW, "truth").asks
    assert isinstance(asks, Condition)
    return asks


def holds(node: ast.expr, value: tuple[float, ...]) -> bool | None:
    match node:
        case ast.BoolOp(op=op, values=parts):
            said, decides = [holds(part, value) for part in parts], isinstance(op, ast.Or)
            return decides if decides in said else None if None in said else not decides
        case ast.UnaryOp(operand=operand):
            inner = holds(operand, value)
            return None if inner is None else not inner
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            a, b = number(left, value), number(right, value)
            return bool(SIGNS[type(sign)](a, b)) if math.isfinite(a) and math.isfinite(b) else None
    raise AssertionError(node)


def number(node: ast.expr, value: tuple[float, ...]) -> float:
    match node:
        case ast.Constant(value=str(name)):
            return value[ROW[name]]
        case ast.Constant(value=constant):
            return float(str(constant))
        case ast.UnaryOp(operand=operand):
            return -number(operand, value)
        case ast.Call(args=[only]):
            return abs(number(only, value))
        case ast.BinOp(left=left, right=right):
            divisor = number(right, value)
            return number(left, value) / divisor if divisor else math.nan
    raise AssertionError(node)
