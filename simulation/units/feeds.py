"""Two feeds of a continuous unit: acid leads on its own setpoint, the organic feed is held in ratio to it.

So the organic feed never comes without acid, and goes down with it. While a block valve is not open, or the pumps have
no power, both controllers stand in manual where they were.
"""

from typing import NamedTuple

from simulation.control import Pid, Ratio, Tuning
from simulation.units.conditions import approach

# Site defaults: pumps sized for 1.25 of the feed; a ratio that is right again ten seconds after a disturbance.
PUMP_CAPACITY = 1.25
NORMAL_PCT = 100.0 / PUMP_CAPACITY
GAIN_PCT = 0.3  # per cent of output a per cent of the normal feed
INTEGRAL_S = 2.0
OPEN = 0.95  # limit switch of a block valve


class Line(NamedTuple):
    """What acts on one feed: pump 1 sound to 0 stopped, below 0 what runs back through it; block valve; efficiency."""

    valve: float
    efficiency: float
    pump: float = 1.0


class Feeds:
    """Pumps, controllers and flows. `organic` and `acid` are shares of the normal feed."""

    def __init__(self, *, acid_kg_h: float, organic_kg_h: float, tau_s: float) -> None:
        self.organic, self.acid = 1.0, 1.0
        self.ratio = Ratio(_controller(acid_kg_h), _controller(organic_kg_h), organic_kg_h / acid_kg_h)
        self._acid_kg_h, self._organic_kg_h, self._tau_s = acid_kg_h, organic_kg_h, tau_s
        self._held = False

    def step(self, power: float, *, organic: Line, acid: Line) -> None:
        """One second."""
        held = power < 0.5 or min(organic.valve, acid.valve) < OPEN
        if held != self._held:
            self._held = held
            if held:
                self.ratio.hold()
            else:
                self.ratio.release()
        acid_pct, organic_pct = self.ratio.step(self.acid * self._acid_kg_h, self.organic * self._organic_kg_h)
        self.organic = approach(self.organic, _pumped(organic, organic_pct) * power, self._tau_s)
        self.acid = approach(self.acid, _pumped(acid, acid_pct) * power, self._tau_s)


def _controller(normal_kg_h: float) -> Pid:
    tuning = Tuning(gain=GAIN_PCT * 100.0 / normal_kg_h, integral_s=INTEGRAL_S)
    return Pid(tuning, setpoint=normal_kg_h, output=NORMAL_PCT)


def _pumped(line: Line, output_pct: float) -> float:
    pump = line.pump if line.pump <= 0.0 else line.pump * output_pct / NORMAL_PCT
    return pump * line.valve * line.efficiency
