"""`plantsafe scenario run`: a simulated accident with a verdict."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.errors import FileMistakesError, PlantsafeError


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Simulated accidents with a verdict.", no_args_is_help=True)
    app.add_typer(group, name="scenario")

    @group.callback()
    def _group() -> None:
        """Simulated accidents with a verdict."""

    @group.command()
    def run(files: Annotated[list[Path], typer.Argument(help="scenario files")]) -> None:
        """Run scenarios in virtual time; exit 1 when one is red, 2 when one cannot be run as written."""
        from simulation.runner import run_file

        red = 0
        for path in files:
            try:
                outcome = run_file(path)
            except FileMistakesError as error:
                typer.echo(f"plantsafe: {error}", err=True)
                sys.exit(2)
            except KeyError as error:
                raise PlantsafeError(
                    f"{path}: the simulated plant has no quantity {error}", mend="see `loss.quantity`"
                ) from error
            typer.echo(f"{outcome.name}: {'GREEN' if outcome.green else 'RED'}")
            for line in outcome.lines:
                typer.echo(f"  {'ok ' if line.holds else 'NO '} {line.what}: {line.found}")
            red += not outcome.green
        typer.echo(
            "This shows that the functions as specified would be fast enough in the model; it does not verify an "
            "installed safety system."
        )
        if red:
            sys.exit(1)
