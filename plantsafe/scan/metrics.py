"""What the service says of itself: /livez, /readyz and /metrics on loopback, from a thread of its own."""

import asyncio
import socket
import threading
import time
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import uvicorn
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from plantsafe.alarms.life_cycle import waiting
from plantsafe.errors import PortInUseError
from plantsafe.scan.engine import ScanRecord
from plantsafe.scan.source_metrics import SourceMetrics

READY_PERIODS = 5  # no recorded scan for this many periods: not ready (site default)
_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


class Counted(Protocol):
    """The counters of the service that are shown."""

    lost: int
    late: int


class Metrics:
    """Counters and gauges of one service; safe to read from another thread."""

    def __init__(self, *, period_wall_s: float) -> None:
        self.registry = CollectorRegistry()
        self._period_s = period_wall_s
        self._last_s = 0.0
        self._unrecorded = 0
        make = self.registry
        self._scans = Counter("plantsafe_scans", "Scans recorded", registry=make)
        self._lost = Gauge("plantsafe_scans_lost", "Scheduled scans that were not done", registry=make)
        self._late = Gauge("plantsafe_scans_late", "Scans begun over 0.2 s late", registry=make)
        self._number = Gauge("plantsafe_scan_number", "Number of the last recorded scan", registry=make)
        self._good = Gauge("plantsafe_good_points", "Points with a good value", registry=make)
        self._unacknowledged = Gauge("plantsafe_alarms_unacknowledged", "Unacknowledged alarms", registry=make)
        self._active = Gauge("plantsafe_alarms_active", "Active alarms and findings", registry=make)
        self._events = Counter("plantsafe_events", "Journal events written", registry=make)
        self._waiting = Gauge("plantsafe_scans_unrecorded", "Scans that wait in the spool", registry=make)
        self._running = Gauge(
            "plantsafe_attendant_running", "1 while a process beside the service runs", ["name"], registry=make
        )
        self._starts = Counter("plantsafe_attendant_starts", "Starts of it", ["name"], registry=make)
        self._service = Gauge("plantsafe_service", "What the service says of itself", ["figure"], registry=make)
        self._time = Histogram("plantsafe_scan_seconds", "Time spent a scan", ["part"], buckets=_BUCKETS, registry=make)
        self.sources = SourceMetrics()
        make.register(self.sources)

    def scanned(self, record: ScanRecord, counts: Counted, read_s: float, judge_s: float, write_s: float) -> None:
        """Take in one recorded scan."""
        self._last_s = time.monotonic()
        self._scans.inc()
        self._lost.set(counts.lost)
        self._late.set(counts.late)
        self._number.set(record.frame.number)
        self._good.set(int(record.live["good_points"][0]))
        state = record.live["state"]
        self._unacknowledged.set(int(np.count_nonzero(waiting(state))))
        self._active.set(int(np.count_nonzero(record.live["active"])))
        self._events.inc(len(record.facts))
        for part, seconds in (("read", read_s), ("judge", judge_s), ("write", write_s)):
            self._time.labels(part).observe(seconds)

    def unrecorded(self, scans: int) -> None:
        """So many scans wait for the record."""
        self._unrecorded = scans
        self._waiting.set(scans)

    def attendant(self, name: str, *, running: bool) -> None:
        """A process beside the service began or ended."""
        self._running.labels(name).set(running)
        if running:
            self._starts.labels(name).inc()

    def about_service(self, own: Mapping[str, float]) -> None:
        """Lags in scans, dead letters, free space in GB."""
        for name, figure in own.items():
            self._service.labels(name).set(figure)

    def age_s(self) -> float:
        """Wall seconds since the last recorded scan; infinite before the first."""
        return time.monotonic() - self._last_s if self._last_s else float("inf")

    @property
    def complaint(self) -> str:
        """A line for people when scans wait, else empty."""
        return f"the record cannot be written: {self._unrecorded} scans wait in the spool\n" if self._unrecorded else ""

    @property
    def ready(self) -> bool:
        """True while scans are being recorded, in the record itself."""
        return not self._unrecorded and self.age_s() < max(READY_PERIODS * self._period_s, 2.0)


def _routes(metrics: Metrics, alive: threading.Event) -> Starlette:
    async def livez(_: Request) -> Response:
        return PlainTextResponse("alive\n") if alive.is_set() else PlainTextResponse("stopping\n", 503)

    async def readyz(_: Request) -> Response:
        text = f"last scan {metrics.age_s():.1f} s ago\n{metrics.complaint}"
        return PlainTextResponse(text, 200 if metrics.ready else 503)

    async def metrics_page(_: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type="text/plain; version=0.0.4")

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics_page)])


class HealthServer:
    """Serves a service's health on loopback; `port` 0 takes a free one, `address` says which."""

    def __init__(self, metrics: Metrics, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
            self._socket.listen(16)
        except OSError as error:
            self._socket.close()
            raise PortInUseError(
                f"port {port} on 127.0.0.1 is in use", mend="give another one with --health-port, or 0 for any"
            ) from error
        self.port = int(self._socket.getsockname()[1])
        self._alive = threading.Event()
        config = uvicorn.Config(_routes(metrics, self._alive), log_level="critical", lifespan="off", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def start(self) -> None:
        """Begin to answer."""
        self._alive.set()
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and wait for the thread."""
        self._alive.clear()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        self._socket.close()
