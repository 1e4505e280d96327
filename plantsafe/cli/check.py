"""`plantsafe check`: is the plant file usable."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How the mistakes are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def _say_differences(old: Path, new: Path, form: Format, language: str) -> None:
    """One line a change; a changed description needs the approval of a second person."""
    from dataclasses import asdict

    from plantsafe.errors import RequestError
    from plantsafe.plant.diff import differences
    from plantsafe.plant.load import check_plant, load_plant
    from plantsafe.plant.slim import Shared

    if form is Format.SARIF:
        raise RequestError("differences are no findings of SARIF", mend="give --format text or json")
    if language not in ("en", "zh"):
        raise RequestError(f"there is no language {language!r}", mend="give en or zh")
    shared = Shared(two_files=True)
    changes = differences(load_plant(old, shared), check_plant(new, shared))
    if form is Format.JSON:
        typer.echo(json.dumps({"changes": [asdict(one) for one in changes]}, ensure_ascii=False, indent=2))
        return
    for change in changes:
        typer.echo(change.zh if language == "zh" else change.en)
    count = len(changes)
    if language == "zh":
        typer.echo(f"共 {count} 处变更，须经批准" if count else "没有变更")
    else:
        typer.echo(f"{count} change{'s' if count > 1 else ''}; needs approval" if count else "nothing changed")


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
        language: Annotated[str, typer.Option(help="of the differences: en or zh")] = "en",
    ) -> None:
        """Check a plant file; every mistake with its place and what would mend it. Ends with 1 where there is one."""
        from plantsafe.errors import Mistake, PlantFileError
        from plantsafe.plant.load import check_plant
        from plantsafe.plant.report import as_json, as_sarif

        hints: list[Mistake] = []
        try:
            if diff is not None:
                _say_differences(diff, plant, form, language)
                return
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
            f"{plant}: good. {compiled.n_read} points, {len(file.alarms) + len(file.expression_alarms)} alarms, "
            f"{len(file.functions)} safety functions, {len(file.units)} units, {len(file.sources)} sources; "
            f"hash {compiled.hash[:12]}"
        )
        for hint in hints:
            typer.echo(f"{hint.file}:{hint.line}: hint: {hint.wrong}; {hint.mend}")
