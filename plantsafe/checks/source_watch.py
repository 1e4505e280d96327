"""What sources say of their own work: a clock that is off, a certificate that ends, a right to write, slow reads.

The figures are points of the frame (`plantsafe.plant.watch`), so that a stored run is judged again as it was. A lost
source suppresses its conditions by design: nothing can be said of its link.
"""

from string import Template

import numpy as np

from plantsafe.checks.watch_rules import OWN_RULES, RULES, Rule
from plantsafe.delay import Delay, beyond_with_deadband
from plantsafe.frame import Frame, is_bad
from plantsafe.plant.tables import Plant
from plantsafe.plant.watch import OWN_FIGURES, WATCH_SOURCE
from plantsafe.verdict import Arrays, Condition, Rows, Verdict


class SourceWatchCheck:
    """One condition a rule and source that has the figure, `<source>.<rule>`; all sources of a rule together."""

    name = "watch"

    def __init__(self, plant: Plant) -> None:
        entries = plant.file.sources
        pairs = [
            (rule, i, int(row))
            for rule in RULES
            for i, row in enumerate(plant.watch.of(rule.figure).tolist())
            if row >= 0
        ]
        own = {figure.name: int(row) for figure, row in zip(OWN_FIGURES, plant.watch.own, strict=True)}
        pairs += [(rule, -1, own[rule.figure]) for rule in OWN_RULES]
        self._rows = np.array([row for _, _, row in pairs], dtype=np.intp)
        self._size = np.array([rule.size for rule, _, _ in pairs], dtype=np.bool_)
        self._limit = np.array([rule.limit for rule, _, _ in pairs], dtype=np.float64)
        self._sign = np.array([rule.sign for rule, _, _ in pairs], dtype=np.float64)
        self._deadband = np.array([rule.deadband for rule, _, _ in pairs], dtype=np.float64)
        self._delay = Delay(
            np.array([rule.on_delay_scans for rule, _, _ in pairs], dtype=np.int32),
            np.array([rule.off_delay_scans for rule, _, _ in pairs], dtype=np.int32),
        )
        self.conditions = tuple(
            _condition(rule, entries[i].name if i >= 0 else WATCH_SOURCE, i, row) for rule, i, row in pairs
        )

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge every figure of `frame`; what is not known now holds its timers."""
        value = frame.value[self._rows]
        amount = np.where(self._size, np.abs(value), value)
        beyond = beyond_with_deadband(amount, self._limit, self._sign, self._deadband, self._delay.active)
        unknown = is_bad(frame.status[self._rows])
        self._delay.step(beyond & ~unknown, unknown, number=frame.number, gap=verdict.gap)
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since
        verdict.unknown[block] = unknown
        verdict.value[block] = value
        verdict.limit[block] = self._limit

    def state(self) -> Arrays:
        """The timers."""
        return self._delay.state()

    def rows(self) -> Rows:
        """Timers go over by the condition's name."""
        return dict.fromkeys(self._delay.state(), tuple(condition.name for condition in self.conditions))

    def load(self, arrays: Arrays) -> None:
        """Take over the timers."""
        self._delay.load(arrays)

    def live(self) -> Arrays:
        """Nothing beside the conditions."""
        return {}


def _condition(rule: Rule, source: str, row: int, point: int) -> Condition:
    return Condition(
        name=f"{source}.{rule.name}",
        subject=source,
        kind=rule.kind,
        klass=rule.klass,
        priority=rule.priority,
        on_delay_scans=rule.on_delay_scans,
        off_delay_scans=rule.off_delay_scans,
        deadband=rule.deadband,
        limit=rule.limit,
        point=point,
        source=row,
        consequence={language: Template(text).substitute(source=source) for language, text in rule.consequence.items()},
        action={language: Template(text).substitute(source=source) for language, text in rule.action.items()},
    )
