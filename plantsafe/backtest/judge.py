"""Judge one run with a trained monitor: a flag, a statistic and the points that speak against each row."""

from dataclasses import dataclass

import numpy as np

from models.statistical.monitor import Monitor
from plantsafe.backtest.table import Table
from plantsafe.backtest.training import Trained, gaps_and_duplicates, usual_interval
from plantsafe.errors import SourceError
from plantsafe.frame import F8, Bool

N_TOP = 3
NOT_JUDGED = "not judged"  # in the column of points: what such a row shows is that of the row before
ANOTHER_UNIT = (
    20.0  # spreads from the training's mean: a column that stays beyond may be in another unit (site default)
)
SAME_UNIT = 5.0  # spreads within which a converted column must come to lie (site default)
SHARE_OF_ROWS = 0.9  # of the rows, that must be beyond, and come back when converted (site default)
CONVERSIONS = {
    "kPa for bar": (0.01, 0.0),
    "bar for kPa": (100.0, 0.0),
    "Pa for kPa": (1e-3, 0.0),
    "kPa for Pa": (1e3, 0.0),
    "Pa for bar": (1e-5, 0.0),
    "MPa for kPa": (1e3, 0.0),
    "bar for MPa": (0.1, 0.0),
    "MPa for bar": (10.0, 0.0),
    "psi for bar": (0.0689476, 0.0),
    "psi for kPa": (6.89476, 0.0),
    "°F for °C": (5.0 / 9.0, -160.0 / 9.0),
    "°C for °F": (1.8, 32.0),
    "K for °C": (1.0, -273.15),
    "°C for K": (1.0, 273.15),
    "% for a fraction": (0.01, 0.0),
    "a fraction for %": (100.0, 0.0),
    "per second for per hour": (3600.0, 0.0),
    "per hour for per second": (1.0 / 3600.0, 0.0),
    "per minute for per hour": (60.0, 0.0),
    "per hour for per minute": (1.0 / 60.0, 0.0),
}  # as read, for what was learnt: factor and offset that bring it back


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One row a sample. flag, judged, statistic (n_rows,); limit: 1; top: names, strongest first, ;-separated.

    Where not `judged`, flag and statistic are those of the row before. quotient (n_rows, 6): see models monitor.
    """

    flag: Bool
    judged: Bool
    statistic: F8
    top: tuple[str, ...]
    quotient: F8
    limit: float
    notes: tuple[str, ...]


def judge(trained: Trained, run: Table) -> Judged:
    """Step the monitor through the run, row by row, as it would have seen them."""
    absent = [name for name in trained.names if name not in run.names]
    if absent:
        raise SourceError(
            f"{run.file} does not have {', '.join(absent[:5])}, which the monitor was trained on",
            mend="give the same header, or name the points that both have with --points",
        )
    notes = [f"{run.file}: {note}" for note in run.notes]
    values = run.columns(trained.names)
    _same_units(trained, run.file, values)
    interval_s = usual_interval(run) if len(values) > 1 else None
    if interval_s and trained.interval_s and not 0.5 < interval_s / trained.interval_s < 2.0:
        raise SourceError(
            f"{run.file} has a row every {interval_s:g} s, the training every {trained.interval_s:g} s",
            mend="resample to one interval: what is normal from row to row depends on it",
        )
    after_gap, double = gaps_and_duplicates(run, interval_s)
    for what, where in (("gaps; the forecast begins anew", after_gap), ("rows repeat a time; not judged", double)):
        if where.any():
            notes.append(f"{run.file}: {int(where.sum())} {what}")
    n, monitor = len(values), Monitor([trained.learnt.model])
    flag, judged, statistic = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_), np.zeros(n)
    quotient = np.zeros((n, monitor.quotient.shape[1]))
    top = []
    for i in range(n):
        if after_gap[i]:
            monitor.forget_past()
        seen = None if double[i] else monitor.step(values[i][None])
        if seen is None or seen.unknown[0]:
            flag[i], statistic[i], quotient[i] = flag[i - 1] if i else False, monitor.quotient.max(), monitor.quotient
            top.append(NOT_JUDGED)
            continue
        flag[i], judged[i], statistic[i], quotient[i] = seen.beyond[0], True, seen.statistic[0], seen.quotient[0]
        top.append(";".join(trained.names[k] for k in monitor.top(0, N_TOP)))
    lost = int((~judged).sum())
    if lost:
        notes.append(
            f"{run.file}: {lost} of {n} rows could not be judged (a start, a gap, over half of the points missing); "
            "they hold the flag before"
        )
    return Judged(
        flag=flag, judged=judged, statistic=statistic, top=tuple(top), quotient=quotient, limit=1.0, notes=tuple(notes)
    )


def _same_units(trained: Trained, file: str, values: F8) -> None:
    """Refuse a column that lies far from the training in nearly every row and in its place when converted."""
    own = trained.learnt.model.innovation
    for k, name in enumerate(trained.names):
        column = values[:, k]
        column = column[np.isfinite(column)]
        if not len(column):
            continue
        z = np.abs(column - own.mean[k]) / own.sigma[k]
        if np.mean(z > ANOTHER_UNIT) < SHARE_OF_ROWS:
            continue
        for what, (factor, offset) in CONVERSIONS.items():
            back = np.abs(column * factor + offset - own.mean[k]) / own.sigma[k]
            if np.mean(back < SAME_UNIT) >= SHARE_OF_ROWS:
                raise SourceError(
                    f"{file}: {name} lies around {np.median(column):.3g}, in the training around {own.mean[k]:.3g}: "
                    f"it looks like {what}",
                    mend="convert the column, or leave it out with --points",
                )
