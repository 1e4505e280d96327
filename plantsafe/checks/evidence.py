"""What goes into the journal with a finding: which points of the unit had left their band then, which of them first.

It is the event `finding_explained`, of the scan that raises the finding. What it may come from, and where that was
seen before, is worked out by who reads it (plantsafe.findings): the engine keeps what was measured.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from plantsafe.checks.drift import DriftCheck
from plantsafe.plant import Plant
from plantsafe.verdict import Condition, ConditionClass, Fact

EXPLAINED = "finding_explained"
MOST_MOVED = 12  # points that are told (site default)


class Evidence:
    """Explains findings of units."""

    def __init__(self, plant: Plant, conditions: Sequence[Condition], drift: DriftCheck) -> None:
        self._drift = drift
        self._unit = {
            condition.name: plant.unit_row[condition.unit]
            for condition in conditions
            if condition.klass is ConditionClass.FINDING and condition.unit in plant.unit_row
        }
        self._subject = {condition.name: condition.subject for condition in conditions}

    def add(self, said: list[Fact], moved: Iterable[Fact]) -> list[Fact]:
        """What the checks said in this scan with what had moved, and an explanation of each finding that lacks one."""
        raised = [fact.subject for fact in moved if fact.kind == "finding_raised" and fact.subject in self._unit]
        explained = {fact.subject for fact in said if fact.kind == EXPLAINED}
        if not raised and not explained:
            return said
        answer = [self._with(fact) if fact.kind == EXPLAINED else fact for fact in said]
        return answer + [self._with(Fact(kind=EXPLAINED, subject=name)) for name in raised if name not in explained]

    def _with(self, fact: Fact) -> Fact:
        found = self._drift.moved(self._unit[fact.subject])
        own = self._subject[fact.subject]
        points = list(fact.body.get("points", ()))
        if not points:
            points = [own] if own in self._drift.row else [name for name, _, _ in found[:3]]
        body: dict[str, Any] = {**fact.body, "points": points}
        told = found[:MOST_MOVED]
        told += [one for one in self._drift.away(points) if one[0] not in {name for name, _, _ in told}]
        body["moved"] = [[name, away] for name, away, _ in told]
        if found:
            body |= {"first": found[0][0], "first_scan": found[0][2]}
        return Fact(kind=fact.kind, subject=fact.subject, actor=fact.actor, body=body)
