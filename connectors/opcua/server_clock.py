"""The server's clock against ours, as far as answers on the way tell it."""

import math
from collections import deque
from dataclasses import dataclass

STAGES = 8  # RFC 5905, section 10: the clock filter keeps the last eight looks and believes the quickest


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLook:
    """One answer: what the server's clock said, and ours before the request and after the answer (UTC seconds)."""

    server_s: float
    before_s: float
    after_s: float

    @property
    def round_trip_s(self) -> float:
        """How long the answer took; the server's clock was read at some moment of it."""
        return max(0.0, self.after_s - self.before_s)

    @property
    def offset_s(self) -> float:
        """The server's clock minus ours, by what the round trip cannot explain: 0 while it can explain all."""
        middle_s = self.server_s - 0.5 * (self.before_s + self.after_s)
        return math.copysign(max(0.0, abs(middle_s) - 0.5 * self.round_trip_s), middle_s)


class ServerClock:
    """The last looks of one connection."""

    def __init__(self) -> None:
        self._looks: deque[ClockLook] = deque(maxlen=STAGES)

    def look(self, look: ClockLook | None) -> None:
        """Take in one look; none, or one at a server that does not tell its time, changes nothing."""
        if look is not None and math.isfinite(look.server_s):
            self._looks.append(look)

    def forget(self) -> None:
        """The connection is over: nothing is known of the server's clock."""
        self._looks.clear()

    @property
    def offset_s(self) -> float:
        """The server's clock minus ours, by the quickest look; NaN without any."""
        quickest = min(self._looks, key=lambda look: look.round_trip_s, default=None)
        return math.nan if quickest is None else quickest.offset_s
