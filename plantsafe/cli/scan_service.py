"""The scan service as a process: a plant file, its sources, a data folder, a clock."""

import asyncio
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from connectors.factory import make_source
from plantsafe.cli.attendants import Attendant, attend
from plantsafe.cli.recorded_run import recorded_by_file, run_recorded
from plantsafe.clock import Clock
from plantsafe.errors import SourceError
from plantsafe.heap import give_back
from plantsafe.lifeline import end_with_parent, stop_on_signals
from plantsafe.plant import Plant, load_plant
from plantsafe.scan.metrics import HealthServer, Metrics
from plantsafe.scan.service import ScanService
from plantsafe.source import Source


def endpoints_of(texts: list[str]) -> dict[str, str]:
    """`NAME=ENDPOINT` texts as a mapping."""
    pairs = {}
    for text in texts:
        name, equals, endpoint = text.partition("=")
        if not equals or not endpoint:
            raise SourceError(
                f"--source {text!r} is not NAME=ENDPOINT", mend="for example --source DCS=opc.tcp://10.0.0.5:4840"
            )
        pairs[name] = endpoint
    return pairs


async def _serve(service: ScanService, health: HealthServer, metrics: Metrics, attendants: Sequence[Attendant]) -> None:
    stop = stop_on_signals()
    health.start()
    sys.stdout.write(f'{{"health": "http://127.0.0.1:{health.port}"}}\n')
    sys.stdout.flush()
    tasks = [asyncio.create_task(attend(attendant, metrics)) for attendant in attendants]
    try:
        await service.run(stop)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        health.stop()


def run_service(
    plant_file: Path,
    data: Path,
    source: list[str],
    *,
    historian: str = "",
    seal_key: Path | None = None,
    keep_days: int = 0,
    health_port: int,
    clock: str,
    child: bool,
) -> None:
    """Run until SIGTERM or Ctrl-C; `clock` is what `Clock.encode` wrote, the machine's own when empty."""
    if child:
        end_with_parent()
    give_back()  # the imports' leavings, before the plant is loaded beside them
    compiled = load_plant(plant_file)
    endpoints = endpoints_of(source)
    names = compiled.read_sources
    if unknown := endpoints.keys() - set(names):
        raise SourceError(f"the plant has no source {sorted(unknown)[0]!r}", mend=f"one of {', '.join(names)}")
    recorded = [entry.recorded for entry in compiled.file.sources if entry.recorded is not None]
    if len(recorded) == len(names):
        rate = None if all(entry.speed == "fast" for entry in recorded) else 1.0
        make = recorded_by_file(plant_file.parent, endpoints)
        run_recorded(compiled, data, make, rate=rate, health_port=health_port)
        return
    plant_clock = Clock.decode(clock) if clock else Clock.system()
    metrics = Metrics(period_wall_s=plant_clock.wall_s(compiled.period_ns))
    health = HealthServer(metrics, health_port)

    def sources(plant: Plant) -> list[Source]:
        return [make_source(plant, name, endpoints.get(name), base=plant_file.parent) for name in plant.read_sources]

    service = ScanService(compiled, data, sources, plant_clock, metrics, reserve_spool=True)
    give_back()
    gc.freeze()  # what was built at start is never garbage: collections stay short
    beside = [
        Attendant(
            name="compactor",
            arguments=("compact", "--data", str(data), "--follow", "--keep-days", str(keep_days)),
        )
    ]
    sealing = ("journal", "seal", "--data", str(data), "--follow")
    key = ("--key", str(seal_key)) if seal_key is not None else ()
    beside.append(Attendant(name="sealer", arguments=(*sealing, *key)))
    if historian:
        arguments = ("forward", "run", "--data", str(data), "--to", historian)
        beside.append(Attendant(name="forwarder", arguments=arguments))
    asyncio.run(_serve(service, health, metrics, beside))
