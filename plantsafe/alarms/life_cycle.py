"""States and transitions of ISA-18.2-2016 as one table; row numbers are those of the project's transition list."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class State(IntEnum):
    """Core state of a condition (ISA-18.2-2016, figure 2)."""

    NORM = 0  # A: normal
    UNACK = 1  # B: unacknowledged, active
    ACKED = 2  # C: acknowledged, active
    RTNUN = 3  # D: returned to normal, unacknowledged


class Trigger(IntEnum):
    """What can move a state: the condition comes or goes (after deadband and delays), or a person acknowledges."""

    RAISE = 0
    RAISE_NO_ACK = 1  # comes, and needs no acknowledgement: a finding
    CLEAR = 2
    ACK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row. `opens` starts a new occurrence; `annunciates` counts in the alarm rate."""

    row: int
    state: State
    trigger: Trigger
    to: State
    event: str
    opens: bool = False
    annunciates: bool = False


def _row(
    row: int, state: State, trigger: Trigger, to: State, event: str, *, opens: bool = False, annunciates: bool = False
) -> Transition:
    return Transition(row=row, state=state, trigger=trigger, to=to, event=event, opens=opens, annunciates=annunciates)


_S, _T = State, Trigger
TRANSITIONS = (
    _row(1, _S.NORM, _T.RAISE, _S.UNACK, "alarm_raised", opens=True, annunciates=True),
    _row(3, _S.NORM, _T.RAISE_NO_ACK, _S.ACKED, "alarm_raised", opens=True),
    _row(4, _S.UNACK, _T.ACK, _S.ACKED, "alarm_acknowledged"),
    _row(5, _S.UNACK, _T.CLEAR, _S.RTNUN, "alarm_cleared"),
    _row(7, _S.ACKED, _T.CLEAR, _S.NORM, "alarm_cleared"),
    _row(9, _S.RTNUN, _T.ACK, _S.NORM, "alarm_acknowledged"),
    _row(10, _S.RTNUN, _T.RAISE, _S.UNACK, "alarm_raised", opens=True, annunciates=True),
)

TABLE = {(t.trigger, t.state): t for t in TRANSITIONS}
"""The rows by what happens and where; nothing happens where there is no row."""


def next_states() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The table as an array (n_triggers, n_states): the next state, the same one where nothing happens."""
    table = np.tile(np.arange(len(State), dtype=np.uint8), (len(Trigger), 1))
    for row in TRANSITIONS:
        table[row.trigger, row.state] = row.to
    return table
