"""What a connector says about its own work: figures for metrics and for points of their own."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """State of one source after its last read; counts are since the source was opened.

    read_s: wall time of the last read. connections: how often a connection came up (the first one counts).
    clock_offset_s: the source's clock minus ours as far as one read can tell, NaN where the source has none.
    certificate_days: days until the first of the certificates in use ends, infinite without certificates.
    """

    read_s: float = math.nan
    requests: int = 0
    bytes_received: int = 0
    connections: int = 0
    bad_points: int = 0
    clock_offset_s: float = math.nan
    certificate_days: float = math.inf
