"""What is drawn of a curve: few samples, but every extreme, every end of a piece, and no line over a hole."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsafe.frame import F8, I8
from plantsafe.history.picture import drawn


@st.composite
def curves(draw: st.DrawFn) -> tuple[I8, F8]:
    """Scans with lost ones between them, and values with holes, longer than a picture is wide."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(1, 2000))
    number = 1 + np.cumsum(np.where(chance.random(n) < 0.01, chance.integers(2, 40, n), 1))
    value = np.round(chance.normal(0.0, 1.0, n), 1)
    for _ in range(draw(st.integers(0, 5))):
        begin = int(chance.integers(0, n))
        value[begin : begin + int(chance.integers(1, 60))] = np.nan
    return number, value


@given(curves(), st.sampled_from([5, 60, 600]))
@settings(max_examples=80, deadline=None)
def test_extremes_stay_and_holes_break_the_line(curve: tuple[I8, F8], columns: int) -> None:
    number, value = curve
    rows, begins = drawn(number, value, columns)
    if np.isnan(value).all():
        assert len(rows) == len(begins) == 0
        return
    kept = value[rows]
    assert (np.diff(rows) > 0).all()
    assert not np.isnan(kept).any()
    assert (kept.min(), kept.max()) == (np.nanmin(value), np.nanmax(value))
    assert set(begins) <= set(rows)
    assert len(rows) <= 4 * columns + 2 * len(begins)
    pixel = -(-int(number[-1] - number[0] + 1) // columns)
    for before, after in pairwise(rows):
        hole = np.isnan(value[before + 1 : after])
        longest = max((len(run) for run in "".join("x" if one else " " for one in hole).split()), default=0)
        lost = bool((np.diff(number[before : after + 1]) > 3).any())
        assert bool((begins == after).any()) == (longest >= pixel or lost)


def test_two_opposite_peaks_close_to_each_other_both_stay() -> None:
    value = np.round(np.random.default_rng(1).normal(100.0, 0.1, 86_400), 1)
    peaks = np.arange(500, 86_000, 2_000)
    value[peaks], value[peaks + 3] = 120.0, 70.0
    rows, begins = drawn(np.arange(1, 86_401), value, 600)
    assert set(peaks) | set(peaks + 3) <= set(rows)
    assert begins.tolist() == [0]
    assert len(rows) <= 2400


@pytest.mark.parametrize("n", [1, 2, 1200])
def test_a_curve_that_fits_is_drawn_whole(n: int) -> None:
    rows, _ = drawn(np.arange(1, n + 1), np.arange(n, dtype=float), 600)
    assert rows.tolist() == list(range(n))
