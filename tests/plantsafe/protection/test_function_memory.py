"""Snapshots of the function check, its arrays at size, and its cost."""

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantsafe.frame import BAD_NO_COMMUNICATION, GOOD, UNCERTAIN_LAST_USABLE_VALUE
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import compile_plant
from plantsafe.protection import FunctionCheck
from plantsafe.store.arrays import pack, unpack
from plantsafe.verdict import Verdict

NAMES = ["A", "B", "C", "A_byp", "B_flt", "TRIP", "V1", "V2"]
STATUS = st.sampled_from([GOOD, GOOD, GOOD, BAD_NO_COMMUNICATION, UNCERTAIN_LAST_USABLE_VALUE])
SCAN = st.fixed_dictionaries({name: st.tuples(st.booleans(), STATUS) for name in NAMES})


@given(scans=st.lists(st.tuples(st.sampled_from([0, 0, 0, 2]), SCAN), min_size=2, max_size=20), cut=st.integers(1, 19))
def test_a_restored_check_goes_on_as_if_it_had_never_stopped(make_watch: Callable, scans, cut) -> None:
    whole, second = make_watch(), None
    for i, (skip, points) in enumerate(scans):
        if i == cut:
            second = make_watch()
            second.number = whole.number
            second.check.load(unpack(pack(whole.check.state())))
        values = {name: (150.0 if name in "ABC" else 1.0) * on for name, (on, _) in points.items()}
        status = {name: code for name, (_, code) in points.items()}
        whole.scan(skip=skip, status=status, **values)
        if second is not None:
            second.scan(skip=skip, status=status, **values)
            assert second.facts == whole.facts
            assert second.verdict.active.tolist() == whole.verdict.active.tolist()
            assert second.verdict.unknown.tolist() == whole.verdict.unknown.tolist()
            assert second.verdict.since.tolist() == whole.verdict.since.tolist()
            for name, array in whole.check.live().items():
                np.testing.assert_array_equal(second.check.live()[name], array, err_msg=name)


CALM = st.fixed_dictionaries({"A": st.sampled_from([40.0, 55.0, 99.5, 101.0]), "B": st.sampled_from([50.0, 101.0])})
STIR = st.dictionaries(st.sampled_from(["A_byp", "B_flt", "TRIP", "V1", "V2", "MODE"]), st.sampled_from([0.0, 1.0]))


def assert_both_ways_agree(make_watch: Callable, scans) -> None:
    """Each scan by the short way where it may be taken, and by the whole way always."""
    short, whole = make_watch(), make_watch()
    for skip, values in scans:
        whole.check.load(whole.check.state())  # what is loaded goes the whole way once
        for watch in (short, whole):
            watch.scan(skip=skip, **values)
        assert short.facts == whole.facts
        for part in ("active", "unknown", "since", "value", "limit"):
            np.testing.assert_array_equal(getattr(short.verdict, part), getattr(whole.verdict, part), err_msg=part)
        assert pack(short.check.state()) == pack(whole.check.state())
        assert pack(short.check.live()) == pack(whole.check.live())


@given(
    scans=st.lists(
        st.tuples(st.sampled_from([0, 0, 0, 0, 2]), CALM, STIR | st.just({}), st.integers(1, 4)),
        min_size=2,
        max_size=10,
    )
)
def test_the_short_way_at_rest_comes_to_the_same_as_the_whole_way(make_watch: Callable, scans) -> None:
    repeated = [(skip if k == 0 else 0, inputs | bits) for skip, inputs, bits, n in scans for k in range(n)]
    assert_both_ways_agree(make_watch, repeated)


def test_the_short_way_under_a_latched_trip_comes_to_the_same_as_the_whole_way(make_watch: Callable) -> None:
    safe, running = {"TRIP": 1.0, "V1": 0.0, "V2": 0.0}, {"TRIP": 0.0, "V1": 1.0, "V2": 1.0}
    steps = [
        ({}, 4),
        ({"A": 101.0, "B": 101.0}, 1),
        (safe, 6),
        ({"A": 60.0, "B": 60.0}, 6),
        ({"A_byp": 1.0}, 4),
        ({"V1": 1.0}, 3),
        (running, 4),
        ({"TRIP": 1.0}, 5),
    ]
    assert_both_ways_agree(make_watch, [(0, values) for values, n in steps for _ in range(n)])


def test_a_snapshot_in_the_middle_of_a_demand_keeps_its_deadline(make_watch: Callable) -> None:
    first, second = make_watch(), make_watch()
    first.scan()
    first.scan(A=101, B=101)
    first.scan()
    second.number, second.values = first.number, dict(first.values)
    second.check.load(unpack(pack(first.check.state())))
    assert [second.scan() for _ in range(3)] == [[], [], ["failure_on_demand"]]


@given(scans=st.lists(SCAN, min_size=1, max_size=12))
def test_with_every_input_in_doubt_no_function_is_ever_protected(make_watch: Callable, scans) -> None:
    watch = make_watch()
    for points in scans:
        doubt = {name: BAD_NO_COMMUNICATION if on else UNCERTAIN_LAST_USABLE_VALUE for name, (on, _) in points.items()}
        watch.scan(status=doubt | {"A": BAD_NO_COMMUNICATION})
        assert watch.live("status") == 3  # not verifiable
        assert watch.live("in_service_scans") == 0
        assert watch.live("channel_state")[0] != 0


def test_a_plant_without_functions_is_judged_in_silence(watch) -> None:
    empty = compile_plant(PlantFile.model_validate(watch.plant.file.model_dump(by_alias=True) | {"functions": ()}))
    check = FunctionCheck(empty)
    watch.number = 1
    check.evaluate(watch.frame({}), Verdict(0), slice(0, 0))
    check.load(unpack(pack(check.state())))
    assert check.conditions == ()


@pytest.fixture
def many(watch):
    """2,000 functions of three inputs on the same points."""
    document = watch.plant.file.model_dump(by_alias=True)
    (one,) = document["functions"]
    document["functions"] = [one | {"name": f"F{i}"} for i in range(2000)]
    watch.plant = compile_plant(PlantFile.model_validate(document))
    watch.check = FunctionCheck(watch.plant)
    return watch


def test_2000_functions_take_a_small_part_of_a_scan(many) -> None:
    for _ in range(5):
        many.scan()
    frames, verdict = [], Verdict(len(many.check.conditions))
    for _ in range(40):
        many.number += 1
        frames.append(many.frame({}))
    began = time.process_time()
    for frame in frames:
        many.check.evaluate(frame, verdict, slice(None))
    scan_ms = (time.process_time() - began) / len(frames) * 1e3
    print(f"2,000 functions x 3 inputs: {scan_ms:.2f} ms a scan")
    assert not verdict.active.any()
    assert scan_ms < 20.0  # 2 % of a scan of 1 s; about 2 ms measured
