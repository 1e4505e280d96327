"""The true course of a safety function in a run: demand, trip and safe state, whatever the record says."""

from collections.abc import Mapping

import numpy as np

from plantsafe.frame import Bool
from plantsafe.plant.model import SafetyFunction
from simulation.trial.trace import Trace


def true_demand_s(run: Trace, function: SafetyFunction, measures: Mapping[str, str], after_s: float) -> float | None:
    """When as many of the true quantities as the vote asks for had crossed the setpoint in the hazardous mode.

    `measures`: true quantity by point.
    """
    sign = 1.0 if function.direction == "H" else -1.0
    needed: Bool | bool = True
    if function.hazardous_mode is not None:
        mode = run.truth[measures[function.hazardous_mode]]
        needed = np.isin(mode, function.hazardous_values)
    crossings = []
    for channel in function.inputs:
        series = run.truth[measures[channel.point]]
        crossed_s = run.first_s(needed & (sign * (series - function.setpoint) >= 0.0), after_s)
        crossings += [] if crossed_s is None else [crossed_s]
    return sorted(crossings)[function.vote - 1] if len(crossings) >= function.vote else None


def truly_safe(run: Trace, function: SafetyFunction) -> Bool:
    """(n_scans,) Whether as many of its final elements as it needs stood at their safe ends."""
    count = np.sum([run.safe[element.name] for element in function.elements], axis=0)
    answer: Bool = count >= function.element_vote
    return answer


def true_safe_s(run: Trace, function: SafetyFunction, after_s: float) -> float | None:
    """When the final elements truly stood at their safe ends after the function had truly tripped."""
    return run.first_s(truly_safe(run, function) & run.tripped[function.name], after_s)
