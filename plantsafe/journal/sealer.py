"""Signing the head of a record's journal: at the start, every ten minutes, and at each event of priority 1."""

import json
from collections.abc import Callable

from plantsafe.errors import DamagedFileError
from plantsafe.journal.chain import begin_of, verify
from plantsafe.journal.key import SealKey
from plantsafe.journal.seal import FIRST, Seal, seal_of
from plantsafe.plant.model import SealPlace
from plantsafe.store.record import RecordReader
from plantsafe.store.seals import SealReader, SealWriter

INTERVAL_NS = 600 * 10**9  # of the record's own time: every ten minutes


class Sealer:
    """Signs heads of one record into seals.db. places: where the plant description wants them to be sent."""

    def __init__(
        self, record: RecordReader, writer: SealWriter, seals: SealReader, key: SealKey, now_ns: Callable[[], int]
    ) -> None:
        self._record, self._writer, self._key, self._now_ns = record, writer, key, now_ns
        newest = next(iter(seals.documents(most=1)), None)
        self._last = seal_of(newest, str(seals.path)) if newest is not None else None
        self._looked = self._last.seq if self._last is not None else 0
        self._fresh = True
        self._plant, self._site = "", ""
        self.places: tuple[SealPlace, ...] = ()

    def step(self) -> Seal | None:
        """Look once: sign if it is time to, or if something of priority 1 was recorded since the last look."""
        scan, scan_ns = self._record.newest_scan()
        head = self._record.head()
        if head is None or scan == 0:
            return None
        self._describe(scan_ns)
        urgent = head[0] > self._looked and self._record.has_priority(1, after=self._looked)
        self._looked = head[0]
        if self._fresh:
            why = "start"
        elif urgent:
            why = "priority_1"
        elif self._last is None or abs(scan_ns - self._last.scan_ns) >= INTERVAL_NS:
            why = "interval"
        else:
            return None
        return self._seal(*head, scan, scan_ns, why)

    def seal_now(self, why: str) -> Seal | None:
        """Sign the head as it is; nothing where the last seal says it already."""
        scan, scan_ns = self._record.newest_scan()
        head = self._record.head()
        if head is None or scan == 0 or (self._last is not None and self._last.seq == head[0]):
            return None
        self._describe(scan_ns)
        return self._seal(*head, scan, scan_ns, why)

    def _seal(self, seq: int, head: str, scan: int, scan_ns: int, why: str) -> Seal:
        self._look_at_chain(seq, head)
        seal = Seal(
            site=self._site,
            number=self._last.number + 1 if self._last is not None else 1,
            seq=seq,
            head=head,
            scan=scan,
            scan_ns=scan_ns,
            made_ns=self._now_ns(),
            why=why,
            previous=self._last.digest() if self._last is not None else FIRST,
            key="",
        ).signed_by(self._key)
        self._writer.add(seal.number, seal.seq, seal.scan_ns, seal.document())
        self._last, self._fresh = seal, False
        return seal

    def _look_at_chain(self, seq: int, head: str) -> None:
        """Rows since the last seal must continue what it says: nothing else is ever signed."""
        after, previous = (self._last.seq, self._last.head) if self._last is not None else begin_of(self._record)
        rows = self._record.raw_events(after=after)
        found = verify((row for row in rows if row[0] <= seq), after=after, previous=previous, heads={seq: head})
        if found.bad_row is not None:
            raise DamagedFileError(
                f"the journal is not signed: row {found.bad_row} is bad: {found.reason}",
                mend="plantsafe journal verify; keep the file as it is, and compare it with the last whole copy",
            )

    def _describe(self, scan_ns: int) -> None:
        """The site and the places, from the plant description in use; read again only when it is another one."""
        plant = self._record.newest_plant_hash()
        if plant == self._plant:
            return
        about = json.loads(self._record.plant_document(plant) or "{}")
        self._plant, self._site = plant, str(about.get("site", {}).get("name", ""))
        self.places = tuple(SealPlace.model_validate(place) for place in about.get("seal_places", ()))
        self._writer.only_places([place.name for place in self.places], scan_ns)
