"""The journal: events appended in batches, the chain verified, a restart from many events, an export and its check.

`python benchmarks/journal.py [--events N]`: prints wall and processor time, and the figures that must hold.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from plantsafe.journal.chain import GENESIS, chained, verify_record
from plantsafe.journal.export import verify_export, write_export
from plantsafe.journal.project import projected
from plantsafe.store.record import RecordReader, RecordWriter
from plantsafe.verdict import Fact

BATCH, NAMES = 1_000, 5_000


def facts(first: int) -> list[Fact]:
    """A batch as a large plant in trouble gives it: alarms that come, are acknowledged, and go."""
    kinds = (("alarm_raised", "UNACK", True), ("alarm_acknowledged", "ACKED", True), ("alarm_cleared", "NORM", False))
    made = []
    for i in range(first, first + BATCH):
        kind, state, active = kinds[i % 3]
        name = f"TI-{i // 3 % NAMES}.HH"
        body = {
            "kind": "HH", "about": f"TI-{i // 3 % NAMES}", "priority": 2, "value": 85.25 + i % 7, "limit": 80.0,
            "condition_since": i, "state": state, "occurrence": i // 3 + 1, "active": active, "row": 1,
            "annunciates": kind == "alarm_raised",
        }  # fmt: skip
        made.append(Fact(kind=kind, subject=name, body=body))
    return made


def timed(what: str, events: int, wanted: str, do: Callable[[], object]) -> None:
    """Say how long it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    do()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:34s} {wall:7.2f} s wall, {cpu:7.2f} s processor, {events / wall:10,.0f} events a second ({wanted})")


def append(folder: Path, events: int) -> None:
    """Chain and write, a transaction a batch, each on the disk."""
    writer = RecordWriter(folder)
    seq, previous = 0, GENESIS
    for number in range(events // BATCH):
        rows = chained(facts(seq), scan=number + 1, time_ns=number * 10**9, seq=seq, previous=previous)
        seq, previous = rows[-1].seq, rows[-1].hash
        writer.write_events(rows)
    writer.close()


def main(events: int) -> None:
    """All of it in a folder that goes away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        timed(f"append {events} in batches of {BATCH}", events, "at least 20,000", lambda: append(folder, events))
        out = folder / "journal.jsonl"
        with RecordReader(folder) as reader:
            timed("verify", events, "at least 100,000", lambda: verify_record(reader))
            timed("states of a restart", events, "1 million in at most 10 s", lambda: projected(reader))
            rows = reader.raw_events()
            timed("export", events, "", lambda: write_export(
                out, rows, site="x", after=0, previous=GENESIS, seals=()
            ))  # fmt: skip
        timed("verify the export", events, "", lambda: verify_export(out))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    main(parser.parse_args().events)
