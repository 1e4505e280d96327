"""What the safety functions were worth over twelve months, and whether they answered their demands in time.

Both from the journal: the ledger for the figures, the responses as the device stamped them where it did (its clock is
finer), as scans showed them elsewhere.
"""

import json
from dataclasses import replace

import numpy as np

from plantsafe.compliance.figure import Counts, Evidence, Figure, Note, Outcome, Row, figure_of_rows
from plantsafe.compliance.period import Span
from plantsafe.compliance.rules import Rule
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant
from plantsafe.protection import LEDGER_KINDS, Ledger
from plantsafe.protection.period import Line, Standing, period_pfd, standing
from plantsafe.protection.proof_tests import TEST_EVENTS

_OUTCOME = {Standing.MET: Outcome.MET, Standing.NOT_MET: Outcome.NOT_MET}
_ANSWERS = ("demand_started", "safe_state_reached", "device_response", "failure_on_demand", "first_out")
NS_PER_H = 3_600_000_000_000


def pfd_figure(rule: Rule, history: HistoryReader, plant: Plant, span: Span, evidence: Evidence) -> Figure:
    """PFDavg of the twelve months that end with the period, as a share of 1/RRF; hours not verifiable apart."""
    ledger, tests = Ledger(plant), dict[str, list[int]]()
    events = [e for e in history.record.events(kinds=LEDGER_KINDS) if e.time_ns < span.to_ns]
    ledger.take(events)
    for event in events:
        if event.kind in TEST_EVENTS:
            tests.setdefault(event.subject, []).append(event.seq)
    sums = ledger.period(evidence.last_scan, span.to_ns).sums(span.to_ns)
    required = np.array([1.0 / f.rrf for f in plant.file.functions])
    pfd, stands = period_pfd(sums), standing(sums, required)
    scans_an_hour = NS_PER_H / plant.period_ns
    rows = []
    for i, function in enumerate(plant.file.functions):
        service, worse, unseen = (float(sums[i, k]) for k in (Line.SERVICE, Line.WORSE, Line.NOT_VERIFIABLE))
        known = bool(np.isfinite(pfd[i]))
        words = (
            ("pfd", f"{pfd[i]:.2e}" if known else "–"),
            ("required", f"{required[i]:.2e}"),
            ("service_h", f"{service:.1f}"),
            ("unseen_h", f"{unseen:.1f}"),
        )
        rows.append(
            Row(
                subject=function.name,
                title=function.title,
                value=float(pfd[i] / required[i]) if known else None,
                limit=rule.limit_in(span.length_s),
                outcome=_OUTCOME.get(Standing(int(stands[i])), Outcome.NOT_VERIFIABLE),
                counts=Counts(
                    well=round(max(service - worse, 0.0) * scans_an_hour),
                    beyond=round(worse * scans_an_hour),
                    unjudged=round(unseen * scans_an_hour),
                ),
                evidence=replace(evidence, events=tuple(tests.get(function.name, ()))),
                notes=(
                    Note(key="pfd_period", words=words),
                    *((Note(key="no_reliability"),) if stands[i] == Standing.UNDETERMINED else ()),
                ),
            )
        )
    return figure_of_rows(rule, rule.limit_in(span.length_s), tuple(rows), evidence, ())


def responses_figure(
    rule: Rule, history: HistoryReader, plant: Plant, span: Span, evidence: Evidence, seen: tuple[Row, ...]
) -> Figure:
    """Demands of the period that were answered late or not at all; `seen`: rows that say how much could be judged."""
    told: dict[str, list[tuple[int, str, str]]] = {}
    for event in history.record.events(kinds=_ANSWERS, from_ns=span.from_ns):
        if event.time_ns < span.to_ns:
            outcome = str(json.loads(event.body).get("outcome", ""))
            told.setdefault(event.subject, []).append((event.seq, event.kind, outcome))
    rows = []
    for function, row in zip(plant.file.functions, seen, strict=True):
        events = told.get(function.name, [])
        demands = sum(kind == "demand_started" for _, kind, _ in events)
        failed = sum(kind == "failure_on_demand" for _, kind, _ in events)
        by_device = [outcome for _, kind, outcome in events if kind == "device_response"]
        by_scan = [outcome for _, kind, outcome in events if kind == "safe_state_reached"]
        answers = by_device if len(by_device) >= len(by_scan) else by_scan
        late = max(failed, sum(outcome == "late" for outcome in answers))
        in_time = sum(outcome == "in_time" for outcome in answers)
        unresolved = max(demands - late - in_time, 0)
        first_outs = sum(kind == "first_out" for _, kind, _ in events)
        judged = row.counts.judged_share >= rule.judged_share_min
        outcome = Outcome.NOT_MET if late else Outcome.MET if judged and not unresolved else Outcome.NOT_VERIFIABLE
        words = (("demands", demands), ("late", late), ("unresolved", unresolved), ("first_outs", first_outs))
        rows.append(
            Row(
                subject=function.name,
                title=function.title,
                value=float(late),
                limit=rule.limit_in(span.length_s),
                outcome=outcome,
                counts=row.counts,
                evidence=replace(evidence, events=tuple(seq for seq, _, _ in events)),
                notes=(Note(key="answers", words=words),) if demands or events else (),
            )
        )
    return figure_of_rows(rule, rule.limit_in(span.length_s), tuple(rows), evidence, ())
