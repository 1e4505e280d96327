"""Final elements: command against feedback, stroke against its baseline, stuck, moved without command, double blocks.

The command is the element's own point where the file names one, else the trip bits of the functions that drive it.
A stroke runs from the command to the safe state and is known as an interval, (last look before, first look at or
after], fast reads included; lost scans only widen it. An element that was safe already makes no stroke. Only Good data
say that something moved; what cannot be seen keeps every clock running and is unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from plantsafe.frame import F8, I8, Bool, Frame, is_bad, is_good
from plantsafe.plant import Plant
from plantsafe.protection.answer import NO, U1, UNKNOWN, YES, answer
from plantsafe.protection.demand import TIME_TOLERANCE_S
from plantsafe.protection.facts import outcome
from plantsafe.protection.tables import ANALOG_FEEDBACK_TOLERANCE, STATE_FEEDBACK_TOLERANCE, Index
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

Kind = Literal["failed", "stuck", "slow", "moved"]
KINDS: tuple[Kind, ...] = ("failed", "stuck", "slow", "moved")
SINGLE_BLOCK = "single_block"

SLOW_SHARE = 1.2  # of the stroke at commissioning: a fifth more is maintenance (site default)
STUCK_STROKES = 4.0  # of its stroke; without a baseline, of the time that its function allows (site default)
SETTLE_S = 2.0  # command and feedback of one instant may come with two scans, and leave with two (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strokes:
    """One row an element; moments are in scans as of `demand.Memory`, 0 for never.

    off_at: last look with certainly no command. on_before, on_at: the interval in which the present command began.
    unsafe_at: last look certainly not in the safe state. safe_seen: whether it was safe when last seen. open: a stroke
    is on its way. slow: the last whole stroke was too slow. moved_at: since when it is safe without a command.
    failed: not safe when its function's time was over, under this command. lo_s, hi_s: the last stroke.
    """

    off_at: F8
    on_before: F8
    on_at: F8
    unsafe_at: F8
    safe_seen: U1
    open: Bool
    slow: Bool
    moved_at: I8
    failed: Bool
    lo_s: F8
    hi_s: F8

    @classmethod
    def fresh(cls, n: int) -> "Strokes":
        """Nothing seen yet."""
        no, never, unknown = np.zeros(n, dtype=np.bool_), np.zeros(n), np.full(n, np.nan)
        return cls(
            off_at=never, on_before=never, on_at=never, unsafe_at=never, safe_seen=np.full(n, UNKNOWN), open=no,
            slow=no, moved_at=np.zeros(n, dtype=np.int64), failed=no, lo_s=unknown, hi_s=unknown,
        )  # fmt: skip

    def arrays(self) -> Arrays:
        """By name, for a snapshot."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class ElementCheck:
    """Four conditions an element, `<element>.failed`, `.stuck`, `.slow` and `.moved`, and one a double block."""

    name = "elements"

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._table = table = _compile(plant)
        n = len(table.names)
        self._strokes = Strokes.fresh(n)
        self._last = np.zeros(1, dtype=np.int64)
        self._single_at: I8 = np.zeros(len(table.pairs), dtype=np.int64)
        self._active: Bool = np.zeros((n, len(KINDS)), dtype=np.bool_)
        self._since: I8 = np.zeros((n, len(KINDS)), dtype=np.int64)
        self._single: Bool = np.zeros(len(table.pairs), dtype=np.bool_)
        self._single_since: I8 = np.zeros(len(table.pairs), dtype=np.int64)
        self.conditions = (*_element_conditions(plant, table), *_pair_conditions(plant, table))
        self._shown: bytes = b""
        self._calm = False
        self._fast: Index = np.flatnonzero(np.isin(plant.fast.point, table.rows))  # places of our fast points
        self._written = Verdict(len(self.conditions))  # the block of a scan
        self._live: Arrays = {}

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Follow every command and every feedback."""
        table, number, last = self._table, frame.number, int(self._last[0])
        self._last = np.array([number], dtype=np.int64)
        if not table.names:
            return
        rows = table.rows
        shown = frame.value[rows].tobytes() + frame.status[rows].tobytes()
        if self._calm and shown == self._shown and number - last == 1 and not self._fast_moves(frame):
            self._stay(number)
            self._say(verdict, block)
            return
        self._shown = shown
        command, safe = self._command(frame), self._safe(frame)
        moments = self._moments(frame, command, safe, number)
        before = self._strokes
        self._strokes, done = self._follow(command, safe, moments, number, last)
        unknown = (safe == UNKNOWN) | (command == UNKNOWN)
        self._judge(number, command, safe, unknown)
        self._write(unknown)
        self._say(verdict, block)
        verdict.facts.extend(self._facts(number, done, before))
        s = self._strokes
        self._calm = not (s.open.any() or (s.moved_at == number).any() or unknown.any()) and not self._pending(number)
        self._live = {"command": command, "safe": safe, "stroke_lo_s": s.lo_s, "stroke_hi_s": s.hi_s}

    def _pending(self, number: int) -> bool:
        """Whether a clock is running that the next scans may bring to its end."""
        settle = SETTLE_S / self._table.period_s + 1
        moved = (self._strokes.moved_at > 0) & (number - self._strokes.moved_at <= settle)
        single = (self._single_at > 0) & (number - self._single_at <= settle + self._table.pair_scans)
        return bool(moved.any() or single.any())

    def _stay(self, number: int) -> None:
        """A scan that shows the same again, with no clock running: only moments move."""
        live, s, now = self._live, self._strokes, float(number)
        self._strokes = replace(
            s,
            off_at=np.where(live["command"] == NO, now, s.off_at),
            unsafe_at=np.where(live["safe"] == NO, now, s.unsafe_at),
        )

    def _command(self, frame: Frame) -> U1:
        """Answer by element: told to be safe. A bit that is not Good but on still commands."""
        table = self._table
        value, status = frame.value[table.trips], frame.status[table.trips]
        on, off = ~is_bad(status) & (value > 0.5), is_good(status) & (value <= 0.5)
        by_function = answer(table.drives @ on.astype(np.int32) > 0, table.drives @ (~off).astype(np.int32) == 0)
        own = frame.value[table.command]
        good = is_good(frame.status[table.command])
        said = answer(good & (own > 0.5), good & (own <= 0.5))
        return np.where(table.command >= 0, said, by_function).astype(np.uint8)

    def _safe(self, frame: Frame) -> U1:
        table = self._table
        value, good = frame.value[table.feedback], is_good(frame.status[table.feedback])
        near = np.abs(value - table.safe_value) <= table.tolerance
        return answer(good & near, good & ~near & ~np.isnan(value))

    def _fast_moves(self, frame: Frame) -> bool:
        """Whether a fast read shows a bit of ours other than the scan does."""
        fast, mine = frame.fast, self._fast
        if not fast.point.size or not mine.size:
            return False
        moved = fast.value[mine] != frame.value[fast.point[mine]][:, None]
        return bool(moved.any() and (moved & is_good(fast.status[mine])).any())

    def _moments(self, frame: Frame, command: U1, safe: U1, number: int) -> "_Moments":
        """When the command and the safe state were last not there and first there, by the scan or by fast reads."""
        n = len(self._table.names)
        now, none = np.full(n, float(number)), np.zeros(n)
        off_at, on_at = np.where(command == NO, now, none), np.where(command == YES, now, none)
        unsafe_at, safe_at = np.where(safe == NO, now, none), np.where(safe == YES, now, none)
        fast = frame.fast
        if fast.point.size:
            period_ns = self._plant.period_ns
            place = {row: i for i, row in enumerate(fast.point.tolist())}
            for i, (own, trips, feedback) in enumerate(self._table.watched):
                bits = [place[row] for row in ((own,) if own >= 0 else trips) if row in place]
                if command[i] == YES and bits and len(bits) == (1 if own >= 0 else len(trips)):
                    on = np.any((fast.value[bits] > 0.5) & is_good(fast.status[bits]), axis=0)
                    off_at[i], on_at[i] = _edge(fast, bits, on, frame.number, period_ns, on_at[i])
                if safe[i] == YES and feedback in place:
                    k = [place[feedback]]
                    near = np.abs(fast.value[k] - self._table.safe_value[i]) <= self._table.tolerance[i]
                    there = np.any(near & is_good(fast.status[k]), axis=0)
                    unsafe_at[i], safe_at[i] = _edge(fast, k, there, frame.number, period_ns, safe_at[i])
        return _Moments(off_at, on_at, unsafe_at, safe_at)

    def _follow(self, command: U1, safe: U1, at: "_Moments", number: int, last: int) -> tuple[Strokes, Bool]:
        """The strokes after this scan, and which ended in it (n_elements)."""
        s, table = self._strokes, self._table
        told, released = command == YES, command == NO
        fresh = last == 0
        begins = told & (s.on_at == 0)
        off_at = np.where(at.off > 0, at.off, s.off_at)
        on_before = np.where(begins, off_at, s.on_before)
        on_at = np.where(begins, at.on, np.where(released, 0.0, s.on_at))
        unsafe_at = np.where(at.unsafe > 0, at.unsafe, s.unsafe_at)
        was_unsafe = (s.safe_seen == NO) | (at.unsafe > 0)
        opened = begins & (was_unsafe | (safe == NO)) & ~fresh
        still = (s.open & ~released) | opened
        done = still & (safe == YES)
        lo_s = np.maximum(unsafe_at - on_at, 0.0) * table.period_s
        hi_s = np.where(on_before > 0, (at.safe - on_before) * table.period_s, np.inf)
        slow = np.where(done, lo_s > table.slow_s + TIME_TOLERANCE_S, s.slow)
        waited_s = np.where(told & (on_at > 0) & (safe == NO), (number - on_at) * table.period_s, 0.0)
        late = waited_s > table.allowed_s + TIME_TOLERANCE_S
        failed = ~released & (s.failed | late | (done & (lo_s > table.allowed_s + TIME_TOLERANCE_S)))
        alone = (safe == YES) & released
        moves = alone & ((s.moved_at > 0) | (s.safe_seen == NO)) & (s.on_at == 0)
        moved_at = np.where(moves, np.where(s.moved_at > 0, s.moved_at, number), 0)
        moved_at = np.where((safe == UNKNOWN) | (command == UNKNOWN), s.moved_at, moved_at)
        return (
            Strokes(
                off_at=off_at, on_before=on_before, on_at=on_at, unsafe_at=unsafe_at,
                safe_seen=np.where(safe != UNKNOWN, safe, s.safe_seen).astype(np.uint8), open=still & ~done,
                slow=slow, moved_at=moved_at, failed=failed,
                lo_s=np.where(done, lo_s, s.lo_s), hi_s=np.where(done, hi_s, s.hi_s),
            ),
            done,
        )  # fmt: skip

    def _judge(self, number: int, command: U1, safe: U1, unknown: Bool) -> None:
        s, table, before = self._strokes, self._table, self._active
        settle = SETTLE_S / table.period_s
        waited_s = np.where(s.on_at > 0, (number - s.on_at) * table.period_s, 0.0)
        now = np.stack(
            [
                s.failed,
                (command == YES) & (safe == NO) & (waited_s > table.stuck_s + TIME_TOLERANCE_S),
                s.slow,
                (s.moved_at > 0) & (number - s.moved_at > settle),
            ],
            axis=1,
        )
        self._active = np.where(unknown[:, None], before, now)
        self._since = np.where(self._active & ~before, number, np.where(self._active, self._since, 0))
        a, b = table.pairs[:, 0], table.pairs[:, 1]
        told = (command[a] == YES) | (command[b] == YES)
        one = told & ((safe[a] == YES) != (safe[b] == YES)) & ~unknown[a] & ~unknown[b]
        held = (unknown[a] | unknown[b]) & (self._single_at > 0)
        self._single_at = np.where(one | held, np.where(self._single_at > 0, self._single_at, number), 0)
        single = (self._single_at > 0) & (number - self._single_at > table.pair_scans + settle)
        self._single_since = np.where(single & ~self._single, number, np.where(single, self._single_since, 0))
        self._single = single

    def _write(self, unknown: Bool) -> None:
        """What is said of a scan, and of those that show the same again."""
        pairs, out = self._table.pairs, self._written
        own = slice(0, self._active.size)
        out.active[own], out.active[own.stop :] = self._active.ravel(), self._single
        out.since[own], out.since[own.stop :] = self._since.ravel(), self._single_since
        out.unknown[own] = np.repeat(unknown, len(KINDS))
        out.unknown[own.stop :] = unknown[pairs[:, 0]] | unknown[pairs[:, 1]]
        slow = slice(KINDS.index("slow"), own.stop, len(KINDS))
        out.value[slow], out.limit[slow] = self._strokes.lo_s, self._table.slow_s

    def _say(self, verdict: Verdict, block: slice) -> None:
        said = self._written
        verdict.active[block], verdict.since[block], verdict.unknown[block] = said.active, said.since, said.unknown
        verdict.value[block], verdict.limit[block] = said.value, said.limit

    def _facts(self, number: int, done: Bool, before: Strokes) -> Iterator[Fact]:
        s, table = self._strokes, self._table
        for i in np.flatnonzero(done).tolist():
            baseline_s = float(table.stroke_s[i])
            body: dict[str, Any] = {
                "scan": number,
                "stroke_s": [_number(s.lo_s[i]), _number(s.hi_s[i])],
                "baseline_s": _number(baseline_s),
                "allowed_s": _number(table.allowed_s[i]),
                "outcome": outcome(float(s.lo_s[i]), float(s.hi_s[i]), float(table.allowed_s[i])),
                "slow": bool(s.slow[i]),
            }
            yield Fact(kind="element_stroke", subject=table.names[i], body=body)
        for i in np.flatnonzero(s.failed & ~before.failed).tolist():
            body = {"scan": number, "allowed_s": _number(table.allowed_s[i]), "safe": bool(s.safe_seen[i] == YES)}
            yield Fact(kind="element_failed", subject=table.names[i], body=body)

    def state(self) -> Arrays:
        """Strokes, clocks and conditions."""
        own: Arrays = {
            "last": self._last, "active": self._active, "since": self._since, "single_at": self._single_at,
            "single": self._single, "single_since": self._single_since,
        }  # fmt: skip
        return own | {f"stroke.{name}": array for name, array in self._strokes.arrays().items()}

    def rows(self) -> Rows:
        """By the element's name, double blocks by both."""
        pairs = tuple(_pair_name(self._table, i) for i in range(len(self._table.pairs)))
        own = dict.fromkeys(self.state(), self._table.names)
        return own | {"last": ("scan",), "single_at": pairs, "single": pairs, "single_since": pairs}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._last, self._since, self._single_at = arrays["last"], arrays["since"], arrays["single_at"]
        self._active, self._single = arrays["active"].astype(np.bool_), arrays["single"].astype(np.bool_)
        self._single_since = arrays["single_since"]
        prefix = "stroke."
        own = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
        self._strokes, self._calm = Strokes(**own), False

    def live(self) -> Arrays:
        """By element, in the order of `element_names`: command and safe state (Answers), the last stroke."""
        return self._live


@dataclass(frozen=True, slots=True)
class _Moments:
    off: F8
    on: F8
    unsafe: F8
    safe: F8


@dataclass(frozen=True, slots=True)
class _Table:
    """One row an element. trips: rows of the trip bits of the functions; drives (n_elements, n_functions).

    allowed_s: the shortest time that a function leaves for it. watched: own command, trip bits and feedback of each.
    rows: every point looked at. pairs (n_pairs, 2).
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    feedback: Index
    command: Index
    safe_value: F8
    tolerance: F8
    trips: Index
    drives: csr_array
    stroke_s: F8
    slow_s: F8
    stuck_s: F8
    allowed_s: F8
    pairs: Index
    pair_scans: F8
    watched: tuple[tuple[int, tuple[int, ...], int], ...]
    rows: Index
    period_s: float


def element_names(plant: Plant) -> tuple[str, ...]:
    """The final elements of a plant, each once, in the order of the functions."""
    return tuple(dict.fromkeys(element.name for f in plant.file.functions for element in f.elements))


def _compile(plant: Plant) -> _Table:
    functions, row, period_s = plant.file.functions, plant.points.row, plant.file.scan_period_s
    names = element_names(plant)
    place = {name: i for i, name in enumerate(names)}
    n = len(names)
    feedback, command = np.full(n, -1, dtype=np.intp), np.full(n, -1, dtype=np.intp)
    safe_value, stroke_s, allowed_s = np.zeros(n), np.full(n, np.nan), np.full(n, np.inf)
    units, partner = [""] * n, {}
    links: list[tuple[int, int]] = []
    for k, function in enumerate(functions):
        for element in function.elements:
            i = place[element.name]
            links.append((i, k))
            feedback[i], safe_value[i] = row[element.feedback], element.safe_value
            units[i] = units[i] or function.unit
            allowed_s[i] = min(allowed_s[i], function.response_s - function.sensor_lag_s)
            if element.command is not None:
                command[i] = row[element.command]
            if element.stroke_s is not None:
                stroke_s[i] = element.stroke_s
            if element.pair is not None:
                partner[i] = place[element.pair]
    pairs = sorted({(min(i, j), max(i, j)) for i, j in partner.items()})
    trips = np.array([row[function.tripped] for function in functions], dtype=np.intp)
    by_element: list[tuple[int, ...]] = [tuple(int(trips[k]) for i, k in links if i == e) for e in range(n)]
    ones = np.ones(len(links), dtype=np.int32)
    drives = csr_array((ones, ([i for i, _ in links], [k for _, k in links])), shape=(n, len(functions)))
    span = plant.points.high - plant.points.low
    tolerance = np.where(plant.points.analog, ANALOG_FEEDBACK_TOLERANCE * span, STATE_FEEDBACK_TOLERANCE)[feedback]
    known = ~np.isnan(stroke_s)
    stuck_s = STUCK_STROKES * np.where(known, stroke_s, allowed_s)
    both = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    worst_s = np.where(known, stroke_s, allowed_s)[both].max(axis=1, initial=0.0)
    used = np.unique(np.concatenate([feedback, command, trips]))
    return _Table(
        names=names, units=tuple(units), feedback=feedback, command=command, safe_value=safe_value,
        tolerance=tolerance, trips=trips, drives=drives, stroke_s=stroke_s,
        slow_s=np.where(known, SLOW_SHARE * stroke_s, np.inf), stuck_s=stuck_s, allowed_s=allowed_s, pairs=both,
        pair_scans=SLOW_SHARE * worst_s / period_s,
        watched=tuple(zip(command.tolist(), by_element, feedback.tolist(), strict=True)),
        rows=used[used >= 0], period_s=period_s,
    )  # fmt: skip


def _edge(fast: Any, places: list[int], there: Bool, number: int, period_ns: int, at: float) -> tuple[float, float]:
    """The last read of a group certainly without, and the first with it; (0, at) where the reads say nothing."""
    group = int(fast.group[places[0]])
    begun = number + fast.begun_ns[group] / period_ns
    ended = number + fast.ended_ns[group] / period_ns
    seen = is_good(fast.status[places]).all(axis=0) & (ended <= number)
    first = there & seen
    if not first.any():
        last_off = begun[seen].max(initial=0.0) if seen.any() else 0.0
        return float(last_off), at
    k = int(np.flatnonzero(first)[0])
    off = begun[:k][seen[:k] & ~there[:k]]
    return float(off.max(initial=0.0)), float(ended[k])


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


_TEXT: dict[str, tuple[ConditionClass, int, dict[str, str], dict[str, str]]] = {
    "failed": (
        ConditionClass.FINDING,
        2,
        {
            "en": "The element was not in its safe state when the time that its function allows was over.",
            "zh": "在联锁允许的时间内，该执行元件未到达安全位置。",
        },
        {
            "en": "Check the element in the field; record the failure for its proof test.",
            "zh": "现场检查该执行元件；将失效记入检验测试记录。",
        },
    ),
    "stuck": (
        ConditionClass.ALARM,
        2,
        {
            "en": "The element was told to go to its safe state and has not: what it should stop goes on.",
            "zh": "已发出安全动作指令，但执行元件未到位：应被切断的介质仍在继续。",
        },
        {
            "en": "Close it by hand, or use the next block valve; then find out why: air, actuator, seat.",
            "zh": "手动关闭，或使用下一道切断阀；再查明原因：气源、执行机构、阀座。",
        },
    ),
    "slow": (
        ConditionClass.FINDING,
        3,
        {
            "en": "The stroke took a fifth more than at commissioning: the element wears or sticks.",
            "zh": "行程时间比投用时长20%以上：该元件磨损或卡涩。",
        },
        {
            "en": "Plan maintenance of the actuator; the next full stroke in time ends this finding.",
            "zh": "安排执行机构检修；下一次行程合格后该提示自动消除。",
        },
    ),
    "moved": (
        ConditionClass.FINDING,
        3,
        {
            "en": "The element went to its safe state without a command of the safety system.",
            "zh": "安全系统未发指令，执行元件自行动作到安全位置。",
        },
        {
            "en": "Ask whether the control system or people moved it; else check air and actuator.",
            "zh": "核实是否由控制系统或人员操作；否则检查气源和执行机构。",
        },
    ),
    SINGLE_BLOCK: (
        ConditionClass.ALARM,
        2,
        {
            "en": "Only one of the two valves of a double block is shut: a leak through it is not held back.",
            "zh": "双切断中仅有一台阀到位：该阀内漏时将无法阻断。",
        },
        {
            "en": "Shut the other valve by hand; do not reset before both have moved.",
            "zh": "手动关闭另一台阀；两阀均到位前不得复位。",
        },
    ),
}


def _element_conditions(plant: Plant, table: _Table) -> Iterator[Condition]:
    for i, name in enumerate(table.names):
        for kind in KINDS:
            yield _condition(plant, table, i, name, kind)


def _pair_conditions(plant: Plant, table: _Table) -> Iterator[Condition]:
    for k, (a, _) in enumerate(table.pairs.tolist()):
        yield _condition(plant, table, a, _pair_name(table, k), SINGLE_BLOCK)


def _pair_name(table: _Table, k: int) -> str:
    return "+".join(table.names[i] for i in table.pairs[k].tolist())


def _condition(plant: Plant, table: _Table, i: int, subject: str, kind: str) -> Condition:
    klass, priority, consequence, action = _TEXT[kind]
    point = int(table.feedback[i])
    return Condition(
        name=f"{subject}.{kind}",
        subject=subject,
        kind=kind,
        klass=klass,
        priority=priority,
        point=point,
        source=int(plant.points.source[point]),
        unit=table.units[i],
        consequence=consequence,
        action=action,
    )
