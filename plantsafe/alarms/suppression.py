"""Suppression by design: which alarms the plant file's expressions suppress now, each expression judged once a scan.

Only good data suppresses. Where good data alone does not say that the expression is true, the alarm is shown: no alarm
stays hidden behind a reading that nobody has.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import Bool, Frame, is_good
from plantsafe.plant.expression import Expression
from plantsafe.plant.tables import Plant


class DesignSuppression:
    """The alarms of a plant that have a `suppress` expression. names (k,): of their conditions."""

    def __init__(self, plant: Plant) -> None:
        given: list[tuple[str, Expression]] = [
            (plant.file.alarms[i].name, expression) for i, expression in plant.expressions.suppress.items()
        ]
        given += [
            (plant.file.expression_alarms[i].name, expression)
            for i, expression in plant.expressions.suppress_expression.items()
        ]
        texts = {expression.text: expression for _, expression in given}
        place = {text: i for i, text in enumerate(texts)}
        self.names = tuple(name for name, _ in given)
        self._expressions = tuple(texts.values())
        self._which: NDArray[np.intp] = np.array([place[expression.text] for _, expression in given], dtype=np.intp)
        self._points = plant.points.row

    def now(self, frame: Frame) -> Bool:
        """(k,) True where the alarm is suppressed in this frame."""
        if not self._expressions:
            return np.zeros(0, dtype=np.bool_)
        good = np.where(is_good(frame.status), frame.value, np.nan)
        holds = np.zeros(len(self._expressions), dtype=np.bool_)
        for i, expression in enumerate(self._expressions):
            holds[i] = bool(expression.truth(good)[0])
        answer: Bool = holds[self._which]
        return answer

    def inputs(self, k: int, frame: Frame) -> dict[str, Any]:
        """The rule of the k-th alarm, and what its points read."""
        expression = self._expressions[self._which[k]]
        values = {name: float(frame.value[self._points[name]]) for name in expression.points}
        return {
            "rule": expression.text,
            "inputs": {name: round(v, 6) if np.isfinite(v) else None for name, v in values.items()},
        }
