"""Damaged bytes: the parser of answers and the decoder neither fall nor hang, and give no value that is not there."""

import asyncio
import math
import random
import struct
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.modbus.blocks import MAX_BITS, MAX_WORDS, Block
from connectors.modbus.client import Answer, ReadOnlyConnection
from connectors.modbus.decode import decode
from connectors.modbus.map import BIT_TABLES, KINDS, READ_FUNCTION, WORDS, Place, map_of
from plantsafe.frame import GOOD

LONG_S = 600.0


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def abort(self) -> None:
        pass


def block(device: int, table: str, start: int, count: int) -> Block:
    return Block(device=device, table=table, start=start, count=count, at=0, points=np.zeros(0, dtype=np.intp))


def true_answer(request: bytes, rng: random.Random) -> bytes:
    function, count = request[7], int.from_bytes(request[10:12], "big")
    if rng.random() < 0.1:
        pdu = bytes([function | 0x80, rng.randrange(256)])
    else:
        octets = (count + 7) // 8 if function <= 2 else 2 * count
        pdu = bytes([function, octets]) + rng.randbytes(octets)
    return request[:4] + (len(pdu) + 1).to_bytes(2, "big") + request[6:7] + pdu


def damaged(stream: bytes, rng: random.Random) -> bytes:
    """The stream with up to three flips, cuts, insertions, repetitions."""
    octets = bytearray(stream)
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(octets) + 1)
        match rng.randrange(5):
            case 0 if at < len(octets):
                octets[at] ^= 1 << rng.randrange(8)
            case 1:
                del octets[at : at + rng.randrange(1, 20)]
            case 2:
                octets[at:at] = rng.randbytes(rng.randrange(1, 20))
            case 3:
                octets[at:at] = octets[: rng.randrange(1, 40)]
            case _:
                del octets[at:]
    return bytes(octets)


def taken_by_the_book(blocks: list[Block], requests: list[bytes], stream: bytes) -> list[Answer]:
    """What a reader takes that compares every field, message by message, and stops at the first that does not fit."""
    waiting = {int.from_bytes(request[:2], "big"): i for i, request in enumerate(requests)}
    taken: list[Answer] = [None] * len(blocks)
    while len(stream) >= 8:
        transaction, protocol, length = struct.unpack(">HHH", stream[:6])
        if protocol or not 3 <= length <= 254:
            break
        message, stream = stream[6 : 6 + length], stream[6 + length :]
        if len(message) < length or transaction not in waiting:
            break
        i = waiting.pop(transaction)
        unit, function, rest = message[0], message[1], message[2:]
        expected = (blocks[i].count + 7) // 8 if blocks[i].table in BIT_TABLES else 2 * blocks[i].count
        if unit != blocks[i].device:
            break
        if function == READ_FUNCTION[blocks[i].table] and rest[0] == expected and len(rest) == expected + 1:
            taken[i] = rest[1:]
        elif function == READ_FUNCTION[blocks[i].table] + 128 and len(rest) == 1:
            taken[i] = rest[0] or 4
        else:
            break
    return taken


async def parse(rng: random.Random) -> None:
    """One exchange with all requests under way, answered by damaged bytes in pieces of any size."""
    blocks = []
    for _ in range(rng.randrange(1, 6)):
        table = rng.choice(list(READ_FUNCTION))
        most = MAX_BITS if table in BIT_TABLES else MAX_WORDS
        blocks.append(block(rng.randrange(4), table, rng.randrange(60000), rng.choice([1, 2, 8, most])))
    lost: list[str] = []
    connection, wire = ReadOnlyConnection(lost.append), Wire()
    connection.connection_made(wire)
    loop = asyncio.get_running_loop()
    asking = loop.create_task(connection.ask(blocks, depth=len(blocks), timeout_s=60.0, deadline_s=loop.time() + 60.0))
    await asyncio.sleep(0)
    sent = b"".join(wire.written)
    requests = [sent[i : i + 12] for i in range(0, len(sent), 12)]
    assert len(requests) == len(blocks)
    answers = [true_answer(request, rng) for request in requests]
    rng.shuffle(answers)
    stream = damaged(b"".join(answers), rng)
    cuts = sorted(rng.randrange(len(stream) + 1) for _ in range(rng.randrange(4)))
    for low, high in pairwise([0, *cuts, len(stream)]):
        connection.data_received(stream[low:high])
    connection.connection_lost(None)
    exchange = await asking
    assert exchange.answers == taken_by_the_book(blocks, requests, stream)
    assert not connection.open
    assert exchange.failure or None not in exchange.answers


@settings(max_examples=8000)
@given(st.integers(0, 2**64 - 1))
def test_parser_takes_what_the_book_lets_it_and_nothing_else(seed: int) -> None:
    runner().run(parse(random.Random(seed)))


def read_by_the_book(place: Place, image: list[int]) -> float:
    words = image[place.address : place.address + WORDS[place.type]]
    if place.byte_order == "little":
        words = [(word >> 8) | (word & 0xFF) << 8 for word in words]
    if place.word_order == "little":
        words = words[::-1]
    octets = b"".join(word.to_bytes(2, "big") for word in words)
    if place.bit is not None:
        return float(words[0] >> place.bit & 1)
    if place.type == "bool":
        return float(words[0] != 0)
    if place.type.startswith("float"):
        return float(struct.unpack(">f" if place.type == "float32" else ">d", octets)[0])
    return float(int.from_bytes(octets, "big", signed=place.type.startswith("int")))


def decode_any(rng: random.Random) -> None:
    orders = ["big", "little"]
    places = []
    for _ in range(rng.randrange(1, 30)):
        kind = rng.choice(KINDS)
        bit = rng.choice([None, rng.randrange(16)]) if WORDS[kind] == 1 else None
        places.append(
            Place(table="holding", address=rng.randrange(20), type=kind, bit=bit, word_order=rng.choice(orders),
                  byte_order=rng.choice(orders), scale=rng.choice([1.0, -0.1, 1e300]), offset=rng.choice([0.0, -5.0]))
        )  # fmt: skip
    registers = map_of(np.arange(len(places)), tuple(map(str, range(len(places)))), places)
    image = [
        rng.choice([0, 0xFFFF, 0x7F80, 0x7FF0, 0xFFF0, 0x8000, rng.randrange(65536)]) for _ in range(registers.size)
    ]
    start = registers.areas[0].start
    value, status = decode(registers, np.array(image, dtype=np.uint16), np.zeros(len(places), dtype=np.uint32))
    for i, place in enumerate(places):
        expected = read_by_the_book(place, [0] * start + image) * place.scale + place.offset
        assert (status[i] == GOOD) == math.isfinite(expected)
        assert value[i] == expected if math.isfinite(expected) else math.isnan(value[i])


@settings(max_examples=8000)
@given(st.integers(0, 2**64 - 1))
def test_decoder_reads_any_octets_as_the_book_does(seed: int) -> None:
    decode_any(random.Random(seed))


@pytest.mark.long
def test_ten_minutes_of_damaged_bytes(record_property: Callable[[str, object], None]) -> None:
    tried = 0
    for seed in seeds_for(LONG_S):
        runner().run(parse(random.Random(seed)))
        decode_any(random.Random(seed))
        tried = seed + 1
    record_property("examples", tried)
    assert tried > 10_000


def seeds_for(seconds: float) -> Iterator[int]:
    end_s, seed = time.monotonic() + seconds, 0
    while time.monotonic() < end_s:
        yield seed
        seed += 1


_runners: list[asyncio.Runner] = []


def runner() -> asyncio.Runner:
    """One event loop for all examples."""
    if not _runners:
        _runners.append(asyncio.Runner())
    return _runners[0]


@pytest.fixture(autouse=True, scope="module")
def _close_runner() -> Iterator[None]:
    yield
    while _runners:
        _runners.pop().close()
