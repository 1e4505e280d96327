"""Is each source alive? Judges age and heartbeat, and lowers the status of what can no longer be trusted.

Age counts from the scan in which a source last answered; a source that is read every n-th scan may be n times as old.
The heartbeat is judged by answers, not by scans: a source that says nothing is lost, not frozen. Where the file gives
`max_source_age_s`, a value that the source itself stamped longer ago is uncertain, too.

Runs before every other check: the frame it returns is the one that is judged and recorded. Qualifying a qualified
frame again changes nothing, so that a stored run can be stepped anew.
"""

from dataclasses import replace

import numpy as np

from plantsafe.delay import Delay
from plantsafe.frame import (
    BAD,
    BAD_NO_COMMUNICATION,
    BAD_WAITING_FOR_INITIAL_DATA,
    F8,
    I8,
    UNCERTAIN_LAST_USABLE_VALUE,
    Bool,
    FastSamples,
    Frame,
    is_bad,
    is_good,
)
from plantsafe.plant.tables import Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict

MAX_AGE_SCANS = 2  # nothing received more than 2 scans ago is good (site default)
MAX_STILL_SCANS = 3  # a heartbeat that stands still for 3 answers (site default)


class SourceCheck:
    """Two alarms a source, `<name>.lost` and `<name>.frozen`; rows in the order of the plant's sources, lost first."""

    name = "sources"

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        n = plant.n_sources
        self._heartbeat = plant.sources.heartbeat
        self._point_source = plant.points.source
        self._max_age = MAX_AGE_SCANS * plant.sources.every_scans
        self._max_stamp_ns = plant.sources.max_age_ns[plant.points.source]
        self._told = slice(0, len(plant.file.sources))  # `plantsafe` itself cannot be lost
        self._last_heartbeat: F8 = np.full(n, np.nan)
        self._still: I8 = np.zeros(n, dtype=np.int64)
        self._heard: I8 = np.zeros(n, dtype=np.int64)
        self._first = np.zeros(1, dtype=np.int64)
        self._age: I8 = np.zeros(n, dtype=np.int64)
        none = np.zeros(2 * len(plant.file.sources), dtype=np.int32)
        self._delay = Delay(none, none)
        self.conditions = tuple(
            Condition(
                name=f"{entry.name}.{kind}",
                subject=entry.name,
                kind=f"source_{kind}",
                klass=ConditionClass.ALARM,
                priority=2,
                limit=float(limit * plant.sources.every_scans[i]) if kind == "lost" else float(limit),
                consequence=entry.consequence.model_dump(),
                action=entry.action.model_dump(),
            )
            for kind, limit in (("lost", MAX_AGE_SCANS), ("frozen", MAX_STILL_SCANS))
            for i, entry in enumerate(plant.file.sources)
        )

    def qualify(self, frame: Frame) -> Frame:
        """The frame with statuses lowered by age and heartbeat; also steps the heartbeat's memory."""
        if self._first[0] == 0:
            self._first[0] = frame.number
        self._age = frame.number - np.maximum(frame.received, self._first[0] - 1)
        answered = frame.received > self._heard
        self._heard = np.maximum(self._heard, frame.received)

        gone = is_bad(frame.status[self._heartbeat]) | self.lost
        beat = np.where(gone, np.nan, frame.value[self._heartbeat])
        moved = ~np.isnan(beat) & (beat != self._last_heartbeat)
        self._still = np.where(moved, 0, self._still + answered)
        self._last_heartbeat = np.where(np.isnan(beat), self._last_heartbeat, beat)

        status, value = frame.status.copy(), frame.value.copy()
        broken = ~is_bad(status) & ~np.isfinite(value)
        status[broken] = BAD
        lost = self.lost[self._point_source]
        never = (frame.received == 0)[self._point_source]
        status[lost] = np.where(never[lost], np.uint32(BAD_WAITING_FOR_INITIAL_DATA), np.uint32(BAD_NO_COMMUNICATION))
        frozen = (self._still >= MAX_STILL_SCANS)[self._point_source]
        stale = (self._max_stamp_ns > 0) & (frame.source_time_ns > 0)
        stale &= frame.time_ns - frame.source_time_ns > self._max_stamp_ns
        status[(frozen | stale) & is_good(status)] = UNCERTAIN_LAST_USABLE_VALUE
        value[is_bad(status)] = np.nan
        return replace(frame, value=value, status=status, fast=self._qualify_fast(frame.fast, frozen))

    def _qualify_fast(self, fast: FastSamples, frozen: Bool) -> FastSamples:
        """Samples are lowered as the values of the scan are; `frozen` (n_points)."""
        if not fast.point.size:
            return fast
        status = fast.status.copy()
        status[~is_bad(status) & ~np.isfinite(fast.value)] = BAD
        status[self.lost[self._point_source[fast.point]]] = BAD_NO_COMMUNICATION
        status[frozen[fast.point][:, None] & is_good(status)] = UNCERTAIN_LAST_USABLE_VALUE
        return replace(fast, value=np.where(is_bad(status), np.nan, fast.value), status=status)

    @property
    def lost(self) -> Bool:
        """(n_sources,) True where a source has been silent for too long; valid after `qualify`."""
        answer: Bool = self._age > self._max_age
        return answer

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Write the two alarms a source; a lost source is not also called frozen."""
        told = self._told
        lost = self.lost[told]
        frozen = (self._still[told] >= MAX_STILL_SCANS) & ~lost
        beyond = np.concatenate([lost, frozen])
        self._delay.step(beyond, np.zeros_like(beyond), number=frame.number, gap=verdict.gap)
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since
        verdict.value[block] = np.concatenate([self._age[told], self._still[told]])
        verdict.limit[block] = np.concatenate([self._max_age[told], np.full(len(lost), MAX_STILL_SCANS)])

    def state(self) -> Arrays:
        """Heartbeats, ages and timers."""
        own: Arrays = {
            "last_heartbeat": self._last_heartbeat,
            "still": self._still,
            "heard": self._heard,
            "first": self._first,
            "age": self._age,
        }
        return own | {f"delay.{name}": array for name, array in self._delay.state().items()}

    def rows(self) -> Rows:
        """By the source's name; scan numbers go over whole."""
        sources = dict.fromkeys(("last_heartbeat", "still", "heard", "age"), self._plant.sources.names)
        names = tuple(condition.name for condition in self.conditions)
        timers = {f"delay.{name}": names for name in self._delay.state()}
        return sources | {"first": ("scan",)} | timers

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._last_heartbeat, self._still = arrays["last_heartbeat"], arrays["still"]
        self._heard, self._first, self._age = arrays["heard"], arrays["first"], arrays["age"]
        self._delay.load({name.removeprefix("delay."): a for name, a in arrays.items() if name.startswith("delay.")})

    def live(self) -> Arrays:
        """Age of each source in scans, and for how many of its answers its heartbeat has stood still."""
        return {"age_scans": self._age, "still_scans": self._still}
