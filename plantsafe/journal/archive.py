"""Years of the journal moved out: a file that verifies alone, and a record whose chain goes on after its last row."""

import json
from dataclasses import dataclass
from pathlib import Path

from plantsafe.errors import DamagedFileError, RequestError, StoreError
from plantsafe.journal.chain import begin_of, verify_record
from plantsafe.journal.export import file_digest, verify_export, write_export
from plantsafe.journal.kept_seals import kept_seals
from plantsafe.journal.project import ALARM_KINDS, projection_at
from plantsafe.store.record import RecordReader

MOVED_OUT = (
    *(kind for kind in ALARM_KINDS if kind != "alarm_raised"),
    "alarm_not_available",
    "alarm_available",
    "alarm_chattering",
    "alarm_chattering_over",
    "alarm_stale",
    "comment",
    "device_event",
    "export",
    "finding_explained",
    "flood_started",
    "flood_ended",
    "login",
    "report",
    "request_refused",
    "request_expired",
    "scan_late",
)
"""What the record drops once it is in an archive. The rest is few, or is looked up later: raised alarms (retention),
starts and losses, plant files, trips, bypasses, proof tests. Of those copies stay; the chain begins after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """What was written, and what the request to drop it says."""

    file: Path
    first: int
    last: int
    hash: str
    sha256: str
    states: str


def write_archive(folder: Path, to: Path, before_ns: int) -> Archive:
    """Write what is older than `before_ns` and sealed into a new file in `to`, and verify that file.

    The archive ends with a sealed row, so that its seal vouches for all of it.
    """
    seals = kept_seals(folder)
    with RecordReader(folder) as record:
        after, previous = begin_of(record)
        older = [seal for seal in seals if seal.seq > after and seal.scan_ns < before_ns]
        if not older:
            raise RequestError("no sealed event is that old", mend="give a later --before; plantsafe journal seals")
        last = older[-1]
        found = verify_record(record, {seal.seq: seal.head for seal in seals})
        if found.bad_row is not None:
            raise DamagedFileError(
                f"nothing is moved out: row {found.bad_row} is bad: {found.reason}",
                mend="keep the file as it is, and compare it with the last copy that verified",
            )
        out = to / f"{last.site}-journal-{after + 1:010d}-{last.seq:010d}.jsonl.gz"
        if out.exists():
            raise StoreError(f"{out} is there already", mend="verify it, and move it away to write it anew")
        rows = (row for row in record.raw_events(after=after, until=last.seq))
        write_export(out, rows, site=last.site, after=after, previous=previous, seals=seals, until=last.seq)
        states = json.dumps(projection_at(record, until=last.seq).document(), ensure_ascii=False)
    again, _ = verify_export(out, {last.seq: last.head})
    if again.bad_row is not None or again.last != last.seq:
        raise DamagedFileError(
            f"{out} does not verify: {again.reason or 'it is too short'}", mend="look at the disk, and try again"
        )
    return Archive(file=out, first=after + 1, last=last.seq, hash=last.head, sha256=file_digest(out), states=states)
