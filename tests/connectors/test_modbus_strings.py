"""Texts in Modbus registers: codes of a state point, whatever the order of octets, the padding and the encoding."""

from typing import Any

import numpy as np
import pytest

from connectors.modbus.decode import decode
from connectors.modbus.map import Place, RegisterMap, map_of
from plantsafe.errors import SourceError
from plantsafe.frame import BAD_NO_COMMUNICATION, BAD_TYPE_MISMATCH, GOOD
from simulation.servers.register_image import encode

CODES = {"STOP": 0.0, "停止": 0.0, "RUN": 1.0, "运行": 1.0}


def registers_of(**more: Any) -> RegisterMap:
    places = [Place(table="holding", address=10, type="string", length=4, **more), Place(table="holding", address=14)]
    return map_of(np.arange(2), ("XS", "N"), places, {0: CODES})


def read(text: bytes, status: int = GOOD, **more: Any) -> tuple[float, int]:
    registers = registers_of(**more)
    words = np.frombuffer(text.ljust(8, b"\0"), ">u2").astype(np.uint16)
    value, code = decode(registers, np.append(words, np.uint16(7)), np.array([status, GOOD], dtype=np.uint32))
    assert (value[1], code[1]) == (7.0, GOOD), "the neighbour keeps its value"
    return float(value[0]), int(code[0])


@pytest.mark.parametrize(
    ("written", "code"),
    [(b"STOP", 0.0), (b"RUN", 1.0), (b"RUN     ", 1.0), (b"RUN\0left", 1.0), (b"RUN \0   ", 1.0)],
)
def test_a_text_is_the_code_of_its_state_whatever_stands_behind_it(written: bytes, code: float) -> None:
    assert read(written) == (code, GOOD)


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_chinese_texts_are_read_as_devices_write_them(encoding: str) -> None:
    assert read("停止".encode(encoding)) == (0.0, GOOD)


def test_the_low_byte_may_come_first() -> None:
    assert read(b"UR\0N", byte_order="little") == (1.0, GOOD)


def test_the_last_register_may_come_first() -> None:
    assert read(b"\0\0\0\0N\0RU", word_order="little") == (1.0, GOOD)


@pytest.mark.parametrize("written", [b"", b"run", b"RUNNING", b"\xff\xfe\xff\xfe"])
def test_a_text_that_is_no_state_is_bad(written: bytes) -> None:
    value, code = read(written)
    assert np.isnan(value)
    assert code == BAD_TYPE_MISMATCH


def test_a_text_that_did_not_come_keeps_the_reason() -> None:
    assert read(b"RUN", BAD_NO_COMMUNICATION)[1] == BAD_NO_COMMUNICATION


@pytest.mark.parametrize("byte_order", ["big", "little"])
@pytest.mark.parametrize("code", [0.0, 1.0])
def test_what_the_simulator_writes_is_what_is_read(byte_order: str, code: float) -> None:
    registers = registers_of(byte_order=byte_order)
    image = np.zeros(registers.size, dtype=np.uint16)
    good = np.zeros(2, dtype=np.uint32)
    encode(registers, np.array([code, 5.0]), good, image)
    value, status = decode(registers, image, good)
    assert value.tolist() == [code, 5.0]
    assert status.tolist() == [GOOD, GOOD]


def test_a_string_needs_registers() -> None:
    with pytest.raises(SourceError, match="a string has registers"):
        map_of(np.arange(1), ("XS",), [Place(table="coil", address=1, type="string", length=2)])
