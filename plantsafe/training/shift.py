"""How far a plant has moved from the model: live means against the reference, and one model against another."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from plantsafe.checks.course import Course
from plantsafe.checks.normal import NormalModel, UnitNormal
from plantsafe.plant.tables import Index
from plantsafe.training.past import Past

MIN_SCANS = 60  # fewer say nothing of a mean (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A point whose mean is `sigmas` spreads of the model away from its reference; scans: how many were compared.

    mean, reference: departures, in the point's unit. The limit of the checks is at 10 spreads.
    """

    unit: str
    point: str
    sigmas: float
    mean: float
    reference: float
    scans: int


def shifts(model: NormalModel, past: Past) -> list[Shift]:
    """The points of the past's scans against the model, regime by regime, the furthest first."""
    course = Course(past.plant)
    course.use(model)
    sums: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]] = {}
    known: dict[str, tuple[UnitNormal, int, Index]] = {}
    for frame in past.frames():
        course.step(frame)
        for unit, normal, rows in course.shelf.units():
            regime = course.regime(unit)
            if regime is None or regime not in normal.regimes:
                continue
            known[normal.name] = (normal, unit, rows)
            key = (normal.name, list(normal.regimes).index(regime))
            total, count = sums.setdefault(key, (np.zeros(len(rows)), np.zeros(len(rows))))
            x = course.compared[rows]
            good = np.isfinite(x)
            total += np.where(good, x, 0.0)
            count += good
    found = list(_found(sums, known))
    return sorted(found, key=lambda shift: -abs(shift.sigmas))


def _found(
    sums: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]], known: dict[str, tuple[UnitNormal, int, Index]]
) -> Iterator[Shift]:
    for (name, place), (total, count) in sums.items():
        unit = known[name][0]
        own = list(unit.regimes.values())[place].reference
        for i in np.flatnonzero(own.known & (count >= MIN_SCANS)).tolist():
            mean = float(total[i] / count[i])
            yield Shift(
                unit=name,
                point=unit.points[i],
                sigmas=float((mean - own.mean[i]) / own.sigma[i]),
                mean=mean,
                reference=float(own.mean[i]),
                scans=int(count[i]),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A point in both models: how far the second reference is from the first in spreads of the first, the spreads'
    ratio, and the regime, by its number in the first."""

    unit: str
    point: str
    regime: tuple[float, ...]
    sigmas: float
    ratio: float


def differences(first: NormalModel, second: NormalModel) -> tuple[list[Difference], list[str]]:
    """Points of both, the furthest first, and what only one of them has, in words."""
    found, words = [], []
    units = {unit.name: unit for unit in second.units}
    for unit in first.units:
        other = units.pop(unit.name, None)
        if other is None:
            words.append(f"only in the first: {unit.name}")
            continue
        gone, new = sorted(set(unit.points) - set(other.points)), sorted(set(other.points) - set(unit.points))
        words += [f"only in the first: {', '.join(gone)}"] * bool(gone)
        words += [f"only in the second: {', '.join(new)}"] * bool(new)
        for regime, normal in unit.regimes.items():
            if regime not in other.regimes:
                words.append(f"only in the first: {unit.name} at {list(regime)}")
                continue
            one, two = normal.reference, other.regimes[regime].reference
            place = {name: i for i, name in enumerate(other.points)}
            for i, name in enumerate(unit.points):
                j = place.get(name)
                if j is None or not (one.known[i] and two.known[j]):
                    continue
                found.append(
                    Difference(
                        unit=unit.name, point=name, regime=regime,
                        sigmas=float((two.mean[j] - one.mean[i]) / one.sigma[i]),
                        ratio=float(two.sigma[j] / one.sigma[i]),
                    )
                )  # fmt: skip
        words += [f"only in the second: {unit.name} at {list(r)}" for r in other.regimes if r not in unit.regimes]
    words += [f"only in the second: {name}" for name in units]
    return sorted(found, key=lambda d: -max(abs(d.sigmas), abs(np.log(d.ratio)))), words
