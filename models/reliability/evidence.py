"""What counted events say of an assumed rate: Poisson and chi-square."""

from math import exp, inf

CONFIDENCE = 0.70  # one-sided, for failure rates from service (IEC 61511-1:2016 11.9.4 note; IEC 60605-4)
UNLIKELY = 0.05  # a count less probable than this under the assumed rate is flagged (site default)


def at_least(count: int, expected: float) -> float:
    """Probability of `count` or more events where `expected` are expected (Poisson)."""
    term, below = exp(-expected), 0.0
    for k in range(count):
        below += term
        term *= expected / (k + 1)
    return max(0.0, 1.0 - below)


def is_more_than_assumed(count: int, expected: float) -> bool:
    """True where so many events are too many to be chance."""
    return count > 0 and at_least(count, expected) < UNLIKELY


def rate_upper_bound(failures: int, device_h: float, confidence: float = CONFIDENCE) -> float:
    """Failure rate per hour that is not exceeded with `confidence`: chi-square of 2 (failures + 1) over 2 hours.

    Infinite without hours.
    """
    if device_h <= 0:
        return inf
    from scipy.special import chdtri  # here: 13 MB that a scan does not need

    return float(chdtri(2 * (failures + 1), 1.0 - confidence)) / (2.0 * device_h)


def rate_estimate(failures: int, device_h: float) -> float:
    """Failures by hours, the maximum-likelihood rate; not a number without hours."""
    return failures / device_h if device_h > 0 else float("nan")
