"""The language of expressions: what it says of arrays, what is unknown, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.plant.expression import ExpressionMistakeError, compile_expression, points_of

ROW = {"TI-101": 0, "XA-101": 1, "FI.SP": 2}
NAN = float("nan")


def _truth(text: str, *values: float) -> str:
    holds, unknown = compile_expression(text, ROW, "truth").truth(np.array(values))
    return "unknown" if unknown else str(bool(holds)).lower()


@pytest.mark.parametrize(
    ("text", "values", "answer"),
    [
        ('"TI-101" > 60', (61.0, 0.0, 0.0), "true"),
        ('"TI-101" > 60', (60.0, 0.0, 0.0), "false"),
        ('"TI-101" > 60', (NAN, 0.0, 0.0), "unknown"),
        ('not "TI-101" > 60', (NAN, 0.0, 0.0), "unknown"),
        ('"TI-101" > 60 and "XA-101" > 0.5', (NAN, 0.0, 0.0), "false"),
        ('"TI-101" > 60 and "XA-101" > 0.5', (NAN, 1.0, 0.0), "unknown"),
        ('"TI-101" > 60 or "XA-101" > 0.5', (NAN, 1.0, 0.0), "true"),
        ('"TI-101" > 60 or "XA-101" > 0.5', (NAN, 0.0, 0.0), "unknown"),
        ('10 < "TI-101" < 20', (15.0, 0.0, 0.0), "true"),
        ('10 < "TI-101" < 20', (25.0, 0.0, 0.0), "false"),
        ('abs("TI-101" - "FI.SP") > 5', (10.0, 0.0, 20.0), "true"),
        ('max("TI-101", "FI.SP", 3) == 20', (10.0, 0.0, 20.0), "true"),
        ('min("TI-101", -"FI.SP") == -20', (10.0, 0.0, 20.0), "true"),
        ('"TI-101" / "FI.SP" > 1', (10.0, 0.0, 0.0), "unknown"),
        ('("TI-101" + 2) * 3 - 1 >= 35', (10.0, 0.0, 0.0), "true"),
    ],
)
def test_what_an_expression_says(text: str, values: tuple[float, ...], answer: str) -> None:
    assert _truth(text, *values) == answer


def test_whole_arrays_are_judged_at_once() -> None:
    expression = compile_expression('"TI-101" > 60 and not "XA-101" >= 0.5', ROW, "truth")
    value = np.array([[61.0, 0.0, 0.0], [61.0, 1.0, 0.0], [NAN, 0.0, 0.0]])
    holds, unknown = expression.truth(value)
    assert holds.tolist() == [True, False, False]
    assert unknown.tolist() == [False, False, True]
    assert expression.points == ("TI-101", "XA-101")


def test_a_number_keeps_unknown_as_nan() -> None:
    number = compile_expression('"TI-101" / "FI.SP"', ROW, "number")
    assert np.isnan(number.number(np.array([[1.0, 0.0, 0.0], [NAN, 0.0, 1.0]]))).all()
    assert number.number(np.array([6.0, 0.0, 3.0])) == 2.0


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("TI > 3", "not in quotes"),
        ('"TI-10" > 1', "no point 'TI-10'"),
        ('"TI-101" + 1', "a number stands where a condition must"),
        ('("TI-101" > 1) + 1 > 0', "a condition stands where a number must"),
        ('"TI-101" > ', "is no expression"),
        ('"TI-101" ** 2 > 1', "Pow is not allowed"),
        ("1 < 2", "names no point"),
        ('"TI-101" is 1', "no comparison of numbers"),
        ('"TI-101" > 1e999', "too large"),
        ("True", "no number"),
        ('abs("TI-101", 1) > 1', "abs of 2 values"),
        ('min("TI-101") > 1', "min of 1 values"),
        ('"TI-101"[0] > 1', "Subscript is not part"),
        ('"TI-101".real > 1', "Attribute is not part"),
        ('eval("TI-101") > 1', "Call is not part"),
        ('(lambda: "TI-101")() > 1', "Call is not part"),
        ('[x for x in "TI-101"] > 1', "ListComp is not part"),
        ('(y := "TI-101") > 1', "NamedExpr is not part"),
        ('f"{1}" > 1', "JoinedStr is not part"),
        ("\x00", "no expression"),
        ('"\\d" > 1', "no point"),
        ("(" * 300 + '"TI-101"' + ")" * 300 + " > 1", "no expression"),
        ("9" * 3000, "3000 characters"),
        ("", "no expression"),
    ],
)
def test_what_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ExpressionMistakeError) as caught:
        compile_expression(text, ROW, "truth")
    assert wrong in caught.value.wrong
    assert caught.value.mend


@given(st.text(alphabet='"TI-101XAandornot ()<>=+*/.0123456789,absminx\\\n[]{}:', max_size=60))
def test_no_text_gives_a_traceback(text: str) -> None:
    try:
        expression = compile_expression(text, ROW, "truth")
    except ExpressionMistakeError:
        return
    holds, unknown = expression.truth(np.array([[1.0, NAN, 0.0], [0.0, 0.0, 0.0]]))
    assert holds.shape == unknown.shape == (2,)
    assert not (holds & unknown).any()


def test_the_points_of_a_text_are_named_in_their_order() -> None:
    assert points_of('"B" > 1 and "A" < "B"') == ("B", "A")
