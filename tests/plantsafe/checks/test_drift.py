"""Analog points each by itself: warm-up, drift, doubt, phases, signals."""

import numpy as np
import pytest

from models.statistical.points import PACE, PointMonitor, PointReference
from plantsafe.checks.drift import LIMITS, DriftCheck
from plantsafe.checks.warm_up import WARM_UP_SCANS, PhaseWatch, WarmUp
from plantsafe.frame import BAD_SENSOR_FAILURE, UNCERTAIN_LAST_USABLE_VALUE
from plantsafe.store.arrays import pack, unpack
from plantsafe.verdict import ConditionClass


@pytest.fixture
def walk(drive):
    """A drive past its warm-up, with noise of one unit on every analog point."""
    it = drive(DriftCheck)
    it.rng = np.random.default_rng(7)
    it.mean = {"T": 60.0, "P": 40.0, "F": 20.0, "X": 50.0}

    def noisy(n, *, status=None, drift=0.0, **values):
        for _ in range(n):
            it.mean["T"] += drift
            it.scan(status=status, **{name: mean + it.rng.normal() for name, mean in it.mean.items()}, **values)

    it.noisy = noisy
    return it


def test_nothing_is_known_before_the_warm_up_is_over(walk):
    walk.noisy(WARM_UP_SCANS)
    assert walk.says("T.ewma") == walk.says("T.cusum") == "unknown"
    walk.noisy(1)
    assert walk.says("T.ewma") == walk.says("T.cusum") == "clear"


def test_a_slow_drift_is_found_by_both_and_not_learnt_away(walk):
    walk.noisy(WARM_UP_SCANS + 1)
    walk.noisy(1500, drift=0.01)
    assert walk.says("T.ewma") == walk.says("T.cusum") == "holds"
    walk.noisy(5000)
    assert walk.says("T.ewma") == walk.says("T.cusum") == "holds"
    assert walk.says("P.ewma") == walk.says("P.cusum") == "clear"


def test_a_return_to_normal_clears_after_the_off_delay(walk):
    walk.noisy(WARM_UP_SCANS + 1)
    walk.mean["T"] = 80.0
    walk.noisy(60)
    assert walk.says("T.ewma") == walk.says("T.cusum") == "holds"
    walk.mean["T"] = 60.0
    walk.noisy(50)
    assert walk.says("T.ewma") == "holds"
    walk.noisy(100)
    assert walk.says("T.ewma") == walk.says("T.cusum") == "clear"


@pytest.mark.parametrize("status", [BAD_SENSOR_FAILURE, UNCERTAIN_LAST_USABLE_VALUE])
def test_values_in_doubt_hold_everything(walk, status):
    walk.noisy(WARM_UP_SCANS + 1)
    walk.mean["T"] = 80.0
    walk.noisy(60)
    held = {name: array.copy() for name, array in walk.check.live().items()}
    walk.mean["T"] = 60.0
    walk.noisy(200, status={"T": status})
    assert walk.says("T.ewma") == walk.says("T.cusum") == "holds unknown"
    row = walk.check.live()["rows"].tolist().index(walk.plant.points.row["T"])
    assert walk.check.live()["mean"][row] == held["mean"][row]
    assert walk.says("P.ewma") == "clear"


def test_scans_in_doubt_do_not_count_for_the_warm_up(walk):
    walk.noisy(100, status={"T": BAD_SENSOR_FAILURE})
    walk.noisy(WARM_UP_SCANS - 99)
    assert walk.says("T.ewma") == "unknown"
    assert walk.says("P.ewma") == "clear"


def test_a_new_phase_is_another_normal_and_the_old_finding_ends(walk):
    walk.noisy(WARM_UP_SCANS + 1)
    walk.mean["T"] = 80.0
    walk.noisy(60)
    assert walk.says("T.ewma") == "holds"
    walk.noisy(1, PHASE=2)
    assert walk.says("T.ewma") == "unknown"
    assert walk.says("X.ewma") == "clear"  # another unit
    walk.noisy(WARM_UP_SCANS)
    assert walk.says("T.ewma") == "clear"
    walk.noisy(1, RUN=1)
    assert walk.says("X.ewma") == "unknown"
    assert walk.says("T.ewma") == "clear"


def test_a_pump_is_no_phase(walk):
    walk.noisy(WARM_UP_SCANS + 1)
    walk.noisy(1, PUMP=1)
    assert walk.says("T.ewma") == "clear"


def test_a_phase_out_of_sight_is_no_change_until_it_comes_back_changed(walk):
    walk.noisy(WARM_UP_SCANS + 1)
    walk.noisy(1, status={"PHASE": BAD_SENSOR_FAILURE})
    walk.noisy(1)
    assert walk.says("T.ewma") == "clear"
    walk.noisy(1, status={"PHASE": BAD_SENSOR_FAILURE}, PHASE=3)
    assert walk.says("T.ewma") == "clear"
    walk.noisy(1)
    assert walk.says("T.ewma") == "unknown"


def test_a_totaliser_has_no_normal(walk):
    walk.noisy(4 * WARM_UP_SCANS, drift=0.02)
    assert walk.says("T.ewma") == walk.says("T.cusum") == "unknown"
    assert walk.says("P.ewma") == "clear"


def test_counts_and_states_are_not_looked_at(walk):
    subjects = {condition.subject for condition in walk.check.conditions}
    assert subjects == {"T", "P", "F", "X"}
    assert all(condition.klass is ConditionClass.FINDING for condition in walk.check.conditions)


def test_a_healthy_process_that_wanders_is_left_in_peace():
    """500 walks of 5 min each in their own direction, one point each, for two hours after the warm-up."""
    rng, n, keep = np.random.default_rng(3), 500, np.exp(-1.0 / 300.0)
    learner = WarmUp(np.full(n, 0.05), np.full(n, 0.01))

    x, found, monitor = rng.standard_normal(n), np.zeros(n, dtype=bool), None
    for scan in range(WARM_UP_SCANS + 7200):
        x = np.clip(keep * x + np.sqrt(1 - keep**2) * rng.standard_normal(n), -3, 3)
        value = x + 0.3 * rng.standard_normal(n)
        if scan < WARM_UP_SCANS:
            learner.learn(value)
            continue
        if monitor is None:
            own, none = learner.reference, np.full(n, np.inf)
            monitor = PointMonitor(PointReference(
                mean=own.mean, sigma=own.sigma, change=learner.step, pace=PACE * learner.step,
                longest=learner.longest.astype(float), low=-none, high=none, known=own.known), LIMITS)  # fmt: skip
        found |= monitor.step(value) & ~np.uint16(0) > 0
    assert np.count_nonzero(found) <= n // 50


SIGNALS = {
    "stuck": (lambda _x, _rng: 60.5, 90),
    "noisy": (lambda x, rng: x + 5.0 * rng.normal(), 90),
    "still": (lambda x, _rng: 60.0 + 0.02 * (x - 60.0), 120),
    "range": (lambda _x, _rng: 214.0, 12),
}


@pytest.mark.parametrize("what", SIGNALS)
def test_a_signal_unlike_itself_is_found_and_said_in_what_way(walk, what):
    fault, within = SIGNALS[what]
    walk.noisy(WARM_UP_SCANS + 1)
    assert walk.says("T.signal") == "clear"
    facts = []
    for _ in range(within):
        walk.scan(**{n: m + walk.rng.normal() for n, m in walk.mean.items() if n != "T"},
                  T=fault(60.0 + walk.rng.normal(), walk.rng))  # fmt: skip
        facts += walk.verdict.facts
    assert walk.says("T.signal") == "holds"
    assert walk.says("P.signal") == "clear"
    (fact,) = [fact for fact in facts if fact.subject == "T.signal"]
    assert fact.body["points"] == ["T"]
    assert ("still" if what == "stuck" else what) in fact.body["by"]  # it stands for 300 scans first


def test_one_spike_is_nothing_and_four_are_a_finding(walk):
    walk.noisy(WARM_UP_SCANS + 1)
    for _ in range(4):
        walk.scan(T=150.0)
        walk.noisy(20)
        if _ == 0:
            assert walk.says("T.signal") == "clear"
    assert walk.says("T.signal") == "holds"


def test_a_shut_valve_and_no_flow_may_stand(walk):
    walk.noisy(WARM_UP_SCANS + 1)
    for _ in range(400):
        walk.scan(**{n: m + walk.rng.normal() for n, m in walk.mean.items() if n != "F"}, F=0.5)
    assert walk.says("F.signal") == "clear"


def test_calm_after_the_unrest_that_a_phase_begins_with_is_no_finding(walk):
    for i in range(WARM_UP_SCANS + 600):
        unrest = 6.0 if i < WARM_UP_SCANS // 3 else 1.0
        others = {n: m + walk.rng.normal() for n, m in walk.mean.items() if n != "T"}
        walk.scan(**others, T=60.0 + unrest * walk.rng.normal())
        assert walk.says("T.signal") != "holds"


def test_a_point_that_stood_in_its_warm_up_may_go_on_standing(walk):
    for _ in range(WARM_UP_SCANS + 1 + 2000):
        walk.scan(**{n: m + walk.rng.normal() for n, m in walk.mean.items() if n != "T"}, T=60.0)
    assert walk.says("T.signal") == "clear"


def test_a_restored_check_goes_on_as_if_it_had_never_stopped(walk, drive):
    walk.noisy(WARM_UP_SCANS + 50)
    second = drive(DriftCheck)
    second.number = walk.number
    second.check.load(unpack(pack(walk.check.state())))
    for i in range(300):
        walk.noisy(1, drift=0.05, **({"RUN": 1.0} if i == 100 else {}))
        second.scan(**walk.values)
        for name in ("active", "unknown", "since", "value", "limit"):
            np.testing.assert_array_equal(getattr(second.verdict, name), getattr(walk.verdict, name), err_msg=name)
    assert walk.says("T.ewma") == "holds"


def test_units_without_phase_or_running_never_restart(unit_plant):
    watch = PhaseWatch(unit_plant)
    assert watch.state()["seen"].size == 2
