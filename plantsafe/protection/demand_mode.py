"""Low or high demand: how often a function was really needed decides which figure it is to be judged by.

PFDavg is the figure of a function that is needed at most once a year. More often than that the plant reaches its trip
point before a proof test could have found a hidden failure: what counts then is PFH, its dangerous failures an hour.
"""

from dataclasses import dataclass

import numpy as np

from plantsafe.frame import F8, I8, Bool

A_YEAR = 1.0  # IEC 61511-1:2016 3.2.39 and IEC 61508-4:2010 3.5.16 (from memory; to be checked against the text)
A_TEST = 2.0  # nor more than twice the frequency of proof tests: IEC 61508-4:1998 3.5.12, kept by many sites (the same)
LEAST = 2.0  # one demand is no rate (site default)
YEAR_H = 8766.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandMode:
    """twelve_months: demands in the last twelve; a_year: over the whole record, which counts as a year at least.

    limit: above which the function is in high demand. pfh_per_h: its dangerous failures an hour, as specified;
    required_pfh: what its level allows (IEC 61511-1:2016, table 5). Both None in low demand, and where data or level
    are missing.
    """

    twelve_months: float
    a_year: float
    limit: float
    is_high: bool
    pfh_per_h: float | None
    required_pfh: float | None


def limit_a_year(interval_h: F8) -> F8:
    """Demands a year beyond which a function is in high demand; interval_h (n_functions): its longest between tests."""
    with np.errstate(divide="ignore"):
        return np.fmin(A_YEAR, A_TEST * YEAR_H / interval_h)


def is_high(twelve_months: F8, total: I8, years: float, limit: F8) -> Bool:
    """Where demands are too frequent for PFD (n_functions): in the last twelve months, or over the whole record."""
    often = (twelve_months >= LEAST) & (twelve_months > limit)
    answer: Bool = often | ((total >= LEAST) & (total / max(years, 1.0) > limit))
    return answer


def allowed_pfh(sil: int) -> float | None:
    """Upper end of the band of a level, for high demand (IEC 61511-1:2016, table 5); None without a level."""
    return 10.0 ** -(4 + sil) if sil else None
