"""Redundant points: pairs, three and more against their median, slow drift over days, one that stands still."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from plantsafe.checks.redundant import RedundantCheck
from plantsafe.frame import BAD_NO_COMMUNICATION, Frame
from plantsafe.plant import Plant
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.store.arrays import pack, unpack
from plantsafe.verdict import Verdict

TEXT = {"en": "text", "zh": "文字"}
SPAN = 100.0


def compared(period_s: float = 1.0, deviation: dict[str, float] | None = None) -> Plant:
    """A pair (P, P2) and four (T, TA, TB, TC), all 0 to 100."""

    def point(name: str, same_as: str | None = None, **more: Any) -> dict[str, Any]:
        return {
            "name": name, "title": TEXT, "unit": "R1", "source": "DCS", "range": [0.0, SPAN], "same_as": same_as,
            "opcua": {"node": f"s={name}"}, **more,
        }  # fmt: skip

    own = {} if deviation is None else {"deviation": deviation}
    points = [point("HB", kind="count", range=[0.0, 1e9]), point("P"), point("P2", "P"), point("T", **own)]
    points += [point(name, "T") for name in ("TA", "TB", "TC")]
    return compile_plant(
        PlantFile.model_validate(
            {
                "schema": 1, "author": "test", "scan_period_s": period_s, "site": {"name": "small", "title": TEXT},
                "workshops": [{"name": "W1", "title": TEXT, "head_count_max": 9}],
                "units": [{"name": "R1", "title": TEXT, "workshop": "W1", "process": "nitration_semibatch"}],
                "sources": [
                    {
                        "name": "DCS", "title": TEXT, "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:1",
                        "namespace": "urn:x", "heartbeat": "HB", "consequence": TEXT, "action": TEXT,
                    }
                ],
                "points": points,
            }
        )
    )  # fmt: skip


@dataclass
class Row:
    plant: Plant
    number: int = 0
    values: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("P", "P2", "T", "TA", "TB", "TC"), 50.0))

    def __post_init__(self) -> None:
        self.check = RedundantCheck(self.plant)

    def scan(self, scans: int = 1, *, unseen: tuple[str, ...] = (), **values: float) -> set[str]:
        """What holds after so many scans of the same."""
        self.values |= values
        n = self.plant.n_points
        for _ in range(scans):
            self.number += 1
            value, status = np.zeros(n), np.zeros(n, dtype=np.uint32)
            for name, number in self.values.items():
                row = self.plant.points.row[name]
                value[row], status[row] = (np.nan, BAD_NO_COMMUNICATION) if name in unseen else (number, 0)
            frame = Frame(
                number=self.number, plant=self.plant.hash, time_ns=self.number * self.plant.period_ns, value=value,
                status=status, source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(1, self.number),
                origin=np.zeros(1, dtype=np.uint8), resolution_ns=np.zeros(1, dtype=np.int64),
            )  # fmt: skip
            self.verdict = Verdict(len(self.check.conditions))
            self.check.evaluate(frame, self.verdict, slice(None))
        return self.holds()

    def holds(self) -> set[str]:
        return {c.name for c, on in zip(self.check.conditions, self.verdict.active.tolist(), strict=True) if on}


def test_a_pair_that_differs_by_two_percent_warns_after_its_filter_and_a_minute() -> None:
    row = Row(compared())
    row.scan(60)
    assert row.scan(75, P2=52.5) == set()
    assert row.scan(2) == {"P2.differs"}
    assert row.scan(200) == {"P2.differs"}


def test_a_pair_five_percent_apart_is_an_alarm_after_its_filter_and_half_a_minute() -> None:
    row = Row(compared())
    row.scan(60)
    assert row.scan(45, P=44.0) == set()
    assert row.scan(2) == {"P2.deviates"}


def test_of_four_the_one_that_is_off_is_named_also_while_another_cannot_be_seen() -> None:
    row = Row(compared(deviation={"warn": 2.0, "alarm": 5.0}))
    row.scan(60)
    assert row.scan(100, TB=53.0) == {"TB.differs"}
    assert row.scan(100, unseen=("TC",)) == {"TB.differs"}
    assert row.scan(100, TB=50.0) == set()


def test_spikes_shorter_than_half_the_filter_are_not_a_difference() -> None:
    row = Row(compared())
    row.scan(60)
    for _ in range(20):
        assert row.scan(14, TA=90.0) == set()
        assert row.scan(16, TA=50.0) == set()


def test_with_fewer_than_two_in_sight_nothing_can_be_said() -> None:
    row = Row(compared())
    row.scan(60)
    row.scan(1, unseen=("P",))
    names = [c.name for c in row.check.conditions]
    unknown = {name for name, doubt in zip(names, row.verdict.unknown.tolist(), strict=True) if doubt}
    assert unknown == {"P2.differs", "P2.deviates"}


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_difference_that_creeps_a_percent_of_the_span_a_week_is_found_and_less_is_not(sign: float) -> None:
    row, dice = Row(compared(period_s=60.0)), np.random.default_rng(5)
    found: dict[str, float] = {}
    for minute in range(9 * 1440):
        week, noise = minute / (7 * 1440), dice.normal(0.0, 0.2)
        for name in row.scan(1, TA=50.0 + sign * week * SPAN / 100.0 + noise, P2=50.0 + 0.15 * week * SPAN / 100.0):
            found.setdefault(name, minute / 1440)
    assert list(found) == ["TA.creeps"]
    assert 5.9 < found["TA.creeps"] < 8.1


def test_one_that_stands_still_beside_siblings_that_move_is_frozen() -> None:
    row = Row(compared())
    for second in range(700):
        move = 0.5 * np.sin(second / 20.0)
        row.scan(1, T=50.0 + move, TB=50.0 + move, TC=50.0 + move)
    assert row.holds() == {"TA.frozen"}
    for second in range(120):
        move = 0.5 * np.sin(second / 20.0)
        row.scan(1, T=50.0 + move, TA=50.0 + move, TB=50.0 + move, TC=50.0 + move)
    assert row.holds() == set()


def test_a_restored_check_goes_on_as_if_it_had_never_stopped() -> None:
    whole, dice = Row(compared()), np.random.default_rng(3)
    second: Row | None = None
    for i in range(400):
        values = {name: 50.0 + float(dice.normal(0, 2)) for name in ("P", "P2", "TA", "TB")}
        if i == 150:
            second = Row(whole.plant, number=whole.number, values=dict(whole.values))
            second.check.load(unpack(pack(whole.check.state())))
        whole.scan(1, **values)
        if second is not None:
            second.scan(1, **values)
            for part in ("active", "unknown", "since", "value"):
                np.testing.assert_array_equal(getattr(second.verdict, part), getattr(whole.verdict, part))
