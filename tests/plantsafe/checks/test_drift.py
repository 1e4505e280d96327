"""EWMA and CUSUM of analog points: warm-up, drift, doubt, phases."""

import numpy as np
import pytest

from models.statistical.cusum import start_cusum, step_cusum
from models.statistical.ewma import EwmaSettings, start_ewma, step_ewma
from plantsafe.checks.drift import CUSUM, EWMA_LIMIT_SIGMA, EWMA_WEIGHT, DriftCheck
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

    settings = EwmaSettings(weight=EWMA_WEIGHT, width=EWMA_LIMIT_SIGMA / (EWMA_WEIGHT / (2 - EWMA_WEIGHT)) ** 0.5)
    x, found = rng.standard_normal(n), np.zeros(n, dtype=bool)
    ewma = cusum = None
    for scan in range(WARM_UP_SCANS + 7200):
        x = np.clip(keep * x + np.sqrt(1 - keep**2) * rng.standard_normal(n), -3, 3)
        value = x + 0.3 * rng.standard_normal(n)
        if scan < WARM_UP_SCANS:
            learner.learn(value)
            continue
        if ewma is None:
            ewma, cusum = start_ewma(learner.reference), start_cusum(learner.reference)
        ewma, one = step_ewma(ewma, settings, learner.reference, value)
        cusum, two = step_cusum(cusum, CUSUM, learner.reference, value)
        found |= one.high | one.low | two.high | two.low
    assert np.count_nonzero(found) <= n // 50


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
