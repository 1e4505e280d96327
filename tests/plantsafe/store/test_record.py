"""The record file: a scan whole or not at all, and errors that name the file and the mend."""

import resource
import signal
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plantsafe.errors import DamagedFileError, NewerFileError, StoreError
from plantsafe.request import Request, RequestKind, Role
from plantsafe.store.arrays import pack, unpack
from plantsafe.store.inbox import InboxReader, ensure_inbox, submit
from plantsafe.store.record import RECORD, RecordReader, RecordWriter


def _request(name: str) -> Request:
    return Request(
        id=name, kind=RequestKind.COMMENT, subject="T.HH", occurrence=1, actor="Li", role=Role.OPERATOR,
        second_actor="", made_ns=1, valid_until_ns=2, body={"text": "看过"},
    )  # fmt: skip


@given(
    array=hnp.arrays(
        st.sampled_from([np.float64, np.uint32, np.int64, np.bool_, np.uint8]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0),
    )
)
def test_arrays_come_back_bit_for_bit(array: np.ndarray) -> None:
    back = unpack(pack({"a": array, "b": array}))
    assert back["a"].dtype == array.dtype
    assert back["a"].tobytes() == array.tobytes()
    assert pack(back) == pack({"a": array, "b": array})


@given(cut=st.integers(0, 60))
def test_damaged_arrays_are_called_damaged(cut: int) -> None:
    data = pack({"a": np.arange(50.0)})
    with pytest.raises(DamagedFileError):
        unpack(data[: min(cut, len(data) - 1)])


def test_frames_come_back_in_order_by_number(tmp_path: Path, trace: Any) -> None:
    writer = RecordWriter(tmp_path)
    writer.add_plant(trace.engine.plant.hash, trace.engine.plant.document())
    for skip in (0, 0, 3, 0):
        trace.scan(skip=skip)
        writer.write_scan(trace.last.frame, [], [], trace.last.live, None)
    with RecordReader(tmp_path) as reader:
        assert [frame.number for frame in reader.frames(1, 99)] == [1, 2, 6, 7]
        assert reader.frame_numbers(2, 6) == [2, 6]
        for stored, frame in zip(reader.frames(1, 99), trace.frames, strict=True):
            assert stored.value.tobytes() == frame.value.tobytes()
            assert stored.status.tobytes() == frame.status.tobytes()
        latest = reader.latest()
        assert latest is not None
        assert latest.frame.number == 7
        assert set(latest.live) == set(trace.last.live)
    writer.close()


def test_a_scan_is_whole_or_not_there(tmp_path: Path, trace: Any) -> None:
    writer = RecordWriter(tmp_path)
    writer.add_plant(trace.engine.plant.hash, trace.engine.plant.document())
    trace.scan()
    writer.write_scan(trace.last.frame, [], [], trace.last.live, None)
    with pytest.raises(StoreError):
        writer.write_scan(trace.last.frame, [], [], trace.last.live, None)  # the number is there already
    with RecordReader(tmp_path) as reader:
        assert reader.scan_count() == 1
    writer.close()


def test_a_newer_file_is_refused_untouched(tmp_path: Path) -> None:
    RecordWriter(tmp_path).close()
    connection = sqlite3.connect(tmp_path / RECORD)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (tmp_path / RECORD).read_bytes()
    with pytest.raises(NewerFileError, match="version 99"):
        RecordWriter(tmp_path)
    assert (tmp_path / RECORD).read_bytes() == before


def test_a_damaged_file_is_named_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_bytes(b"this is no database at all" * 200)
    with pytest.raises(DamagedFileError, match=r"record\.db is damaged") as caught:
        RecordWriter(tmp_path)
    assert "backup" in caught.value.mend


def test_a_missing_file_says_what_to_start(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no .*record\.db") as caught:
        RecordReader(tmp_path)
    assert "start the scan service" in caught.value.mend


def test_a_folder_that_is_a_file_gives_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        RecordWriter(tmp_path / "file")


def test_a_full_disk_loses_nothing_that_was_recorded(tmp_path: Path, trace: Any) -> None:
    """The limit on file size stands in for the disk; SQLite sees the same error."""
    writer = RecordWriter(tmp_path)
    writer.add_plant(trace.engine.plant.hash, trace.engine.plant.document())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    done = 0

    def record_until_it_fails() -> None:
        nonlocal done
        for _ in range(5000):
            trace.scan()
            writer.write_scan(trace.last.frame, [], [], trace.last.live, None)
            done += 1

    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
        with pytest.raises(StoreError) as caught:
            record_until_it_fails()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert caught.value.mend
    writer.close()
    with RecordReader(tmp_path) as reader:
        assert reader.scan_count() == done > 0
        assert sqlite3.connect(tmp_path / RECORD).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_request_is_taken_once_and_in_order(tmp_path: Path) -> None:
    ensure_inbox(tmp_path)
    for name in ("a", "b", "a", "c"):
        submit(tmp_path, _request(name))
    inbox = InboxReader(tmp_path)
    assert [taken.request.id for taken in inbox.after(0)] == ["a", "b", "c"]
    assert [taken.request.id for taken in inbox.after(1)] == ["b", "c"]
    assert inbox.after(0)[0].request == _request("a")
    inbox.close()
