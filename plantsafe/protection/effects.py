"""Causes and effects: what the matrix says must be, against what the final elements show.

Each effect has three findings: `<effect>.missing` (it had to come and its elements are not safe when their time is
over), `<effect>.unexplained` (its elements went to their safe state and no cause of the matrix says why),
`<effect>.forbidden` (its elements left their safe state while a permit was lacking or an inhibit held). They are
findings: the alarms are those of the functions and of the elements. What cannot be seen keeps what it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from plantsafe.frame import F8, I8, Bool, Frame
from plantsafe.plant import Plant
from plantsafe.plant.plant_truths import PlantTruths
from plantsafe.protection.answer import ABSENT, NO, U1, UNKNOWN, YES, answer, answered
from plantsafe.protection.check import FunctionCheck
from plantsafe.protection.effect_machine import Effects, EffectState, Seen, Stepped, compile_matrix, step
from plantsafe.protection.tables import ANALOG_FEEDBACK_TOLERANCE, STATE_FEEDBACK_TOLERANCE
from plantsafe.protection.vote import BYPASSED
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

Kind = Literal["missing", "unexplained", "forbidden"]
KINDS: tuple[Kind, ...] = ("missing", "unexplained", "forbidden")
SETTLE_S = 2.0  # a cause and its effect of one instant may come with two scans (site default)
ALLOWED_S = 10.0  # for an effect that no function brings about and whose elements have no stroke (site default)
TEXTS: dict[Kind, tuple[dict[str, str], dict[str, str]]] = {
    "missing": (
        {"en": "A cause of the matrix asks for this effect and it did not come", "zh": "因果表要求的后果未实现"},
        {"en": "Bring the final elements to their safe state by hand", "zh": "手动使执行元件到安全位置"},
    ),
    "unexplained": (
        {"en": "The effect came and no cause of the matrix explains it", "zh": "后果已出现，但因果表中无对应原因"},
        {"en": "Find out what moved the final elements", "zh": "查明执行元件动作的原因"},
    ),
    "forbidden": (
        {"en": "The effect was left while the matrix does not permit it", "zh": "因果表不允许时已解除该后果"},
        {"en": "Go back to the safe state; find out who started", "zh": "恢复安全状态，查明启动原因"},
    ),
}


class EffectCheck:
    """Three findings an effect, and an event for each change of its state."""

    name = "effects"

    def __init__(self, plant: Plant, functions: FunctionCheck, truths: PlantTruths | None = None) -> None:
        file = plant.file
        self._truths = truths or PlantTruths(plant)
        causes, resets = plant.expressions.causes, plant.expressions.resets
        self._causes = np.array(list(causes), dtype=np.intp), self._truths.places(causes.values())
        self._resets = np.array(list(resets), dtype=np.intp), self._truths.places(resets.values())
        self._functions, self._plant = functions, plant
        self._names = tuple(effect.name for effect in file.effects)
        self._rows = tuple(row.name for row in file.causes_and_effects)
        self._matrix = compile_matrix(plant)
        order = {function.name: i for i, function in enumerate(file.functions)}
        of = [-1 if row.function is None else order[row.function] for row in file.causes_and_effects]
        self._function = np.array(of, dtype=np.intp)
        self._by_function: Bool = self._function >= 0
        self._alarms = [(i, row.alarm) for i, row in enumerate(file.causes_and_effects) if row.alarm is not None]
        self._of_alarm = np.array([i for i, _ in self._alarms], dtype=np.intp)
        self._alarm_row = np.zeros(0, dtype=np.intp)
        self._elements = _Elements(plant)
        self._allowed = _allowed_scans(plant)
        self._settle = plant.scans(SETTLE_S)
        self.conditions = tuple(_condition(plant, i, kind) for i in range(len(file.effects)) for kind in KINDS)
        n = len(file.effects)
        self._effects = Effects.fresh(self._matrix)
        self._safe_seen: U1 = np.full(n, UNKNOWN)
        self._begun: I8 = np.zeros((n, 2), dtype=np.int64)  # unexplained, forbidden: since when, 0 for not
        self._active: Bool = np.zeros((n, len(KINDS)), dtype=np.bool_)
        self._since: I8 = np.zeros((n, len(KINDS)), dtype=np.int64)
        self._last = np.zeros(1, dtype=np.int64)
        self._shown: tuple[bytes, ...] = ()
        self._calm = False
        self._asks_permit: Bool = np.ones(len(self._rows), dtype=np.bool_)  # only what is tripped waits for a reset
        self._observed: U1 = self._safe_seen

    def place(self, conditions: Sequence[Condition]) -> None:
        """Where the alarms that are causes stand in the verdict."""
        row = {condition.name: i for i, condition in enumerate(conditions)}
        self._alarm_row = np.array([row[name] for _, name in self._alarms], dtype=np.intp)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Step every effect and compare it with what its elements show."""
        if not self._names:
            return
        number, last = frame.number, int(self._last[0])
        self._last = np.array([number], dtype=np.int64)
        seen = self._look(frame, verdict)
        asked = (seen.alive, seen.latched, seen.permit * self._asks_permit, seen.overridden, seen.observed)
        shown = tuple(array.tobytes() for array in asked)
        if not (self._calm and shown == self._shown and number - last == 1):
            before = self._effects
            done = step(before, self._matrix, seen, number)
            self._effects = done.effects
            self._compare(done, seen.observed, number)
            self._observed = seen.observed
            verdict.facts.extend(self._facts(before))
            waits = (self._begun > 0) & (number - self._begun <= self._settle + 1)
            due = done.must_be_safe & (number - done.effects.tripped_at <= self._allowed + 1)
            self._calm = not (done.running or waits.any() or due.any())
            asks = self._asks_permit = done.effects.alive | done.effects.latched
            asks[self._matrix.row[done.effects.kept]] = True
            self._shown = (*shown[:2], (seen.permit * asks).tobytes(), *shown[3:])
        verdict.active[block], verdict.since[block] = self._active.ravel(), self._since.ravel()
        verdict.unknown[block] = np.repeat(self._observed == UNKNOWN, len(KINDS))

    def _look(self, frame: Frame, verdict: Verdict) -> Seen:
        live, n = self._functions.live(), len(self._rows)
        alive, latched = np.zeros((2, n), dtype=np.uint8)  # NO
        overridden: Bool = np.zeros(n, dtype=np.bool_)
        mine, of = self._by_function, self._function[self._by_function]
        if len(of):
            alive[mine], latched[mine] = live["demand"][of], live["tripped"][of]
            overridden[mine] = (live["channel_state"] == BYPASSED).any(axis=1)[of]
        if self._alarms:
            active, unknown = verdict.active[self._alarm_row], verdict.unknown[self._alarm_row]
            alive[self._of_alarm] = np.where(active, YES, np.where(unknown, UNKNOWN, NO))
        permit = np.full(n, YES)
        answers = answered(self._truths.of(frame)[1])
        for array, (rows, places) in ((alive, self._causes), (permit, self._resets)):
            array[rows] = answers[places]
        return Seen(
            alive=alive,
            latched=latched,
            permit=permit,
            overridden=overridden,
            observed=self._elements.observed(frame),
        )

    def _compare(self, done: Stepped, observed: U1, number: int) -> None:
        """The differences; an unknown position leaves them as they were."""
        unknown = observed == UNKNOWN
        safe, unsafe = observed == YES, observed == NO
        missing = done.must_be_safe & unsafe & (number - done.effects.tripped_at > self._allowed)
        begun = self._begun
        odd = safe & ~self._elements.explained(done.must_be_safe) & ((begun[:, 0] > 0) | (self._safe_seen == NO))
        forbidden = done.may_not_leave & unsafe & ((begun[:, 1] > 0) | (self._safe_seen == YES))
        now = np.stack([odd, forbidden], axis=1)
        self._begun = np.where(unknown[:, None], begun, np.where(now, np.where(begun > 0, begun, number), 0))
        late = (self._begun > 0) & (number - self._begun >= self._settle)
        active = np.column_stack([missing, late])
        before = self._active
        self._active = np.where(unknown[:, None], before, active)
        self._since = np.where(self._active, np.where(before, self._since, number), 0)
        self._safe_seen = np.where(unknown, self._safe_seen, observed)

    def _facts(self, before: Effects) -> Iterator[Fact]:
        now = self._effects
        for i in np.flatnonzero(now.state != before.state).tolist():
            cells = np.flatnonzero((self._matrix.effect == i) & (now.since > 0))
            causes = dict.fromkeys(self._rows[k] for k in self._matrix.row[cells].tolist())
            body: dict[str, Any] = {
                "from": EffectState(int(before.state[i])).name.lower(),
                "to": EffectState(int(now.state[i])).name.lower(),
                "causes": list(causes),
            }
            yield Fact(kind="effect_state", subject=self._names[i], body=body)

    def state(self) -> Arrays:
        """Effects, clocks and differences."""
        own: Arrays = {
            "last": self._last,
            "safe_seen": self._safe_seen,
            "begun": self._begun,
            "active": self._active,
            "since": self._since,
        }
        return own | {f"effect.{name}": array for name, array in self._effects.arrays().items()}

    def rows(self) -> Rows:
        """By the names of effects, rows and cells."""
        cells = tuple(f"{row.name} {cell.effect}" for row in self._plant.file.causes_and_effects for cell in row.cells)
        own = dict.fromkeys(self.state(), self._names) | {"last": ("scan",)}
        of_cells = {"effect.since": cells, "effect.kept": cells}
        return own | of_cells | {"effect.alive": self._rows, "effect.latched": self._rows}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave; a memory of a time without effects leaves them as they are."""
        if "begun" not in arrays:
            return
        self._last, self._begun, self._since = arrays["last"], arrays["begun"], arrays["since"]
        self._safe_seen, self._active = arrays["safe_seen"], arrays["active"].astype(np.bool_)
        own: Mapping[str, Any] = {k.removeprefix("effect."): a for k, a in arrays.items() if k.startswith("effect.")}
        booleans = {name: own[name].astype(np.bool_) for name in ("alive", "latched", "kept")}
        self._effects, self._calm = Effects(**{**own, **booleans}), False

    def live(self) -> Arrays:
        """By effect: EffectState, since when, and whether its elements are safe (Answer)."""
        return {"state": self._effects.state, "entered": self._effects.entered, "observed": self._observed}


class _Elements:
    """The final elements of each effect, and what they show."""

    def __init__(self, plant: Plant) -> None:
        file, points = plant.file, plant.points
        elements = {element.name: element for function in file.functions for element in function.elements}
        place = {name: i for i, name in enumerate(elements)}
        self._feedback = np.array([points.row[e.feedback] for e in elements.values()], dtype=np.intp)
        self._safe_value: F8 = np.array([e.safe_value for e in elements.values()], dtype=np.float64)
        span = points.high[self._feedback] - points.low[self._feedback]
        analog = points.analog[self._feedback]
        self._tolerance: F8 = np.where(analog, ANALOG_FEEDBACK_TOLERANCE * span, STATE_FEEDBACK_TOLERANCE)
        pairs = [(i, place[name]) for i, effect in enumerate(file.effects) for name in effect.elements]
        at = np.array(pairs, dtype=np.intp).reshape(-1, 2)
        ones = np.ones(len(pairs), dtype=np.int32)
        self._of = csr_array((ones, (at[:, 0], at[:, 1])), shape=(len(file.effects), len(elements)))
        self._moves = self._of.T.tocsr()
        self._has: Bool = np.array([bool(effect.elements) for effect in file.effects], dtype=np.bool_)
        self._shown: U1 = np.zeros(0, dtype=np.uint8)  # of each element in the scan before
        self._observed: U1 = np.zeros(0, dtype=np.uint8)  # what came of it

    def observed(self, frame: Frame) -> U1:
        """YES: all safe. NO: one is certainly not. ABSENT: there are none."""
        value = frame.seen[self._feedback]
        shown = answer(np.abs(value - self._safe_value) <= self._tolerance, ~np.isnan(value))
        if not np.array_equal(shown, self._shown):
            no = self._of @ (shown == NO).astype(np.int32) > 0
            yes = self._of @ (shown != YES).astype(np.int32) == 0
            self._shown, self._observed = shown, np.where(self._has, answer(yes, no), ABSENT)
        return self._observed

    def explained(self, must: Bool) -> Bool:
        """(n_effects) Whether every element of it must be safe, by whichever effect."""
        free = ~(self._moves @ must.astype(np.int32) > 0)
        explained: Bool = (self._of @ free.astype(np.int32)) == 0
        return explained


def _allowed_scans(plant: Plant) -> I8:
    """(n_effects) How long an effect may take: the longest that a function which brings it about may."""
    file = plant.file
    response = {function.name: function.response_s for function in file.functions}
    allowed = {effect.name: 0.0 for effect in file.effects}
    for row in file.causes_and_effects:
        for cell in row.cells:
            within_s = ALLOWED_S if row.function is None else response[row.function]
            if cell.action in ("X", "T"):
                allowed[cell.effect] = max(allowed[cell.effect], within_s)
    return np.array([plant.scans(s + SETTLE_S) for s in allowed.values()], dtype=np.int64)


def _condition(plant: Plant, i: int, kind: Kind) -> Condition:
    effect = plant.file.effects[i]
    title = {"en": effect.title.en, "zh": effect.title.zh}
    consequence, action = TEXTS[kind]
    return Condition(
        name=f"{effect.name}.{kind}",
        subject=effect.name,
        kind=f"effect_{kind}",
        klass=ConditionClass.FINDING,
        priority=4,
        unit=effect.unit,
        consequence={
            "en": f"{title['en']}: {consequence['en'][0].lower()}{consequence['en'][1:]}",
            "zh": f"{title['zh']}：{consequence['zh']}",
        },
        action=action,
    )
