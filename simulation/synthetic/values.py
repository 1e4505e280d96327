"""Values of any plant file without a model of its process: every analog point wanders inside its limits.

A point keeps clear of its alarms and of the set points of the functions that read it; now and then one is driven
beyond a limit for some minutes, a switch turns over, an instrument dies for a while. Safety bits stay healthy. Whole
arrays throughout: 100,000 points live a second in some milliseconds.
"""

import math

import numpy as np

from plantsafe.frame import BAD_SENSOR_FAILURE, F8, I8, U4, Bool
from plantsafe.plant import Plant
from simulation.living import Readings

NS_PER_S = 1_000_000_000
SIGMAS_TO_LIMIT = 5.0  # a healthy point stands this far inside the band between its limits, at 3 sigma at the most
SIGMAS_MOST = 3.0
SHORTEST_TAU_S, LONGEST_TAU_S = 30.0, 3_600.0
# Site defaults, events a point and hour.
EXCURSIONS_A_H = 0.02
TURNS_A_H = 0.5
DEATHS_A_H = 0.005
SHORTEST_S, LONGEST_S = 120.0, 900.0  # of an excursion or a death
BEYOND = 1.15  # of the way from the middle of the band to the limit, at the top of an excursion
HEARTBEAT_MODULUS = 65_536


class SyntheticPlant:
    """Lives a second at a time; the same plant and seed give the same bits. Stands where a SimulatedPlant stands."""

    def __init__(self, plant: Plant, *, seed: int, epoch_ns: int) -> None:
        self.plant = plant
        self._rng = np.random.default_rng(seed)
        self._now, self._epoch_ns = 0, epoch_ns
        points, n = plant.points, plant.n_read
        self._analog = np.flatnonzero(points.analog)
        self._low, self._high = points.low[self._analog], points.high[self._analog]
        step = points.resolution[self._analog]
        self._step, self._stepped = np.where(step > 0.0, step, 1.0), step > 0.0
        band_low, band_high = _bands(plant)
        self._band = (band_low[self._analog], band_high[self._analog])
        self._middle = (self._band[0] + self._band[1]) / 2.0
        self._sigma = (self._band[1] - self._band[0]) / 2.0 / SIGMAS_TO_LIMIT
        m = len(self._analog)
        tau_s = np.exp(self._rng.uniform(math.log(SHORTEST_TAU_S), math.log(LONGEST_TAU_S), m))
        self._keep = np.exp(-1.0 / tau_s)
        self._kick = np.sqrt(1.0 - self._keep**2)
        self._x = self._rng.standard_normal(m).clip(-SIGMAS_MOST, SIGMAS_MOST)
        self._limited = np.flatnonzero((band_low > points.low)[self._analog] | (band_high < points.high)[self._analog])
        self._beats = np.unique(plant.sources.heartbeat[:-1])
        taken = {row for f in plant.file.functions for row in _bits(plant, f.name)}
        switches = np.setdiff1d(np.flatnonzero(~points.analog[:n]), self._beats)
        self._switches = np.array([row for row in switches.tolist() if row not in taken], dtype=np.intp)
        self._until: F8 = np.zeros((0, 4))  # excursions: row of the analog points, height, begin, length
        self._dead_until: F8 = np.zeros(n)
        self.value: F8 = np.zeros(n)
        for function in plant.file.functions:
            for element in function.elements:
                self.value[points.row[element.feedback]] = 0.0 if element.safe_value else 1.0
        self.status: U4 = np.zeros(n, dtype=np.uint32)
        self.source_time_ns: I8 = np.full(n, epoch_ns, dtype=np.int64)
        self._show()

    @property
    def instruments(self) -> "SyntheticPlant":
        """What the instruments show: value, status and source_time_ns."""
        return self

    @property
    def time_ns(self) -> int:
        """UTC of the readings."""
        return self._epoch_ns + self._now * NS_PER_S

    def readings(self) -> Readings:
        """What the instruments show now; the arrays are the caller's own."""
        return Readings(
            value=self.value.copy(),
            status=self.status.copy(),
            source_time_ns=self.source_time_ns.copy(),
            time_ns=self.time_ns,
        )

    def silent_sources(self) -> set[str]:
        """None: every source answers."""
        return set()

    def advance(self, scans: int = 1) -> None:
        """Live `scans` seconds."""
        for _ in range(scans):
            self._now += 1
            self._x = self._keep * self._x + self._kick * self._rng.standard_normal(len(self._x))
            np.clip(self._x, -SIGMAS_MOST, SIGMAS_MOST, out=self._x)
            self._disturb()
            self._show()

    def _disturb(self) -> None:
        """What begins and ends in this second."""
        rng, now = self._rng, float(self._now)
        begins = rng.poisson(
            [len(self._limited) * EXCURSIONS_A_H / 3600.0, len(self._dead_until) * DEATHS_A_H / 3600.0]
        )
        if begins[0] and len(self._limited):
            rows = rng.choice(self._limited, int(begins[0]))
            up = np.where(self._band[1][rows] < self._high[rows], 1.0, -1.0)
            height = up * BEYOND * (self._band[1][rows] - self._band[0][rows]) / 2.0
            length_s = rng.uniform(SHORTEST_S, LONGEST_S, len(rows))
            fresh = np.column_stack([rows, height, np.full(len(rows), now), length_s])
            self._until = np.vstack([self._until, fresh])
        self._until = self._until[self._until[:, 2] + self._until[:, 3] > now]
        if begins[1]:
            rows = rng.integers(0, len(self._dead_until), int(begins[1]))
            rows = rows[~np.isin(rows, self._beats)]
            self._dead_until[rows] = now + rng.uniform(SHORTEST_S, LONGEST_S, len(rows))
        for row in self._switches[rng.random(len(self._switches)) < TURNS_A_H / 3600.0].tolist():
            self.value[row] = 1.0 - (self.value[row] if np.isfinite(self.value[row]) else 0.0)
            self.source_time_ns[row] = self.time_ns

    def _show(self) -> None:
        """Analog values on their steps, heartbeats, the dead."""
        true = self._middle + self._sigma * self._x
        if len(self._until):
            row, height, begin, length = self._until.T
            np.add.at(true, row.astype(np.intp), height * np.sin(math.pi * (self._now - begin) / length))
        shown = np.where(self._stepped, np.round(true / self._step) * self._step, true)
        np.clip(shown, self._low, self._high, out=shown)
        value = self.value.copy()
        value[self._analog] = shown
        value[self._beats] = self._now % HEARTBEAT_MODULUS
        dead: Bool = self._dead_until > self._now
        back = ~dead & (self.status != 0)
        value[back & np.isnan(value)] = 0.0  # a switch comes back at rest
        value[dead] = np.nan
        status = np.where(dead, np.uint32(BAD_SENSOR_FAILURE), np.uint32(0))
        changed = (value != self.value) & ~(dead & (self.status != 0)) | (status != self.status)
        self.source_time_ns = np.where(changed, self.time_ns, self.source_time_ns)
        self.value, self.status = value, status


def _bands(plant: Plant) -> tuple[F8, F8]:
    """Between which limits each point is healthy (n_points,), from its alarms and from the functions that read it."""
    points, alarms = plant.points, plant.alarms
    low, high = points.low.astype(np.float64), points.high.astype(np.float64)
    up = alarms.sign > 0.0
    np.minimum.at(high, alarms.point[up], alarms.limit[up])
    np.maximum.at(low, alarms.point[~up], alarms.limit[~up])
    for function in plant.file.functions:
        rows = [points.row[channel.point] for channel in function.inputs]
        if function.direction == "H":
            high[rows] = np.minimum(high[rows], function.setpoint)
        else:
            low[rows] = np.maximum(low[rows], function.setpoint)
    return np.minimum(low, high), high


def _bits(plant: Plant, name: str) -> set[int]:
    """Rows of the bits of a safety function, its mode among them: they stay as they are."""
    function = next(f for f in plant.file.functions if f.name == name)
    names = {function.tripped, function.hazardous_mode, *(element.feedback for element in function.elements)}
    names |= {bit for channel in function.inputs for bit in (channel.bypass, channel.fault)}
    return {plant.points.row[bit] for bit in names if bit is not None}
