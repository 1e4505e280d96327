"""Limits of the unit monitor from normal rows that were not learnt from, for a stated false-alarm rate.

Blocks are left out in turn (whole runs; one longer than a fifth of all rows is cut), the rest is learnt, the block is
judged. The 1 - rate quantiles of the six statistics, widened by one common factor so that all together exceed their
limits at the stated rate, are multiplied by a margin for what so few rows cannot show:

    margin = 1 + MARGIN/sqrt(n lambda/(2 - lambda))      n held-out rows, lambda the weight of the statistic

n lambda/(2 - lambda) is the number of independent values of an EWMA in n rows. In-sample limits are no limits: from 500
correlated rows they gave 17 to 57 % false alarms at 1 % nominal on the Tennessee Eastman process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.statistical.innovation import LAGS, MIN_ROWS, learn_innovation
from models.statistical.monitor import (
    STATISTICS,
    WEIGHT_ENERGY,
    WEIGHT_FAST,
    WEIGHT_LEVEL,
    WEIGHT_SLOW,
    Monitor,
    MonitorModel,
)
from models.statistical.reference import Array
from models.statistical.unrest import WEIGHT_UNREST

ALARM_RATE = 0.005  # of the rows, all statistics together (site default)
BLOCKS = 5  # at least, and at most twice as many (site default)
LEAST_ROWS = MIN_ROWS * (BLOCKS + 1) // (BLOCKS - 1)  # so that what is left without a block can be learnt from
MARGIN = 2.0  # standard errors of the least favourable kind (site default, chosen with those of `innovation`)
LEVEL_RUNS = 5  # fewer runs do not tell how levels differ from one to the next (site default)
POWER = np.array([1.0, 1.0, 1.0, 1.0, 0.5, 1.0])  # the unrest counts in spreads, the others in spreads squared
WEIGHTS = np.array([1.0, WEIGHT_ENERGY, WEIGHT_FAST, WEIGHT_SLOW, WEIGHT_UNREST, WEIGHT_LEVEL])


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A model with its limits, and what they rest on.

    held_out (n_rows, 6): the statistics of rows that were not learnt from. `exceeded`: the part of them that is beyond
    the limits with the margin, the expected false-alarm rate. `confirmed` is False with fewer held-out rows than
    1/alarm_rate: the limit is then the largest value seen, times the margin.
    """

    model: MonitorModel
    alarm_rate: float
    held_out: Array
    exceeded: float
    confirmed: bool


def learn_monitor(
    runs: Sequence[Array], floor: Array, alarm_rate: float = ALARM_RATE, *, lags: int = LAGS, days: int | None = None
) -> Learnt:
    """Learn from normal runs (n_rows, n_points each, NaN where missing), each with its own start.

    days: how many of the runs are independent, all of them without it; pieces of one run tell nothing of its level.
    """
    if not 0.0 < alarm_rate < 1.0:
        raise ValueError(f"alarm_rate must lie in (0, 1), got {alarm_rate}")
    if (rows := sum(map(len, runs))) < LEAST_ROWS:
        raise ValueError(f"{rows} rows of training are too few: {LEAST_ROWS} are needed")
    bare = _without_limits(runs, floor, lags)
    held_out = [
        statistics_of(_without_limits(rest, floor, bare.innovation.lags), block)
        for rest, block in _left_out(runs)
        if len(block)
    ]
    values = np.vstack(held_out)
    quantile = np.quantile(values, 1.0 - alarm_rate, axis=0, method="higher")
    quantile = np.maximum(quantile, 1e-9)
    if (len(runs) if days is None else days) < LEVEL_RUNS:
        quantile[STATISTICS.index("level")] = np.inf
    joint = float(np.quantile((values / quantile).max(axis=1), 1.0 - alarm_rate, method="higher"))
    independent = len(values) * WEIGHTS / (2.0 - WEIGHTS)
    limit = quantile * joint * (1.0 + MARGIN / np.sqrt(independent)) ** POWER
    return Learnt(
        model=MonitorModel(innovation=bare.innovation, limit=limit),
        alarm_rate=alarm_rate,
        held_out=values,
        exceeded=float((values > limit).any(axis=1).mean()),
        confirmed=len(values) * alarm_rate >= 1.0,
    )


def statistics_of(model: MonitorModel, run: Array) -> Array:
    """The six statistics of each judged row, (n_judged, 6), in units of the model's limits."""
    monitor = Monitor([model])
    found = [np.zeros((0, len(STATISTICS)))]
    for row in run:
        judged = monitor.step(row[None])
        if not judged.unknown[0]:
            found.append(judged.quotient)
    return np.vstack(found)


def _without_limits(runs: Sequence[Array], floor: Array, lags: int) -> MonitorModel:
    """What is normal, all limits 1."""
    return MonitorModel(innovation=learn_innovation(runs, floor, lags), limit=np.ones(len(STATISTICS)))


def _left_out(runs: Sequence[Array]) -> list[tuple[list[Array], Array]]:
    """(what is learnt, what is judged) for each block; a block cut out of a run leaves two runs."""
    longest = max(1, -(-sum(map(len, runs)) // BLOCKS))
    blocks = [
        (k, start, stop) for k, run in enumerate(runs) for start, stop in _cuts(len(run), -(-len(run) // longest))
    ]
    every = max(1, -(-len(blocks) // (2 * BLOCKS)))
    folds = [blocks[i : i + every] for i in range(0, len(blocks), every)]
    answer = []
    for fold in folds:
        rest = []
        for k, run in enumerate(runs):
            edges = [0]
            for j, start, stop in fold:
                if j == k:
                    edges += [start, stop]
            edges.append(len(run))
            rest += [run[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
        answer += [(rest, runs[k][start:stop]) for k, start, stop in fold]
    return answer


def _cuts(rows: int, pieces: int) -> list[tuple[int, int]]:
    edges = np.linspace(0, rows, pieces + 1).astype(int).tolist()
    return list(pairwise(edges))
