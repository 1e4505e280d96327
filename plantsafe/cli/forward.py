"""`plantsafe forward`: samples and events to the plant's historian, and how it stands with it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option(help="folder of the record")]
To = Annotated[str, typer.Option(help="http://HOST:PORT/ORG/BUCKET of an InfluxDB; token in PLANTSAFE_HISTORIAN_TOKEN")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The plant's historian.", no_args_is_help=True)
    app.add_typer(group, name="forward")

    @group.command()
    def run(data: Data, to: To, parent: Annotated[int, typer.Option(hidden=True)] = 0) -> None:
        """Send what is recorded, oldest first, until stopped; `plantsafe run --historian` does it beside the scans."""
        from plantsafe.history.forwarder import run_forwarder

        run_forwarder(data, to, parent=parent)

    @group.command()
    def status(data: Data) -> None:
        """How far the historian has confirmed, what it would not take, and what the trouble is."""
        from plantsafe.store.forward import ForwardReader
        from plantsafe.store.record import RecordReader

        with RecordReader(data) as record:
            last = record.last_number()
        reader = ForwardReader(data)
        standing, dead = reader.standing(), reader.dead()
        reader.close()
        when = datetime.fromtimestamp(standing.confirmed_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        typer.echo(f"confirmed to scan {standing.scan} of {last}" + (f", at {when}" if standing.scan else ""))
        typer.echo(f"behind by {last - standing.scan} scans")
        if standing.trouble:
            typer.echo(f"trouble: {standing.trouble}")
        typer.echo(f"dead letters: {len(dead)}")
        for letter in dead[:20]:
            typer.echo(f"  scan {letter.scan}: {letter.reason}" + (f"\n    {letter.line}" if letter.line else ""))

    @group.command()
    def again(
        data: Data,
        begin: Annotated[str, typer.Option("--from", help="site's time as 2026-11-23T08:00, or the number of a scan")],
    ) -> None:
        """Send once more what the historian has lost; the forwarder may run, and takes it up within a second."""
        from plantsafe.cli.period import moment_ns
        from plantsafe.history.reader import HistoryReader
        from plantsafe.plant import plant_of_document
        from plantsafe.store.forward import ask_again

        with HistoryReader(data) as history:
            newest = history.record.newest_plant()
            if begin.isdecimal() or newest is None:
                scan = int(begin) if begin.isdecimal() else 1
            else:
                zone = plant_of_document(newest[1]).file.site.timezone
                scan = history.number_at(moment_ns(begin, zone, "--from"))
            scan = max(scan, history.first_number())
        ask_again(data, scan)
        typer.echo(f"scans from {scan} on are sent once more; what is there is overwritten by the same")

    @group.command()
    def retry(data: Data, to: To) -> None:
        """Send the dead letters once more, after the historian was mended; the forwarder must not run meanwhile."""
        import time
        from contextlib import closing

        from plantsafe.history.forward import Forwarder
        from plantsafe.history.forwarder import only_forwarder, sink_of
        from plantsafe.history.reader import HistoryReader
        from plantsafe.store.forward import ForwardWriter

        with (
            closing(sink_of(to)) as sink,
            only_forwarder(data),
            closing(ForwardWriter(data)) as writer,
            HistoryReader(data) as history,
            closing(Forwarder(history, writer, sink, time.time_ns)) as forwarder,
        ):
            taken, kept = forwarder.retry()
        typer.echo(f"{taken} dead letters taken, {kept} stay")
