"""Numbers as engineers write them."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dashboards.components.glyph import priority_glyph, spark
from dashboards.numbers import decimals, duration, limit_text, local, number, offset, with_eu


@pytest.mark.parametrize(("resolution", "digits"), [(0.02, 2), (0.2, 1), (1, 0), (10, 0), (0.0002, 3), (0, 2)])
def test_digits_follow_the_instrument(resolution: float, digits: int) -> None:
    assert decimals(resolution) == digits


@pytest.mark.parametrize(
    ("value", "text"), [(-1.5, "−1.50"), (-0.001, "0.00"), (float("nan"), "–"), (float("inf"), "–"), (1952, "1952.00")]
)
def test_number_has_a_true_minus_and_no_negative_zero(value: float, text: str) -> None:
    assert number(value, 2) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(8, "8 s"), (-5, "−5 s"), (245, "4 min 5 s"), (12000, "3 h 20 min"), (187200, "2 d 4 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_unit_follows_a_number_and_no_dash() -> None:
    assert with_eu("68.5", "°C") == "68.5 °C"
    assert with_eu("–", "°C") == "–"
    assert limit_text(67.0) == "67"


def test_moments_stand_in_the_time_of_the_site() -> None:
    noon_utc = 1_700_000_000 * 1_000_000_000
    assert local(noon_utc, ZoneInfo("Asia/Shanghai")) == "06:13:20"
    assert offset(noon_utc, ZoneInfo("Asia/Shanghai")) == "UTC+8"
    assert offset(noon_utc, ZoneInfo("UTC")) == "UTC"


@pytest.mark.parametrize(("priority", "shape"), [(1, "rect"), (2, "polygon"), (3, "polygon"), (4, "circle")])
def test_priority_is_colour_shape_and_number(priority: int, shape: str) -> None:
    filled, outline = priority_glyph(priority, filled=True), priority_glyph(priority, filled=False)
    assert shape in filled
    assert f"%3E{priority}%3C" in filled
    assert filled != outline


def test_small_curve_needs_two_values_and_takes_gaps() -> None:
    assert spark(np.array([np.nan, 1.0]), np.nan, np.nan) == ""
    assert "polyline" in spark(np.array([1.0, np.nan, 3.0]), 0.0, np.nan)
    assert "polyline" in spark(np.array([2.0, 2.0, 2.0]), np.nan, np.nan)
