"""The event buffers of the simulated safety system: what its inputs, trips and valves did, stamped to the millisecond.

Readings are there from the beginning of a second: inputs cross in its first 50 ms, in the order in which they would
have on a straight way from the reading before, and the logic trips 10 ms after. Valves move through the second.
"""

from dataclasses import dataclass

import numpy as np

from connectors.modbus.decode import Image
from connectors.modbus.event_buffer import words_of_number, written
from plantsafe.plant import Plant
from plantsafe.plant.model import EventBuffer, EventCode
from plantsafe.source import Stamped
from simulation.safety_logic import SafetyLogic

INPUT_MS, TRIP_MS = 50, 60  # site default: two cycles of a safety controller
MS_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Watched:
    """One code of a buffer: an input's channels, a function's trip, or a valve."""

    code: int
    channels: tuple[int, ...] = ()
    function: str = ""
    valve: str = ""


class EventLog:
    """All event buffers of a plant. Sequence numbers go on from 1."""

    def __init__(self, plant: Plant, safety: SafetyLogic) -> None:
        self._safety = safety
        self._buffers = {s.name: s.event_buffer for s in plant.file.sources if s.event_buffer is not None}
        self._watched = {
            name: tuple(_watched(plant, safety, one) for one in buffer.codes) for name, buffer in self._buffers.items()
        }
        self._state = {name: [self._now(one) for one in watched] for name, watched in self._watched.items()}
        self._events: dict[str, list[tuple[int, int, int]]] = {name: [] for name in self._buffers}
        self._gone = dict.fromkeys(self._buffers, 0)  # how many events a ring has overwritten

    def step(self, time_ns: int) -> None:
        """Take down what changed in the second that begins at `time_ns`."""
        if not self._safety.changed:
            return
        for name, watched in self._watched.items():
            new = []
            for i, one in enumerate(watched):
                state = self._now(one)
                if state != self._state[name][i]:
                    self._state[name][i] = state
                    new.append((time_ns + self._after_ms(one, on=state) * MS_NS, one.code, int(state)))
            kept = self._events[name]
            kept += sorted(new)
            surplus = len(kept) - self._buffers[name].records
            if surplus > 0:
                del kept[:surplus]
                self._gone[name] += surplus

    def ring(self, source: str, until_ns: int, *, later_ns: int = 0) -> tuple[Image, Image]:
        """The registers of the newest number and of the ring, with the events up to a moment.

        later_ns: how much later than the log's the clock of the device is.
        """
        buffer, gone = self._buffers[source], self._gone[source]
        events = [event for event in self._events[source] if event[0] <= until_ns]
        sequence = gone + 1 + np.arange(len(events), dtype=np.int64)
        time_ns, code, state = np.array(events, dtype=np.int64).reshape(-1, 3).T
        words = np.zeros((buffer.records, buffer.words), dtype=np.uint16)
        shown = Stamped(sequence=sequence % buffer.modulus, time_ns=time_ns + later_ns, code=code, state=state)
        words[sequence % buffer.records] = written(shown, buffer)
        newest = np.array([(gone + len(events)) % buffer.modulus], dtype=np.int64)
        return words_of_number(newest, buffer.sequence, buffer)[0], words.ravel()

    def buffer(self, source: str) -> EventBuffer | None:
        """The buffer of a source, None where it has none."""
        return self._buffers.get(source)

    def _now(self, one: _Watched) -> bool:
        if one.valve:
            return self._safety.valves[one.valve].at_safe_end
        if one.function:
            return self._safety.tripped[one.function]
        return any(bool(self._safety.beyond[i]) for i in one.channels)

    def _after_ms(self, one: _Watched, *, on: bool) -> int:
        if one.valve:
            valve = self._safety.valves[one.valve]
            return next((ms for ms in range(1, 1000) if valve.was_at_safe_end(ms / 1000.0) == on), 1000)
        if one.function:
            return TRIP_MS
        return round(INPUT_MS * min(self._safety.crossed_after(i) for i in one.channels))


def _watched(plant: Plant, safety: SafetyLogic, one: EventCode) -> _Watched:
    for function in plant.file.functions:
        if function.tripped == one.point:
            return _Watched(one.code, function=function.name)
        for element in function.elements:
            if element.feedback == one.point:
                return _Watched(one.code, valve=element.name)
    return _Watched(one.code, channels=safety.channels_of(one.point, one.function))
