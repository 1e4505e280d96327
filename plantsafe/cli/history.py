"""`plantsafe history replay`: step a stored run through the engine again and compare."""

from pathlib import Path
from typing import Annotated

import typer

from plantsafe.errors import StoreError


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The stored samples.", no_args_is_help=True)
    app.add_typer(group, name="history")

    @group.callback()
    def _group() -> None:
        """The stored samples."""

    @group.command()
    def replay(data: Annotated[Path, typer.Option(help="folder of the record")]) -> None:
        """Step every recorded frame again; the transitions must be those of the journal."""
        from plantsafe.history.reader import HistoryReader
        from plantsafe.scan.replay import replay as step_again

        with HistoryReader(data) as history:
            result = step_again(history)
        for difference in result.differences[:20]:
            typer.echo(difference)
        if result.differences:
            raise StoreError(
                f"{len(result.differences)} of {result.scans} scans differ from the journal", mend="see the lines above"
            )
        typer.echo(f"{result.scans} scans stepped again: {result.events} events, all as recorded")
