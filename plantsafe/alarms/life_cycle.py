"""States and transitions of ISA-18.2-2016 as one table; row numbers are those of the project's transition list.

Three pieces stand apart, as in OPC UA Part 9: the core state, the suppressions over it (several at once), and whether
the condition holds. The core runs on under suppression. An alarm is annunciated when its core asks for attention and
nothing suppresses it, so the end of the last suppression is a trigger of its own.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import NDArray


class State(IntEnum):
    """Core state of a condition (ISA-18.2-2016, figure 2)."""

    NORM = 0  # A: normal
    UNACK = 1  # B: unacknowledged, active
    ACKED = 2  # C: acknowledged, active
    RTNUN = 3  # D: returned to normal, unacknowledged
    LTUNK = 4  # E: latched, unacknowledged
    LTACK = 5  # F: latched, acknowledged, waits for its reset


class Suppression(IntFlag):
    """What keeps an alarm from being annunciated; several may hold at once."""

    NONE = 0
    SHELVED = 1  # G: by the operator, for a time
    BY_DESIGN = 2  # H: by the plant file's expression
    OUT_OF_SERVICE = 4  # I: under a permit
    SOURCE_LOST = 8  # by design under the alarm of the lost source: nothing can be judged, nothing is announced anew


class Trigger(IntEnum):
    """What can move a core state."""

    RAISE = 0  # the condition comes, after deadband and delays
    RAISE_LATCHING = 1  # ... of an alarm that latches
    RAISE_NO_ACK = 2  # ... that needs no acknowledgement: a finding, or by its attribute
    CLEAR = 3  # the condition goes, after deadband and delays
    CLEAR_AUTO_ACK = 4  # ... of an alarm that its return acknowledges
    ACK = 5
    REALARM = 6  # its re-alarm time is over, or its priority was raised
    RESET = 7  # asked for while the condition does not hold
    RELEASE_ACTIVE = 8  # the last suppression ends by itself while the condition holds
    RELEASE_NORMAL = 9  # ... or in any way while it does not
    UNSHELVE_ACTIVE = 10  # the last suppression was a shelf that a person ended while the condition holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row. `opens` starts a new occurrence; `annunciates` counts in the alarm rate, if nothing suppresses it."""

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
    _row(2, _S.NORM, _T.RAISE_LATCHING, _S.LTUNK, "alarm_raised", opens=True, annunciates=True),
    _row(3, _S.NORM, _T.RAISE_NO_ACK, _S.ACKED, "alarm_raised", opens=True, annunciates=True),
    _row(4, _S.UNACK, _T.ACK, _S.ACKED, "alarm_acknowledged"),
    _row(5, _S.UNACK, _T.CLEAR, _S.RTNUN, "alarm_cleared"),
    _row(6, _S.UNACK, _T.CLEAR_AUTO_ACK, _S.NORM, "alarm_cleared"),
    _row(7, _S.ACKED, _T.CLEAR, _S.NORM, "alarm_cleared"),
    _row(7, _S.ACKED, _T.CLEAR_AUTO_ACK, _S.NORM, "alarm_cleared"),
    _row(8, _S.ACKED, _T.REALARM, _S.UNACK, "alarm_realarmed"),  # counted apart
    _row(8, _S.LTACK, _T.REALARM, _S.LTUNK, "alarm_realarmed"),
    _row(9, _S.RTNUN, _T.ACK, _S.NORM, "alarm_acknowledged"),
    _row(10, _S.RTNUN, _T.RAISE, _S.UNACK, "alarm_raised", opens=True, annunciates=True),
    _row(11, _S.LTUNK, _T.ACK, _S.LTACK, "alarm_acknowledged"),
    _row(12, _S.LTUNK, _T.CLEAR, _S.LTUNK, "alarm_cleared"),
    _row(12, _S.LTACK, _T.CLEAR, _S.LTACK, "alarm_cleared"),
    _row(12, _S.LTUNK, _T.RAISE_LATCHING, _S.LTUNK, "alarm_came_back"),  # still waits for its acknowledgement
    _row(13, _S.LTACK, _T.RESET, _S.NORM, "alarm_reset"),  # row 14, while the condition holds: refused
    _row(15, _S.LTACK, _T.RAISE_LATCHING, _S.LTUNK, "alarm_raised", opens=True),  # not in the list of those that count
    _row(17, _S.UNACK, _T.UNSHELVE_ACTIVE, _S.ACKED, "alarm_unshelved"),
    _row(17, _S.ACKED, _T.UNSHELVE_ACTIVE, _S.ACKED, "alarm_unshelved"),
    _row(17, _S.LTUNK, _T.UNSHELVE_ACTIVE, _S.LTACK, "alarm_unshelved"),
    _row(17, _S.LTACK, _T.UNSHELVE_ACTIVE, _S.LTACK, "alarm_unshelved"),
    _row(18, _S.UNACK, _T.RELEASE_ACTIVE, _S.UNACK, "alarm_annunciated", annunciates=True),
    _row(18, _S.ACKED, _T.RELEASE_ACTIVE, _S.UNACK, "alarm_annunciated", annunciates=True),
    _row(18, _S.LTUNK, _T.RELEASE_ACTIVE, _S.LTUNK, "alarm_annunciated", annunciates=True),
    _row(18, _S.LTACK, _T.RELEASE_ACTIVE, _S.LTUNK, "alarm_annunciated", annunciates=True),
    _row(19, _S.RTNUN, _T.RELEASE_NORMAL, _S.NORM, "alarm_cleared"),
)
"""Rows 18 and 19 stand for all three suppressions; RELEASES gives the number of each. A latch outlasts suppression."""

RELEASES: dict[Suppression, tuple[int, int]] = {
    Suppression.SHELVED: (18, 19),
    Suppression.BY_DESIGN: (22, 23),
    Suppression.OUT_OF_SERVICE: (25, 26),
    Suppression.SOURCE_LOST: (22, 23),
}
"""Number of the row when a suppression ends: while the condition holds, and while it does not."""

SUPPRESSING: dict[Suppression, tuple[int, str, str]] = {
    Suppression.SHELVED: (16, "alarm_shelved", "alarm_unshelved"),
    Suppression.BY_DESIGN: (21, "alarm_suppressed", "alarm_unsuppressed"),
    Suppression.OUT_OF_SERVICE: (24, "alarm_out_of_service", "alarm_returned_to_service"),
}
"""Number of the row in which a suppression begins, and the events of its beginning and its end."""

TABLE = {(t.trigger, t.state): t for t in TRANSITIONS}
"""The rows by what happens and where; nothing happens where there is no row."""

WAITING = np.array([s in (_S.UNACK, _S.RTNUN, _S.LTUNK) for s in State], dtype=np.bool_)
"""(n_states,) True where an acknowledgement is waited for."""


def waiting(state: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where an acknowledgement is waited for, of states (n,)."""
    answer: NDArray[np.bool_] = WAITING[state]
    return answer


def next_states() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """The table as an array (n_triggers, n_states): the next state, the same one where nothing happens."""
    table = np.tile(np.arange(len(State), dtype=np.uint8), (len(Trigger), 1))
    for row in TRANSITIONS:
        table[row.trigger, row.state] = row.to
    return table


def suppression_names(bits: int) -> list[str]:
    """The suppressions in `bits`, as the journal writes them."""
    return [flag.name.lower() for flag in Suppression if flag and flag.name and bits & flag]
