"""The safety system of the simulated plant: it reads its own transmitters, votes, latches trips and drives valves."""

from dataclasses import dataclass

import numpy as np

from plantsafe.frame import BAD, F8, U4
from plantsafe.plant import Plant
from plantsafe.plant.model import SafetyFunction

AIR_FAIL_KPA = 350.0  # site default: below it springs move the valves
# Full stroke, about 1 s an inch (makers' figures); fast ones where the function must act within seconds.
STROKE_S = {"XV-201": 1.5, "XV-202": 1.5, "XV-311": 2.0, "XV-312": 2.0}
USUAL_STROKE_S = 4.0
AT_END = 0.02  # limit switches close in the last 2 % of the stroke


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What the voter sees of one input: beyond its setpoint, bypassed, faulted."""

    beyond: bool
    bypassed: bool = False
    faulted: bool = False


def votes_to_trip(function: SafetyFunction, channels: tuple[Channel, ...]) -> bool:
    """Whether the function trips.

    A bypassed channel counts as `on_bypass` says, a faulted one (and not bypassed) as `on_fault`. Removed channels
    leave the vote: M out of the rest, and never more than the rest; with none left the function cannot trip.
    """
    trips = rest = 0
    for channel in channels:
        policy = function.on_bypass if channel.bypassed else function.on_fault if channel.faulted else "read"
        if policy == "remove":
            continue
        rest += 1
        trips += policy == "vote_trip" or (policy == "read" and channel.beyond)
    return rest > 0 and trips >= min(function.vote, rest)


class Valve:
    """A final element: opening 0 to 1, moving at its stroke towards what it is told."""

    def __init__(self, name: str, *, safe_open: bool) -> None:
        self.name = name
        self.safe_opening = 1.0 if safe_open else 0.0
        self.opening = 1.0 - self.safe_opening
        self.stroke_s = STROKE_S.get(name, USUAL_STROKE_S)

    def step(self, to_safe: bool, slower: float, stuck: bool) -> None:
        """One second; `slower` 2 makes it three times as slow."""
        if stuck:
            return
        target = self.safe_opening if to_safe else 1.0 - self.safe_opening
        reach = 1.0 / (self.stroke_s * (1.0 + slower))
        self.opening += min(max(target - self.opening, -reach), reach)

    @property
    def at_safe_end(self) -> bool:
        """What its limit switch says."""
        return abs(self.opening - self.safe_opening) <= AT_END


class SafetyLogic:
    """All functions of a plant file, executed once a second."""

    def __init__(self, plant: Plant) -> None:
        self._functions = plant.file.functions
        self._row = plant.points.row
        self._points = tuple(
            tuple(self._row[channel.point] for channel in function.inputs) for function in self._functions
        )
        self._inputs = sorted({channel.point for function in self._functions for channel in function.inputs})
        self._mode_row = tuple(
            None if function.hazardous_mode is None else self._row[function.hazardous_mode]
            for function in self._functions
        )
        self.tripped: dict[str, bool] = {function.name: False for function in self._functions}
        self._holding: dict[str, bool] = dict(self.tripped)
        feedbacks = {element.name: element.feedback for function in self._functions for element in function.elements}
        self.valves = {name: Valve(name, safe_open=feedback.endswith(".ZSO")) for name, feedback in feedbacks.items()}
        self._faulted = dict.fromkeys(self._inputs, False)
        self._bypassed = dict.fromkeys(self._inputs, False)

    def step(self, value: F8, status: U4, knobs: dict[str, float], air_kpa: float) -> None:
        """Judge this second's readings (in point order) and move the valves by one second."""
        for name in self._inputs:
            reading = status[self._row[name]]
            self._faulted[name] = bool(reading & np.uint32(BAD))
            self._bypassed[name] = f"sis.bypass.{name}" in knobs
        for function, rows, mode_row in zip(self._functions, self._points, self._mode_row, strict=True):
            needed = mode_row is None or float(value[mode_row]) in function.hazardous_values
            holds = needed and f"sis.defeat.{function.name}" not in knobs and self._votes(function, rows, value)
            self._holding[function.name] = holds
            self.tripped[function.name] = self.tripped[function.name] or holds
        wanted = {e.name for f in self._functions if self.tripped[f.name] for e in f.elements}
        no_air = air_kpa < AIR_FAIL_KPA
        for name, valve in self.valves.items():
            slower = knobs.get(f"valve.{name}.slow", 0.0)
            valve.step(no_air or name in wanted, slower, f"valve.{name}.stuck" in knobs)

    def _votes(self, function: SafetyFunction, rows: tuple[int, ...], value: F8) -> bool:
        sign = 1.0 if function.direction == "H" else -1.0
        channels = tuple(
            Channel(
                beyond=sign * (float(value[row]) - function.setpoint) >= 0.0,
                bypassed=self._bypassed[channel.point],
                faulted=self._faulted[channel.point],
            )
            for channel, row in zip(function.inputs, rows, strict=True)
        )
        return votes_to_trip(function, channels)

    def reset(self, name: str) -> bool:
        """Release a latched trip; refused (False) while its cause still holds."""
        if self._holding[name]:
            return False
        self.tripped[name] = False
        return True

    def bit(self, quantity: str) -> float:
        """A bit by its quantity: sis.bypass.<point>, sis.fault.<point>, sis.trip.<function>, sis.valve.<element>."""
        _, kind, name = quantity.split(".", 2)
        match kind:
            case "bypass":
                return float(self._bypassed[name])
            case "fault":
                return float(self._faulted[name])
            case "trip":
                return float(self.tripped[name])
            case _:
                return float(self.valves[name].at_safe_end)
