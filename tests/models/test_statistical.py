"""Monitors: published run lengths and quantiles, constant columns, and NaN that never reads as normal."""

import math
from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.statistical.cusum import CusumSettings, start_cusum, step_cusum
from models.statistical.ewma import EwmaSettings, start_ewma, step_ewma
from models.statistical.reference import Reference, learn_reference

Array = NDArray[np.float64]


def unit_reference(points: int) -> Reference:
    return Reference(mean=np.zeros(points), sigma=np.ones(points), known=np.ones(points, dtype=bool))


def test_reference_of_a_constant_column_is_its_floor() -> None:
    rows = np.column_stack((np.full(50, 7.0), np.linspace(0.0, 1.0, 50)))
    learnt = learn_reference(rows, np.array([0.02, 0.001]))
    assert learnt.mean[0] == 7.0
    assert learnt.sigma[0] == 0.02
    assert learnt.sigma[1] == pytest.approx(rows[:, 1].std(ddof=1))
    assert learnt.known.all()


def test_reference_leaves_gaps_out_and_does_not_know_an_empty_column() -> None:
    rows = np.random.default_rng(1).normal(5.0, 2.0, (400, 2))
    rows[::3, 0] = math.nan
    rows[:, 1] = math.nan
    learnt = learn_reference(rows, np.full(2, 0.1))
    assert learnt.mean[0] == pytest.approx(np.nanmean(rows[:, 0]))
    assert learnt.known.tolist() == [True, False]
    _, judged = step_ewma(start_ewma(learnt), EwmaSettings(), learnt, np.array([5.0, 5.0]))
    assert judged.unknown.tolist() == [False, True]


def test_reference_refuses_a_floor_of_zero() -> None:
    with pytest.raises(ValueError, match="floor"):
        learn_reference(np.zeros((50, 1)), np.zeros(1))


def test_ewma_is_the_textbook_recursion() -> None:
    reference, settings = unit_reference(1), EwmaSettings(weight=0.2)
    state = start_ewma(reference)
    expected = 0.0
    for i, x in enumerate((1.0, 0.5, -2.0, 3.0)):
        state, _ = step_ewma(state, settings, reference, np.array([x]))
        expected = 0.2 * x + 0.8 * expected
        assert state.mean[0] == pytest.approx(expected)
        assert state.fade[0] == pytest.approx(0.8 ** (2 * (i + 1)))


def test_ewma_limit_of_the_first_sample_is_that_of_one_sample() -> None:
    reference, settings = unit_reference(2), EwmaSettings(weight=0.1, width=3.0)
    _, judged = step_ewma(start_ewma(reference), settings, reference, np.array([2.99, 3.01]))
    assert judged.high.tolist() == [False, True]


def first_alarm_lengths(shift: float, runs: int, rng: np.random.Generator, kind: str, limit: int = 6000) -> Array:
    """Samples to the first alarm of `runs` independent points, side by side."""
    reference = unit_reference(runs)
    ewma = replace(start_ewma(reference), fade=np.zeros(runs))  # the tables are for limits that have settled
    cusum = start_cusum(reference)
    found = np.full(runs, float(limit))
    for i in range(1, limit + 1):
        x = rng.normal(shift, 1.0, runs)
        if kind == "ewma":
            ewma, e = step_ewma(ewma, EwmaSettings(weight=0.1, width=2.814), reference, x)
            hit = e.high | e.low
        else:
            cusum, c = step_cusum(cusum, CusumSettings(), reference, x)
            hit = c.high | c.low
        found[hit & (found == limit)] = i
        if (found < limit).all():
            break
    return found


def test_run_lengths_of_cusum_are_the_published_ones() -> None:
    rng = np.random.default_rng(2)  # Montgomery, table 9.3: 465 with no shift, 10.4 with one sigma, 4.01 with two
    assert first_alarm_lengths(0.0, 3000, rng, "cusum").mean() == pytest.approx(465.0, rel=0.07)
    assert first_alarm_lengths(1.0, 3000, rng, "cusum").mean() == pytest.approx(10.4, rel=0.04)
    assert first_alarm_lengths(2.0, 3000, rng, "cusum").mean() == pytest.approx(4.01, rel=0.04)


def test_run_lengths_of_ewma_are_the_published_ones() -> None:
    rng = np.random.default_rng(3)  # Lucas & Saccucci 1990: 500 with no shift, 10.3 with one sigma
    assert first_alarm_lengths(0.0, 3000, rng, "ewma").mean() == pytest.approx(500.0, rel=0.07)
    assert first_alarm_lengths(1.0, 3000, rng, "ewma").mean() == pytest.approx(10.3, rel=0.04)


def test_variance_of_ewma_is_unbiased_and_sees_noise_and_silence() -> None:
    rng, reference = np.random.default_rng(4), unit_reference(3)
    state, settings = start_ewma(reference), EwmaSettings(weight=0.05)
    mean_variance = 0.0
    for _ in range(3000):
        state, judged = step_ewma(state, settings, reference, rng.normal(0.0, [1.0, 3.0, 0.0]))
        mean_variance += state.variance[0] / 3000
    assert mean_variance == pytest.approx(1.0, abs=0.05)
    assert judged.restless.tolist() == [False, True, False]
    assert judged.frozen.tolist() == [False, False, True]


def test_cusum_dates_the_shift_and_clears_soon_after_it_ends() -> None:
    reference, settings = unit_reference(1), CusumSettings()
    state = start_cusum(reference)
    for _ in range(100):
        state, judged = step_cusum(state, settings, reference, np.array([2.0]))
    assert judged.high[0]
    assert state.high[0] == settings.ceiling
    assert state.high_run[0] == 100
    for _ in range(11):
        state, judged = step_cusum(state, settings, reference, np.array([0.0]))
    assert not judged.high[0]


@given(
    st.lists(
        st.lists(st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, -30.0, 1e9]), min_size=3, max_size=3),
        min_size=1,
        max_size=30,
    )
)
def test_missing_values_hold_the_state_and_are_never_normal(scans: list[list[float]]) -> None:
    reference = unit_reference(3)
    ewma, cusum = start_ewma(reference), start_cusum(reference)
    for scan in scans:
        x = np.array(scan)
        missing = ~np.isfinite(x)
        new_ewma, e = step_ewma(ewma, EwmaSettings(), reference, x)
        new_cusum, c = step_cusum(cusum, CusumSettings(), reference, x)
        assert (e.unknown == missing).all()
        assert (c.unknown == missing).all()
        for flag in (e.high, e.low, e.restless, e.frozen, c.high, c.low):
            assert not (flag & missing).any()
        for old, new in zip(astuple(ewma) + astuple(cusum), astuple(new_ewma) + astuple(new_cusum), strict=True):
            assert (old[missing] == new[missing]).all()
            assert np.isfinite(new).all()
        ewma, cusum = new_ewma, new_cusum


def test_impossible_settings_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="weight"):
        EwmaSettings(weight=0.0)
    with pytest.raises(ValueError, match="ceiling"):
        CusumSettings(ceiling=4.0)
    with pytest.raises(ValueError, match="sigma"):
        Reference(mean=np.zeros(1), sigma=np.zeros(1), known=np.ones(1, dtype=bool))
