"""What a function is worth, now and over twelve months, scan by scan; and its proof tests."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from plantsafe.frame import BAD_NO_DATA
from plantsafe.protection import PfdCheck
from plantsafe.protection.period import BUCKET_H, Line, Period, Standing, spread, standing
from plantsafe.protection.pfd import TURN_SCANS
from plantsafe.protection.pfd_conditions import KINDS
from plantsafe.request import Request, RequestKind, Role
from plantsafe.store.arrays import pack, unpack
from plantsafe.verdict import Fact, Verdict

DAY_NS = 86_400 * 10**9
BEGIN_NS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
SENSORS = {
    "lambda_du_per_h": 2e-6, "lambda_dd_per_h": 2e-6, "beta": 0.1, "beta_d": 0.05, "mttr_h": 8, "mrt_h": 8,
    "proof_test_interval_h": 8760, "installed": "2025-01-01", "last_test": "2025-07-01", "basis": "test",
}  # fmt: skip
LOGIC = SENSORS | {"lambda_du_per_h": 1e-9, "lambda_dd_per_h": 0.0}
ELEMENTS = LOGIC | {"lambda_du_per_h": 1e-7, "trip_coverage": 0.6}
RELIABILITY = {"sensors": SENSORS, "logic": LOGIC, "elements": ELEMENTS}


@dataclass
class Book:
    """A function's check and what it is worth, one line a scan; `day` is where the clock stands."""

    watch: Any
    pfd: PfdCheck
    day: float = 0.0
    verdict: Verdict = field(default_factory=lambda: Verdict(0))
    facts: list[Fact] = field(default_factory=list)

    def scan(self, *, day: float | None = None, **values: Any) -> str:
        """One scan; the conditions that hold, then those unknown with a question mark. A day begins a turn of scans."""
        if day is not None:
            self.day = day
            values["skip"] = TURN_SCANS - 1 - self.watch.number % TURN_SCANS
        status = values.get("status") or {}
        self.watch.scan(**values)
        frame = replace(self.watch.frame(status), time_ns=BEGIN_NS + round(self.day * DAY_NS))
        self.verdict = Verdict(len(self.pfd.conditions))
        self.verdict.facts.extend(self.watch.facts)
        self.pfd.evaluate(frame, self.verdict, slice(None))
        self.facts = self.verdict.facts[len(self.watch.facts) :]
        holds = [kind for kind, yes in zip(KINDS, self.verdict.active.tolist(), strict=True) if yes]
        doubts = [f"{kind}?" for kind, doubt in zip(KINDS, self.verdict.unknown.tolist(), strict=True) if doubt]
        return " ".join(holds + doubts)

    def live(self, name: str) -> Any:
        return self.pfd.live()[name][0].tolist()

    def hours(self, line: Line) -> float:
        return float(self.pfd.live()["hours"][0, line])

    def ask(self, kind: RequestKind, *, second: str = "", subject: str = "F1", **body: Any) -> str:
        """Ask as li; the reason of the refusal, or the kind of the event."""
        request = Request(
            id="1", kind=kind, subject=subject, occurrence=0, actor="li", role=Role.ENGINEER, second_actor=second,
            made_ns=0, valid_until_ns=2**62, body=body,
        )  # fmt: skip
        answered = self.pfd.answer(request, BEGIN_NS + round(self.day * DAY_NS))
        return answered.reason or answered.kind


@pytest.fixture
def make_book(make_watch: Callable[..., Any]) -> Callable[..., Book]:
    def make(**changes: Any) -> Book:
        changes = {"reliability": RELIABILITY, "rrf": 200.0, "repair_h": 8.0, **changes}
        watch = make_watch(**changes)
        return Book(watch, PfdCheck(watch.plant, watch.check))

    return make


@pytest.fixture
def book(make_book: Callable[..., Book]) -> Book:
    return make_book()


def test_a_sound_function_is_worth_what_its_data_say(book: Book) -> None:
    assert book.scan() == ""
    logic, elements = 1e-9 * (4380 + 8), 0.1 * 1e-7 * (4380 + 8) + 2 * (0.9e-7) ** 2 * (4380 + 8) * (2920 + 8)
    assert book.live("average") == pytest.approx(1.143438e-3 + logic + elements, rel=1e-5)
    tested_h = 184 * 24.0
    q, common = -np.expm1(-0.9 * 2e-6 * tested_h), -np.expm1(-0.1 * 2e-6 * tested_h)
    sensors = 1 - (1 - 3 * q**2 * (1 - q) - q**3) * (1 - common)
    assert book.live("now") == pytest.approx(sensors + 1e-9 * tested_h + 0.1e-7 * tested_h, rel=1e-3)


def test_a_bypassed_channel_of_three_leaves_two_of_two_and_that_is_not_enough(book: Book) -> None:
    assert book.scan() == ""
    assert book.scan(A_byp=1.0) == "worse_than_required"
    assert book.live("average") == pytest.approx(1.7584e-2, rel=5e-3)
    assert book.scan(A_byp=0.0) == ""


def demand(book: Book, **first: Any) -> str:
    """A demand with its trip and its end; what holds after it."""
    book.scan(A=120.0, B=120.0, **first)
    book.scan(TRIP=1.0, V1=0.0)
    book.scan(A=50.0, B=50.0)
    return book.scan(TRIP=0.0, V1=1.0)


def test_more_than_one_demand_a_year_is_high_demand(book: Book) -> None:
    book.scan(day=0.0)
    assert demand(book) == ""
    assert demand(book) == "high_demand"
    assert book.verdict.value[KINDS.index("high_demand")] == 2.0
    assert book.verdict.limit[KINDS.index("high_demand")] == 1.0
    assert "high_demand" in book.scan(day=200.0)
    assert "high_demand" not in book.scan(day=900.0)  # none in twelve months, and two in two and a half years


def test_two_demands_in_different_years_are_high_demand_only_where_it_is_tested_seldom(
    make_book: Callable[..., Book],
) -> None:
    seldom = {name: data | {"proof_test_interval_h": 35_064} for name, data in RELIABILITY.items()}  # four years
    for reliability, high in ((RELIABILITY, False), (seldom, True)):
        book = make_book(reliability=reliability)
        book.scan(day=0.0)
        demand(book)
        book.scan(day=900.0)
        assert ("high_demand" in demand(book)) is high  # 0.8 a year: under one, over twice in four years


def test_a_demand_in_a_test_is_no_demand_of_the_process(make_book: Callable[..., Book]) -> None:
    book = make_book(test_mode="MODE")
    book.scan(day=0.0, MODE=1.0)
    demand(book)
    assert demand(book) == ""
    assert book.hours(Line.DEMANDS) == 0.0


def test_high_demand_outlives_a_restart(book: Book, make_book: Callable[..., Book]) -> None:
    book.scan(day=0.0)
    demand(book)
    again = make_book()
    again.pfd.load(unpack(pack(book.pfd.state())))
    again.watch.number, again.day = book.watch.number, book.day
    again.watch.check.load(unpack(pack(book.watch.check.state())))
    assert demand(again) == "high_demand"


def test_a_faulted_channel_that_votes_to_trip_leaves_one_of_two(book: Book) -> None:
    book.scan()
    assert book.scan(A_flt=1.0) == ""
    assert book.live("average") == pytest.approx(9.667e-4, rel=6e-2)


def test_no_protection_is_a_pfd_of_one_and_has_an_alarm_of_its_own(book: Book) -> None:
    book.scan()
    assert book.scan(A_byp=1.0, B_byp=1.0, C_byp=1.0) == ""
    assert book.live("now") == 1.0
    assert book.live("average") == 1.0


def test_the_repair_clock_runs_while_degraded_and_through_blindness_and_stops_when_whole(book: Book) -> None:
    book.scan()
    book.scan(A_flt=1.0)
    book.scan(skip=4 * 3600)
    book.scan(skip=1, status={"B": BAD_NO_DATA})
    assert book.scan(skip=4 * 3600, status={"B": BAD_NO_DATA}) == "worse_than_required?"
    assert book.live("impaired_h") > 8.0
    assert book.scan(A_flt=0.0) == ""
    assert book.live("impaired_h") == 0.0


def test_what_cannot_be_seen_has_no_figure_and_its_hours_are_in_no_average(book: Book) -> None:
    book.scan()
    for _ in range(4):
        said = book.scan(status={"B": BAD_NO_DATA})
    assert said == "worse_than_required?"
    assert np.isnan(book.live("now"))
    assert book.hours(Line.NOT_VERIFIABLE) == pytest.approx(2 / 3600)
    assert book.hours(Line.SERVICE) == pytest.approx(3 / 3600)
    book.scan(skip=99)
    assert book.hours(Line.NOT_VERIFIABLE) == pytest.approx((2 + 99) / 3600), "lost scans are not verifiable"
    assert book.live("period") == pytest.approx(book.live("average"), rel=1e-6)


def test_hours_count_only_while_the_function_is_needed(make_book: Callable[..., Book]) -> None:
    book = make_book(hazardous_mode="MODE", hazardous_values=[3.0])
    book.scan(MODE=3.0)
    book.scan(MODE=1.0, A_byp=1.0)
    assert book.hours(Line.SERVICE) == pytest.approx(1 / 3600)
    assert book.hours(Line.BYPASSED) == 0.0
    book.scan(MODE=3.0)
    assert book.hours(Line.BYPASSED) == pytest.approx(1 / 3600)


def test_a_subsystem_without_data_makes_both_figures_undetermined(make_book: Callable[..., Book]) -> None:
    book = make_book(reliability={"sensors": SENSORS})
    assert book.scan() == ""
    assert np.isnan(book.live("now"))
    assert book.live("standing") == Standing.UNDETERMINED
    assert book.scan(A_byp=1.0) == ""


def test_an_overdue_test_counts_as_the_longer_interval(book: Book) -> None:
    book.scan(day=0)
    sound = book.live("average")
    assert book.scan(day=170) == "test_due", "181 days after the first of January its year is over"
    assert book.live("average") == pytest.approx(sound)
    assert book.scan(day=182) == "test_overdue"
    for day in range(183, 244):
        said = book.scan(day=day)
    assert said == "test_overdue"
    assert book.live("average") > 1.1 * sound
    assert book.live("days_left") == pytest.approx(181 - 243)


def test_a_recorded_proof_test_begins_a_new_interval_at_once(book: Book) -> None:
    book.scan(day=200)
    assert book.ask(RequestKind.PROOF_TEST, subsystem="sensors") == (
        "a proof test needs its subsystem (sensors, logic or elements) and the day of the test"
    )
    good = {"tested": "2026-07-18", "result": "pass", "failed": 0, "left_good": True, "document": "PT-1"}
    for wrong, reason in (
        ({"result": "ok"}, "the result as found is one of pass, fail_dangerous, fail_safe"),
        ({"failed": 1}, "as found fail_dangerous names how many devices had failed, and only it does"),
        ({"tested": "2026-09-01"}, "the test lies in the future"),
        ({"tested": "2024-09-01"}, "there is a later test of it on record already"),
        ({"document": " "}, "a proof test needs the number of its written record"),
    ):
        assert book.ask(RequestKind.PROOF_TEST, subsystem="sensors", **(good | wrong)) == reason
    for subsystem in ("sensors", "logic", "elements"):
        assert book.ask(RequestKind.PROOF_TEST, subsystem=subsystem, **good) == "proof_test_recorded"
    assert book.scan() == ""
    assert book.live("now") < 1e-4
    assert book.live("days_left") == pytest.approx(363, abs=0.01)


def test_devices_left_bad_are_on_record_and_count_as_not_tested(book: Book) -> None:
    book.scan(day=200)
    bad = {"tested": "2026-07-18", "result": "fail_dangerous", "failed": 2, "left_good": False, "document": "PT-1"}
    assert book.ask(RequestKind.PROOF_TEST, subsystem="sensors", **bad) == "proof_test_recorded"
    assert book.scan() == "test_overdue"


def test_a_test_is_deferred_once_by_a_second_person_and_only_while_the_figure_holds(
    make_book: Callable[..., Book],
) -> None:
    book = make_book(rrf=720.0)
    book.scan(day=190)
    ask = {"subsystem": "sensors", "comment": "no shutdown before"}
    assert book.ask(RequestKind.DEFER_TEST, until="2026-08-01", **ask) == "a deferral needs a second person"
    same = book.ask(RequestKind.DEFER_TEST, second="Li", until="2026-08-01", **ask)
    assert same == "li asked for it; the second person must be another"
    far = book.ask(RequestKind.DEFER_TEST, second="wang", until="2027-07-01", **ask)
    assert far.startswith("the PFDavg with that interval is 0.00"), far
    assert book.ask(RequestKind.DEFER_TEST, second="wang", until="2026-08-01", **ask) == "proof_test_deferred"
    again = book.ask(RequestKind.DEFER_TEST, second="wang", until="2026-08-05", **ask)
    assert again == "it was deferred once already since the last test"
    assert book.scan() == "test_overdue", "logic and elements are overdue still"
    for subsystem in ("logic", "elements"):
        deferred = {"subsystem": subsystem, "comment": "as above", "until": "2026-08-01"}
        assert book.ask(RequestKind.DEFER_TEST, second="wang", **deferred) == "proof_test_deferred"
    assert book.scan() == "test_due"
    assert book.scan(day=213) == "test_overdue", "the deferral is over too"


def test_a_trip_counts_as_a_partial_test_of_what_moved_after_review(book: Book) -> None:
    book.scan(day=100)
    elements = {"elements": ["XV1", "XV2"]}
    still = book.ask(RequestKind.CREDIT_TRIP, second="wang", **elements)
    assert still == "not seen to move in a trip since the last test or credit: XV1, XV2"
    book.scan(A=120.0, B=120.0)
    book.scan(TRIP=1.0, V1=0.0, V2=0.0)
    assert [(fact.kind, fact.body["elements"]) for fact in book.facts] == [("elements_moved", ["XV1", "XV2"])]
    before, due = book.live("now"), book.live("days_left")
    assert book.ask(RequestKind.CREDIT_TRIP, **elements) == "the credit of a trip needs a second person"
    assert book.ask(RequestKind.CREDIT_TRIP, second="wang", **elements) == "trip_credited"
    book.scan()
    assert book.live("now") < before
    assert book.live("days_left") == due, "it never moves the next test"
    again = book.ask(RequestKind.CREDIT_TRIP, second="wang", **elements)
    assert again.startswith("not seen to move")


def test_each_change_is_one_row_of_the_journal_and_rest_is_none(book: Book) -> None:
    book.scan()
    assert [(f.kind, f.body) for f in book.facts] == [
        ("protection_state", {"functions": {"F1": [0, 2, 3, 1, 0, pytest.approx(1.19191e-3)]}})
    ]
    for _ in range(130):
        book.scan()
        assert book.facts == []
    book.scan(A_byp=1.0)
    assert book.facts[0].body["functions"]["F1"][:5] == [1, 2, 2, 1, 1]


def test_the_memory_goes_over_bit_for_bit(book: Book, make_book: Callable[..., Book]) -> None:
    for scan in range(70):
        book.scan(A_byp=float(scan % 40 > 20))
    other = make_book()
    other.watch.values = dict(book.watch.values)
    other.watch.number = book.watch.number
    other.watch.check.load({name: array.copy() for name, array in book.watch.check.state().items()})
    other.pfd.load({name: array.copy() for name, array in book.pfd.state().items()})
    for scan in range(70):
        said = [one.scan(B_flt=float(scan % 30 > 20)) for one in (book, other)]
        assert said[0] == said[1]
        for name, array in book.pfd.live().items():
            assert array.tobytes() == other.pfd.live()[name].tobytes(), name
        assert book.facts == other.facts


def _hours(**lines: float) -> np.ndarray:
    hours = np.zeros((1, len(Line)))
    for name, value in lines.items():
        hours[0, Line[name.upper()]] = value
    return hours


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ({"service": 8000, "pfd": 8000 * 4e-3}, Standing.MET),
        ({"service": 8000, "pfd": 8000 * 6e-3}, Standing.NOT_MET),
        ({"service": 10, "pfd": 10 * 4e-3}, Standing.TOO_LITTLE),
        ({"service": 10, "pfd": 10 * 6e-3}, Standing.TOO_LITTLE),
        ({"service": 10, "pfd": 9.0}, Standing.TOO_LITTLE),
        ({"service": 100, "pfd": 50.0}, Standing.NOT_MET),  # 50 h of nothing spend more than a year allows
        ({"service": 8000, "pfd": 8000 * 4e-3, "not_verifiable": 700}, Standing.TOO_LITTLE),
        ({"service": 0, "not_verifiable": 700}, Standing.TOO_LITTLE),
        ({"service": 8000, "pfd": np.nan}, Standing.UNDETERMINED),
    ],
)
def test_the_period_is_met_only_over_enough_hours_that_were_seen(lines: dict[str, float], expected: Standing) -> None:
    assert standing(_hours(**lines), np.array([5e-3]))[0] == expected


def test_the_oldest_of_twelve_buckets_fades_out() -> None:
    period, bucket_ns = Period(1), round(BUCKET_H * 3600e9)
    begin = BEGIN_NS // bucket_ns * bucket_ns
    period.add(_hours(service=100.0), begin)
    assert period.sums(begin + bucket_ns // 2)[0, Line.SERVICE] == 100.0
    period.add(_hours(service=1.0), begin + 12 * bucket_ns)
    assert period.sums(begin + 12 * bucket_ns)[0, Line.SERVICE] == 101.0
    assert period.sums(begin + round(12.25 * bucket_ns))[0, Line.SERVICE] == pytest.approx(76.0)
    period.add(_hours(service=1.0), begin + 13 * bucket_ns)
    assert period.sums(begin + 13 * bucket_ns)[0, Line.SERVICE] == 2.0


def test_hours_between_two_moments_lie_in_their_buckets() -> None:
    bucket_ns = round(BUCKET_H * 3600e9)
    begin = 672 * bucket_ns
    parts = spread(_hours(service=30.0), begin - bucket_ns, begin + 2 * bucket_ns)
    assert [(bucket, hours[0, Line.SERVICE]) for bucket, hours in parts] == [
        (671, pytest.approx(10.0)), (672, pytest.approx(10.0)), (673, pytest.approx(10.0))
    ]  # fmt: skip
