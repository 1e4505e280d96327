"""Alarm floods: more annunciations in ten minutes than a person can follow; over times, and scan by scan.

The window is (t - 600 s, t]. A flood starts when the count reaches the start figure (inclusive, EEMUA 191) or exceeds
it (strict, ISA-18.2), and is over when the count falls below five.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plantsafe.frame import I8
from plantsafe.verdict import Arrays

WINDOW_S = 600.0  # ISA-18.2-2016 16.4
START = 10  # EEMUA 191: ten or more; ISA-18.2-2016 16.4: more than ten
END_BELOW = 5  # ISA-18.2-2016 16.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """One flood: the oldest annunciation in the window when it was detected, and when it was over (None: not yet).

    first, last: rows of the input of the first and the last annunciation of the flood.
    """

    first_ns: int
    detected_ns: int
    end_ns: int | None
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many annunciations it had."""
        return self.last - self.first + 1


def floods(time_ns: I8, *, until_ns: int | None = None, strict: bool = False, step_ns: int = 10**9) -> list[Flood]:
    """The floods of annunciations at `time_ns` (n,), rising. The end is looked for every `step_ns` after an alarm.

    until_ns: where the record ends; a flood that is not over then has no end. Without it time goes on for ever.
    """
    window_ns, start = round(WINDOW_S * 1e9), START + 1 if strict else START
    oldest = np.searchsorted(time_ns, time_ns - window_ns, side="right")
    count = np.arange(1, len(time_ns) + 1) - oldest
    gone_ns = _falls_below(time_ns, window_ns, step_ns)
    found: list[Flood] = []
    begins, ends = np.flatnonzero(count >= start), np.flatnonzero(gone_ns >= 0)
    at = 0
    while at < len(begins):
        i = int(begins[at])
        following = int(np.searchsorted(ends, i))
        over = following < len(ends)
        last = int(ends[following]) if over else len(time_ns) - 1
        end_ns = int(gone_ns[last]) if over else None
        if end_ns is not None and until_ns is not None and end_ns > until_ns:
            end_ns = None
        found.append(
            Flood(
                first_ns=int(time_ns[oldest[i]]),
                detected_ns=int(time_ns[i]),
                end_ns=end_ns,
                first=int(oldest[i]),
                last=last,
            )
        )
        at = int(np.searchsorted(begins, last, side="right"))
    return found


def _falls_below(time_ns: I8, window_ns: int, step_ns: int) -> I8:
    """(n,) when the count falls below the end figure between this annunciation and the next, -1 where it does not.

    An annunciation ends a flood itself where so many older ones left the window in its own instant.
    """
    n = len(time_ns)
    answer = np.full(n, -1, dtype=np.int64)
    if n == 0:
        return answer
    oldest = np.searchsorted(time_ns, time_ns - window_ns, side="right")
    newest = np.searchsorted(time_ns, time_ns, side="right")  # of the same instant all count
    own = newest - oldest < END_BELOW
    answer[own] = time_ns[own]
    pivot = np.arange(n) - (END_BELOW - 1)  # when this one leaves, four are left
    has = ~own & (pivot >= 0)
    left_ns = time_ns[np.maximum(pivot, 0)] + window_ns
    wait = np.maximum(left_ns - time_ns, 0)
    at_ns = time_ns + -(-wait // step_ns) * step_ns
    following = np.append(time_ns[1:], np.iinfo(np.int64).max)
    fits = has & (at_ns < following)
    answer[fits] = at_ns[fits]
    return answer


class FloodWatch:
    """The same scan by scan. now, count: whether a flood runs, and how many annunciations the window holds."""

    def __init__(self, period_s: float, *, strict: bool = False) -> None:
        self._window = round(WINDOW_S / period_s)
        self._start = START + 1 if strict else START
        self.strict = strict
        self._scan: I8 = np.zeros(0, dtype=np.int64)
        self._count: I8 = np.zeros(0, dtype=np.int64)
        self._first: I8 = np.zeros(0, dtype=np.int64)
        self._flood: I8 = np.zeros(2, dtype=np.int64)  # scan of detection (0: none), annunciations since its first

    @property
    def now(self) -> bool:
        """True while a flood runs."""
        return bool(self._flood[0])

    @property
    def count(self) -> int:
        """Annunciations of the last ten minutes."""
        return int(self._count.sum())

    @property
    def detected(self) -> int:
        """Scan in which the present flood was detected, 0 for none."""
        return int(self._flood[0])

    def step(self, number: int, annunciated: Sequence[int]) -> tuple[str, int, int] | None:
        """Rows annunciated in scan `number`; a flood that ("started", first row, its scan) or ("ended", count, 0)."""
        if len(annunciated):
            self._scan = np.append(self._scan, number)
            self._count = np.append(self._count, len(annunciated))
            self._first = np.append(self._first, annunciated[0])
        if self._scan.size and self._scan[0] <= number - self._window:
            kept = self._scan > number - self._window
            self._scan, self._count, self._first = self._scan[kept], self._count[kept], self._first[kept]
        count = self.count
        if not self.now:
            if count < self._start:
                return None
            self._flood[:] = number, count
            return "started", int(self._first[0]), int(self._scan[0])
        self._flood[1] += len(annunciated)
        if count >= END_BELOW:
            return None
        total = int(self._flood[1])
        self._flood[:] = 0
        return "ended", total, 0

    def state(self) -> Arrays:
        """The window, by scan."""
        return {"flood": self._flood, "flood_scan": self._scan, "flood_count": self._count, "flood_first": self._first}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._flood, self._scan = arrays["flood"], arrays["flood_scan"]
        self._count, self._first = arrays["flood_count"], arrays["flood_first"]
