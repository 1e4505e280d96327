"""Points whose address does not fit the server: named once in the log, and again only after they were well."""

import numpy as np
import structlog

from plantsafe.frame import (
    BAD_NODE_ID_UNKNOWN,
    BAD_TYPE_MISMATCH,
    U4,
    Bool,
    is_bad,
)

# OPC UA Part 6, annex A: statuses that say that the description and the server disagree
BAD_USER_ACCESS_DENIED = 0x801F0000
BAD_NODE_ID_INVALID = 0x80330000
BAD_ATTRIBUTE_ID_INVALID = 0x80350000
BAD_NOT_READABLE = 0x803A0000
BAD_OUT_OF_RANGE = 0x803C0000
BAD_NOT_SUPPORTED = 0x803D0000
MISFITS = np.array(
    [
        BAD_USER_ACCESS_DENIED,
        BAD_NODE_ID_INVALID,
        BAD_NODE_ID_UNKNOWN,
        BAD_ATTRIBUTE_ID_INVALID,
        BAD_NOT_READABLE,
        BAD_OUT_OF_RANGE,
        BAD_NOT_SUPPORTED,
        BAD_TYPE_MISMATCH,
    ],
    dtype=np.uint32,
)
CODE_MASK = 0xFFFF0000  # severity and subcode, without the info bits (OPC UA Part 4, 7.39.1)
NAMED_AT_ONCE = 20  # site default: an event names no more points than a person reads

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Misfits:
    """Remembers which points of one source were named."""

    def __init__(self, source: str, names: tuple[str, ...]) -> None:
        self._log = log.bind(source=source)
        self._names = names
        self._named: Bool = np.zeros(len(names), dtype=np.bool_)

    def look(self, status: U4) -> None:
        """Name the points that newly do not fit; `status` (n_points) is one answer of the source."""
        code = status & np.uint32(CODE_MASK)
        wrong = np.isin(code, MISFITS)
        for value in np.unique(code[wrong & ~self._named]):
            rows = np.flatnonzero(wrong & ~self._named & (code == value))
            names = [self._names[row] for row in rows[:NAMED_AT_ONCE]]
            self._log.warning("points_do_not_fit", status=f"0x{value:08X}", count=len(rows), points=names)
        self._named = (self._named & is_bad(status)) | wrong
