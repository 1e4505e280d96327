"""Slow wander of a healthy process: feeds, temperatures and pressures are never quite still."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

WANDER_TAU_S = 300.0  # site default: five minutes, slower than every control loop of the demo plant
DRAWN_AT_ONCE = 64  # seconds
WANDER_LIMIT = 3.0  # standard deviations; a healthy plant does not leave its operating window


class Wander:
    """Independent Ornstein-Uhlenbeck walks of unit variance, one a name, read as multiples of a standard deviation."""

    def __init__(self, names: tuple[str, ...], rng: np.random.Generator) -> None:
        self._names = names
        self._rng = rng
        self._keep = math.exp(-1.0 / WANDER_TAU_S)
        self._kick = math.sqrt(1.0 - self._keep**2)
        self._x = rng.standard_normal(len(names)).clip(-WANDER_LIMIT, WANDER_LIMIT)
        self._kicks: Iterator[NDArray[np.float64]] = iter(())
        self.now: dict[str, float] = dict(zip(names, self._x.tolist(), strict=True))

    def step(self) -> None:
        """One second on."""
        kick = next(self._kicks, None)
        if kick is None:
            self._kicks = iter(self._kick * self._rng.standard_normal((DRAWN_AT_ONCE, len(self._names))))
            kick = next(self._kicks)
        self._x = self._keep * self._x + kick
        np.clip(self._x, -WANDER_LIMIT, WANDER_LIMIT, out=self._x)
        self.now = dict(zip(self._names, self._x.tolist(), strict=True))
