"""The alarm book at 400,000 conditions: a scan in which 0.1 % change, a flood of 5,000, and key figures of many events.

`python benchmarks/alarms.py [--events N]`: prints processor time.
"""

import argparse
import time

import numpy as np

from plantsafe.alarms.book import AlarmBook
from plantsafe.alarms.kpi import ACKNOWLEDGED, Moves, figures
from plantsafe.journal.chain import GENESIS, chained
from plantsafe.verdict import Condition, ConditionClass, Verdict

CONDITIONS, CHANGING, FLOOD, SCANS = 400_000, 400, 5_000, 60
DAY_NS = 86_400 * 10**9


def book() -> None:
    """Scans of a large plant."""
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
    print(f"scan of {CONDITIONS} conditions, {CHANGING} change: {np.median(spent) * 1e3:.1f} ms (at most 10)")
    verdict.active = verdict.active.copy()
    verdict.active[:FLOOD] ^= True
    begun = time.process_time()
    facts = alarms.step(verdict, SCANS + 1, lost)
    chained(facts, scan=SCANS + 1, time_ns=0, seq=0, previous=GENESIS)
    print(f"{len(facts)} facts in one scan, chained: {(time.process_time() - begun) * 1e3:.0f} ms (at most 150)")


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
    begun = time.process_time()
    found = figures(moves, 0, 365 * DAY_NS)
    print(f"key figures of {events} events ({found.count} annunciations): {time.process_time() - begun:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    arguments = parser.parse_args()
    book()
    kpi(100_000)
    kpi(arguments.events)
