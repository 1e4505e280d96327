"""How long a recipe phase lasts: a finding `<unit>.phase_over` once it is over the `max_duration_min` of the file.

A phase whose beginning was not seen counts from the first scan that showed it, so it is never called too long too soon.
While the phase is not known nothing is judged, and nothing clears; the clock goes on, as the phase may.
"""

import numpy as np

from plantsafe.frame import F8, I8, Bool, Frame, is_good
from plantsafe.plant import Plant
from plantsafe.plant.model import Unit
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict

NEVER = np.iinfo(np.int64).max
UNKNOWN_PHASE = -1
_CONSEQUENCE = {
    "en": "The phase lasts longer than its recipe allows: heat or unreacted feed may gather, or a step did not end.",
    "zh": "该阶段持续时间超出工艺规定：可能有热量或未反应物料积累，或某步骤未结束。",
}
_ACTION = {
    "en": "Find out what the recipe waits for; have the batch assessed before it goes on.",
    "zh": "查明批次等待的条件；继续之前对本批次进行评估。",
}


class PhaseTimeCheck:
    """One finding a unit of which a phase has a longest time; value and limit in minutes."""

    name = "phase_time"

    def __init__(self, plant: Plant) -> None:
        units = [unit for unit in plant.file.units if unit.phase_point and _limited(unit)]
        self._shows = np.array([plant.points.row[str(unit.phase_point)] for unit in units], dtype=np.intp)
        self._codes = [{float(phase.code): k for k, phase in enumerate(unit.phases)} for unit in units]
        self._names = tuple(f"{unit.name}: {[(phase.code, phase.name) for phase in unit.phases]}" for unit in units)
        self._most_min = [[phase.max_duration_min for phase in unit.phases] for unit in units]
        self._scan_min = plant.file.scan_period_s / 60.0
        n = len(units)
        self._phase: I8 = np.full(n, UNKNOWN_PHASE, dtype=np.int64)
        self._begun: I8 = np.zeros(n, dtype=np.int64)
        self._active: Bool = np.zeros(n, dtype=np.bool_)
        self._since: I8 = np.zeros(n, dtype=np.int64)
        self._known: Bool = np.zeros(n, dtype=np.bool_)
        self._limit: F8 = np.full(n, np.nan)
        self._shown, self._look_at = b"", 0  # what the phase points showed; the scan of the next end of a phase's time
        self.conditions = tuple(_condition(plant, unit) for unit in units)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Judge the phases that run; nothing changes until one turns or its time is over."""
        if not self._codes:
            return
        code, status = frame.value[self._shows], frame.status[self._shows]
        shown = code.tobytes() + status.tobytes()
        if shown != self._shown or frame.number >= self._look_at:
            self._shown = shown
            self._look(code, is_good(status), frame.number)
        verdict.active[block], verdict.since[block] = self._active, self._since
        verdict.unknown[block] = ~self._known
        verdict.value[block] = np.where(self._known, (frame.number - self._begun) * self._scan_min, np.nan)
        verdict.limit[block] = self._limit

    def _look(self, code: F8, good: Bool, number: int) -> None:
        self._known[:], self._limit[:] = False, np.nan
        ends = []
        for i, (codes, one, seen) in enumerate(zip(self._codes, code.tolist(), good.tolist(), strict=True)):
            phase = codes.get(one, UNKNOWN_PHASE) if seen else UNKNOWN_PHASE
            if phase == UNKNOWN_PHASE:
                continue
            self._known[i] = True
            if phase != self._phase[i]:
                self._phase[i], self._begun[i] = phase, number
            most_min = self._most_min[i][phase]
            end = NEVER if most_min is None else int(self._begun[i]) + int(most_min / self._scan_min + 1e-9) + 1
            self._limit[i] = np.nan if most_min is None else most_min
            over = number >= end
            self._since[i] = 0 if not over else self._since[i] if self._active[i] else number
            self._active[i] = over
            if not over:
                ends.append(end)
        self._look_at = min(ends, default=NEVER)

    def state(self) -> Arrays:
        """The phases and when they began."""
        return {"phase": self._phase, "begun": self._begun, "active": self._active, "since": self._since}

    def rows(self) -> Rows:
        """By the unit and its phases, findings by their names."""
        conditions = tuple(condition.name for condition in self.conditions)
        return {"phase": self._names, "begun": self._names, "active": conditions, "since": conditions}

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._phase, self._begun = arrays["phase"].copy(), arrays["begun"].copy()
        self._active, self._since = arrays["active"].astype(np.bool_), arrays["since"].copy()
        self._shown, self._look_at = b"", 0

    def live(self) -> Arrays:
        """Nothing beside the conditions."""
        return {}


def _limited(unit: Unit) -> bool:
    return any(phase.max_duration_min is not None for phase in unit.phases)


def _condition(plant: Plant, unit: Unit) -> Condition:
    row = plant.points.row[str(unit.phase_point)]
    return Condition(
        name=f"{unit.name}.phase_over",
        subject=unit.name,
        kind="phase_over",
        klass=ConditionClass.FINDING,
        priority=3,
        point=row,
        source=int(plant.points.source[row]),
        unit=unit.name,
        consequence=_CONSEQUENCE,
        action=_ACTION,
    )
