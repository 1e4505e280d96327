"""First-out: which alarm of a group came first after all of the group was normal; the mark stays until its reset."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import Bool
from plantsafe.verdict import Arrays, Rows

Index = NDArray[np.intp]


class Mark(IntEnum):
    """Place of an alarm in its group's order of coming."""

    NONE = 0
    FIRST = 1
    INDISTINGUISHABLE = 2  # several came first in the same scan
    SUBSEQUENT = 3


class FirstOut:
    """The groups of a plant. mark (n,): of each condition; group (n,): row of its group, -1 for none."""

    def __init__(self, group: Index, groups: tuple[str, ...]) -> None:
        self.groups = {name: i for i, name in enumerate(groups)}
        self.mark: NDArray[np.uint8] = np.zeros(len(group), dtype=np.uint8)
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
                self.mark[mine] = Mark.FIRST if len(mine) == 1 else Mark.INDISTINGUISHABLE

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
        return {"first_out": self.mark}

    def rows(self, names: tuple[str, ...]) -> Rows:
        """By the condition's name."""
        return {"first_out": names}

    def load(self, arrays: Arrays) -> None:
        """Take over marks that `state` gave."""
        self.mark = arrays["first_out"].astype(np.uint8)
