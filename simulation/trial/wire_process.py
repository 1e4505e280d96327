"""The simulated plant's servers as a process of their own that lives one step at a time."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from plantsafe.clock import Clock
from plantsafe.errors import SimulationError
from simulation.control_channel import LONGEST_ADVANCE_S, ask
from simulation.scenario import Scenario
from simulation.trial.variation import Drawn
from simulation.trial.virtual import EPOCH_NS, factors

START_S = 600.0  # site default: the process lives an hour of plant time before it is ready, in seconds unless loaded
STEP_S = 300.0  # site default: an answer takes milliseconds; a machine under load takes longer


class SteppedServers:
    """The servers of one plant, and the one hand that moves them. `silent`: sources that do not answer now."""

    def __init__(self, control: Path, endpoints: Mapping[str, str]) -> None:
        self.endpoints = endpoints
        self.silent: set[str] = set()
        self._control = control

    async def advance(self, seconds: int) -> int:
        """Live so many seconds; the plant's time afterwards, when the servers already show it."""
        time_ns = 0
        while seconds > 0:
            part = min(seconds, LONGEST_ADVANCE_S)
            answer = await self._ask("advance", seconds=part)
            time_ns, self.silent = int(answer["time_ns"]), set(answer["silent"])
            seconds -= part
        return time_ns

    async def inject(self, **fields: object) -> None:
        """A fault, as `FaultBook.inject` takes it."""
        await self._ask("inject", **fields)

    async def _ask(self, command: str, **fields: object) -> dict[str, Any]:
        return await asyncio.to_thread(lambda: ask(self._control, command, timeout_s=STEP_S, **fields))


@asynccontextmanager
async def stepped_servers(scenario: Scenario, seed: int, drawn: Drawn, room: Path) -> AsyncIterator[SteppedServers]:
    """The plant of a scenario at its start, behind real servers, with the scenario's faults on their way."""
    control, said = room / "control", room / "servers.log"
    clock = Clock(epoch_ns=EPOCH_NS, start_ns=0)
    with said.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulation.process", "--plant", str(scenario.plant_path), "--lock-step",
            "--clock", clock.encode(), "--seed", str(seed), "--warm-s", str(scenario.file.warm_s),
            "--variation", json.dumps(factors(drawn)), "--control", str(control),
            stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        assert process.stdout is not None  # noqa: S101  # asked for with PIPE
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_S)
        except TimeoutError as error:
            raise SimulationError(
                f"the simulated servers of {scenario.name} were not ready within {START_S:.0f} s",
                mend="run it again when the machine has less to do",
            ) from error
        if not line:
            raise SimulationError(f"the simulated servers did not start: {said.read_text(encoding='utf-8').strip()}")
        servers = SteppedServers(control, json.loads(line)["endpoints"])
        for fault in scenario.file.faults:
            await servers.inject(
                name=fault.name,
                onset_s=fault.at_s + drawn.delay_s,
                duration_s=fault.lasts_s,
                point=fault.point,
                ramp_s=fault.ramp_s,
            )
        yield servers
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
