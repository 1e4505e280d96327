"""A review as text for people and as JSON for tools."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, get_args

import numpy as np

from plantsafe.alarms.rationalise.remark import Rule
from plantsafe.alarms.rationalise.review import Past, Review

HEADS: dict[str, str] = {
    "missing": "without consequence, action or time to respond",
    "duplicate": "that say the same as another",
    "beyond-trip": "that come after the trip",
    "too-late": "that leave too little time to act",
    "unreachable": "that can never come",
    "order": "out of order",
    "dead-band": "whose dead band does not fit",
    "delay": "whose delay is not allowed",
    "priority": "whose priority does not follow from consequence and time",
    "nuisance": "that were a nuisance in the history",
    "together": "that always come with another",
    "file": "and other mistakes of the file (plantsafe check)",
}


def as_text(review: Review) -> str:
    """By rule, then the spread of priorities, the past, the proposals and their difference."""
    lines = [f"{review.file}: {review.n_alarms} alarms, {len(review.remarks)} remarks"]
    order = {rule: i for i, rule in enumerate(get_args(Rule))}
    ordered = sorted(review.remarks, key=lambda one: (order[one.rule], one.file, one.line))
    for rule, some in groupby(ordered, key=lambda one: one.rule):
        mine = list(some)
        lines += ["", f"{len(mine)} alarms {HEADS[rule]}"]
        for one in mine:
            name = f"{one.alarm}: " if one.alarm else ""
            lines += [f"  {one.file}:{one.line}: {name}{one.wrong}", f"      mend: {one.mend}"]
    lines += ["", "priorities of the configured alarms (recommended 1, 5, 15, 80 %)"]
    lines += [f"  {s.priority}: {s.count:5d}  {s.share:6.1%}  {s.band}" for s in review.shares]
    if review.past is not None:
        lines += ["", *_past(review.past)]
    lines += ["", f"{len(review.proposals)} changes proposed"]
    for p in review.proposals:
        was = "nothing" if p.old is None else f"{p.old:g}"
        hand = " (by hand: a row of a table, or a shared text)" if p.by_hand else ""
        lines.append(f"  {p.file}:{p.line}: {p.alarm} {p.field} {was} -> {p.new:g}: {p.why}{hand}")
    if review.diff:
        lines += ["", review.diff.rstrip("\n")]
    return "\n".join(lines)


def _past(past: Past) -> Iterator[str]:
    yield f"history {_when(past.begin_ns)} to {_when(past.end_ns)}: {past.noise.scans} scans"
    figures = past.figures
    yield f"  {figures.count} annunciations, {figures.per_10_min:.2f} in 10 min, peak {figures.peak_10_min}"
    for pair in past.pairs:
        yield (
            f"  always together: {pair.first} and {pair.second}, {pair.times} times, "
            f"{pair.second} after it in {pair.first_share:.0%}, half within {pair.lag_s:.0f} s"
        )
    for found in past.sequences:
        yield f"  common sequence: {' > '.join(found.names)}, {found.times} times"


def as_json(review: Review) -> str:
    """Remarks, proposals, shares, noise by point, pairs, sequences and the difference."""
    past: dict[str, Any] | None = None
    if review.past is not None:
        noise = review.past.noise
        past = {
            "begin": _when(review.past.begin_ns),
            "end": _when(review.past.end_ns),
            "scans": noise.scans,
            "annunciations": review.past.figures.count,
            "noise": {
                name: {
                    "sigma": _number(noise.sigma[i]),
                    "rise_per_min": _number(noise.rise_per_min[i]),
                    "fall_per_min": _number(noise.fall_per_min[i]),
                }
                for i, name in enumerate(noise.names)
            },
            "pairs": [asdict(pair) for pair in review.past.pairs],
            "sequences": [asdict(one) for one in review.past.sequences],
        }
    whole = {
        "file": str(review.file),
        "alarms": review.n_alarms,
        "remarks": [asdict(one) for one in review.remarks],
        "shares": [asdict(one) for one in review.shares],
        "history": past,
        "proposals": [asdict(one) for one in review.proposals],
        "diff": review.diff,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _number(value: np.float64) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None


def _when(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S}Z"
