"""Deadband and delays in scan counts, for a block of conditions at once.

Three answers a scan: beyond, clear, or not judged. What is not judged holds every timer. A lost scan counts towards
raising (the condition may have held all the while) and never towards clearing.
"""

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8, I8, Bool
from plantsafe.verdict import Arrays


def beyond_with_deadband(value: F8, limit: F8, sign: F8, deadband: F8, active: Bool) -> Bool:
    """True where `value` is at or beyond `limit` in the direction of `sign` (+1 high, -1 low), shapes (n,).

    Where it is active it stays so until the value is back by the whole deadband. NaN is never beyond.
    """
    distance = (value - limit) * sign
    answer: Bool = distance >= 0.0
    if active.any():
        answer |= active & (distance > -deadband)
    return answer


class Delay:
    """On- and off-delay of n conditions; `active` is the answer after both, another array only where it has changed.

    on_delay, off_delay (n,): scans a condition must hold, or be gone, without a break; 0 acts in the same scan.
    """

    def __init__(self, on_delay: NDArray[np.int32], off_delay: NDArray[np.int32]) -> None:
        n = len(on_delay)
        self.on_delay = on_delay.astype(np.int64)
        self.off_delay = off_delay.astype(np.int64)
        self.active: Bool = np.zeros(n, dtype=np.bool_)
        self.since: I8 = np.zeros(n, dtype=np.int64)
        self._on: I8 = np.zeros(n, dtype=np.int64)
        self._off: I8 = np.zeros(n, dtype=np.int64)
        self._at_rest = True  # nothing is active and no timer runs: only a condition that holds can change that

    def step(self, beyond: Bool, unknown: Bool, *, number: int, gap: int) -> None:
        """One scan: `beyond` (n,) where the condition holds, `unknown` (n,) where that cannot be told."""
        true = beyond & ~unknown
        if self._at_rest and not true.any():
            return
        false = ~(beyond | unknown)
        if gap:
            self._on = self._on + gap * (true & (self._on > 0))
        self._on = (self._on + true) * ~false
        self._off = (self._off + (false & self.active)) * ~true
        raised = ~self.active & (self._on > self.on_delay)
        cleared = self.active & (self._off > self.off_delay)
        if (raised | cleared).any():
            self.active = (self.active | raised) & ~cleared
            self._off *= self.active
            self.since = np.where(raised, number, self.since * self.active)
        self._at_rest = self._rests()

    def _rests(self) -> bool:
        return not (self.active.any() or self._on.any() or self._off.any())

    def state(self) -> Arrays:
        """The timers by name."""
        return {"active": self.active, "since": self.since, "on": self._on, "off": self._off}

    def load(self, arrays: Arrays) -> None:
        """Take over timers that `state` gave."""
        self.active, self.since = arrays["active"].astype(np.bool_), arrays["since"]
        self._on, self._off = arrays["on"], arrays["off"]
        self._at_rest = self._rests()
