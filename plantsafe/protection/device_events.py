"""What safety systems stamped themselves, as facts: each event once, what was lost, and the course of the functions."""

from typing import Any

import numpy as np

from plantsafe.clock import NS_PER_S
from plantsafe.frame import I8, Frame
from plantsafe.plant import Plant
from plantsafe.protection.chronicle import DEVICE_CLOCK, Chronicle, Course
from plantsafe.verdict import Arrays, Condition, Fact, Rows, Verdict

_NEVER = -1


class DeviceEventCheck:
    """No conditions, only facts. A ring that is read anew after a restart brings nothing twice."""

    name = "device_events"

    def __init__(self, plant: Plant) -> None:
        self.conditions: tuple[Condition, ...] = ()
        self._plant = plant
        self._buffers = [source.event_buffer for source in plant.file.sources]
        self._points = [{} if buffer is None else {one.code: one for one in buffer.codes} for buffer in self._buffers]
        self._sequence: I8 = np.full(plant.n_sources, _NEVER, dtype=np.int64)
        self._time_ns: I8 = np.zeros(plant.n_sources, dtype=np.int64)
        self._chronicle = Chronicle(plant)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:  # noqa: ARG002  it has no conditions
        """Tell the journal what is new."""
        events = frame.events
        rows = zip(
            *(array.tolist() for array in (events.source, events.sequence, events.time_ns, events.code, events.state)),
            strict=True,
        )
        for source, sequence, time_ns, code, state in rows:
            if not self._is_new(source, sequence, time_ns, verdict):
                continue
            self._sequence[source], self._time_ns[source] = sequence, time_ns
            verdict.facts.append(self._fact(frame, source, sequence, time_ns, code, state))
            self._chronicle.take(source, code, state, time_ns, frame.number)
        if self._chronicle.waiting:
            verdict.facts.extend(self._chronicle.facts(frame.number))

    def _is_new(self, source: int, sequence: int, time_ns: int, verdict: Verdict) -> bool:
        """Whether this record was not taken before; a gap before it is told, and so is a device that began anew."""
        buffer, last = self._buffers[source], int(self._sequence[source])
        if buffer is None:
            return False
        if last == _NEVER:
            return True
        name = self._plant.sources.names[source]
        ahead = (sequence - last) % buffer.modulus
        if 0 < ahead <= buffer.modulus // 2:
            if ahead > 1:
                body: dict[str, Any] = {
                    "first": (last + 1) % buffer.modulus,
                    "last": (sequence - 1) % buffer.modulus,
                    "count": ahead - 1,
                }
                verdict.facts.append(Fact(kind="device_events_lost", subject=name, body=body))
                self._chronicle.lose(source)
            return True
        if time_ns <= int(self._time_ns[source]):
            return False
        body = {"before": last, "after": sequence}
        verdict.facts.append(Fact(kind="device_events_restarted", subject=name, body=body))
        self._chronicle.lose(source)
        return True

    def _fact(self, frame: Frame, source: int, sequence: int, time_ns: int, code: int, state: int) -> Fact:
        buffer, name = self._buffers[source], self._plant.sources.names[source]
        known = self._points[source].get(code)
        body: dict[str, Any] = {
            "source": name,
            "clock": DEVICE_CLOCK,
            "time_ns": time_ns,
            "resolution_s": buffer.resolution_s if buffer is not None else None,
            "sequence": sequence,
            "code": code,
            "state": state,
            "seen_after_s": round((frame.time_ns - time_ns) / NS_PER_S, 3),  # both clocks are in this difference
        }
        if known is not None and known.function is not None:
            body["function"] = known.function
        return Fact(kind="device_event", subject=name if known is None else known.point, body=body)

    def state(self) -> Arrays:
        """What was taken last of each buffer, and the course of each function."""
        own: Arrays = {"sequence": self._sequence, "time_ns": self._time_ns}
        return own | {f"course.{name}": array for name, array in self._chronicle.course.arrays().items()}

    def rows(self) -> Rows:
        """Buffers by source, courses by function."""
        sources = self._plant.sources.names
        functions = tuple(function.name for function in self._plant.file.functions)
        return {name: functions if name.startswith("course.") else sources for name in self.state()}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave; a memory from before there were buffers has none of it."""
        if "sequence" not in arrays:
            return
        self._sequence, self._time_ns = arrays["sequence"].copy(), arrays["time_ns"].copy()
        prefix = "course."
        course = {name.removeprefix(prefix): a.copy() for name, a in arrays.items() if name.startswith(prefix)}
        self._chronicle.course = Course(**course)

    def live(self) -> Arrays:
        """Nothing beside its facts."""
        return {}
