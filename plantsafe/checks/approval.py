"""Was the plant description approved by a second person? An unapproved one is a finding, and marks every report."""

import numpy as np

from plantsafe.delay import Delay
from plantsafe.frame import Frame
from plantsafe.plant.tables import Plant
from plantsafe.verdict import Arrays, Condition, ConditionClass, Rows, Verdict


class ApprovalCheck:
    """One finding, `plant.unapproved`; `approve` is called when an approval of this very description is taken up."""

    name = "approval"

    def __init__(self, plant: Plant, *, approved: bool) -> None:
        self._approved = np.array([approved], dtype=np.bool_)
        self._delay = Delay(np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int32))
        self.conditions = (
            Condition(
                name="plant.unapproved",
                subject=plant.file.site.name,
                kind="unapproved",
                klass=ConditionClass.FINDING,
                priority=4,
                consequence={
                    "en": "Limits and set points may not be what a second person agreed to.",
                    "zh": "限值和设定值可能未经第二人确认。",
                },
                action={
                    "en": "Have the plant file approved by someone other than its author.",
                    "zh": "请由编制人以外的人员审批装置描述文件。",
                },
            ),
        )

    def approve(self) -> None:
        """A second person has approved this description."""
        self._approved = np.ones(1, dtype=np.bool_)

    @property
    def approved(self) -> bool:
        """True once approved."""
        return bool(self._approved[0])

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:
        """Stands until the approval."""
        self._delay.step(~self._approved, np.zeros(1, dtype=np.bool_), number=frame.number, gap=verdict.gap)
        verdict.active[block] = self._delay.active
        verdict.since[block] = self._delay.since

    def state(self) -> Arrays:
        """Approved or not, and the timer."""
        return {"approved": self._approved} | self._delay.state()

    def rows(self) -> Rows:
        """The timer goes over; the approval belongs to one description alone."""
        return dict.fromkeys(self._delay.state(), ("plant.unapproved",))

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._approved = arrays["approved"].astype(np.bool_)
        self._delay.load(arrays)

    def live(self) -> Arrays:
        """Approved or not."""
        return {"approved": self._approved}
