"""Times that a person writes on the command line."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from plantsafe.errors import RequestError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_ns(text: str, zone: str, flag: str) -> int:
    """UTC nanoseconds of an ISO time; one that names no zone is on the clock of `zone`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RequestError(f"{flag} {text!r} is no time", mend="write it as 2026-11-23T08:00") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    passed = moment.astimezone(UTC) - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000_000 + passed.microseconds * 1000


def span_ns(begin: str, end: str, zone: str, newest_ns: int) -> tuple[int, int]:
    """[--from, --to): a day up to just after the newest scan where they are not given."""
    to_ns = moment_ns(end, zone, "--to") if end else newest_ns + 1
    from_ns = moment_ns(begin, zone, "--from") if begin else to_ns - 86_400_000_000_000
    if to_ns <= from_ns:
        raise RequestError("--to is not after --from", mend="give a later --to")
    return from_ns, to_ns
