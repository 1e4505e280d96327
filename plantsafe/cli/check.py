"""`plantsafe check`: is the plant file usable."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How the mistakes are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def _say_differences(old: Path, new: Path) -> None:
    """One line a change; a changed description needs the approval of a second person."""
    from plantsafe.plant.diff import differences
    from plantsafe.plant.load import check_plant, load_plant
    from plantsafe.plant.slim import Shared

    shared = Shared(two_files=True)
    changes = differences(load_plant(old, shared), check_plant(new, shared))
    for change in changes:
        typer.echo(change.en)
    typer.echo(f"{len(changes)} changes; needs approval" if changes else "nothing changed")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def check(
        plant: Annotated[Path, typer.Argument(help="the plant file")],
        form: Annotated[
            Format, typer.Option("--format", help="text for people, json and sarif for tools")
        ] = Format.TEXT,
        diff: Annotated[
            Path | None, typer.Option(help="the file before: say in words what changed and what it touches")
        ] = None,
    ) -> None:
        """Check a plant file; every mistake with its place and what would mend it. Ends with 1 where there is one."""
        from plantsafe.errors import Mistake, PlantFileError
        from plantsafe.plant.load import check_plant
        from plantsafe.plant.report import as_json, as_sarif

        if diff is not None:
            _say_differences(diff, plant)
            return
        hints: list[Mistake] = []
        try:
            compiled = check_plant(plant, hints=hints)
        except PlantFileError as error:
            if form is Format.TEXT:
                raise
            typer.echo((as_json if form is Format.JSON else as_sarif)(error.mistakes, hints))
            raise typer.Exit(1) from None
        if form is not Format.TEXT:
            typer.echo((as_json if form is Format.JSON else as_sarif)((), hints))
            return
        file = compiled.file
        typer.echo(
            f"{plant}: good. {compiled.n_points} points, {len(file.alarms) + len(file.expression_alarms)} alarms, "
            f"{len(file.functions)} safety functions, {len(file.units)} units, {compiled.n_sources} sources; "
            f"hash {compiled.hash[:12]}"
        )
        for hint in hints:
            typer.echo(f"{hint.file}:{hint.line}: hint: {hint.wrong}; {hint.mend}")
