"""`plantsafe run`: the scan service of one plant."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def run(
        plant: Annotated[Path, typer.Option(help="the plant file")],
        data: Annotated[Path, typer.Option(help="folder of the record; one scan service writes it")],
        source: Annotated[list[str] | None, typer.Option(help="NAME=ENDPOINT in place of the file's endpoint")] = None,
        historian: Annotated[str, typer.Option(help="http://HOST:PORT/ORG/BUCKET of an InfluxDB to forward to")] = "",
        seal_key: Annotated[
            Path | None, typer.Option(help="key that signs the journal; keys/journal.key in the data folder without it")
        ] = None,
        keep_days: Annotated[int, typer.Option(help="drop samples of older days; 0 keeps all", min=0)] = 0,
        health_port: Annotated[int, typer.Option(help="/livez, /readyz, /metrics on loopback; 0 for any")] = 0,
        clock: Annotated[str, typer.Option(hidden=True)] = "",
        child: Annotated[bool, typer.Option(hidden=True)] = False,
    ) -> None:
        """Run the scan service until it is stopped: read every source, judge, record."""
        from plantsafe.cli.scan_service import run_service

        run_service(
            plant, data, source or [], historian=historian, seal_key=seal_key,
            keep_days=keep_days, health_port=health_port, clock=clock,
            child=child,
        )  # fmt: skip
