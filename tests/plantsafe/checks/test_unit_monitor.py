"""The multivariate monitor of a unit: stages, a broken relation, doubt, phases."""

import numpy as np
import pytest

from models.statistical.innovation import LAGS
from models.statistical.monitor import STATISTICS
from plantsafe.checks.unit_monitor import ON_DELAY_SCANS, TRIAL_SCANS, Stage, UnitMonitorCheck, _Learner
from plantsafe.checks.warm_up import WARM_UP_SCANS
from plantsafe.frame import BAD_SENSOR_FAILURE
from plantsafe.store.arrays import pack, unpack

NAME = "R1.multivariate"


@pytest.fixture
def walk(drive):
    """T and P go together, F by itself."""
    it = drive(UnitMonitorCheck)
    it.rng = np.random.default_rng(5)
    it.broken = 0.0

    def noisy(n, *, status=None, **values):
        facts = []
        for _ in range(n):
            both, own = 5.0 * it.rng.normal(), it.rng.normal(size=3) * 0.3
            it.scan(status=status, T=60 + both + own[0], P=40 + both + own[1] + it.broken, F=20 + own[2], **values)
            facts += it.verdict.facts
        return facts

    it.noisy = noisy
    return it


def stage(walk):
    return Stage(int(walk.check.live()["stage"][0]))


def test_learning_and_trial_come_before_any_judgement(walk):
    walk.noisy(WARM_UP_SCANS - 10)
    assert stage(walk) is Stage.LEARN
    walk.noisy(11)
    assert stage(walk) is Stage.TRIAL
    assert walk.says(NAME) == "unknown"
    walk.noisy(TRIAL_SCANS + LAGS)
    assert stage(walk) is Stage.JUDGE
    assert walk.says(NAME) == "clear"


def test_a_broken_relation_is_found_and_explained_though_every_value_is_normal(walk):
    walk.noisy(WARM_UP_SCANS + TRIAL_SCANS + 10)
    walk.broken = 14.0  # within 3 standard deviations of P alone
    facts = walk.noisy(ON_DELAY_SCANS + 20)
    assert walk.says(NAME) == "holds"
    (fact,) = facts
    assert (fact.kind, fact.subject) == ("finding_explained", NAME)
    assert fact.body["points"][0] == "P"  # the one that left the others: T and F need no reconstruction
    assert fact.body["statistic"] > fact.body["limit"]
    rows = walk.plant.points.row
    assert walk.check.live()["top"][0, 0] == rows["P"]


def test_a_healthy_unit_is_left_in_peace(walk):
    assert walk.noisy(WARM_UP_SCANS + TRIAL_SCANS + 3000) == []
    assert walk.says(NAME) == "clear"


def test_a_value_in_doubt_is_imputed_and_hides_nothing_in_the_others(walk):
    walk.noisy(WARM_UP_SCANS + TRIAL_SCANS + 10)
    walk.noisy(100, status={"F": BAD_SENSOR_FAILURE})
    assert walk.says(NAME) == "clear"
    walk.broken = 14.0
    walk.noisy(ON_DELAY_SCANS + 20, status={"F": BAD_SENSOR_FAILURE})
    assert walk.says(NAME) == "holds"


def test_more_than_half_of_the_values_in_doubt_makes_the_scan_unknown_and_holds_the_finding(walk):
    walk.noisy(WARM_UP_SCANS + TRIAL_SCANS + 10)
    lost = {"F": BAD_SENSOR_FAILURE, "T": BAD_SENSOR_FAILURE}
    walk.noisy(1, status=lost)
    assert walk.says(NAME) == "unknown"
    walk.broken = 14.0
    walk.noisy(ON_DELAY_SCANS + 20)
    walk.broken = 0.0
    walk.noisy(200, status=lost)
    assert walk.says(NAME) == "holds unknown"


def test_a_new_phase_begins_anew(walk):
    walk.noisy(WARM_UP_SCANS + TRIAL_SCANS + 10)
    walk.noisy(1, PHASE=1)
    assert stage(walk) is Stage.LEARN
    assert walk.says(NAME) == "unknown"


def test_an_instrument_that_was_dead_in_the_warm_up_is_left_out(walk):
    walk.noisy(WARM_UP_SCANS + TRIAL_SCANS + 10, status={"F": BAD_SENSOR_FAILURE})
    assert walk.says(NAME) == "clear"


def test_a_unit_with_one_analog_point_has_no_monitor(walk):
    assert [condition.name for condition in walk.check.conditions] == [NAME]


@pytest.mark.parametrize("before", [100, WARM_UP_SCANS + 50, WARM_UP_SCANS + TRIAL_SCANS + 50])
def test_a_restored_check_goes_on_as_if_it_had_never_stopped(walk, drive, before):
    walk.noisy(before)
    second = drive(UnitMonitorCheck)
    second.number = walk.number
    second.check.load(unpack(pack(walk.check.state())))
    walk.broken = 14.0
    for _ in range(1000):
        walk.noisy(1)
        second.scan(**walk.values)
        assert second.verdict.facts == walk.verdict.facts
        for name in ("active", "unknown", "since", "value", "limit"):
            np.testing.assert_array_equal(getattr(second.verdict, name), getattr(walk.verdict, name), err_msg=name)


def test_the_trial_of_a_unit_that_follows_another_lasts_a_whole_batch():
    rng = np.random.default_rng(2)
    learner = _Learner(np.arange(2), np.full(2, 0.01), np.full(2, 0.001))
    for _ in range(WARM_UP_SCANS):
        learner.learn(rng.normal(size=2))
    assert learner.stage is Stage.TRIAL
    still = np.full(len(STATISTICS), 0.5)
    assert not any(learner.tried(still, (40, 8)) for _ in range(TRIAL_SCANS + 100))
    assert not learner.tried(still, (47, 8))  # seven phases have begun since
    assert learner.tried(still, (48, 8))
    assert learner.stage is Stage.JUDGE
