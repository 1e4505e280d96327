"""Whole semi-batch runs by an adaptive solver: the reference for the stepper, for criteria and for published cases."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from models.process.jacket import Jacket
from models.process.semibatch import Loss, SemiBatchInputs, SemiBatchParameters, SemiBatchState
from models.process.semibatch_rates import Vector, right_hand_side
from models.process.trajectory import Trajectory, integrate

GRID_S = 1.0  # sampling of a run before a peak or a crossing is refined
RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-10

Quantity = Callable[[SemiBatchState], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Constant conditions up to `until_s`, counted from the start of the batch."""

    until_s: float
    inputs: SemiBatchInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRun:
    """A finished run: dense solutions of consecutive stretches, and how it ended."""

    stretches: tuple[Trajectory, ...]
    end_s: float
    lost: Loss | None

    def values(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """States nA, nB, nP, V, T, Tj, shape (6, n_times), at ascending times within the run."""
        found = np.empty((6, time_s.size))
        for stretch in self.stretches:
            inside = (time_s >= stretch.start) & (time_s <= stretch.end)
            if inside.any():
                found[:, inside] = stretch.at(time_s[inside])
        return found

    def state(self, time_s: float) -> SemiBatchState:
        """State at one instant; the later stretch speaks at a border."""
        a, b, c, v, t, tj = map(float, self.values(np.array([min(time_s, self.end_s)]))[:, 0])
        return SemiBatchState(a_kmol=a, b_kmol=b, p_kmol=c, volume_m3=v, t_k=t, t_jacket_k=tj)

    def grid_s(self) -> NDArray[np.float64]:
        """Sample times: the grid and every border between stretches."""
        borders = [border for stretch in self.stretches for border in (stretch.start, stretch.end)]
        return np.unique(np.concatenate((np.arange(0.0, self.end_s, GRID_S), borders)))

    def peak(self, quantity: Quantity, until_s: float = np.inf) -> tuple[float, float]:
        """(time, value) where a quantity of the state is largest up to `until_s`."""
        last_s = min(until_s, self.end_s)
        times = self.grid_s()
        times = times[times <= last_s]
        rows = self.values(times).T.tolist()
        sampled = [quantity(_state(row)) for row in rows]
        best = int(np.argmax(sampled))
        low, high = max(times[best] - GRID_S, 0.0), min(times[best] + GRID_S, last_s)
        refined = minimize_scalar(
            lambda t: -quantity(self.state(t)), bounds=(low, high), method="bounded", options={"xatol": 1e-6}
        )
        if -refined.fun > sampled[best]:
            return float(refined.x), float(-refined.fun)
        return float(times[best]), sampled[best]

    def time_above_s(self, t_k: float, after_s: float = 0.0) -> float | None:
        """First time from `after_s` on at which the contents are at `t_k` or hotter; None where they never are."""
        times = self.grid_s()
        times = np.unique(np.append(times[times >= after_s], after_s))
        hot = np.flatnonzero(self.values(times)[4] >= t_k)
        if hot.size == 0:
            return None
        first = int(hot[0])
        if first == 0:
            return after_s
        return float(brentq(lambda t: self.state(t).t_k - t_k, times[first - 1], times[first], xtol=1e-6))


def run_batch(
    parameters: SemiBatchParameters,
    start: SemiBatchState,
    segments: Sequence[Segment],
    jacket: Jacket | None = None,
) -> BatchRun:
    """Integrate through the segments, one by one, until the last ends or the vessel is lost."""
    stops = (lambda y: parameters.lost_above_k - y[4], lambda y: parameters.vessel_m3 - y[3])
    losses = (Loss.RUNAWAY, Loss.OVERFILLED)
    stretches: list[Trajectory] = []
    now_s = 0.0
    y = [start.a_kmol, start.b_kmol, start.p_kmol, start.volume_m3, start.t_k, start.t_jacket_k]
    for segment in segments:
        if not segment.until_s > now_s:
            raise ValueError(f"until_s {segment.until_s} does not lie after the segment before it, {now_s}")
        if segment.inputs.t_jacket_k is not None:
            y[5] = segment.inputs.t_jacket_k
        rate = right_hand_side(parameters, segment.inputs, jacket)
        stretch = integrate(
            partial(_spread, rate),
            now_s,
            segment.until_s,
            y,
            stops=stops,
            rtol=RELATIVE_TOLERANCE,
            atol=ABSOLUTE_TOLERANCE,
        )
        stretches.append(stretch)
        now_s, y = stretch.end, list(stretch.last)
        if stretch.stopped_by is not None:
            return BatchRun(stretches=tuple(stretches), end_s=now_s, lost=losses[stretch.stopped_by])
    return BatchRun(stretches=tuple(stretches), end_s=now_s, lost=None)


def isoperibolic_batch(parameters: SemiBatchParameters, t_jacket_k: float, until_s: float) -> tuple[Segment, ...]:
    """Nominal dosing to its end and none after it, the jacket held at one temperature."""
    dosing = SemiBatchInputs(
        dosing_m3_s=parameters.dosing_flow_m3_s,
        t_dosing_k=parameters.dosing_temperature_k,
        t_jacket_k=t_jacket_k,
    )
    return (
        Segment(until_s=parameters.dosing_time_s, inputs=dosing),
        Segment(until_s=until_s, inputs=replace(dosing, dosing_m3_s=0.0)),
    )


def _state(row: list[float]) -> SemiBatchState:
    a, b, c, v, t, tj = row
    return SemiBatchState(a_kmol=a, b_kmol=b, p_kmol=c, volume_m3=v, t_k=t, t_jacket_k=tj)


def _spread(rate: Callable[[float, float, float, float, float, float], Vector], values: list[float]) -> Vector:
    return rate(*values)
