"""The multivariate monitor: what it sees, what it may not forget, what it does without some values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.statistical.heldout import Learnt, learn_monitor, statistics_of
from models.statistical.innovation import learn_innovation
from models.statistical.monitor import REACH, STATISTICS, Monitor, model_of

F8 = NDArray[np.float64]
POINTS = 5
FLOOR = np.full(POINTS, 1e-9)
MIX = np.array([[0.9, 0, 0, 0, 0], [0.3, 0.5, 0, 0, 0], [0, 0.2, 0.6, 0, 0], [0, 0, 0, 0.95, 0], [0.1, 0, 0, 0.1, 0]])


def normal(rows: int, seed: int) -> F8:
    """A stable autoregression with correlated noise, in units of its own."""
    dice = np.random.default_rng(seed)
    noise = dice.normal(size=(rows + 50, POINTS)) @ (np.eye(POINTS) + 0.3)
    z = np.zeros((rows + 50, POINTS))
    for i in range(1, len(z)):
        z[i] = MIX @ z[i - 1] + noise[i]
    return np.array([100.0, 5.0, 0.2, 40.0, 1e4]) + np.array([1.0, 0.05, 0.002, 0.4, 50.0]) * z[50:]


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    return learn_monitor([normal(800, 1), normal(800, 2)], FLOOR)


def flags(found: Learnt, rows: F8) -> NDArray[np.bool_]:
    monitor = Monitor([found.model])
    return np.array([bool(monitor.step(row[None]).beyond[0]) for row in rows])


def test_normal_rows_of_another_seed_exceed_the_limit_no_more_often_than_stated(learnt: Learnt) -> None:
    rates = [flags(learnt, normal(1000, seed)).mean() for seed in range(20, 25)]
    assert np.mean(rates) <= learnt.alarm_rate
    assert learnt.confirmed
    assert learnt.exceeded <= learnt.alarm_rate


@pytest.mark.parametrize(
    ("what", "point", "by"),
    [("step", 1, "jump"), ("small shift", 3, "slow"), ("noise", 2, "energy"), ("frozen", 4, "unrest")],
)
def test_each_statistic_sees_its_fault_and_the_point_is_named(learnt: Learnt, what: str, point: int, by: str) -> None:
    rows, sigma = normal(500, 7), learnt.model.innovation.sigma
    if what == "step":
        rows[200:, point] += 4.0 * sigma[point]
    elif what == "small shift":
        rows[200:, point] += np.linspace(0.0, 12.0, 300) * sigma[point]
    elif what == "noise":
        rows[200:, point] += np.random.default_rng(3).normal(size=300) * sigma[point]
    else:
        rows[200:, point] = rows[200, point]
    monitor, seen = Monitor([learnt.model]), []
    for i, row in enumerate(rows):
        judged = monitor.step(row[None])
        if i >= 200 and judged.beyond[0]:
            seen.append((STATISTICS[int(judged.quotient[0].argmax())], monitor.top(0)))
    assert len(seen) >= 30
    assert by in {name for name, _ in seen}
    assert np.mean([point in top for _, top in seen]) >= 0.9


def test_a_snapshot_goes_on_bit_for_bit_and_so_does_a_model_from_its_arrays(learnt: Learnt) -> None:
    rows = normal(60, 8)
    rows[20, 2] = np.nan
    one = Monitor([learnt.model])
    for row in rows[:30]:
        one.step(row[None])
    other = Monitor([model_of(learnt.model.arrays())])
    other.load(one.state())
    for row in rows[30:]:
        assert one.step(row[None]).quotient.tobytes() == other.step(row[None]).quotient.tobytes()
    assert all(one.state()[name].tobytes() == array.tobytes() for name, array in other.state().items())


def test_units_side_by_side_are_judged_as_each_alone(learnt: Learnt) -> None:
    small = learn_monitor([normal(600, 3)[:, :2]], FLOOR[:2])
    both, alone, other = Monitor([learnt.model, small.model]), Monitor([learnt.model]), Monitor([small.model])
    for row in normal(80, 9):
        x = np.full((2, POINTS), np.nan)
        x[0], x[1, :2] = row, row[:2]
        judged = both.step(x)
        np.testing.assert_allclose(judged.quotient[0], alone.step(row[None]).quotient[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(judged.quotient[1], other.step(row[None, :2]).quotient[0], rtol=1e-9, atol=1e-12)
    assert both.top(1) == other.top(0)


@given(st.sets(st.integers(0, POINTS - 1), min_size=1, max_size=2), st.integers(0, 50))
def test_with_points_missing_the_distance_is_that_of_the_others(learnt: Learnt, lost: set[int], seed: int) -> None:
    """d of the present ones, from their own correlation, equals d with the missing ones set to their best guess."""
    found = learnt
    monitor, rows = Monitor([found.model]), normal(12, seed)
    for row in rows[:10]:
        monitor.step(row[None])
    twin = Monitor([found.model])
    twin.load(monitor.state())
    whole = twin.step(rows[10][None])
    assert not whole.unknown[0]
    e = twin.recent[0, 10 % 6]
    here = [k for k in range(POINTS) if k not in lost]
    spread = np.linalg.inv(found.model.innovation.precision)[np.ix_(here, here)]
    expected = e[here] @ np.linalg.solve(spread, e[here]) / len(here)
    holed = rows[10].copy()
    holed[list(lost)] = np.nan
    judged = monitor.step(holed[None])
    assert judged.quotient[0, 0] * found.model.limit[0] == pytest.approx(expected, rel=1e-8)


def test_without_half_of_the_points_nothing_is_judged_and_the_state_holds(learnt: Learnt) -> None:
    monitor = Monitor([learnt.model])
    for row in normal(20, 4):
        monitor.step(row[None])
    before = {name: array.tobytes() for name, array in monitor.state().items() if name not in ("recent", "turn")}
    lost = normal(1, 5)
    lost[0, :3] = np.nan
    judged = monitor.step(lost)
    assert judged.unknown[0]
    assert not judged.beyond[0]
    assert before == {n: a.tobytes() for n, a in monitor.state().items() if n not in ("recent", "turn")}


def test_a_slow_drift_is_not_learnt_away(learnt: Learnt) -> None:
    """One sigma in 100 scans, far slower than the mean of e follows; its adapted part stays within reach."""
    rows, sigma = normal(3000, 6), learnt.model.innovation.sigma
    rows[500:, 1] += np.arange(2500) / 100.0 * sigma[1]
    monitor, seen = Monitor([learnt.model]), []
    for row in rows:
        seen.append(bool(monitor.step(row[None]).beyond[0]))
        offset = monitor.offset[0]
        assert offset @ learnt.model.innovation.precision @ offset / POINTS <= REACH * (1.0 + 1e-9)
    assert np.mean(seen[1000:]) >= 0.9
    assert np.mean(seen[:500]) <= 0.01


def test_a_bias_within_reach_is_followed_while_quiet_and_only_then(learnt: Learnt) -> None:
    rows = normal(2000, 12)
    quiet, loud = Monitor([learnt.model]), Monitor([learnt.model])
    for i, row in enumerate(rows):
        quiet.step(row[None])
        loud.step((row + (30.0 * learnt.model.innovation.sigma if i % 50 == 0 else 0.0))[None])
    assert np.abs(quiet.offset).max() > 0.0
    assert np.abs(loud.offset).max() == 0.0


def test_a_spike_of_one_scan_does_not_ring(learnt: Learnt) -> None:
    rows = normal(120, 13)
    rows[60, 0] += 1000.0 * learnt.model.innovation.sigma[0]
    seen = flags(learnt, rows)
    assert seen[60]
    assert not seen[100:].any()


def test_what_cannot_be_learnt_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="3 rows of training are too few: 90 are needed"):
        learn_monitor([normal(3, 1)], FLOOR)
    with pytest.raises(ValueError, match="floor must be finite and above 0"):
        learn_innovation([normal(100, 1)], np.zeros(POINTS))
    with pytest.raises(ValueError, match="alarm_rate must lie in"):
        learn_monitor([normal(100, 1)], FLOOR, 1.0)
    empty = normal(200, 1)
    empty[:, 2] = np.nan
    with pytest.raises(ValueError, match="0 rows of training are too few"):
        learn_innovation([empty], FLOOR)


def test_constant_and_equal_columns_give_finite_statistics() -> None:
    rows = normal(300, 1)
    rows[:, 2] = 7.0
    rows[:, 4] = rows[:, 3]
    found = learn_monitor([rows], np.full(POINTS, 1e-3))
    test = normal(100, 2)
    test[:, 2], test[:, 4] = 7.0, test[:, 3]
    assert np.isfinite(statistics_of(found.model, test)).all()
    assert flags(found, test).mean() <= 0.05
    test[50:, 2] = 7.1
    assert flags(found, test)[50]


def test_few_rows_learn_fewer_lags() -> None:
    assert learn_innovation([normal(400, 1)], FLOOR).lags == 3
    assert learn_innovation([normal(62, 1)], FLOOR).lags == 2
