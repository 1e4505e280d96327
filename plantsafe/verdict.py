"""What one scan means: which conditions hold, which cannot be judged, and what the journal should know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8, I8, Bool, Frame

Arrays = dict[str, NDArray[Any]]
"""Named arrays: the whole state of a check, an alarm book, an engine."""


Rows = dict[str, tuple[str, ...]]
"""For an array of a memory, the names of its rows: those of the same name go over to another plant description."""


class ConditionClass(IntEnum):
    """An alarm is rationalised and must be acknowledged; a finding makes no sound and asks for nothing."""

    ALARM = 0
    FINDING = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One row that may hold.

    subject: the point, unit, function or source it is about. kind: HH, H, L, LL, source_lost, ewma, ...
    priority: 1 critical to 4 low. Delays in scans. `point` and `source` are rows of the plant's tables, -1 for none;
    when `source` is lost the condition is suppressed by design. shelve_max_scans: longest shelving, 0 for never;
    shelve_times_max: how often in a shift. first_out: its group. realarm_scans: 0 for no re-alarm.
    """

    name: str
    subject: str
    kind: str
    klass: ConditionClass
    priority: int
    on_delay_scans: int = 0
    off_delay_scans: int = 0
    deadband: float = 0.0
    limit: float = float("nan")
    point: int = -1
    source: int = -1
    unit: str = ""
    consequence: Mapping[str, str] = field(default_factory=dict)
    action: Mapping[str, str] = field(default_factory=dict)
    latching: bool = False
    ack_required: bool = True
    auto_ack_on_return: bool = False
    confirm: bool = False
    realarm_scans: int = 0
    shelve_max_scans: int = 0
    shelve_times_max: int = 0
    first_out: str = ""


class Verdict:
    """The answer to one frame. Each check writes its own block and may read the blocks before it.

    active (n_conditions): holds, after deadband and delays. unknown: cannot be judged in this scan.
    since: number of the scan in which the condition became true, 0 where it is not. value, limit: what was compared.
    facts: what happened that is not a state of a condition (a demand, a trip, a clock step), for the journal.
    gap: how many scheduled scans were lost just before this frame.
    """

    __slots__ = ("active", "facts", "gap", "limit", "since", "unknown", "value")

    def __init__(self, n_conditions: int, gap: int = 0) -> None:
        self.gap = gap
        self.active: Bool = np.zeros(n_conditions, dtype=np.bool_)
        self.unknown: Bool = np.zeros(n_conditions, dtype=np.bool_)
        self.since: I8 = np.zeros(n_conditions, dtype=np.int64)
        self.value: F8 = np.full(n_conditions, np.nan)
        self.limit: F8 = np.full(n_conditions, np.nan)
        self.facts: list[Fact] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something for the journal: its kind, what it is about, who did it ("system" for us), and the particulars.

    `body` holds JSON types only: text, numbers, booleans, lists, mappings with text keys.
    """

    kind: str
    subject: str
    actor: str = "system"
    body: dict[str, Any] = field(default_factory=dict)


class Check(Protocol):
    """Judges one frame. Its whole memory is named arrays, so that a snapshot can carry it."""

    @property
    def name(self) -> str:
        """Unique among the checks of an engine; prefixes its arrays in the snapshot."""
        ...

    @property
    def conditions(self) -> Sequence[Condition]:
        """The rows of its block, fixed for the life of the check."""
        ...

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge `frame`, writing `verdict` at `block` only; earlier blocks may be read."""
        ...

    def state(self) -> Arrays:
        """The memory, by name; no copy is promised."""
        ...

    def rows(self) -> Rows:
        """Which arrays of the memory go over by name to another plant description; the others start anew."""
        ...

    def load(self, arrays: Arrays) -> None:
        """Take over a memory that `state` gave."""
        ...

    def live(self) -> Arrays:
        """What pages show of it besides its conditions; empty for most."""
        ...
