"""Many Mahalanobis monitors in one step: models of different size side by side, padded to the largest.

The same statistic as `step_mahalanobis` for each, within rounding: the padding takes part in no sum but as zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.statistical.mahalanobis import MahalanobisModel, MahalanobisState
from models.statistical.reference import Array

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankJudgement:
    """One scan of every monitor. Where `unknown` the state is held, distance2 is NaN and the contributions are 0.

    contribution (n_monitors, n_widest): as of MahalanobisJudgement, -1 in the padding.
    """

    distance2: Array
    unknown: Mask
    contribution: Array


class MahalanobisBank:
    """Models and states of n monitors. smooth (n_monitors, n_widest), fade (n_monitors,): see MahalanobisState."""

    def __init__(self, models: Sequence[MahalanobisModel], states: Sequence[MahalanobisState]) -> None:
        sizes = [model.reference.mean.size for model in models]
        n, widest = len(models), max(sizes, default=0)
        self.valid: Mask = np.arange(widest) < np.array(sizes)[:, None] if n else np.zeros((0, 0), dtype=np.bool_)
        self._mean, self._sigma = np.zeros((n, widest)), np.ones((n, widest))
        self._whitener = np.zeros((n, widest, widest))
        self._diagonal = np.ones((n, widest))
        self.smooth = np.zeros((n, widest))
        for i, (model, state, size) in enumerate(zip(models, states, sizes, strict=True)):
            self._mean[i, :size], self._sigma[i, :size] = model.reference.mean, model.reference.sigma
            self._whitener[i, :size, :size] = model.whitener
            self._diagonal[i, :size] = model.precision_diagonal
            self.smooth[i, :size] = state.smooth
        self._turned = np.ascontiguousarray(self._whitener.transpose(0, 2, 1))
        self._known = np.array([bool(model.reference.known.all()) for model in models], dtype=np.bool_)
        self.fade = np.array([state.fade for state in states], dtype=np.float64)
        self._weight = np.array([model.weight for model in models], dtype=np.float64)
        self._keep = (1.0 - self._weight) ** 2
        self._scale = (2.0 - self._weight) / self._weight

    def step(self, x: Array) -> BankJudgement:
        """Take in one scan (n_monitors, n_widest); what stands in the padding does not matter."""
        judged: Mask = (np.isfinite(x) | ~self.valid).all(axis=1) & self._known
        row = judged[:, None]
        z = (x - self._mean) / self._sigma
        moved = self.smooth + self._weight[:, None] * (z - self.smooth)
        self.smooth = np.where(row, np.where(self.valid, moved, 0.0), self.smooth)
        self.fade = np.where(judged, self.fade * self._keep, self.fade)
        scale = self._scale / np.where(judged, 1.0 - self.fade, 1.0)
        white = np.matmul(self._whitener, self.smooth[:, :, None])
        pulled = np.matmul(self._turned, white)[:, :, 0]
        distance2 = (white[:, :, 0] ** 2).sum(axis=1) * scale
        contribution = np.where(self.valid, pulled**2 / self._diagonal * scale[:, None], -1.0)
        return BankJudgement(
            distance2=np.where(judged, distance2, np.nan),
            unknown=~judged,
            contribution=np.where(row | ~self.valid, contribution, 0.0),
        )

    def state(self, i: int) -> MahalanobisState:
        """State of one monitor."""
        size = int(self.valid[i].sum())
        return MahalanobisState(smooth=self.smooth[i, :size].copy(), fade=float(self.fade[i]))
