"""`plantsafe compact`: samples from the record into the files of the days; the scan service runs it beside itself."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def compact(
        data: Annotated[Path, typer.Option(help="folder of the record")],
        follow: Annotated[bool, typer.Option(help="go on until stopped")] = False,
        keep_days: Annotated[int, typer.Option(help="drop files of days older than this; 0 keeps all", min=0)] = 0,
        parent: Annotated[int, typer.Option(hidden=True)] = 0,
    ) -> None:
        """Move full minutes of samples from the record into the files of the days."""
        from plantsafe.history.compactor import run_compactor

        run_compactor(data, follow=follow, keep_days=keep_days, parent=parent, say=typer.echo)
