"""The alarm book at 400,000 conditions: a scan in which 0.1 % change, a flood of 5,000, and key figures of many events.

`python benchmarks/alarms.py [--events N]`: prints processor time; what waits for the disk has its wall time too.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from plantsafe.alarms.book import AlarmBook
from plantsafe.alarms.kpi import ACKNOWLEDGED, Moves, figures
from plantsafe.alarms.own_log import own_moves
from plantsafe.alarms.together import pairs, sequences
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.store.record import RecordReader, RecordWriter
from plantsafe.verdict import Condition, ConditionClass, Fact, Verdict

CONDITIONS, CHANGING, FLOOD, SCANS = 400_000, 400, 5_000, 60
DAY_NS = 86_400 * 10**9


@contextmanager
def clocked(what: str, at_most: str) -> Iterator[None]:
    """Print what it took."""
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    yield
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    print(f"{what}: {cpu_s * 1e3:.0f} ms of processor, {wall_s * 1e3:.0f} ms of wall ({at_most})")


def book() -> None:
    """Scans of a large plant, and a flood that is on disk when it ends."""
    conditions = [
        Condition(name=f"c{i}", subject=f"p{i // 4}", kind="H", klass=ConditionClass.ALARM, priority=3, source=0)
        for i in range(CONDITIONS)
    ]
    dice, alarms, verdict = np.random.default_rng(1), AlarmBook(conditions), Verdict(CONDITIONS)
    lost, spent = np.zeros(1, dtype=np.bool_), []
    for number in range(1, SCANS + 1):
        verdict.active = verdict.active.copy()
        verdict.active[dice.choice(CONDITIONS, CHANGING, replace=False)] ^= True
        begun = time.process_time()
        alarms.step(verdict, number, lost)
        spent.append(time.process_time() - begun)
    low, middle = np.percentile(spent, [5, 50]) * 1e3
    print(f"scan of {CONDITIONS} conditions, {CHANGING} change: {middle:.1f} ms, best {low:.1f} (at most 10)")
    with tempfile.TemporaryDirectory() as folder:
        writer = RecordWriter(Path(folder))
        verdict.active = verdict.active.copy()
        verdict.active[:FLOOD] ^= True
        with clocked(f"flood of {FLOOD} in one scan: judged, chained, in the record", "at most 150"):
            facts = alarms.step(verdict, SCANS + 1, lost)
            rows = chained(facts, scan=SCANS + 1, time_ns=0, seq=0, previous=GENESIS)
            writer.write_events(rows)
        writer.close()


def day(events: int) -> None:
    """Key figures of a day from the typed columns of a record."""
    dice = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as folder:
        writer = RecordWriter(Path(folder))
        seq, head = 0, GENESIS
        times = np.sort(dice.integers(0, DAY_NS, events)).tolist()
        for first in range(0, events, 1000):
            facts = [
                Fact(
                    kind=("alarm_raised", "alarm_cleared", "alarm_acknowledged")[int(dice.integers(3))],
                    subject=f"c{int(dice.integers(2_000))}",
                    body={"priority": int(dice.integers(1, 5)), "annunciates": True},
                )
                for _ in range(min(1000, events - first))
            ]
            rows = chained(facts, scan=first + 1, time_ns=times[first], seq=seq, previous=head)
            seq, head = rows[-1].seq, rows[-1].hash
            writer.write_events(rows)
        with clocked(f"key figures of a day of {events} events, read from the record", "at most 1000"):
            with RecordReader(Path(folder)) as reader:
                moves = own_moves(reader, 2**62)
            figures(moves, 0, DAY_NS)
        writer.close()


def kpi(events: int) -> None:
    """Key figures of a year."""
    dice = np.random.default_rng(2)
    moves = Moves(
        names=tuple(f"c{i}" for i in range(10_000)),
        time_ns=np.sort(dice.integers(0, 365 * DAY_NS, events)),
        alarm=dice.integers(0, 10_000, events),
        what=dice.integers(0, ACKNOWLEDGED + 1, events).astype(np.uint8),
        priority=dice.integers(1, 5, events).astype(np.uint8),
    )
    with clocked(f"key figures of {events} events", "10 million: at most 60000"):
        figures(moves, 0, 365 * DAY_NS)
    with clocked("  what comes together in them", "with the figures"):
        pairs(moves.names, moves.time_ns, moves.alarm)
        sequences(moves.names, moves.time_ns, moves.alarm)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    arguments = parser.parse_args()
    book()
    day(100_000)
    kpi(arguments.events)
