"""What acts on a unit from outside: faults, wander, valves of the safety system, utilities."""

from dataclasses import dataclass, field

Truth = dict[str, float]


@dataclass(slots=True, kw_only=True)
class Conditions:
    """Shared by all units and refreshed every second.

    knobs: process knobs (see `faults`). wander: healthy wander in standard deviations. opening: final elements, 0
    closed to 1 open. tripped: latched trips of the safety functions. truth: true quantities of the second before, and
    of this one as far as it has been stepped.
    """

    knobs: dict[str, float]
    wander: dict[str, float] = field(default_factory=dict)
    opening: dict[str, float] = field(default_factory=dict)
    tripped: dict[str, bool] = field(default_factory=dict)
    truth: Truth = field(default_factory=dict)


def approach(value: float, target: float, tau_s: float) -> float:
    """First-order lag over one second, implicit in time: stable for any tau."""
    return value + (target - value) / (1.0 + tau_s)
