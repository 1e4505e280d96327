"""From one plant description to the next: memories go over by name, row by row; what has no match starts anew."""

from typing import Protocol

import numpy as np

from plantsafe.verdict import Arrays, Rows


class Memory(Protocol):
    """Something whose whole state is named arrays, with the names of the rows of those that may go over."""

    def state(self) -> Arrays:
        """The arrays."""
        ...

    def rows(self) -> Rows:
        """Names of the rows of each array that goes over to another plant description."""
        ...

    def load(self, arrays: Arrays) -> None:
        """Take over arrays."""
        ...


def carry(old: Memory, new: Memory) -> None:
    """Give `new` the rows of `old` that have the same name; an array of another type or width starts anew."""
    before, old_rows = old.state(), old.rows()
    after = dict(new.state())
    for name, names in new.rows().items():
        source, target = before.get(name), after[name]
        if source is None or source.dtype != target.dtype or source.shape[1:] != target.shape[1:]:
            continue
        place = {row: i for i, row in enumerate(old_rows.get(name, ()))}
        pairs = [(i, place[row]) for i, row in enumerate(names) if row in place]
        if pairs:
            to, from_ = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
            target = target.copy()
            target[to] = source[from_]
            after[name] = target
    new.load(after)
