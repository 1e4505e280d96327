"""Cost of a scan in processor time: the unit monitor and the univariate layer, beside the same work by others.

PyOD and river are measured in the same run where they are installed (`make bench-setup`); neither is a dependency.
"""

import time
import warnings
from collections.abc import Callable
from functools import partial
from operator import mul

import numpy as np

from models.statistical.heldout import learn_monitor
from models.statistical.monitor import Monitor
from models.statistical.points import KINDS, PointMonitor, PointReference
from models.statistical.reference import Array

REPEATS = 5
POINTS = 100_000
LOOPED = 10_000  # points of the loops; the figure is for POINTS


def fastest(work: Callable[[], object], rounds: int) -> float:
    """Seconds of processor time a round, the least of REPEATS."""
    found = []
    for _ in range(REPEATS):
        begun = time.process_time()
        for _ in range(rounds):
            work()
        found.append((time.process_time() - begun) / rounds)
    return min(found)


def cost() -> None:
    """Print both tables."""
    unit()
    layer()


def unit() -> None:
    """One unit of 52 points, one scan; the peers judge the same vector."""
    dice = np.random.default_rng(1)
    runs = [np.cumsum(dice.normal(size=(1000, 52)), axis=0) * 0.01 + dice.normal(size=(1000, 52))]
    monitor = Monitor([learn_monitor(runs, np.full(52, 1e-9)).model])
    row = runs[0][:1].copy()
    hole = row.copy()
    hole[0, 7] = np.nan
    whole, lost = fastest(lambda: monitor.step(row), 2000), fastest(lambda: monitor.step(hole), 1000)
    print(f"\na scan of one unit, 52 points: {whole * 1e6:.0f} us (at most 100); one value missing {lost * 1e6:.0f}")
    peers = {"a Python loop over the same sums": loop_of(runs[0])}
    peers |= pyod_of(runs[0]) | river_of(runs[0])
    for name, work in peers.items():
        spent = fastest(work, 20)
        print(f"  {name}: {spent * 1e6:,.0f} us, {spent / whole:.1f} times as long")


def loop_of(rows: Array) -> Callable[[], object]:
    """Forecast from three rows and quadratic form, number by number."""
    n = rows.shape[1]
    model = learn_monitor([rows], np.full(n, 1e-9)).model.innovation
    forecast, precision = model.transition.tolist(), model.precision.tolist()
    past, row = rows[:3].ravel().tolist(), rows[3].tolist()

    def work() -> float:
        e = [row[i] - sum(map(mul, forecast[i], past)) for i in range(n)]
        return sum(e[i] * sum(map(mul, precision[i], e)) for i in range(n))

    return work


def pyod_of(rows: Array) -> dict[str, Callable[[], object]]:
    """Detectors of PyOD (dependency group `bench`), fitted on the same rows."""
    try:
        from pyod.models.ecod import ECOD  # type: ignore[import-not-found]
        from pyod.models.knn import KNN  # type: ignore[import-not-found]
        from pyod.models.mcd import MCD  # type: ignore[import-not-found]
        from pyod.models.pca import PCA  # type: ignore[import-not-found]
    except ImportError:
        print("  PyOD is not installed (make bench-setup); it took 1,085 us (PCA) and 2,666 us (MCD) where it was")
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn about their use of it
        fitted = {f"PyOD {kind.__name__}": kind().fit(rows) for kind in (PCA, MCD, KNN, ECOD)}
    return {name: partial(model.decision_function, rows[:1]) for name, model in fitted.items()}


def river_of(rows: Array) -> dict[str, Callable[[], object]]:
    """River's detector of many variables: scores a row and learns from it, as it is meant to be used.

    It looks at some dozen of the values, one a node of its trees, and finds 54 % of the Tennessee Eastman faults where
    the monitor finds 97 %.
    """
    try:
        from river.anomaly import HalfSpaceTrees  # type: ignore[import-not-found]
    except ImportError:
        print("  river is not installed (make bench-setup); HalfSpaceTrees took 296 us where it was")
        return {}
    forest = HalfSpaceTrees(seed=1)
    named = [dict(enumerate(row)) for row in ((rows - rows.min(axis=0)) / np.ptp(rows, axis=0)).tolist()]
    for row in named[:300]:
        forest.learn_one(row)

    def work() -> float:
        score = float(forest.score_one(named[0]))
        forest.learn_one(named[0])
        return score

    return {"river HalfSpaceTrees": work}


def layer() -> None:
    """The univariate layer, 100,000 points, one scan."""
    dice = np.random.default_rng(2)
    ones = np.ones(POINTS)
    reference = PointReference(
        mean=50.0 * ones, sigma=ones, change=1.4 * ones, pace=1.7 * ones, longest=0.0 * ones,
        low=0.0 * ones, high=100.0 * ones,        known=ones > 0.0,
    )  # fmt: skip
    monitor, rows = PointMonitor(reference), [dice.normal(50.0, 1.0, POINTS) for _ in range(3)]
    rows[2][::1000] = np.nan
    spent = fastest(lambda: [monitor.step(row) for row in rows], 10) / len(rows)
    print(f"\nunivariate layer, {POINTS:,} points, {len(KINDS)} questions: {spent * 1e3:.2f} ms a scan (at most 5)")
    few = rows[0][:LOOPED].tolist()
    looped = fastest(partial(loop_layer, few, [[0.0] * 6 for _ in few]), 3) * POINTS / LOOPED
    print(
        f"  a Python loop, mean, noise, rate and CUSUM only: {looped * 1e3:.0f} ms, {looped / spent:.0f} times as long"
    )
    for name, rivers in river_layer(few).items():
        print(f"  {name}: {rivers * 1e3:.0f} ms, {rivers / spent:.0f} times as long")


def river_layer(values: list[float]) -> dict[str, float]:
    """Seconds a scan of POINTS: a moving mean and a change detector a point, which is less than the layer asks."""
    try:
        from river.anomaly import GaussianScorer  # type: ignore[import-not-found]
        from river.drift import PageHinkley  # type: ignore[import-not-found]
        from river.stats import EWMean  # type: ignore[import-not-found]
    except ImportError:
        print("  river is not installed (make bench-setup); EWMean with PageHinkley took 104 to 332 ms where it was")
        return {}
    means, changes, scorers = ([kind() for _ in values] for kind in (EWMean, PageHinkley, GaussianScorer))

    def drift() -> None:
        for value, mean, change in zip(values, means, changes, strict=True):
            mean.update(value)
            change.update(value)

    def score() -> None:
        for value, scorer in zip(values, scorers, strict=True):
            scorer.score_one(None, value)
            scorer.learn_one(None, value)

    share = POINTS / LOOPED
    works = {"river's EWMean with PageHinkley": drift, "river's GaussianScorer": score}
    return {name: fastest(work, 2) * share for name, work in works.items()}


def loop_layer(values: list[float], state: list[list[float]]) -> None:
    """The recursions of the layer for one scan, point by point."""
    for x, own in zip(values, state, strict=True):
        z = x - 50.0
        step = z - own[0]
        own[0] = z
        own[1] += 0.05 * (z - own[1])
        own[2] += 0.05 * (step * step - own[2])
        own[3] += 0.2 * (min(max(step, -3.0), 3.0) - own[3])
        own[4] = min(max(own[4] + z - 7.0, 0.0), 240.0)
        own[5] = min(max(own[5] - z - 7.0, 0.0), 240.0)


if __name__ == "__main__":
    cost()
