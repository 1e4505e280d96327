"""Slow wander of a healthy process: feeds, temperatures and pressures are never quite still."""

import math

import numpy as np

WANDER_TAU_S = 300.0  # site default: five minutes, slower than every control loop of the demo plant
WANDER_LIMIT = 3.0  # standard deviations; a healthy plant does not leave its operating window


class Wander:
    """Independent Ornstein-Uhlenbeck walks of unit variance, one a name, read as multiples of a standard deviation."""

    def __init__(self, names: tuple[str, ...], rng: np.random.Generator) -> None:
        self._names = names
        self._rng = rng
        self._keep = math.exp(-1.0 / WANDER_TAU_S)
        self._kick = math.sqrt(1.0 - self._keep**2)
        self._x = rng.standard_normal(len(names)).clip(-WANDER_LIMIT, WANDER_LIMIT)
        self.now: dict[str, float] = dict(zip(names, self._x.tolist(), strict=True))

    def step(self) -> None:
        """One second on."""
        self._x = self._keep * self._x + self._kick * self._rng.standard_normal(len(self._names))
        np.clip(self._x, -WANDER_LIMIT, WANDER_LIMIT, out=self._x)
        self.now = dict(zip(self._names, self._x.tolist(), strict=True))
