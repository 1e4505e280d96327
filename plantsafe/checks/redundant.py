"""Points that measure the same, compared: a point and all that are `same_as` it, in the same unit of measure.

Two are compared with each other, three and more each with the median of all. A difference counts when more than half
of the last 30 s show it: the median of 30 s beyond the limit. A day's median difference that creeps away from that of
the first day is a slow drift (CUSUM over days); a value that stands still while its siblings move is frozen. What is
not Good is left out; with fewer than two left nothing can be said.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.statistical.cusum import CusumSettings, CusumState, step_cusum
from models.statistical.reference import Reference
from plantsafe.delay import Delay
from plantsafe.frame import F8, I8, Bool, Frame, is_good
from plantsafe.plant import Plant
from plantsafe.plant.tables import Index
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict

Kind = Literal["differs", "deviates", "creeps", "frozen"]
KINDS: tuple[Kind, ...] = ("differs", "deviates", "creeps", "frozen")

FILTER_S = 30.0  # the median is over so long (site default)
WARN_S, ALARM_S, BACK_S = 60.0, 30.0, 60.0  # site default
WARN_SHARE_PAIR, WARN_SHARE_MORE, ALARM_SHARE = 0.02, 0.03, 0.05  # of the span (site default)
HOUR_S, DAY_HOURS = 3600.0, 24
# in percent of the span and days: 1 % of the span in 7 days is found on the sixth or seventh day (site default)
CREEP = CusumSettings(slack=0.25, decision=1.5, ceiling=3.0)
CREEP_SIGMA = 0.01
STILL_S, STILL_BLOCKS = 60.0, 10
STILL_SHARE, MOVING_SHARE = 0.0001, 0.001  # standard deviation over 10 min, of the span (site default)


@dataclass(frozen=True, slots=True)
class Group:
    """Points that measure the same: rows of the plant's points, the first the one that the others are `same_as`."""

    name: str
    rows: tuple[int, ...]


def groups_of(plant: Plant) -> tuple[Group, ...]:
    """In the order of the points that others are `same_as`; members in another unit of measure are left out."""
    points = plant.points
    found: dict[int, list[int]] = {}
    for i, root in enumerate(points.same_as.tolist()):
        if root >= 0 and points.eu[i] == points.eu[root] and points.analog[i] and points.analog[root]:
            found.setdefault(root, [root]).append(i)
    return tuple(Group(points.names[root], tuple(rows)) for root, rows in sorted(found.items()))


class RedundantCheck:
    """Four conditions a compared point; of a pair only the second point carries the difference of both."""

    name = "redundant"

    def __init__(self, plant: Plant) -> None:
        groups = groups_of(plant)
        rows = [row for group in groups for row in group.rows]
        self._rows: Index = np.array(rows, dtype=np.intp)
        sizes = np.array([len(group.rows) for group in groups], dtype=np.intp)
        self._first: Index = np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(np.intp)
        self._group: Index = np.repeat(np.arange(len(groups), dtype=np.intp), sizes)
        self._width = int(sizes.max(initial=2))
        self._place = np.arange(len(rows), dtype=np.intp) - self._first[self._group]
        n = len(rows)
        self._names = tuple(plant.points.names[row] for row in rows)
        self._span = (plant.points.high - plant.points.low)[self._rows]
        self._pair = sizes[self._group] == 2
        self._judged = ~self._pair | (self._place == 1)
        self._warn, self._alarm = _limits(plant, groups, self._span)
        period_s = plant.file.scan_period_s
        self._filter = max(1, round(FILTER_S / period_s))
        shape = (self._filter, n)
        self._ring = np.zeros((2, 2, *shape), dtype=np.bool_)  # warn or alarm, above or below, scan, point
        self._counts = np.zeros((2, 2, n), dtype=np.int64)
        self._at = np.zeros(1, dtype=np.int64)
        on = np.concatenate([np.full(n, plant.scans(s), dtype=np.int32) for s in (WARN_S, ALARM_S, 0.0, 0.0)])
        off = np.concatenate([np.full(n, plant.scans(s), dtype=np.int32) for s in (BACK_S, BACK_S, 0.0, 0.0)])
        self._delay = Delay(on, off)
        self._hours = _Hours(n, plant.scans(HOUR_S))
        self._still = _Still(n, plant.scans(STILL_S))
        self._creep = _Creep(n)
        self.conditions = tuple(
            _condition(plant, int(row), kind, int(on[k * n + i]), int(off[k * n + i]))
            for k, kind in enumerate(KINDS)
            for i, row in enumerate(rows)
        )
        self._difference: F8 = np.full(n, np.nan)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Compare what is Good."""
        n = len(self._rows)
        if not n:
            return
        value = np.where(is_good(frame.status[self._rows]), frame.value[self._rows], np.nan)
        difference = self._difference = self._from_the_rest(value)
        known = np.isfinite(difference)
        beyond = self._filtered(difference)
        self._hours.take(difference)
        if self._hours.day_ended:
            self._creep.step(self._hours.day_median() / self._span)
        still, moving = self._still.take(value, self._span)
        frozen = still & self._siblings(moving)
        creeps = self._creep.found & self._judged
        unknown = np.concatenate([~known, ~known, np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)])
        self._delay.step(
            np.concatenate([beyond[0] & self._judged, beyond[1] & self._judged, creeps, frozen]),
            unknown,
            number=frame.number,
            gap=verdict.gap,
        )
        verdict.active[block], verdict.since[block] = self._delay.active, self._delay.since
        verdict.unknown[block] = unknown & np.tile(self._judged, len(KINDS))
        nothing, shift = np.full(n, np.nan), self._creep.shift * self._span
        verdict.value[block] = np.concatenate([difference, difference, shift, nothing])
        verdict.limit[block] = np.concatenate([self._warn, self._alarm, np.full((2, n), np.nan).ravel()])

    def _from_the_rest(self, value: F8) -> F8:
        """Of a pair its second less its first; of more each less the median of those that are there."""
        table = np.full((len(self._first), self._width), np.nan)
        table[self._group, self._place] = value
        ordered = np.sort(table, axis=1)  # NaN goes to the end
        count = np.isfinite(table).sum(axis=1)
        low, high = np.maximum(count - 1, 0) // 2, count // 2
        line = np.arange(len(table))
        middle = 0.5 * (ordered[line, low] + ordered[line, np.minimum(high, self._width - 1)])
        middle = np.where(count >= 2, middle, np.nan)[self._group]
        other = table[self._group, np.where(self._place == 0, 1, 0)]
        answer: F8 = np.where(self._pair, value - other, value - middle)
        return answer

    def _filtered(self, difference: F8) -> Bool:
        """Whether the median over the filter is beyond (warn, alarm) x (n): more than half beyond on one side."""
        k = int(self._at[0])
        self._at = np.array([(k + 1) % self._filter], dtype=np.int64)
        limits = np.stack([self._warn, self._alarm])
        with np.errstate(invalid="ignore"):
            now = np.stack([difference[None, :] > limits, difference[None, :] < -limits], axis=1)
        self._counts += now.astype(np.int64) - self._ring[:, :, k, :]
        self._ring[:, :, k, :] = now
        beyond: Bool = np.any(2 * self._counts > self._filter, axis=1)
        return beyond

    def _siblings(self, moving: Bool) -> Bool:
        """Whether more than half of the other points move: one that jumps does not make all others still."""
        count, size = np.zeros((2, len(self._first)), dtype=np.int64)
        np.add.at(count, self._group, moving)
        np.add.at(size, self._group, 1)
        answer: Bool = 2 * (count[self._group] - moving) > size[self._group] - 1
        return answer

    def state(self) -> Arrays:
        """Filters, days, blocks and timers."""
        own: Arrays = {"ring": self._ring, "counts": self._counts, "at": self._at}
        parts = {"hours": self._hours, "still": self._still, "creep": self._creep}
        own |= {f"{part}.{name}": array for part, one in parts.items() for name, array in one.arrays().items()}
        return own | {f"delay.{name}": array for name, array in self._delay.state().items()}

    def rows(self) -> Rows:
        """Timers and drifts go over by name; filters and blocks start anew."""
        conditions = tuple(condition.name for condition in self.conditions)
        own = {f"delay.{name}": conditions for name in self._delay.state()}
        return own | {f"creep.{name}": self._names for name in self._creep.arrays()}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""

        def part(name: str) -> Arrays:
            return {key.removeprefix(f"{name}."): a for key, a in arrays.items() if key.startswith(f"{name}.")}

        self._ring, self._counts, self._at = arrays["ring"].copy(), arrays["counts"].copy(), arrays["at"]
        self._hours.load(part("hours"))
        self._still.load(part("still"))
        self._creep.load(part("creep"))
        self._delay.load(part("delay"))

    def live(self) -> Arrays:
        """By compared point: its row, its group, the difference from the rest, in the point's unit."""
        return {"rows": self._rows, "group": self._group, "difference": self._difference}


class _Part:
    """Named arrays that a snapshot carries: the fields that are arrays."""

    def arrays(self) -> Arrays:
        """By name."""
        return {name: array for name, array in vars(self).items() if isinstance(array, np.ndarray)}

    def load(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        for name, array in arrays.items():
            setattr(self, name, array.copy())


class _Hours(_Part):
    """Means of hours, and the last day of them."""

    def __init__(self, n: int, hour_scans: int) -> None:
        self._hour_scans, self.day_ended = hour_scans, False
        self.age = np.zeros(2, dtype=np.int64)  # scans of the hour, hours of the day
        self.sum: F8 = np.zeros(n)
        self.count: I8 = np.zeros(n, dtype=np.int64)
        self.means: F8 = np.full((DAY_HOURS, n), np.nan)

    def take(self, difference: F8) -> None:
        """One scan; `day_ended` where it is the last of a day."""
        known = np.isfinite(difference)
        self.sum += np.where(known, difference, 0.0)
        self.count += known
        self.age[0] += 1
        self.day_ended = False
        if self.age[0] >= self._hour_scans:
            mean = np.where(self.count > 0, self.sum / np.maximum(self.count, 1), np.nan)
            self.means[int(self.age[1])] = mean
            self.sum[:], self.count[:], self.age[0] = 0.0, 0, 0
            self.age[1] = (self.age[1] + 1) % DAY_HOURS
            self.day_ended = int(self.age[1]) == 0

    def day_median(self) -> F8:
        """The median of the hours of the day; NaN where fewer than half were seen."""
        enough = np.isfinite(self.means).sum(axis=0) >= DAY_HOURS // 2
        whole = np.where(enough, self.means, 0.0)
        return np.where(enough, np.nanmedian(whole, axis=0), np.nan)


class _Creep(_Part):
    """Both sums of the daily medians' departure from the first day's, in shares of the span."""

    def __init__(self, n: int) -> None:
        self.base: F8 = np.full(n, np.nan)
        self.shift: F8 = np.full(n, np.nan)
        self.high: F8 = np.zeros(n)
        self.low: F8 = np.zeros(n)
        self.high_run: F8 = np.zeros(n)
        self.low_run: F8 = np.zeros(n)
        self.found: Bool = np.zeros(n, dtype=np.bool_)

    def step(self, median: F8) -> None:
        """The median of one day."""
        first = np.isnan(self.base) & np.isfinite(median)
        self.base = np.where(first, median, self.base)
        known = np.isfinite(self.base)
        reference = Reference(
            mean=np.where(known, self.base, 0.0), sigma=np.full(len(median), CREEP_SIGMA), known=known
        )
        state = CusumState(high=self.high, low=self.low, high_run=self.high_run, low_run=self.low_run)
        state, judged = step_cusum(state, CREEP, reference, np.where(first, np.nan, median))
        self.high, self.low, self.high_run, self.low_run = state.high, state.low, state.high_run, state.low_run
        self.found = np.where(judged.unknown, self.found, judged.high | judged.low)
        self.shift = np.where(np.isfinite(median) & known, median - self.base, self.shift)


class _Still(_Part):
    """Counts, sums and squares of the last ten blocks of a minute, about the first value of all."""

    def __init__(self, n: int, block_scans: int) -> None:
        self._block_scans = max(1, block_scans)
        self.age = np.zeros(2, dtype=np.int64)  # scans of the block, blocks so far
        self.centre: F8 = np.full(n, np.nan)
        self.count: F8 = np.zeros((STILL_BLOCKS, n))
        self.sum: F8 = np.zeros((STILL_BLOCKS, n))
        self.squares: F8 = np.zeros((STILL_BLOCKS, n))
        self.still: Bool = np.zeros(n, dtype=np.bool_)
        self.moving: Bool = np.zeros(n, dtype=np.bool_)

    def take(self, value: F8, span: F8) -> tuple[Bool, Bool]:
        """One scan; who stood still and who moved over the last ten minutes, as of the last whole minute."""
        known = np.isfinite(value)
        self.centre = np.where(np.isnan(self.centre) & known, value, self.centre)
        off = np.where(known, value - self.centre, 0.0)
        k = int(self.age[1]) % STILL_BLOCKS
        if self.age[0] == 0:
            self.count[k], self.sum[k], self.squares[k] = 0.0, 0.0, 0.0
        self.count[k] += known
        self.sum[k] += off
        self.squares[k] += off * off
        self.age[0] += 1
        if self.age[0] >= self._block_scans:
            self.age[0], self.age[1] = 0, self.age[1] + 1
            if self.age[1] >= STILL_BLOCKS:
                self._judge(span)
        return self.still, self.moving

    def _judge(self, span: F8) -> None:
        whole = STILL_BLOCKS * self._block_scans
        count = self.count.sum(axis=0)
        mean = self.sum.sum(axis=0) / np.maximum(count, 1)
        sigma = np.sqrt(np.maximum(self.squares.sum(axis=0) / np.maximum(count, 1) - mean * mean, 0.0))
        seen = count >= 0.5 * whole
        self.still = seen & (sigma < STILL_SHARE * span)
        self.moving = seen & (sigma > MOVING_SHARE * span)


def _limits(plant: Plant, groups: tuple[Group, ...], span: F8) -> tuple[F8, F8]:
    """From where each point warns and alarms: by the file, else by shares of the span of the group's first point."""
    warn, alarm = [], []
    for group in groups:
        entry, root = plant.entries[group.rows[0]], group.rows[0]
        wide = float(plant.points.high[root] - plant.points.low[root])
        share = WARN_SHARE_PAIR if len(group.rows) == 2 else WARN_SHARE_MORE
        own = entry.deviation
        warn += [share * wide if own is None else own.warn] * len(group.rows)
        alarm += [ALARM_SHARE * wide if own is None else own.alarm] * len(group.rows)
    assert len(warn) == len(span)  # noqa: S101  # one a member
    return np.array(warn, dtype=np.float64), np.array(alarm, dtype=np.float64)


_TEXT: dict[Kind, tuple[ConditionClass, int, dict[str, str], dict[str, str]]] = {
    "differs": (
        ConditionClass.ALARM,
        3,
        {
            "en": "The value differs from the others that measure the same: one of them is wrong.",
            "zh": "该读数与同一被测量的其他仪表有偏差：其中之一失准。",
        },
        {
            "en": "Compare all of them in the field; call instrument maintenance for the one that is off.",
            "zh": "现场逐一比对；通知仪表检修偏差者。",
        },
    ),
    "deviates": (
        ConditionClass.ALARM,
        2,
        {
            "en": "The value is far from the others that measure the same: operators and the safety system do not see "
            "the same plant.",
            "zh": "该读数与同一被测量的其他仪表相差过大：操作人员与安全系统所见不一致。",
        },
        {
            "en": "Do not steer by this value; trust the others until it is mended.",
            "zh": "不得以该读数操作；修复前以其他仪表为准。",
        },
    ),
    "creeps": (
        ConditionClass.FINDING,
        3,
        {
            "en": "The difference from the others grows from day to day: the instrument drifts.",
            "zh": "与其他仪表的差值逐日增大：该仪表漂移。",
        },
        {
            "en": "Calibrate it before the difference reaches its limit.",
            "zh": "在偏差达到限值前安排校准。",
        },
    ),
    "frozen": (
        ConditionClass.ALARM,
        3,
        {
            "en": "The value has not moved for ten minutes while its siblings did: it does not measure.",
            "zh": "同组仪表均在变化，该读数十分钟未动：已失去测量。",
        },
        {
            "en": "Check transmitter, impulse line and sampling; do not count on this channel to trip.",
            "zh": "检查变送器、导压管和采样；该通道不可视为能联锁。",
        },
    ),
}


def _condition(plant: Plant, row: int, kind: Kind, on_delay: int, off_delay: int) -> Condition:
    klass, priority, consequence, action = _TEXT[kind]
    name = plant.points.names[row]
    return Condition(
        name=f"{name}.{kind}",
        subject=name,
        kind=kind,
        klass=klass,
        priority=priority,
        on_delay_scans=on_delay,
        off_delay_scans=off_delay,
        point=row,
        source=int(plant.points.source[row]),
        unit=plant.entries[row].unit,
        consequence=consequence,
        action=action,
    )
