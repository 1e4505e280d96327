"""Counts and longest runs of three-valued answers over the scans of a period, for many subjects at once."""

import numpy as np
from numpy.typing import NDArray

from plantsafe.compliance.figure import Counts
from plantsafe.frame import I8, Bool

Codes = NDArray[np.uint8]

WELL, BEYOND, UNJUDGED = np.uint8(0), np.uint8(1), np.uint8(2)


def code(beyond: Bool, well: Bool) -> Codes:
    """BEYOND where `beyond`, WELL where only `well`, UNJUDGED elsewhere."""
    return np.where(beyond, BEYOND, np.where(well, WELL, UNJUDGED))


class Tally:
    """Fed block by block in the order of the scans, then closed once.

    longest_seen (n_subjects): longest run of scans that were seen beyond, broken by anything else.
    longest_possible: longest run in which every scan was beyond, unjudged or missing.
    """

    def __init__(self, n_subjects: int, *, before: int) -> None:
        self._count: I8 = np.zeros((3, n_subjects), dtype=np.int64)
        self._missing = before
        self._seen: I8 = np.zeros(n_subjects, dtype=np.int64)
        self._possible: I8 = np.full(n_subjects, before, dtype=np.int64)
        self.longest_seen: I8 = np.zeros(n_subjects, dtype=np.int64)
        self.longest_possible: I8 = np.full(n_subjects, before, dtype=np.int64)

    def take(self, codes: Codes, missing: I8) -> None:
        """Add codes (n, n_subjects); missing (n,): scans lost just before each."""
        self._count += np.stack([(codes == which).sum(axis=0) for which in (WELL, BEYOND, UNJUDGED)])
        self._missing += int(missing.sum())
        self._take_seen(codes == BEYOND, missing)
        self._take_possible(codes != WELL, missing)

    def _take_seen(self, beyond: Bool, missing: I8) -> None:
        index = np.arange(len(beyond), dtype=np.int64)[:, None]
        start = np.where(beyond, np.where(missing[:, None] > 0, index - 1, np.iinfo(np.int64).min), index)
        start = np.maximum.accumulate(np.vstack([-1 - self._seen, start]), axis=0)[1:]
        run = index - start
        self.longest_seen = np.maximum(self.longest_seen, run.max(axis=0))
        self._seen = run[-1]

    def _take_possible(self, open_: Bool, missing: I8) -> None:
        slot = np.cumsum(1 + missing)[:, None]
        end = np.where(open_, np.iinfo(np.int64).min, slot)
        end = np.maximum.accumulate(np.vstack([-self._possible, end]), axis=0)
        before_each = slot - 1 - end[:-1]  # the run that reaches up to the scan before
        run = slot - end[1:]
        longest = np.maximum(before_each.max(axis=0), run.max(axis=0))
        self.longest_possible = np.maximum(self.longest_possible, longest)
        self._possible = run[-1]

    def close(self, *, after: int) -> None:
        """Add the scans missing at the end of the period."""
        self._missing += after
        self.longest_possible = np.maximum(self.longest_possible, self._possible + after)

    def counts(self, subject: int) -> Counts:
        """What was counted for one subject."""
        well, beyond, unjudged = (int(n) for n in self._count[:, subject])
        return Counts(well=well, beyond=beyond, unjudged=unjudged, missing=self._missing)
