"""`plantsafe plant coverage`: what the packs of a process ask of each unit, and what the plant file gives."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from plantsafe.language import language_of, of


def register_coverage(group: typer.Typer) -> None:
    """Add the command."""

    @group.command()
    def coverage(
        plant: Annotated[Path, typer.Argument(help="the plant file")],
        language: Annotated[str, typer.Option(help="en or zh")] = "en",
    ) -> None:
        """Nitration and continuous flow: each requirement with its basis and status; exit 1 when one is not given."""
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
            found = row.evidence if row.evidence is not None else ", ".join(row.names)
            need = f" ({len(row.names)}/{row.requirement.least})" if not row.met else ""
            name = of(row.requirement.title, tongue)
            typer.echo(f"  {'ok' if row.met else 'NO'} {name} [{row.requirement.status}]: {found or '-'}{need}")
        met = sum(row.met for row in rows)
        typer.echo(f"{met}/{len(rows)}")
        if met < len(rows):
            sys.exit(1)
