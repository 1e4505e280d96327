"""The entries of a section as they are written, in one row: some from YAML files, some rows of tables."""

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plantsafe.plant.table_file import Table
from plantsafe.plant.yaml_tree import Tree, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Neighbours from one place: one entry of a YAML file, or all rows of a table."""

    first: int
    tree: Tree
    where: Where
    table: Table | None
    entry: Any = None


class Entries(Sequence[Any]):
    """A list of entries; a row of a table becomes a mapping only when it is asked for."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._length = 0

    def add(self, tree: Tree, where: Where, entry: Any) -> None:
        """One more entry, of a YAML file."""
        self._runs.append(_Run(first=self._length, tree=tree, where=where, table=None, entry=entry))
        self._length += 1

    def add_table(self, tree: Tree, where: Where, table: Table) -> None:
        """All rows of a table that a YAML file names at `where`."""
        if table.rows:
            self._runs.append(_Run(first=self._length, tree=tree, where=where, table=table))
            self._length += len(table.rows)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(self._length))]
        if not 0 <= number < self._length:
            raise IndexError(number)
        run = self._run(number)
        return run.entry if run.table is None else run.table.entry(number - run.first)

    def names(self) -> Iterator[tuple[int, str]]:
        """Number and name of every entry that has one."""
        for run in self._runs:
            if run.table is not None:
                yield from ((i, name) for i, name in enumerate(run.table.names(), start=run.first) if name)
            elif isinstance(run.entry, dict) and isinstance(name := run.entry.get("name"), str):
                yield run.first, name

    @property
    def written_out(self) -> int:
        """How many entries stand in YAML files."""
        return sum(run.table is None for run in self._runs)

    def key(self, number: int) -> Hashable:
        """What two rows have in common that say the same, whichever table they are of; None for other entries."""
        run = self._run(number)
        return None if run.table is None else (run.table.heading, run.table.rows[number - run.first])

    def place(self, number: int, inside: Where) -> tuple[Path, int, int]:
        """File, line and column of a part of an entry; of the last entry where there is none of that number."""
        run = self._run(number)
        if run.table is not None:
            return run.table.path, *run.table.place(number - run.first, inside)
        return run.tree.path, *run.tree.place((*run.where, *inside))

    def is_row(self, number: int) -> bool:
        """Whether the entry is a row of a table."""
        return self._run(number).table is not None

    def _run(self, number: int) -> _Run:
        return self._runs[max(bisect_right(self._runs, number, key=lambda run: run.first) - 1, 0)]
