"""Key figures of alarm management, of one console over any period: annunciations only (ISA-18.2-2016 16, EEMUA 191).

Everything is counted on typed columns. What cannot be counted, as acknowledge times of a log without them, is NaN or
empty, never zero.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plantsafe.alarms.flood import Flood, floods
from plantsafe.alarms.nuisance import CHATTER_S, CHATTER_TIMES, STALE_S
from plantsafe.frame import F8, I8

INTERVAL_NS = 600 * 10**9
HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS
BUSY_HOUR = 30  # alarms an hour (ISA-18.2-2016 16.4)
BUSY_INTERVAL = 10  # alarms in ten minutes (ISA-18.2-2016 16.4)
FLEETING_S = 10.0  # active for less ... (SignalForge, as listed in the project's reference)
FLEETING_QUIET_S = 60.0  # ... and not again within this time
TOP = 10

CAME, GONE, ACKNOWLEDGED, SHELVED, UNSHELVED = range(5)
"""What a move is: annunciated, returned (or no longer shown), acknowledged, put on the shelf, taken off it."""

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Events of a console in the order of time. alarm (n,): row in `names`; what (n,): CAME, GONE, ...; priority 1-4.

    acknowledges: whether the log has acknowledgements at all.
    """

    names: tuple[str, ...]
    time_ns: I8
    alarm: NDArray[np.int64]
    what: Codes
    priority: Codes
    acknowledges: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """An alarm and how often it was counted."""

    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AckTime:
    """Seconds from annunciation to acknowledgement, of one priority; NaN where there was none."""

    priority: int
    p50_s: float
    p95_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of section 16 over [begin_ns, end_ns).

    flood_share, busy_*_share, top_share: of 1. standing: active and acknowledged at the end. level: 1 predictive to 5
    overloaded (EEMUA 191), None in an empty period.
    """

    begin_ns: int
    end_ns: int
    count: int
    per_10_min: float
    per_hour: float
    per_day: float
    peak_10_min: int
    busy_intervals_share: float
    busy_hours_share: float
    floods: tuple[Flood, ...]
    flood_first: tuple[str, ...]
    flood_share: float
    flood_mode: Literal["inclusive", "strict"]
    top: tuple[Repeated, ...]
    top_share: float
    chattering: tuple[Repeated, ...]
    fleeting: tuple[Repeated, ...]
    stale: tuple[str, ...]
    standing: tuple[str, ...]
    shelved: tuple[str, ...]
    ack_times: tuple[AckTime, ...]
    priority_share: dict[int, float]
    level: int | None


def figures(moves: Moves, begin_ns: int, end_ns: int, *, strict: bool = False) -> Figures:
    """The figures of a period; what stands at its beginning counts from the moves before it."""
    inside = (moves.time_ns >= begin_ns) & (moves.time_ns < end_ns)
    came = inside & (moves.what == CAME)
    time_ns, alarm = moves.time_ns[came], moves.alarm[came]
    span_ns = end_ns - begin_ns
    count = len(time_ns)
    tens = _per_interval(time_ns, begin_ns, end_ns, INTERVAL_NS)
    hours = _per_interval(time_ns, begin_ns, end_ns, HOUR_NS)
    found = tuple(floods(time_ns, until_ns=end_ns, strict=strict))
    flood_ns = sum((end_ns if f.end_ns is None else f.end_ns) - f.first_ns for f in found)
    often = np.bincount(alarm, minlength=len(moves.names))
    order = np.lexsort((np.arange(len(often)), -often))[:TOP]
    top = tuple(Repeated(name=moves.names[i], count=int(often[i])) for i in order.tolist() if often[i])
    per_10_min = count * INTERVAL_NS / span_ns if span_ns else 0.0
    peak = int(tens.max(initial=0))
    return Figures(
        begin_ns=begin_ns,
        end_ns=end_ns,
        count=count,
        per_10_min=per_10_min,
        per_hour=per_10_min * 6,
        per_day=per_10_min * 144,
        peak_10_min=peak,
        busy_intervals_share=_share(tens > BUSY_INTERVAL),
        busy_hours_share=_share(hours > BUSY_HOUR),
        floods=found,
        flood_first=tuple(moves.names[int(alarm[f.first])] for f in found),
        flood_share=flood_ns / span_ns if span_ns else 0.0,
        flood_mode="strict" if strict else "inclusive",
        top=top,
        top_share=sum(entry.count for entry in top) / count if count else 0.0,
        chattering=_counted(moves, chattering(time_ns, alarm)),
        fleeting=_counted(moves, _fleeting(moves, begin_ns, end_ns)),
        stale=_stale(moves, begin_ns, end_ns),
        standing=tuple(moves.names[i] for i in np.flatnonzero(_standing(moves, end_ns)).tolist()),
        shelved=_on_shelf(moves, end_ns),
        ack_times=_ack_times(moves, inside),
        priority_share=_priority_share(moves.priority[came]),
        level=level(per_10_min, peak) if span_ns else None,
    )


def level(per_10_min: float, peak_10_min: int) -> int:
    """EEMUA 191's level of performance, the worse of average and peak: 1 predictive, 5 overloaded."""
    by_average = (
        5 if per_10_min > 100 else 4 if per_10_min > 10 else 3 if per_10_min > 1 else 2 if per_10_min == 1 else 1
    )
    by_peak = 5 if peak_10_min > 1000 else 4 if peak_10_min > 100 else 2 if peak_10_min >= 10 else 1
    return max(by_average, by_peak)


def chattering(time_ns: I8, alarm: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of annunciations in the order of time: the alarm of each that is the third (or a later one) in a minute."""
    order = np.lexsort((time_ns, alarm))
    t, a = time_ns[order], alarm[order]
    back = CHATTER_TIMES - 1
    if len(t) <= back:
        return np.zeros(0, dtype=np.int64)
    close = (a[back:] == a[:-back]) & (t[back:] - t[:-back] <= CHATTER_S * 1e9)
    answer: NDArray[np.int64] = a[back:][close]
    return answer


def _per_interval(time_ns: I8, begin_ns: int, end_ns: int, width_ns: int) -> NDArray[np.int64]:
    n = max(1, -(-(end_ns - begin_ns) // width_ns))
    return np.bincount((time_ns - begin_ns) // width_ns, minlength=n)


def _share(busy: NDArray[np.bool_]) -> float:
    return float(busy.mean()) if len(busy) else 0.0


def _counted(moves: Moves, alarm: NDArray[np.int64]) -> tuple[Repeated, ...]:
    often = np.bincount(alarm, minlength=len(moves.names))
    order = np.lexsort((np.arange(len(often)), -often))
    return tuple(Repeated(name=moves.names[i], count=int(often[i])) for i in order.tolist() if often[i])


def _spells(moves: Moves, end_ns: int) -> tuple[NDArray[np.int64], I8, I8]:
    """Alarm, begin and end of every time that an alarm was shown before `end_ns`; the end is -1 while it still is."""
    told = np.flatnonzero((moves.what <= GONE) & (moves.time_ns < end_ns))
    order = told[np.lexsort((told, moves.alarm[told]))]
    alarm, what, time_ns = moves.alarm[order], moves.what[order], moves.time_ns[order]
    if not len(order):
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty
    same_before = np.append(False, alarm[1:] == alarm[:-1])
    before = np.append(np.uint8(GONE), what[:-1])
    begins = np.flatnonzero((what == CAME) & (~same_before | (before == GONE)))
    gone = np.flatnonzero(what == GONE)
    following = np.searchsorted(gone, begins)
    has = following < len(gone)
    at = gone[np.minimum(following, max(len(gone) - 1, 0))] if len(gone) else np.zeros(len(begins), dtype=np.intp)
    has &= alarm[at] == alarm[begins]
    return alarm[begins], time_ns[begins], np.where(has, time_ns[at], -1)


def _standing(moves: Moves, end_ns: int) -> NDArray[np.bool_]:
    """(n_names,) shown at the end and acknowledged; in a log without acknowledgements, shown at the end."""
    alarm, _, end = _spells(moves, end_ns)
    shown = np.zeros(len(moves.names), dtype=np.bool_)
    shown[alarm[end < 0]] = True
    if not moves.acknowledges:
        return shown
    told = (moves.time_ns < end_ns) & (moves.what <= ACKNOWLEDGED)
    last = np.full(len(moves.names), GONE, dtype=np.uint8)
    last[moves.alarm[told]] = moves.what[told]  # the last assignment stays
    answer: NDArray[np.bool_] = shown & (last == ACKNOWLEDGED)
    return answer


def _fleeting(moves: Moves, begin_ns: int, end_ns: int) -> NDArray[np.int64]:
    """Alarms of spells that were short and did not come again soon."""
    alarm, begin, end = _spells(moves, end_ns)
    following = np.append(begin[1:], np.iinfo(np.int64).max)
    again = np.append(alarm[1:] == alarm[:-1], False) & (following - end <= FLEETING_QUIET_S * 1e9)
    short = (end >= 0) & (end - begin < FLEETING_S * 1e9) & (begin >= begin_ns) & ~again
    answer: NDArray[np.int64] = alarm[short]
    return answer


def _stale(moves: Moves, begin_ns: int, end_ns: int) -> tuple[str, ...]:
    """Alarms shown for over a day without a break, at some time in the period."""
    alarm, begin, end = _spells(moves, end_ns)
    last = np.where(end < 0, end_ns, end)
    stale = (last - begin > STALE_S * 1e9) & (last > begin_ns)
    return tuple(moves.names[i] for i in np.unique(alarm[stale]).tolist())


def _on_shelf(moves: Moves, end_ns: int) -> tuple[str, ...]:
    about = (moves.what >= SHELVED) & (moves.time_ns < end_ns)
    alarm, what = moves.alarm[about], moves.what[about]
    last = np.full(len(moves.names), UNSHELVED, dtype=np.uint8)
    last[alarm] = what  # the last assignment stays
    return tuple(moves.names[i] for i in np.flatnonzero(last == SHELVED).tolist())


def _ack_times(moves: Moves, inside: NDArray[np.bool_]) -> tuple[AckTime, ...]:
    """From each first annunciation that was not acknowledged to its acknowledgement inside the period."""
    told = np.flatnonzero((moves.what == CAME) | (moves.what == ACKNOWLEDGED))
    order = told[np.lexsort((told, moves.alarm[told]))]
    acked = moves.what[order] == ACKNOWLEDGED
    alarm, time_ns = moves.alarm[order], moves.time_ns[order]
    found: list[AckTime] = []
    if not acked.any():
        return ()
    before = np.append(True, acked[:-1]) | np.append(True, alarm[1:] != alarm[:-1])
    opens = np.flatnonzero(~acked & before)  # the first annunciation after an acknowledgement
    place = np.searchsorted(opens, np.flatnonzero(acked), side="right") - 1
    acks = np.flatnonzero(acked)
    fits = (
        (place >= 0) & (alarm[opens[np.maximum(place, 0)]] == alarm[acks]) if len(opens) else np.zeros(len(acks), bool)
    )
    fits &= ~np.append(False, acked[:-1] & (alarm[1:] == alarm[:-1]))[acks]  # a second acknowledgement has no time
    fits &= inside[order[acks]]
    wait_s: F8 = (time_ns[acks[fits]] - time_ns[opens[place[fits]]]) / 1e9
    priority = moves.priority[order[opens[place[fits]]]]
    for p in np.unique(priority).tolist():
        mine = wait_s[priority == p]
        low, high = np.percentile(mine, [50, 95]).tolist()
        found.append(AckTime(priority=int(p), p50_s=float(low), p95_s=float(high)))
    return tuple(found)


def _priority_share(priority: Codes) -> dict[int, float]:
    often = np.bincount(priority, minlength=5)
    total = int(often.sum())
    return {p: float(often[p] / total) for p in np.flatnonzero(often).tolist()} if total else {}
