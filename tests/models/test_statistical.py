"""References, and the run lengths of EWMA and CUSUM against the published tables."""

import math

import numpy as np
import pytest

from models.statistical.points import MEAN, SHIFT, PointLimits, PointMonitor, PointReference
from models.statistical.reference import Array, Reference, learn_reference


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


def test_reference_refuses_a_floor_of_zero() -> None:
    with pytest.raises(ValueError, match="floor"):
        learn_reference(np.zeros((50, 1)), np.zeros(1))


def unit_points(points: int, limits: PointLimits) -> PointMonitor:
    """Mean 0, sigma 1, no range."""
    one = np.ones(points)
    normal = PointReference(
        mean=0.0 * one, sigma=one, change=one, pace=one, longest=one, low=-np.inf * one, high=np.inf * one,
        known=one > 0.0,
    )  # fmt: skip
    return PointMonitor(normal, limits)


def test_ewma_is_the_textbook_recursion() -> None:
    monitor, expected = unit_points(1, PointLimits(mean_weight=0.2)), 0.0
    for x in (1.0, 0.5, -2.0, 3.0):
        monitor.step(np.array([x]))
        expected = 0.2 * x + 0.8 * expected
        assert monitor.state()["mean"][0] == pytest.approx(expected, rel=1e-6)


def first_alarm_lengths(
    shift: float, runs: int, rng: np.random.Generator, bit: int, limits: PointLimits, limit: int = 6000
) -> Array:
    """Samples to the first alarm of `runs` independent points, side by side."""
    monitor = unit_points(runs, limits)
    found = np.full(runs, float(limit))
    for i in range(1, limit + 1):
        hit = (monitor.step(rng.normal(shift, 1.0, runs)) & bit) > 0
        found[hit & (found == limit)] = i
        if (found < limit).all():
            break
    return found


def test_run_lengths_of_cusum_are_the_published_ones() -> None:
    rng = np.random.default_rng(2)  # Montgomery, table 9.3: 465 with no shift, 10.4 with one sigma, 4.01 with two
    textbook = PointLimits(slack=0.5, decision=5.0, ceiling=10.0)
    assert first_alarm_lengths(0.0, 3000, rng, SHIFT, textbook).mean() == pytest.approx(465.0, rel=0.07)
    assert first_alarm_lengths(1.0, 3000, rng, SHIFT, textbook).mean() == pytest.approx(10.4, rel=0.04)
    assert first_alarm_lengths(2.0, 3000, rng, SHIFT, textbook).mean() == pytest.approx(4.01, rel=0.04)


def test_run_lengths_of_ewma_are_the_published_ones() -> None:
    rng = np.random.default_rng(3)  # Lucas & Saccucci 1990: 500 with no shift, 10.3 with one sigma
    textbook = PointLimits(mean_weight=0.1, mean=2.814 * math.sqrt(0.1 / 1.9))
    assert first_alarm_lengths(0.0, 3000, rng, MEAN, textbook).mean() == pytest.approx(500.0, rel=0.07)
    assert first_alarm_lengths(1.0, 3000, rng, MEAN, textbook).mean() == pytest.approx(10.3, rel=0.04)


def test_cusum_stops_at_its_ceiling_and_clears_soon_after_the_shift_ends() -> None:
    monitor = unit_points(1, PointLimits(slack=0.5, decision=5.0, ceiling=10.0))
    for _ in range(100):
        flags = monitor.step(np.array([2.0])).copy()
    assert flags[0] & SHIFT
    assert monitor.state()["high"][0] == 10.0
    for _ in range(11):
        flags = monitor.step(np.array([0.0]))
    assert not flags[0] & SHIFT


def test_a_reference_with_an_impossible_spread_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="sigma"):
        Reference(mean=np.zeros(1), sigma=np.zeros(1), known=np.ones(1, dtype=bool))
