"""Yes, no, or not known: what bad and stale data leave of a question."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import Bool
from plantsafe.plant import truths

U1 = NDArray[np.uint8]


class Answer(IntEnum):
    """ABSENT fills the rows of a padded array that stand for nothing."""

    NO = 0
    YES = 1
    UNKNOWN = 2
    ABSENT = 3


NO, YES, UNKNOWN, ABSENT = (np.uint8(code) for code in Answer)  # an IntEnum beside an array costs six times as much


def answer(yes: Bool, no: Bool) -> U1:
    """YES where `yes`, NO where only `no`, UNKNOWN elsewhere."""
    return np.where(yes, YES, np.where(no, NO, UNKNOWN))


_OF_CODE: U1 = np.array([NO, NO, NO], dtype=np.uint8)
_OF_CODE[[truths.FALSE, truths.UNKNOWN, truths.TRUE]] = NO, UNKNOWN, YES


def answered(codes: U1) -> U1:
    """What expressions say (see `plant.truths`) as answers."""
    return _OF_CODE[codes]
