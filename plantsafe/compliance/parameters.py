"""Is every monitored parameter of a nitration unit measured, and were the measurements good?"""

from dataclasses import replace

import numpy as np

from plantsafe.compliance.figure import Counts, Evidence, Figure, Note, Outcome, Row, figure_of_rows, judge
from plantsafe.compliance.period import Span
from plantsafe.compliance.rules import MonitoredParameter, Rule
from plantsafe.frame import U4, is_good
from plantsafe.plant import Plant
from plantsafe.plant.model import ProcessType, Text, Unit


class Parameters:
    """Takes the status columns of all declared parameter points; one figure, a row for each unit and parameter."""

    def __init__(self, plant: Plant, rule: Rule) -> None:
        self._rule = rule
        self._plant = plant
        self._wanted = [
            (unit, parameter, _points(plant, unit, parameter))
            for unit in plant.file.units
            if _nitrates(unit, rule)
            for parameter in rule.parameters
        ]
        self._undeclared = [
            unit for unit in plant.file.units if unit.process in rule.possible_processes and not unit.parameters
        ]
        self.columns = tuple(dict.fromkeys(name for _, _, names in self._wanted for name in names))
        self._good = np.zeros(len(self.columns), dtype=np.int64)

    def take(self, status: U4) -> None:
        """Count the Good values; status (n, n_columns)."""
        self._good += is_good(status).sum(axis=0)

    def figures(self, span: Span, missing: int, evidence: Evidence) -> list[Figure]:
        """The figure; `missing`: scheduled scans of the period that are not recorded."""
        good = dict(zip(self.columns, self._good.tolist(), strict=True))
        limit = self._rule.limit_in(span.length_s)
        rows = [
            self._row(unit, parameter, {name: good[name] for name in names}, limit, missing, evidence)
            for unit, parameter, names in self._wanted
        ]
        for unit in self._undeclared:
            rows.append(
                Row(
                    subject=unit.name,
                    title=unit.title,
                    value=None,
                    limit=limit,
                    outcome=Outcome.NOT_VERIFIABLE,
                    counts=Counts(unjudged=evidence.scans, missing=missing),
                    evidence=evidence,
                    notes=(Note(key="undeclared"),),
                )
            )
        covered = sum(row.outcome is Outcome.MET for row in rows)
        words = (("n", covered), ("all", len(self._wanted)))
        notes = (Note(key="covered", words=words),) if self._wanted else ()
        return [figure_of_rows(self._rule, limit, tuple(rows), evidence, notes)]

    def _row(
        self,
        unit: Unit,
        parameter: MonitoredParameter,
        good: dict[str, int],
        limit: float,
        missing: int,
        evidence: Evidence,
    ) -> Row:
        subject = f"{unit.name}/{parameter.key}"
        title = Text(en=f"{unit.name}: {parameter.title.en}", zh=f"{unit.name}：{parameter.title.zh}")
        if not good:
            maybe = unit.process in parameter.may_not_apply
            return Row(
                subject=subject,
                title=title,
                value=None if maybe else 0.0,
                limit=limit,
                outcome=Outcome.NOT_VERIFIABLE if maybe else Outcome.NOT_MET,
                counts=Counts(unjudged=evidence.scans, missing=missing),
                evidence=evidence,
                notes=(Note(key="may_not_apply" if maybe else "missing_point"),),
            )
        most = max(good.values())
        recorded, scheduled = evidence.scans, evidence.scans + missing
        counts = Counts(well=most, beyond=recorded - most, missing=missing)
        share = most / recorded if recorded else None
        return Row(
            subject=subject,
            title=title,
            value=share,
            limit=limit,
            outcome=judge(
                self._rule,
                limit,
                seen=share,
                best=(most + missing) / scheduled,
                worst=most / scheduled,
                judged_share=counts.judged_share,
            ),
            counts=counts,
            evidence=replace(evidence, samples=recorded * len(good)),
        )


def _nitrates(unit: Unit, rule: Rule) -> bool:
    return unit.process in rule.processes or (unit.process in rule.possible_processes and bool(unit.parameters))


def _points(plant: Plant, unit: Unit, parameter: MonitoredParameter) -> tuple[str, ...]:
    """The unit's own points, else those of the separation units of its workshop where the rule allows that."""
    own = unit.parameters.get(parameter.key, ())
    if own or not parameter.separation:
        return own
    return tuple(
        name
        for other in plant.file.units
        if other.workshop == unit.workshop and other.process is ProcessType.SEPARATION
        for name in other.parameters.get(parameter.key, ())
    )
