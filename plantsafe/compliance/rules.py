"""The rules as data: what is compared with what, on whose word, and how well that word is known.

A limit whose status is below `confirmed` is a figure to compare with, never a statement of what the law requires.
"""

from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from ruamel.yaml import YAML

from plantsafe.plant.model import ProcessType, Text

Status = Literal["text_seen", "verify", "site_default", "confirmed"]
Comparator = Literal["<=", "<", ">=", ">"]
Unit = Literal["person", "share", "s", "scan", "row", "event"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Basis(_Entry):
    """Where the rule comes from: document and place in it."""

    document: Text
    clause: Text


class MonitoredParameter(_Entry):
    """One parameter that a process must have a live point for.

    key: as in `units[].parameters` of the plant file. separation: a separation unit of the same workshop may have it.
    may_not_apply: processes that may do without (a microchannel has no agitator); without evidence not verifiable.
    """

    key: str
    title: Text
    separation: bool = False
    may_not_apply: tuple[ProcessType, ...] = ()


class Rule(_Entry):
    """One row of the rule file; `limit` in `unit`, or `limit_share` of the period for a limit in seconds.

    judged_share_min: with less of the period judged, a value that looks well is not verifiable.
    """

    id: str
    title: Text
    basis: Basis
    status: Status
    comparator: Comparator
    limit: float | None = None
    limit_share: float | None = Field(default=None, gt=0.0, le=1.0)
    unit: Unit
    judged_share_min: float = Field(ge=0.0, le=1.0)
    evidence: Text
    processes: tuple[ProcessType, ...] = ()
    possible_processes: tuple[ProcessType, ...] = ()
    parameters: tuple[MonitoredParameter, ...] = ()

    @model_validator(mode="after")
    def _one_limit(self) -> "Rule":
        if (self.limit is None) == (self.limit_share is None):
            raise ValueError(f"{self.id}: a rule has either limit or limit_share")
        return self

    def limit_in(self, period_s: float) -> float:
        """The limit in the rule's unit, for a period of `period_s` seconds."""
        return self.limit if self.limit is not None else (self.limit_share or 0.0) * period_s


class RuleFile(_Entry):
    """The whole file."""

    schema_version: Literal[1] = Field(alias="schema")
    rules: tuple[Rule, ...]


def holds(value: float, limit: float, comparator: Comparator) -> bool:
    """Does `value` stand to `limit` as the rule asks?"""
    match comparator:
        case "<=":
            return value <= limit
        case "<":
            return value < limit
        case ">=":
            return value >= limit
        case ">":
            return value > limit


@cache
def rules() -> dict[str, Rule]:
    """The shipped rules by id, in the file's order."""
    text = resources.files("plantsafe.compliance").joinpath("rules.yaml").read_text(encoding="utf-8")
    file = RuleFile.model_validate(YAML(typ="safe", pure=True).load(text))
    return {rule.id: rule for rule in file.rules}
