"""Cost of a scan in processor time: the unit monitor at 52 points, beside the same work by others."""

import time
from collections.abc import Callable

import numpy as np

from models.statistical.heldout import learn_monitor
from models.statistical.monitor import Monitor

REPEATS = 5


def fastest(work: Callable[[], object], rounds: int) -> float:
    """Seconds of processor time a round, the least of REPEATS."""
    found = []
    for _ in range(REPEATS):
        begun = time.process_time()
        for _ in range(rounds):
            work()
        found.append((time.process_time() - begun) / rounds)
    return min(found)


def cost() -> None:
    """Print both tables."""
    unit()


def unit() -> None:
    """One unit of 52 points, one scan."""
    dice = np.random.default_rng(1)
    runs = [np.cumsum(dice.normal(size=(1000, 52)), axis=0) * 0.01 + dice.normal(size=(1000, 52))]
    monitor = Monitor([learn_monitor(runs, np.full(52, 1e-9)).model])
    row = runs[0][:1].copy()
    hole = row.copy()
    hole[0, 7] = np.nan
    whole, lost = fastest(lambda: monitor.step(row), 2000), fastest(lambda: monitor.step(hole), 1000)
    print(f"\na scan of one unit, 52 points: {whole * 1e6:.0f} us (at most 100); one value missing {lost * 1e6:.0f}")
