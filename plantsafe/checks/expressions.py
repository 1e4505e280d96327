"""Expression alarms of the plant file: conditions over several points of a unit.

As with limits, any value can raise and only good values clear: where the expression is true of what is there, it holds;
where it is not, and good values alone do not say so, it cannot be judged and its timers hold.
"""

import numpy as np

from plantsafe.checks.attributes import alarm_attributes
from plantsafe.delay import Delay
from plantsafe.frame import Frame, is_good
from plantsafe.plant.tables import Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict


class ExpressionCheck:
    """One condition an expression alarm, in the file's order."""

    name = "expressions"

    def __init__(self, plant: Plant) -> None:
        self._expressions = plant.expressions.alarms
        entries = plant.file.expression_alarms
        self.conditions = tuple(
            Condition(
                name=entry.name,
                subject=entry.unit,
                kind="expression",
                klass=ConditionClass.ALARM,
                priority=entry.priority,
                on_delay_scans=plant.scans(entry.on_delay_s),
                off_delay_scans=plant.scans(entry.off_delay_s),
                source=_only_source(plant, expression.points),
                unit=entry.unit,
                consequence=entry.consequence.model_dump(),
                action=entry.action.model_dump(),
                **alarm_attributes(plant, entry),
            )
            for entry, expression in zip(entries, self._expressions, strict=True)
        )
        self._delay = Delay(
            np.array([condition.on_delay_scans for condition in self.conditions], dtype=np.int32),
            np.array([condition.off_delay_scans for condition in self.conditions], dtype=np.int32),
        )

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge every expression against `frame`."""
        seen = np.stack([frame.value, np.where(is_good(frame.status), frame.value, np.nan)])
        beyond, unknown = np.zeros((2, len(self._expressions)), dtype=np.bool_)
        for i, expression in enumerate(self._expressions):
            true, unclear = expression.truth(seen)
            beyond[i] = true[0] & ~unclear[0]
            unknown[i] = ~beyond[i] & unclear[1]
        self._delay.step(beyond, unknown, number=frame.number, gap=verdict.gap)
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since
        verdict.unknown[block] = unknown

    def state(self) -> Arrays:
        """The timers."""
        return self._delay.state()

    def rows(self) -> Rows:
        """Timers go over by the alarm's name."""
        return dict.fromkeys(self._delay.state(), tuple(condition.name for condition in self.conditions))

    def load(self, arrays: Arrays) -> None:
        """Take over the timers."""
        self._delay.load(arrays)

    def live(self) -> Arrays:
        """Nothing beside the conditions."""
        return {}


def _only_source(plant: Plant, points: tuple[str, ...]) -> int:
    """The source all points are read from, -1 where there are several: then no single loss explains it."""
    sources = {int(plant.points.source[plant.points.row[name]]) for name in points}
    return sources.pop() if len(sources) == 1 else -1
