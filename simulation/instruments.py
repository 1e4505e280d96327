"""From the truth to what instruments show: lag, noise, failure, resolution, range; whole arrays, one row a point."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from models.process.instrument import lag_share
from plantsafe.errors import SimulationError
from plantsafe.frame import BAD_SENSOR_FAILURE, F8, I8, LIMIT_HIGH, LIMIT_LOW, U4, UNCERTAIN_EU_EXCEEDED, Bool
from plantsafe.plant import Plant

BEYOND_HIGH = np.uint32(UNCERTAIN_EU_EXCEEDED | LIMIT_HIGH)
BEYOND_LOW = np.uint32(UNCERTAIN_EU_EXCEEDED | LIMIT_LOW)
# NAMUR NE 43: a 4-20 mA loop measures from 3.8 to 20.5 mA; only past that is the range exceeded.
DRAWN_AT_ONCE = 64  # seconds of noise; one call for many costs a third of many calls
BELOW_SPAN, ABOVE_SPAN = 0.0125, 0.03125
MODES = ("stuck", "bias", "dropout", "slow", "frozen_stamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What every point of a plant measures: its quantity of the process, lag and noise (1 sigma), in point order."""

    quantity: tuple[str, ...]
    lag_s: F8
    noise: F8


def load_binding(plant: Plant) -> Binding:
    """The binding of the demo plant's instruments; every point of the file needs an entry."""
    text = resources.files("simulation").joinpath("plants/demo.instruments.yaml").read_text(encoding="utf-8")
    table: dict[str, dict[str, Any]] = YAML(typ="safe").load(text)
    names = plant.points.names[: plant.n_read]
    unbound = [name for name in names if name not in table]
    if unbound:
        raise SimulationError(
            f"the simulated plant has no instrument for {', '.join(unbound[:5])}{' ...' if len(unbound) > 5 else ''}",
            mend="use points of the demo plant file, or add the instrument to plants/demo.instruments.yaml",
        )
    rows = [table[name] for name in names]
    return Binding(
        quantity=tuple(row["quantity"] for row in rows),
        lag_s=np.array([row["lag_s"] for row in rows], dtype=np.float64),
        noise=np.array([row["noise"] for row in rows], dtype=np.float64),
    )


@dataclass(slots=True)
class _Failures:
    """Failure modes of all instruments as arrays; compiled when a knob moves."""

    stuck: Bool
    dropout: Bool
    frozen_stamp: Bool
    bias: F8
    slow: F8

    @classmethod
    def none(cls, n_points: int) -> "_Failures":
        off = np.zeros(n_points, dtype=np.bool_)
        return cls(off, off.copy(), off.copy(), np.zeros(n_points), np.ones(n_points))


class Instruments:
    """All instruments of a plant and what they show now (value, status, time of the last change)."""

    def __init__(self, plant: Plant, binding: Binding, truth: F8, rng: np.random.Generator, time_ns: int) -> None:
        points = plant.points
        n = plant.n_read
        self._row = points.row
        self._low, self._high, self._analog = points.low[:n], points.high[:n], points.analog[:n]
        span = self._high - self._low
        self._end_low, self._end_high = self._low - BELOW_SPAN * span, self._high + ABOVE_SPAN * span
        self._quantised = points.resolution[:n] > 0.0
        self._step = np.where(self._quantised, points.resolution[:n], 1.0)
        self._lag_s, self._noise = binding.lag_s, binding.noise
        self._rng = rng
        self._source = tuple(plant.sources.names[i] for i in points.source[:n])
        self._drawn: Iterator[F8] = iter(())  # rows of noise, a second each
        self.compile({})
        self._sensed = truth.copy()
        self.value: F8 = truth.copy()
        self.status: U4 = np.zeros(n, dtype=np.uint32)
        self.source_time_ns: I8 = np.full(n, time_ns, dtype=np.int64)

    def compile(self, knobs: dict[str, float]) -> None:
        """Take up the failures that the knobs describe."""
        failures = _Failures.none(self._lag_s.size)
        for knob, value in knobs.items():
            kind, _, rest = knob.partition(".")
            if kind == "instrument":
                point, _, mode = rest.rpartition(".")
                self._fail(failures, self._row[point], mode, value)
            elif kind == "source" and rest.endswith(".stale"):
                source = rest.removesuffix(".stale")
                failures.stuck |= np.array([name == source for name in self._source], dtype=np.bool_)
        self._failures = failures
        self._healthy = not (failures.stuck.any() or failures.dropout.any())
        self._share = lag_share(self._lag_s * failures.slow, 1.0)

    @staticmethod
    def _fail(failures: _Failures, row: int, mode: str, value: float) -> None:
        match mode:
            case "stuck":
                failures.stuck[row] = True
            case "dropout":
                failures.dropout[row] = True
            case "frozen_stamp":
                failures.frozen_stamp[row] = True
            case "bias":
                failures.bias[row] = value
            case "slow":
                failures.slow[row] = 1.0 + value
            case _:
                raise SimulationError(f"instruments do not fail by {mode!r}", mend=f"one of: {', '.join(MODES)}")

    def read(self, truth: F8, time_ns: int) -> None:
        """One second on with the true values `truth` (n_points,) in engineering units."""
        fail = self._failures
        self._sensed += self._share * (truth - self._sensed)
        raw = self._sensed + self._noise * self._draw() + fail.bias
        shown = np.where(self._quantised, np.round(raw / self._step) * self._step, raw)
        np.clip(shown, self._low, self._high, out=shown)
        above, below = self._analog & (raw > self._end_high), self._analog & (raw < self._end_low)
        status = np.zeros(raw.size, dtype=np.uint32)
        status[above], status[below] = BEYOND_HIGH, BEYOND_LOW
        if not self._healthy:
            held = fail.stuck & np.isfinite(self.value)
            shown, status = np.where(held, self.value, shown), np.where(held, self.status, status)
            shown[fail.dropout], status[fail.dropout] = np.nan, BAD_SENSOR_FAILURE
        self._show(slice(None), shown, status, time_ns)

    def _draw(self) -> F8:
        """Standard normal noise of one second, (n_points,)."""
        row = next(self._drawn, None)
        if row is None:
            self._drawn = iter(self._rng.standard_normal((DRAWN_AT_ONCE, self._noise.size)))
            row = next(self._drawn)
        return row

    def show_bits(self, rows: NDArray[np.intp], bits: F8, time_ns: int) -> None:
        """Bits of the safety system, written after its logic ran on the readings of the same second."""
        held = self._failures.stuck[rows] | self._failures.dropout[rows]
        self._show(rows, np.where(held, self.value[rows], bits), self.status[rows], time_ns)

    def with_bits(self, rows: NDArray[np.intp], bits: F8) -> F8:
        """What would be shown with these bits of the safety system instead; nothing is changed."""
        value = self.value.copy()
        held = self._failures.stuck[rows] | self._failures.dropout[rows]
        value[rows] = np.where(held, value[rows], bits)
        return value

    def _show(self, rows: NDArray[np.intp] | slice, value: F8, status: U4, time_ns: int) -> None:
        old = self.value[rows]
        changed = (value != old) | (status != self.status[rows])
        if not self._healthy:
            changed &= ~(np.isnan(value) & np.isnan(old)) | (status != self.status[rows])
        stamp = changed & ~self._failures.frozen_stamp[rows]
        self.source_time_ns[rows] = np.where(stamp, time_ns, self.source_time_ns[rows])
        self.value[rows] = value
        self.status[rows] = status
