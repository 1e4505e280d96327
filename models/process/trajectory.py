"""Solution of an autonomous system by LSODA, with marks where a condition crosses zero: one typed door to solve_ivp."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import OdeSolution, solve_ivp

Values = list[float]
Derivative = Callable[[Values], Sequence[float]]
Condition = Callable[[Values], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """A solved system: dense, with its own steps, its turns and what stopped it."""

    solution: OdeSolution
    start: float
    end: float
    last: tuple[float, ...]  # state at `end`
    highest: tuple[float, ...]  # largest value of each state at the solver's own steps
    turns: tuple[tuple[float, tuple[float, ...]], ...]  # (time, state) wherever `turn` falls through zero
    stopped_by: int | None  # index into `stops`

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """States (n_states, n_times) within [start, end]."""
        return np.asarray(self.solution(times), dtype=np.float64)


def integrate(
    derivative: Derivative,
    start: float,
    end: float,
    initial: Sequence[float],
    *,
    stops: Sequence[Condition] = (),
    turn: Condition | None = None,
    rtol: float = 1e-9,
    atol: float = 1e-11,
    max_step: float = np.inf,
) -> Trajectory:
    """Solve from `start` to `end`, or the first zero of one of `stops`; ArithmeticError where the solver gives up."""
    events = [_event(stop, terminal=True, direction=0.0) for stop in stops]
    if turn is not None:
        events.append(_event(turn, terminal=False, direction=-1.0))
    solved = solve_ivp(
        lambda _t, y: list(derivative(y.tolist())),
        (start, end),
        np.array(initial, dtype=np.float64),
        method="LSODA",
        rtol=rtol,
        atol=atol,
        max_step=max_step,
        dense_output=True,
        events=events,
    )
    if not solved.success or solved.sol is None:
        raise ArithmeticError(f"no solution past {solved.t[-1]} of {end}: {solved.message}")
    times, states = solved.t_events or [], solved.y_events or []
    turns: list[tuple[float, tuple[float, ...]]] = []
    if turn is not None:
        turns = [(float(t), tuple(y.tolist())) for t, y in zip(times[-1], states[-1], strict=True)]
    stopped_by = next((i for i in range(len(stops)) if len(times[i])), None)
    return Trajectory(
        solution=solved.sol,
        start=start,
        end=float(solved.t[-1]),
        last=tuple(solved.y[:, -1].tolist()),
        highest=tuple(solved.y.max(axis=1).tolist()),
        turns=tuple(turns),
        stopped_by=stopped_by,
    )


def _event(condition: Condition, *, terminal: bool, direction: float) -> Callable[[float, NDArray[np.float64]], float]:
    def event(_t: float, y: NDArray[np.float64]) -> float:
        return condition(y.tolist())

    event.terminal = terminal  # type: ignore[attr-defined]  # solve_ivp reads both marks from the function
    event.direction = direction  # type: ignore[attr-defined]  # as above
    return event
