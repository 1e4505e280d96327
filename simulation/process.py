"""The simulated plant as a process of its own: it lives in step with the clock and shows itself over both protocols."""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, assert_never

from plantsafe.clock import NS_PER_S, Clock
from plantsafe.errors import PlantsafeError, SimulationError
from plantsafe.frame import F8
from plantsafe.lifeline import end_with_parent
from plantsafe.plant import Plant, load_plant
from plantsafe.plant.model import SourceEntry
from simulation.control_channel import ControlChannel, check_path
from simulation.living import LivingPlant
from simulation.plant import SimulatedPlant
from simulation.servers import ModbusServer, OpcUaServer
from simulation.servers.security import ServerSecurity, server_security
from simulation.synthetic import MOST_SERVED, SyntheticPlant

WARM_S = 3600.0  # site default: an hour finds R101 of the demo plant dosing
SCANS_AT_ONCE = 20  # site default: a plant that fell behind catches up in steps, so that its servers go on answering


async def run_plant(
    plant: Plant,
    *,
    clock: Clock,
    seed: int,
    opcua_port: int = 0,
    modbus_port: int = 0,
    control_path: Path | None = None,
    certificates: Path | None = None,
    synthetic: bool = False,
    warm_s: float = WARM_S,
    variation: Mapping[str, float] | None = None,
    lock_step: bool = False,
    ready: Callable[[dict[str, str]], None],
) -> None:
    """Live until cancelled. `ready` is called once with the endpoint of each source, by name.

    In `lock_step` the plant stands at the clock's epoch and lives on only when the control channel says so.
    With `synthetic` the values of any plant file wander without a process behind them. The first source of a protocol
    gets the port named, further ones a free port; 0 finds a free one. A source that the plant file secures gets a
    secured server, whose own certificate is kept in `certificates`.
    """
    if synthetic and (plant.n_read > MOST_SERVED or control_path is not None):
        raise SimulationError(
            f"a synthetic plant has no faults to control and is served up to {MOST_SERVED} points, this one has "
            f"{plant.n_read}",
            mend="leave --control out, and use in-process sources for a larger one",
        )
    if control_path is not None:
        check_path(control_path)
    servers = _servers(plant, opcua_port, modbus_port, certificates)
    async with contextlib.AsyncExitStack() as stack:
        for server in servers.values():
            await server.start()
            stack.push_async_callback(server.stop)
        simulated: LivingPlant
        if synthetic:
            simulated = SyntheticPlant(plant, seed=seed, epoch_ns=clock.epoch_ns)
        else:
            simulated = SimulatedPlant(plant, seed=seed, epoch_ns=clock.epoch_ns, warm_s=warm_s, variation=variation)
        if control_path is not None and isinstance(simulated, SimulatedPlant):
            advance = _advancing(plant, simulated, servers) if lock_step else None
            channel = ControlChannel(control_path, simulated.faults, simulated.truth, advance)
            await channel.start()
            stack.push_async_callback(channel.stop)
        await _show(plant, simulated, servers, lived=lock_step)
        ready({name: server.endpoint for name, server in servers.items()})
        if lock_step:
            await asyncio.Event().wait()
        while True:
            behind = (clock.now_ns() - simulated.time_ns) // NS_PER_S
            if behind > 0:
                simulated.advance(min(behind, SCANS_AT_ONCE))
                if plant.fast.names and isinstance(simulated, SimulatedPlant):
                    await _show(plant, simulated, servers, simulated.within(0.1))
                    await _show_movement(plant, simulated, servers, clock)
                else:
                    await _show(plant, simulated, servers)
            await clock.sleep_until(simulated.time_ns + NS_PER_S)


def _servers(
    plant: Plant, opcua_port: int, modbus_port: int, certificates: Path | None
) -> dict[str, OpcUaServer | ModbusServer]:
    servers: dict[str, OpcUaServer | ModbusServer] = {}
    for entry in plant.file.sources:
        match entry.protocol:
            case "opcua":
                servers[entry.name] = OpcUaServer(
                    plant, entry.name, opcua_port, security=_security(entry, certificates)
                )
                opcua_port = 0
            case "modbus":
                servers[entry.name] = ModbusServer(plant, entry.name, modbus_port)
                modbus_port = 0
            case "replay":
                raise SimulationError(
                    f"source {entry.name} is recorded files: there is nothing to simulate",
                    mend="plantsafe run reads them as they are",
                )
            case _:
                assert_never(entry.protocol)
    return servers


def _security(entry: SourceEntry, certificates: Path | None) -> ServerSecurity | None:
    if entry.security != "None" and certificates is None:
        raise SimulationError(
            f"source {entry.name} is secured, but its simulated server has no folder for its certificate",
            mend="give --certificates",
        )
    return server_security(entry, certificates / entry.name) if certificates is not None else None


def _advancing(
    plant: Plant, simulated: SimulatedPlant, servers: dict[str, OpcUaServer | ModbusServer]
) -> Callable[[int], Awaitable[dict[str, Any]]]:
    """What lets a plant in lock step live on: its servers show the new state before the answer is given."""

    async def advance(seconds: int) -> dict[str, Any]:
        simulated.advance(seconds)
        await _show(plant, simulated, servers, lived=True)
        return {"time_ns": simulated.time_ns, "silent": sorted(simulated.silent_sources())}

    return advance


async def _show(
    plant: Plant,
    simulated: LivingPlant,
    servers: dict[str, OpcUaServer | ModbusServer],
    begun: F8 | None = None,
    *,
    lived: bool = False,
) -> None:
    """Show what the plant reads now; safety systems show the beginning of the second, where `begun` has it.

    lived: in lock step the second ends with what is shown, so its events are stamped before.
    """
    readings = simulated.readings()
    silent = simulated.silent_sources()
    for name, server in servers.items():
        points = plant.sources.points[plant.sources.row[name]]
        value = readings.value if begun is None or isinstance(server, OpcUaServer) else begun
        await server.update(value[points], readings.status[points], readings.source_time_ns[points])
        until_ns = readings.time_ns + (NS_PER_S if begun is None else NS_PER_S // 10)
        _show_events(simulated, name, server, until_ns, later_ns=-NS_PER_S if lived else 0)
        server.set_silent(silent=name in silent)


def _show_events(
    simulated: LivingPlant, name: str, server: OpcUaServer | ModbusServer, until_ns: int, *, later_ns: int = 0
) -> None:
    """A safety system that keeps an event buffer shows in it what was stamped up to a moment."""
    if isinstance(server, ModbusServer) and isinstance(simulated, SimulatedPlant) and simulated.events.buffer(name):
        server.show_events(*simulated.events.ring(name, until_ns, later_ns=later_ns))


async def _show_movement(
    plant: Plant, simulated: SimulatedPlant, servers: dict[str, OpcUaServer | ModbusServer], clock: Clock
) -> None:
    """Valves that move are shown in tenths of a second, so that fast groups have something to see."""
    if simulated.within(0.1) is None:
        return
    readings = simulated.readings()
    for tenth in range(2, 11):
        await clock.sleep_until(simulated.time_ns + (tenth - 1) * NS_PER_S // 10)
        value = simulated.within(tenth / 10)
        if value is None or clock.now_ns() >= simulated.time_ns + NS_PER_S:
            return
        for name, server in servers.items():
            if isinstance(server, ModbusServer):
                points = plant.sources.points[plant.sources.row[name]]
                await server.update(value[points], readings.status[points])
                _show_events(simulated, name, server, simulated.time_ns + tenth * NS_PER_S // 10)


async def _until_signal(work: "asyncio.Task[None]") -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; prints one JSON line when ready."""
    parser = argparse.ArgumentParser(prog="python -m simulation.process", description=__doc__)
    parser.add_argument("--plant", type=Path, required=True, help="plant file")
    parser.add_argument("--clock", default="", help="a clock as Clock.encode writes it; without it rate 1 from now")
    parser.add_argument("--seed", type=int, default=1, help="seed of all randomness")
    parser.add_argument("--opcua-port", type=int, default=0, help="port of the control system, 0 finds one")
    parser.add_argument("--modbus-port", type=int, default=0, help="port of the safety system, 0 finds one")
    parser.add_argument("--certificates", type=Path, default=None, help="folder of the servers' own certificates")
    parser.add_argument("--control", type=Path, default=None, help="path of the control socket")
    parser.add_argument("--synthetic", action="store_true", help="values that wander, for any plant file")
    parser.add_argument("--warm-s", type=float, default=WARM_S, help="plant seconds lived before the start")
    parser.add_argument("--variation", type=json.loads, default=None, help="factors of another plant, as JSON")
    parser.add_argument("--lock-step", action="store_true", help="live on only when the control channel says so")
    options = parser.parse_args(arguments)
    end_with_parent()
    gc.disable()  # what is made while starting stays; walking it again and again took a fifth of the time

    def ready(endpoints: dict[str, str]) -> None:
        gc.freeze()
        gc.enable()
        control = str(options.control) if options.control is not None else None
        print(json.dumps({"ready": True, "endpoints": endpoints, "control": control, "pid": os.getpid()}), flush=True)

    async def run() -> None:
        clock = Clock.decode(options.clock) if options.clock else Clock.simulated(rate=1.0)
        live = run_plant(
            load_plant(options.plant),
            clock=clock,
            seed=options.seed,
            opcua_port=options.opcua_port,
            modbus_port=options.modbus_port,
            control_path=options.control,
            certificates=options.certificates,
            synthetic=options.synthetic,
            warm_s=options.warm_s,
            variation=options.variation,
            lock_step=options.lock_step,
            ready=ready,
        )
        await _until_signal(asyncio.get_running_loop().create_task(live))

    try:
        asyncio.run(run())
    except PlantsafeError as error:
        print(f"plantsafe: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
