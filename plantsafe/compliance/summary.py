"""The compliance summary: every figure from the record alone, in one pass over its frames."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from plantsafe.compliance.figure import Evidence, Figure
from plantsafe.compliance.functions import Functions
from plantsafe.compliance.integrity import Coverage, age, chain, good_samples, lost_scans, recorded_scans
from plantsafe.compliance.occupancy import Occupancy
from plantsafe.compliance.parameters import Parameters
from plantsafe.compliance.period import Span, blocks, missing_after, open_span
from plantsafe.compliance.rules import rules
from plantsafe.compliance.worth import pfd_figure, responses_figure
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant
from plantsafe.plant.model import Text
from plantsafe.store.record import EventRow

_BYPASS = ("bypass_on", "bypass_off")
_LOST = ("scans_lost",)
_RAISED = ("alarm_raised",)
_CLOCK = ("clock_step",)
_KINDS = (*_BYPASS, *_LOST, *_RAISED, *_CLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All figures of one period [from_ns, to_ns). `approved`: a second person's approval of this
    plant description is in the journal before the end of the period."""

    site: str
    site_title: Text
    timezone: str
    plant: str
    other_plants: tuple[str, ...]
    approved: bool
    period_ns: int
    from_ns: int
    to_ns: int
    coverage: Coverage
    journal_head: str
    journal_rows: int
    figures: tuple[Figure, ...]


def summarise(history: HistoryReader, plant: Plant, *, from_ns: int, to_ns: int) -> Summary:
    """The figures of the period for `plant`; raises RequestError for a period that is empty or turned round."""
    rule = rules()
    span = open_span(history, plant, from_ns, to_ns)
    occupancy = Occupancy(plant, rule["head_count.partition"], rule["head_count.workshop"], span)
    functions = Functions(plant, rule["bypass.time"], rule["bypass.longest"], rule["functions.in_service"], span)
    parameters = Parameters(plant, rule["nitration.parameters"])
    columns = tuple(dict.fromkeys((*occupancy.columns, *functions.columns, *parameters.columns)))
    place = {name: i for i, name in enumerate(columns)}
    heads, bits, measured = (
        np.array([place[name] for name in part.columns], dtype=np.intp) for part in (occupancy, functions, parameters)
    )
    recorded = lost = good = samples = first = last = first_ns = last_ns = 0
    plants: set[str] = set()
    for block in blocks(history, plant, span, columns):
        plants.add(block.plant)
        occupancy.take(block, block.value[:, heads], block.status[:, heads])
        functions.take(block, block.value[:, bits], block.status[:, bits])
        parameters.take(block.status[:, measured])
        if not recorded:
            first, first_ns = int(block.number[0]), int(block.time_ns[0])
        last, last_ns = int(block.number[-1]), int(block.time_ns[-1])
        recorded += len(block.number)
        lost += int(block.missing.sum())
        good += int(block.good.sum())
        samples += int(block.points.sum())
    after = missing_after(history, span, last, last_ns) if recorded else 0
    coverage = Coverage(
        first_scan=first,
        last_scan=last,
        first_ns=first_ns,
        last_ns=last_ns,
        scheduled=recorded + lost + span.before + after,
        recorded=recorded,
        lost=lost,
        outside=span.before + after,
    )
    events = _events(history, span)
    evidence = Evidence(first_scan=first, last_scan=last, scans=recorded)
    missing = coverage.lost + coverage.outside
    journal = chain(rule["record.chain"], history.record)
    lost_evidence = replace(evidence, events=events.of(_LOST))
    protection = functions.figures(span, after, evidence, events.by_subject(_BYPASS))
    responses = rule["functions.responses"]
    return Summary(
        site=plant.file.site.name,
        site_title=plant.file.site.title,
        timezone=plant.file.site.timezone,
        plant=plant.hash,
        other_plants=tuple(sorted(plants - {plant.hash})),
        approved=_approved(history, plant.hash, to_ns),
        period_ns=plant.period_ns,
        from_ns=from_ns,
        to_ns=to_ns,
        coverage=coverage,
        journal_head=journal.head,
        journal_rows=journal.rows,
        figures=(
            *occupancy.figures(span, after, evidence, events.by_subject(_RAISED)),
            *protection,
            pfd_figure(rule["functions.pfd"], history, plant, span, evidence),
            responses_figure(responses, history, plant, span, evidence, protection[-1].rows),
            *parameters.figures(span, missing, evidence),
            recorded_scans(rule["data.recorded"], coverage, lost_evidence),
            good_samples(rule["data.good"], good, samples, coverage, evidence),
            age(rule["data.age"], coverage, to_ns, replace(evidence, events=events.of(_CLOCK))),
            journal.figure,
            lost_scans(rule["record.lost_scans"], coverage, lost_evidence),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Events:
    """Sequence number, kind and subject of the events of a period that the figures point at."""

    rows: tuple[tuple[int, str, str], ...]

    def of(self, kinds: Collection[str]) -> tuple[int, ...]:
        return tuple(seq for seq, kind, _ in self.rows if kind in kinds)

    def by_subject(self, kinds: Collection[str]) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        for seq, kind, subject in self.rows:
            if kind in kinds:
                found.setdefault(subject, []).append(seq)
        return {subject: tuple(seqs) for subject, seqs in found.items()}


def _events(history: HistoryReader, span: Span) -> _Events:
    rows = [row for row in history.record.events(kinds=_KINDS, from_ns=span.from_ns) if row.time_ns < span.to_ns]
    rows += _open_bypasses(history, span)
    return _Events(tuple(sorted((row.seq, row.kind, row.subject) for row in rows)))


def _open_bypasses(history: HistoryReader, span: Span) -> list[EventRow]:
    """The events of bypasses that began before the period and had not ended by then, a channel each."""
    last: dict[tuple[str, str], EventRow] = {}
    for row in history.record.events(kinds=_BYPASS):
        if row.time_ns < span.from_ns:
            last[row.subject, str(json.loads(row.body).get("channel"))] = row
    return [row for row in last.values() if row.kind == "bypass_on"]


def _approved(history: HistoryReader, plant_hash: str, to_ns: int) -> bool:
    approvals = history.record.events(kinds=("plant_approved",), subject=plant_hash)
    return any(event.time_ns < to_ns for event in approvals)
