"""If cooling failed now: the contents from this moment on without any cooling, feed stopped or going on.

Adiabatic run of the semi-batch model with its decomposition, by an implicit solver. Each answer is a band: the kinetics
and what has gathered unreacted are known within a stated share, so the run is repeated at its two ends.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.optimize import brentq

from models.process.semibatch import SemiBatchInputs, SemiBatchParameters, SemiBatchState
from models.process.semibatch_rates import Vector, right_hand_side
from models.process.trajectory import Trajectory, integrate

HORIZON_S = 24 * 3600.0  # TD24 looks as far
SHOWN_S = (60.0, 300.0, 900.0)
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-6, 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """t_k: temperature after 1, 5 and 15 min; mtt_s: time until MTT is reached; each as (low, best, high).

    A temperature is that of the vessel's end (`lost_above_k`) once it was reached. mtt_s is None where MTT is not
    reached within 24 h; its low end is the soonest.
    """

    t_k: tuple[tuple[float, float, float], ...]
    mtt_s: tuple[float | None, float | None, float | None]


def course(
    parameters: SemiBatchParameters,
    state: SemiBatchState,
    *,
    mtt_k: float,
    dosing_m3_s: float,
    dose_left_m3: float,
    uncertainty: float,
) -> Course:
    """From `state` on without cooling; `dosing_m3_s` 0 for the feed stopped, else it goes on until the dose is in.

    uncertainty: standard deviation of kinetics and of unreacted feed, relative; the band is two of them wide.
    """
    runs = []
    for factor in (1.0 - 2.0 * uncertainty, 1.0, 1.0 + 2.0 * uncertainty):
        more = min(state.a_kmol, state.b_kmol) * (factor - 1.0)
        begin = replace(state, a_kmol=max(0.0, state.a_kmol + more), b_kmol=max(0.0, state.b_kmol + more))
        runs.append(_run(parameters, begin, factor, mtt_k, dosing_m3_s, dose_left_m3))
    temperatures = tuple(
        (min(three), runs[1][0][i], max(three)) for i in range(len(SHOWN_S)) for three in [[run[0][i] for run in runs]]
    )
    times = [run[1] for run in runs]
    reached = [time for time in times if time is not None]
    low = min(reached, default=None)
    high = None if None in times else max(reached, default=None)
    return Course(t_k=temperatures, mtt_s=(low, times[1], high))


def _run(
    parameters: SemiBatchParameters,
    state: SemiBatchState,
    kinetics: float,
    mtt_k: float,
    dosing_m3_s: float,
    dose_left_m3: float,
) -> tuple[list[float], float | None]:
    """Temperatures at SHOWN_S, and when MTT is passed."""
    feeding_s = dose_left_m3 / dosing_m3_s if dosing_m3_s > 0.0 else 0.0
    ends = [s for s in (feeding_s,) if 0.0 < s < HORIZON_S] + [HORIZON_S]
    y = [state.a_kmol, state.b_kmol, state.p_kmol, state.volume_m3, state.t_k, state.t_jacket_k]
    now_s, stretches = 0.0, []
    for end_s in ends:
        inputs = SemiBatchInputs(
            dosing_m3_s=dosing_m3_s if end_s <= feeding_s else 0.0,
            t_dosing_k=parameters.dosing_temperature_k,
            t_jacket_k=state.t_k,
            heat_transfer=0.0,
            emulsion=max(kinetics, 0.0),
        )
        rate = right_hand_side(parameters, inputs)
        stretch = integrate(
            partial(_spread, rate),
            now_s,
            end_s,
            y,
            stops=(lambda values: parameters.lost_above_k - values[4],),
            rtol=RELATIVE_TOLERANCE,
            atol=ABSOLUTE_TOLERANCE,
        )
        stretches.append(stretch)
        now_s, y = stretch.end, list(stretch.last)
        if stretch.stopped_by is not None:
            break
    shown = [_temperature(stretches, min(at_s, now_s)) for at_s in SHOWN_S]
    return shown, _passed(stretches, mtt_k, state.t_k)


def _temperature(stretches: list[Trajectory], at_s: float) -> float:
    stretch = next((one for one in stretches if at_s <= one.end), stretches[-1])
    return float(stretch.at(np.array([at_s]))[4, 0])


def _passed(stretches: list[Trajectory], t_k: float, now_k: float) -> float | None:
    """First time at or above `t_k`."""
    if now_k >= t_k:
        return 0.0
    for stretch in stretches:
        times = np.linspace(stretch.start, stretch.end, 2000)
        hot = np.flatnonzero(stretch.at(times)[4] >= t_k)
        if hot.size and hot[0] == 0:
            return stretch.start
        if hot.size:
            low, high = float(times[hot[0] - 1]), float(times[hot[0]])
            return float(brentq(lambda t, s=stretch: float(s.at(np.array([t]))[4, 0]) - t_k, low, high, xtol=1e-3))
    return None


def _spread(rate: Callable[[float, float, float, float, float, float], Vector], values: list[float]) -> Vector:
    return rate(*values)
