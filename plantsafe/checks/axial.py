"""Normal temperatures along the way of continuous units, and how far the measured ones are off."""

from collections.abc import Sequence

import numpy as np

from plantsafe.frame import F8
from plantsafe.plant.model.line import Line, Profile, ProfilePoint

REACH = 0.1  # share of the feed beyond that of a normal profile to which it is still one (site default)


class AxialProfiles:
    """Normal temperatures along the way of each unit, in dependence of its feed."""

    def __init__(self, lines: Sequence[Line]) -> None:
        profiles = [a.profile for a in lines]
        shape = max((len(each) for each in places(lines)), default=0) or 1, len(lines)
        self._at_zero, self._slope = np.zeros(shape), np.zeros(shape)
        self._low, self._high = np.full(len(lines), -np.inf), np.full(len(lines), np.inf)
        for i, profile in enumerate(profiles):
            if profile is not None:
                self._at_zero[:, i], self._slope[:, i] = _straight(profile, shape[0])
                self._at_zero[:, i] -= profile.reference_c or 0.0  # what is left moves with the reference
                feeds = [one.feed_kg_h for one in profile.normal]
                self._low[i], self._high[i] = (1.0 - REACH) * min(feeds), (1.0 + REACH) * max(feeds)

    def deviation(self, t_c: F8, reference_c: F8, fed_kg_h: F8) -> F8:
        """The largest deviation with its sign (n_units,), NaN with a temperature missing or at another feed."""
        off = t_c - self._at_zero - self._slope * fed_kg_h - reference_c
        low, high = off.min(axis=0), off.max(axis=0)
        worst: F8 = np.where(-low > high, low, high)
        far = (fed_kg_h < self._low) | (fed_kg_h > self._high)
        if far.any():
            worst[far] = np.nan
        return worst


def normal_profile(profile: Profile, fed_kg_h: float, reference_c: float) -> F8:
    """The normal temperatures at a feed, one for each point of the profile."""
    at_zero, slope = _straight(profile, len(profile.points))
    shift = 0.0 if profile.reference_c is None else reference_c - profile.reference_c
    answer: F8 = at_zero + slope * fed_kg_h + shift
    return answer


def _straight(profile: Profile, n: int) -> tuple[F8, F8]:
    """Temperature at no feed and its slope, each (n,), the last place repeated: least squares over the profiles."""
    feeds = np.array([one.feed_kg_h for one in profile.normal])
    t_c = np.array([one.temperatures_c for one in profile.normal])
    slope = np.zeros(t_c.shape[1])
    if len(feeds) > 1:
        away = feeds - feeds.mean()
        slope = away @ (t_c - t_c.mean(axis=0)) / (away @ away)
    at_zero = t_c.mean(axis=0) - slope * feeds.mean()
    repeated = np.minimum(np.arange(n), t_c.shape[1] - 1)
    return at_zero[repeated], slope[repeated]


def places(lines: Sequence[Line]) -> list[list[ProfilePoint]]:
    """The points of each profile, the last of a shorter one repeated."""
    most = max((len(a.profile.points) for a in lines if a.profile), default=0)
    return [[*a.profile.points, *[a.profile.points[-1]] * (most - len(a.profile.points))] if a.profile else []
            for a in lines]  # fmt: skip
