"""The univariate layer: each question alone, in exact steps; what is missing holds; blocks do not matter."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.statistical import points as layer
from models.statistical.points import (
    KINDS,
    MEAN,
    NOISY,
    PACE,
    RANGE,
    RATE,
    SHIFT,
    SPIKE,
    STILL,
    STUCK,
    PointMonitor,
    PointReference,
    learn_points,
)

F8 = NDArray[np.float64]
N = 3


def reference(n: int = N) -> PointReference:
    """Mean 50, sigma 1, differences of independent noise; physical range 0 to 100."""
    return PointReference(
        mean=np.full(n, 50.0),
        sigma=np.ones(n),
        change=np.full(n, np.sqrt(2.0)),
        pace=np.full(n, PACE * np.sqrt(2.0)),
        longest=np.full(n, 10.0),
        low=np.zeros(n),
        high=np.full(n, 100.0),
        known=np.ones(n, dtype=np.bool_),
    )


def seen(x: F8) -> NDArray[np.uint16]:
    """Flags (n_scans, n_points) of a course (n_scans, n_points)."""
    monitor = PointMonitor(reference(x.shape[1]))
    return np.array([monitor.step(row).copy() for row in x])


def noise(scans: int, seed: int = 1) -> F8:
    return 50.0 + np.random.default_rng(seed).normal(size=(scans, N))


def test_normal_noise_raises_nothing() -> None:
    assert not seen(noise(5000)).any()


FAULTS = {  # the value 400 scans into the run and later, from the value without the fault and the scans since
    RATE: (lambda x, i: x + 3.0 * i, 15),
    STUCK: (lambda _x, _i: 50.25, 302),
    NOISY: (lambda x, _i: 50.0 + 5.0 * (x - 50.0), 60),
    STILL: (lambda x, _i: 50.0 + 0.05 * (x - 50.0), 90),
    MEAN: (lambda x, _i: x + 15.0, 30),
    SHIFT: (lambda x, _i: x + 9.0, 80),
    RANGE: (lambda _x, _i: 101.0, 1),
}


@pytest.mark.parametrize("bit", FAULTS, ids=lambda bit: KINDS[int(bit).bit_length() - 1])
def test_each_question_sees_its_fault_in_time_and_at_that_point_alone(bit: int) -> None:
    fault, at_most = FAULTS[bit]
    x = noise(900)
    for i in range(500):
        x[400 + i, 1] = fault(x[400 + i, 1], i)
    flags = seen(x)
    assert not flags[:400].any()
    assert not flags[:, [0, 2]].any()
    first = np.flatnonzero(flags[400:, 1] & bit)
    assert len(first)
    assert first[0] < at_most


def test_a_spike_is_one_there_and_back_and_leaves_no_other_trace() -> None:
    x = noise(500)
    x[300, 0] += 40.0
    flags = seen(x)
    assert flags[301, 0] & SPIKE
    assert not (flags & RATE).any()
    assert not flags[400:].any()
    step = noise(500)
    step[300:, 0] += 40.0
    assert not (seen(step) & SPIKE).any()


def test_a_slow_wander_is_no_rate() -> None:
    x = noise(4000)
    x[:, 1] += 5.0 * np.sin(np.arange(4000) * 2.0 * np.pi / 600.0)
    assert not (seen(x) & (RATE | NOISY | STILL | STUCK)).any()


def test_a_missing_value_holds_the_point_and_is_unknown_not_normal() -> None:
    with_hole, monitor = noise(300), PointMonitor(reference())
    for row in with_hole[:200]:
        monitor.step(row)
    before = monitor.state()
    lost = np.array([np.nan, 50.0, np.inf])
    flags = monitor.step(lost)
    assert monitor.unknown.tolist() == [True, False, True]
    assert flags[0] == flags[2] == 0
    for name, array in monitor.state().items():
        np.testing.assert_array_equal(array[[0, 2]], before[name][[0, 2]], err_msg=name)


def test_a_point_that_is_not_known_is_judged_by_its_range_alone() -> None:
    own = reference()
    monitor = PointMonitor(replace(own, known=np.array([True, False, True])))
    for _ in range(40):
        flags = monitor.step(np.array([50.0, 80.0, 50.0]))
    assert flags[1] == 0
    assert monitor.unknown[1]
    assert monitor.step(np.array([50.0, 120.0, 50.0]))[1] == RANGE


def test_blocks_and_a_snapshot_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(3).normal(50.0, 1.0, size=(200, 1000))
    x[100:, 7] = 50.5
    whole = seen(x)
    monkeypatch.setattr(layer, "BLOCK", 64)
    np.testing.assert_array_equal(seen(x), whole)
    monkeypatch.undo()
    first, second = PointMonitor(reference(1000)), PointMonitor(reference(1000))
    for row in x[:150]:
        first.step(row)
    second.load(first.state())
    for row in x[150:]:
        assert first.step(row).tobytes() == second.step(row).tobytes()
    assert all(first.state()[name].tobytes() == array.tobytes() for name, array in second.state().items())


def test_what_was_learnt_from_rows_is_their_mean_spread_steps_and_longest_stand() -> None:
    rows = noise(1000)
    rows[200:230, 1] = 51.0
    rows[:950, 2] = np.nan
    own = learn_points(rows, np.full(N, 1e-3), np.zeros(N), np.full(N, 100.0))
    assert own.mean[0] == pytest.approx(50.0, abs=0.1)
    assert own.change[0] == pytest.approx(np.sqrt(2.0), rel=0.1)
    assert own.longest.tolist()[:2] == [0.0, 29.0]
    assert own.known.tolist() == [True, True, False]


def test_another_reference_begins_anew_where_it_is_said() -> None:
    monitor = PointMonitor(reference())
    for _ in range(60):
        flags = monitor.step(np.array([50.0, 75.0, 75.0])).copy()
    assert flags[1] & MEAN
    other = reference()
    monitor.begin(np.array([False, True, False]), replace(other, mean=np.full(N, 75.0)))
    flags = monitor.step(np.array([50.0, 75.0, 75.0]))
    assert not flags[1] & MEAN
    assert flags[2] & MEAN
