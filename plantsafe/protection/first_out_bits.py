"""First-out by the safety system's own bits, of functions whose trips no event buffer stamps.

The bits say which channel was first; they come with the scan that shows the trip, or a little later. Several at once
have no order. What is told is the safety system's word: `clock: sis_bits`, without a time.
"""

import numpy as np

from plantsafe.frame import I8, Bool, Frame, is_bad, is_good
from plantsafe.plant import Plant
from plantsafe.protection.tables import Index
from plantsafe.verdict import Arrays, Condition, Fact, Rows, Verdict

WAIT_SCANS = 3  # how many scans after the trip the bits may come (site default)
CLOCK = "sis_bits"


class FirstOutBitCheck:
    """No conditions, only a fact a trip."""

    name = "first_out_bits"

    def __init__(self, plant: Plant) -> None:
        self.conditions: tuple[Condition, ...] = ()
        stamped = {
            one.point
            for source in plant.file.sources
            if source.event_buffer is not None
            for one in source.event_buffer.codes
        }
        row = plant.points.row
        self._functions = [
            f
            for f in plant.file.functions
            if f.tripped not in stamped and any(c.first_out is not None for c in f.inputs)
        ]
        n, width = len(self._functions), max((len(f.inputs) for f in self._functions), default=1)
        self._bits: Index = np.full((n, width), -1, dtype=np.intp)
        for i, function in enumerate(self._functions):
            for j, channel in enumerate(function.inputs):
                if channel.first_out is not None:
                    self._bits[i, j] = row[channel.first_out]
        self._tripped: Index = np.array([row[f.tripped] for f in self._functions], dtype=np.intp)
        self._was: Bool = np.ones(n, dtype=np.bool_)  # a trip that was there when we came is not told
        self._waits_from: I8 = np.zeros(n, dtype=np.int64)

    def evaluate(self, frame: Frame, verdict: Verdict, block: slice) -> None:  # noqa: ARG002  it has no conditions
        """Tell of the trips whose bits are there."""
        if not self._functions:
            return
        value, status = frame.value[self._tripped], frame.status[self._tripped]
        on, off = ~is_bad(status) & (value > 0.5), is_good(status) & (value <= 0.5)
        rose = on & ~self._was
        self._was = (self._was | on) & ~off
        self._waits_from = np.where(rose, frame.number, np.where(off, 0, self._waits_from))
        if not self._waits_from.any():
            return
        shown = (self._bits >= 0) & is_good(frame.status[self._bits]) & (frame.value[self._bits] > 0.5)
        for i in np.flatnonzero(self._waits_from > 0).tolist():
            late = frame.number - int(self._waits_from[i]) > WAIT_SCANS
            if not shown[i].any() and not late:
                continue
            function = self._functions[i]
            first = [function.inputs[j].point for j in np.flatnonzero(shown[i]).tolist()]
            body = {
                "clock": CLOCK,
                "first": first,
                "indistinguishable": len(first) > 1,
                "trip_scan": int(self._waits_from[i]),
                "complete": bool(first),
            }
            verdict.facts.append(Fact(kind="first_out", subject=function.name, body=body))
            self._waits_from[i] = 0

    def state(self) -> Arrays:
        """What was tripped, and whose bits are awaited."""
        return {"was": self._was, "waits_from": self._waits_from}

    def rows(self) -> Rows:
        """By function."""
        return dict.fromkeys(self.state(), tuple(function.name for function in self._functions))

    def load(self, arrays: Arrays) -> None:
        """Take over what `state` gave."""
        self._was, self._waits_from = arrays["was"].astype(np.bool_), arrays["waits_from"].copy()

    def live(self) -> Arrays:
        """Nothing beside its facts."""
        return {}
