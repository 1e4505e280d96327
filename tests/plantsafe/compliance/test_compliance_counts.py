"""Every figure against a count made frame by frame in plain Python, on random records."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantsafe.compliance import Figure, Outcome, Summary, summarise
from plantsafe.frame import BAD_SENSOR_FAILURE, GOOD, UNCERTAIN
from plantsafe.history.reader import HistoryReader
from plantsafe.plant import Plant
from plantsafe.verdict import Fact

BEGIN_NS, SECOND_NS = 1_780_000_000_000_000_000, 1_000_000_000
PARTS = ("HC-1", "HC-2", "HC-3", "HC-4")
FUNCTIONS = {"SIF-1": ("TA", "TB"), "SIF-2": ("TA",)}

codes = st.sampled_from([GOOD, GOOD, GOOD, GOOD, UNCERTAIN, BAD_SENSOR_FAILURE])


@st.composite
def stories(draw: st.DrawFn) -> dict[str, Any]:
    n = draw(st.integers(1, 30))
    row = {"min_size": n, "max_size": n}
    values = {name: draw(st.lists(st.integers(0, 5), **row)) for name in PARTS}
    values |= {f"{t}.{bit}": draw(st.lists(st.sampled_from([0, 0, 0, 1]), **row)) for t in ("TA", "TB") for bit in "BF"}
    status = {name: draw(st.lists(codes, **row)) for name in (*PARTS, "TA", "TA.B", "TB.B", "TB.F", "S1", "XV", "PH")}
    lost = draw(st.frozensets(st.integers(0, n - 1), max_size=n // 3))
    first, last = sorted((draw(st.integers(-5, n)), draw(st.integers(0, n + 5))))
    return {"n": n, "values": values, "status": status, "lost": lost, "window": (first, max(last, first + 1))}


@pytest.fixture(scope="module")
def summarise_story(plant: Plant, write: Callable[..., None]) -> Callable[[dict[str, Any]], Summary]:
    def run(story: dict[str, Any]) -> Summary:
        first, last = story["window"]
        with TemporaryDirectory() as folder:
            write(Path(folder), plant, **{key: story[key] for key in ("n", "values", "status", "lost")})
            with HistoryReader(Path(folder)) as reader:
                window = {"from_ns": BEGIN_NS + first * SECOND_NS, "to_ns": BEGIN_NS + last * SECOND_NS}
                return summarise(reader, plant, **window)

    return run


def present(story: dict[str, Any]) -> list[int]:
    first, last = story["window"]
    return [i for i in range(max(first, 0), min(last, story["n"])) if i not in story["lost"]]


def figure(summary: Summary, rule: str) -> Figure:
    return next(figure for figure in summary.figures if figure.rule.id == rule)


def code_of(story: dict[str, Any], name: str, i: int) -> int:
    return story["status"].get(name, [GOOD] * story["n"])[i]


def value_of(story: dict[str, Any], name: str, i: int) -> float:
    return story["values"].get(name, [0] * story["n"])[i]


@given(story=stories())
@settings(max_examples=25)
def test_head_counts_are_those_of_a_count_frame_by_frame(
    story: dict[str, Any], summarise_story: Callable[[dict[str, Any]], Summary]
) -> None:
    summary = summarise_story(story)
    frames = present(story)
    first, last = story["window"]
    for row, name in zip(figure(summary, "head_count.partition").rows, PARTS, strict=True):
        usable = [i for i in frames if code_of(story, name, i) != BAD_SENSOR_FAILURE]
        above = [i for i in usable if value_of(story, name, i) > 3]
        well = [i for i in usable if value_of(story, name, i) <= 3 and code_of(story, name, i) == GOOD]
        assert row.value == max((value_of(story, name, i) for i in usable), default=None)
        assert (row.counts.well, row.counts.beyond) == (len(well), len(above))
        assert row.counts.unjudged == len(frames) - len(well) - len(above)
        assert row.counts.missing == last - first - len(frames)
        assert (row.outcome is Outcome.NOT_MET) == bool(above)
        assert row.outcome is not Outcome.MET or len(well) >= 0.99 * (last - first)
    above = well = 0
    for i in frames:
        known = [name for name in PARTS if code_of(story, name, i) != BAD_SENSOR_FAILURE]
        total = sum(value_of(story, name, i) for name in known)
        above += total > 9
        well += total <= 9 and all(code_of(story, name, i) == GOOD for name in PARTS)
    counts = figure(summary, "head_count.workshop").rows[0].counts
    assert (counts.beyond, counts.well) == (above, well)


@given(story=stories())
@settings(max_examples=25)
def test_bypass_time_and_service_are_those_of_a_count_frame_by_frame(
    story: dict[str, Any], summarise_story: Callable[[dict[str, Any]], Summary]
) -> None:
    summary = summarise_story(story)
    frames = present(story)
    rows = zip(*(figure(summary, f"bypass.{kind}").rows for kind in ("time", "longest")), strict=True)
    for (time, longest), inputs in zip(rows, FUNCTIONS.values(), strict=True):
        on, unknown = set(), set()
        for i in frames:
            bits = [(code_of(story, f"{t}.B", i) == GOOD, value_of(story, f"{t}.B", i) == 1) for t in inputs]
            if any(good and set_ for good, set_ in bits):
                on.add(i)
            elif not all(good for good, _ in bits):
                unknown.add(i)
        seen = time.counts.well + time.counts.beyond
        assert time.value == (len(on) if seen else None)
        assert time.counts.unjudged == len(unknown)
        assert longest.value == (longest_run(on, story) if seen else None)
    for row, (name, inputs) in zip(figure(summary, "functions.in_service").rows, FUNCTIONS.items(), strict=True):
        answers = [in_service(story, name, inputs, i) for i in frames]
        assert row.counts.well == answers.count(True)
        assert row.counts.beyond == answers.count(False)
        assert row.counts.unjudged == answers.count(None)


def longest_run(on: set[int], story: dict[str, Any]) -> int:
    longest = run = 0
    for i in range(story["n"]):
        run = run + 1 if i in on else 0
        longest = max(longest, run)
    return longest


def in_service(story: dict[str, Any], name: str, inputs: tuple[str, ...], i: int) -> bool | None:
    """The functions vote 1 of n; a fault votes to trip, a bypassed channel is removed."""

    def bit(point: str) -> bool | None:
        return value_of(story, point, i) == 1 if code_of(story, point, i) == GOOD else None

    bypass = [bit(f"{t}.B") for t in inputs]
    if True in bypass:
        return False
    fault = [bit(f"{t}.F") for t in inputs]
    seen = all(code_of(story, t, i) == GOOD or f for t, f in zip(inputs, fault, strict=True))
    trip = {"SIF-1": "S1", "SIF-2": "S2"}[name]
    if None in (*bypass, *fault) or not seen or code_of(story, trip, i) == BAD_SENSOR_FAILURE:
        return None
    if code_of(story, trip, i) != GOOD or code_of(story, "XV", i) != GOOD:
        return None
    return True


@given(story=stories())
@settings(max_examples=25)
def test_coverage_quality_and_lost_scans_are_those_of_a_count_frame_by_frame(
    story: dict[str, Any], summarise_story: Callable[[dict[str, Any]], Summary], plant: Plant
) -> None:
    summary = summarise_story(story)
    frames, (first, last) = present(story), story["window"]
    coverage = summary.coverage
    assert (coverage.scheduled, coverage.recorded) == (last - first, len(frames))
    assert coverage.lost == (frames[-1] - frames[0] + 1 - len(frames) if frames else 0)
    good = sum(code_of(story, name, i) == GOOD for i in frames for name in plant.points.names[: plant.n_read])
    assert figure(summary, "data.good").value == (good / (len(frames) * plant.n_read) if frames else None)
    assert figure(summary, "data.recorded").value == len(frames) / (last - first)
    assert figure(summary, "data.age").value == (last - frames[-1] if frames else None)
    ph = next(row for row in figure(summary, "nitration.parameters").rows if row.subject == "R1/ph")
    assert ph.counts.well == sum(code_of(story, "PH", i) == GOOD for i in frames)


def test_events_of_the_period_are_named_by_their_sequence_numbers(
    plant: Plant, tmp_path: Path, write: Callable[..., None]
) -> None:
    on = [0] * 5 + [1] * 5 + [0] * 20
    facts = {
        2: [Fact(kind="clock_step", subject="clock")],
        5: [Fact(kind="bypass_on", subject="SIF-1"), Fact(kind="alarm_raised", subject="HC-1.H")],
        10: [Fact(kind="bypass_off", subject="SIF-1")],
        25: [Fact(kind="bypass_on", subject="SIF-1")],
    }
    write(tmp_path, plant, n=30, values={"TA.B": on}, facts=facts)
    with HistoryReader(tmp_path) as reader:
        summary = summarise(reader, plant, from_ns=BEGIN_NS + 3 * SECOND_NS, to_ns=BEGIN_NS + 20 * SECOND_NS)
        rows = list(reader.record.events(kinds=("bypass_on", "bypass_off")))
    time = figure(summary, "bypass.time").rows
    assert time[0].evidence.events == (2, 4)
    assert [rows[0].seq, rows[1].seq] == [2, 4]
    assert time[1].evidence.events == ()
    assert [note.key for note in time[1].notes] == ["not_in_journal"]
    assert figure(summary, "head_count.partition").rows[0].evidence.events == (3,)
    assert figure(summary, "data.age").evidence.events == ()


def test_a_bypass_open_since_before_the_period_names_its_event(
    plant: Plant, tmp_path: Path, write: Callable[..., None]
) -> None:
    facts = {
        2: [Fact(kind="bypass_on", subject="SIF-1", body={"channel": "TA"})],
        3: [Fact(kind="bypass_on", subject="SIF-1", body={"channel": "TB"})],
        5: [Fact(kind="bypass_off", subject="SIF-1", body={"channel": "TB"})],
    }
    write(tmp_path, plant, n=20, values={"TA.B": [0, 0] + [1] * 18}, facts=facts)
    with HistoryReader(tmp_path) as reader:
        summary = summarise(reader, plant, from_ns=BEGIN_NS + 10 * SECOND_NS, to_ns=BEGIN_NS + 20 * SECOND_NS)
    row = figure(summary, "bypass.time").rows[0]
    assert (row.value, row.evidence.events, row.notes) == (10, (1,), ())
