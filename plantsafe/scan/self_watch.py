"""Fills the source `plantsafe`: what each source did for this scan, from its answers and from what it counts itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from plantsafe.frame import BAD_NO_COMMUNICATION, F8, GOOD, I8, Bool, Origin, is_bad
from plantsafe.plant.tables import Plant
from plantsafe.plant.watch import FIGURES, OWN_FIGURES
from plantsafe.source import Columns, SourceCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWork:
    """What one source did since it was opened: totals, and the last read as seen from outside.

    read_s: wall time of the last read that ended, NaN before it. overruns: scans that went on without its answer.
    left_out: reads of its fast groups for which there was no time. bad_points: of the last answer.
    """

    reads: int = 0
    read_s: float = np.nan
    overruns: int = 0
    left_out: int = 0
    bad_points: int = 0
    counts: SourceCounts = field(default_factory=SourceCounts)

    @property
    def all_overruns(self) -> int:
        """Reads that were not done in time, whoever noticed it."""
        return self.overruns + self.left_out + self.counts.overruns


_OF: Mapping[str, Callable[[SourceWork, SourceWork], float]] = {
    "read_time": lambda now, _: now.read_s,
    "received": lambda now, before: now.counts.received_bytes - before.counts.received_bytes,
    "requests": lambda now, before: now.counts.requests - before.counts.requests,
    "reconnects": lambda now, before: now.counts.reconnects - before.counts.reconnects,
    "overruns": lambda now, before: now.all_overruns - before.all_overruns,
    "bad_points": lambda now, _: now.bad_points,
    "clock_offset": lambda now, _: now.counts.clock_offset_s,
    "writable_points": lambda now, _: now.counts.writable_points,
    "certificate_days": lambda now, _: now.counts.certificate_days,
}
"""Each figure from the work up to now and up to the scan before. What happens is counted by scan, so that a restart of
the service is no step in any figure; the sum over scans is the total."""


_AT_EASE = {
    "compaction_lag": 0.0,
    "forward_lag": 0.0,
    "dead_letters": 0.0,
    "disk_free": 1000.0,
    "seal_age": 0.0,
    "unrecorded": 0.0,
    "settings_differ": 0.0,
}
"""What the service says of itself before anybody asked, and where nothing can be asked, as in virtual time."""


class SelfWatch:
    """Keeps the work of each source of the file, in its order, and what the service says of itself (`own`)."""

    def __init__(self, plant: Plant) -> None:
        n = len(plant.file.sources)
        self._plant = plant
        self.work = [SourceWork() for _ in range(n)]
        self._before = list(self.work)
        own = plant.sources.points[-1]
        self._place = np.where(plant.watch.rows >= 0, plant.watch.rows - plant.n_read, -1)
        self._there: Bool = self._place >= 0
        self._n_own = len(own)
        self.own = dict(_AT_EASE)

    def ended(self, source: int, columns: Columns, read_s: float) -> None:
        """A read of source row `source` ended with this answer."""
        work = self.work[source]
        bad = int(np.count_nonzero(is_bad(columns.status)))
        self.work[source] = replace(work, reads=work.reads + 1, read_s=read_s, bad_points=bad)

    def overran(self, source: int) -> None:
        """A scan goes on without the answer of this source."""
        self.work[source] = replace(self.work[source], overruns=self.work[source].overruns + 1)

    def left_out(self, reads: I8) -> None:
        """How many reads of fast groups were left out so far, by source row."""
        for source, work in enumerate(self.work):
            if work.left_out != reads[source]:
                self.work[source] = replace(work, left_out=int(reads[source]))

    def counted(self, source: int, counts: SourceCounts) -> None:
        """What the source says of its link."""
        self.work[source] = replace(self.work[source], counts=counts)

    def columns(self, number: int) -> Columns:
        """The answer of `plantsafe` for scan `number`; the next one counts from here."""
        figures: F8 = np.array(
            [
                [_OF[figure.name](now, before) for now, before in zip(self.work, self._before, strict=True)]
                for figure in FIGURES
            ],
            dtype=np.float64,
        )
        self._before = list(self.work)
        value = np.full(self._n_own, float(number))
        value[self._place[self._there]] = figures[self._there]
        value[self._plant.watch.own - self._plant.n_read] = [self.own[figure.name] for figure in OWN_FIGURES]
        return Columns(
            value=value,
            status=np.where(np.isnan(value), np.uint32(BAD_NO_COMMUNICATION), np.uint32(GOOD)),
            source_time_ns=np.zeros(self._n_own, dtype=np.int64),
            answered=True,
            origin=Origin.RECEIVE,
            resolution_ns=0,
        )
