"""asyncua's own way to read: the fallback when its internals are not the known ones, and the oracle of the tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asyncua import ua

from connectors.opcua.decode import EPOCH_TICKS, LATEST_TICKS, Answers, put_other
from plantsafe.frame import BAD, BAD_WAITING_FOR_INITIAL_DATA

RESOLUTION_NS = 1_000  # asyncua keeps times as datetime: microseconds
EPOCH = ua.DateTime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LATEST_MICROSECONDS = (LATEST_TICKS - EPOCH_TICKS) // 10


def put_stock(answers: Sequence[ua.DataValue], into: Answers, start: int) -> None:
    """Fill rows from `start` on with what asyncua decoded, by the rules of `decode`."""
    for row, answer in enumerate(answers, start):
        code = answer.StatusCode.value if answer.StatusCode is not None else 0
        content = answer.Value.Value if answer.Value is not None else None
        if isinstance(content, datetime):
            content = content.timestamp()
        if isinstance(content, (float, int)):  # bool is an int
            into.value[row], into.status[row] = content, code
        elif content is None and answer.Value is not None and _is_null(answer.Value):
            into.status[row] = code if code & BAD else BAD_WAITING_FOR_INITIAL_DATA
        else:
            text = content.Text if isinstance(content, ua.LocalizedText) else content
            put_other(into, row, text if isinstance(text, str) else None, code)
        if answer.SourceTimestamp is not None:
            microseconds = (answer.SourceTimestamp - EPOCH) // MICROSECOND  # as a float it would lose them after 2242
            known = 0 < microseconds < LATEST_MICROSECONDS
            into.source_time_ns[row] = microseconds * RESOLUTION_NS if known else 0


def _is_null(variant: ua.Variant) -> bool:
    return not variant.is_array and variant.VariantType is ua.VariantType.Null
