"""Which points speak against the last scans: by reconstruction, then by who left its band first.

Reconstruction: set the points of S to their best guess from all others; d then falls by a_S' (P_SS)^-1 a_S, where
a = P e (Alcala & Qin 2009, Automatica 45:1593, from memory). The point with the largest fall over the recent scans
comes first. Many points follow a fault within a few scans and share the rest of the distance, so the next places go to
the points that left their band first in this episode; where there are none, to those that add most to the
reconstruction (stepwise). A fault that shows in the unrest alone names the most unrestful point first.
"""

import numpy as np
from numpy.typing import NDArray

from models.statistical.reference import Array


def most_contributing(
    *, recent: Array, precision: Array, outside: NDArray[np.int64], strain: Array | None, count: int
) -> list[int]:
    """Indices of at most `count` points, the strongest first.

    recent (n_scans, n): innovations e; precision (n, n): P; outside (n,): scans since each left its band, 0 where it
    has not; strain (n,): unrest in spreads, where that is the statistic that is beyond.
    """
    stepwise = _stepwise(recent @ precision, precision, min(count, len(precision)))
    early = np.flatnonzero(outside)
    early = early[np.argsort(-outside[early], kind="stable")]
    first = [] if strain is None else [int(strain.argmax())]
    order = [*first, *stepwise[:1], *early.tolist(), *stepwise[1:]]
    return list(dict.fromkeys(order))[:count]


def _stepwise(pulled: Array, precision: Array, count: int) -> list[int]:
    """Points in the order in which they take away most of the summed distance, each given those before it.

    pulled (n_scans, n): P e. A point chosen is projected out of both (a step of Cholesky's elimination).
    """
    pulled, precision = pulled.copy(), precision.copy()
    found: list[int] = []
    for _ in range(count):
        gain = (pulled**2).sum(axis=0) / np.maximum(precision.diagonal(), 1e-12)
        gain[found] = -1.0
        best = int(gain.argmax())
        found.append(best)
        share = precision[best] / precision[best, best]
        pulled -= pulled[:, [best]] * share
        precision -= precision[:, [best]] * share
    return found
