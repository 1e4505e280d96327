"""What a safety system stamped itself: each event once, losses by number, first-out and response by its own clock."""

from typing import Any

import numpy as np
import pytest

from plantsafe.frame import NO_DEVICE_EVENTS, DeviceEvents, Frame
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import Plant, compile_plant
from plantsafe.protection import DeviceEventCheck
from plantsafe.scan.carry import carry
from plantsafe.store.arrays import pack, unpack
from plantsafe.verdict import Fact, Verdict

A, B, C, TRIP, V1, V2 = 11, 12, 13, 21, 31, 32
CODES = {A: "A", B: "B", C: "C", TRIP: "TRIP", V1: "V1", V2: "V2"}
BUFFER: dict[str, Any] = {
    "newest": 0, "address": 2, "records": 64, "words": 8, "sequence": {"at": 0}, "seconds": {"at": 2, "type": "uint32"},
    "fraction": {"at": 4}, "code": {"at": 5}, "state": {"at": 6}, "resolution_s": 0.001,
    "codes": [{"code": code, "point": point} for code, point in CODES.items()],
}  # fmt: skip


class Room:
    """Steps the check with events (code, state, milliseconds); numbers go on unless told."""

    def __init__(self, plant: Plant) -> None:
        self.plant, self.check = plant, DeviceEventCheck(plant)
        self.number = self.sequence = 0

    def scan(self, *events: tuple[int, int, int], lost: int = 0, sequence: int | None = None) -> list[Fact]:
        self.number += 1
        self.sequence = self.sequence + lost if sequence is None else sequence - 1
        n, zero = self.plant.n_points, np.zeros(self.plant.n_points)
        stamped = NO_DEVICE_EVENTS
        if events:
            code, state, at_ms = np.array(events, dtype=np.int64).T
            numbers = self.sequence + 1 + np.arange(len(events), dtype=np.int64)
            self.sequence = int(numbers[-1])
            stamped = DeviceEvents(
                source=np.zeros(len(events), dtype=np.intp), sequence=numbers, time_ns=at_ms * 1_000_000, code=code,
                state=state,
            )  # fmt: skip
        frame = Frame(
            number=self.number, plant=self.plant.hash, time_ns=self.number * 10**9, value=zero,
            status=np.zeros(n, dtype=np.uint32), source_time_ns=np.zeros(n, dtype=np.int64), received=np.full(1, 1),
            origin=np.zeros(1, dtype=np.uint8), resolution_ns=np.zeros(1, dtype=np.int64), events=stamped,
        )  # fmt: skip
        return self.step(frame)

    def step(self, frame: Frame) -> list[Fact]:
        verdict = Verdict(len(self.check.conditions))
        self.check.evaluate(frame, verdict, slice(None))
        self.active = {c.name for c, on in zip(self.check.conditions, verdict.active.tolist(), strict=True) if on}
        return verdict.facts


@pytest.fixture
def plant(bare_plant: Plant) -> Plant:
    document = bare_plant.file.model_dump(by_alias=True)
    document["sources"][0]["event_buffer"] = BUFFER
    return compile_plant(PlantFile.model_validate(document))


@pytest.fixture
def room(plant: Plant) -> Room:
    return Room(plant)


def kinds(facts: list[Fact]) -> list[str]:
    return [fact.kind for fact in facts]


def test_an_event_is_a_fact_of_its_point_with_the_device_s_time(room: Room) -> None:
    (fact,) = room.scan((TRIP, 1, 640))
    assert (fact.kind, fact.subject) == ("device_event", "TRIP")
    assert fact.body == {
        "source": "SIS", "clock": "device", "time_ns": 640_000_000, "resolution_s": 0.001, "sequence": 1, "code": TRIP,
        "state": 1, "seen_after_s": 0.36,
    }  # fmt: skip


def test_a_code_that_the_file_does_not_name_is_kept_as_a_number(room: Room) -> None:
    (fact,) = room.scan((999, 5, 1))
    assert (fact.subject, fact.body["code"], fact.body["state"]) == ("SIS", 999, 5)


def test_lost_events_are_named_by_their_numbers(room: Room) -> None:
    room.scan((A, 1, 1))
    facts = room.scan((A, 0, 2000), lost=3)
    assert kinds(facts) == ["device_events_lost", "device_event"]
    assert facts[0].body == {"first": 2, "last": 4, "count": 3}


def test_a_ring_that_is_read_again_brings_nothing_twice(room: Room) -> None:
    room.scan((A, 1, 1), (A, 0, 2))
    assert kinds(room.scan((A, 1, 1), (A, 0, 2), (B, 1, 3), sequence=1)) == ["device_event"]


def test_a_device_that_counts_anew_is_said_and_taken(room: Room) -> None:
    room.scan((A, 1, 1), sequence=40)
    facts = room.scan((A, 0, 5000), sequence=1)
    assert kinds(facts) == ["device_events_restarted", "device_event"]
    assert facts[0].body == {"before": 40, "after": 1}


def test_numbers_that_pass_their_end_are_no_loss(room: Room) -> None:
    room.scan((A, 1, 1), sequence=65535)
    assert kinds(room.scan((A, 0, 2), sequence=0)) == ["device_event"]


def test_the_first_out_is_told_by_the_device_s_times_not_by_arrival(room: Room) -> None:
    """B came first by its stamp, after A and the trip in the buffer; a scan more is awaited for such."""
    assert kinds(room.scan((A, 1, 530), (TRIP, 1, 540))) == ["device_event"] * 2
    facts = room.scan((B, 1, 520))
    assert kinds(facts) == ["device_event", "first_out"]
    assert facts[-1].body == {
        "source": "SIS", "clock": "device", "resolution_s": 0.001, "first": ["B"], "indistinguishable": False,
        "subsequent": ["A"], "time_ns": {"A": 530_000_000, "B": 520_000_000}, "trip_ns": 540_000_000, "complete": True,
    }  # fmt: skip


def test_inputs_closer_than_the_resolution_share_the_first_place(room: Room) -> None:
    room.scan((A, 1, 500), (C, 1, 500), (B, 1, 501), (TRIP, 1, 510))
    (fact,) = room.scan()
    assert (fact.body["first"], fact.body["indistinguishable"]) == (["A", "C"], True)
    assert fact.body["subsequent"] == ["B"]


def test_a_flickering_input_keeps_its_place_until_the_group_is_normal_and_reset(room: Room) -> None:
    room.scan((A, 1, 100), (A, 0, 200), (A, 1, 300))
    room.scan((B, 1, 250), (TRIP, 1, 310))
    assert [fact.body["first"] for fact in room.scan()] == [["B"]], "A alone was normal again in between"
    room.scan((A, 0, 1000), (A, 1, 2000), (TRIP, 0, 3000), (TRIP, 1, 4000))
    assert [fact.body["first"] for fact in room.scan()] == [["B"]], "the group was never all normal"
    room.scan((A, 0, 5000), (B, 0, 5000), (TRIP, 0, 6000), (A, 1, 7000), (TRIP, 1, 7010))
    assert [fact.body["first"] for fact in room.scan()] == [["A"]]


def test_the_response_runs_from_the_vote_to_the_safe_state_by_one_clock(room: Room) -> None:
    """2oo3: the demand is the second input; either of two valves is enough."""
    room.scan((A, 1, 100), (B, 1, 150), (TRIP, 1, 160))
    facts = room.scan((V2, 0, 1650))
    (response,) = [fact for fact in facts if fact.kind == "device_response"]
    assert (response.body["demand_ns"], response.body["safe_ns"]) == (150_000_000, 1_650_000_000)
    assert response.body["response_s"] == [1.499, 1.501]
    assert response.body["outcome"] == "in_time"
    assert room.scan() == []


def test_a_response_that_the_resolution_cannot_tell_is_not_resolved(room: Room) -> None:
    room.scan((A, 1, 100), (B, 1, 100), (TRIP, 1, 100), (V1, 0, 3100))
    assert room.scan()[-1].body["outcome"] == "not_resolved"
    room.scan((A, 0, 4000), (B, 0, 4000), (TRIP, 0, 4000), (V1, 1, 4500))
    room.scan((A, 1, 5000), (B, 1, 5000), (TRIP, 1, 5000), (V1, 0, 8002))
    assert room.scan()[-1].body["outcome"] == "late"


def test_nothing_is_concluded_over_lost_events(room: Room) -> None:
    room.scan((A, 1, 100))
    room.scan((TRIP, 1, 200), (V1, 0, 900), lost=2)
    first_out, response = room.scan()
    assert first_out.body["complete"] is False
    assert (response.body["response_s"], response.body["outcome"]) == (None, "not_resolved")


def test_a_restored_check_goes_on_where_it_was(room: Room, plant: Plant) -> None:
    room.scan((A, 1, 100), (B, 1, 150), (TRIP, 1, 160))
    second = Room(plant)
    second.number, second.sequence = room.number, room.sequence
    second.check.load(unpack(pack(room.check.state())))
    assert second.scan((V1, 0, 900)) == room.scan((V1, 0, 900))


def test_a_memory_from_before_there_were_buffers_is_taken_up(plant: Plant) -> None:
    room = Room(plant)
    room.check.load({})
    assert kinds(room.scan((A, 1, 1))) == ["device_event"]


def test_the_course_goes_over_to_another_description_by_name(room: Room, plant: Plant) -> None:
    room.scan((A, 1, 100), (B, 1, 150), (TRIP, 1, 160))
    after = Room(plant)
    after.number, after.sequence = room.number, room.sequence
    carry(room.check, after.check)
    assert kinds(after.scan((V1, 0, 900))) == ["device_event", "first_out", "device_response"]


def test_a_plant_without_buffers_says_nothing(bare_plant: Plant) -> None:
    assert Room(bare_plant).scan() == []


def test_a_device_clock_that_is_certainly_off_is_told_until_a_record_with_the_right_time(room: Room) -> None:
    room.scan((A, 1, 500))  # what was in the ring when we came says nothing of the clock
    room.scan()
    assert room.active == set()
    room.scan((A, 0, 3_700))  # in the third scan, at 3.0 s: ahead by 0.7 s at least
    assert room.active == {"SIS.clock_differs"}
    room.scan((A, 1, 6_500))
    assert room.active == {"SIS.clock_differs", "SIS.clock_wrong"}
    room.scan()
    assert room.active == {"SIS.clock_differs", "SIS.clock_wrong"}
    room.scan((A, 0, 5_800))
    assert room.active == set()
    for _ in range(5):
        room.scan()
    room.scan((A, 1, 6_500), sequence=6)  # 12.0 s, written after 8.0 s: behind by 1.5 s at least
    assert room.active == {"SIS.clock_differs"}
