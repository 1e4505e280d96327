"""Processes beside the scan service, such as the compactor: started, started again when they die, ended with it."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from plantsafe.scan.metrics import Metrics

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0  # before a dead one is started again; doubles each time (site default)
END_S = 8.0  # how long one may take to end by itself (site default)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendant:
    """One process: its name in logs and metrics, and the arguments of `plantsafe`; `--parent PID` is added."""

    name: str
    arguments: Sequence[str]


async def attend(attendant: Attendant, metrics: Metrics) -> None:
    """Keep it running until this task is cancelled; it dies with the service however that ends."""
    wait_s = FIRST_WAIT_S
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "plantsafe",
            *attendant.arguments,
            "--parent",
            str(os.getpid()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,  # ours may be a pipe that somebody reads to its end
        )
        metrics.attendant(attendant.name, running=True)
        begun = asyncio.get_running_loop().time()
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        metrics.attendant(attendant.name, running=False)
        if asyncio.get_running_loop().time() - begun > LONGEST_WAIT_S:
            wait_s = FIRST_WAIT_S
        log.warning("attendant ended by itself", name=attendant.name, status=status, again_in_s=wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


async def _end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_S)
    except TimeoutError:
        process.kill()
        await process.wait()
