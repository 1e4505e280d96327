"""The course of each safety function as its safety system stamped it: first-out, demand, trip, safe state.

All moments of a function are of one clock, that of the device whose buffer has its trip bit, so that the differences
between them hold however wrong that clock is. Stamps closer than the device's resolution have no order. Where records
were lost, what was seen stays, and nothing is concluded from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from plantsafe.clock import NS_PER_S
from plantsafe.frame import I8, Bool
from plantsafe.plant import Plant
from plantsafe.plant.model import EventBuffer
from plantsafe.protection.answer import ABSENT, NO, U1, UNKNOWN, YES
from plantsafe.protection.facts import outcome
from plantsafe.protection.tables import STATE_FEEDBACK_TOLERANCE
from plantsafe.verdict import Arrays, Fact

DEVICE_CLOCK = "device"
_Place = tuple[int, str, int]  # function, what of it ("input", "trip", "element"), which


@dataclass(slots=True, kw_only=True)
class Course:
    """One row a function; `*_ns` is UTC by the device's clock, 0 for not (or not known to be).

    active, first_ns (n, n_inputs): beyond the set point, and since when it first was since the group was all normal.
    demand_ns: as many inputs were beyond it as the vote needs. safe (n, n_elements): Answer. trip_scan: the scan that
    the trip came with. told, answered: the first-out and the response of this trip are in the journal. torn: records
    were lost since the group was all normal.
    """

    active: Bool
    first_ns: I8
    demand_ns: I8
    trip_ns: I8
    trip_scan: I8
    safe: U1
    safe_ns: I8
    told: Bool
    answered: Bool
    torn: Bool

    @classmethod
    def fresh(cls, plant: Plant) -> "Course":
        """Nothing known."""
        functions = plant.file.functions
        n = len(functions)
        inputs = max((len(f.inputs) for f in functions), default=1)
        elements = np.full((n, max((len(f.elements) for f in functions), default=1)), ABSENT, dtype=np.uint8)
        for i, function in enumerate(functions):
            elements[i, : len(function.elements)] = UNKNOWN
        return cls(
            active=np.zeros((n, inputs), dtype=np.bool_),
            first_ns=np.zeros((n, inputs), dtype=np.int64),
            demand_ns=np.zeros(n, dtype=np.int64),
            trip_ns=np.zeros(n, dtype=np.int64),
            trip_scan=np.zeros(n, dtype=np.int64),
            safe=elements,
            safe_ns=np.zeros(n, dtype=np.int64),
            told=np.zeros(n, dtype=np.bool_),
            answered=np.zeros(n, dtype=np.bool_),
            torn=np.zeros(n, dtype=np.bool_),
        )

    def arrays(self) -> Arrays:
        """By name, for a snapshot."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class Chronicle:
    """Takes the events of one device after the other; the course of each function is its whole memory."""

    def __init__(self, plant: Plant) -> None:
        self._functions = plant.file.functions
        self.course = Course.fresh(plant)
        self._places: dict[tuple[int, int], list[_Place]] = {}
        self._of_source: dict[int, list[int]] = {}
        self._buffers: dict[int, tuple[str, EventBuffer]] = {}  # of a function: its source and that one's buffer
        for row, source in enumerate(plant.file.sources):
            if source.event_buffer is not None:
                self._place(row, source.name, source.event_buffer)

    def _place(self, row: int, name: str, buffer: EventBuffer) -> None:
        """Which codes of a buffer are about which functions: those whose trip bit it has."""
        coded = {one.point for one in buffer.codes}
        for i, function in enumerate(self._functions):
            if function.tripped not in coded:
                continue
            self._buffers[i] = name, buffer
            self._of_source.setdefault(row, []).append(i)
            for one in buffer.codes:
                if one.function not in (None, function.name):
                    continue
                own: list[_Place] = [(i, "trip", 0)] if one.point == function.tripped else []
                own += [(i, "input", j) for j, channel in enumerate(function.inputs) if channel.point == one.point]
                own += [(i, "element", j) for j, e in enumerate(function.elements) if e.feedback == one.point]
                if own:
                    self._places.setdefault((row, one.code), []).extend(own)

    def take(self, source: int, code: int, state: int, time_ns: int, number: int) -> None:
        """One event of the device, which came with scan `number`."""
        for i, what, j in self._places.get((source, code), ()):
            if what == "input":
                self._input(i, j, on=state != 0, time_ns=time_ns)
            elif what == "trip":
                self._trip(i, on=state != 0, time_ns=time_ns, number=number)
            else:
                self._element(i, j, state, time_ns)
            self._all_normal(i)

    def lose(self, source: int) -> None:
        """Records of the device are missing here: what its functions and valves show now is not known."""
        course = self.course
        for i in self._of_source.get(source, ()):
            course.torn[i] = True
            course.active[i] = False
            course.safe[i] = np.where(course.safe[i] == ABSENT, ABSENT, UNKNOWN)

    @property
    def waiting(self) -> bool:
        """Whether a trip is still to be told of, or its response."""
        course = self.course
        return bool(((course.trip_ns > 0) & ~(course.told & course.answered)).any())

    def facts(self, number: int) -> Iterator[Fact]:
        """First-outs and responses that are known by scan `number`.

        One scan more is awaited after the one that a trip came with: an input stamped earlier may come later.
        """
        course = self.course
        for i in np.flatnonzero((course.trip_ns > 0) & (course.trip_scan < number)).tolist():
            if not course.told[i]:
                course.told[i] = True
                yield Fact(kind="first_out", subject=self._functions[i].name, body=self._first_out(i))
            if not course.answered[i] and course.safe_ns[i]:
                course.answered[i] = True
                yield Fact(kind="device_response", subject=self._functions[i].name, body=self._response(i))

    def _input(self, i: int, j: int, *, on: bool, time_ns: int) -> None:
        course = self.course
        course.active[i, j] = on
        if on and not course.first_ns[i, j]:
            course.first_ns[i, j] = time_ns
        if course.demand_ns[i] == 0 and np.count_nonzero(course.active[i]) >= self._functions[i].vote:
            course.demand_ns[i] = time_ns

    def _trip(self, i: int, *, on: bool, time_ns: int, number: int) -> None:
        course = self.course
        if on and course.trip_ns[i] == 0:
            course.trip_ns[i], course.trip_scan[i] = time_ns, number
            course.told[i] = course.answered[i] = False
        elif not on:
            course.trip_ns[i] = 0

    def _element(self, i: int, j: int, state: int, time_ns: int) -> None:
        course, function = self.course, self._functions[i]
        near = abs(state - function.elements[j].safe_value) <= STATE_FEEDBACK_TOLERANCE
        course.safe[i, j] = YES if near else NO
        enough = np.count_nonzero(course.safe[i] == YES) >= function.element_vote
        if not enough:
            course.safe_ns[i] = 0
        elif course.safe_ns[i] == 0:
            course.safe_ns[i] = time_ns

    def _all_normal(self, i: int) -> None:
        """The group begins anew when every input is back and the trip is released."""
        course = self.course
        if course.trip_ns[i] == 0 and not course.active[i].any():
            course.first_ns[i] = course.demand_ns[i] = 0
            course.torn[i] = False

    def _said_by(self, i: int) -> dict[str, Any]:
        source, buffer = self._buffers[i]
        return {"source": source, "clock": DEVICE_CLOCK, "resolution_s": buffer.resolution_s}

    def _first_out(self, i: int) -> dict[str, Any]:
        """The inputs in the order of their stamps; those closer to the first than the resolution share its place."""
        course, function = self.course, self._functions[i]
        resolution_ns = round(self._buffers[i][1].resolution_s * NS_PER_S)
        when = {c.point: int(course.first_ns[i, j]) for j, c in enumerate(function.inputs) if course.first_ns[i, j]}
        ordered = sorted(when, key=lambda point: (when[point], point))
        until_ns = when[ordered[0]] + resolution_ns if ordered else 0
        first = [point for point in ordered if when[point] < until_ns or point == ordered[0]]
        return {
            **self._said_by(i),
            "first": first,
            "indistinguishable": len(first) > 1,
            "subsequent": [point for point in ordered if point not in first],
            "time_ns": when,
            "trip_ns": int(course.trip_ns[i]),
            "complete": not course.torn[i],
        }

    def _response(self, i: int) -> dict[str, Any]:
        """From the demand to the safe state, both by the device; each stamp may be off by the resolution."""
        course, function = self.course, self._functions[i]
        resolution_s, lag_s = self._buffers[i][1].resolution_s, function.sensor_lag_s
        demand_ns, safe_ns = int(course.demand_ns[i]), int(course.safe_ns[i])
        response: list[float] | None = None
        said = "not_resolved"
        if demand_ns and not course.torn[i]:
            took_s = (safe_ns - demand_ns) / NS_PER_S
            response = [max(took_s - resolution_s, 0.0) + lag_s, took_s + resolution_s + lag_s]
            if took_s < -resolution_s:  # safe before it was asked for
                response = [0.0, 0.0]
            said = outcome(response[0], response[1], function.response_s)
        return {
            **self._said_by(i),
            "demand_ns": demand_ns or None,
            "trip_ns": int(course.trip_ns[i]),
            "safe_ns": safe_ns,
            "response_s": None if response is None else [round(end, 6) for end in response],
            "required_s": function.response_s,
            "sensor_lag_s": lag_s,
            "outcome": said,
        }
