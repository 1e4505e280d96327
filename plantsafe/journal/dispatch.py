"""Seals to the places outside: each place has a thread of its own, so that one that hangs holds up nothing else."""

import random
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import structlog

from plantsafe.errors import PlantsafeError
from plantsafe.journal.seal import seal_of
from plantsafe.journal.seal_places import deliver
from plantsafe.plant.model import SealPlace
from plantsafe.store.seals import SealReader, SealWriter

MOST_AT_ONCE = 200  # seals of one mail or post: a day and more of outage (site default)
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0  # after a failure; doubles each time (site default)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """Of one try: the last seal that the place has now, and why it has no more, else empty."""

    place: str
    delivered: int
    trouble: str


class Dispatch:
    """Threads that offer what each place does not have yet; what became of it is written by `take_reports`."""

    def __init__(self, folder: Path, writer: SealWriter) -> None:
        self._folder, self._writer = folder, writer
        self._reports: SimpleQueue[_Report] = SimpleQueue()
        self._lines: dict[str, _Line] = {}

    def use(self, places: Sequence[SealPlace]) -> None:
        """These are the places now."""
        wanted = {place.name: place for place in places}
        for name, line in list(self._lines.items()):
            if wanted.get(name) != line.place:
                line.stop()
                del self._lines[name]
        with closing(SealReader(self._folder)) as reader:
            standing = {place.name: place.delivered for place in reader.places()}
        for name, place in wanted.items():
            if name not in self._lines:
                self._lines[name] = _Line(self._folder, place, standing.get(name, 0), self._reports)

    def wake(self) -> None:
        """There is a new seal."""
        for line in self._lines.values():
            line.news.set()

    def take_reports(self, now_ns: int) -> None:
        """Write down what the places have and what troubles them."""
        with suppress(Empty):
            while True:
                report = self._reports.get_nowait()
                if report.trouble:
                    log.warning("seal_not_delivered", place=report.place, reason=report.trouble)
                    self._writer.trouble(report.place, report.trouble, now_ns)
                else:
                    self._writer.delivered(report.place, report.delivered, now_ns)

    def settle(self, number: int, wait_s: float) -> None:
        """Give the places a moment to take seals up to `number`, at the end of the service."""
        self.wake()
        deadline = time.monotonic() + wait_s
        while any(line.delivered < number and not line.failed for line in self._lines.values()):
            if time.monotonic() > deadline:
                return
            time.sleep(0.05)

    def close(self) -> None:
        """End the threads; one that waits for a server is left alone, and ends with the process."""
        for line in self._lines.values():
            line.stop()


class _Line:
    """The way to one place."""

    def __init__(self, folder: Path, place: SealPlace, delivered: int, reports: "SimpleQueue[_Report]") -> None:
        self.place, self.delivered = place, delivered
        self.news, self._over = threading.Event(), threading.Event()
        self.failed = False
        self._folder, self._reports = folder, reports
        threading.Thread(target=self._run, name=f"seals to {place.name}", daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        self.news.set()

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._over.is_set():
            self.news.clear()
            try:
                more = self._offer()
            except PlantsafeError as error:
                self.failed = True
                self._reports.put(_Report(place=self.place.name, delivered=self.delivered, trouble=str(error)))
                self._over.wait(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, no secret
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
                continue
            wait_s, self.failed = FIRST_WAIT_S, False
            if not more:
                self.news.wait()

    def _offer(self) -> bool:
        """Deliver what is not there yet; False when all is."""
        with closing(SealReader(self._folder)) as reader:
            seals = [seal_of(text, "seals.db") for text in reader.documents(after=self.delivered, most=MOST_AT_ONCE)]
        if not seals or self._over.is_set():
            return False
        deliver(self.place, seals)
        self.delivered = seals[-1].number
        self._reports.put(_Report(place=self.place.name, delivered=self.delivered, trouble=""))
        return True
