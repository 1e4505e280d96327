"""CUSUM with the date of the shift: published run lengths, its ceiling, missing values."""

import numpy as np
import pytest

from models.statistical.cusum import CusumSettings, start_cusum, step_cusum
from models.statistical.reference import Array, Reference


def unit_reference(points: int) -> Reference:
    return Reference(mean=np.zeros(points), sigma=np.ones(points), known=np.ones(points, dtype=bool))


def first_alarm_lengths(shift: float, runs: int, rng: np.random.Generator, limit: int = 6000) -> Array:
    """Samples to the first alarm of `runs` independent points, side by side."""
    reference = unit_reference(runs)
    state, found = start_cusum(reference), np.full(runs, float(limit))
    for i in range(1, limit + 1):
        state, judged = step_cusum(state, CusumSettings(), reference, rng.normal(shift, 1.0, runs))
        found[(judged.high | judged.low) & (found == limit)] = i
        if (found < limit).all():
            break
    return found


def test_run_lengths_are_the_published_ones() -> None:
    rng = np.random.default_rng(2)  # Montgomery, table 9.3: 465 with no shift, 10.4 with one sigma, 4.01 with two
    assert first_alarm_lengths(0.0, 3000, rng).mean() == pytest.approx(465.0, rel=0.07)
    assert first_alarm_lengths(1.0, 3000, rng).mean() == pytest.approx(10.4, rel=0.04)
    assert first_alarm_lengths(2.0, 3000, rng).mean() == pytest.approx(4.01, rel=0.04)


def test_the_shift_is_dated_and_clears_soon_after_it_ends() -> None:
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


def test_missing_values_hold_the_sums_and_are_unknown() -> None:
    reference = unit_reference(2)
    state, _ = step_cusum(start_cusum(reference), CusumSettings(), reference, np.array([3.0, 3.0]))
    held, judged = step_cusum(state, CusumSettings(), reference, np.array([np.nan, np.inf]))
    assert judged.unknown.all()
    assert not (judged.high | judged.low).any()
    np.testing.assert_array_equal(held.high, state.high)


def test_impossible_settings_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="ceiling"):
        CusumSettings(ceiling=4.0)
