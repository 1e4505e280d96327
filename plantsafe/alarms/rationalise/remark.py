"""What a review says of an alarm, and the change that it proposes."""

from dataclasses import dataclass
from typing import Literal

Rule = Literal[
    "missing",  # no consequence, action or time to respond
    "duplicate",  # another alarm says the same
    "beyond-trip",  # comes after the trip of what it measures
    "too-late",  # leaves less time than a person needs
    "unreachable",  # can never come, or only at the end of the instrument
    "order",  # HH below H
    "dead-band",  # smaller than the noise or the step of the instrument
    "delay",  # where it is forbidden, or longer than the response allows
    "priority",  # more or less urgent than consequence and time say
    "nuisance",  # chattered or fleeted in the history
    "together",  # always comes with another one
    "file",  # another mistake of the plant file
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to settle. alarm: its name, empty for the alarms as a whole. file, line: where it is written."""

    rule: Rule
    alarm: str
    file: str
    line: int
    wrong: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change of one field of an alarm. old: None where the field is not written.

    by_hand: the entry is a row of a table, or shares its text with others: the diff does not have it.
    """

    section: str
    alarm: str
    field: str
    old: float | None
    new: float
    why: str
    file: str
    line: int
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Share of a priority among the configured alarms. band: green within 5 points, amber within 15, else red."""

    priority: int
    count: int
    share: float
    target: float
    band: Literal["green", "amber", "red"]
