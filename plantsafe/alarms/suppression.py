"""Suppression by design: which alarms the plant file's expressions suppress now, each expression judged once a scan.

Only good data suppresses. Where good data alone does not say that the expression is true, the alarm is shown: no alarm
stays hidden behind a reading that nobody has.
"""

from typing import Any

import numpy as np

from plantsafe.frame import Bool, Frame
from plantsafe.plant.expression import Expression
from plantsafe.plant.plant_truths import PlantTruths
from plantsafe.plant.tables import Plant
from plantsafe.plant.truths import TRUE


class DesignSuppression:
    """The alarms of a plant that have a `suppress` expression. names (k,): of their conditions."""

    def __init__(self, plant: Plant, truths: PlantTruths | None = None) -> None:
        self._truths = truths or PlantTruths(plant)
        given: list[tuple[str, Expression]] = [
            (plant.file.alarms[i].name, expression) for i, expression in plant.expressions.suppress.items()
        ]
        given += [
            (plant.file.expression_alarms[i].name, expression)
            for i, expression in plant.expressions.suppress_expression.items()
        ]
        self.names = tuple(name for name, _ in given)
        self._expressions = tuple(expression for _, expression in given)
        self._places = self._truths.places(self._expressions)
        self._points = plant.points.row

    def now(self, frame: Frame) -> Bool:
        """(k,) True where the alarm is suppressed in this frame."""
        by_good = self._truths.of(frame)[1]
        answer: Bool = by_good[self._places] == TRUE
        return answer

    def inputs(self, k: int, frame: Frame) -> dict[str, Any]:
        """The rule of the k-th alarm, and what its points read."""
        expression = self._expressions[k]
        values = {name: float(frame.value[self._points[name]]) for name in expression.points}
        return {
            "rule": expression.text,
            "inputs": {name: round(v, 6) if np.isfinite(v) else None for name, v in values.items()},
        }
