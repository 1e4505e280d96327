"""HH, H, L and LL limits of the plant file, all at once.

A value beyond its limit raises whatever its status, as long as there is a value; an instrument driven to an end of its
range counts as beyond every limit on that side, unless the file says that it drives there on its own fault. Only a good
value clears. Bad without a value, or uncertain and not beyond, cannot be judged: timers hold. A point of a fast group
is judged by the furthest of its samples since the scan before, so that a peak between two scans raises.
"""

import numpy as np

from plantsafe.checks.attributes import alarm_attributes
from plantsafe.checks.interval import Extremes
from plantsafe.delay import Delay, beyond_with_deadband
from plantsafe.frame import LIMIT_HIGH, LIMIT_LOW, LIMIT_MASK, Frame
from plantsafe.plant.tables import FAIL_HIGH, FAIL_LOW, Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict


class LimitCheck:
    """One condition an alarm of the plant file, in the file's order."""

    name = "limits"

    def __init__(self, plant: Plant) -> None:
        self._alarms = alarms = plant.alarms
        fail = plant.points.fail[alarms.point]
        self._fault_side = np.where(alarms.sign > 0, fail == FAIL_HIGH, fail == FAIL_LOW)
        self._end = np.where(alarms.sign > 0, np.uint32(LIMIT_HIGH), np.uint32(LIMIT_LOW))
        self._extremes = Extremes(plant.fast, alarms.point, alarms.sign, self._fault_side)
        self._delay = Delay(alarms.on_delay_scans, alarms.off_delay_scans)
        self.conditions = tuple(
            Condition(
                name=entry.name,
                subject=entry.point,
                kind=entry.direction,
                klass=ConditionClass.ALARM,
                priority=entry.priority,
                on_delay_scans=int(alarms.on_delay_scans[i]),
                off_delay_scans=int(alarms.off_delay_scans[i]),
                deadband=entry.deadband,
                limit=entry.limit,
                point=int(alarms.point[i]),
                source=int(plant.points.source[alarms.point[i]]),
                unit=plant.entries[alarms.point[i]].unit,
                consequence=entry.consequence.model_dump(),
                action=entry.action.model_dump(),
                **alarm_attributes(plant, entry),
            )
            for i, entry in enumerate(plant.file.alarms)
        )

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge every limit against `frame`."""
        alarms = self._alarms
        value, status = frame.value[alarms.point], frame.status[alarms.point]
        driven = (status & np.uint32(LIMIT_MASK)) == self._end
        faulted = driven & self._fault_side
        if frame.fast.point.size:
            rows = self._extremes.rows
            value[rows], driven[rows] = self._extremes.of(frame.fast, value[rows], status[rows])
        beyond = beyond_with_deadband(value, alarms.limit, alarms.sign, alarms.deadband, self._delay.active)
        beyond = (beyond | driven) & ~faulted
        unknown = faulted | ~(frame.good[alarms.point] | beyond)
        self._delay.step(beyond, unknown, number=frame.number, gap=verdict.gap)
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since
        verdict.unknown[block] = unknown
        verdict.value[block] = value
        verdict.limit[block] = alarms.limit

    def state(self) -> Arrays:
        """The timers."""
        return self._delay.state()

    def rows(self) -> Rows:
        """Timers go over by the alarm's name."""
        return dict.fromkeys(self._delay.state(), self._alarms.names)

    def load(self, arrays: Arrays) -> None:
        """Take over the timers."""
        self._delay.load(arrays)

    def live(self) -> Arrays:
        """Nothing beside the conditions."""
        return {}
