"""The compactor and the forwarder as real processes at the pace of a test, and the writing of a scan service."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from types import TracebackType

from plantsafe.frame import Frame
from plantsafe.plant.tables import Plant
from plantsafe.store.record import RecordWriter
from plantsafe.store.rollup import compacted_to

COMPACTOR = """
import os, plantsafe.history.compactor as c
c.EVERY_S = 0.01
c.run_compactor(c.Path({folder!r}), follow=True, keep_days=0, parent=os.getppid(), say=print)
"""
FORWARDER = """
import os, plantsafe.history.forward, plantsafe.history.influx, plantsafe.history.forwarder as f
plantsafe.history.forward.LINES, plantsafe.history.influx.TIMEOUT_S = 300, 1.0
f.LOOK_S, f.FIRST_WAIT_S, f.LONGEST_WAIT_S = 0.01, 0.05, 0.2
f.run_forwarder(f.Path({folder!r}), {where!r}, parent=os.getppid())
"""


def until(what: str, seconds: float, answer: Callable[[], object]) -> None:
    """Probe until something true comes back."""
    deadline = time.monotonic() + seconds
    while not answer():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {seconds} s")
        time.sleep(0.005)


class Running:
    """One of the two, until it is killed."""

    def __init__(self, code: str, folder: Path, where: str = "") -> None:
        self.log = (folder / "process.log").open("ab")
        words = [sys.executable, "-c", code.format(folder=str(folder), where=where)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=self.log, env=os.environ.copy())

    def __enter__(self) -> "Running":
        return self

    def until(self, what: str, seconds: float, answer: Callable[[], object]) -> None:
        """Probe until something true comes back; the process must run all the while."""

        def running() -> object:
            if self._process.poll() is not None:
                words = Path(self.log.name).read_text(encoding="utf-8")[-2000:]
                raise AssertionError(f"the process ended by itself while {what} was awaited: {words}")
            return answer()

        until(what, seconds, running)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """kill -9."""
        ended = self._process.poll()
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self.log.close()
        if kind is None:
            assert ended is None, "it ended by itself"


class Scanning:
    """Records `frames` one by one in a thread, and deletes what is compacted, as the scan service does."""

    def __init__(self, folder: Path, plant: Plant, frames: Iterable[Frame], *, pause_s: float) -> None:
        self._folder, self._plant, self._frames, self._pause_s = folder, plant, frames, pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.done = 0

    def __enter__(self) -> "Scanning":
        self._thread.start()
        until("the first scan", 10, lambda: self.done)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        compacted = 0
        with closing(RecordWriter(self._folder)) as writer:
            writer._connection.execute("PRAGMA synchronous=OFF")
            writer.add_plant(self._plant.hash, self._plant.document())
            for frame in self._frames:
                if frame.number % 20 == 0:
                    compacted = compacted_to(self._folder, compacted)
                writer.write_scan(frame, [], [], {}, None, compacted=compacted)
                self.done = frame.number
                if self._stop.wait(self._pause_s):
                    return
