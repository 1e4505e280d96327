"""How far each safety function is from its trip: in engineering units, and in time at the present slope.

The slope of a transmitter is the median of its differences over half of the window: up to a quarter of wild readings do
not move it. A slope within twice its own scatter is none. Reference: half-sample differences, after Brown and Mood.
"""

from dataclasses import dataclass

import numpy as np

from plantsafe.frame import F8
from plantsafe.protection.tables import FunctionTable, Index

WINDOW_S = 60.0  # site default
LEAST_SAMPLES = 8  # site default
NORMAL_MAD = 1.4826  # of a normal distribution, from the median of absolute deviations to its standard deviation
MEDIAN_SPREAD = 1.2533  # of a median against a mean: root of pi/2
SURE = 2.0  # how many times its scatter a slope must be (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """One row a function. channel: the one that decides its vote.

    distance_eu: of that channel, negative beyond its setpoint. slope_eu_s: towards the trip. time_s: until the setpoint
    at that slope; inf where it does not come nearer, 0 beyond it.
    """

    distance_eu: F8
    slope_eu_s: F8
    time_s: F8
    channel: Index


def slopes(window: F8, period_s: float) -> F8:
    """(n) A second's change of each column of values (n_scans, n), NaN where too few are there; 0 where not sure."""
    half = window.shape[0] // 2
    if half < LEAST_SAMPLES // 2:
        return np.full(window.shape[1], np.nan)
    change = window[half : 2 * half] - window[:half]
    count = np.count_nonzero(~np.isnan(change), axis=0)
    enough = count >= LEAST_SAMPLES // 2
    filled = np.where(enough, change, 0.0)  # of what is there too little, nothing is said
    middle = np.nanmedian(filled, axis=0)
    scatter = NORMAL_MAD * np.nanmedian(np.abs(filled - middle), axis=0)
    sure = np.abs(middle) > SURE * MEDIAN_SPREAD * scatter / np.sqrt(np.maximum(count, 1))
    slope: F8 = np.where(sure, middle, 0.0) / (half * period_s)
    return np.where(enough, slope, np.nan)


def approach(table: FunctionTable, tail: F8, period_s: float) -> Approach:
    """From the values of the last scans (n_scans, n_points), the newest last.

    Of a function the channel that decides: with M of them to trip, the M-th nearest.
    """
    n = max(2, int(WINDOW_S / period_s))
    shape = table.input.shape
    rows = np.where(table.present, table.input, 0)
    window = tail[-n:, rows.ravel()]
    slope = (table.sign[:, None] * slopes(window, period_s).reshape(shape)).astype(np.float64)
    distance = -table.sign[:, None] * (tail[-1, rows] - table.setpoint[:, None])
    distance = np.where(table.present, distance, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        time = np.where(slope > 0.0, distance / slope, np.inf)
    time = np.where(distance <= 0.0, 0.0, np.where(np.isnan(distance) | ~table.present, np.inf, time))
    order = np.argsort(np.where(np.isnan(distance), np.inf, distance), axis=1, kind="stable")
    decides = np.take_along_axis(order, (table.vote - 1)[:, None], axis=1)

    def of(array: F8) -> F8:
        return np.take_along_axis(array, decides, axis=1)[:, 0]

    return Approach(distance_eu=of(distance), slope_eu_s=of(slope), time_s=of(time), channel=decides[:, 0])


def nearest_first(found: Approach, span_eu: F8) -> Index:
    """Rows of the functions that can be judged: by time, those without by their share of the span (n_functions)."""
    seen = np.isfinite(found.distance_eu)
    share = found.distance_eu / span_eu
    order = np.lexsort((share, found.time_s))
    answer: Index = order[seen[order]]
    return answer
