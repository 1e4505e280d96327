"""Worker processes of `plantsafe scenario run` do not outlive it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

LONG_S = 120.0


def until(answer: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline:
        if answer():
            return True
        time.sleep(0.05)
    return False


def workers_of(pid: int) -> list[int]:
    """Children that run scenarios: they have read the scenario code and use the processor."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if "spawn_main" in command_of(int(child))]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_workers_end_when_the_command_is_killed() -> None:
    command = [sys.executable, "-m", "plantsafe", "scenario", "run", "sb_cooling_loss", "--seeds", "1-2", "--jobs", "2"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # some are still importing then, some already in their first run
    assert until(lambda: len(w := workers_of(running.pid)) == 2 and all(processor_s(pid) > 2.0 for pid in w))
    workers = workers_of(running.pid)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert until(lambda: not any("spawn_main" in command_of(pid) for pid in workers))
