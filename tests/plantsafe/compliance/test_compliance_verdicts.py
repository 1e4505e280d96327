"""Boundaries, what cannot be judged, and records that are not whole."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plantsafe.compliance import Figure, Outcome, Summary, rules, summarise
from plantsafe.compliance.period import BLOCK_SCANS
from plantsafe.compliance.tally import BEYOND, UNJUDGED, WELL, Tally
from plantsafe.errors import RequestError
from plantsafe.frame import BAD_SENSOR_FAILURE, LIMIT_HIGH, UNCERTAIN
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant
from plantsafe.protection.check import FunctionCheck
from plantsafe.verdict import Fact, Verdict

BEGIN_NS, SECOND_NS = 1_780_000_000_000_000_000, 1_000_000_000
MET, NOT_MET, NOT_VERIFIABLE = Outcome.MET, Outcome.NOT_MET, Outcome.NOT_VERIFIABLE

SummaryOf = Callable[..., Summary]


def figure(summary: Summary, rule: str) -> Figure:
    return next(figure for figure in summary.figures if figure.rule.id == rule)


def outcome(summary: Summary, rule: str, subject: str) -> Outcome:
    return next(row.outcome for row in figure(summary, rule).rows if row.subject == subject)


@pytest.mark.parametrize(("persons", "expected"), [(3, MET), (4, NOT_MET)])
def test_three_persons_in_a_partition_are_within_and_four_are_not(
    persons: int, expected: Outcome, summary_of: SummaryOf
) -> None:
    summary = summary_of(n=10, values={"HC-1": [2] * 9 + [persons]})
    row = figure(summary, "head_count.partition").rows[0]
    assert (row.value, row.limit, row.outcome) == (persons, 3, expected)
    assert figure(summary, "head_count.partition").outcome is expected


@pytest.mark.parametrize(("last", "expected"), [(0, MET), (1, NOT_MET)])
def test_nine_persons_in_a_workshop_are_within_and_ten_are_not(
    last: int, expected: Outcome, summary_of: SummaryOf
) -> None:
    summary = summary_of(n=10, values={"HC-1": [3] * 10, "HC-2": [3] * 10, "HC-3": [3] * 10, "HC-4": [0] * 9 + [last]})
    assert outcome(summary, "head_count.partition", "P4") is MET
    assert figure(summary, "head_count.workshop").value == 9 + last
    assert outcome(summary, "head_count.workshop", "W1") is expected


def test_a_site_cap_above_the_rule_does_not_raise_it(summary_of: SummaryOf) -> None:
    summary = summary_of(n=10, values={"HC-2": [4] * 10})  # the plant file allows five in P2
    assert outcome(summary, "head_count.partition", "P2") is NOT_MET


def test_a_count_that_is_not_trusted_still_breaks_the_cap(summary_of: SummaryOf) -> None:
    summary = summary_of(n=10, values={"HC-1": [4] * 10}, status={"HC-1": [UNCERTAIN] * 10})
    assert outcome(summary, "head_count.partition", "P1") is NOT_MET


def test_a_count_at_the_end_of_its_range_is_beyond_without_a_value(summary_of: SummaryOf) -> None:
    summary = summary_of(n=10, status={"HC-1": [BAD_SENSOR_FAILURE | LIMIT_HIGH] * 10})
    assert outcome(summary, "head_count.partition", "P1") is NOT_MET
    assert outcome(summary, "head_count.workshop", "W1") is NOT_MET


@pytest.mark.parametrize(("n_bad", "expected"), [(1, MET), (2, NOT_VERIFIABLE)])
def test_more_than_one_per_cent_of_bad_data_is_not_verifiable(
    n_bad: int, expected: Outcome, summary_of: SummaryOf
) -> None:
    summary = summary_of(n=100, status={"HC-1": [BAD_SENSOR_FAILURE] * n_bad + [0] * (100 - n_bad)})
    row = figure(summary, "head_count.partition").rows[0]
    assert row.outcome is expected
    assert row.counts.unjudged == n_bad


def test_lost_scans_are_never_compliant(summary_of: SummaryOf) -> None:
    summary = summary_of(n=100, lost=frozenset(range(50, 60)))
    for rule in ("head_count.partition", "bypass.time", "functions.in_service", "nitration.parameters", "data.good"):
        assert figure(summary, rule).outcome is NOT_VERIFIABLE, rule
    assert figure(summary, "bypass.longest").outcome is MET  # ten seconds at worst: under eight hours all the same
    assert figure(summary, "data.recorded").outcome is NOT_MET
    assert figure(summary, "record.lost_scans").value == 10


def test_a_period_before_the_record_is_not_verifiable(plant: Plant, tmp_path: Path, write: Callable[..., None]) -> None:
    write(tmp_path, plant, n=5)
    with HistoryReader(tmp_path) as reader:
        summary = summarise(reader, plant, from_ns=BEGIN_NS - 90 * SECOND_NS, to_ns=BEGIN_NS - 30 * SECOND_NS)
    assert (summary.coverage.scheduled, summary.coverage.recorded) == (60, 0)
    assert figure(summary, "data.recorded").outcome is NOT_MET
    others = {f.rule.id: f.outcome for f in summary.figures if f.rule.id not in ("data.recorded", "record.chain")}
    assert others.pop("bypass.longest") is MET  # a minute cannot hold a bypass of eight hours
    assert set(others.values()) == {NOT_VERIFIABLE}


def test_a_function_without_a_bypass_bit_is_not_verifiable(plant: Plant, summary_of: SummaryOf) -> None:
    functions = tuple(
        f.model_copy(update={"inputs": tuple(c.model_copy(update={"bypass": None}) for c in f.inputs)})
        for f in plant.file.functions
    )
    blind = replace(plant, file=plant.file.model_copy(update={"functions": functions}))
    summary = summary_of(n=10, plant=blind)
    assert figure(summary, "bypass.time").outcome is NOT_VERIFIABLE
    assert figure(summary, "functions.in_service").outcome is NOT_VERIFIABLE
    assert figure(summary, "bypass.time").rows[0].notes[0].key == "no_bypass_bit"


def test_service_agrees_with_the_check_of_the_functions(
    plant: Plant, tmp_path: Path, write: Callable[..., None]
) -> None:
    rng = np.random.default_rng(7)
    n = BLOCK_SCANS + 70
    bits = {name: (rng.random(n) < 0.1).astype(float) for name in ("TA.B", "TA.F", "TB.B", "TB.F", "S1", "XV")}
    status = {
        name: np.where(rng.random(n) < 0.05, BAD_SENSOR_FAILURE, 0)
        for name in ("TA", "TB.F", "S1", "XV", "TB.B", "TA.B")
    }
    write(tmp_path, plant, n=n, values=bits | {"TB": rng.uniform(0, 100, n)}, status=status)
    check = FunctionCheck(plant)
    with HistoryReader(tmp_path) as reader:
        for frame in reader.frames(1, n):
            check.evaluate(frame, Verdict(len(check.conditions)), slice(0, len(check.conditions)))
        summary = summarise(reader, plant, from_ns=BEGIN_NS, to_ns=BEGIN_NS + n * SECOND_NS)
    live = check.live()
    service, bypass = figure(summary, "functions.in_service").rows, figure(summary, "bypass.time").rows
    assert [row.counts.well for row in service] == live["in_service_scans"].tolist()
    assert [row.counts.beyond for row in bypass] == live["bypass_scans"].tolist()


def test_a_parameter_without_a_point_is_not_met(make_plant: Callable[..., Plant], summary_of: SummaryOf) -> None:
    summary = summary_of(n=10, plant=make_plant(with_still=False))
    coverage = figure(summary, "nitration.parameters")
    assert len(coverage.rows) == 8
    assert coverage.outcome is NOT_MET
    assert [row.subject for row in coverage.rows if row.outcome is NOT_MET] == ["R1/still_impurity"]
    assert dict(coverage.notes[0].words) == {"n": 7, "all": 8}


def test_agitation_of_a_microchannel_is_not_verifiable_without_evidence(
    make_plant: Callable[..., Plant], summary_of: SummaryOf
) -> None:
    summary = summary_of(n=10, plant=make_plant(process="microchannel", agitation="[]"))
    assert outcome(summary, "nitration.parameters", "R1/agitation") is NOT_VERIFIABLE
    assert figure(summary, "nitration.parameters").outcome is NOT_VERIFIABLE


def test_the_best_point_of_a_parameter_counts(summary_of: SummaryOf) -> None:
    summary = summary_of(n=100, status={"TI": [BAD_SENSOR_FAILURE] * 50 + [0] * 50, "PH": [BAD_SENSOR_FAILURE] * 100})
    assert outcome(summary, "nitration.parameters", "R1/reactor_temperature") is MET
    assert outcome(summary, "nitration.parameters", "R1/ph") is NOT_MET


def test_frames_of_an_older_plant_file_are_joined_by_name(
    plant: Plant, make_plant: Callable[..., Plant], tmp_path: Path, write: Callable[..., None]
) -> None:
    older = make_plant(with_still=False)
    write(tmp_path, older, n=20, values={"HC-1": [4] * 20})
    with HistoryReader(tmp_path) as reader:
        summary = summarise(reader, plant, from_ns=BEGIN_NS, to_ns=BEGIN_NS + 20 * SECOND_NS)
    assert summary.other_plants == (older.hash,)
    assert outcome(summary, "head_count.partition", "P1") is NOT_MET
    assert outcome(summary, "nitration.parameters", "R1/ph") is MET
    assert outcome(summary, "nitration.parameters", "R1/still_impurity") is NOT_MET


def test_a_changed_byte_in_the_journal_breaks_the_chain_there(
    plant: Plant, tmp_path: Path, write: Callable[..., None]
) -> None:
    write(tmp_path, plant, n=5, facts={i: [Fact(kind="clock_step", subject="clock")] for i in range(5)})
    with sqlite3.connect(tmp_path / "record.db") as connection:
        connection.execute("UPDATE events SET actor = 'nobody' WHERE seq = 3")
    connection.close()
    with HistoryReader(tmp_path) as reader:
        summary = summarise(reader, plant, from_ns=BEGIN_NS, to_ns=BEGIN_NS + 5 * SECOND_NS)
    chain = figure(summary, "record.chain")
    assert (chain.value, chain.outcome, chain.evidence.rows) == (3, NOT_MET, 5)
    assert dict(chain.notes[0].words) == {"row": 3}


def test_an_old_last_scan_is_not_fresh(plant: Plant, tmp_path: Path, write: Callable[..., None]) -> None:
    write(tmp_path, plant, n=20)
    with HistoryReader(tmp_path) as reader:
        for age_s, expected in ((5, MET), (6, NOT_MET)):
            to_ns = BEGIN_NS + (19 + age_s) * SECOND_NS
            fresh = figure(summarise(reader, plant, from_ns=BEGIN_NS, to_ns=to_ns), "data.age")
            assert (fresh.value, fresh.outcome) == (age_s, expected)


def test_a_scan_that_jitter_put_beyond_the_edge_is_not_missing(
    plant: Plant, tmp_path: Path, write: Callable[..., None]
) -> None:
    late = 1_000_000
    write(tmp_path, plant, n=20, late_ns={4: -late, 5: late, 13: -late, 14: late})
    with HistoryReader(tmp_path) as reader:  # scan 4 is stamped before the begin, scan 14 after the end
        begin, end = BEGIN_NS + 4 * SECOND_NS, BEGIN_NS + 14 * SECOND_NS + 1
        summary = summarise(reader, plant, from_ns=begin, to_ns=end)
    assert (summary.coverage.first_scan, summary.coverage.last_scan) == (6, 14)
    assert (summary.coverage.recorded, summary.coverage.lost, summary.coverage.outside) == (9, 0, 0)


def test_a_fault_that_leaves_no_vote_is_out_of_service(make_plant: Callable[..., Plant], summary_of: SummaryOf) -> None:
    summary = summary_of(n=10, plant=make_plant(on_fault="remove"), values={"TA.F": [1] * 10})
    assert outcome(summary, "functions.in_service", "SIF-1") is MET  # its other channel can still trip it
    assert outcome(summary, "functions.in_service", "SIF-2") is NOT_MET
    assert figure(summary, "bypass.time").outcome is MET


def test_lost_scans_before_a_well_one_lengthen_the_possible_run() -> None:
    tally = Tally(1, before=0)
    tally.take(np.array([WELL, UNJUDGED, WELL])[:, None], np.array([0, 0, 3]))
    tally.close(after=0)
    assert (tally.longest_seen.tolist(), tally.longest_possible.tolist()) == ([0], [4])


@pytest.mark.parametrize("length_s", [0, -5])
def test_a_period_that_ends_before_it_begins_is_one_clear_error(
    length_s: int, plant: Plant, tmp_path: Path, write: Callable[..., None]
) -> None:
    write(tmp_path, plant, n=5)
    with HistoryReader(tmp_path) as reader, pytest.raises(RequestError, match="ends before it begins"):
        summarise(reader, plant, from_ns=BEGIN_NS, to_ns=BEGIN_NS + length_s * SECOND_NS)


def test_runs_go_on_over_the_edges_of_blocks() -> None:
    codes = np.array([WELL, BEYOND, BEYOND, BEYOND, UNJUDGED, BEYOND, WELL, BEYOND])[:, None]
    missing = np.array([0, 0, 0, 0, 0, 0, 0, 2])
    for cut in range(1, 8):
        tally = Tally(1, before=1)
        tally.take(codes[:cut], missing[:cut])
        tally.take(codes[cut:], missing[cut:])
        tally.close(after=1)
        assert tally.longest_seen.tolist() == [3]
        assert tally.longest_possible.tolist() == [5]
        counts = tally.counts(0)
        assert (counts.well, counts.beyond, counts.unjudged, counts.missing) == (2, 5, 1, 4)


def test_no_shipped_rule_claims_to_be_confirmed() -> None:
    assert {rule.status for rule in rules().values()} <= {"text_seen", "verify", "site_default"}


def _state(scan: int, **functions: list[Any]) -> dict[int, list[Fact]]:
    return {scan: [Fact(kind="protection_state", subject="functions", body={"functions": functions})]}


def test_the_twelve_months_are_read_from_the_journal_and_a_few_minutes_are_no_year(
    summary_of: Callable[..., Summary],
) -> None:
    summary = summary_of(n=40, facts=_state(0, **{"SIF-1": [0, 1, 2, 1, 0, 2.5e-3], "SIF-2": [3, 1, 0, 1, 0, 1e-3]}))
    rows = {row.subject: row for row in figure(summary, "functions.pfd").rows}
    assert rows["SIF-1"].value == pytest.approx(0.5), "2.5e-3 where 5e-3 is required"
    assert rows["SIF-1"].outcome is Outcome.NOT_VERIFIABLE
    assert (rows["SIF-1"].counts.well, rows["SIF-2"].counts.unjudged) == (40, 40)
    assert rows["SIF-2"].value is None


def test_time_without_protection_counts_as_a_pfd_of_one(summary_of: Callable[..., Summary]) -> None:
    summary = summary_of(n=40, facts=_state(0, **{"SIF-1": [2, 1, 0, 1, 2, 1.0]}))
    row = figure(summary, "functions.pfd").rows[0]
    assert (row.value, row.outcome) == (pytest.approx(200.0), Outcome.NOT_VERIFIABLE)
    assert row.counts.beyond == 40


def test_a_late_answer_is_not_met_and_one_that_cannot_be_told_is_not_verifiable(
    summary_of: Callable[..., Summary],
) -> None:
    def said(kind: str, subject: str, **body: Any) -> Fact:
        return Fact(kind=kind, subject=subject, body=body)

    summary = summary_of(
        n=40,
        facts={
            3: [said("demand_started", "SIF-1"), said("demand_started", "SIF-2")],
            5: [said("safe_state_reached", "SIF-1", outcome="not_resolved")],
            6: [said("device_response", "SIF-1", outcome="late"), said("first_out", "SIF-1")],
            7: [said("safe_state_reached", "SIF-2", outcome="not_resolved")],
        },
    )
    responses = figure(summary, "functions.responses")
    rows = {row.subject: row for row in responses.rows}
    assert (rows["SIF-1"].value, rows["SIF-1"].outcome) == (1.0, Outcome.NOT_MET)
    assert (rows["SIF-2"].value, rows["SIF-2"].outcome) == (0.0, Outcome.NOT_VERIFIABLE)
    assert responses.outcome is Outcome.NOT_MET
    assert len(rows["SIF-1"].evidence.events) == 4


def test_no_demand_is_met_where_the_time_was_seen(summary_of: Callable[..., Summary]) -> None:
    assert {row.outcome for row in figure(summary_of(n=40), "functions.responses").rows} == {Outcome.MET}
