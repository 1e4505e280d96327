"""Restart lock: an agitator that stood still while nitrating agent was dosed may not be started again unseen.

Stopped for longer than the file allows, with something dosed since the stop: the unit is locked, until two people have
confirmed temperature and sample. What the effect of the lock needs by measurement must be there when they do. A restart
before that is an alarm of its own. A value that is not Good neither locks nor unlocks; while the agitator certainly
stands still, a dosing that cannot be seen counts as dosing.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from plantsafe.frame import F8, I8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.model import RestartLock, Unit
from plantsafe.plant.plant_truths import PlantTruths
from plantsafe.protection.answer import NO, UNKNOWN, YES, answered
from plantsafe.request import Request, RequestKind
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

RESTART_ACTS = frozenset({RequestKind.RESTART_CONFIRM})
TEXT_MAX = 1000  # characters of a text in a confirmation (site default)
LOCKED = (
    {
        "en": "Nitrating agent was dosed while the agitator stood still: a restart sets its heat free at once",
        "zh": "搅拌停止期间已滴加硝化剂，重启会瞬间放热",
    },
    {
        "en": "Do not restart. Check the temperature, take a sample; two people confirm both on the unit's page",
        "zh": "禁止重启搅拌。核对温度并取样，由两人在装置页面共同确认",
    },
)
RESTARTED = (
    {"en": "The agitator runs again before two people confirmed it", "zh": "未经两人确认搅拌已重启"},
    {
        "en": "Clear the bay. Watch the temperature; be ready for the dump",
        "zh": "人员撤离；监视釜温，准备紧急排料",
    },
)


@dataclass(slots=True, kw_only=True)
class Lock:
    """One row a lock; scans, 0 for not. stopped_at: since when it stands still. dosed: something came in since."""

    stopped_at: I8
    dosed: Bool
    locked_at: I8
    restarted_at: I8

    @classmethod
    def fresh(cls, n: int) -> "Lock":
        """All run."""
        return cls(
            stopped_at=np.zeros(n, dtype=np.int64),
            dosed=np.zeros(n, dtype=np.bool_),
            locked_at=np.zeros(n, dtype=np.int64),
            restarted_at=np.zeros(n, dtype=np.int64),
        )

    def arrays(self) -> Arrays:
        """By name, for a snapshot."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class RestartCheck:
    """Two alarms a locked unit, `<unit>.restart_locked` and `<unit>.restarted`."""

    name = "restart"

    def __init__(self, plant: Plant, truths: PlantTruths | None = None) -> None:
        self._plant = plant
        self._truths = truths or PlantTruths(plant)
        self._units = tuple(unit for unit in plant.file.units if unit.restart_lock is not None)
        self._row = {unit.name: i for i, unit in enumerate(self._units)}
        rows = [i for i, unit in enumerate(plant.file.units) if unit.restart_lock is not None]
        self._stopped = self._truths.places(plant.expressions.locks[i][0] for i in rows)
        self._dosing = self._truths.places(plant.expressions.locks[i][1] for i in rows)
        self._after = np.array([plant.scans(lock_of(unit).after_s) for unit in self._units], dtype=np.int64)
        self._effects = {effect.name: i for i, effect in enumerate(plant.file.effects)}
        self.lock = Lock.fresh(len(self._units))
        self._seen: F8 = np.zeros(0)
        self.conditions = tuple(condition for unit in self._units for condition in _conditions(unit))

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Follow every agitator and what is dosed."""
        if not self._units:
            return
        number, lock = frame.number, self.lock
        self._seen = frame.seen
        answers = answered(self._truths.of(frame)[1])
        stopped, dosing = answers[self._stopped], answers[self._dosing]
        was_locked = lock.locked_at > 0
        runs = (stopped == NO) & ~was_locked
        lock.stopped_at = np.where(
            runs, 0, np.where((stopped == YES) & (lock.stopped_at == 0), number, lock.stopped_at)
        )
        lock.dosed = ~runs & (lock.dosed | ((lock.stopped_at > 0) & (stopped == YES) & (dosing != NO)))
        due = (lock.stopped_at > 0) & lock.dosed & (number - lock.stopped_at > self._after) & (stopped != NO)
        lock.locked_at = np.where(was_locked, lock.locked_at, np.where(due, number, 0))
        again = was_locked & (stopped == NO)
        lock.restarted_at = np.where(again, np.where(lock.restarted_at > 0, lock.restarted_at, number), 0)
        for i in np.flatnonzero((lock.locked_at > 0) & ~was_locked).tolist():
            body = {"stopped_scan": int(lock.stopped_at[i]), "scan": number}
            verdict.facts.append(Fact(kind="restart_locked", subject=self._units[i].name, body=body))
        since = np.column_stack([lock.locked_at, lock.restarted_at])
        verdict.since[block], verdict.active[block] = since.ravel(), (since > 0).ravel()
        verdict.unknown[block] = np.repeat((stopped == UNKNOWN) & (lock.locked_at == 0), 2)

    def decide(self, request: Request, number: int) -> tuple[str, str, dict[str, Any]]:
        """Answer a confirmation: why not, else the kind of event and what it adds to the request's body."""
        i = self._row.get(request.subject)
        if i is None:
            return f"{request.subject} has no restart lock", "", {}
        if reason := self._why_not(i, request):
            return reason, "", {}
        lock = self.lock
        told = {"locked_scan": int(lock.locked_at[i]), "restarted_scan": int(lock.restarted_at[i]) or None}
        for array in (lock.locked_at, lock.restarted_at, lock.dosed):
            array[i] = 0
        lock.stopped_at[i] = number if lock.stopped_at[i] else 0
        return "", "restart_confirmed", told

    def _why_not(self, i: int, request: Request) -> str:
        body, second = request.body, request.second_actor.strip()
        temperature, sample = body.get("temperature"), body.get("sample")
        if self.lock.locked_at[i] == 0:
            return f"{request.subject} is not locked"
        if not second:
            return "a restart needs a second person who confirms it too"
        if second.casefold() == request.actor.strip().casefold():
            return f"{request.actor} confirmed it already; another person must do so too"
        if isinstance(temperature, bool) or not isinstance(temperature, int | float):
            return "a confirmation needs the temperature that was read"
        if not isinstance(sample, str) or not sample.strip() or len(sample) > TEXT_MAX:
            return "a confirmation needs the number and the result of the sample"
        effect = self._effects[lock_of(self._units[i]).effect]
        for k, need in enumerate(self._plant.file.effects[effect].preconditions):
            expression = self._plant.expressions.preconditions.get((effect, k))
            if expression is None:
                continue  # a sample: what the two people confirm
            true, unclear = expression.truth(self._seen) if self._seen.size else (False, True)
            if unclear or not true:
                return f"{need.title.en}: {'cannot be judged now' if unclear else 'does not hold'}"
        return ""

    def state(self) -> Arrays:
        """The locks."""
        return self.lock.arrays()

    def rows(self) -> Rows:
        """By the unit's name."""
        return dict.fromkeys(self.state(), tuple(self._row))

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave; a memory of a time without locks leaves all open."""
        if "locked_at" in arrays:
            self.lock = Lock(**{field.name: arrays[field.name].copy() for field in fields(Lock)})
            self.lock.dosed = self.lock.dosed.astype(np.bool_)

    def live(self) -> Arrays:
        """By lock, in the order of the units that have one."""
        return {name: array.copy() for name, array in self.lock.arrays().items()}


def lock_of(unit: Unit) -> RestartLock:
    """The lock of a unit that has one."""
    assert unit.restart_lock is not None  # noqa: S101  # asked only of those
    return unit.restart_lock


def _conditions(unit: Unit) -> tuple[Condition, Condition]:
    def one(kind: str, priority: int, texts: tuple[dict[str, str], dict[str, str]]) -> Condition:
        return Condition(
            name=f"{unit.name}.{kind}",
            subject=unit.name,
            kind=kind,
            klass=ConditionClass.ALARM,
            priority=priority,
            unit=unit.name,
            consequence=texts[0],
            action=texts[1],
        )

    return one("restart_locked", 2, LOCKED), one("restarted", 1, RESTARTED)
