"""Samples between two scans are kept with the frame, and cost nothing where there are none."""

from dataclasses import replace

import numpy as np
import pytest

from plantsafe.errors import DamagedFileError
from plantsafe.frame import BAD_NO_DATA, GOOD, NO_FAST_SAMPLES, DeviceEvents, FastSamples, Frame
from plantsafe.store.arrays import pack, unpack
from plantsafe.store.frames import decode_frame, decode_samples, encode_frame

SCAN_ARRAYS = {"value", "status", "source_time_ns", "received", "origin", "resolution_ns"}


@pytest.fixture
def frame() -> Frame:
    return Frame(
        number=7,
        plant="h",
        time_ns=1,
        value=np.array([1.0, np.nan, 3.0]),
        status=np.array([GOOD, BAD_NO_DATA, GOOD], dtype=np.uint32),
        source_time_ns=np.arange(3),
        received=np.array([7]),
        origin=np.zeros(1, dtype=np.uint8),
        resolution_ns=np.zeros(1, dtype=np.int64),
    )


def test_samples_come_back_bit_for_bit(frame: Frame) -> None:
    fast = FastSamples(
        point=np.array([2, 0]),
        group=np.array([0, 1]),
        value=np.array([[0.0, 1.0], [np.nan, 0.5]]),
        status=np.array([[GOOD, GOOD], [BAD_NO_DATA, GOOD]], dtype=np.uint32),
        begun_ns=np.array([[-600, -400], [-500, -300]]),
        ended_ns=np.array([[-590, -390], [-500, 10]]),
    )
    back = decode_frame(7, "h", 1, *encode_frame(replace(frame, fast=fast))).fast
    for name in ("point", "group", "value", "status", "begun_ns", "ended_ns"):
        was, now = getattr(fast, name), getattr(back, name)
        assert (now.dtype, now.tobytes(), now.shape) == (was.dtype, was.tobytes(), was.shape)


def test_device_events_come_back_bit_for_bit(frame: Frame) -> None:
    numbers = np.array([4, 5], dtype=np.int64)
    events = DeviceEvents(
        source=np.zeros(2, dtype=np.intp), sequence=numbers, time_ns=numbers + 10**18, code=numbers * 100,
        state=numbers % 2,
    )  # fmt: skip
    back = decode_frame(7, "h", 1, *encode_frame(replace(frame, events=events)))
    assert back.fast is NO_FAST_SAMPLES
    for name in ("source", "sequence", "time_ns", "code", "state"):
        was, now = getattr(events, name), getattr(back.events, name)
        assert (now.dtype, now.tobytes()) == (was.dtype, was.tobytes())


def test_frame_without_samples_holds_no_more_than_before(frame: Frame) -> None:
    samples, about = encode_frame(frame)
    assert unpack(about).keys() | {"value", "status"} == SCAN_ARRAYS
    assert len(samples) < 100


def test_a_few_points_of_many_are_read_without_the_others(frame: Frame) -> None:
    n = 2500
    value, status = np.arange(n) * 0.5, np.arange(n, dtype=np.uint32)
    many = replace(frame, value=value, status=status, source_time_ns=np.zeros(n, dtype=np.int64))
    samples, about = encode_frame(many)
    rows = np.array([2400, 3, 1024, 3])
    values, statuses = decode_samples(samples, rows)
    assert (values.tolist(), statuses.tolist()) == (value[rows].tolist(), rows.tolist())
    assert decode_frame(7, "h", 1, samples, about).value.tobytes() == value.tobytes()
    with pytest.raises(DamagedFileError):
        decode_samples(samples[:-5], rows)


def test_frame_written_before_there_were_samples_is_read(frame: Frame) -> None:
    before = pack({name: getattr(frame, name) for name in SCAN_ARRAYS})
    assert decode_frame(7, "h", 1, before, None).fast is NO_FAST_SAMPLES
