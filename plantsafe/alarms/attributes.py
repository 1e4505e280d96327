"""What an alarm is made to do, as arrays over all conditions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plantsafe.alarms.life_cycle import Trigger
from plantsafe.frame import I8, Bool
from plantsafe.verdict import Condition, ConditionClass

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """Rows as the conditions. raised_by, cleared_by: the trigger of a coming and a going condition.

    group (n,): row of the first-out group in `groups`, -1 for none. quiet: no acknowledgement is needed, a finding or
    by its attribute. Times in scans.
    """

    finding: Bool
    quiet: Bool
    raised_by: Index
    cleared_by: Index
    confirm: Bool
    priority: NDArray[np.uint8]
    realarm_scans: I8
    shelve_max_scans: I8
    shelve_times_max: I8
    source: Index
    group: Index
    groups: tuple[str, ...]


def attributes(conditions: Sequence[Condition]) -> Attributes:
    """The attributes of `conditions`."""
    groups = tuple(dict.fromkeys(c.first_out for c in conditions if c.first_out))
    place = {name: i for i, name in enumerate(groups)}
    return Attributes(
        finding=np.array([c.klass is ConditionClass.FINDING for c in conditions], dtype=np.bool_),
        quiet=np.array([_raised_by(c) is Trigger.RAISE_NO_ACK for c in conditions], dtype=np.bool_),
        raised_by=np.array([_raised_by(c) for c in conditions], dtype=np.intp),
        cleared_by=np.array(
            [Trigger.CLEAR_AUTO_ACK if c.auto_ack_on_return and not c.latching else Trigger.CLEAR for c in conditions],
            dtype=np.intp,
        ),
        confirm=np.array([c.confirm for c in conditions], dtype=np.bool_),
        priority=np.array([c.priority for c in conditions], dtype=np.uint8),
        realarm_scans=np.array([c.realarm_scans for c in conditions], dtype=np.int64),
        shelve_max_scans=np.array([c.shelve_max_scans for c in conditions], dtype=np.int64),
        shelve_times_max=np.array([c.shelve_times_max for c in conditions], dtype=np.int64),
        source=np.array([c.source for c in conditions], dtype=np.intp),
        group=np.array([place.get(c.first_out, -1) for c in conditions], dtype=np.intp),
        groups=groups,
    )


def _raised_by(condition: Condition) -> Trigger:
    if condition.klass is ConditionClass.FINDING:
        return Trigger.RAISE_NO_ACK
    if condition.latching:
        return Trigger.RAISE_LATCHING
    return Trigger.RAISE if condition.ack_required else Trigger.RAISE_NO_ACK
