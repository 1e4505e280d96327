"""PID controllers as a control system has them: modes, bumpless transfer, limits without windup."""

from dataclasses import dataclass
from enum import IntEnum


class Mode(IntEnum):
    """Who gives the controller what it works on."""

    MANUAL = 0  # the output is what an operator or an interlock left it at
    AUTOMATIC = 1  # the setpoint is the controller's own
    CASCADE = 2  # the setpoint comes from another controller, a ratio or the recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """`gain` in units of output a unit of error, below zero for a loop that opens to lower; the ends of the output."""

    gain: float
    integral_s: float
    derivative_s: float = 0.0
    low: float = 0.0
    high: float = 100.0

    def __post_init__(self) -> None:
        if self.integral_s <= 0.0 or self.derivative_s < 0.0 or self.low >= self.high or self.gain == 0.0:
            raise ValueError(f"no controller can be tuned so: {self}")


class Pid:
    """Position PID, derivative on the measurement. Its integral waits while the output is at an end and would pass it.

    Whoever moves the output by hand, the next step goes on from there, unless the error alone would pass an end: the
    integral stays within the ends of the output, so that nothing is stored up for later.
    """

    def __init__(self, tuning: Tuning, *, setpoint: float = 0.0, output: float = 0.0) -> None:
        """Begin in automatic at `output`."""
        self.tuning = tuning
        self.mode = Mode.AUTOMATIC
        self.setpoint = setpoint
        self.output = output
        self._integral = 0.0
        self._last: float | None = None
        self._from_here = True  # the next step settles the integral so that the output stays

    @property
    def at_end(self) -> int:
        """+1 at the upper end of the output, -1 at the lower, 0 between."""
        if self.output >= self.tuning.high:
            return 1
        return -1 if self.output <= self.tuning.low else 0

    def manual(self, output: float | None = None) -> None:
        """Hold the output, at another place if one is given."""
        self.mode = Mode.MANUAL
        if output is not None:
            self.output = min(max(output, self.tuning.low), self.tuning.high)

    def automatic(self, setpoint: float | None = None) -> None:
        """Control on its own setpoint, bumpless; it keeps the one it has unless told another."""
        self._let_go(Mode.AUTOMATIC)
        if setpoint is not None:
            self.setpoint = setpoint

    def cascade(self) -> None:
        """Control on the setpoint that each step brings, bumpless."""
        self._let_go(Mode.CASCADE)

    def step(self, measured: float, remote: float | None = None, *, blocked: int = 0, dt_s: float = 1.0) -> float:
        """Output after one step. In cascade `remote` is the setpoint.

        blocked: +1 or -1 where what follows cannot go further up or down; the integral does not push against it.
        """
        t = self.tuning
        slope = 0.0 if self._last is None else (measured - self._last) / dt_s
        self._last = measured
        if self.mode == Mode.MANUAL:
            self._from_here = True
            return self.output
        if self.mode == Mode.CASCADE and remote is not None:
            self.setpoint = remote
        error = self.setpoint - measured
        now = t.gain * (error - t.derivative_s * slope)
        if self._from_here:
            self._integral = min(max(self.output - now, t.low), t.high)
            self._from_here = False
        more = t.gain * error * dt_s / t.integral_s
        raw = now + self._integral
        pushes = (raw >= t.high or blocked > 0) if more > 0.0 else (raw <= t.low or blocked < 0)
        if not pushes:
            self._integral = min(max(self._integral + more, t.low), t.high)
            raw = now + self._integral
        self.output = min(max(raw, t.low), t.high)
        return self.output

    def follow(self, output: float, measured: float) -> None:
        """Take an output that somebody else decides; control goes on from there."""
        self.output = min(max(output, self.tuning.low), self.tuning.high)
        self._last, self._from_here = measured, True

    def _let_go(self, mode: Mode) -> None:
        self._from_here = self._from_here or self.mode == Mode.MANUAL
        self.mode = mode
