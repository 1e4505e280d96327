"""The fault table against findings: the row that asks for most comes first, nothing is claimed without its points."""

from pathlib import Path

import pytest

from plantsafe.findings.causes import fault_table, likely, likely_of
from plantsafe.findings.past import Episode, Finding, episodes, likeness, rates, similar
from plantsafe.plant import Plant, load_plant

DEMO = Path(__file__).resolve().parents[3] / "simulation" / "plants" / "demo.yaml"
MIN_NS = 60 * 1_000_000_000


@pytest.fixture(scope="module")
def demo() -> Plant:
    return load_plant(DEMO)


def found(kind: str, unit: str, moved: dict[str, float] | None = None, at_min: int = 0, **more) -> Finding:
    moved = moved or {}
    name = more.pop("name", f"{next(iter(moved), unit)}.{kind}")
    return Finding(
        name=name, occurrence=at_min + 1, kind=kind, unit=unit, scan=60 * at_min, began_ns=at_min * MIN_NS,
        points=tuple(moved)[:3], moved=tuple(moved.items()), first=next(iter(moved), ""), **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("finding", "cause"),
    [
        (found("multivariate", "R101", {"FI-102": -8.0, "TI-101": 5.0}), "coolant-flow-lost"),
        (found("multivariate", "R101", {"FI-102": -8.0, "PI-102": -6.0}), "coolant-header"),
        (found("ewma", "R101", {"TI-102": 9.0}), "coolant-warm"),
        (found("heat_balance", "R101", value=40.0, limit=22.0), "more-heat-than-dosed"),
        (found("heat_balance", "R101", value=-40.0, limit=-22.0), "reaction-slow"),
        (found("mtsr", "R101", value=140.0, limit=130.0), "accumulation"),
        (found("cusum", "R101", {"SI-101": -7.0, "II-101": -9.0}), "mixing-lost"),
        (found("cusum", "R101", {"II-101": -9.0}), "mixing-decoupled"),
        (found("ewma", "M201", {"PDI-201": 6.0, "PDT-201A": 6.0}), "clogging"),
        (found("ewma", "M201", {"FI-202": -6.0, "II-202": -5.0}), "pump-weak"),
        (found("ewma", "H302", {"VI-311": 6.0}), "bearing"),
        (found("ewma", "R101", {"AI-101": -6.0}), "acid-in-coolant"),
        (found("signal", "R101", {"TI-141": 0.1}, by=("stuck",)), "instrument-frozen"),
        (found("signal", "R101", {"TI-141": 0.1}, by=("range",)), "instrument-range"),
        (found("creeps", "R101", {"TT-101B": 2.0}), "instruments-differ"),
        (found("ewma", "R101", {"TI-141": 8.0}), "instrument-drifts"),
        (found("reverse_flow", "T301"), "flow-back"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_first_row_that_fits(demo: Plant, finding: Finding, cause: str) -> None:
    told = likely(demo, finding)
    assert told[0].cause.id == cause
    assert {name for one in told for name in one.points} <= {name for name, _ in finding.moved}


def test_what_moved_too_little_speaks_for_nothing(demo: Plant) -> None:
    assert likely(demo, found("hazard_class", "CW501", {"FI-501": -3.0, "TI-501": 1.0}))[0].cause.id == "accumulation"
    assert likely(demo, found("windows", "R101", {"FI-102": -3.0})) == []
    assert likely(demo, found("ewma", "no such unit", {"X": 9.0})) == []


def test_every_row_is_told_in_both_languages_with_a_source() -> None:
    for row in fault_table().rows:
        assert row.title.en
        assert row.title.zh
        assert row.check.en
        assert row.check.zh
        assert row.source
        assert row.status == "site_default"  # engineering practice: nothing here is a rule of law


def test_findings_that_come_together_are_one_thing_and_those_of_an_earlier_day_are_like_it(demo: Plant) -> None:
    lost, day = {"FI-102": -8.0, "TI-101": 5.0}, 24 * 60
    past = [
        found("cusum", "R101", lost, 0, judged="confirmed", cause="coolant-flow-lost", judged_ns=5),
        found("ewma", "R101", {"LI-101": 6.0}, 300),
        found("cusum", "R101", lost, day),
        found("ewma", "R101", lost, day + 3),
        found("cusum", "M201", {"FI-203": -8.0}, day + 4),
    ]
    told = episodes(past)
    assert [len(one.findings) for one in told] == [1, 1, 2, 1]
    ((like, before),) = similar(told[2], told)
    assert like == 1.0
    assert before.judged is not None
    assert before.judged.cause == "coolant-flow-lost"
    assert likeness(told[2], told[3]) == 0.0
    assert likely_of(demo, told[2])[0].cause.id == "coolant-flow-lost"
    assert Episode(findings=(past[2],)).judged is None


def test_rejected_ones_are_counted_by_unit_and_check() -> None:
    some = [
        found("ewma", "R101", {"TI-101": 5.0}, i, judged=word) for i, word in enumerate(("rejected", "confirmed", ""))
    ]
    (rate,) = rates(some)
    assert (rate.unit, rate.kind, rate.raised, rate.confirmed, rate.rejected, rate.share) == (
        "R101",
        "ewma",
        3,
        1,
        1,
        0.5,
    )
    assert rates([found("ewma", "R101", {"TI-101": 5.0})])[0].share is None
