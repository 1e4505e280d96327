"""What the sources did, as Prometheus metrics by source; asked for when they are scraped."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from plantsafe.scan.self_watch import SourceWork


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """One metric; a total is shown as a counter, anything else as a gauge."""

    name: str
    help: str
    of: Callable[[SourceWork], float]
    total: bool = True


_SHOWN = (
    _Shown(name="reads", help="Reads that ended", of=lambda work: work.reads),
    _Shown(name="requests", help="Requests sent", of=lambda work: work.counts.requests),
    _Shown(name="sent_bytes", help="Bytes sent", of=lambda work: work.counts.sent_bytes),
    _Shown(name="received_bytes", help="Bytes received", of=lambda work: work.counts.received_bytes),
    _Shown(name="reconnects", help="Connections after the first", of=lambda work: work.counts.reconnects),
    _Shown(name="overruns", help="Reads not done in time", of=lambda work: work.all_overruns),
    _Shown(name="read_seconds", help="Wall time of the last read", of=lambda work: work.read_s, total=False),
    _Shown(name="bad_points", help="Bad points of the last answer", of=lambda work: work.bad_points, total=False),
    _Shown(
        name="clock_offset_seconds", help="Clock minus ours", of=lambda work: work.counts.clock_offset_s, total=False
    ),
    _Shown(
        name="writable_points",
        help="Points that it would let us write",
        of=lambda work: work.counts.writable_points,
        total=False,
    ),
    _Shown(
        name="certificate_days",
        help="Days until the first of the certificates in use ends",
        of=lambda work: work.counts.certificate_days,
        total=False,
    ),
)


class SourceMetrics(Collector):
    """The work of all sources as `plantsafe_source_...`; what is not known of a source is left out."""

    def __init__(self) -> None:
        self.work: Mapping[str, SourceWork] = {}

    def collect(self) -> Iterator[Metric]:
        """Called by prometheus_client."""
        work = self.work
        for shown in _SHOWN:
            family = CounterMetricFamily if shown.total else GaugeMetricFamily
            metric = family(f"plantsafe_source_{shown.name}", shown.help, labels=["source"])
            for source, done in work.items():
                value = float(shown.of(done))
                if not math.isnan(value):
                    metric.add_metric([source], value)
            yield metric
