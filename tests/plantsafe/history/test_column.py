"""A point over a stretch of scans comes back bit for bit, whatever it is, and quantised signals become small."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plantsafe.errors import DamagedFileError
from plantsafe.frame import F8, I8, U4
from plantsafe.store.column import decode_samples, decode_times, encode_column

N = st.integers(1, 80)
STATUS = st.sampled_from([0, 0, 0x40900000, 0x80310000, 0x600])
T0 = 1_790_000_000_000_000_000


@st.composite
def columns(draw: st.DrawFn) -> tuple[F8, U4, I8, I8]:
    n = draw(N)
    kind = draw(st.sampled_from(["anything", "steps", "float32", "few", "constant"]))
    if kind == "anything":
        value = draw(hnp.arrays(np.float64, n, elements=st.floats(width=64)))
    elif kind == "steps":
        step = draw(st.sampled_from([0.1, 0.25, 1.0, 1 / 3, 0.0244140625]))
        value = draw(hnp.arrays(np.int64, n, elements=st.integers(-3000, 3000))) * step
    elif kind == "float32":
        value = draw(hnp.arrays(np.float32, n, elements=st.floats(width=32))).astype(np.float64)
    elif kind == "few":
        value = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([np.nan, 0.0, -0.0, 1.5, np.inf, 1e-300])))
    else:
        value = np.full(n, draw(st.floats(width=64)))
    status = draw(hnp.arrays(np.uint32, n, elements=STATUS))
    time_ns = T0 + np.cumsum(draw(hnp.arrays(np.int64, n, elements=st.integers(-2, 10**9))))
    stamped = draw(st.sampled_from(["never", "on change", "always", "anyhow"]))
    if stamped == "never":
        source_time_ns = np.zeros(n, dtype=np.int64)
    elif stamped == "always":
        source_time_ns = time_ns - 250
    elif stamped == "on change":
        moved = np.append(True, (value[1:] != value[:-1]) | (status[1:] != status[:-1]))
        source_time_ns = time_ns[np.maximum.accumulate(np.where(moved, np.arange(n), 0))] - 1000
    else:
        source_time_ns = draw(hnp.arrays(np.int64, n))
    return value, status, source_time_ns, time_ns


@given(column=columns())
def test_a_stretch_comes_back_bit_for_bit(column: tuple[F8, U4, I8, I8]) -> None:
    value, status, source_time_ns, time_ns = column
    samples, times = encode_column(value, status, source_time_ns, time_ns)
    value_back, status_back = decode_samples(samples, len(value))
    assert value_back.tobytes() == value.tobytes()
    assert status_back.tobytes() == status.tobytes()
    assert decode_times(times, value_back, status_back, time_ns).tobytes() == source_time_ns.tobytes()


@given(cut=st.integers(0, 400), at=st.integers(0, 400))
def test_damaged_bytes_are_an_error_or_another_value_but_no_crash(cut: int, at: int) -> None:
    n = 60
    value = np.round(np.sin(np.arange(n)), 2)
    samples, _times = encode_column(value, np.zeros(n, dtype=np.uint32), np.zeros(n, dtype=np.int64), np.arange(n))
    damaged = bytearray(samples[: len(samples) - cut % len(samples)])
    damaged[at % len(damaged)] ^= 0x55
    try:
        back, _status = decode_samples(bytes(damaged), n)
    except DamagedFileError:
        return
    assert back.shape == (n,)


@pytest.mark.parametrize(("quantum", "most"), [(0.1, 0.7), (0.0244140625, 0.7)])
def test_quantised_noise_takes_less_than_a_byte_a_sample(quantum: float, most: float) -> None:
    n = 600
    noise = np.random.default_rng(1).normal(0.0, 3 * quantum, n)
    value = np.round((60.0 + noise) / quantum) * quantum
    time_ns = T0 + np.arange(n) * 10**9
    samples, times = encode_column(value, np.zeros(n, dtype=np.uint32), time_ns - 40_000, time_ns)
    assert (len(samples) + len(times)) / n < most
