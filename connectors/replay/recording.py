"""Samples of one source in the order of time, and what stood at each of their times."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from connectors.replay.map import Layout
from plantsafe.frame import BAD, BAD_WAITING_FOR_INITIAL_DATA, F8, I8, U4, Origin, is_bad
from plantsafe.source import Columns

NAMED_AT_MOST = 1000  # site default: bad rows beyond are counted only


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row of a file, or a cell of it, that cannot be read: its line (row in Parquet, from 1), and what is wrong."""

    line: int
    wrong: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.wrong}"


@dataclass(slots=True, kw_only=True)
class Report:
    """What reading a file found: rows in it, how many of them are bad (the first ones named), unknown names."""

    file: str = ""
    rows: int = 0
    bad_rows: int = 0
    named: list[BadRow] = field(default_factory=list)
    strangers: dict[str, int] = field(default_factory=dict)

    def bad(self, line: int, wrong: str) -> None:
        """One row more that is bad."""
        self.bad_rows += 1
        if len(self.named) < NAMED_AT_MOST:
            self.named.append(BadRow(line=line, wrong=wrong, file=self.file))

    def add(self, other: "Report") -> None:
        """What another file of the same source held."""
        self.rows += other.rows
        self.bad_rows += other.bad_rows
        self.named += other.named[: NAMED_AT_MOST - len(self.named)]
        for name, count in other.strangers.items():
            self.strangers[name] = self.strangers.get(name, 0) + count


class Samples:
    """Samples as they are read; the order of the file counts where times are equal."""

    def __init__(self) -> None:
        self._time: list[int] = []
        self._point: list[int] = []
        self._value: list[float] = []
        self._status: list[int] = []

    def add(self, time_ns: int, point: int, value: float, status: int) -> None:
        """One sample; a value that is not there is never usable."""
        if value != value and not status & BAD:
            status = BAD_WAITING_FOR_INITIAL_DATA
        self._time.append(time_ns)
        self._point.append(point)
        self._value.append(value)
        self._status.append(status)

    def recording(self, n_points: int, layout: Layout) -> "Recording":
        """All samples in the order of time; without a time column, rows are numbered from 0."""
        return Recording(
            n_points=n_points,
            timed=layout.time >= 0,
            time_ns=np.array(self._time, dtype=np.int64),
            point=np.array(self._point, dtype=np.int64),
            value=np.array(self._value, dtype=np.float64),
            status=np.array(self._status, dtype=np.uint32),
        )


class Recording(Sequence[Columns]):
    """Row i is what stood at the i-th time: the last sample of each point until then. Cheap from row to row."""

    def __init__(self, *, n_points: int, timed: bool, time_ns: I8, point: I8, value: F8, status: U4) -> None:
        """time_ns, point, value, status: (n_samples), in any order. `timed`: times are times, not numbers of rows."""
        order = np.argsort(time_ns, kind="stable")
        self.times_ns, first = np.unique(time_ns[order], return_index=True)
        self.timed = timed
        self._n_points = n_points
        self._first = np.append(first, len(order)).astype(np.int64)
        self._time, self._point = time_ns[order], point[order]
        self._value, self._status = value[order], status[order]
        self._row: int
        self._at_value: F8
        self._at_status: U4
        self._at_time: I8
        self._rewind()

    def __len__(self) -> int:
        return len(self.times_ns)

    def holds(self, point: int) -> bool:
        """True when there is any sample of the point."""
        return bool((self._point == point).any())

    def followed_by(self, other: "Recording") -> "Recording":
        """Both in one; where both have a sample of a point at one time, the other's counts."""
        return Recording(
            n_points=self._n_points,
            timed=self.timed and other.timed,
            time_ns=np.concatenate((self._time, other._time)),
            point=np.concatenate((self._point, other._point)),
            value=np.concatenate((self._value, other._value)),
            status=np.concatenate((self._status, other._status)),
        )

    @overload
    def __getitem__(self, row: int) -> Columns: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Columns]: ...
    def __getitem__(self, row: int | slice) -> Columns | Sequence[Columns]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        row %= len(self)
        if row < self._row:
            self._rewind()
        samples = slice(self._first[self._row + 1], self._first[row + 1])
        point = self._point[samples]
        last = len(point) - 1 - np.unique(point[::-1], return_index=True)[1]  # of several samples the last counts
        changed = point[last]
        self._at_value[changed] = self._value[samples][last]
        self._at_status[changed] = self._status[samples][last]
        if self.timed:
            self._at_time[changed] = self._time[samples][last]
        self._row = row
        status = np.where(np.isinf(self._at_value) & ~is_bad(self._at_status), np.uint32(BAD), self._at_status)
        return Columns(
            value=np.where(is_bad(status), np.nan, self._at_value),
            status=status,
            source_time_ns=self._at_time.copy(),
            answered=True,
            origin=Origin.DEVICE,
            resolution_ns=0,
        )

    def _rewind(self) -> None:
        self._row = -1
        self._at_value = np.full(self._n_points, np.nan)
        self._at_status = np.full(self._n_points, BAD_WAITING_FOR_INITIAL_DATA, dtype=np.uint32)
        self._at_time = np.zeros(self._n_points, dtype=np.int64)
