"""What the record could not take, in a file beside it: scan by scan, each on the disk before the next one begins.

The file may be reserved when the service starts, so that it can be written on a disk that is full. It is bounded; what
would go beyond is an error of the caller. An entry is its length, its sum, and its bytes; a length of 0 is the end.
"""

import json
import os
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from plantsafe.errors import StoreError
from plantsafe.frame import Frame
from plantsafe.store.frames import decode_frame, encode_frame
from plantsafe.store.record import EventRow, Snapshot, Taken, document_of, request_of
from plantsafe.store.sqlite import translated

SPOOL = "record.spool"
SPOOL_BYTES = 64 * 2**20  # half a day of 100 points a second, half an hour of 10,000 (site default)
_HEAD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What one call of the writer was to keep: a plant description, the events of no scan, or a scan."""

    plant: tuple[str, str] | None = None
    frame: Frame | None = None
    events: Sequence[EventRow] = ()
    taken: Sequence[Taken] = ()
    snapshot: Snapshot | None = None

    def pack(self) -> bytes:
        """As bytes."""
        frame, snapshot = self.frame, self.snapshot
        data, about = encode_frame(frame) if frame is not None else (b"", b"")
        blobs = (data, about, snapshot.data if snapshot is not None else b"")
        head = {
            "plant": self.plant,
            "frame": None if frame is None else [frame.number, frame.plant, frame.time_ns],
            "events": [list(asdict(row).values()) for row in self.events],
            "taken": [[entry.inbox_row, document_of(entry.request)] for entry in self.taken],
            "snapshot": None if snapshot is None else [snapshot.number, snapshot.plant, snapshot.engine],
            "blobs": [len(blob) for blob in blobs],
        }
        text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
        return zlib.compress(len(text).to_bytes(4, "little") + text, 1) + b"".join(blobs)


def _unpacked(data: bytes) -> Waiting:
    stream = zlib.decompressobj()
    text = stream.decompress(data)
    head: dict[str, Any] = json.loads(text[4:])
    rest, blobs = stream.unused_data, []
    for length in head["blobs"]:
        blobs.append(rest[:length])
        rest = rest[length:]
    columns = tuple(EventRow.__dataclass_fields__)
    return Waiting(
        plant=tuple(head["plant"]) if head["plant"] else None,
        frame=_frame(head["frame"], blobs) if head["frame"] else None,
        events=[EventRow(**dict(zip(columns, row, strict=True))) for row in head["events"]],
        taken=[Taken(inbox_row=row, request=request_of(document)) for row, document in head["taken"]],
        snapshot=Snapshot(
            number=head["snapshot"][0], plant=head["snapshot"][1], engine=head["snapshot"][2], data=blobs[2]
        )
        if head["snapshot"]
        else None,
    )


def _frame(of: Sequence[Any], blobs: Sequence[bytes]) -> Frame:
    number, plant, time_ns = of
    return decode_frame(number, plant, time_ns, blobs[0], blobs[1])


class Spool:
    """The file of one folder; entries are taken from its begin, and it is empty again when the last one was."""

    def __init__(self, folder: Path, *, most_bytes: int = SPOOL_BYTES) -> None:
        self.path, self._most = folder / SPOOL, most_bytes
        self._places: deque[tuple[int, int]] = deque()  # begin and length of what waits
        self._end = 0
        with translated(self.path):
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o640)
            self._find()

    def __len__(self) -> int:
        """How many entries wait."""
        return len(self._places)

    def reserve(self) -> None:
        """Take all of its space now, so that it can be written when the disk is full; raises StoreError."""
        try:
            os.posix_fallocate(self._file, 0, self._most)
        except OSError as error:  # a disk that is full already, or a file system that cannot
            raise StoreError(
                f"{self.path}: {self._most // 2**20} MiB cannot be reserved ({error.strerror})",
                mend="free disk space: with this file the service outlasts a full disk",
            ) from error

    def append(self, entry: Waiting) -> None:
        """Keep an entry, on the disk when this returns; raises StoreError where it does not fit."""
        data = entry.pack()
        if self._end + _HEAD + len(data) + _HEAD > self._most:
            raise StoreError(
                f"{self.path} is full with {len(self)} scans that the record did not take",
                mend="mend the record (disk space, or the file), and start again: what is in the spool is appended",
            )
        head = len(data).to_bytes(4, "little") + zlib.crc32(data).to_bytes(4, "little")
        with translated(self.path):
            self._write(head + data + bytes(_HEAD), self._end)
        self._places.append((self._end + _HEAD, len(data)))
        self._end += _HEAD + len(data)

    def first(self) -> Waiting | None:
        """The oldest entry."""
        if not self._places:
            return None
        begin, length = self._places[0]
        with translated(self.path):
            return _unpacked(os.pread(self._file, length, begin))

    def drop_first(self) -> None:
        """The oldest entry is in the record. The file keeps all until the last is; the record tells which it has."""
        self._places.popleft()
        if not self._places:
            with translated(self.path):
                self._write(bytes(_HEAD), 0)
            self._end = 0

    def close(self) -> None:
        """Give the file back; it stays, with what waits in it."""
        os.close(self._file)

    def _find(self) -> None:
        """The entries of an earlier run, up to the end or to one that was not written whole."""
        while len(head := os.pread(self._file, _HEAD, self._end)) == _HEAD:
            length = int.from_bytes(head[:4], "little")
            data = os.pread(self._file, length, self._end + _HEAD)
            if not length or len(data) < length or zlib.crc32(data) != int.from_bytes(head[4:], "little"):
                return
            self._places.append((self._end + _HEAD, length))
            self._end += _HEAD + length

    def _write(self, data: bytes, at: int) -> None:
        while data:
            done = os.pwrite(self._file, data, at)
            data, at = data[done:], at + done
        os.fdatasync(self._file)
