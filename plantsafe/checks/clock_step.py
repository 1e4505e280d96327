"""Was the clock stepped? UTC of each scan against the count of scans, which never jumps."""

import numpy as np

from plantsafe.delay import Delay
from plantsafe.frame import Frame
from plantsafe.plant.tables import Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Fact, Rows, Verdict

MAX_STEP_S = 0.5  # a UTC step over this is an event and a condition (site default)
HOLD_SCANS = 60  # how long the condition stands after a step (site default)


class ClockStepCheck:
    """One alarm, `clock.step`: stands for a minute after a step, so that times around it are read with care."""

    name = "clock"

    def __init__(self, plant: Plant) -> None:
        self._period_ns = plant.period_ns
        self._memory = np.zeros(3, dtype=np.int64)  # last number, last time, scans left
        self._delay = Delay(np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int32))
        self.conditions = (
            Condition(
                name="clock.step",
                subject="clock",
                kind="clock_step",
                klass=ConditionClass.ALARM,
                priority=3,
                limit=MAX_STEP_S,
                consequence={
                    "en": "Times recorded around the step cannot be compared with each other.",
                    "zh": "时钟跳变前后记录的时间不可直接比较。",
                },
                action={"en": "Check the time service of this machine.", "zh": "检查本机的对时服务。"},
            ),
        )

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Compare the time between two scans with the number of scans between them."""
        number, time_ns, left = (int(x) for x in self._memory)
        step_s = 0.0
        if number:
            step_s = (frame.time_ns - time_ns - (frame.number - number) * self._period_ns) / 1e9
        stepped = abs(step_s) > MAX_STEP_S
        if stepped:
            verdict.facts.append(Fact(kind="clock_step", subject="clock", body={"step_s": round(step_s, 3)}))
            left = HOLD_SCANS
        self._memory[:] = frame.number, frame.time_ns, max(0, left - 1)
        self._delay.step(np.array([left > 0]), np.zeros(1, dtype=np.bool_), number=frame.number, gap=verdict.gap)
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since
        verdict.value[block] = step_s
        verdict.limit[block] = MAX_STEP_S

    def state(self) -> Arrays:
        """Last scan and timers."""
        return {"memory": self._memory} | self._delay.state()

    def rows(self) -> Rows:
        """All of it goes over: the clock is not the plant's."""
        return {"memory": ("number", "time", "left")} | dict.fromkeys(self._delay.state(), ("clock.step",))

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._memory = arrays["memory"]
        self._delay.load(arrays)

    def live(self) -> Arrays:
        """Nothing beside the condition."""
        return {}
