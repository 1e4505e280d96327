"""Alarms that come together: pairs of which one says nothing that the other does not, and common sequences.

Hints for rationalisation. A pair counts once for each time one of them is announced with the other within a minute.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plantsafe.frame import F8, I8

TOGETHER_S = 60.0  # site default: the window in which two alarms belong to one event
ALWAYS = 0.9  # site default: share of the times of each that the other one is there too
TIMES_MIN = 5  # site default: fewer times say nothing
BUSIEST = 500  # alarms that are looked at, the most frequent ones (site default)
LENGTH = 3  # alarms of a sequence (site default)
NEWEST = 200_000  # annunciations that are looked at, the newest ones (site default)
STEPS = 40  # neighbours behind an annunciation: four times what makes a flood (site default)
TOLD = 20

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two alarms that always come together. times: of the rarer one. share: of the times of each, the lesser.

    first_share: how often `first` comes before. lag_s: half of the times `second` follows within.
    """

    first: str
    second: str
    times: int
    share: float
    first_share: float
    lag_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """Alarms that came one after the other so many times, each within a minute of the one before."""

    names: tuple[str, ...]
    times: int


def pairs(names: tuple[str, ...], time_ns: I8, alarm: Index) -> tuple[Pair, ...]:
    """Of annunciations in the order of time; the most frequent pairs first."""
    time_ns, alarm, kept = _busiest(time_ns, alarm, len(names))
    n = len(kept)
    if not n:
        return ()
    own = np.bincount(alarm, minlength=n)
    here, there, lag_s = _neighbours(time_ns, alarm)
    if not len(here):
        return ()
    # each annunciation counts once for each other alarm that stands beside it
    beside = np.unique(np.concatenate([_key(here, alarm[there], n), _key(there, alarm[here], n)]))
    met = np.bincount(alarm[beside // n] * n + beside % n, minlength=n * n).reshape(n, n)
    share = met / own[:, None]
    lesser = np.minimum(share, share.T)
    a, b = np.nonzero(np.triu(lesser >= ALWAYS, 1) & (np.minimum(own[:, None], own[None, :]) >= TIMES_MIN))
    code = np.minimum(alarm[here], alarm[there]) * n + np.maximum(alarm[here], alarm[there])
    found = []
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        mine = code == i * n + j
        ahead = alarm[here[mine]] == i
        first, second = (i, j) if ahead.mean() >= 0.5 else (j, i)
        found.append(
            Pair(
                first=names[kept[first]],
                second=names[kept[second]],
                times=int(min(own[i], own[j])),
                share=float(lesser[i, j]),
                first_share=float(max(ahead.mean(), 1.0 - ahead.mean())),
                lag_s=float(np.median(lag_s[mine])),
            )
        )
    return tuple(sorted(found, key=lambda pair: (-pair.times, pair.first, pair.second))[:TOLD])


def sequences(names: tuple[str, ...], time_ns: I8, alarm: Index) -> tuple[Sequence, ...]:
    """Orders of three different alarms that were seen most often, each announced within a minute of the last."""
    time_ns, alarm, kept = _busiest(time_ns, alarm, len(names))
    n = len(kept)
    if len(alarm) < LENGTH:
        return ()
    changes = np.append(True, alarm[1:] != alarm[:-1])  # a chattering alarm is one step
    time_ns, alarm = time_ns[changes], alarm[changes]
    if len(alarm) < LENGTH:
        return ()
    a, b, c = alarm[:-2], alarm[1:-1], alarm[2:]
    near = np.diff(time_ns) <= TOGETHER_S * 1e9
    fits = near[:-1] & near[1:] & (a != c)
    code, times = np.unique((a[fits] * n + b[fits]) * n + c[fits], return_counts=True)
    often = np.flatnonzero(times >= TIMES_MIN)
    order = often[np.lexsort((code[often], -times[often]))][:TOLD]
    return tuple(
        Sequence(
            names=tuple(names[kept[k]] for k in (int(code[i]) // n // n, int(code[i]) // n % n, int(code[i]) % n)),
            times=int(times[i]),
        )
        for i in order.tolist()
    )


def _busiest(time_ns: I8, alarm: Index, n_names: int) -> tuple[I8, Index, list[int]]:
    """The newest annunciations of the most frequent alarms, numbered anew; `kept` has their rows."""
    time_ns, alarm = time_ns[-NEWEST:], alarm[-NEWEST:]
    often = np.bincount(alarm, minlength=n_names)
    kept = np.flatnonzero(often >= TIMES_MIN)
    if len(kept) > BUSIEST:
        kept = np.sort(kept[np.argsort(-often[kept], kind="stable")[:BUSIEST]])
    place = np.full(n_names, -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    mine = place[alarm] >= 0
    return time_ns[mine], place[alarm[mine]], kept.tolist()


def _neighbours(time_ns: I8, alarm: Index) -> tuple[Index, Index, F8]:
    """Pairs of annunciations of two alarms within the window, earlier and later, and the seconds between them."""
    here: list[Index] = []
    there: list[Index] = []
    window_ns = round(TOGETHER_S * 1e9)
    at = np.arange(len(time_ns) - 1, dtype=np.int64)
    for step in range(1, STEPS + 1):
        at = at[at + step < len(time_ns)]
        at = at[time_ns[at + step] - time_ns[at] <= window_ns]
        if not len(at):
            break
        other = alarm[at + step] != alarm[at]
        here.append(at[other])
        there.append(at[other] + step)
    if not here:
        none = np.zeros(0, dtype=np.int64)
        return none, none, none.astype(np.float64)
    one, two = np.concatenate(here), np.concatenate(there)
    lag_s: F8 = (time_ns[two] - time_ns[one]) / 1e9
    return one, two, lag_s


def _key(row: Index, other: Index, n: int) -> Index:
    answer: Index = row * n + other
    return answer
