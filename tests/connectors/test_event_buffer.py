"""Event buffers of Modbus devices: which records are new, what was overwritten, and the way over the wire."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.modbus import ModbusSource
from connectors.modbus.event_buffer import RingReader, records_of, words_of_number, written
from plantsafe.clock import Clock
from plantsafe.plant.model import EventBuffer, PlantFile
from plantsafe.plant.tables import Plant, compile_plant
from plantsafe.scan.reading import Reading
from plantsafe.source import Stamped
from simulation.servers import ModbusServer

TEXT = {"en": "text", "zh": "文字"}
T0_NS = 1_767_225_600_000_000_000


def buffer_of(**changes: Any) -> EventBuffer:
    return EventBuffer.model_validate(
        {
            "newest": 100, "address": 102, "records": 8, "words": 8, "sequence": {"at": 0, "type": "uint32"},
            "seconds": {"at": 2, "type": "uint32"}, "fraction": {"at": 4}, "code": {"at": 5}, "state": {"at": 6},
            "resolution_s": 0.001, "codes": [{"code": 11, "point": "A"}], **changes,
        }
    )  # fmt: skip


class Device:
    """Keeps a ring as a safety system does."""

    def __init__(self, buffer: EventBuffer, newest: int = 0) -> None:
        self.buffer, self.number = buffer, newest
        self.words = np.zeros((buffer.records, buffer.words), dtype=np.uint16)

    def stamp(self, *states: int) -> None:
        for state in states:
            self.number = (self.number + 1) % self.buffer.modulus
            one = [np.array([n], dtype=np.int64) for n in (self.number, T0_NS + self.number * 1_000_000, 11, state)]
            self.words[self.number % self.buffer.records] = written(
                Stamped(sequence=one[0], time_ns=one[1], code=one[2], state=one[3]), self.buffer
            )[0]

    @property
    def newest(self) -> np.ndarray:
        return words_of_number(np.array([self.number], dtype=np.int64), self.buffer.sequence, self.buffer)[0]

    def poll(self, ring: RingReader) -> list[int]:
        """The numbers that one scan brings."""
        found: list[int] = []
        for first, block in ring.wanted(self.newest):
            begin = block.start - self.buffer.address
            part = ring.take(first, self.words.ravel()[begin : begin + block.count])
            found += [] if part is None else part.sequence.tolist()
        return found


def test_each_record_comes_once_and_in_its_order() -> None:
    device, ring = Device(buffer_of()), RingReader(buffer_of())
    assert device.poll(ring) == []
    device.stamp(1, 0, 1)
    assert device.poll(ring) == [1, 2, 3]
    assert device.poll(ring) == []
    device.stamp(*[1] * 7)
    assert device.poll(ring) == [4, 5, 6, 7, 8, 9, 10], "around the end of the ring"


def test_what_was_overwritten_is_a_gap_in_the_numbers() -> None:
    device, ring = Device(buffer_of()), RingReader(buffer_of())
    device.stamp(1)
    assert device.poll(ring) == [1]
    device.stamp(*[1] * 20)
    assert device.poll(ring) == [*range(14, 22)]


def test_a_ring_that_is_found_full_is_read_whole() -> None:
    device = Device(buffer_of(), newest=1000)
    device.stamp(*[1] * 9)
    assert device.poll(RingReader(buffer_of())) == [*range(1002, 1010)]


def test_numbers_of_sixteen_bits_go_on_from_0() -> None:
    short = buffer_of(sequence={"at": 0})
    device, ring = Device(short, newest=65533), RingReader(short)
    device.stamp(1)
    device.poll(ring)
    device.stamp(1, 1, 1)
    assert device.poll(ring) == [65535, 0, 1]


def test_a_device_that_begins_anew_is_read_from_its_first_record() -> None:
    device, ring = Device(buffer_of(), newest=500), RingReader(buffer_of())
    device.stamp(1)
    device.poll(ring)
    device = Device(buffer_of())
    device.stamp(1, 0)
    assert device.poll(ring) == [1, 2]


def test_a_record_that_is_still_being_written_is_asked_for_again() -> None:
    device, ring = Device(buffer_of()), RingReader(buffer_of())
    device.stamp(1)
    device.poll(ring)
    device.stamp(1, 0)
    whole = device.words.copy()
    device.words[3] = 0
    assert device.poll(ring) == [2]
    device.words = whole
    assert device.poll(ring) == [3]


def test_a_burst_is_read_over_several_scans() -> None:
    long = buffer_of(records=256)
    device, ring = Device(long), RingReader(long)
    device.stamp(*[1] * 100)
    scans = [device.poll(ring) for _ in range(3)]
    assert [len(scan) for scan in scans] == [60, 40, 0]
    assert [n for scan in scans for n in scan] == [*range(1, 101)]


@given(
    numbers=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=9),
    at_ms=st.integers(0, 2**40),
    word_order=st.sampled_from(["big", "little"]),
)
def test_records_come_back_as_they_were_written(numbers: list[int], at_ms: int, word_order: str) -> None:
    buffer = buffer_of(word_order=word_order)
    n = np.array(numbers, dtype=np.int64)
    stamped = Stamped(sequence=n, time_ns=(at_ms + n % 1000) * 1_000_000, code=n % 65536, state=n % 2)
    back = records_of(written(stamped, buffer), buffer)
    for name in ("sequence", "time_ns", "code", "state"):
        assert getattr(back, name).tolist() == getattr(stamped, name).tolist()


@given(words=st.lists(st.integers(0, 65535), min_size=16, max_size=16))
def test_damaged_records_are_taken_without_harm(words: list[int]) -> None:
    ring = RingReader(buffer_of(epoch_year=2000, fraction_per_s=100))
    ring.wanted(np.array([0, 2], dtype=np.uint16))
    part = ring.take(1, np.array(words, dtype=np.uint16))
    assert part is None or set(part.sequence.tolist()) <= {1, 2}


@pytest.fixture
def plant() -> Plant:
    points = [
        {"name": name, "title": TEXT, "unit": "R1", "source": "SIS", "range": [0.0, 1e9], "kind": "count",
         "modbus": {"table": "input", "address": i}} for i, name in enumerate(("HB", "A"))
    ]  # fmt: skip
    return compile_plant(
        PlantFile.model_validate(
            {
                "schema": 1, "author": "test", "site": {"name": "small", "title": TEXT},
                "workshops": [{"name": "W1", "title": TEXT, "head_count_max": 9}],
                "units": [{"name": "R1", "title": TEXT, "workshop": "W1", "process": "nitration_semibatch"}],
                "sources": [
                    {"name": "SIS", "title": TEXT, "protocol": "modbus", "endpoint": "tcp://127.0.0.1:1",
                     "heartbeat": "HB", "consequence": TEXT, "action": TEXT,
                     "event_buffer": buffer_of().model_dump()},
                ],
                "points": points,
            }
        )
    )  # fmt: skip


@pytest.fixture
async def server(plant: Plant) -> AsyncIterator[ModbusServer]:
    server = ModbusServer(plant, "SIS")
    await server.start()
    yield server
    await server.stop()


async def test_the_buffer_is_read_over_the_socket_of_its_source(
    plant: Plant, server: ModbusServer, clock: Clock, read_until: Any
) -> None:
    device = Device(buffer_of())
    device.stamp(1, 0)
    await server.update(np.array([1.0, 7.0]), np.zeros(2, dtype=np.uint32))
    server.show_events(device.newest, device.words.ravel())
    source = ModbusSource(plant, "SIS", server.endpoint)
    await source.open()
    try:
        columns = await read_until(source, lambda columns: columns.answered)
        assert columns.value.tolist() == [1.0, 7.0]
        stamped = await source.stamped()
        assert stamped is not None
        assert stamped.sequence.tolist() == [1, 2]
        assert stamped.state.tolist() == [1, 0]
        assert stamped.time_ns.tolist() == [T0_NS + 1_000_000, T0_NS + 2_000_000]
        before = source.counts().requests
        assert await source.stamped() is None
        assert source.counts().requests == before + 1, "nothing new costs one request"
    finally:
        await source.close()


async def test_the_scan_gives_them_with_its_frame_and_a_silent_device_costs_it_nothing(
    plant: Plant, server: ModbusServer, clock: Clock
) -> None:
    device = Device(buffer_of())
    await server.update(np.array([1.0, 7.0]), np.zeros(2, dtype=np.uint32))
    server.show_events(device.newest, device.words.ravel())
    reading = Reading(plant, [ModbusSource(plant, "SIS", server.endpoint)], clock)
    await reading.open(5.0)
    try:
        number = 1
        assert (await reading.frame(number, clock.utc_ns(), clock.now_ns())).events.source.size == 0
        device.stamp(1, 0, 1)
        server.show_events(device.newest, device.words.ravel())
        found: list[int] = []
        async with asyncio.timeout(10.0):
            while len(found) < 3:
                number += 1
                frame = await reading.frame(number, clock.utc_ns(), clock.now_ns())
                found += frame.events.sequence.tolist()
                assert not frame.events.source.any()
        assert found == [1, 2, 3]
        server.set_silent(silent=True)
        device.stamp(0)
        server.show_events(device.newest, device.words.ravel())
        assert (await reading.frame(number + 1, clock.utc_ns(), clock.now_ns())).events.source.size == 0
    finally:
        server.set_silent(silent=False)
        await reading.close()
