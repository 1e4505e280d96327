"""The decoder of Read answers against asyncua's own, over random, truncated and damaged bytes."""

import os
import random
import struct
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from asyncua.ua.uaerrors import UaStatusCodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.opcua.decode import EPOCH_TICKS, Answers, decode
from connectors.opcua.stock import put_stock
from plantsafe.errors import SourceError
from plantsafe.frame import BAD_TYPE_MISMATCH, BAD_WAITING_FOR_INITIAL_DATA, GOOD

V = ua.VariantType
WHEN = st.datetimes(datetime(1960, 1, 1), datetime(2300, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTEGERS = {
    V.SByte: (-(2**7), 2**7 - 1),
    V.Byte: (0, 2**8 - 1),
    V.Int16: (-(2**15), 2**15 - 1),
    V.UInt16: (0, 2**16 - 1),
    V.Int32: (-(2**31), 2**31 - 1),
    V.UInt32: (0, 2**32 - 1),
    V.Int64: (-(2**63), 2**63 - 1),
    V.UInt64: (0, 2**64 - 1),
}
NODE_IDS = st.one_of(
    st.integers(0, 255).map(lambda i: ua.NodeId(i, 0)),
    st.integers(0, 2**32 - 1).map(lambda i: ua.NodeId(i, 3)),
    TEXT.map(lambda text: ua.NodeId(text, 2)),
    st.uuids().map(lambda guid: ua.NodeId(guid, 2)),
)
SCALARS = st.one_of(
    st.booleans().map(lambda value: ua.Variant(value, V.Boolean)),
    *(st.integers(*limits).map(lambda value, kind=kind: ua.Variant(value, kind)) for kind, limits in INTEGERS.items()),
    st.floats(width=32).map(lambda value: ua.Variant(value, V.Float)),
    st.floats().map(lambda value: ua.Variant(value, V.Double)),
    WHEN.map(lambda value: ua.Variant(value, V.DateTime)),
    st.just(ua.Variant(None, V.Null)),
)
OTHERS = st.one_of(
    TEXT.map(lambda text: ua.Variant(text, V.String)),
    st.just(ua.Variant(None, V.String)),
    st.tuples(TEXT, TEXT).map(lambda pair: ua.Variant(ua.LocalizedText(pair[0], pair[1]), V.LocalizedText)),
    st.binary(max_size=9).map(lambda data: ua.Variant(data, V.ByteString)),
    st.uuids().map(lambda guid: ua.Variant(uuid.UUID(bytes=guid.bytes), V.Guid)),
    NODE_IDS.map(lambda node: ua.Variant(node, V.NodeId)),
    st.integers(0, 2**32 - 1).map(lambda code: ua.Variant(ua.StatusCode(code), V.StatusCode)),
    TEXT.map(lambda text: ua.Variant(ua.QualifiedName(text, 1), V.QualifiedName)),
    st.lists(st.floats(), max_size=4).map(lambda values: ua.Variant(values, V.Double, is_array=True)),
    st.lists(TEXT, max_size=3).map(lambda values: ua.Variant(values, V.String, is_array=True)),
    st.just(ua.Variant([[1, 2], [3, 4]], V.Int32)),
    SCALARS.map(lambda inner: ua.Variant([inner, inner], V.Variant, is_array=True)),
)
OBJECTS = st.just(ua.Variant(ua.Range(0.0, 1.0), V.ExtensionObject))
STATUSES = st.one_of(st.none(), st.sampled_from([0, 0x40000000, 0x80000000, 0x80340000]), st.integers(0, 2**32 - 1))


@st.composite
def data_values(draw: st.DrawFn, contents: st.SearchStrategy[ua.Variant]) -> ua.DataValue:
    status = draw(STATUSES)
    value = ua.DataValue(
        draw(contents),
        None if status is None else ua.StatusCode(status),
        draw(st.none() | WHEN),
        draw(st.none() | WHEN),
    )
    if value.ServerTimestamp is None:  # asyncua puts picoseconds behind the server's time, against Part 6, 5.2.2.17
        value.SourcePicoseconds = draw(st.none() | st.integers(0, 9999))
    return value


@st.composite
def answers_of(draw: st.DrawFn, contents: st.SearchStrategy[ua.Variant]) -> list[ua.DataValue]:
    """Single values and runs of equal kind, as servers send them."""
    values: list[ua.DataValue] = []
    for value in draw(st.lists(data_values(contents), max_size=12)):
        values += [value] * draw(st.sampled_from([1, 1, 3, 8, 9, 10, 30]))
    return values


def response(values: list[ua.DataValue], *, result: int = 0) -> bytes:
    message = ua.ReadResponse()
    message.ResponseHeader.ServiceResult = ua.StatusCode(result)
    message.Results = values
    return struct_to_binary(message)


def ours(body: bytes, count: int) -> Answers:
    answers = Answers.blank(count)
    decode(body, answers, 0, count)
    return answers


def asyncuas(body: bytes) -> Answers:
    results = struct_from_binary(ua.ReadResponse, Buffer(body)).Results
    answers = Answers.blank(len(results))
    put_stock(results, answers, 0)
    return answers


def same(mine: Answers, theirs: Answers) -> None:
    np.testing.assert_array_equal(mine.status, theirs.status)
    np.testing.assert_allclose(mine.value, theirs.value, rtol=4e-16, atol=1e-6, equal_nan=True)
    assert np.all(np.abs(mine.source_time_ns - theirs.source_time_ns) <= 1000)
    assert mine.texts == theirs.texts


@given(answers_of(st.one_of(SCALARS, OTHERS, OBJECTS)))
@settings(max_examples=300)
def test_any_answer_is_what_asyncua_reads(values: list[ua.DataValue]) -> None:
    body = response(values)
    same(ours(body, len(values)), asyncuas(body))


@given(st.lists(st.floats(), min_size=1, max_size=300), STATUSES)
def test_doubles_pass_to_the_last_bit(numbers: list[float], status: int | None) -> None:
    code = None if status is None else ua.StatusCode(status)
    body = response([ua.DataValue(ua.Variant(x, V.Double), code) for x in numbers])
    assert ours(body, len(numbers)).value.tobytes() == np.array(numbers).tobytes()


def test_runs_and_single_values_are_read_alike() -> None:
    values = []
    for kind in (*INTEGERS, V.Boolean, V.Float, V.Double):
        values += [ua.DataValue(ua.Variant(1, kind), SourceTimestamp=datetime(2026, 1, 1, tzinfo=UTC))] * 50
    together = ours(response(values), len(values))
    single = [ours(response([value]), 1) for value in values]
    assert together.value.tolist() == [answer.value[0] for answer in single]
    assert together.source_time_ns.tolist() == [answer.source_time_ns[0] for answer in single]
    assert set(together.status.tolist()) == {GOOD}


@pytest.mark.parametrize("count", [1, 40])
def test_times_before_1970_and_past_2255_are_none(count: int) -> None:
    for ticks in (-(2**63), -1, 0, EPOCH_TICKS, 2**63 - 1):
        record = b"\x05\x0b" + struct.pack("<dq", 1.5, ticks)
        body = response([])[:-8] + struct.pack("<i", count) + record * count + b"\xff\xff\xff\xff"
        assert set(ours(body, count).source_time_ns.tolist()) == {0}


def test_picoseconds_come_before_the_servers_time() -> None:
    record = b"\x3d\x0b" + struct.pack("<dqHqH", 1.5, EPOCH_TICKS + 10_000_000, 7, 1, 7)
    body = response([])[:-8] + struct.pack("<i", 20) + record * 20 + b"\xff\xff\xff\xff"
    answers = ours(body, 20)
    assert set(answers.value.tolist()) == {1.5}
    assert set(answers.source_time_ns.tolist()) == {1_000_000_000}


def test_text_is_kept_for_its_code_and_null_waits_for_its_value() -> None:
    values = [
        ua.DataValue(ua.Variant("Running", V.String)),
        ua.DataValue(ua.Variant(ua.LocalizedText("Stopped", "en"), V.LocalizedText)),
        ua.DataValue(ua.Variant(None, V.Null)),
        ua.DataValue(ua.Variant("Running", V.String), ua.StatusCode(0x80050000)),
    ]
    answers = ours(response(values), 4)
    assert answers.texts == {0: ("Running", 0), 1: ("Stopped", 0)}
    assert answers.status.tolist() == [BAD_TYPE_MISMATCH] * 2 + [BAD_WAITING_FOR_INITIAL_DATA, 0x80050000]


def test_refused_service_is_raised_with_its_code() -> None:
    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.StatusCodes.BadSessionIdInvalid)
    with pytest.raises(UaStatusCodeError, match="session id"):
        ours(struct_to_binary(fault), 1)
    with pytest.raises(UaStatusCodeError):
        ours(response([], result=ua.StatusCodes.BadTooManyOperations), 0)


def test_answer_with_another_number_of_values_is_refused() -> None:
    body = response([ua.DataValue(ua.Variant(1.0, V.Double))] * 3)
    for count in (2, 4):
        with pytest.raises(SourceError, match="the answer says 3"):
            ours(body, count)
    with pytest.raises(SourceError, match="too many"):
        ours(body + b"\x00", 3)


@given(answers_of(st.one_of(SCALARS, OTHERS, OBJECTS)), st.floats(0, 1, exclude_max=True))
def test_truncated_answer_gives_no_value(values: list[ua.DataValue], part: float) -> None:
    body = response(values)
    with pytest.raises(SourceError):
        ours(body[: int(part * len(body))], len(values))


@given(answers_of(st.one_of(SCALARS, OTHERS)), st.data())
@settings(max_examples=300)
def test_damaged_answer_is_refused_or_read_as_asyncua_reads_it(values: list[ua.DataValue], data: st.DataObject) -> None:
    body = bytearray(response(values))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    look_at(bytes(body), len(values))


def look_at(body: bytes, count: int) -> None:
    """No crash, no hang; what is accepted is what asyncua reads, where asyncua can."""
    began_s = time.process_time()
    try:
        mine = ours(body, count)
    except (SourceError, UaStatusCodeError):
        return
    finally:
        assert time.process_time() - began_s < 0.05 * 4  # the loop may wait 50 ms; twofold slack twice
    try:
        results = struct_from_binary(ua.ReadResponse, Buffer(body)).Results
        theirs = Answers.blank(len(results))
        put_stock(results, theirs, 0)
    except Exception:
        return  # asyncua looks into what we step over
    if not any(value.SourcePicoseconds is not None and value.ServerTimestamp is not None for value in results):
        same(mine, theirs)  # else asyncua has the two in another order


def fuzz(seconds: float, seed: int) -> int:
    """Random bytes, spliced answers and torn lengths for a while; how many were tried."""
    draw, tried, until_s = random.Random(seed), 0, time.monotonic() + seconds
    stamp = datetime(2026, 5, 4, tzinfo=UTC)
    kinds = [
        ua.Variant(1.5, V.Double), ua.Variant(7, V.Int32), ua.Variant("text", V.String), ua.Variant([1, 2], V.Int16),
        ua.Variant(ua.LocalizedText("a", "b"), V.LocalizedText), ua.Variant(None, V.Null), ua.Variant(True, V.Boolean),
        ua.Variant(ua.NodeId("x", 2), V.NodeId), ua.Variant([ua.Variant(1, V.Byte)], V.Variant, is_array=True),
        ua.Variant(stamp, V.DateTime), ua.Variant(ua.DataValue(ua.Variant(1, V.Byte)), V.DataValue),
    ]  # fmt: skip
    while time.monotonic() < until_s:
        values = [
            ua.DataValue(draw.choice(kinds), ua.StatusCode(draw.choice([0, 0x80000000])), stamp + timedelta(seconds=i))
            for i in range(draw.randrange(1, 60))
        ]
        body = bytearray(response(values))
        for _ in range(200):
            torn = bytearray(body)
            match draw.randrange(4):
                case 0:
                    torn[draw.randrange(len(torn))] = draw.randrange(256)
                case 1:
                    at = draw.randrange(len(torn))
                    torn[at : at + 4] = struct.pack("<i", draw.choice([-2, -1, 0, 1, 2**31 - 1, -(2**31), 70_000]))
                case 2:
                    at, size = draw.randrange(len(torn)), draw.randrange(1, 40)
                    torn[at : at + size] = torn[draw.randrange(len(torn)) :][: draw.randrange(40)]
                case _:
                    torn[draw.randrange(28, len(torn)) :] = draw.randbytes(draw.randrange(200))
            look_at(bytes(torn), len(values))
            tried += 1
    return tried


def test_a_time_far_ahead_keeps_its_microseconds() -> None:
    ahead = ua.DataValue(
        ua.Variant(1.5, V.Double), SourceTimestamp=datetime(2242, 10, 18, 1, 2, 29, 545_062, tzinfo=UTC)
    )
    body = response([ahead])
    assert asyncuas(body).source_time_ns[0] == ours(body, 1).source_time_ns[0] == 8_608_554_149_545_062_000


def test_fuzzing_the_decoder_finds_no_crash_and_no_hang() -> None:
    assert fuzz(8.0, seed=1) > 1000


@pytest.mark.long
def test_fuzzing_the_decoder_for_ten_minutes(record_property: Callable[[str, object], None]) -> None:
    tried = fuzz(600.0, seed=int(os.environ.get("PLANTSAFE_SEED", "2")))
    record_property("answers", tried)
    assert tried > 100_000
