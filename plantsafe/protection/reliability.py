"""What the functions of a plant are worth by their reliability data: a row a function, a column a subsystem.

Columns are those of SUBSYSTEMS: sensors, logic, final elements. A subsystem without data has NaN and makes the figure
of its function NaN: undetermined.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from models.reliability.pfd import Devices, overdue_interval, pfd_at, pfd_iec
from plantsafe.frame import F8, I8
from plantsafe.plant import Plant
from plantsafe.plant.reliability import SUBSYSTEMS, devices_of, specified_votes
from plantsafe.plant.tables import Index

NS_PER_H = 3_600_000_000_000
NOT_KNOWN = 0  # a moment that nobody wrote down


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityTable:
    """specified_m, specified_n (n_functions, 3); required (n_functions) is 1/RRF.

    installed_ns, tested_ns (n_functions, 3): by the plant file, 0 where not known. trip_coverage: NaN for no credit.
    """

    devices: Devices  # (n_functions * 3), row by row
    specified_m: I8
    specified_n: I8
    required: F8
    installed_ns: I8
    tested_ns: I8
    trip_coverage: F8

    @property
    def interval_h(self) -> F8:
        """Proof-test interval (n_functions, 3)."""
        return self.devices.interval_h.reshape(-1, len(SUBSYSTEMS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """average: PFDavg that this architecture would have, with the test age that has come to be; now: PFD(t)."""

    average: F8
    now: F8


def compile_reliability(plant: Plant) -> ReliabilityTable:
    """The table of a plant's functions, in the order of its file."""
    functions = plant.file.functions
    data = [f.reliability for f in functions]
    subsystems = [None if d is None else getattr(d, key) for d in data for key in SUBSYSTEMS]
    votes = np.array([np.stack(specified_votes(f)) for f in functions], dtype=np.int64).reshape(-1, 2, 3)

    def days(key: str) -> I8:
        found = [0 if s is None or getattr(s, key) is None else day_ns(getattr(s, key)) for s in subsystems]
        return np.array(found, dtype=np.int64).reshape(-1, len(SUBSYSTEMS))

    coverage = [np.nan if s is None else _number(s.trip_coverage) for s in subsystems]
    return ReliabilityTable(
        devices=devices_of(subsystems),
        specified_m=votes[:, 0],
        specified_n=votes[:, 1],
        required=np.array([1.0 / f.rrf for f in functions], dtype=np.float64),
        installed_ns=days("installed"),
        tested_ns=days("last_test"),
        trip_coverage=np.array(coverage, dtype=np.float64).reshape(-1, len(SUBSYSTEMS)),
    )


def day_ns(day: str) -> int:
    """The begin of a day, UTC nanoseconds."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 10**9


def age_h(since_ns: I8, time_ns: int) -> F8:
    """Hours since a moment, not below 0; NaN where it is not known."""
    hours = np.maximum(time_ns - since_ns, 0) / NS_PER_H
    return np.where(since_ns == NOT_KNOWN, np.nan, hours)


def worth(table: ReliabilityTable, rows: Index, m: I8, n: I8, tested_ns: I8, credited_ns: I8, time_ns: int) -> Worth:
    """Figures of the functions `rows`; m, n (len(rows)): votes that trip the sensors now, and of how many.

    tested_ns, credited_ns (n_functions, 3): the last proof test, and the last trip that counts as a partial one. The
    share of failures that such a trip shows has the age of the trip, in `now` alone: it does not move the next test.
    """
    width = len(SUBSYSTEMS)
    devices = table.devices.at((rows[:, None] * width + np.arange(width)).ravel())
    need, have = table.specified_m[rows].copy(), table.specified_n[rows].copy()
    need[:, 0], have[:, 0] = m, n
    tested, credited = age_h(tested_ns[rows], time_ns), age_h(credited_ns[rows], time_ns)
    late = devices.every(overdue_interval(devices.interval_h, tested.ravel()))
    average = pfd_iec(need.ravel(), have.ravel(), late).reshape(-1, width)

    found = devices.coverage.reshape(-1, width)
    share = np.where(credited < tested, table.trip_coverage[rows] / found, np.nan)
    share = np.nan_to_num(share, nan=0.0)
    aged = tested * (1.0 - share) + np.nan_to_num(credited, nan=0.0) * share
    new = age_h(np.where(table.installed_ns == NOT_KNOWN, tested_ns, table.installed_ns)[rows], time_ns)
    now = pfd_at(need.ravel(), have.ravel(), devices, aged.ravel(), new.ravel()).reshape(-1, width)
    return Worth(average=np.minimum(average.sum(axis=1), 1.0), now=np.minimum(now.sum(axis=1), 1.0))


def deferred_average(table: ReliabilityTable, row: int, subsystem: int, interval_h: float) -> float:
    """PFDavg of a function, whole, when one subsystem is next tested after `interval_h`."""
    at = np.arange(row * len(SUBSYSTEMS), (row + 1) * len(SUBSYSTEMS))
    devices = table.devices.at(at)
    intervals = devices.interval_h.copy()
    intervals[subsystem] = interval_h
    pfd = pfd_iec(table.specified_m[row], table.specified_n[row], devices.every(intervals))
    return float(min(pfd.sum(), 1.0))


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
