"""The life of one effect, written out cell by cell, as a reader of the table would say it."""

from dataclasses import dataclass, field

YES, NO, UNKNOWN, ABSENT = 1, 0, 2, 3


@dataclass
class Cell:
    row: int
    action: str
    delay: int = 0
    reset: bool = True
    override: bool = False
    since: int | None = None
    kept: bool = False


@dataclass
class Row:
    own_latch: bool
    alive: bool = False
    latched: bool = False


@dataclass
class Reference:
    rows: list[Row]
    cells: list[Cell]
    state: str = "NORMAL"
    said: list[str] = field(default_factory=list)

    def scan(
        self, number: int, alive: list[int], latched: list[int], permit: list[int], over: list[bool], observed: int
    ) -> tuple[str, bool, bool]:
        """State, whether it must be safe, whether it may not leave."""
        for row, now, latch in zip(self.rows, alive, latched, strict=True):
            if now != UNKNOWN:
                row.alive = now == YES
            if latch != UNKNOWN:
                row.latched = latch == YES
        hot = delayed = blocked = waiting = no_permit = inhibited = False
        for cell in self.cells:
            row = self.rows[cell.row]
            on = (row.alive or row.latched) and not (cell.override and over[cell.row])
            if not on:
                cell.since = None
            elif cell.since is None:
                cell.since = number
            if cell.action == "P":
                no_permit |= on
            if cell.action == "I":
                inhibited |= on
            if cell.action not in ("X", "T"):
                continue
            fired = on and cell.since is not None and number - cell.since >= cell.delay
            delayed |= on and not fired
            hot_here = fired and row.alive
            hot |= hot_here
            if row.own_latch and cell.reset:
                was_reset = observed == NO or (observed == ABSENT and permit[cell.row] == YES)
                cell.kept = hot_here or (cell.kept and not was_reset)
            if (fired or cell.kept) and not hot_here:
                waiting = True
                blocked |= permit[cell.row] != YES
        had_tripped = self.state not in ("NORMAL", "TRIP_DELAYED")
        if hot:
            self.state = "TRIPPED"
        elif waiting:
            self.state = "WAITING_RESET_PERMIT" if blocked else "READY_TO_RESET"
        elif delayed:
            self.state = "TRIP_DELAYED"
        elif no_permit and had_tripped:
            self.state = "WAITING_START_PERMIT"
        else:
            self.state = "NORMAL"
        return self.state, hot or waiting, self.state == "WAITING_START_PERMIT" or inhibited
