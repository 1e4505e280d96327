"""First-out: which alarm of a group came first after all of the group was normal; the mark stays until its reset.

Of alarms that come in one scan the device's own times say which was first, where one device stamped all of them; what
its resolution cannot tell apart is indistinguishable, and so is what nobody stamped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import I8, Bool
from plantsafe.verdict import Arrays, Rows

STAMP_S = 10.0  # site default: a device's time that is further from the scan is of another occurrence
Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A device said at `time_ns`, by its own clock, that the condition of `row` began."""

    row: int
    device: int
    time_ns: int
    resolution_ns: int


class Mark(IntEnum):
    """Place of an alarm in its group's order of coming."""

    NONE = 0
    FIRST = 1
    INDISTINGUISHABLE = 2  # several came first in the same scan, and no device tells them apart
    SUBSEQUENT = 3


class FirstOut:
    """The groups of a plant. mark (n,): of each condition; group (n,): row of its group, -1 for none.

    stamp_ns (n,): when a device last said that the condition began, 0 for never.
    """

    def __init__(self, group: Index, groups: tuple[str, ...]) -> None:
        self.groups = {name: i for i, name in enumerate(groups)}
        self.mark: NDArray[np.uint8] = np.zeros(len(group), dtype=np.uint8)
        self.stamp_ns: I8 = np.zeros(len(group), dtype=np.int64)
        self._now_ns = 0
        self._device: dict[int, tuple[int, int]] = {}  # row: its device, and what the device resolves in nanoseconds
        self._group = group
        self.members = tuple(np.flatnonzero(group == i) for i in range(len(groups)))

    def came(self, rows: Index, active: Bool) -> None:
        """Alarms `rows` came in this scan; `active` (n,) counts them too, and leaves out what is suppressed."""
        rows = rows[self._group[rows] >= 0]
        for group in np.unique(self._group[rows]).tolist():
            mine, members = rows[self._group[rows] == group], self.members[group]
            if self.mark[members].any():
                self.mark[mine] = np.where(self.mark[mine] == Mark.NONE, Mark.SUBSEQUENT, self.mark[mine])
            elif np.count_nonzero(active[members]) == len(mine):
                self.mark[mine] = Mark.FIRST if len(mine) == 1 else self._by_device(mine)

    def stamped(self, now_ns: int, stamps: Iterable[Stamp]) -> None:
        """What devices said since the scan before, in the scan at `now_ns`."""
        self._now_ns = now_ns
        for stamp in stamps:
            self.stamp_ns[stamp.row] = stamp.time_ns
            self._device[stamp.row] = (stamp.device, stamp.resolution_ns)

    def _by_device(self, mine: Index) -> NDArray[np.uint8]:
        """Marks of alarms that came in one scan, by the clock of the one device that stamped them all."""
        devices = {self._device.get(row) for row in mine.tolist()}
        late_ns = np.abs(self._now_ns - self.stamp_ns[mine])
        if len(devices) != 1 or None in devices or (late_ns > STAMP_S * 1e9).any():
            return np.full(len(mine), Mark.INDISTINGUISHABLE, dtype=np.uint8)
        _, resolution_ns = next(device for device in devices if device is not None)
        first = self.stamp_ns[mine] - self.stamp_ns[mine].min() <= resolution_ns
        best = Mark.FIRST if np.count_nonzero(first) == 1 else Mark.INDISTINGUISHABLE
        answer: NDArray[np.uint8] = np.where(first, best, Mark.SUBSEQUENT).astype(np.uint8)
        return answer

    def reset(self, group: str, active: Bool) -> str:
        """Take the marks of a group away; returns an empty text, or why not."""
        i = self.groups.get(group)
        if i is None:
            return f"there is no first-out group {group}"
        members = self.members[i]
        if active[members].any():
            return f"alarms of the group {group} still hold"
        if not self.mark[members].any():
            return f"no alarm of the group {group} is marked"
        self.mark[members] = Mark.NONE
        return ""

    def state(self) -> Arrays:
        """The marks."""
        return {"first_out": self.mark, "first_out_stamp": self.stamp_ns, "first_out_device": self._devices()}

    def rows(self, names: tuple[str, ...]) -> Rows:
        """By the condition's name."""
        return {"first_out": names, "first_out_stamp": names}

    def load(self, arrays: Arrays) -> None:
        """Take over marks that `state` gave."""
        self.mark = arrays["first_out"].astype(np.uint8)
        self.stamp_ns = arrays["first_out_stamp"].copy()
        self._device = {
            row: (device, resolution_ns) for row, device, resolution_ns in arrays["first_out_device"].tolist()
        }

    def _devices(self) -> I8:
        """(k, 3): row, its device, its resolution; sources of another plant description are not ours."""
        rows = [(row, *device) for row, device in sorted(self._device.items())]
        return np.array(rows, dtype=np.int64).reshape(-1, 3)
