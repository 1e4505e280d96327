"""Blocks, splits and codecs as pure functions: whatever the addresses, every point is read once and reads true."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.modbus.decode import decode
from connectors.modbus.map import (
    KINDS,
    MAX_BITS,
    MAX_GAP_WORDS,
    MAX_WORDS,
    RegisterMap,
    blocks,
    register_map,
    split,
)
from plantsafe.errors import SourceError
from plantsafe.frame import BAD, GOOD
from plantsafe.plant.model import PlantFile
from plantsafe.plant.tables import Plant, compile_plant
from simulation.servers.register_image import encode

TEXT = {"en": "t", "zh": "t"}


def plant_of(*places: dict[str, object]) -> Plant:
    source = {
        "name": "SIS", "title": TEXT, "protocol": "modbus", "endpoint": "tcp://h", "heartbeat": "P0",
        "consequence": TEXT, "action": TEXT,
    }  # fmt: skip
    points = [
        {"name": f"P{i}", "title": TEXT, "unit": "U", "source": "SIS", "modbus": place}
        for i, place in enumerate(places)
    ]
    document = {
        "schema": 1, "author": "t", "site": {"name": "s", "title": TEXT}, "sources": [source], "points": points,
        "workshops": [{"name": "W", "title": TEXT, "head_count_max": 1}],
        "units": [{"name": "U", "title": TEXT, "workshop": "W", "process": "utility"}],
    }  # fmt: skip
    return compile_plant(PlantFile.model_validate(document))


def registers_of(*places: dict[str, object]) -> RegisterMap:
    return register_map(plant_of(*places), "SIS")


def words(address: int, kind: str = "uint16", **more: object) -> dict[str, object]:
    return {"table": "holding", "address": address, "type": kind, **more}


place = st.fixed_dictionaries(
    {
        "table": st.sampled_from(["coil", "discrete", "holding", "input"]),
        "address": st.integers(0, 400) | st.integers(65000, 65534),
        "device": st.integers(1, 2),
        "type": st.sampled_from(KINDS),
    }
)


@given(st.lists(place, min_size=1, max_size=60))
def test_blocks_cover_every_point_once_within_the_limits(places: list[dict[str, object]]) -> None:
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
def test_splitting_again_and_again_ends_with_one_place_a_block(places: list[dict[str, object]]) -> None:
    registers = registers_of(*places)
    waiting, ends = list(blocks(registers)), []
    while waiting:
        block = waiting.pop()
        halves = split(registers, block)
        if halves is None:
            ends.append(block)
        else:
            assert sorted(halves[0].points + halves[1].points) == sorted(block.points)
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
    assert [(block.start, block.count) for block in blocks(registers)] == [(0, 124), (124, 2)]


def test_refused_block_is_parted_at_its_widest_hole() -> None:
    registers = registers_of(words(0), words(1), words(3), words(6), words(7), words(8))
    (block,) = blocks(registers)
    low, high = split(registers, block)
    assert [(low.start, low.count), (high.start, high.count)] == [(0, 4), (6, 3)]


RANGES = {
    "uint16": (0, 65535),
    "int16": (-32768, 32767),
    "uint32": (0, 2**32 - 1),
    "int32": (-(2**31), 2**31 - 1),
}


@given(st.data(), st.sampled_from(list(RANGES)), st.sampled_from(["big", "little"]))
def test_every_integer_survives_the_registers(data: st.DataObject, kind: str, order: str) -> None:
    value = data.draw(st.integers(*RANGES[kind]))
    registers = registers_of(words(5, kind, word_order=order), words(7, kind, word_order=order))
    image = np.zeros(registers.size, dtype=np.uint16)
    good = np.zeros(2, dtype=np.uint32)
    encode(registers, np.array([value, 0.0]), good, image)
    assert decode(registers, image, good)[0].tolist() == [value, 0.0]


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(["big", "little"]))
def test_every_float32_survives_the_registers(value: float, order: str) -> None:
    registers = registers_of(words(0, "float32", word_order=order))
    image = np.zeros(2, dtype=np.uint16)
    good = np.zeros(1, dtype=np.uint32)
    encode(registers, np.array([value]), good, image)
    assert decode(registers, image, good)[0].tolist() == [value]


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
def test_address_that_cannot_work_is_refused_with_the_name_of_its_point(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(SourceError, match=f"P0.*{says}"):
        registers_of(wrong)
