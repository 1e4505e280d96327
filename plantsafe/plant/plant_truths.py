"""The expressions of a plant, judged once a frame for all who ask."""

from collections.abc import Iterable

import numpy as np

from plantsafe.frame import Frame
from plantsafe.plant.expression import Expression
from plantsafe.plant.tables import Index, Plant
from plantsafe.plant.truths import Codes, Condition, Truths


class PlantTruths:
    """FALSE, UNKNOWN or TRUE (see `truths`) of every truth expression of the file, of the last frame that was shown."""

    def __init__(self, plant: Plant) -> None:
        own = plant.expressions
        every = (
            *own.alarms,
            *own.suppress.values(),
            *own.suppress_expression.values(),
            *own.causes.values(),
            *own.resets.values(),
            *own.preconditions.values(),
            *(expression for pair in own.locks.values() for expression in pair),
        )
        conditions = {one.text: one.asks for one in every if isinstance(one.asks, Condition)}
        self._place = {text: i for i, text in enumerate(conditions)}
        self._truths = Truths(tuple(conditions.values()))
        self._frame: Frame | None = None
        self._codes: Codes = np.zeros((2, len(conditions)), dtype=np.uint8)

    def places(self, expressions: Iterable[Expression]) -> Index:
        """Where expressions of this plant stand in the answers."""
        return np.array([self._place[one.text] for one in expressions], dtype=np.intp)

    def of(self, frame: Frame) -> Codes:
        """(2, n) As all values of the frame say, whatever their status, and as the good ones alone say."""
        if frame is not self._frame:
            if self._place:
                self._codes = self._truths.of(np.stack([frame.value, frame.seen]))
            self._frame = frame
        return self._codes
