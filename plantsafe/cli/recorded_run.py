"""A run of the scan service over recorded files: plant time is that of the files, the end is where they end."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import typer

from connectors.replay import ReplaySource
from connectors.replay.recorded import recorded_source
from plantsafe.cli.demo_summary import lines
from plantsafe.clock import Clock, SteppedClock
from plantsafe.errors import SourceError, StoreError
from plantsafe.history.reader import HistoryReader
from plantsafe.lifeline import stop_on_signals
from plantsafe.plant import Plant
from plantsafe.scan.engine import ScanRecord
from plantsafe.scan.metrics import HealthServer, Metrics
from plantsafe.scan.service import ScanService

NAMED_AT_MOST = 20  # site default: of the bad rows the command prints no more than a person reads

MakeSources = Callable[[Plant], Sequence[ReplaySource]]


def recorded_by_file(base: Path, files: Mapping[str, str]) -> MakeSources:
    """The replays that a plant file describes; `files` by the source's name stand in the place of its own."""

    def make(plant: Plant) -> Sequence[ReplaySource]:
        names = plant.read_sources
        return [recorded_source(plant, name, base=base, file=files.get(name), own_times=True) for name in names]

    return make


def run_recorded(
    plant: Plant, data: Path, make: MakeSources, *, rate: float | None, health_port: int | None = None
) -> None:
    """Scan from the first recorded row to the last into an empty folder, and say what came of it.

    rate: plant seconds a wall second, or None for as fast as possible: then the clock stands until each scan is
    recorded, so that none is lost.
    """
    if (data / "record.db").exists():
        raise StoreError(f"{data} holds a record already", mend="give an empty folder: no past is mixed with another")
    sources = make(plant)
    timed = [source for source in sources if source.ends_ns]
    if not timed:
        raise SourceError("no recorded file has times", mend="name its time column")
    begins_ns, ends_ns = min(source.begins_ns for source in timed), max(source.ends_ns for source in timed)
    clock = SteppedClock.at(begins_ns) if rate is None else Clock.simulated(rate=rate, epoch_ns=begins_ns)
    for source in sources:
        _say(source)
    metrics = Metrics(period_wall_s=clock.wall_s(plant.period_ns))

    def made(described: Plant) -> Sequence[ReplaySource]:
        return sources if described.hash == plant.hash else make(described)

    asyncio.run(_serve(plant, data, made, clock, metrics, ends_ns, health_port))
    with HistoryReader(data) as history:
        for line in lines(history, plant):
            typer.echo(line)


async def _serve(
    plant: Plant, data: Path, make: MakeSources, clock: Clock, metrics: Metrics, ends_ns: int, health_port: int | None
) -> None:
    stop = stop_on_signals()

    def watch(record: ScanRecord) -> None:
        if record.frame.time_ns >= ends_ns:
            stop.set()

    health = HealthServer(metrics, health_port) if health_port is not None else None
    if health is not None:
        health.start()
        sys.stdout.write(f'{{"health": "http://127.0.0.1:{health.port}"}}\n')
        sys.stdout.flush()
    try:
        await ScanService(plant, data, make, clock, metrics, on_scan=watch, live=False).run(stop)
    finally:
        if health is not None:
            health.stop()


def _say(source: ReplaySource) -> None:
    report = source.report
    if not source.ends_ns:
        typer.echo(f"{source.name}: no file; silent")
        return
    typer.echo(f"{source.name}: {report.rows} rows, {report.bad_rows} bad")
    if source.makes_heartbeat:
        typer.echo("  no file holds its heartbeat: it beats while rows stand")
    for bad in report.named[:NAMED_AT_MOST]:
        typer.echo(f"  {bad}")
    if report.bad_rows > NAMED_AT_MOST:
        typer.echo(f"  and {report.bad_rows - NAMED_AT_MOST} more")
    if report.strangers:
        typer.echo(f"  no points of the plant: {', '.join(sorted(report.strangers)[:NAMED_AT_MOST])}")
