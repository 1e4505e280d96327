"""Exponentially weighted mean and variance of many points, each with control limits.

    m_t = m + lambda (x - m)          limits mean0 +- L sigma0 sqrt(lambda/(2 - lambda) (1 - (1 - lambda)^2t))
    v_t = v + lambda ((x - m_{t-1})^2 (2 - lambda)/2 - v)     v/sigma0^2 ~ chi2(nu)/nu, nu = (2 - lambda)/lambda

Sources: Roberts 1959 and Montgomery, Statistical Quality Control, for the mean; MacGregor & Harris 1993 (J. Quality
Technology 25:106) for the variance about the moving mean and its degrees of freedom (both from memory). (2 - lambda)/2
makes the variance unbiased for independent samples. Correlated samples, the rule in plants, need wider limits:
learn them.

Shapes are (n_points,) throughout, values in the point's unit. No BLAS.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.statistical.reference import Array, Reference

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class EwmaSettings:
    """Weight of a new sample, width of the mean's limits in sigmas, false-alarm rate of the variance's limits."""

    weight: float = 0.1  # lambda; 0.05-0.25 in Montgomery
    width: float = 3.0  # L; with 0.1 and 2.814 one false alarm in 500 samples (Lucas & Saccucci 1990)
    variance_alarm_rate: float | None = 0.0027  # two-sided; that of three sigma; None judges the mean alone

    def __post_init__(self) -> None:
        if not 0.0 < self.weight <= 1.0:
            raise ValueError(f"weight must lie in (0, 1], got {self.weight}")
        if not self.width > 0.0:
            raise ValueError(f"width must be above 0, got {self.width}")
        if self.variance_alarm_rate is not None and not 0.0 < self.variance_alarm_rate < 1.0:
            raise ValueError(f"variance_alarm_rate must lie in (0, 1), got {self.variance_alarm_rate}")

    def variance_limits(self) -> tuple[float, float]:
        """Low and high limit of v/sigma0^2."""
        if self.variance_alarm_rate is None:
            return 0.0, np.inf
        return _variance_limits(self.weight, self.variance_alarm_rate)


@cache
def _variance_limits(weight: float, alarm_rate: float) -> tuple[float, float]:
    from scipy.special import chdtri  # here: 13 MB that those who judge the mean alone do not need

    freedom, half = (2.0 - weight) / weight, alarm_rate / 2.0
    return float(chdtri(freedom, 1.0 - half)) / freedom, float(chdtri(freedom, half)) / freedom


@dataclass(frozen=True, slots=True, kw_only=True)
class EwmaState:
    """Mean and variance as far as learnt; `fade` is (1 - lambda)^2t of each point's own count of valid samples."""

    mean: Array
    variance: Array
    fade: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class EwmaJudgement:
    """What one scan shows. Where `unknown`, no other flag is set and none means normal."""

    high: Mask
    low: Mask
    restless: Mask  # variance above its limit
    frozen: Mask  # variance below its limit, after 2/lambda samples
    unknown: Mask


def start_ewma(reference: Reference) -> EwmaState:
    """At the reference, before any sample."""
    return EwmaState(mean=reference.mean.copy(), variance=reference.sigma**2, fade=np.ones_like(reference.mean))


def step_ewma(
    state: EwmaState, settings: EwmaSettings, reference: Reference, x: Array
) -> tuple[EwmaState, EwmaJudgement]:
    """Take in one scan. A NaN or infinite value holds that point's state and is judged `unknown`."""
    valid = np.isfinite(x) & reference.known
    weight = settings.weight
    off = np.where(valid, x - state.mean, 0.0)
    mean = state.mean + weight * off
    fresh = off**2 * (1.0 - weight / 2.0)
    variance = np.where(valid, state.variance + weight * (fresh - state.variance), state.variance)
    fade = np.where(valid, state.fade * (1.0 - weight) ** 2, state.fade)
    width = settings.width * reference.sigma * np.sqrt(weight / (2.0 - weight) * (1.0 - fade))
    above = mean - reference.mean
    ratio = variance / reference.sigma**2
    floor, ceiling = settings.variance_limits()
    settled = fade < np.exp(-4.0)  # about 2/lambda samples
    judgement = EwmaJudgement(
        high=valid & (above > width),
        low=valid & (above < -width),
        restless=valid & (ratio > ceiling),
        frozen=valid & settled & (ratio < floor),
        unknown=~valid,
    )
    return EwmaState(mean=mean, variance=variance, fade=fade), judgement
