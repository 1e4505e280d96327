"""Is each effect possible now? What it needs to be possible: air, power, cooling reserve, an empty vessel, a test in
its term.

One precondition missing makes an effect not ready, and every function that uses it degraded. What cannot be judged
(bad data; a sample, which people confirm) changes nothing and is unknown. An effect that no function brings about by
tripping, such as a permission, is not judged here.
"""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from scipy.sparse import csr_array

from plantsafe.clock import NS_PER_S
from plantsafe.delay import Delay
from plantsafe.frame import I8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.expression import Expression
from plantsafe.plant.model import Certificate, PowerSupply, Precondition, ReliefDevice
from plantsafe.plant.plant_truths import PlantTruths
from plantsafe.protection.answer import ABSENT, NO, U1, UNKNOWN, YES, answered
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

ON_DELAY_S, OFF_DELAY_S = 5.0, 30.0  # a value at its limit does not come and go (site default)
NO_END_NS = np.iinfo(np.int64).max
_ACTS = ("X", "T")


class ReadinessCheck:
    """One alarm an effect that functions bring about, `<effect>.not_ready`.

    After `evaluate`: not_ready (n_functions) where an effect that the function uses lacks something.
    """

    name = "readiness"

    def __init__(self, plant: Plant, truths: PlantTruths | None = None) -> None:
        file = plant.file
        effects, self._users = _used(plant)
        self._effects = tuple(file.effects[i] for i in effects)
        self._terms = _Terms(plant, truths or PlantTruths(plant))
        pairs = [(i, self._terms.add(plant, e, need)) for i, e in enumerate(effects) for need in _of(plant, e)]
        shape = (len(effects), self._terms.size)
        self._needs = _matrix([(i, j) for i, j in pairs if j >= 0], shape)
        self._need_names = [[need.name for need in effect.preconditions] for effect in self._effects]
        self._need_terms: list[list[int]] = [[] for _ in effects]
        for i, j in pairs:
            self._need_terms[i].append(j)
        self._pair_terms = np.array([j for _, j in pairs], dtype=np.intp)
        self._preconditions: U1 = np.full(len(pairs), ABSENT)
        self._there: U1 = np.zeros(0, dtype=np.uint8)  # of the terms, in the scan before
        self._lacks: Bool = np.zeros(len(effects), dtype=np.bool_)
        n = len(effects)
        self._delay = Delay(
            np.full(n, plant.scans(ON_DELAY_S), dtype=np.int32), np.full(n, plant.scans(OFF_DELAY_S), dtype=np.int32)
        )
        self.not_ready: Bool = np.zeros(len(file.functions), dtype=np.bool_)
        self._unknown: Bool = np.zeros(n, dtype=np.bool_)
        self._functions = tuple(function.name for function in file.functions)
        users = self._users.tocsc()
        self._used_by = [
            [self._functions[k] for k in users.indices[users.indptr[i] : users.indptr[i + 1]].tolist()]
            for i in range(n)
        ]
        self.conditions = tuple(_condition(plant, effect, self._used_by[i]) for i, effect in enumerate(self._effects))

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge every precondition once, and the effects that need it."""
        there = self._terms.judge(frame)
        if not np.array_equal(there, self._there):
            self._take(there)
        before = self._delay.active
        self._delay.step(self._lacks, self._unknown, number=frame.number, gap=verdict.gap)
        active = self._delay.active
        if not np.array_equal(before, active):
            self.not_ready = (self._users @ active.astype(np.int32)) > 0
            verdict.facts.extend(self._fact(i, there) for i in np.flatnonzero(active & ~before).tolist())
        verdict.active[block], verdict.since[block] = active, self._delay.since
        verdict.unknown[block] = self._unknown

    def _take(self, there: U1) -> None:
        """What the terms, being there or not (n_terms), say of the effects."""
        self._there = there
        self._lacks = (self._needs @ (there == NO).astype(np.int32)) > 0
        self._unknown = ~self._lacks & ((self._needs @ (there == UNKNOWN).astype(np.int32)) > 0)
        self._preconditions = np.append(there, ABSENT)[self._pair_terms]  # -1 is a sample

    def _fact(self, i: int, there: U1) -> Fact:
        terms = zip(self._need_names[i], self._need_terms[i], strict=True)
        body: dict[str, Any] = {
            "missing": [name for name, term in terms if term >= 0 and there[term] == NO],
            "functions": self._used_by[i],
        }
        return Fact(kind="effect_not_ready", subject=self._effects[i].name, body=body)

    def state(self) -> Arrays:
        """The timers, and what came of them."""
        return self._delay.state() | {"functions_not_ready": self.not_ready}

    def rows(self) -> Rows:
        """Timers go over by the effect's name."""
        effects = tuple(condition.name for condition in self.conditions)
        own = dict.fromkeys(self._delay.state(), effects)
        return own | {"functions_not_ready": self._functions}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._delay.load(arrays)
        self.not_ready = arrays["functions_not_ready"].astype(np.bool_)

    def live(self) -> Arrays:
        """functions_not_ready (n_functions); lacking, unknown by effect, in the order of the conditions.

        preconditions: Answer, is it there, by effect and precondition in their order; ABSENT for a sample.
        """
        return {
            "functions_not_ready": self.not_ready,
            "lacking": self._delay.active,
            "unknown": self._unknown,
            "preconditions": self._preconditions,
        }


class _Terms:
    """The different preconditions of a plant, each judged once: expressions, terms of devices, their state points."""

    def __init__(self, plant: Plant, truths: PlantTruths) -> None:
        self._truths = truths
        registers = plant.file.registers
        kept: tuple[PowerSupply | ReliefDevice | Certificate, ...] = (
            *registers.power_supplies,
            *registers.relief_devices,
            *registers.certificates,
        )
        self._entries = {one.name: one for one in kept}
        self._zone = ZoneInfo(plant.file.site.timezone)
        self._place: dict[str, int] = {}
        self._expressions: list[tuple[int, Expression]] = []
        self._end_ns: list[int] = []
        self._bit: list[int] = []
        self._ends: I8 = np.zeros(0, dtype=np.int64)
        self._bits = np.zeros(0, dtype=np.intp)
        self._has: Bool = np.zeros(0, dtype=np.bool_)
        self._expressed = self._places = np.zeros(0, dtype=np.intp)

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._end_ns)

    def add(self, plant: Plant, effect: int, need: Precondition) -> int:
        """The place of a precondition among the terms; -1 for a sample, which people confirm."""
        key = need.expression or str(need.register_entry)
        if need.register_entry is not None and need.register_entry not in self._entries:
            return -1
        if key in self._place:
            return self._place[key]
        place = self._place[key] = self.size
        end_ns, bit = NO_END_NS, -1
        if need.register_entry is not None:
            end_ns, bit = _term(plant, self._entries[need.register_entry], self._zone)
        else:
            k = next(k for k, one in enumerate(plant.file.effects[effect].preconditions) if one is need)
            self._expressions.append((place, plant.expressions.preconditions[effect, k]))
        self._end_ns.append(end_ns)
        self._bit.append(bit)
        self._ends, self._bits = np.array(self._end_ns), np.array(self._bit, dtype=np.intp)
        self._has = self._bits >= 0
        self._expressed = np.array([one for one, _ in self._expressions], dtype=np.intp)
        self._places = self._truths.places(expression for _, expression in self._expressions)
        return place

    def judge(self, frame: Frame) -> U1:
        """(n_terms) Whether each is there."""
        there = np.where(frame.time_ns >= self._ends, NO, YES)
        if self._has.any():
            good, off = frame.good[self._bits], frame.value[self._bits] <= 0.5
            there[self._has & ~good & (there == YES)] = UNKNOWN
            there[self._has & good & off] = NO
        there[self._expressed] = answered(self._truths.of(frame)[1])[self._places]
        return there


def _term(plant: Plant, entry: PowerSupply | ReliefDevice | Certificate, zone: ZoneInfo) -> tuple[int, int]:
    """The first instant after the term, and the row of the state point that says ready or intact (-1: none).

    A device whose last test nobody wrote down is not in its term.
    """
    row = plant.points.row
    if isinstance(entry, Certificate):
        return _midnight_ns(date.fromisoformat(entry.until) + timedelta(days=1), zone), -1
    bit = entry.ready if isinstance(entry, PowerSupply) else entry.intact
    if entry.last is None:
        return 0, -1 if bit is None else row[bit]
    end = date.fromisoformat(entry.last) + timedelta(days=entry.every_days + 1)
    return _midnight_ns(end, zone), -1 if bit is None else row[bit]


def _midnight_ns(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * NS_PER_S


def _of(plant: Plant, effect: int) -> tuple[Precondition, ...]:
    return plant.file.effects[effect].preconditions


def _used(plant: Plant) -> tuple[list[int], csr_array]:
    """Rows of the effects that functions bring about, and which function uses which (n_functions, n_effects).

    By the cells of a function's row that trip, and by the final elements that both have.
    """
    file = plant.file
    effect_row = {effect.name: i for i, effect in enumerate(file.effects)}
    function_row = {function.name: i for i, function in enumerate(file.functions)}
    uses = {
        (function_row[row.function], effect_row[cell.effect])
        for row in file.causes_and_effects
        if row.function is not None
        for cell in row.cells
        if cell.action in _ACTS
    }
    by_element: dict[str, list[int]] = {}
    for i, effect in enumerate(file.effects):
        for element in effect.elements:
            by_element.setdefault(element, []).append(i)
    uses |= {
        (k, i)
        for k, function in enumerate(file.functions)
        for element in function.elements
        for i in by_element.get(element.name, ())
    }
    effects = sorted({i for _, i in uses})
    column = {effect: i for i, effect in enumerate(effects)}
    return effects, _matrix([(k, column[i]) for k, i in uses], (len(file.functions), len(effects)))


def _matrix(pairs: list[tuple[int, int]], shape: tuple[int, int]) -> csr_array:
    rows, columns = [i for i, _ in pairs], [j for _, j in pairs]
    ones = np.ones(len(pairs), dtype=np.int32)
    matrix = csr_array((ones, (np.array(rows, dtype=np.intp), np.array(columns, dtype=np.intp))), shape=shape)
    matrix.sum_duplicates()
    matrix.sort_indices()
    return matrix


def _condition(plant: Plant, effect: Any, users: list[str]) -> Condition:
    functions = ", ".join(users)
    return Condition(
        name=f"{effect.name}.not_ready",
        subject=effect.name,
        kind="not_ready",
        klass=ConditionClass.ALARM,
        priority=2,
        on_delay_scans=plant.scans(ON_DELAY_S),
        off_delay_scans=plant.scans(OFF_DELAY_S),
        unit=effect.unit,
        consequence={
            "en": f"Something that this effect needs is missing; if it is asked for now it may not work: {functions}.",
            "zh": f"该动作所需的前提条件缺失，此时若要求动作可能失效：{functions}。",
        },
        action={
            "en": "See what is missing (protection page); restore it, or put a compensating measure in place.",
            "zh": "查看缺失的前提条件（保护页面）；恢复该条件，或落实补偿措施。",
        },
    )
