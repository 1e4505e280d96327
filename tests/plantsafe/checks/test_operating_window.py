"""T in 50 to 67 while dosing (phase 1), below 67 after it (phase 2); P below 60 in phase 1. A scan a second."""

import time
from typing import Any

import numpy as np
import pytest

from plantsafe.checks.operating_window import (
    ABOVE,
    BATCH,
    BELOW,
    DAY,
    INSIDE,
    NO_WINDOW,
    NOT_JUDGED,
    PHASE,
    OperatingWindowCheck,
)
from plantsafe.clock import NS_PER_S
from plantsafe.frame import BAD_SENSOR_FAILURE, LIMIT_HIGH, UNCERTAIN_LAST_USABLE_VALUE, Frame
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.store.arrays import pack, unpack
from plantsafe.verdict import ConditionClass, Fact, Verdict

TEXT = {"en": "text", "zh": "文字"}
T, P = "R1.T.window", "R1.P.window"
IDLE, DOSE, REACT, COOL = range(4)


@pytest.fixture(scope="module")
def batch_plant(unit_plant: Plant) -> Plant:
    document: dict[str, Any] = unit_plant.file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    document["units"][0] |= {
        "phase_point": "PHASE",
        "phases": [
            {"code": 0, "name": "idle", "title": TEXT},
            {"code": 1, "name": "dose", "title": TEXT, "windows": [
                {"point": "T", "low": 50, "normal_high": 65, "high": 67}, {"point": "P", "high": 60},
                {"point": "F", "normal_high": 30},
            ]},
            {"code": 2, "name": "react", "title": TEXT, "windows": [{"point": "T", "high": 67}]},
            {"code": 3, "name": "cool", "title": TEXT},
        ],
    }  # fmt: skip
    return compile_plant(PlantFile.model_validate(document))


@pytest.fixture
def tank(drive, batch_plant):
    tank = drive(OperatingWindowCheck, batch_plant)
    tank.scan(PHASE=IDLE)
    return tank


def scans(tank, n: int, **values) -> list[Fact]:
    facts: list[Fact] = []
    for _ in range(n):
        tank.scan(**values)
        facts += tank.verdict.facts
    return facts


def counted(tank, name: str, over: int) -> tuple[int, int]:
    """Scans outside and not judged."""
    i = tank.index[name]
    live = tank.check.live()
    return int(live["outside_scans"][i, over]), int(live["unjudged_scans"][i, over])


def now(tank, name: str) -> int:
    return int(tank.check.live()["now"][tank.index[name]])


def test_a_value_outside_the_window_of_its_phase_is_a_finding(tank):
    scans(tank, 10, PHASE=DOSE)
    assert tank.says(T) == tank.says(P) == "clear"
    told = scans(tank, 5, T=68.0)
    assert tank.says(T) == "clear"
    assert told == []
    told = scans(tank, 1)
    assert tank.says(T) == "holds"
    assert [(one.kind, one.body["side"], one.body["window"], one.body["first_scan"]) for one in told] == [
        ("window_left", "above", [50.0, 67.0], 12)
    ]
    assert (tank.verdict.value[tank.index[T]], tank.verdict.limit[tank.index[T]]) == (68.0, 67.0)
    assert tank.check.conditions[tank.index[T]].klass is ConditionClass.FINDING


def test_the_same_value_is_inside_in_another_phase(tank):
    scans(tank, 20, T=45.0)
    assert now(tank, T) == NO_WINDOW
    scans(tank, 20, PHASE=DOSE)
    assert (now(tank, T), tank.says(T)) == (BELOW, "holds")
    assert tank.verdict.limit[tank.index[T]] == 50.0
    scans(tank, 1, PHASE=REACT)
    assert (now(tank, T), now(tank, P), tank.says(T)) == (INSIDE, NO_WINDOW, "clear")


def test_an_excursion_ends_with_its_time_and_its_worst_value(tank):
    scans(tank, 10, PHASE=DOSE)
    scans(tank, 30, T=68.0)
    scans(tank, 10, T=70.5)
    scans(tank, 10, T=69.0)
    told = scans(tank, 100, T=60.0)
    assert [one.kind for one in told] == ["window_regained"]
    body = told[0].body
    assert (body["outside_s"], body["not_judged_s"], body["worst"], body["why"]) == (50.0, 0.0, 70.5, "inside")
    assert (body["phase"], body["point"], body["first_scan"]) == ("dose", "T", 12)
    assert tank.says(T) == "clear"


def test_a_short_visit_outside_is_counted_but_no_finding(tank):
    scans(tank, 10, PHASE=DOSE)
    told = scans(tank, 3, T=68.0) + scans(tank, 100, T=60.0)
    assert (told, tank.says(T)) == ([], "clear")
    assert counted(tank, T, PHASE) == (3, 0)


def test_scans_outside_are_counted_by_phase_and_batch(tank):
    scans(tank, 10, PHASE=DOSE)
    scans(tank, 20, T=68.0)
    scans(tank, 10, T=60.0)
    scans(tank, 5, PHASE=REACT, T=68.0)
    assert counted(tank, T, PHASE) == (5, 0)
    assert counted(tank, T, BATCH) == (25, 0)
    scans(tank, 3, PHASE=DOSE)  # dosed once more
    assert counted(tank, T, BATCH) == (28, 0)
    scans(tank, 1, PHASE=IDLE, T=60.0)  # the next batch
    assert counted(tank, T, PHASE) == counted(tank, T, BATCH) == (0, 0)
    assert counted(tank, T, DAY) == (28, 0)


def test_an_excursion_goes_no_further_than_its_phase(tank):
    scans(tank, 10, PHASE=DOSE)
    scans(tank, 20, T=68.0)
    told = scans(tank, 10, PHASE=REACT)
    assert [(one.kind, one.body["phase"], one.body.get("why")) for one in told if one.subject == T] == [
        ("window_regained", "dose", "phase over"),
        ("window_left", "react", None),
    ]


def test_a_phase_leaves_its_account(tank):
    scans(tank, 10, PHASE=DOSE)
    scans(tank, 20, T=68.0)
    scans(tank, 10, T=60.0)
    (account,) = [one for one in scans(tank, 1, PHASE=REACT) if one.kind == "window_account"]
    assert account.subject == "R1"
    assert account.body == {
        "phase": "dose", "batch_scan": None, "why": "phase over", "first_scan": 2, "scan": 42, "ends_ns": None,
        "points": {"T": {"outside_s": 20.0, "not_judged_s": 0.0}, "P": {"outside_s": 0.0, "not_judged_s": 0.0}},
    }  # fmt: skip
    scans(tank, 10, PHASE=COOL)
    scans(tank, 10, PHASE=IDLE)
    scans(tank, 10, PHASE=DOSE)
    (account,) = scans(tank, 1, PHASE=REACT)
    assert account.body["batch_scan"] == 53  # its beginning was seen


@pytest.mark.parametrize("status", [BAD_SENSOR_FAILURE, UNCERTAIN_LAST_USABLE_VALUE])
def test_a_bad_value_is_not_judged_and_never_inside(tank, status):
    scans(tank, 10, PHASE=DOSE)
    for _ in range(7):
        tank.scan(status={"T": status}, T=60.0)
    assert (tank.says(T), now(tank, T)) == ("unknown", NOT_JUDGED)
    assert counted(tank, T, PHASE) == (0, 7)
    scans(tank, 20, T=68.0)
    tank.scan(status={"T": status}, T=60.0)
    assert tank.says(T) == "holds unknown"  # nothing clears what nobody can see
    scans(tank, 1, T=60.0)
    assert now(tank, T) == INSIDE


def test_a_value_beyond_the_window_counts_whatever_its_status(tank):
    scans(tank, 10, PHASE=DOSE)
    for _ in range(7):
        tank.scan(status={"T": UNCERTAIN_LAST_USABLE_VALUE, "P": LIMIT_HIGH}, T=68.0, P=59.0)
    assert (tank.says(T), now(tank, P)) == ("holds", ABOVE)


def test_an_unknown_phase_is_said_and_nothing_is_judged(tank):
    scans(tank, 10, PHASE=DOSE)
    for _ in range(7):
        tank.scan(status={"PHASE": BAD_SENSOR_FAILURE}, T=68.0)
    assert (tank.says(T), tank.says(P)) == ("unknown", "unknown")
    assert int(tank.check.live()["phase"][0]) == -1
    assert counted(tank, T, PHASE) == (0, 7)
    tank.scan(PHASE=7.0)  # no phase of the recipe
    assert int(tank.check.live()["phase"][0]) == -1
    told = scans(tank, 7, PHASE=DOSE)
    assert (tank.says(T), [one.kind for one in told]) == ("holds", ["window_left"])  # still the phase of before


def test_lost_scans_are_not_judged(tank):
    scans(tank, 10, PHASE=DOSE)
    tank.scan(skip=100)
    assert counted(tank, T, PHASE) == (0, 100)
    assert counted(tank, T, DAY) == (0, 100)


def test_at_midnight_of_the_site_the_day_begins_anew_and_the_phase_goes_on(drive, batch_plant):
    midnight = 16 * 3600  # UTC: the site is in China
    tank = drive(OperatingWindowCheck, batch_plant)
    tank.number = midnight - 31
    scans(tank, 1, PHASE=IDLE)
    scans(tank, 29, PHASE=DOSE, T=68.0)
    (account,) = [one for one in scans(tank, 11, T=68.0) if one.kind == "window_account"]
    assert (account.body["why"], account.body["points"]["T"]["outside_s"]) == ("day over", 29.0)
    assert account.body["ends_ns"] == midnight * NS_PER_S
    assert (counted(tank, T, DAY), counted(tank, T, PHASE)) == ((11, 0), (40, 0))
    (account,) = [one for one in scans(tank, 1, PHASE=REACT) if one.kind == "window_account"]
    assert account.body["points"]["T"]["outside_s"] == 11.0  # what the account of the day has is not told twice


def test_scans_lost_over_midnight_are_split_at_it(drive, batch_plant):
    tank = drive(OperatingWindowCheck, batch_plant)
    tank.number = 16 * 3600 - 41
    scans(tank, 1, PHASE=IDLE)
    scans(tank, 10, PHASE=DOSE)
    tank.scan(skip=50)  # 29 before midnight, its scan and 20 more after it
    (account,) = tank.verdict.facts
    assert account.body["points"]["T"]["not_judged_s"] == 29.0
    assert (counted(tank, T, DAY), counted(tank, T, PHASE)) == ((0, 21), (0, 50))


def test_a_restart_takes_the_counts_up(tank, drive, batch_plant):
    scans(tank, 10, PHASE=DOSE)
    scans(tank, 20, T=68.0)
    again = drive(OperatingWindowCheck, batch_plant)
    again.check.load(unpack(pack(tank.check.state())))
    again.number, again.values = tank.number, dict(tank.values)
    told = [scans(one, 100, T=60.0) for one in (tank, again)]
    assert told[0] == told[1] != []
    for name, array in tank.check.live().items():
        assert np.array_equal(array, again.check.live()[name]), name


def test_what_the_short_way_says_the_long_way_says(drive, batch_plant):
    rng = np.random.default_rng(8)
    both = [drive(OperatingWindowCheck, batch_plant) for _ in range(2)]
    for _ in range(3000):
        values = {"T": float(rng.choice([60.0, 60.0, 60.0, 68.0, 45.0])), "P": float(rng.choice([40.0, 61.0]))}
        if rng.random() < 0.02:
            values["PHASE"] = float(rng.integers(0, 5))
        status = {str(rng.choice(["T", "P", "PHASE"])): BAD_SENSOR_FAILURE} if rng.random() < 0.05 else {}
        skip = 3 if rng.random() < 0.02 else 0
        a, b = both
        for repeat in range(int(rng.integers(1, 30))):
            b.check._calm = False  # the long way
            for one in both:
                one.scan(skip=0 if repeat else skip, status={} if repeat else status, **values)
            assert a.verdict.facts == b.verdict.facts
        assert np.array_equal(a.verdict.active, b.verdict.active)
        assert np.array_equal(a.verdict.limit, b.verdict.limit, equal_nan=True)
        assert all(np.array_equal(v, b.check.live()[k]) for k, v in a.check.live().items())


def test_scans_that_show_nothing_new_cost_little(batch_plant):
    check = OperatingWindowCheck(batch_plant)
    n = batch_plant.n_points
    value = np.zeros(n)
    value[batch_plant.points.row["PHASE"]], value[batch_plant.points.row["T"]] = DOSE, 60.0
    zeros = np.zeros(n, dtype=np.int64)
    frames = [
        Frame(
            number=i, plant=batch_plant.hash, time_ns=i * NS_PER_S, value=value, status=np.zeros(n, dtype=np.uint32),
            source_time_ns=zeros, received=zeros[:1], origin=np.zeros(1, dtype=np.uint8), resolution_ns=zeros[:1],
        )
        for i in range(1, 2001)
    ]  # fmt: skip
    verdict, block = Verdict(len(check.conditions)), slice(0, len(check.conditions))
    check.evaluate(frames[0], verdict, block)
    begun = time.process_time()
    for frame in frames[1:]:
        check.evaluate(frame, verdict, block)
    assert (time.process_time() - begun) / len(frames) < 60e-6  # 30 with twofold slack


def test_a_point_with_a_normal_band_alone_is_not_judged(batch_plant):
    assert [c.name for c in OperatingWindowCheck(batch_plant).conditions] == [T, P]
