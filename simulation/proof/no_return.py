"""The point of no return: the latest moment at which acting still prevents the loss."""

from collections.abc import Callable

SHARE = 0.02  # of the time between trip and loss: how closely the moment is told (site default)


def resolution_s(trip_s: float, lost_s: float) -> float:
    """How closely it is told: a plant second at the least."""
    return max(1.0, float(round(SHARE * (lost_s - trip_s))))


def point_of_no_return(
    averts: Callable[[float], bool], *, first_s: float, trip_s: float, lost_s: float
) -> float | None:
    """By bisection, in whole seconds; None where acting at `first_s` already is too late.

    averts: whether acting from that second on prevents the loss; acting earlier is held to be no worse. The answer is a
    moment that was tried and found good: no more than a resolution step before the true one. It lies before `trip_s`
    where the trip comes too late.
    """
    good, bad = trip_s, lost_s
    if not averts(trip_s):
        if trip_s <= first_s or not averts(first_s):
            return None
        good, bad = first_s, trip_s
    step_s = resolution_s(trip_s, lost_s)
    while bad - good > step_s:
        middle = float(round((good + bad) / 2.0))
        if middle in (good, bad):
            break
        if averts(middle):
            good = middle
        else:
            bad = middle
    return good
