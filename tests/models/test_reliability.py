"""Failure on demand against published figures, an independent numeric integration, and counted events."""

from itertools import product

import numpy as np
import pytest

from models.reliability.evidence import at_least, is_more_than_assumed, rate_upper_bound
from models.reliability.pfd import (
    Devices,
    band,
    overdue_interval,
    pfd_at,
    pfd_iec,
    pfd_simplified,
    pfh_simplified,
    spurious_rate,
    with_bypass,
)

TAU_H = 8760.0


def devices(lam: float = 2e-6, *, beta: float = 0.1, coverage: float = 1.0, tau_h: float = TAU_H) -> Devices:
    one = {
        "lambda_du_per_h": lam, "lambda_dd_per_h": 2e-6, "beta": beta, "beta_d": 0.05, "mttr_h": 8.0, "mrt_h": 8.0,
        "interval_h": tau_h, "coverage": coverage, "mission_h": 87600.0,
    }  # fmt: skip
    return Devices(**{name: np.array([value]) for name, value in one.items()})


def counts(m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.array([m]), np.array([n])


def six(value: float) -> str:
    return f"{value:.6e}"


GOLDEN = {
    (1, 1): ("8.760000e-03", "8.792000e-03", "8.709065e-03", "5.000e-06"),
    (1, 2): ("9.588766e-04", "9.667461e-04", "9.572849e-04", "9.500e-06"),
    (2, 2): ("1.664400e-02", "1.758400e-02", "1.646084e-02", "5.003e-07"),
    (2, 3): ("1.124630e-03", "1.143438e-03", "1.118956e-03", "5.010e-07"),
    (1, 3): ("8.769801e-04", "8.794816e-04", "8.764490e-04", "1.400e-05"),
}


@pytest.mark.parametrize(("m", "n"), GOLDEN)
def test_golden_vectors_to_six_digits(m: int, n: int) -> None:
    simplified, iec, _, spurious = GOLDEN[m, n]
    assert six(pfd_simplified(*counts(m, n), devices())[0]) == simplified
    assert six(pfd_iec(*counts(m, n), devices())[0]) == iec
    rate = spurious_rate(*counts(m, n), np.array([5e-6]), np.array([0.1]), np.array([8.0]))
    assert f"{rate[0]:.3e}" == spurious


def integrated(m: int, n: int, lam: float, beta: float, tau_h: float = TAU_H) -> float:
    """Mean over the interval of the probability that fewer than m of n work, by looking at every combination."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    t_h, mean = tau_h * (nodes + 1.0) / 2.0, 0.0
    for t, weight in zip(t_h, weights / 2.0, strict=True):
        works, common = np.exp(-(1.0 - beta) * lam * t), np.exp(-beta * lam * t)
        alive = 0.0
        for up in product((True, False), repeat=n):
            if sum(up) >= m:
                alive += float(np.prod([works if one else 1.0 - works for one in up]))
        mean += weight * (1.0 - common * alive)
    return mean


@pytest.mark.parametrize(("m", "n"), GOLDEN)
def test_the_exact_figure_is_the_mean_over_the_interval(m: int, n: int) -> None:
    assert six(integrated(m, n, 2e-6, 0.1)) == GOLDEN[m, n][2]
    nodes, weights = np.polynomial.legendre.leggauss(40)
    some = Devices(**{name: np.repeat(getattr(devices(), name), 40) for name in Devices.__slots__})
    at = pfd_at(np.full(40, m), np.full(40, n), some, TAU_H * (nodes + 1.0) / 2.0, np.full(40, np.nan))
    assert float(weights @ at) / 2.0 == pytest.approx(integrated(m, n, 2e-6, 0.1), rel=1e-12)


@pytest.mark.parametrize("x", [1e-4, 1e-3, 5e-3, 0.01, 0.02])
@pytest.mark.parametrize(("m", "n"), [*GOLDEN, (2, 4), (3, 4)])
@pytest.mark.parametrize("beta", [0.0, 0.02, 0.1])
def test_simplified_is_within_two_percent_of_exact(m: int, n: int, x: float, beta: float) -> None:
    """Where common causes count for nothing, independent failures of r channels at once are r times as far off."""
    exact = integrated(m, n, x / TAU_H, beta)
    simplified = pfd_simplified(*counts(m, n), devices(x / TAU_H, beta=beta))[0]
    within = 0.02 if beta and (m, n) in GOLDEN else 0.02 * (n - m + 1)
    assert simplified == pytest.approx(exact, rel=within)
    assert simplified >= exact * (1.0 - 1e-9), "the simplified form never flatters"


def test_a_test_that_does_not_find_all_can_cost_a_level() -> None:
    whole, part = devices(), devices(coverage=0.7)
    assert six(pfd_simplified(*counts(1, 1), part)[0]) == "3.241200e-02"
    assert band(pfd_simplified(*counts(1, 1), whole)[0]) == 2
    assert band(pfd_simplified(*counts(1, 1), part)[0]) == 1


def test_two_channels_with_an_imperfect_test_against_a_double_integral() -> None:
    """The time since the test and the time since the device was new, independent and uniform."""
    nodes, weights = np.polynomial.legendre.leggauss(30)
    u, w = (nodes + 1.0) / 2.0, weights / 2.0
    q = 0.9 * 2e-6 * (0.7 * TAU_H * u[:, None] + 0.3 * 87600.0 * u[None, :])
    independent = float(w @ q**2 @ w)
    common = 0.1 * 2e-6 * (0.7 * TAU_H + 0.3 * 87600.0) / 2.0
    assert pfd_simplified(*counts(1, 2), devices(coverage=0.7))[0] == pytest.approx(independent + common, rel=1e-12)


@pytest.mark.parametrize(
    ("factor", "pfd"),
    [(1.0, "8.760e-03"), (1.25, "1.095e-02"), (1.5, "1.314e-02"), (2.0, "1.752e-02"), (3.0, "2.628e-02")],
)
def test_an_overdue_test_counts_as_a_longer_interval(factor: float, pfd: str) -> None:
    late = overdue_interval(np.array([TAU_H]), np.array([factor * TAU_H]))
    assert f"{pfd_simplified(*counts(1, 1), devices().every(late))[0]:.3e}" == pfd


@pytest.mark.parametrize(
    ("hours", "pfd"), [(8, "2.037e-03"), (24, "3.861e-03"), (72, "9.335e-03"), (87.6, "1.111e-02"), (168, "2.028e-02")]
)
def test_bypass_hours_count_as_no_protection(hours: float, pfd: str) -> None:
    whole = pfd_simplified(*counts(2, 3), devices())
    assert f"{with_bypass(whole, np.array([hours / 8760.0]))[0]:.3e}" == pfd


def test_the_band_follows_the_effective_figure_and_its_ends() -> None:
    assert [band(p) for p in (0.1, 0.0999, 0.01, 9.99e-3, 1e-3, 9.9e-4, 1e-4, 9e-5)] == [0, 1, 1, 2, 2, 3, 3, 4]


def test_no_channel_needed_never_fails_and_more_than_there_are_always() -> None:
    for form in (pfd_simplified, pfd_iec):
        assert form(*counts(0, 2), devices())[0] == 0.0
        assert form(*counts(2, 1), devices())[0] == 1.0
    now = np.array([100.0])
    assert pfd_at(*counts(0, 2), devices(), now, now)[0] == 0.0
    assert pfd_at(*counts(2, 1), devices(), now, now)[0] == 1.0


def test_mixed_groups_are_what_each_alone_is() -> None:
    kinds = list(GOLDEN)
    m, n = np.array([m for m, _ in kinds]), np.array([n for _, n in kinds])
    some = Devices(**{name: np.repeat(getattr(devices(), name), len(kinds)) for name in Devices.__slots__})
    for form in (pfd_simplified, pfd_iec, pfh_simplified):
        alone = [form(*counts(*kind), devices())[0] for kind in kinds]
        assert form(m, n, some).tolist() == pytest.approx(alone, rel=1e-14)


def test_dangerous_failures_an_hour_of_one_and_of_two_of_three() -> None:
    assert pfh_simplified(*counts(1, 1), devices())[0] == pytest.approx(2e-6)
    assert pfh_simplified(*counts(2, 3), devices())[0] == pytest.approx(3 * 1.8e-6**2 * TAU_H + 0.1 * 2e-6)


def test_two_demands_where_a_tenth_was_assumed_are_flagged() -> None:
    assert at_least(2, 0.1) == pytest.approx(0.00467884, rel=1e-5)
    assert is_more_than_assumed(2, 0.1)
    assert not is_more_than_assumed(1, 0.1)  # 9.5 %: one demand in the first year proves nothing
    assert not is_more_than_assumed(0, 0.0)


def test_no_failure_in_a_million_hours_bounds_the_rate_at_seventy_percent() -> None:
    """Chi-square with 2 degrees of freedom at 70 %: -2 ln 0.3."""
    assert rate_upper_bound(0, 1e6) == pytest.approx(-np.log(0.3) / 1e6, rel=1e-12)
    assert rate_upper_bound(1, 1e6) == pytest.approx(2.4392e-6, rel=1e-4)
    assert rate_upper_bound(3, 0.0) == float("inf")
