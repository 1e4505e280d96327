"""Expression alarms of the plant file: conditions over several points of a unit.

As with limits, any value can raise and only good values clear: where the expression is true of what is there, it holds;
where it is not, and good values alone do not say so, it cannot be judged and its timers hold.
"""

import numpy as np

from plantsafe.checks.attributes import alarm_attributes
from plantsafe.delay import Delay
from plantsafe.frame import Frame
from plantsafe.plant.plant_truths import PlantTruths
from plantsafe.plant.tables import Plant
from plantsafe.plant.truths import TRUE, UNKNOWN
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict


class ExpressionCheck:
    """One condition an expression alarm, in the file's order."""

    name = "expressions"

    def __init__(self, plant: Plant, truths: PlantTruths | None = None) -> None:
        self._truths = truths or PlantTruths(plant)
        expressions = plant.expressions.alarms
        self._places = self._truths.places(expressions)
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
            for entry, expression in zip(entries, expressions, strict=True)
        )
        self._delay = Delay(
            np.array([condition.on_delay_scans for condition in self.conditions], dtype=np.int32),
            np.array([condition.off_delay_scans for condition in self.conditions], dtype=np.int32),
        )

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge every expression against `frame`."""
        by_any, by_good = self._truths.of(frame)[:, self._places]
        beyond = by_any == TRUE
        unknown = ~beyond & (by_good == UNKNOWN)
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
