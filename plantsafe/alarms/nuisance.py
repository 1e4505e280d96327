"""Alarms that say nothing: chattering and stale ones, watched scan by scan."""

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import I8, Bool
from plantsafe.verdict import Arrays, Rows

CHATTER_TIMES = 3  # activations of the same alarm (Hexagon PAS, as listed in the project's reference)
CHATTER_S = 60.0  # ... within this time
STALE_S = 86_400.0  # annunciated without a break for longer (ISA-18.2-2016 16.4)
_STALE_EVERY = 60  # scans between two looks for stale alarms (site default)

Index = NDArray[np.intp]


class Nuisance:
    """chattering, stale (n,): True while an alarm is so. recent (n, 3): scans of its last activations, oldest first."""

    def __init__(self, n: int, period_s: float) -> None:
        self._chatter_scans = round(CHATTER_S / period_s)
        self._stale_scans = round(STALE_S / period_s)
        self._recent: I8 = np.full((n, CHATTER_TIMES), -(10**12), dtype=np.int64)
        self.chattering: Bool = np.zeros(n, dtype=np.bool_)
        self.stale: Bool = np.zeros(n, dtype=np.bool_)

    def chatter(self, came: Index, number: int) -> tuple[Index, Index]:
        """Alarms `came` were activated in this scan; returns those that begin and those that stop chattering."""
        if came.size:
            self._recent[came, :-1] = self._recent[came, 1:]
            self._recent[came, -1] = number
        was = np.flatnonzero(self.chattering)
        begun = came[~self.chattering[came] & (number - self._recent[came, 0] <= self._chatter_scans)]
        over = was[number - self._recent[was, 0] > self._chatter_scans] if was.size else was
        self.chattering[begun], self.chattering[over] = True, False
        return begun, over

    def look_for_stale(self, shown_since: I8, number: int) -> Index:
        """Alarms that have become stale; `shown_since` (n,) is 0 where an alarm is not annunciated."""
        if number % _STALE_EVERY:
            return np.zeros(0, dtype=np.intp)
        stale = (shown_since > 0) & (number - shown_since > self._stale_scans)
        new = np.flatnonzero(stale & ~self.stale)
        self.stale = stale
        return new

    def state(self) -> Arrays:
        """The last activations."""
        return {"recent": self._recent, "chattering": self.chattering, "stale": self.stale}

    def rows(self, names: tuple[str, ...]) -> Rows:
        """By the condition's name."""
        return dict.fromkeys(self.state(), names)

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._recent = arrays["recent"]
        self.chattering, self.stale = arrays["chattering"].astype(np.bool_), arrays["stale"].astype(np.bool_)
