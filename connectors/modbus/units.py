"""The units behind one address that do not answer: a circuit breaker each, so that one costs the others nothing."""

import random

import structlog

REST_FIRST_S, REST_LAST_S = 1.0, 3.0  # site default: a unit that is back is found within 5 s

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Units:
    """Which units rest, and until when. A unit alone at its address never rests: there is nobody to spare."""

    def __init__(self, address: str) -> None:
        self._log = log.bind(address=address)
        self._until_s: dict[int, float] = {}
        self._times: dict[int, int] = {}
        self._spread = random.Random()  # noqa: S311  spreads attempts, not a secret
        self.known: frozenset[int] = frozenset()

    def silent(self, unit: int, reason: str, now_s: float) -> None:
        """The unit let a request time out or answered wrongly: leave it alone, longer each time."""
        times = self._times.get(unit, 0)
        if times == 0 and len(self.known) > 1:
            self._log.warning("device_silent", unit=unit, reason=reason)
        self._times[unit] = times + 1
        rest_s = min(REST_LAST_S, REST_FIRST_S * 2.0 ** min(times, 30))
        self._until_s[unit] = now_s + rest_s * (0.75 + 0.25 * self._spread.random())

    def answered(self, unit: int) -> None:
        """The unit answered; it is asked in every read again."""
        if self._times.pop(unit, 0):
            del self._until_s[unit]
            if len(self.known) > 1:
                self._log.info("device_answers", unit=unit)

    def rests(self, unit: int) -> bool:
        """True from the unit's first failure until it has answered a knock."""
        return unit in self._times and len(self.known) > 1

    def all_rest(self) -> bool:
        """True when no unit is left that answers."""
        return self.known <= self._times.keys()

    def due(self, now_s: float) -> list[int]:
        """Resting units that may be knocked at, the longest waiting first."""
        return sorted(
            (unit for unit, until_s in self._until_s.items() if until_s <= now_s), key=self._until_s.__getitem__
        )

    def forget(self) -> None:
        """Begin anew: the address itself was away."""
        self._times.clear()
        self._until_s.clear()
