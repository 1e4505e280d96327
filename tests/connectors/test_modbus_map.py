"""Blocks, splits and codecs as pure functions: whatever the addresses, every point is read once and reads true."""

import struct
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client import ModbusTcpClient

from connectors.modbus.blocks import MAX_BITS, MAX_GAP_WORDS, MAX_WORDS, BlockLimits, blocks, split
from connectors.modbus.decode import decode
from connectors.modbus.map import KINDS, Place, RegisterMap, map_of
from connectors.modbus.plan import ReadPlan
from plantsafe.errors import SourceError
from plantsafe.frame import BAD, GOOD
from simulation.servers.register_image import encode


def registers_of(*places: dict[str, Any]) -> RegisterMap:
    names = tuple(f"P{i}" for i in range(len(places)))
    return map_of(np.arange(len(places)), names, [Place(**place) for place in places])


def words(address: int, kind: str = "uint16", **more: object) -> dict[str, Any]:
    return {"table": "holding", "address": address, "type": kind, **more}


place = st.fixed_dictionaries(
    {
        "table": st.sampled_from(["coil", "discrete", "holding", "input"]),
        "address": st.integers(0, 400) | st.integers(65000, 65532),
        "device": st.integers(1, 2),
        "type": st.sampled_from(KINDS),
    }
)


@given(st.lists(place, min_size=1, max_size=60))
def test_blocks_cover_every_point_once_within_the_limits(places: list[dict[str, Any]]) -> None:
    registers = registers_of(*places)
    found = blocks(registers)
    assert sorted(point for block in found for point in block.points) == list(range(len(places)))
    for block in found:
        assert block.count <= (MAX_BITS if block.table in ("coil", "discrete") else MAX_WORDS)
        for point in block.points:
            assert block.at <= registers.at[point]
            assert registers.at[point] + registers.words[point] <= block.at + block.count
            assert (places[point]["device"], places[point]["table"]) == (block.device, block.table)
            assert block.start + registers.at[point] - block.at == places[point]["address"]


@given(st.lists(place, min_size=1, max_size=40))
def test_splitting_again_and_again_ends_with_one_place_a_block(places: list[dict[str, Any]]) -> None:
    registers = registers_of(*places)
    waiting, ends = list(blocks(registers)), []
    while waiting:
        block = waiting.pop()
        halves = split(registers, block)
        if halves is None:
            ends.append(block)
        else:
            assert sorted([*halves[0].points, *halves[1].points]) == sorted(block.points)
            waiting.extend(halves)
    assert sorted(point for block in ends for point in block.points) == list(range(len(places)))
    assert all(len(set(registers.at[list(block.points)].tolist())) == 1 for block in ends)


def test_small_hole_is_read_over_and_wide_hole_is_not() -> None:
    near = registers_of(*[words(i) for i in range(10)], *[words(i) for i in range(15, 25)])
    assert [(block.start, block.count) for block in blocks(near)] == [(0, 25)]
    far = registers_of(*[words(i) for i in range(60)], *[words(i) for i in range(61 + MAX_GAP_WORDS, 113)])
    assert len(blocks(far)) == 2


def test_two_lone_registers_far_apart_are_not_one_wasteful_block() -> None:
    assert len(blocks(registers_of(words(0), words(40)))) == 2


def test_value_of_two_words_is_never_cut_by_the_size_limit() -> None:
    registers = registers_of(*[words(i) for i in range(124)], words(124, "float32"))
    low, high = blocks(registers)
    assert low.start + low.count == high.start <= 124
    assert high.start + high.count == 126


def test_refused_block_is_parted_at_its_widest_hole() -> None:
    registers = registers_of(words(0), words(1), words(3), words(6), words(7), words(8))
    (block,) = blocks(registers)
    low, high = split(registers, block)
    assert [(low.start, low.count), (high.start, high.count)] == [(0, 4), (6, 3)]


ORDERS = {"ABCD": ("big", "big"), "CDAB": ("little", "big"), "BADC": ("big", "little"), "DCBA": ("little", "little")}
VALUE_OF = {  # struct's letter, and values that a float64 holds exactly
    "int16": ("h", st.integers(-(2**15), 2**15 - 1)),
    "uint16": ("H", st.integers(0, 2**16 - 1)),
    "int32": ("i", st.integers(-(2**31), 2**31 - 1)),
    "uint32": ("I", st.integers(0, 2**32 - 1)),
    "int64": ("q", st.integers(-(2**53), 2**53)),
    "uint64": ("Q", st.integers(0, 2**53)),
    "float32": ("f", st.floats(width=32, allow_nan=False, allow_infinity=False)),
    "float64": ("d", st.floats(allow_nan=False, allow_infinity=False)),
}


def wire(octets: bytes, order: str) -> list[int]:
    """Registers of a number whose octets are given most significant first, as vendors draw the four orders."""
    words = [octets[i : i + 2] for i in range(0, len(octets), 2)]
    if order in ("CDAB", "DCBA"):
        words.reverse()
    if order in ("BADC", "DCBA"):
        words = [word[::-1] for word in words]
    return [int.from_bytes(word, "big") for word in words]


@given(st.data(), st.sampled_from(list(VALUE_OF)), st.sampled_from(list(ORDERS)))
def test_every_number_is_read_and_written_in_every_order(data: st.DataObject, kind: str, order: str) -> None:
    letter, values = VALUE_OF[kind]
    value = data.draw(values)
    word_order, byte_order = ORDERS[order]
    registers = registers_of(words(7, kind, word_order=word_order, byte_order=byte_order), words(2))
    there = wire(struct.pack(f">{letter}", value), order)
    image = np.array([9, 0, 0, 0, 0, *there], dtype=np.uint16)
    good = np.zeros(2, dtype=np.uint32)
    assert decode(registers, image, good)[0].tolist() == [value, 9.0]
    again = np.zeros_like(image)
    encode(registers, np.array([value, 9.0]), good, again)
    if value != 0.0:  # minus zero has octets of its own
        assert again.tolist() == image.tolist()


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-(2**31), 2**31 - 1))
def test_pymodbus_reads_the_same_numbers(single: float, whole: int) -> None:
    from_registers = ModbusTcpClient.convert_from_registers
    for order in ("big", "little"):
        registers = registers_of(words(0, "float32", word_order=order), words(2, "int32", word_order=order))
        image = np.zeros(4, dtype=np.uint16)
        encode(registers, np.array([single, whole]), np.zeros(2, dtype=np.uint32), image)
        held = image.tolist()
        theirs = [
            from_registers(held[:2], ModbusTcpClient.DATATYPE.FLOAT32, word_order=order),
            from_registers(held[2:], ModbusTcpClient.DATATYPE.INT32, word_order=order),
        ]
        assert decode(registers, image, np.zeros(2, dtype=np.uint32))[0].tolist() == theirs == [single, whole]


def test_integers_past_their_type_stand_at_its_ends() -> None:
    kinds = ["int64", "uint64", "int32", "uint16"]
    registers = registers_of(*[words(4 * i, kind) for i, kind in enumerate(kinds)])
    image = np.zeros(registers.size, dtype=np.uint16)
    good = np.zeros(4, dtype=np.uint32)
    encode(registers, np.full(4, 1e30), good, image)
    assert decode(registers, image, good)[0].tolist() == [float(2**63 - 1), float(2**64 - 1), 2**31 - 1, 2**16 - 1]
    encode(registers, np.full(4, -1e30), good, image)
    assert decode(registers, image, good)[0].tolist() == [float(-(2**63)), 0.0, -(2.0**31), 0.0]


def test_byte_order_holds_for_single_registers_and_the_bits_in_them() -> None:
    swapped = {"byte_order": "little"}
    registers = registers_of(words(0, "int16", **swapped), words(1, bit=0, **swapped), words(1, bit=8, **swapped))
    image = np.array([0xFEFF, 0x0100], dtype=np.uint16)
    assert decode(registers, image, np.zeros(3, dtype=np.uint32))[0].tolist() == [-2.0, 1.0, 0.0]


def test_registers_as_the_standard_writes_them() -> None:
    registers = registers_of(words(0, "float32"), words(2, "int32"), words(4, "int16"), words(5, bit=9, type="uint16"))
    image = np.array([0x42F6, 0xE979, 0xFFFF, 0xFFFE, 0x8000, 0x0200], dtype=np.uint16)
    value, status = decode(registers, image, np.zeros(4, dtype=np.uint32))
    assert value.tolist() == [123.45600128173828, -2.0, -32768.0, 1.0]  # IEEE 754: 0x42F6E979
    assert set(status.tolist()) == {GOOD}


def test_scale_and_offset_give_engineering_units_and_the_range_saturates() -> None:
    registers = registers_of(words(0, scale=0.1, offset=-50.0))
    image = np.zeros(1, dtype=np.uint16)
    good = np.zeros(1, dtype=np.uint32)
    for value, shown in ((25.04, 25.0), (1e9, 6503.5), (-1e9, -50.0)):
        encode(registers, np.array([value]), good, image)
        assert decode(registers, image, good)[0].tolist() == pytest.approx([shown])


def test_bits_of_one_word_do_not_disturb_each_other() -> None:
    registers = registers_of(words(0, bit=0), words(0, bit=7), words(0, bit=15))
    image = np.array([0x4000], dtype=np.uint16)
    good = np.zeros(3, dtype=np.uint32)
    encode(registers, np.array([1.0, 0.0, 1.0]), good, image)
    assert image.tolist() == [0xC001]
    encode(registers, np.array([0.0, 1.0, 1.0]), good, image)
    assert image.tolist() == [0xC080]


def test_float_that_is_no_number_is_bad() -> None:
    registers = registers_of(words(0, "float32"), words(2, "float32"))
    image = np.array([0x7FC0, 0, 0x7F80, 0], dtype=np.uint16)
    value, status = decode(registers, image, np.zeros(2, dtype=np.uint32))
    assert np.isnan(value).all()
    assert status.tolist() == [BAD, BAD]


def test_status_of_a_block_wins_over_what_the_image_holds() -> None:
    registers = registers_of(words(0), words(1))
    value, _ = decode(registers, np.array([1, 2], dtype=np.uint16), np.array([GOOD, BAD], dtype=np.uint32))
    assert value[0] == 1.0
    assert np.isnan(value[1])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (words(65535, "float32"), "past the last register"),
        (words(0, "int32", bit=3), "taken from one register"),
        ({"table": "coil", "address": 0, "bit": 1}, "taken from one register"),
        (words(0, scale=0.0), "scale 0"),
    ],
)
def test_address_that_cannot_work_is_refused_with_the_name_of_its_point(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(SourceError, match=f"P0.*{says}"):
        registers_of(wrong)


def fewest(addresses: list[int], limits: BlockLimits) -> int:
    """How few requests are possible at all, by trying every way of cutting (single registers)."""
    best = {0: 0}
    for end in range(1, len(addresses) + 1):
        for begin in range(end):
            part = addresses[begin:end]
            count = part[-1] - part[0] + 1
            gaps = [after - before - 1 for before, after in pairwise(part)]
            if (
                count <= limits.words
                and max(gaps, default=0) <= limits.gap_words
                and 1 - len(part) / count <= limits.waste
            ):
                best[end] = min(best.get(end, 10**9), best[begin] + 1)
    return best[len(addresses)]


@given(st.sets(st.integers(0, 300), min_size=1, max_size=40), st.integers(0, 20), st.floats(0.0, 0.9))
def test_no_way_of_cutting_needs_fewer_requests(addresses: set[int], gap: int, waste: float) -> None:
    limits = BlockLimits(words=60, gap_words=gap, waste=waste)
    ordered = sorted(addresses)
    assert len(blocks(registers_of(*[words(i) for i in ordered]), limits)) == fewest(ordered, limits)


class Device:
    """Answers a block unless it covers an address it lacks."""

    def __init__(self, registers: RegisterMap, lacks: set[int]) -> None:
        self.registers, self.lacks = registers, lacks
        self.plan = ReadPlan(registers)

    def read(self) -> tuple[int, set[int]]:
        """One read of the plan: how many requests, and which points came."""
        asked, came, waiting = 0, set(), self.plan.begin()
        while waiting:
            block = waiting.pop(0)
            asked += 1
            if self.lacks & set(range(block.start, block.start + block.count)):
                waiting.extend(self.plan.refused(block, 2))
            else:
                self.plan.answered(block)
                came.update(block.points.tolist())
        self.plan.end(())
        return asked, came


@given(st.sets(st.integers(0, 200), min_size=2, max_size=80), st.sets(st.integers(0, 200), max_size=6))
def test_illegal_addresses_cost_no_valid_value_once_they_are_known(places: set[int], lacks: set[int]) -> None:
    ordered = sorted(places)
    device = Device(registers_of(*[words(i) for i in ordered]), lacks)
    valid = {i for i, address in enumerate(ordered) if address not in lacks}
    for _ in range(4):
        _, came = device.read()
        assert came == valid
    refused_places = len(ordered) - len(valid)
    asked, _ = device.read()
    runs = 1 + len(lacks)
    assert asked <= len(blocks(device.registers)) + runs + refused_places


def test_one_lacking_register_in_a_full_block_costs_two_requests_more() -> None:
    device = Device(registers_of(*[words(i) for i in range(125)]), {60})
    first, came = device.read()
    assert (len(came), first) == (124, 15)  # halved seven times
    second, came = device.read()
    assert (len(came), second) == (124, 3)
    device.lacks = set()
    assert len(device.read()[1]) == 125
    assert device.read() == (1, set(range(125)))


def test_device_that_refuses_everything_for_a_while_keeps_its_blocks_and_is_not_flooded() -> None:
    device = Device(registers_of(*[words(i) for i in range(1000)]), set(range(1000)))
    asked = [device.read()[0] for _ in range(8)]
    assert asked[0] < 300
    assert set(asked[1:]) == {8}
    device.lacks = set()
    assert len(device.read()[1]) == 1000
