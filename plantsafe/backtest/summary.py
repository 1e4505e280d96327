"""How the monitor did on one run: rates, and with a label column false alarms, detection and delay."""

from collections.abc import Sequence

import numpy as np

from models.statistical.monitor import STATISTICS
from plantsafe.backtest.judge import Judged
from plantsafe.backtest.training import Trained
from plantsafe.frame import Bool

ANNOUNCED_AFTER = 6  # rows in a row (site default)


def delay_rows(flag: Bool, rows: int = ANNOUNCED_AFTER) -> int | None:
    """Index of the row that completes the first `rows` flagged ones in a row; None where there is none."""
    if len(flag) < rows:
        return None
    full = np.convolve(flag.astype(np.int64), np.ones(rows, dtype=np.int64), mode="valid") == rows
    return int(full.argmax()) + rows - 1 if full.any() else None


def lines(trained: Trained, judged: Judged, label: Bool | None, interval_s: float | None) -> list[str]:
    """The summary, a line each."""
    learnt, own = trained.learnt, trained.learnt.model.innovation
    text = [
        f"trained on {own.rows} rows of {len(trained.names)} points, {own.lags} earlier rows in the forecast",
        f"expected false alarms {learnt.exceeded:.2%} of rows that were not learnt from "
        f"({len(learnt.held_out)} rows; asked for {learnt.alarm_rate:.2%}, with a margin)",
        f"judged {int(judged.judged.sum())} of {len(judged.flag)} rows, flagged {int(judged.flag.sum())} "
        f"({judged.flag.mean():.2%})",
    ]
    announced = delay_rows(judged.flag)
    if announced is None:
        text.append(f"never {ANNOUNCED_AFTER} flagged rows in a row")
    else:
        strongest = STATISTICS[int(judged.quotient[announced].argmax())]
        text.append(
            f"announced at row {announced + 1} ({ANNOUNCED_AFTER} in a row) by {strongest}: {judged.top[announced]}"
        )
    if label is not None:
        text += _against(judged.flag, label, interval_s)
    return text


def _against(flag: Bool, label: Bool, interval_s: float | None) -> list[str]:
    hits, false = int((flag & label).sum()), int((flag & ~label).sum())
    missed = int((~flag & label).sum())
    f1 = 2 * hits / max(2 * hits + false + missed, 1)
    text = [
        f"labelled rows {int(label.sum())}: found {_rate(hits, int(label.sum()))}, "
        f"false alarms {_rate(false, int((~label).sum()))} of the others, F1 {f1:.3f}"
    ]
    for start, stop in _stretches(label):
        at = delay_rows(flag[start:stop])
        if at is None:
            text.append(f"rows {start + 1} to {stop}: not announced")
        else:
            after = f" ({at * interval_s:g} s)" if interval_s else ""
            text.append(f"rows {start + 1} to {stop}: announced after {at} rows{after}")
    return text


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "none to tell"


def _stretches(label: Bool) -> Sequence[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], label, [False]]).astype(np.int64))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
