"""The vote of a safety function as its safety system should take it, also with channels faulted, bypassed or unseen."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import Bool
from plantsafe.protection.answer import U1, UNKNOWN, YES, answer

I8 = NDArray[np.int64]


class ChannelState(IntEnum):
    """FAULTED and BYPASSED are what the safety system says; NOT_VISIBLE is neither in service nor bypassed."""

    HEALTHY = 0
    FAULTED = 1
    BYPASSED = 2
    NOT_VISIBLE = 3
    ABSENT = 4


class Policy(IntEnum):
    """What a faulted or bypassed channel counts as.

    VOTE_TRIP: one trip vote. VOTE_HEALTHY: no trip vote, and the rest must still reach the full vote.
    REMOVE: gone; the vote needed is the smaller of the specified one and the number of channels left, and with no
    channel left nothing trips.
    """

    VOTE_TRIP = 0
    VOTE_HEALTHY = 1
    REMOVE = 2


class Protection(IntEnum):
    """What a function gives now."""

    PROTECTED = 0
    DEGRADED = 1
    NONE = 2
    NOT_VERIFIABLE = 3


HEALTHY, FAULTED, BYPASSED, NOT_VISIBLE, NO_CHANNEL = (np.uint8(code) for code in ChannelState)
VOTE_TRIP, _, REMOVE = (np.uint8(code) for code in Policy)
PROTECTED, DEGRADED, NONE, NOT_VERIFIABLE = (np.uint8(code) for code in Protection)


@dataclass(frozen=True, slots=True)
class Votes:
    """One row a function.

    result: Answer, whether the function should trip. forced: trip votes of faulted and bypassed channels.
    beyond: channels seen beyond the setpoint. needed: trip votes that trip it now. absent: True where it cannot trip
    whatever the process does, also if every unseen channel were healthy. whole: every channel healthy.
    effective_m, effective_n: what the vote has come to: `m` of the `n` healthy channels trip it. m is 0 where faults
    and bypasses trip it by themselves, and over n where n healthy channels cannot. A channel not visible is in neither.
    counts (n_functions, 4): channels by ChannelState, in its order.
    """

    result: U1
    forced: I8
    beyond: I8
    needed: I8
    absent: Bool
    whole: Bool
    effective_m: I8
    effective_n: I8
    counts: I8


def take_votes(state: U1, beyond: U1, vote: I8, on_fault: U1, on_bypass: U1) -> Votes:
    """Vote of every function: state, beyond (n_functions, n_channels); vote, on_fault, on_bypass (n_functions).

    `beyond` is an Answer for each channel: YES counts for a healthy channel, and for one not visible (a doubtful value
    beyond the setpoint still raises). A channel not visible may be healthy, faulted or bypassed: the result is YES or
    NO only if it is so in every case. Removing a channel lowers the votes needed by at most one, so the cases
    "no vote" and "one vote" bound all others.
    """
    faulted, bypassed = state == FAULTED, state == BYPASSED
    healthy, unseen = state == HEALTHY, state == NOT_VISIBLE
    n_faulted, n_bypassed = faulted.sum(axis=1), bypassed.sum(axis=1)
    n_healthy, n_unseen = healthy.sum(axis=1), unseen.sum(axis=1)
    forced = n_faulted * (on_fault == VOTE_TRIP) + n_bypassed * (on_bypass == VOTE_TRIP)
    removed = n_faulted * (on_fault == REMOVE) + n_bypassed * (on_bypass == REMOVE)
    left = n_faulted + n_bypassed + n_healthy + n_unseen - removed
    needed = np.minimum(vote, left)
    seen_beyond = ((healthy | unseen) & (beyond == YES)).sum(axis=1)
    open_votes = (unseen & (beyond != YES)).sum(axis=1) + (healthy & (beyond == UNKNOWN)).sum(axis=1)
    some_left = left > 0
    certain = forced + seen_beyond
    return Votes(
        result=answer(some_left & (certain >= needed), ~some_left | (certain + open_votes < needed)),
        forced=forced,
        beyond=seen_beyond,
        needed=needed,
        absent=~some_left | (forced + n_healthy + n_unseen < needed),
        whole=n_faulted + n_bypassed + n_unseen == 0,
        effective_m=np.where(some_left, np.maximum(needed - forced, 0), 1),
        effective_n=n_healthy,
        counts=np.stack([n_healthy, n_faulted, n_bypassed, n_unseen], axis=1),
    )
