"""`plantsafe plant coverage`: what the packs of a process ask of each unit, and what the plant file gives."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.language import Language, language_of, of

NOT_APPLICABLE: dict[Language, str] = {"en": "not applicable", "zh": "不适用"}


def register_coverage(group: typer.Typer) -> None:
    """Add the command."""

    @group.command()
    def coverage(
        plant: Annotated[Path, typer.Argument(help="the plant file")],
        language: Annotated[str, typer.Option(help="en or zh")] = "en",
    ) -> None:
        """Nitration and continuous flow: each requirement with its basis and status; exit 1 when one is lacking."""
        from plantsafe.plant import load_plant
        from plantsafe.plant.packs import coverage as covered

        tongue = language_of(language)
        rows = list(covered(load_plant(plant).file))
        head = ""
        for row in rows:
            title = f"{row.unit.name}: {of(row.pack.title, tongue)} ({of(row.pack.basis, tongue)})"
            if title != head:
                typer.echo(title)
                head = title
            name = of(row.requirement.title, tongue)
            said, found, need = "ok", ", ".join(row.names), ""
            if row.lacking:
                said, need = "NO", f" ({len(row.names)}/{row.requirement.least})"
            elif not row.met:
                said, found = "--", f"{NOT_APPLICABLE[tongue]}: {row.evidence}"
            typer.echo(f"  {said} {name} [{row.requirement.status}]: {found or '-'}{need}")
        met, excused = sum(row.met for row in rows), sum(not row.met and not row.lacking for row in rows)
        apart = f", {excused} {NOT_APPLICABLE[tongue]}" if excused else ""
        typer.echo(f"{met}/{len(rows) - excused}{apart}")
        if any(row.lacking for row in rows):
            sys.exit(1)
