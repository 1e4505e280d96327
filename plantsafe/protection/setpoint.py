"""Trip set points: what the safety system says it has, against what the plant file says it should have."""

import numpy as np

from plantsafe.delay import Delay
from plantsafe.frame import Bool, Frame, is_good
from plantsafe.plant import Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict

ON_DELAY_S = 2.0  # one answer that is torn in two is no change (site default)
TOLERANCE = 1e-5  # of the span: room for float32 on the wire (site default)


class SetpointCheck:
    """One alarm a function whose set point can be read back, `<function>.setpoint_changed`."""

    name = "setpoints"

    def __init__(self, plant: Plant) -> None:
        points, row = plant.points, plant.points.row
        shown = [(f, row[f.setpoint_readback]) for f in plant.file.functions if f.setpoint_readback is not None]
        self._rows = np.array([i for _, i in shown], dtype=np.intp)
        self._setpoint = np.array([f.setpoint for f, _ in shown], dtype=np.float64)
        span = points.high - points.low
        self._tolerance = np.maximum(0.5 * points.resolution, TOLERANCE * span)[self._rows]
        delays = np.full(len(shown), plant.scans(ON_DELAY_S), dtype=np.int32)
        self._delay = Delay(delays, np.zeros(len(shown), dtype=np.int32))
        self._names = tuple(f.name for f, _ in shown)
        self.conditions = tuple(
            Condition(
                name=f"{f.name}.setpoint_changed",
                subject=f.name,
                kind="setpoint_changed",
                klass=ConditionClass.ALARM,
                priority=1,
                on_delay_scans=plant.scans(ON_DELAY_S),
                limit=f.setpoint,
                point=i,
                source=int(points.source[i]),
                unit=f.unit,
                consequence={
                    "en": "The safety system trips at another value than the approved one: the protection is not the "
                    "one that was assessed.",
                    "zh": "安全系统的联锁设定值与批准值不一致：实际保护与评估的保护不同。",
                },
                action={
                    "en": "Find out who changed it and under which permit; have it set back, or the plant file "
                    "changed and approved.",
                    "zh": "查明修改人及审批单；恢复设定值，或修改并批准装置描述文件。",
                },
            )
            for f, i in shown
        )

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Compare; only a good value says anything."""
        value, good = frame.value[self._rows], is_good(frame.status[self._rows])
        unknown: Bool = ~good | np.isnan(value)
        differs = np.abs(value - self._setpoint) > self._tolerance
        self._delay.step(differs, unknown, number=frame.number, gap=verdict.gap)
        verdict.active[block], verdict.since[block] = self._delay.active, self._delay.since
        verdict.unknown[block] = unknown
        verdict.value[block], verdict.limit[block] = value, self._setpoint

    def state(self) -> Arrays:
        """The timers."""
        return self._delay.state()

    def rows(self) -> Rows:
        """Timers go over by the function's name."""
        return dict.fromkeys(self._delay.state(), self._names)

    def load(self, arrays: Arrays) -> None:
        """Take over the timers."""
        self._delay.load(arrays)

    def live(self) -> Arrays:
        """Nothing beside the conditions."""
        return {}
