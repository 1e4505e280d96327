"""`plantsafe check`: is the plant file usable."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def check(plant: Annotated[Path, typer.Argument(help="the plant file")]) -> None:
        """Check a plant file; every mistake with its place and what would mend it."""
        from plantsafe.plant import load_plant

        compiled = load_plant(plant)
        file = compiled.file
        typer.echo(
            f"{plant}: good. {compiled.n_points} points, {len(file.alarms)} alarms, {len(file.functions)} safety "
            f"functions, {len(file.units)} units, {compiled.n_sources} sources; hash {compiled.hash[:12]}"
        )
