"""Probability of failure on demand of m-out-of-n groups: simplified, IEC 61508-6, and at an instant.

A group of n alike channels trips on m of them; it has failed when r = n - m + 1 channels have. All functions take
arrays of groups of one shape (n_groups,) and broadcast numbers; rates are per hour, times in hours. A group that
needs no channel (m = 0) has tripped: it cannot fail. One that needs more channels than it has (m > n) gives 1.
"""

from dataclasses import dataclass, replace
from math import comb, factorial

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
Count = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """What is known of the channels of each group, every field (n_groups,); see IEC 61508-6 annex B.

    coverage: share of the undetected failures that the proof test finds; the rest stays until `mission_h`, which means
    nothing where the test finds all.
    """

    lambda_du_per_h: F8
    lambda_dd_per_h: F8
    beta: F8
    beta_d: F8
    mttr_h: F8
    mrt_h: F8
    interval_h: F8
    coverage: F8
    mission_h: F8

    def every(self, interval_h: F8) -> "Devices":
        """The same with another proof-test interval."""
        return replace(self, interval_h=interval_h)

    def at(self, rows: NDArray[np.intp]) -> "Devices":
        """Some of the groups."""
        return Devices(**{name: getattr(self, name)[rows] for name in self.__slots__})


def overdue_interval(interval_h: F8, age_h: F8) -> F8:
    """The interval that a test has come to: the specified one, or the age of the last test when that is longer."""
    longer: F8 = np.fmax(interval_h, age_h)
    return longer


def with_bypass(pfd: F8, bypass_share: F8) -> F8:
    """PFD when the whole function was bypassed for a share of the time."""
    return pfd + (1.0 - pfd) * bypass_share


def pfd_simplified(m: Count, n: Count, devices: Devices) -> F8:
    """Average PFD by undetected failures alone, with a beta factor.

    Independent failures of r channels between tests, C(n, r) ((1 - beta) lambda tau)^r / (r + 1), and common ones,
    beta lambda tau / 2 (NOROG 070, appendix D, for 1oo1 and 1oo2). With a test that does not find all, the time since
    the last test and the time since the device was new are independent and uniform.
    """
    lam, beta = devices.lambda_du_per_h, devices.beta
    found_h, left_h = devices.coverage * devices.interval_h, _left_h(devices)
    total = beta * lam * (found_h + left_h) / 2.0
    m, n, total = np.broadcast_arrays(m, n, total)
    total = total.copy()
    for size, need in _kinds(m, n):
        here = (n == size) & (m == need)
        r = size - need + 1
        each = ((1.0 - beta) * lam + np.zeros_like(total))[here]
        a, b = (np.broadcast_to(part, total.shape)[here] for part in (found_h, left_h))
        mean = sum(comb(r, j) * a**j * b ** (r - j) / ((j + 1) * (r - j + 1)) for j in range(r + 1))
        total[here] += comb(size, r) * each**r * mean
    return _bounded(m, n, total)


def pfd_iec(m: Count, n: Count, devices: Devices) -> F8:
    """Average PFD after IEC 61508-6:2010 B.3.2, with repair times and, as in B.3.2.5, a test that does not find all.

    A group in which one channel is enough to fail (r = 1) gets no credit for common causes: n lambda_D t_CE.
    """
    du, dd = devices.lambda_du_per_h, devices.lambda_dd_per_h
    beta, beta_d, mrt_h, mttr_h = devices.beta, devices.beta_d, devices.mrt_h, devices.mttr_h
    found, left = devices.coverage * du, (1.0 - devices.coverage) * du
    mission_h = np.where(devices.coverage < 1.0, devices.mission_h, 0.0)
    d = du + dd

    def down_h(part: int) -> F8:
        """Mean down time: t_CE for 2, t_GE for 3, t_G2E for 4."""
        undetected = found * (devices.interval_h / part + mrt_h) + left * (mission_h / part + mrt_h)
        time: F8 = (undetected + dd * mttr_h) / d
        return time

    apart = (1.0 - beta_d) * dd + (1.0 - beta) * du
    common = beta_d * dd * mttr_h
    common = common + beta * (found * (devices.interval_h / 2.0 + mrt_h) + left * (mission_h / 2.0 + mrt_h))
    m, n, total = np.broadcast_arrays(m, n, common)
    total = total.copy()
    for size, need in _kinds(m, n):
        here = (n == size) & (m == need)
        r = size - need + 1
        if r == 1:
            total[here] = size * np.broadcast_to(d * down_h(2), total.shape)[here]
            continue
        product = apart**r
        for i in range(1, r + 1):
            product = product * down_h(i + 1)
        total[here] += factorial(size) // factorial(size - r) * np.broadcast_to(product, total.shape)[here]
    return _bounded(m, n, total)


def pfd_at(m: Count, n: Count, devices: Devices, tested_h: F8, new_h: F8) -> F8:
    """PFD at an instant, `tested_h` after the last proof test and `new_h` after the devices were new.

    Undetected failures alone: what diagnostics find is seen, and changes m and n. Binomial, no approximation.
    """
    age_h = devices.coverage * tested_h + (1.0 - devices.coverage) * np.where(devices.coverage < 1.0, new_h, 0.0)
    hazard = devices.lambda_du_per_h * age_h
    apart, common = -np.expm1(-(1.0 - devices.beta) * hazard), -np.expm1(-devices.beta * hazard)
    m, n, failed = np.broadcast_arrays(m, n, np.zeros_like(apart))
    failed = failed.copy()
    for size, need in _kinds(m, n):
        here = (n == size) & (m == need)
        q = np.broadcast_to(apart, failed.shape)[here]
        few = range(size - need + 1, size + 1)
        failed[here] = sum(comb(size, k) * q**k * (1.0 - q) ** (size - k) for k in few)
    return _bounded(m, n, 1.0 - (1.0 - failed) * (1.0 - common))


def pfh_simplified(m: Count, n: Count, devices: Devices) -> F8:
    """Dangerous failures of the group per hour, for a function of which more than one demand a year is made."""
    lam, beta, tau_h = devices.lambda_du_per_h, devices.beta, devices.interval_h
    m, n, total = np.broadcast_arrays(m, n, beta * lam + np.zeros_like(tau_h))
    total = total.copy()
    for size, need in _kinds(m, n):
        here = (n == size) & (m == need)
        r = size - need + 1
        rate = comb(size, r) * ((1.0 - beta) * lam) ** r * tau_h ** (r - 1)
        total[here] += np.broadcast_to(rate, total.shape)[here]
    return np.where(m == 0, 0.0, np.where(m > n, np.inf, total))


def spurious_rate(m: Count, n: Count, lambda_s_per_h: F8, beta: F8, mttr_h: F8) -> F8:
    """Spurious trips of the group per hour: m safe failures at a time, or one with a common cause.

    C(n, m) m ((1 - beta) lambda)^m MTTR^(m - 1) + beta lambda; a single channel has no common cause.
    """
    m, n, lam = np.broadcast_arrays(m, n, np.asarray(lambda_s_per_h, dtype=np.float64))
    total = np.where(n > 1, beta * lam, 0.0)
    for size, need in _kinds(m, n):
        here = (n == size) & (m == need)
        each = np.broadcast_to((1.0 - beta) * lam if size > 1 else lam, lam.shape)[here]
        repair_h = np.broadcast_to(mttr_h, lam.shape)[here]
        total[here] += comb(size, need) * need * each**need * repair_h ** (need - 1)
    return np.where((m < 1) | (m > n), 0.0, total)


def band(pfd: float) -> int:
    """The band of the level that a PFD lies in, 0 for none (IEC 61511-1, table 4): low demand, 4 at most."""
    for level in (4, 3, 2, 1):
        if pfd < 10.0**-level:
            return level
    return 0


def _left_h(devices: Devices) -> F8:
    """Share that the test does not find, times the hours in which it gathers."""
    left: F8 = np.where(devices.coverage < 1.0, (1.0 - devices.coverage) * devices.mission_h, 0.0)
    return left


def _kinds(m: Count, n: Count) -> list[tuple[int, int]]:
    """The different (n, m) with 1 <= m <= n."""
    pairs = np.unique(np.stack([np.ravel(n), np.ravel(m)], axis=1), axis=0)
    return [(int(size), int(need)) for size, need in pairs if 1 <= need <= size]


def _bounded(m: Count, n: Count, pfd: F8) -> F8:
    return np.where(m <= 0, 0.0, np.where(m > n, 1.0, np.minimum(pfd, 1.0)))
