"""Distance to the trip and when it comes: slopes that noise and wild readings do not move, the nearest first."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.protection.approach import approach, nearest_first, slopes
from plantsafe.protection.tables import compile_functions

N = 60


@given(slope=st.floats(-5, 5), level=st.floats(-1e3, 1e3), wild=st.lists(st.integers(0, N - 1), max_size=6))
def test_a_few_wild_readings_do_not_move_the_slope(slope: float, level: float, wild: list[int]) -> None:
    values = level + slope * np.arange(N, dtype=np.float64)
    values[wild] = 1e6
    found = slopes(values[:, None], 1.0)[0]
    assert found == pytest.approx(slope, abs=1e-6 + 1e-9 * abs(level)) or found == 0.0


def test_noise_alone_is_no_slope_and_a_slope_above_it_is_found() -> None:
    rng = np.random.default_rng(7)
    noise = rng.normal(0.0, 0.05, (N, 200))
    assert np.mean(slopes(noise, 1.0) != 0.0) < 0.15
    rising = noise + 0.01 * np.arange(N)[:, None]
    found = slopes(rising, 1.0)
    assert np.mean(np.abs(found - 0.01) < 0.002) > 0.95


def test_too_few_values_give_no_slope() -> None:
    window = np.full((N, 2), np.nan)
    window[-2:, 0] = 5.0
    assert np.isnan(slopes(window, 1.0)).all()
    assert np.isnan(slopes(np.ones((4, 1)), 1.0)).all()


@pytest.fixture
def table(watch_with: Callable[[dict[str, Any]], Any]) -> Any:
    plant = watch_with({}).plant  # 2oo3 on A, B, C, high at 100
    return compile_functions(plant), plant.points.row, plant.n_points


def tail_of(row: dict[str, int], n_points: int, **ends: tuple[float, float]) -> np.ndarray:
    tail = np.full((N, n_points), 50.0)
    for name, (end, slope) in ends.items():
        tail[:, row[name]] = end + slope * (np.arange(N) - N + 1)
    return tail


def test_the_channel_that_decides_the_vote_tells_distance_and_time(table: Any) -> None:
    functions, row, n = table
    found = approach(functions, tail_of(row, n, A=(98.0, 0.0), B=(90.0, 0.5), C=(60.0, 0.0)), 1.0)
    assert found.channel.tolist() == [1]  # two of three: the second nearest
    assert found.distance_eu.tolist() == pytest.approx([10.0])
    assert found.time_s.tolist() == pytest.approx([20.0])


def test_what_goes_away_does_not_come_and_what_is_beyond_is_there(table: Any) -> None:
    functions, row, n = table
    away = approach(functions, tail_of(row, n, A=(90.0, -0.5), B=(90.0, -0.5), C=(90.0, -0.5)), 1.0)
    assert away.time_s.tolist() == [np.inf]
    beyond = approach(functions, tail_of(row, n, A=(110.0, 0.0), B=(105.0, 0.0)), 1.0)
    assert (beyond.time_s.tolist(), beyond.distance_eu.tolist()) == ([0.0], [-5.0])
    assert nearest_first(beyond, np.array([200.0])).tolist() == [0]


def test_a_channel_that_is_not_seen_is_the_farthest(table: Any) -> None:
    functions, row, n = table
    tail = tail_of(row, n, A=(90.0, 0.5), B=(80.0, 0.5))
    tail[-1, row["A"]] = np.nan
    found = approach(functions, tail, 1.0)
    assert found.distance_eu.tolist() == [50.0]
