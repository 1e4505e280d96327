"""Service of each function over the last twelve months: hours in buckets of a twelfth of a year, and their PFD.

Hours count only while the function is needed. Those in which it could not be judged, lost scans among them, stand on a
line of their own and are in no average.
"""

from enum import IntEnum
from itertools import pairwise

import numpy as np

from plantsafe.frame import F8, U4, Bool
from plantsafe.verdict import Arrays

BUCKETS = 12
BUCKET_H = 365.25 * 24 / BUCKETS
NS_PER_H = 3_600_000_000_000
JUDGED_H_MIN = BUCKET_H  # a figure over less than a month of service says nothing yet (site default)
JUDGED_SHARE_MIN = 0.95  # of the needed hours, for "met" (site default)


class Line(IntEnum):
    """Columns of the hours. PFD is the integral of the average PFD over SERVICE, in hours; DEMANDS is a count."""

    SERVICE = 0
    PFD = 1
    NOT_VERIFIABLE = 2
    BYPASSED = 3
    DEGRADED = 4
    NONE = 5
    WORSE = 6
    DEMANDS = 7


class Standing(IntEnum):
    """How the figure of the period stands to the requirement."""

    MET = 0
    NOT_MET = 1
    TOO_LITTLE = 2  # too few hours, or too many of them not verifiable
    UNDETERMINED = 3  # a subsystem has no reliability data


class Period:
    """Hours by line (n_functions, len(Line)): of the bucket that runs, and of those before it."""

    def __init__(self, n: int) -> None:
        self.bucket = np.zeros(1, dtype=np.int64)
        self.current: F8 = np.zeros((n, len(Line)))
        self.before: F8 = np.zeros((n, BUCKETS, len(Line)))
        self._past: F8 = np.zeros((n, len(Line)))
        self._past_at = -1

    def add(self, hours: F8, time_ns: int) -> None:
        """Add hours (n_functions, len(Line)) that end at `time_ns`; a clock that went back stays in its bucket."""
        bucket = bucket_of(time_ns)
        if not self.bucket[0]:
            self.bucket[0] = bucket
        gone = min(bucket - int(self.bucket[0]), BUCKETS)
        if gone > 0:
            self.before = np.roll(self.before, gone, axis=1)
            self.before[:, :gone] = 0.0
            self.before[:, gone - 1] = self.current
            self.current = np.zeros_like(self.current)
            self.bucket[0] = bucket
            self._past_at = -1
        self.current = self.current + hours

    def sums(self, time_ns: int) -> F8:
        """Hours of the last twelve months (n_functions, len(Line)); the oldest bucket counts by its share in them.

        The share moves in steps of a thousandth of a bucket (44 minutes).
        """
        step = int((time_ns / NS_PER_H / BUCKET_H % 1.0) * 1000)
        if step != self._past_at:
            weight = np.ones(BUCKETS)
            weight[-1] = 1.0 - step / 1000
            self._past = np.einsum("nbl,b->nl", self.before, weight)
            self._past_at = step
        return self._past + self.current

    def state(self) -> Arrays:
        """For a snapshot."""
        return {"bucket": self.bucket, "current": self.current, "before": self.before}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self.bucket, self.current = arrays["bucket"].copy(), arrays["current"]
        self.before = arrays["before"]
        self._past_at = -1


def bucket_of(time_ns: int) -> int:
    """The number of the bucket that a moment lies in."""
    return int(time_ns // round(BUCKET_H * NS_PER_H))


def period_pfd(sums: F8) -> F8:
    """PFDavg over the judged hours of service (n_functions); NaN without any."""
    service = sums[:, Line.SERVICE]
    return np.where(service > 0, sums[:, Line.PFD] / np.where(service > 0, service, 1.0), np.nan)


def standing(sums: F8, required: F8) -> U4:
    """Standing (n_functions). Not met also where the rest of a year, all of it faultless, could not mend it."""
    service, unseen = sums[:, Line.SERVICE], sums[:, Line.NOT_VERIFIABLE]
    pfd = period_pfd(sums)
    enough: Bool = service >= JUDGED_H_MIN
    whole = service >= JUDGED_SHARE_MIN * (service + unseen)
    beyond_mending = sums[:, Line.PFD] > required * np.maximum(service, BUCKETS * BUCKET_H)
    answer = np.where(enough & whole & (pfd <= required), Standing.MET, Standing.TOO_LITTLE)
    answer = np.where((enough & (pfd > required)) | beyond_mending, Standing.NOT_MET, answer)
    return np.where(np.isnan(sums[:, Line.PFD]), Standing.UNDETERMINED, answer).astype(np.uint32)


def spread(hours: F8, from_ns: int, to_ns: int) -> list[tuple[int, F8]]:
    """Hours that lie evenly between two moments, by bucket; for what is read back from the journal."""
    first, last = bucket_of(from_ns), bucket_of(max(to_ns - 1, from_ns))
    if first == last or to_ns <= from_ns:
        return [(first, hours)]
    size = round(BUCKET_H * NS_PER_H)
    edges = [from_ns, *(k * size for k in range(first + 1, last + 1)), to_ns]
    return [
        (bucket, hours * ((end - begin) / (to_ns - from_ns)))
        for bucket, (begin, end) in enumerate(pairwise(edges), start=first)
    ]
