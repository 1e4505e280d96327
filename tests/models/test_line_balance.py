"""Balances of continuous units against what can be worked out by hand."""

import numpy as np
import pytest

from models.hazard.line_balance import clean_share, held_kg, hot_spot, missing_kg, residual_doubt_kg_h, smoothed

NAN = float("nan")


def test_a_mean_is_one_from_its_first_sample_and_forgets_with_its_weight() -> None:
    mean, seen, weight = np.zeros((1, 1)), np.zeros((1, 1)), np.full((1, 1), 0.1)
    for value, expected in ((4.0, 4.0), (6.0, 5.0), (8.0, 6.0)):
        mean, seen = smoothed(mean, seen, np.array([[value]]), weight)
        assert mean[0, 0] == pytest.approx(expected)
    for _ in range(200):
        mean, seen = smoothed(mean, seen, np.array([[1.0]]), weight)
    assert mean[0, 0] == pytest.approx(1.0, abs=1e-6)
    kept, count = smoothed(mean, seen, np.array([[NAN]]), weight)
    assert (kept == mean).all()
    assert (count == seen).all()


def test_what_is_within_the_slack_never_adds_up_and_what_is_beyond_does() -> None:
    missing = np.zeros((2, 2))
    for _ in range(3600):
        missing = missing_kg(missing, np.array([0.9, 5.0]), np.array([1.0, 1.0]), 1.0)
    assert missing[0].tolist() == pytest.approx([0.0, 4.0])
    assert missing[1].tolist() == [0.0, 0.0]
    held = missing_kg(missing, np.array([NAN, NAN]), np.array([1.0, 1.0]), 1.0)
    assert (held == missing).all()
    for _ in range(1800):
        missing = missing_kg(missing, np.array([-3.0, 0.0]), np.array([1.0, 1.0]), 1.0)
    assert missing[:, 0].tolist() == pytest.approx([0.0, 1.0])
    assert missing[0, 1] == pytest.approx(3.5)


def test_doubt_of_in_and_out_is_that_of_both_meters() -> None:
    assert residual_doubt_kg_h(np.array([30.0]), np.array([40.0]), np.array([0.01]))[0] == pytest.approx(0.5)


def test_a_hold_up_lives_on_the_flows_while_nothing_is_measured() -> None:
    held, nothing, flow = np.array([NAN]), np.array([NAN]), np.array([36.0])
    held = held_kg(held, np.array([20.0]), flow, 0.01, 1.0)
    assert held[0] == 20.0
    for _ in range(100):
        held = held_kg(held, nothing, flow, 0.01, 1.0)
    assert held[0] == pytest.approx(21.0)
    for _ in range(2000):
        held = held_kg(held, np.array([30.0]), np.array([0.0]), 0.01, 1.0)
    assert held[0] == pytest.approx(30.0, abs=1e-6)
    assert held_kg(held, np.array([10.0]), nothing, 0.01, 1.0)[0] == 10.0  # without flows it is what is measured


def test_pressure_drop_of_a_clean_unit_is_one_at_every_flow() -> None:
    flow = np.array([300.0, 750.0, 1500.0])
    ones = np.ones(3)
    share = clean_share(220.0 * (flow / 1500.0) ** 1.75, flow, 1500.0 * ones, 220.0 * ones, 1.75 * ones)
    assert share.tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert clean_share(np.array([5.0]), np.array([0.0]), ones[:1], ones[:1], ones[:1])[0] > 1e6


def test_the_hot_spot_of_a_parabola_is_its_top() -> None:
    at = np.array([[0.1, 0.3, 0.5, 0.9, NAN], [0.0, 0.5, 1.0, NAN, NAN]])
    t_c = np.vstack([80.0 - 100.0 * (at[0] - 0.37) ** 2, [40.0, 60.0, 90.0, NAN, NAN]])
    place, heat = hot_spot(at, t_c)
    assert place.tolist() == pytest.approx([0.37, 1.0])
    assert heat.tolist() == pytest.approx([80.0, 90.0])
    t_c[0, 1] = NAN
    assert np.isnan(hot_spot(at, t_c)[0]).tolist() == [True, False]
