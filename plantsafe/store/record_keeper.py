"""What writes the record when it can, and the spool when it cannot; everything gets into the record, in its order.

A record that fails is tried again after a while, over a new connection. Meanwhile each scan goes to the spool; once the
record takes its oldest entry, it takes the others, a few a scan, and the scans after them.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from plantsafe.errors import NewerFileError, StoreError
from plantsafe.frame import Frame
from plantsafe.store.record import Archived, EventRow, RecordReader, RecordWriter, Snapshot, Taken
from plantsafe.store.spool import SPOOL_BYTES, Spool, Waiting

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0  # before the record is tried again; doubles each time (site default)
SLICE_S = 0.1  # what a scan may spend on the spool's entries (site default)


class RecordKeeper:
    """The record of one folder, with its spool. trouble: why the record takes nothing now, else empty."""

    def __init__(
        self, folder: Path, *, most_bytes: int = SPOOL_BYTES, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._now_s = folder, now_s
        self._plants: dict[str, str] = {}
        self._wait_s, self._again_s = FIRST_WAIT_S, 0.0
        self._at: tuple[int, int, str] | None = None  # where the record ends, while the spool is emptied
        self.trouble = ""
        self._writer: RecordWriter | None = RecordWriter(folder)
        self.spool = Spool(folder, most_bytes=most_bytes)

    def take_up(self) -> int:
        """Append what an earlier run left in the spool; how many entries. Raises StoreError where it does not fit."""
        count = 0
        while (entry := self.spool.first()) is not None:
            count += self._append(entry)
            self.spool.drop_first()
        return count

    @property
    def waiting(self) -> int:
        """How many entries are not in the record yet."""
        return len(self.spool)

    def add_plant(self, plant_hash: str, document: str) -> None:
        """Keep a plant description."""
        self._plants[plant_hash] = document
        self._keep(Waiting(plant=(plant_hash, document)), lambda _: None)

    def write_scan(
        self,
        frame: Frame,
        events: Sequence[EventRow],
        taken: Sequence[Taken],
        live: dict[str, NDArray[Any]],
        snapshot: Snapshot | None,
        *,
        compacted: int = 0,
    ) -> None:
        """One scan, on the disk when this returns: in the record, or in the spool."""
        self._keep(
            Waiting(frame=frame, events=events, taken=taken, snapshot=snapshot),
            lambda writer: writer.write_scan(frame, events, taken, live, snapshot, compacted=compacted),
        )

    def write_events(self, events: Sequence[EventRow]) -> None:
        """Events outside a scan."""
        self._keep(Waiting(events=events), lambda writer: writer.write_events(events))

    def archive(self, archived: Archived) -> None:
        """The journal begins after that event from now on; raises StoreError where it cannot be written down."""
        if self.spool:
            raise StoreError("the record cannot be written now", mend=self.trouble)
        self._opened().archive(archived)

    def drop_archived(self, kinds: Sequence[str]) -> bool:
        """Drop some events that were moved out; False when none is left, or now is not the time."""
        if self.spool:
            return False
        try:
            return self._opened().drop_archived(kinds)
        except StoreError as error:
            self._failed(error)
            return False

    def close(self) -> None:
        """Close both; what waits stays in the spool."""
        self.spool.close()
        if self._writer is not None:
            self._writer.close()

    def _keep(self, entry: Waiting, write: Callable[[RecordWriter], None]) -> None:
        if not self.spool or self._drained():
            self._at = None
            try:
                write(self._opened())
            except NewerFileError:
                raise
            except StoreError as error:
                self._failed(error)
            else:
                self.trouble = ""
                return
        self.spool.append(entry)

    def _failed(self, error: StoreError) -> None:
        self.trouble, self._at = str(error), None
        self._again_s = self._now_s() + self._wait_s
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _drained(self) -> bool:
        """Try to empty the spool into the record, for a moment; True when nothing waits any more."""
        begun = self._now_s()
        if begun < self._again_s:
            return False
        try:
            while (entry := self.spool.first()) is not None:
                self._append(entry)
                self.spool.drop_first()
                self.trouble = ""
                if self._now_s() - begun > SLICE_S:
                    return not self.spool
        except NewerFileError:
            raise
        except StoreError as error:
            self._failed(error)
            return False
        self._wait_s = FIRST_WAIT_S
        return True

    def _opened(self) -> RecordWriter:
        """The writer; after a failure another one, which knows the plants that this run has named."""
        if self._writer is None:
            self._writer = RecordWriter(self._folder)
        for plant_hash, document in self._plants.items():
            if not self._writer.knows(plant_hash):
                self._writer.add_plant(plant_hash, document)
        return self._writer

    def _append(self, entry: Waiting) -> bool:
        """Write an entry of the spool unless the record has it already: a run may have ended just after it wrote it."""
        if entry.plant is not None:
            self._plants[entry.plant[0]] = entry.plant[1]
        writer = self._opened()
        last, seq, head = self._at or self._read_end()
        if entry.frame is not None and not writer.knows(entry.frame.plant):
            with RecordReader(self._folder) as reader:
                self._plants[entry.frame.plant] = reader.plant_document(entry.frame.plant) or ""
            writer = self._opened()
        events = [row for row in entry.events if row.seq > seq]
        if (entry.frame is not None and entry.frame.number <= last) or (entry.frame is None and not events):
            return False
        if events and (events[0].seq != seq + 1 or (head and events[0].previous != head)):
            raise StoreError(
                f"{self.spool.path} continues event {events[0].seq - 1} ({events[0].previous[:12]}), but the record "
                f"ends with event {seq} ({head[:12]})",
                mend="the record is not the one that was written last: restore that, or move the spool away",
            )
        if entry.frame is not None:
            writer.write_scan(entry.frame, events, entry.taken, None, entry.snapshot)
            last = entry.frame.number
        else:
            writer.write_events(events)
        self._at = (last, *((events[-1].seq, events[-1].hash) if events else (seq, head)))
        return True

    def _read_end(self) -> tuple[int, int, str]:
        """The last scan of the record, and number and hash of its last event."""
        with RecordReader(self._folder) as reader:
            begin = reader.archived()
            first = (begin.seq, begin.hash) if begin is not None else (0, "")
            return (reader.last_number(), *(reader.head() or first))
