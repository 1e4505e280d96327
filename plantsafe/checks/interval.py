"""What a point showed between two scans, as the extremes of its fast samples."""

import numpy as np

from plantsafe.frame import F8, LIMIT_HIGH, LIMIT_LOW, LIMIT_MASK, U4, Bool, FastSamples, is_bad
from plantsafe.plant.tables import FastTable, Index


class Extremes:
    """The furthest sample in a direction, for some of n rows that each watch one point.

    rows: which of the n rows watch a fast point; those without are left alone, and so is a plant without fast groups.
    """

    def __init__(self, fast: FastTable, point: Index, sign: F8, fault_side: Bool) -> None:
        """point (n): the row of the frame that is watched. sign (n): +1 for the highest sample, -1 for the lowest.

        fault_side (n): the instrument drives to the end of its range on that side when it fails, and then says nothing.
        """
        place = {row: i for i, row in enumerate(fast.point.tolist())}
        self.rows: Index = np.flatnonzero(np.isin(point, fast.point))
        self._sample = np.array([place[row] for row in point[self.rows].tolist()], dtype=np.intp)
        self._sign = sign[self.rows][:, None]
        self._end = np.where(self._sign > 0, np.uint32(LIMIT_HIGH), np.uint32(LIMIT_LOW))
        self._fault_side = fault_side[self.rows][:, None]

    def of(self, fast: FastSamples, value: F8, status: U4) -> tuple[F8, Bool]:
        """For each of `rows`: the furthest value, and whether the instrument was driven to the end of its range there.

        value, status: those of the scan for each of `rows`; they count as one sample more. NaN where there is no value.
        """
        shape = (len(self.rows), fast.value.shape[1] + 1)
        values, codes = np.empty(shape), np.empty(shape, dtype=np.uint32)
        values[:, :-1], values[:, -1] = fast.value[self._sample], value
        codes[:, :-1], codes[:, -1] = fast.status[self._sample], status
        driven = (codes & np.uint32(LIMIT_MASK)) == self._end
        void = driven & self._fault_side
        usable = ~(is_bad(codes) | np.isnan(values) | void)
        furthest = np.where(usable, self._sign * values, -np.inf).max(axis=1)
        meanwhile: Bool = (driven & ~void).any(axis=1)
        return np.where(np.isfinite(furthest), self._sign[:, 0] * furthest, np.nan), meanwhile
