"""What was learnt to be normal from a plant's own past: a reference for points and units that is there from the start.

Of each unit, for each regime in which it was seen (what its phase and `running` show): mean and spread of the departure
of every point, how it moves from scan to scan, and a multivariate monitor with limits; of a batch unit the course of
its points through the phases. The checks take it up where a regime begins, instead of learning it in a warm-up, and it
stays as it is: only the mean of the monitor's innovation may follow slowly while all is quiet, and never far from it
(models.statistical.monitor). What the model does not know is learnt by the checks themselves, as without a model.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.statistical.monitor import MonitorModel, model_of
from models.statistical.reference import Reference
from plantsafe.errors import DamagedFileError
from plantsafe.frame import F8, I8
from plantsafe.plant import Plant
from plantsafe.plant.tables import Index
from plantsafe.verdict import Arrays

Regime = tuple[float, ...]
_POINT_ARRAYS = ("mean", "sigma", "step", "longest", "known", "asked")
_SAME_RANGE = 1e-9  # of the span


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeNormal:
    """One regime of a unit of n points.

    reference: of the departures (n,), in the points' units. step (n,): root mean square of the steps between scans.
    longest (n,): scans in a row without a change. asked (n,): bits of the questions to a signal that normal operation
    never answers with yes. monitor: of the points at the places `used`, None where too few were
    seen.
    """

    reference: Reference
    step: F8
    longest: F8
    asked: NDArray[np.uint16]
    monitor: MonitorModel | None = None
    used: Index = field(default_factory=lambda: np.zeros(0, dtype=np.intp))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitNormal:
    """A unit: its points with unit of measure and range as they were, the codes of its phases, its regimes.

    profile (n, n_phases, N_BINS), passes, spread (n, n_phases): see `course`; None of a unit without a course.
    """

    name: str
    points: tuple[str, ...]
    eu: tuple[str, ...]
    low: F8
    high: F8
    regimes: Mapping[Regime, RegimeNormal]
    codes: tuple[float, ...] = ()
    profile: NDArray[np.float32] | None = None
    passes: I8 | None = None
    spread: NDArray[np.float32] | None = None

    def why_not(self, plant: Plant) -> str:
        """Why it cannot be used for `plant`; empty where it can."""
        if self.name not in plant.unit_row:
            return f"there is no unit {self.name}"
        file, table = plant.file.units[plant.unit_row[self.name]], plant.points
        leader = plant.file.units[plant.unit_row[file.follows]] if file.follows else file
        if self.codes and self.codes != tuple(float(phase.code) for phase in leader.phases):
            return f"the phases of {leader.name} have other codes"
        for i, name in enumerate(self.points):
            row = table.row.get(name)
            if row is None or plant.file.units[int(table.unit[row])].name != self.name or not table.monitored[row]:
                return f"{name} is no judged point of {self.name}"
            span = abs(table.high[row] - table.low[row])
            same = np.allclose([self.low[i], self.high[i]], [table.low[row], table.high[row]], 0.0, _SAME_RANGE * span)
            if table.eu[row] != self.eu[i] or not same:
                return f"{name} has another range or unit of measure"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalModel:
    """All units that were learnt. hash: of the file that it stands in. about: what people are told of it, JSON."""

    hash: str
    units: tuple[UnitNormal, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, plant: Plant) -> tuple[tuple[UnitNormal, ...], dict[str, str]]:
        """The units that can be used for `plant`, and why the others cannot, by name."""
        why = {unit.name: unit.why_not(plant) for unit in self.units}
        return tuple(unit for unit in self.units if not why[unit.name]), {n: text for n, text in why.items() if text}

    def arrays(self) -> Arrays:
        """Everything but `about`, by name; `model_from` takes it back bit for bit."""
        found: Arrays = {}
        for unit in self.units:
            for name in ("profile", "passes", "spread"):
                if (array := getattr(unit, name)) is not None:
                    found[f"{unit.name}/{name}"] = array
            for k, (regime, normal) in enumerate(unit.regimes.items()):
                head = f"{unit.name}/{k}"
                own = normal.reference
                found |= {
                    f"{head}/regime": np.array(regime, dtype=np.float64),
                    f"{head}/mean": own.mean,
                    f"{head}/sigma": own.sigma,
                    f"{head}/known": own.known,
                    f"{head}/step": normal.step,
                    f"{head}/longest": normal.longest,
                    f"{head}/asked": normal.asked,
                }
                if normal.monitor is not None:
                    found[f"{head}/used"] = normal.used.astype(np.int64)
                    found |= {f"{head}/monitor/{name}": a for name, a in normal.monitor.arrays().items()}
        return found

    def described(self) -> dict[str, Any]:
        """The points of each unit, for the JSON file beside the arrays."""
        return {
            unit.name: {
                "points": [
                    {"name": name, "eu": eu, "low": low, "high": high}
                    for name, eu, low, high in zip(unit.points, unit.eu, unit.low, unit.high, strict=True)
                ],
                "codes": list(unit.codes),
                "regimes": len(unit.regimes),
            }
            for unit in self.units
        }


def model_from(digest: str, units: Mapping[str, Any], arrays: Arrays, about: Mapping[str, Any]) -> NormalModel:
    """The model whose `described` and `arrays` these are; raises DamagedFileError where they do not go together."""
    try:
        found = tuple(_unit(name, said, arrays) for name, said in units.items())
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DamagedFileError(
            f"the model {digest[:12]} does not hold together ({error})", mend="fit it once more"
        ) from error
    return NormalModel(hash=digest, units=found, about=about)


def _unit(name: str, said: Mapping[str, Any], arrays: Arrays) -> UnitNormal:
    points = said["points"]
    n, codes = len(points), tuple(float(code) for code in said["codes"])
    profile = arrays.get(f"{name}/profile")
    if codes and (profile is None or profile.shape[:2] != (n, len(codes))):
        raise ValueError(f"{name} lacks its course")
    return UnitNormal(
        name=name,
        points=tuple(str(point["name"]) for point in points),
        eu=tuple(str(point["eu"]) for point in points),
        low=np.array([point["low"] for point in points], dtype=np.float64),
        high=np.array([point["high"] for point in points], dtype=np.float64),
        regimes=dict(_regime(f"{name}/{k}", n, arrays) for k in range(int(said["regimes"]))),
        codes=codes,
        profile=None if profile is None else profile.astype(np.float32),
        passes=None if profile is None else arrays[f"{name}/passes"].astype(np.int64),
        spread=None if profile is None else arrays[f"{name}/spread"].astype(np.float32),
    )


def _regime(head: str, n: int, arrays: Arrays) -> tuple[Regime, RegimeNormal]:
    own = {name: arrays[f"{head}/{name}"] for name in _POINT_ARRAYS}
    if any(array.shape != (n,) for array in own.values()):
        raise ValueError(f"{head} has arrays of another length")
    start = f"{head}/monitor/"
    inner = {key.removeprefix(start): array for key, array in arrays.items() if key.startswith(start)}
    used = arrays[f"{head}/used"].astype(np.intp) if inner else np.zeros(0, dtype=np.intp)
    if len(used) and not (used.min() >= 0 and used.max() < n):
        raise ValueError(f"{head} names points that it does not have")
    monitor = model_of(inner) if inner else None
    if monitor is not None and monitor.points != len(used):
        raise ValueError(f"{head} has a monitor of other points")
    return tuple(arrays[f"{head}/regime"].astype(np.float64).tolist()), RegimeNormal(
        reference=Reference(
            mean=own["mean"].astype(np.float64),
            sigma=own["sigma"].astype(np.float64),
            known=own["known"].astype(np.bool_),
        ),
        step=own["step"].astype(np.float64),
        longest=own["longest"].astype(np.float64),
        asked=own["asked"].astype(np.uint16),
        monitor=monitor,
        used=used,
    )


class Shelf:
    """The model in use, for the checks of one plant: what is normal for a unit in its present regime."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._units: dict[int, UnitNormal] = {}
        self.model: NormalModel | None = None

    def hold(self, model: NormalModel | None) -> dict[str, str]:
        """Take `model` into use where it fits; why it does not, by unit. The checks keep what they have."""
        fitting, why = ((), {}) if model is None else model.fits(self._plant)
        self._units = {self._plant.unit_row[unit.name]: unit for unit in fitting}
        self.model = model
        return why

    def units(self) -> Iterator[tuple[int, UnitNormal, Index]]:
        """Row of each unit that is known, what is known, and the rows of its points."""
        for i, unit in self._units.items():
            yield i, unit, np.array([self._plant.points.row[name] for name in unit.points], dtype=np.intp)

    def normal(self, unit: int, regime: Regime | None) -> RegimeNormal | None:
        """What is normal for the unit now."""
        if unit not in self._units or regime is None:
            return None
        return self._units[unit].regimes.get(regime)

    def rows(self, unit: int) -> Index:
        """Rows of the points of a unit that is known."""
        return np.array([self._plant.points.row[name] for name in self._units[unit].points], dtype=np.intp)
