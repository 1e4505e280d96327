"""From normal runs to a monitor: what is wrong with the data is said, mended where that is honest, or refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.statistical.heldout import ALARM_RATE, LEAST_ROWS, Learnt, learn_monitor
from models.statistical.innovation import LAGS
from plantsafe.backtest.table import LABEL_NAMES, Table
from plantsafe.errors import SourceError
from plantsafe.frame import F8, Bool

FILLED_ROWS = 5  # holes of at most so many rows are bridged by a line in training (site default)
MOST_MISSING = 0.5  # of a column, beyond which it is left out (site default)
GAP = 3.0  # usual intervals: beyond, the run begins anew (site default)
FLAT_SHARE = 1e-3  # of the value of a constant column: what counts as a change (site default)
ROUNDING = 1e-9  # of the value of any other: below is rounding, not movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A monitor of named points. interval_s: the usual distance of rows, None where no run has times."""

    names: tuple[str, ...]
    learnt: Learnt
    interval_s: float | None
    notes: tuple[str, ...]


def train(runs: Sequence[Table], points: Sequence[str] | None = None, alarm_rate: float = ALARM_RATE) -> Trained:
    """Learn what is normal from `runs`, each with a start of its own."""
    notes = [f"{run.file}: {note}" for run in runs for note in run.notes]
    names = _names(runs, points, notes)
    interval_s = _interval(runs, notes)
    pieces: list[F8] = []
    for run in runs:
        pieces += _segments(run, run.columns(names), interval_s, notes)
    missing = np.isnan(np.vstack(pieces)).mean(axis=0)
    lost = [name for name, share in zip(names, missing, strict=True) if share > MOST_MISSING]
    if lost:
        notes.append(f"missing in more than half of the training, left out: {', '.join(lost)}")
        keep = missing <= MOST_MISSING
        names, pieces = tuple(np.array(names)[keep].tolist()), [piece[:, keep] for piece in pieces]
    if not names:
        raise SourceError("no point has values in half of the training", mend="give other runs or other points")
    whole = np.vstack(pieces)
    rows = len(whole)
    if rows < LEAST_ROWS:
        raise SourceError(
            f"{rows} rows of training say nothing about what is normal", mend=f"give at least {LEAST_ROWS}, better 500"
        )
    filled = [_bridge(piece) for piece in pieces]
    bridged = int(np.isnan(whole).sum() - np.isnan(np.vstack(filled)).sum())
    if bridged:
        notes.append(f"{bridged} missing cells of the training were bridged by a line")
    low, high = np.nanmin(whole, axis=0), np.nanmax(whole, axis=0)
    size = np.maximum(np.abs(low), np.abs(high))
    constant: Bool = high - low <= ROUNDING * size
    if constant.any():
        flat = ", ".join(np.array(names)[constant].tolist())
        notes.append(f"constant in the training, judged by any change of more than {FLAT_SHARE:.1%}: {flat}")
    if constant.all():
        raise SourceError("no point moves in the training", mend="give runs in which the plant was alive")
    floor = np.where(constant, FLAT_SHARE * np.where(size > 0.0, size, 1.0), np.maximum(ROUNDING * size, 1e-300))
    try:
        learnt = learn_monitor(filled, floor, alarm_rate, days=len(runs))
    except ValueError as error:
        raise SourceError(
            f"the training cannot be learnt from: {error}",
            mend="give longer runs, or points that are not often missing",
        ) from error
    own = learnt.model.innovation
    if own.lags < LAGS:
        notes.append(
            f"{own.rows} usable rows are few for {len(names)} points: {own.lags} earlier rows are used, not {LAGS}"
        )
    if not learnt.confirmed:
        notes.append(
            f"{len(learnt.held_out)} rows cannot confirm a false-alarm rate of {alarm_rate:.2%}: "
            "the limit is the largest value seen, with a margin"
        )
    return Trained(names=names, learnt=learnt, interval_s=interval_s, notes=tuple(notes))


def _names(runs: Sequence[Table], points: Sequence[str] | None, notes: list[str]) -> tuple[str, ...]:
    common = [name for name in runs[0].names if all(name in run.names for run in runs)]
    if points is not None:
        unknown = [name for name in points if name not in common]
        if unknown:
            raise SourceError(
                f"not every training run has the point {unknown[0]!r}", mend=f"one of {', '.join(common[:20])}"
            )
        return tuple(dict.fromkeys(points))
    labels = [name for name in common if name.lower() in LABEL_NAMES]
    if labels:
        notes.append(f"taken as labels, not as points: {', '.join(labels)}")
    apart = sorted({name for run in runs for name in run.names} - set(common))
    if apart:
        notes.append(f"not in every training run, left out: {', '.join(apart)}")
    if not set(common) - set(labels):
        raise SourceError("the training runs have no point in common", mend="give runs with the same header")
    return tuple(name for name in common if name not in labels)


def _interval(runs: Sequence[Table], notes: list[str]) -> float | None:
    """The usual distance of rows, which has to be the same in all runs."""
    found = [(run.file, usual_interval(run)) for run in runs]
    timed = [(file, s) for file, s in found if s is not None]
    if not timed:
        notes.append("no time column: rows are taken at equal distances, without gaps")
        return None
    file, first = timed[0]
    for other, s in timed[1:]:
        if not 0.5 < s / first < 2.0:
            raise SourceError(
                f"{file} has a row every {first:g} s, {other} every {s:g} s", mend="resample to one interval"
            )
    return float(np.median([s for _, s in timed]))


def usual_interval(run: Table) -> float | None:
    """Median distance of rows with different times, in seconds; None without times."""
    if run.time_s is None:
        return None
    steps = np.diff(run.time_s)
    steps = steps[steps > 0.0]
    if not len(steps):
        raise SourceError(f"{run.file}: all rows have one time", mend="give the time of each row, or no time column")
    return float(np.median(steps))


def gaps_and_duplicates(run: Table, interval_s: float | None) -> tuple[Bool, Bool]:
    """(n_rows,) each: the row comes after a gap; the row repeats the time of the one before."""
    n = len(run.values)
    if run.time_s is None or interval_s is None:
        return np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    steps = np.diff(run.time_s, prepend=run.time_s[0] - interval_s)
    return steps > GAP * interval_s, steps == 0.0


def _segments(run: Table, values: F8, interval_s: float | None, notes: list[str]) -> list[F8]:
    after_gap, double = gaps_and_duplicates(run, interval_s)
    if double.any():
        notes.append(f"{run.file}: {int(double.sum())} rows repeat the time of the row before; the first counts")
    if after_gap.any():
        notes.append(f"{run.file}: {int(after_gap.sum())} gaps; it begins anew after each")
    edges = [0, *np.flatnonzero(after_gap).tolist(), len(values)]
    return [values[a:b][~double[a:b]] for a, b in pairwise(edges) if b > a]


def _bridge(piece: F8) -> F8:
    """Holes of at most FILLED_ROWS rows in each column, closed by a straight line."""
    answer = piece.copy()
    for column in answer.T:
        lost = np.isnan(column)
        if not lost.any() or lost.all():
            continue
        here = np.flatnonzero(~lost)
        line = np.interp(np.arange(len(column)), here, column[here])
        edges = np.flatnonzero(np.diff(np.concatenate([[False], lost, [False]]).astype(int)))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            if stop - start <= FILLED_ROWS and start > 0 and stop < len(column):
                column[start:stop] = line[start:stop]
    return answer
