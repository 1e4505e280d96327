"""Two-sided tabular CUSUM of many points: small lasting shifts that a limit does not see.

    z = (x - mean0)/sigma0;   C+ = max(0, C+ + z - k);   C- = max(0, C- - z - k);   beyond h: shifted

With k = 0.5 and h = 5 a shift of one sigma is seen after about 10 samples, and one false alarm comes in about 465
independent samples. Source: Page 1954; Montgomery, Statistical Quality Control, table 9.3 (from memory). Correlated
samples give more false alarms: widen h by normal data.

The sums stop at `ceiling`, so that a long shift does not take as long again to clear. Shapes (n_points,), in sigmas.
No BLAS.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.statistical.reference import Array, Reference

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class CusumSettings:
    """Slack, decision interval and cap, in standard deviations."""

    slack: float = 0.5  # k: half the shift to be seen
    decision: float = 5.0  # h
    ceiling: float = 10.0  # site default: twice h

    def __post_init__(self) -> None:
        if not self.slack >= 0.0:
            raise ValueError(f"slack must be at least 0, got {self.slack}")
        if not self.decision > 0.0:
            raise ValueError(f"decision must be above 0, got {self.decision}")
        if not self.ceiling > self.decision:
            raise ValueError(f"ceiling must be above decision {self.decision}, got {self.ceiling}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CusumState:
    """Both sums and, for each, the samples since it was last zero: the estimate of when the shift began."""

    high: Array
    low: Array
    high_run: Array
    low_run: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class CusumJudgement:
    """What one scan shows. Where `unknown`, no other flag is set and none means normal."""

    high: Mask
    low: Mask
    unknown: Mask


def start_cusum(reference: Reference) -> CusumState:
    """Both sums at zero."""
    zero = np.zeros_like(reference.mean)
    return CusumState(high=zero, low=zero.copy(), high_run=zero.copy(), low_run=zero.copy())


def step_cusum(
    state: CusumState, settings: CusumSettings, reference: Reference, x: Array
) -> tuple[CusumState, CusumJudgement]:
    """Take in one scan. A NaN or infinite value holds that point's sums and is judged `unknown`."""
    valid = np.isfinite(x) & reference.known
    z = np.where(valid, x - reference.mean, 0.0) / reference.sigma
    high = np.minimum(np.maximum(state.high + z - settings.slack, 0.0), settings.ceiling)
    low = np.minimum(np.maximum(state.low - z - settings.slack, 0.0), settings.ceiling)
    high = np.where(valid, high, state.high)
    low = np.where(valid, low, state.low)
    new = CusumState(
        high=high,
        low=low,
        high_run=np.where(valid, np.where(high > 0.0, state.high_run + 1.0, 0.0), state.high_run),
        low_run=np.where(valid, np.where(low > 0.0, state.low_run + 1.0, 0.0), state.low_run),
    )
    judgement = CusumJudgement(
        high=valid & (high > settings.decision), low=valid & (low > settings.decision), unknown=~valid
    )
    return new, judgement
