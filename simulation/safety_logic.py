"""The safety system of the simulated plant: it reads its own transmitters, votes, latches trips and drives valves."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from plantsafe.frame import BAD, F8, U4, Bool
from plantsafe.plant import Plant
from plantsafe.plant.model import SafetyFunction

AIR_FAIL_KPA = 350.0  # site default: below it springs move the valves
# Full stroke, about 1 s an inch (makers' figures); fast ones where the function must act within seconds.
STROKE_S = {"XV-201": 1.5, "XV-202": 1.5, "XV-311": 2.0, "XV-312": 2.0}
USUAL_STROKE_S = 4.0
AIR_RECEIVER = frozenset({"XV-105"})  # a dump valve has its own air: it does not empty the tank when air is lost
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
        self._before, self._reach = self.opening, 0.0
        self.stroke_s = STROKE_S.get(name, USUAL_STROKE_S)

    def step(self, to_safe: bool, slower: float, stuck: bool) -> None:
        """One second; `slower` 2 makes it three times as slow."""
        self._before = self.opening
        if stuck:
            return
        target = self.safe_opening if to_safe else 1.0 - self.safe_opening
        reach = self._reach = 1.0 / (self.stroke_s * (1.0 + slower))
        self.opening += min(max(target - self.opening, -reach), reach)

    @property
    def at_safe_end(self) -> bool:
        """What its limit switch says."""
        return abs(self.opening - self.safe_opening) <= AT_END

    def was_at_safe_end(self, fraction: float) -> bool:
        """What its limit switch said when this fraction of the last second had passed."""
        way = self.opening - self._before
        gone = min(max(way, -self._reach * fraction), self._reach * fraction)
        return abs(self._before + gone - self.safe_opening) <= AT_END


class SafetyLogic:
    """All functions of a plant file, executed once a second.

    Channels are judged as arrays; a function is voted on only where one of its channels says something. What turns
    with the knobs is compiled when they move.
    """

    def __init__(self, plant: Plant) -> None:
        self._functions = plant.file.functions
        row = plant.points.row
        channels = [(i, channel.point) for i, function in enumerate(self._functions) for channel in function.inputs]
        self._points = tuple(point for _, point in channels)
        self._owner = np.array([i for i, _ in channels], dtype=np.intp)
        self._first = np.searchsorted(self._owner, np.arange(len(self._functions) + 1))
        self._rows = np.array([row[point] for point in self._points], dtype=np.intp)
        owners = [self._functions[i] for i, _ in channels]
        self._sign = np.array([1.0 if owner.direction == "H" else -1.0 for owner in owners])
        self._specified = np.array([owner.setpoint for owner in owners], dtype=np.float64)
        self._setpoint = self._specified
        self.setpoints = {function.name: function.setpoint for function in self._functions}
        self._mode_row = tuple(
            None if function.hazardous_mode is None else row[function.hazardous_mode] for function in self._functions
        )
        self.tripped: dict[str, bool] = {function.name: False for function in self._functions}
        self._holding: dict[str, bool] = dict(self.tripped)
        feedbacks = {element.name: element.feedback for function in self._functions for element in function.elements}
        self.valves = {name: Valve(name, safe_open=feedback.endswith(".ZSO")) for name, feedback in feedbacks.items()}
        self.opening = {name: valve.opening for name, valve in self.valves.items()}
        self._faulted = np.zeros(len(channels), dtype=np.bool_)
        self.beyond: Bool = np.zeros(len(channels), dtype=np.bool_)  # of each channel, by its reading
        self._excess: F8 = np.full(len(channels), np.nan)
        self._excess_before = self._excess
        self._held: set[int] = set()
        self._no_air = False
        self._moving = True
        self.changed = True  # whether the last step may have changed a bit
        self.compile({})

    def compile(self, knobs: dict[str, float]) -> None:
        """Take up bypasses, defeats, false trips, set points and bad valves that the knobs describe."""
        self._bypassed = np.array([f"sis.bypass.{point}" in knobs for point in self._points], dtype=np.bool_)
        functions = tuple(enumerate(self._functions))
        changed = [knobs.get(f"sis.setpoint.{function.name}", 0.0) for function in self._functions]
        self._setpoint = self._specified + np.array(changed, dtype=np.float64)[self._owner]
        self.setpoints = {f.name: f.setpoint + more for f, more in zip(self._functions, changed, strict=True)}
        self._defeated = {i for i, function in functions if f"sis.defeat.{function.name}" in knobs}
        self._forced = {i for i, function in functions if f"sis.trip.{function.name}" in knobs}
        self._slower = {name: knobs.get(f"valve.{name}.slow", 0.0) for name in self.valves}
        self._stuck = {name for name in self.valves if f"valve.{name}.stuck" in knobs}
        self._moving = self._knobs_moved = True

    def step(self, value: F8, status: U4, air_kpa: float) -> None:
        """Judge this second's readings (in point order) and move the valves by one second."""
        faulted = (status[self._rows] & np.uint32(BAD)) != 0
        self._excess_before, self._excess = self._excess, self._sign * (value[self._rows] - self._setpoint)
        before, self.beyond = self.beyond, self._excess >= 0.0
        beyond = self.beyond
        self.changed = (
            self._knobs_moved or beyond.tobytes() != before.tobytes() or faulted.tobytes() != self._faulted.tobytes()
        )
        self._knobs_moved = False
        self._faulted = faulted
        says = beyond | faulted | self._bypassed
        speaking = set(self._owner[says].tolist())
        holding = {
            i
            for i in speaking | self._forced
            if i in self._forced or (i not in self._defeated and self._trips(i, value, beyond))
        }
        for i in holding | self._held:
            name = self._functions[i].name
            self._holding[name] = i in holding
            if i in holding and not self.tripped[name]:
                self.tripped[name] = self.changed = True
        self._held = holding
        self._move_valves(no_air=air_kpa < AIR_FAIL_KPA)

    def _trips(self, i: int, value: F8, beyond: Bool) -> bool:
        function, mode_row = self._functions[i], self._mode_row[i]
        if mode_row is not None and float(value[mode_row]) not in function.hazardous_values:
            return False
        own = slice(int(self._first[i]), int(self._first[i + 1]))
        said = (beyond[own].tolist(), self._bypassed[own].tolist(), self._faulted[own].tolist())
        return votes_to_trip(
            function,
            tuple(Channel(beyond=b, bypassed=off, faulted=bad) for b, off, bad in zip(*said, strict=True)),
        )

    def _move_valves(self, *, no_air: bool) -> None:
        if not (self.changed or self._moving or no_air != self._no_air):
            return
        wanted = {e.name for f in self._functions if self.tripped[f.name] for e in f.elements}
        if no_air:
            wanted |= set(self.valves) - AIR_RECEIVER
        self._no_air, self._moving, self.changed = no_air, False, True
        for name, valve in self.valves.items():
            before = valve.opening
            valve.step(name in wanted, self._slower[name], name in self._stuck)
            if valve.opening != before:
                self.opening[name], self._moving = valve.opening, True

    @property
    def moving(self) -> bool:
        """Whether a valve moved in the last second."""
        return self._moving

    def reset(self, name: str) -> bool:
        """Release a latched trip; refused (False) while its cause still holds."""
        if self._holding[name]:
            return False
        self.tripped[name] = False
        self._knobs_moved = True
        return True

    def channels_of(self, point: str, function: str | None) -> tuple[int, ...]:
        """The channels that a transmitter is, in one function or in all."""
        return tuple(
            i
            for i, (own, owner) in enumerate(zip(self._points, self._owner.tolist(), strict=True))
            if own == point and function in (None, self._functions[owner].name)
        )

    def crossed_after(self, channel: int) -> float:
        """After which share of the way between the last two readings a channel passed its set point."""
        before, now = float(self._excess_before[channel]), float(self._excess[channel])
        return before / (before - now) if before * now < 0.0 else 0.0

    def bits(self, quantities: tuple[str, ...]) -> F8:
        """Bits by quantity: sis.bypass.<point>, sis.fault.<point>, sis.trip.<function>, sis.valve.<element>; and
        sis.setpoint.<function>, what the system trips at."""
        said: dict[str, Mapping[str, float]] = {
            "setpoint": self.setpoints,
            "bypass": dict(zip(self._points, self._bypassed.tolist(), strict=True)),
            "fault": dict(zip(self._points, self._faulted.tolist(), strict=True)),
            "trip": self.tripped,
            "valve": {name: valve.at_safe_end for name, valve in self.valves.items()},
        }
        found = []
        for quantity in quantities:
            _, kind, name = quantity.split(".", 2)
            found.append(said[kind][name])
        return np.array(found, dtype=np.float64)
