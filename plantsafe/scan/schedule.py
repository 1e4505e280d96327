"""When to scan: fixed instants, numbered for ever; what cannot be kept is skipped and counted, never shifted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Instants at `start_ns + (n - first) * period_ns` of steady plant time, for scan numbers n from `first` on."""

    first: int
    start_ns: int
    period_ns: int

    def instant_ns(self, number: int) -> int:
        """Steady plant time of scan `number`."""
        return self.start_ns + (number - self.first) * self.period_ns

    def due(self, number: int, now_ns: int) -> int:
        """The scan to do when `number` is next and it is `now_ns`: a later one where whole periods have passed."""
        behind = (now_ns - self.instant_ns(number)) // self.period_ns
        return number + max(0, behind)


def after_downtime(last_number: int, last_time_ns: int, now_ns: int, period_ns: int) -> tuple[int, int]:
    """Number and UTC of the first scan after a stop: the next instant of the old grid that is still to come.

    A clock that was set back gives the next number now; the step then shows as a step.
    """
    if last_number == 0:
        return 1, now_ns
    if now_ns <= last_time_ns:
        return last_number + 1, now_ns
    missed = -(-(now_ns - last_time_ns) // period_ns)
    return last_number + missed, last_time_ns + missed * period_ns
