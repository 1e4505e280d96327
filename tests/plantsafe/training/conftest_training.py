"""An hour and a half of a small healthy unit."""

import numpy as np

from plantsafe.backtest.table import Table

ROWS = 5000


def healthy(rows: int = ROWS, seed: int = 3) -> dict[str, np.ndarray]:
    """T and P go together, F by itself."""
    dice = np.random.default_rng(seed)
    both = 0.5 * dice.normal(size=rows)
    return {
        "T": 60.0 + both + 0.2 * dice.normal(size=rows),
        "P": 40.0 + both + 0.2 * dice.normal(size=rows),
        "F": 20.0 + 0.4 * dice.normal(size=rows),
    }


def table(columns: dict[str, np.ndarray], time_s: np.ndarray | None = None) -> Table:
    values = np.column_stack(list(columns.values()))
    time_s = np.arange(len(values), dtype=np.float64) + 1_790_000_000.0 if time_s is None else time_s
    return Table(file="past.csv", names=tuple(columns), values=values, time_s=time_s)
