"""What safety systems stamped themselves, as facts: each event once, what was lost, and the course of the functions."""

from typing import Any

import numpy as np

from plantsafe.clock import NS_PER_S
from plantsafe.frame import F8, I8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.protection.chronicle import DEVICE_CLOCK, Chronicle, Course
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

_NEVER = -1
READ_SCANS = 3  # a record may come so many scans later than the device wrote it (site default)
CLOCK_LIMITS_S = {"clock_differs": 0.5, "clock_wrong": 2.0}  # site default, as of OPC UA servers


class DeviceEventCheck:
    """Facts, and two conditions a buffer, of its clock. A ring that is read anew after a restart brings nothing twice.

    A new record was stamped after the scan before (and READ_SCANS more, for a slow read) and before this one: the clock
    of the device is off where even the best moment between leaves a difference. Held until the next record.
    """

    name = "device_events"

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._buffers = [source.event_buffer for source in plant.file.sources]
        self._clocked = [i for i, buffer in enumerate(self._buffers) if buffer is not None]
        self.conditions: tuple[Condition, ...] = tuple(
            _clock_condition(plant, source, kind) for source in self._clocked for kind in CLOCK_LIMITS_S
        )
        self._clock: Bool = np.zeros(len(self.conditions), dtype=np.bool_)
        self._clock_since: I8 = np.zeros(len(self.conditions), dtype=np.int64)
        self._clock_off_s: F8 = np.full(len(self._clocked), np.nan)
        self._before_ns: I8 = np.zeros(1, dtype=np.int64)
        self._points = [{} if buffer is None else {one.code: one for one in buffer.codes} for buffer in self._buffers]
        self._sequence: I8 = np.full(plant.n_sources, _NEVER, dtype=np.int64)
        self._time_ns: I8 = np.zeros(plant.n_sources, dtype=np.int64)
        self._chronicle = Chronicle(plant)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Tell the journal what is new."""
        newest: dict[int, int] = {}
        events = frame.events
        rows = zip(
            *(array.tolist() for array in (events.source, events.sequence, events.time_ns, events.code, events.state)),
            strict=True,
        )
        for source, sequence, time_ns, code, state in rows:
            first = self._sequence[source] == _NEVER
            if not self._is_new(source, sequence, time_ns, verdict):
                continue
            if not first:
                newest[source] = max(time_ns, newest.get(source, 0))
            self._sequence[source], self._time_ns[source] = sequence, time_ns
            verdict.facts.append(self._fact(frame, source, sequence, time_ns, code, state))
            self._chronicle.take(source, code, state, time_ns, frame.number)
        if self._chronicle.waiting:
            verdict.facts.extend(self._chronicle.facts(frame.number))
        if newest and self._before_ns[0]:
            self._judge_clocks(frame, newest)
        self._before_ns = np.array([frame.time_ns], dtype=np.int64)
        verdict.active[block], verdict.since[block] = self._clock, self._clock_since
        verdict.value[block] = np.repeat(self._clock_off_s, len(CLOCK_LIMITS_S))
        verdict.limit[block] = np.tile(list(CLOCK_LIMITS_S.values()), len(self._clocked))

    def _judge_clocks(self, frame: Frame, newest: dict[int, int]) -> None:
        """The least difference that agrees with when the newest record can have been stamped."""
        since_ns = int(self._before_ns[0]) - READ_SCANS * self._plant.period_ns
        before = self._clock
        active = before.copy()
        for k, source in enumerate(self._clocked):
            if source not in newest:
                continue
            ahead_s, behind_s = ((newest[source] - end) / NS_PER_S for end in (frame.time_ns, since_ns))
            off_s = self._clock_off_s[k] = ahead_s if ahead_s > 0 else min(behind_s, 0.0)
            for j, limit_s in enumerate(CLOCK_LIMITS_S.values()):
                active[k * len(CLOCK_LIMITS_S) + j] = abs(off_s) >= limit_s
        self._clock_since = np.where(active & ~before, frame.number, np.where(active, self._clock_since, 0))
        self._clock = active

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
        own: Arrays = {"sequence": self._sequence, "time_ns": self._time_ns, "before_ns": self._before_ns}
        own |= {"clock.active": self._clock, "clock.since": self._clock_since, "clock.off_s": self._clock_off_s}
        return own | {f"course.{name}": array for name, array in self._chronicle.course.arrays().items()}

    def rows(self) -> Rows:
        """Buffers by source, courses by function."""
        sources = self._plant.sources.names
        functions = tuple(function.name for function in self._plant.file.functions)
        own = {name: functions if name.startswith("course.") else sources for name in self.state()}
        clocks = tuple(condition.name for condition in self.conditions)
        clocked = tuple(sources[i] for i in self._clocked)
        more = {"before_ns": ("scan",), "clock.active": clocks, "clock.since": clocks, "clock.off_s": clocked}
        return own | more

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave; a memory from before there were buffers has none of it."""
        if "sequence" not in arrays:
            return
        self._sequence, self._time_ns = arrays["sequence"].copy(), arrays["time_ns"].copy()
        self._before_ns, self._clock_since = arrays["before_ns"], arrays["clock.since"]
        self._clock, self._clock_off_s = arrays["clock.active"].astype(np.bool_), arrays["clock.off_s"].copy()
        prefix = "course."
        course = {name.removeprefix(prefix): a.copy() for name, a in arrays.items() if name.startswith(prefix)}
        self._chronicle.course = Course(**course)

    def live(self) -> Arrays:
        """Nothing beside its facts."""
        return {}


def _clock_condition(plant: Plant, source: int, kind: str) -> Condition:
    name = plant.sources.names[source]
    alarm = kind == "clock_wrong"
    return Condition(
        name=f"{name}.{kind}",
        subject=name,
        kind=f"source_{kind}",
        klass=ConditionClass.ALARM if alarm else ConditionClass.FINDING,
        priority=3 if alarm else 4,
        limit=CLOCK_LIMITS_S[kind],
        source=source,
        consequence={
            "en": f"The events that {name} stamps cannot be put in order with the rest of this record.",
            "zh": f"{name} 的事件时间戳与本记录的其他时间无法排序。",
        },
        action={
            "en": f"Compare the clock of {name} with the plant's time server, and mend the one that is off.",
            "zh": f"将 {name} 的时钟与全厂时间服务器比对，校正有偏差的一方。",
        },
    )
