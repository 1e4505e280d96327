"""Head-counts: 3 in W1-A, 4 in W1-B, 5 in the workshop; 10 s, 1 s a scan."""

import pytest

from plantsafe.checks.occupancy import OccupancyCheck
from plantsafe.frame import BAD_NO_COMMUNICATION, UNCERTAIN_LAST_USABLE_VALUE
from plantsafe.verdict import ConditionClass


@pytest.fixture
def count(drive):
    return drive(OccupancyCheck)


def scans(count, n, **values):
    for _ in range(n):
        count.scan(**values)


def test_a_breach_is_called_after_ten_seconds(count):
    scans(count, 3, **{"HC-A": 3})
    assert count.says("W1-A.occupancy") == "clear"  # at the maximum is allowed
    scans(count, 10, **{"HC-A": 4})
    assert count.says("W1-A.occupancy") == "clear"
    scans(count, 1)
    assert count.says("W1-A.occupancy") == "holds"
    assert count.says("W1.occupancy") == "clear"
    scans(count, 1, **{"HC-A": 3})
    assert count.says("W1-A.occupancy") == "clear"


def test_a_short_visit_is_no_breach(count):
    scans(count, 9, **{"HC-A": 4})
    scans(count, 1, **{"HC-A": 3})
    scans(count, 9, **{"HC-A": 4})
    assert count.says("W1-A.occupancy") == "clear"


def test_the_workshop_counts_its_partitions_together(count):
    scans(count, 11, **{"HC-A": 3, "HC-B": 3})
    assert count.says("W1-A.occupancy") == count.says("W1-B.occupancy") == "clear"
    assert count.says("W1.occupancy") == "holds"
    assert count.verdict.value[count.index["W1.occupancy"]] == 6


@pytest.mark.parametrize("status", [BAD_NO_COMMUNICATION, UNCERTAIN_LAST_USABLE_VALUE])
def test_a_count_in_doubt_is_unknown_and_clears_nothing(count, status):
    scans(count, 11, **{"HC-A": 4})
    count.scan(status={"HC-A": status}, **{"HC-A": 0})
    assert count.says("W1-A.occupancy") == "holds unknown"
    assert count.says("W1-B.occupancy") == "clear"
    assert count.says("W1.occupancy") == "unknown"


def test_a_doubtful_count_over_the_maximum_still_raises(count):
    for _ in range(11):
        count.scan(status={"HC-A": UNCERTAIN_LAST_USABLE_VALUE}, **{"HC-A": 4})
    assert count.says("W1-A.occupancy") == "holds"


def test_one_partition_alone_can_fill_the_workshop(count):
    for _ in range(11):
        count.scan(status={"HC-A": BAD_NO_COMMUNICATION}, **{"HC-B": 6})
    assert count.says("W1.occupancy") == "holds"


def test_they_are_alarms_with_something_to_do(count):
    for condition in count.check.conditions:
        assert condition.klass is ConditionClass.ALARM
        assert condition.priority == 2
        assert condition.source == 0
        assert set(condition.action) == {"en", "zh"}
