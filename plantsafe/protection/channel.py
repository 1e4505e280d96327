"""What one frame says of each channel, final element, trip bit and mode of the safety functions."""

from dataclasses import dataclass

import numpy as np

from plantsafe.frame import F8, Bool, Frame, driven_high, driven_low, is_bad, is_good
from plantsafe.plant.tables import FAIL_HIGH, FAIL_LOW
from plantsafe.protection.answer import ABSENT, U1, UNKNOWN, YES, answer
from plantsafe.protection.tables import FunctionTable, Index
from plantsafe.protection.vote import BYPASSED, FAULTED, HEALTHY, NO_CHANNEL, NOT_VISIBLE

MODE_TOLERANCE = 1e-6  # codes of a mode are whole numbers; this is room for float32 on the wire


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen in one frame.

    state: ChannelState, beyond: Answer, bypass: Answer (n_functions, n_channels). distance_eu: how far each input is
    from its setpoint, positive on the healthy side, NaN where not Good. element_safe: Answer (n_functions, n_elements).
    safe: Answer, the element vote. tripped: Answer. needed: in its hazardous mode, or that is not known. tested,
    by_hand: the SIS says that the function is tested, or tripped by people.
    """

    state: U1
    beyond: U1
    bypass: U1
    distance_eu: F8
    element_safe: U1
    safe: U1
    tripped: U1
    needed: Bool
    tested: Bool
    by_hand: Bool


@dataclass(frozen=True, slots=True)
class Bits:
    """What status bits, feedbacks and modes say: the same as long as none of them changes. See Sight.

    in_use: a bypass or fault bit that is on, or last was. fault: Answer (n_functions, n_channels).
    """

    bypass: U1
    fault: U1
    in_use: Bool
    element_safe: U1
    safe: U1
    tripped: U1
    needed: Bool
    tested: Bool
    by_hand: Bool


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the transmitters say: beyond (Answer, by value alone), distance_eu, and whether they can be judged."""

    beyond: U1
    distance_eu: F8
    judged: Bool


def look(table: FunctionTable, frame: Frame) -> Sight:
    """Read the frame; only Good data say that something is healthy, off, or in its safe state."""
    return together(table, read_bits(table, frame), read_inputs(table, frame))


def bit_rows(table: FunctionTable) -> Index:
    """Rows of every point that `read_bits` looks at."""
    rows = (
        *(table.bypass, table.fault, table.tripped, table.feedback, table.mode),
        *(table.test_mode, table.manual_trip),
    )
    found = np.unique(np.concatenate([part.ravel() for part in rows]))
    return found[found >= 0]


def read_bits(table: FunctionTable, frame: Frame) -> Bits:
    """Bypasses, faults, final elements, outputs and modes."""
    element_safe = _element_safe(table, frame)
    n_safe = (element_safe == YES).sum(axis=1)
    n_open = (element_safe == UNKNOWN).sum(axis=1)
    return Bits(
        bypass=_bit(frame, table.bypass),
        fault=_bit(frame, table.fault),
        in_use=~(_not_known_on(frame, table.bypass) & _not_known_on(frame, table.fault)),
        element_safe=element_safe,
        safe=answer(n_safe >= table.element_vote, n_safe + n_open < table.element_vote),
        tripped=_trip_bit(frame, table.tripped),
        needed=_needed(table, frame),
        tested=_bit(frame, table.test_mode) == YES,
        by_hand=_bit(frame, table.manual_trip) == YES,
    )


def together(table: FunctionTable, bits: Bits, inputs: Inputs) -> Sight:
    """Bits and inputs as one sight."""
    state = _state(table.present, bits.bypass, bits.fault, inputs.judged)
    beyond = np.where((state == NOT_VISIBLE) & bits.in_use, UNKNOWN, inputs.beyond)
    return Sight(
        state=state,
        beyond=np.where(table.present, beyond, ABSENT),
        bypass=bits.bypass,
        distance_eu=inputs.distance_eu,
        element_safe=bits.element_safe,
        safe=bits.safe,
        tripped=bits.tripped,
        needed=bits.needed,
        tested=bits.tested,
        by_hand=bits.by_hand,
    )


def _bit(frame: Frame, rows: Index) -> U1:
    """A status bit, above 0.5 when on; a bit that the plant does not have is off."""
    value, good = frame.value[rows], is_good(frame.status[rows])
    has = rows >= 0
    on = value > 0.5
    return answer(has & good & on, ~has | (good & ~on))


def _not_known_on(frame: Frame, rows: Index) -> Bool:
    """True where a bit is off by its last usable value, or the plant does not have it."""
    usable = ~is_bad(frame.status[rows])
    return (rows < 0) | (usable & (frame.value[rows] <= 0.5))


def _trip_bit(frame: Frame, rows: Index) -> U1:
    value, status = frame.value[rows], frame.status[rows]
    on = value > 0.5
    return answer(~is_bad(status) & on, is_good(status) & ~on)


def read_inputs(table: FunctionTable, frame: Frame) -> Inputs:
    """Beyond the setpoint or not, the distance to it, and whether the input can be judged at all.

    Within half a resolution step of the setpoint the true value may lie on either side: UNKNOWN, though the channel
    is seen. A value that is not Good answers YES or nothing. An instrument driven to an end of its range is beyond
    every limit on that side, unless that end is where it goes when it fails: then it says nothing.
    """
    value, status = frame.value[table.input], frame.status[table.input]
    sign, setpoint = table.sign[:, None], table.setpoint[:, None]
    excess = sign * (value - setpoint)
    half_step = 0.5 * table.resolution
    at_or_past = (excess >= half_step) & ((half_step == 0.0) | (excess > half_step))
    if not status.any():  # all Good and none driven to an end: what follows comes to this
        return Inputs(beyond=answer(at_or_past, excess < -half_step), distance_eu=-excess, judged=~np.isnan(value))
    good, usable = is_good(status), ~is_bad(status)
    high, low = driven_high(status), driven_low(status)
    failed = (high & (table.fail == FAIL_HIGH)) | (low & (table.fail == FAIL_LOW))
    driven = np.where(sign > 0, high, low)
    yes = ~failed & (driven | (usable & at_or_past))
    no = ~failed & ~driven & good & (excess < -half_step)
    judged = yes | (~failed & good & ~np.isnan(value))
    return Inputs(beyond=answer(yes, no), distance_eu=np.where(good & ~failed, -excess, np.nan), judged=judged)


def _state(present: Bool, bypass: U1, fault: U1, judged: Bool) -> U1:
    """A bypass goes before a fault; a bit that cannot be seen hides what comes after it."""
    bypass_known, fault_known = bypass != UNKNOWN, fault != UNKNOWN
    state = np.where(judged & fault_known, HEALTHY, NOT_VISIBLE)
    state = np.where(fault == YES, FAULTED, state)
    state = np.where(bypass_known, state, NOT_VISIBLE)
    state = np.where(bypass == YES, BYPASSED, state)
    return np.where(present, state, NO_CHANNEL)


def _element_safe(table: FunctionTable, frame: Frame) -> U1:
    value, good = frame.value[table.feedback], is_good(frame.status[table.feedback])
    near = np.abs(value - table.safe_value) <= table.tolerance
    seen = answer(good & near, good & ~near & ~np.isnan(value))
    return np.where(table.feedback >= 0, seen, ABSENT)


def _needed(table: FunctionTable, frame: Frame) -> Bool:
    """False only where a Good mode says so: an unknown mode counts as hazardous."""
    value, good = frame.value[table.mode], is_good(frame.status[table.mode])
    hazardous = (np.abs(value[:, None] - table.modes) <= MODE_TOLERANCE).any(axis=1)
    always = (table.mode < 0) | np.isnan(table.modes).all(axis=1)
    return always | ~good | np.isnan(value) | hazardous
