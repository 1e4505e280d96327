"""The life of an effect of the cause-and-effect matrix: six states, a step a scan, whole arrays.

A row's cause is alive (its initiator holds now), latched (the SIS keeps its trip), or over. X trips at once, T after
its delay; a tripped effect stays so until nothing is alive and the latch is gone: first it waits for the permit of a
reset, then for the reset itself. P: while the cause holds, an effect that has tripped may not be started again. I:
while it holds, what stands in its safe state may not leave it. A only tells people. What cannot be judged stays as it
was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from plantsafe.frame import I8, Bool
from plantsafe.plant import Plant
from plantsafe.protection.answer import NO, U1, UNKNOWN, YES
from plantsafe.protection.tables import Index
from plantsafe.verdict import Arrays


class EffectState(IntEnum):
    """As cause-effect blocks of safety systems name them (DeltaV)."""

    NORMAL = 0
    TRIP_DELAYED = 1
    TRIPPED = 2
    WAITING_RESET_PERMIT = 3
    READY_TO_RESET = 4
    WAITING_START_PERMIT = 5


NORMAL, TRIP_DELAYED, TRIPPED, WAITING_RESET_PERMIT, READY_TO_RESET, WAITING_START_PERMIT = (
    np.uint8(state) for state in EffectState
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """The cells of all rows, in the order of the file; `of_effect` (n_effects, n_cells) says whose they are.

    row, effect (n_cells). own_latch (n_rows): rows whose latch we keep, as no function of the SIS shows one.
    """

    row: Index
    effect: Index
    trips: Bool
    delay_scans: NDArray[np.int64]
    latches: Bool
    permits: Bool
    inhibits: Bool
    overridable: Bool
    own_latch: Bool
    of_effect: csr_array

    def any_of(self, cells: Bool) -> Bool:
        """(n_effects) Whether an effect has such a cell."""
        found: Bool = (self.of_effect @ cells.astype(np.int32)) > 0
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one scan shows. alive, latched, permit: Answer (n_rows); latched only of rows without an own latch.

    overridden (n_rows). observed (n_effects): whether its final elements are in their safe state; ABSENT: it has none.
    """

    alive: U1
    latched: U1
    permit: U1
    overridden: Bool
    observed: U1


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """alive, latched (n_rows), as last known. since (n_cells): scan since which its cause holds, 0 where not.

    kept (n_cells): a latch of ours. state: EffectState, entered: the scan it came with, tripped_at: the scan with which
    it had to be safe, 0 where it has not (n_effects).
    """

    alive: Bool
    latched: Bool
    since: I8
    kept: Bool
    state: U1
    entered: I8
    tripped_at: I8

    @classmethod
    def fresh(cls, matrix: Matrix) -> "Effects":
        """Nothing has happened yet."""
        n_rows, n_cells, n_effects = len(matrix.own_latch), len(matrix.row), matrix.of_effect.shape[0]
        return cls(
            alive=np.zeros(n_rows, dtype=np.bool_),
            latched=np.zeros(n_rows, dtype=np.bool_),
            since=np.zeros(n_cells, dtype=np.int64),
            kept=np.zeros(n_cells, dtype=np.bool_),
            state=np.zeros(n_effects, dtype=np.uint8),
            entered=np.zeros(n_effects, dtype=np.int64),
            tripped_at=np.zeros(n_effects, dtype=np.int64),
        )

    def arrays(self) -> Arrays:
        """By name, for a snapshot."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """The memory after a scan; must_be_safe, may_not_leave (n_effects); running: a delay is on its way."""

    effects: Effects
    must_be_safe: Bool
    may_not_leave: Bool
    running: bool


def step(before: Effects, matrix: Matrix, seen: Seen, number: int) -> Stepped:
    """One scan."""
    alive = np.where(seen.alive == UNKNOWN, before.alive, seen.alive == YES)
    latched = np.where(seen.latched == UNKNOWN, before.latched, seen.latched == YES)
    permitted = seen.permit == YES
    overridden = matrix.overridable & seen.overridden[matrix.row]
    on = (alive | latched)[matrix.row] & ~overridden
    since = np.where(on, np.where(before.since > 0, before.since, number), 0)
    fired = on & matrix.trips & (number - since >= matrix.delay_scans)
    pending = on & matrix.trips & ~fired
    hot = fired & alive[matrix.row]
    mine = matrix.own_latch[matrix.row] & matrix.latches
    left = (seen.observed == NO)[matrix.effect] | ((seen.observed > UNKNOWN)[matrix.effect] & permitted[matrix.row])
    kept = mine & (hot | (before.kept & ~left))
    waiting = (fired & ~hot) | (kept & ~hot)
    blocked = waiting & ~permitted[matrix.row]
    any_hot, any_waiting = matrix.any_of(hot), matrix.any_of(waiting)
    no_start = matrix.any_of(matrix.permits & on) & (before.state >= TRIPPED)
    state = np.select(
        [any_hot, any_waiting & matrix.any_of(blocked), any_waiting, matrix.any_of(pending), no_start],
        [TRIPPED, WAITING_RESET_PERMIT, READY_TO_RESET, TRIP_DELAYED, WAITING_START_PERMIT],
        default=NORMAL,
    ).astype(np.uint8)
    must = any_hot | any_waiting
    return Stepped(
        effects=Effects(
            alive=alive,
            latched=latched,
            since=since,
            kept=kept,
            state=state,
            entered=np.where(state != before.state, number, before.entered),
            tripped_at=np.where(must, np.where(before.tripped_at > 0, before.tripped_at, number), 0),
        ),
        must_be_safe=must,
        may_not_leave=(state == WAITING_START_PERMIT) | matrix.any_of(matrix.inhibits & on),
        running=bool(pending.any()),
    )


def compile_matrix(plant: Plant) -> Matrix:
    """The matrix of a plant file."""
    file = plant.file
    place = {effect.name: i for i, effect in enumerate(file.effects)}
    cells = [(i, cell) for i, row in enumerate(file.causes_and_effects) for cell in row.cells]
    effect = np.array([place[cell.effect] for _, cell in cells], dtype=np.intp)

    def acts(actions: Sequence[str]) -> Bool:
        return np.array([cell.action in actions for _, cell in cells], dtype=np.bool_)

    ones = np.ones(len(cells), dtype=np.int32)
    return Matrix(
        row=np.array([i for i, _ in cells], dtype=np.intp),
        effect=effect,
        trips=acts(("X", "T")),
        delay_scans=np.array([plant.scans(cell.delay_s) for _, cell in cells], dtype=np.int64),
        latches=np.array([cell.reset for _, cell in cells], dtype=np.bool_),
        permits=acts(("P",)),
        inhibits=acts(("I",)),
        overridable=np.array([cell.override == "start_up" for _, cell in cells], dtype=np.bool_),
        own_latch=np.array([row.function is None for row in file.causes_and_effects], dtype=np.bool_),
        of_effect=csr_array((ones, (effect, np.arange(len(cells)))), shape=(len(file.effects), len(cells))),
    )
