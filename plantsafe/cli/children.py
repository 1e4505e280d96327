"""Child processes of a demo: started, watched, and ended in order, by their own pid."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from plantsafe.errors import PlantsafeError

READY_S = 60.0  # a child that says nothing for this long is given up (site default)
END_S = 8.0  # how long a child may take to end by itself (site default)


class Child:
    """One child: its first line of output is a JSON object that says it is ready; errors go to a log file."""

    def __init__(self, name: str, arguments: list[str], log: Path) -> None:
        self.name, self._log = name, log
        self._errors = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self._ready: dict[str, Any] | None = None
        self._heard = threading.Event()
        self._reader = threading.Thread(target=self._read, name=f"{name} output", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  # asked for with PIPE
        for line in self.process.stdout:
            if self._ready is None and line.startswith(b"{"):
                self._ready = json.loads(line)
                self._heard.set()
        self._heard.set()

    def ready(self) -> dict[str, Any]:
        """What the child said when it was ready; raises with its last words when it ended instead."""
        self._heard.wait(READY_S)
        if self._ready is None:
            raise PlantsafeError(f"the {self.name} did not start{self._last_words()}")
        return self._ready

    def check(self) -> None:
        """Raise when the child has ended by itself."""
        if self.process.poll() is not None:
            raise PlantsafeError(
                f"the {self.name} ended by itself (status {self.process.returncode}){self._last_words()}"
            )

    def _last_words(self) -> str:
        self.process.wait(timeout=END_S) if self._ready is None and self._heard.is_set() else None
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        words = [line for line in lines if line.startswith(("plantsafe:", "  mend:"))] or lines[-3:]
        return ":\n" + "\n".join(words) if words else ""

    def end(self) -> None:
        """Ask it to end, then make sure."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(timeout=END_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._errors.close()


def wait_for(what: str, seconds: float, answer: Any) -> Any:
    """Ask `answer()` until it gives something true; raises after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if got := answer():
            return got
        time.sleep(0.05)
    raise PlantsafeError(f"{what} did not come within {seconds:.0f} s")
